"""Bayesian bootstrap of clusters (Rubin 1981): clusters have random weights, errors any shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.models.panel_dml.error_models.base import ErrorModel
from causalstats.models.panel_dml.error_models.cluster import independent_clusters
from causalstats.models.panel_dml.robust_errors import with_bootstrap_spread

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML


class ClusterBootstrap(ErrorModel):
    """Weights of clusters from Dirichlet(1, ..., 1)."""

    fields: tuple[str, ...] = ("variance_prior_degrees",)
    robust = True
    fewest_clusters = 10

    def assumption(self, model: PanelDML) -> Assumption:
        return independent_clusters("weights of clusters ~ Dirichlet(1, ..., 1)")

    def recover_spread(
        self, model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> xr.Dataset:
        return with_bootstrap_spread(model, draws, data, rng)
