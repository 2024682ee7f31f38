"""Figures of labelled results; they compute nothing new. ArviZ is imported by the first `posterior` or `trace`."""

from causalstats.plots.causal_graph import diagram
from causalstats.plots.contraction import learned
from causalstats.plots.draws import figure_of, posterior, trace
from causalstats.plots.forest import comparison, effects
from causalstats.plots.predictive_check import predictive
from causalstats.plots.rank_ecdf import ranks
from causalstats.plots.sensitivity_curve import sensitivity

__all__ = ["comparison", "diagram", "effects", "figure_of", "learned", "posterior", "predictive", "ranks", "sensitivity", "trace"]
