"""Within transformation (fixed effects): every column less its unit mean.

With `time_effects=True` these are two-way fixed effects."""

from causalstats.models.panel_dml.heterogeneity.base import UnitHeterogeneity


class Within(UnitHeterogeneity):
    """Units may differ in any way that lasts; only changes within them are used."""

    statement = (
        "Units may differ in any way that lasts: only changes within them are used."
    )
