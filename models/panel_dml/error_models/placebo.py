"""Placebo errors: few treated clusters have errors like those of the clusters never treated.

The interval of Conley & Taber (2011), as draws: `numerics.panel.placebo_errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.models.panel_dml.error_models.base import ErrorModel
from causalstats.models.panel_dml.robust_errors import with_placebo_spread

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML


class PlaceboErrors(ErrorModel):
    """Errors of every cluster are drawn from those of clusters without a change of treatment."""

    robust = True
    fewest_clusters = 30

    def assumption(self, model: PanelDML) -> Assumption:
        return Assumption(
            name="treated clusters err like the others",
            statement="Errors of the clusters that change their treatment are draws from the "
            "distribution, of any shape and dependence over time, that those of the other clusters "
            "have.",
            if_wrong="The interval is too short where treated clusters vary more, as smaller ones "
            "do, and too long where they vary less.",
            formula="(e_g1 ... e_gT) ~ F for all clusters g, F ~ Dirichlet process",
            checks=("clusters share no shocks", "treated clusters err like the others"),
            fields=("errors",),
        )

    def recover_spread(
        self, model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> xr.Dataset:
        return with_placebo_spread(model, draws, data, rng)
