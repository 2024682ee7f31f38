"""Bayesian causal models that come with their assumptions, the checks that could refute them, and what happens when they bend."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "Assumption": "causalstats.model",
    "Auto": "causalstats.samplers",
    "BayesianNetwork": "causalstats.diagrams",
    "Calibration": "causalstats.calibration",
    "CausalDiagram": "causalstats.models",
    "CausalStatsError": "causalstats.errors",
    "Check": "causalstats.model",
    "Composition": "causalstats.data",
    "DataError": "causalstats.errors",
    "Decisions": "causalstats.data",
    "Diagram": "causalstats.diagrams",
    "Distribution": "causalstats.diagrams",
    "Effect": "causalstats.effect",
    "Exact": "causalstats.samplers",
    "Fit": "causalstats.fitting",
    "Heckman": "causalstats.models",
    "Known": "causalstats.model",
    "KnownByGroup": "causalstats.model",
    "Laplace": "causalstats.samplers",
    "LearnedTable": "causalstats.diagrams.pymc_graph",
    "LinearGaussian": "causalstats.diagrams.pymc_graph",
    "ModelError": "causalstats.errors",
    "Monotone": "causalstats.diagrams",
    "Nuts": "causalstats.samplers",
    "Observations": "causalstats.data",
    "Panel": "causalstats.data",
    "PanelDML": "causalstats.models",
    "PanelEstimates": "causalstats.panel_comparison",
    "PartialCorrelation": "causalstats.models",
    "Penalty": "causalstats.model",
    "Problem": "causalstats.model",
    "SamplingError": "causalstats.errors",
    "SelectiveLabels": "causalstats.models",
    "StoreError": "causalstats.errors",
    "calibrate": "causalstats.calibration",
    "fit": "causalstats.fitting",
    "load": "causalstats.fitting",
    "to_pymc": "causalstats.diagrams.pymc_graph",
    "to_pymc_given": "causalstats.diagrams.pymc_likelihood",
    "panel_dml_estimators": "causalstats.panel_comparison",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'causalstats' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
