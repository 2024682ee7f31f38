"""Within transformation (fixed effects): every column about its unit mean."""

from causalstats.models.panel_dml.heterogeneity.base import UnitHeterogeneity


class Within(UnitHeterogeneity):
    """Units may differ in any way that lasts; only changes within them are used."""

    statement = (
        "Units may differ in any way that lasts: only changes within them are used."
    )
