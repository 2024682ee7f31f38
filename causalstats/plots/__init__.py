"""Figures of labelled results; they compute nothing new.

ArviZ is imported by the first `posterior`, `trace` or `ranks`.
"""

from causalstats.plots.causal_graph import diagram
from causalstats.plots.composition_views import view
from causalstats.plots.forest import MOST_ROWS, beside, comparison, effects, estimators
from causalstats.plots.posterior_contraction import contraction
from causalstats.plots.posterior_draws import figure_of, posterior, trace
from causalstats.plots.posterior_predictive import predictive
from causalstats.plots.rank_ecdf import ranks
from causalstats.plots.sensitivity_curve import sensitivity, strongest

__all__ = [
    "MOST_ROWS",
    "beside",
    "comparison",
    "diagram",
    "effects",
    "estimators",
    "figure_of",
    "contraction",
    "posterior",
    "predictive",
    "ranks",
    "sensitivity",
    "strongest",
    "trace",
    "view",
]
