"""Mundlak's correlated random effects: the effect within units, beside the one between units.

Unit means of every column are regressors of their own (Mundlak 1978), so that the effect within is
that of the within transformation. The difference of both is Mundlak's test of random effects, a
Hausman test by regression.
"""

from causalstats.models.panel_dml.heterogeneity.base import UnitHeterogeneity


class Mundlak(UnitHeterogeneity):
    """Within and between units, which share no parameter."""

    between = True
    statement = (
        "Units may differ in any way that lasts: the effect is that of changes within them, the "
        "one between them is shown beside it."
    )
