"""Bayesian causal models that come with their assumptions and the checks that could refute them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if (
    TYPE_CHECKING
):  # what static checkers see; at run time each name is loaded when first used
    from causalstats.calibration.calibration import Calibration as Calibration
    from causalstats.calibration.calibration import calibrate as calibrate
    from causalstats.core.assumption import Assumption as Assumption
    from causalstats.core.check import Check as Check
    from causalstats.core.effect import Effect as Effect
    from causalstats.core.knowledge import Known as Known
    from causalstats.core.knowledge import KnownByGroup as KnownByGroup
    from causalstats.core.knowledge import Penalty as Penalty
    from causalstats.core.model import Problem as Problem
    from causalstats.core.policy import Policy as Policy
    from causalstats.data import Composition as Composition
    from causalstats.data import Decisions as Decisions
    from causalstats.data import Instrumented as Instrumented
    from causalstats.data import Observations as Observations
    from causalstats.data import Panel as Panel
    from causalstats.diagrams import BayesianNetwork as BayesianNetwork
    from causalstats.diagrams import Diagram as Diagram
    from causalstats.diagrams import Distribution as Distribution
    from causalstats.diagrams import Monotone as Monotone
    from causalstats.diagrams import Study as Study
    from causalstats.diagrams.to_pymc.likelihood import to_pymc_given as to_pymc_given
    from causalstats.diagrams.to_pymc.pymc_model import LearnedTable as LearnedTable
    from causalstats.diagrams.to_pymc.pymc_model import LinearGaussian as LinearGaussian
    from causalstats.diagrams.to_pymc.pymc_model import to_pymc as to_pymc
    from causalstats.errors import CausalStatsError as CausalStatsError
    from causalstats.errors import DataError as DataError
    from causalstats.errors import ModelError as ModelError
    from causalstats.errors import SamplingError as SamplingError
    from causalstats.errors import StoreError as StoreError
    from causalstats.inference.fit import Fit as Fit
    from causalstats.inference.fit import fit as fit
    from causalstats.inference.fit import load as load
    from causalstats.inference.fit_table import coefficient_plot as coefficient_plot
    from causalstats.inference.fit_table import table as table
    from causalstats.inference.local_calibration import (
        LocalCalibration as LocalCalibration,
    )
    from causalstats.inference.panel_comparison import PanelEstimates as PanelEstimates
    from causalstats.inference.panel_comparison import (
        panel_dml_estimators as panel_dml_estimators,
    )
    from causalstats.inference.pooled_groups import PooledGroups as PooledGroups
    from causalstats.inference.pooled_groups import pool_groups as pool_groups
    from causalstats.inference.tipping_point import TippingPoint as TippingPoint
    from causalstats.models import CausalDiagram as CausalDiagram
    from causalstats.models import DynamicPanel as DynamicPanel
    from causalstats.models import EventStudy as EventStudy
    from causalstats.models import Heckman as Heckman
    from causalstats.models import Instrument as Instrument
    from causalstats.models import PanelDML as PanelDML
    from causalstats.models import PanelGLM as PanelGLM
    from causalstats.models import PartialCorrelation as PartialCorrelation
    from causalstats.models import SelectiveLabels as SelectiveLabels
    from causalstats.models.causal_diagram.transported_effect import (
        transported_effect as transported_effect,
    )
    from causalstats.samplers import Auto as Auto
    from causalstats.samplers import Chees as Chees
    from causalstats.samplers import Exact as Exact
    from causalstats.samplers import Gibbs as Gibbs
    from causalstats.samplers import Laplace as Laplace
    from causalstats.samplers import Nuts as Nuts

__version__ = "0.1.0"

_WHERE = {
    "Assumption": "causalstats.core.assumption",
    "Auto": "causalstats.samplers",
    "BayesianNetwork": "causalstats.diagrams",
    "Calibration": "causalstats.calibration.calibration",
    "LocalCalibration": "causalstats.inference.local_calibration",
    "TippingPoint": "causalstats.inference.tipping_point",
    "CausalDiagram": "causalstats.models",
    "CausalStatsError": "causalstats.errors",
    "Check": "causalstats.core.check",
    "Composition": "causalstats.data",
    "DataError": "causalstats.errors",
    "Decisions": "causalstats.data",
    "Diagram": "causalstats.diagrams",
    "Distribution": "causalstats.diagrams",
    "DynamicPanel": "causalstats.models",
    "Effect": "causalstats.core.effect",
    "EventStudy": "causalstats.models",
    "Exact": "causalstats.samplers",
    "Fit": "causalstats.inference.fit",
    "Gibbs": "causalstats.samplers",
    "Heckman": "causalstats.models",
    "Instrument": "causalstats.models",
    "Instrumented": "causalstats.data",
    "Known": "causalstats.core.knowledge",
    "KnownByGroup": "causalstats.core.knowledge",
    "Laplace": "causalstats.samplers",
    "LearnedTable": "causalstats.diagrams.to_pymc.pymc_model",
    "LinearGaussian": "causalstats.diagrams.to_pymc.pymc_model",
    "ModelError": "causalstats.errors",
    "Monotone": "causalstats.diagrams",
    "Chees": "causalstats.samplers",
    "Nuts": "causalstats.samplers",
    "Observations": "causalstats.data",
    "Panel": "causalstats.data",
    "PanelDML": "causalstats.models",
    "PanelEstimates": "causalstats.inference.panel_comparison",
    "PanelGLM": "causalstats.models",
    "PartialCorrelation": "causalstats.models",
    "Penalty": "causalstats.core.knowledge",
    "Policy": "causalstats.core.policy",
    "PooledGroups": "causalstats.inference.pooled_groups",
    "Problem": "causalstats.core.model",
    "SamplingError": "causalstats.errors",
    "SelectiveLabels": "causalstats.models",
    "StoreError": "causalstats.errors",
    "calibrate": "causalstats.calibration.calibration",
    "coefficient_plot": "causalstats.inference.fit_table",
    "fit": "causalstats.inference.fit",
    "load": "causalstats.inference.fit",
    "Study": "causalstats.diagrams",
    "transported_effect": "causalstats.models.causal_diagram.transported_effect",
    "table": "causalstats.inference.fit_table",
    "to_pymc": "causalstats.diagrams.to_pymc.pymc_model",
    "to_pymc_given": "causalstats.diagrams.to_pymc.likelihood",
    "pool_groups": "causalstats.inference.pooled_groups",
    "panel_dml_estimators": "causalstats.inference.panel_comparison",
}
__all__ = sorted(_WHERE)


if not TYPE_CHECKING:  # a checker would take it for every name there could be

    def __getattr__(name: str) -> Any:
        if name not in _WHERE:
            raise AttributeError(f"module 'causalstats' has no attribute {name!r}")
        from causalstats.runs.interrupts import orderly_interrupts
        from causalstats.runs.waiting_modules import name_waiting_modules

        with orderly_interrupts():
            value = getattr(import_module(_WHERE[name]), name)
        name_waiting_modules()
        return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
