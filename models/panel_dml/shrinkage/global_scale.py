"""Global shrinkage: one scale τ of all coefficients of an equation."""

from causalstats.models.panel_dml.shrinkage.base import Shrinkage


class GlobalScale(Shrinkage):
    """One τ an equation, which the likelihood's independent pieces allow."""
