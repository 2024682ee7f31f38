"""Bayesian causal models that come with their assumptions, the checks that could refute them, and what happens when they bend."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "Assumption": "causalstats.core.assumption",
    "Auto": "causalstats.samplers",
    "BayesianNetwork": "causalstats.diagrams",
    "Calibration": "causalstats.calibration.calibration",
    "CausalDiagram": "causalstats.models",
    "CausalStatsError": "causalstats.errors",
    "Check": "causalstats.core.check",
    "Composition": "causalstats.data",
    "DataError": "causalstats.errors",
    "Decisions": "causalstats.data",
    "Diagram": "causalstats.diagrams",
    "Distribution": "causalstats.diagrams",
    "Effect": "causalstats.core.effect",
    "Exact": "causalstats.samplers",
    "Fit": "causalstats.inference.fit",
    "Heckman": "causalstats.models",
    "Known": "causalstats.core.knowledge",
    "KnownByGroup": "causalstats.core.knowledge",
    "Laplace": "causalstats.samplers",
    "LearnedTable": "causalstats.diagrams.to_pymc.graph",
    "LinearGaussian": "causalstats.diagrams.to_pymc.graph",
    "ModelError": "causalstats.errors",
    "Monotone": "causalstats.diagrams",
    "Nuts": "causalstats.samplers",
    "Observations": "causalstats.data",
    "Panel": "causalstats.data",
    "PanelDML": "causalstats.models",
    "PanelEstimates": "causalstats.inference.panel_comparison",
    "PartialCorrelation": "causalstats.models",
    "Penalty": "causalstats.core.knowledge",
    "Problem": "causalstats.core.model",
    "SamplingError": "causalstats.errors",
    "SelectiveLabels": "causalstats.models",
    "StoreError": "causalstats.errors",
    "calibrate": "causalstats.calibration.calibration",
    "fit": "causalstats.inference.fit",
    "load": "causalstats.inference.fit",
    "to_pymc": "causalstats.diagrams.to_pymc.graph",
    "to_pymc_given": "causalstats.diagrams.to_pymc.likelihood",
    "panel_dml_estimators": "causalstats.inference.panel_comparison",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'causalstats' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
