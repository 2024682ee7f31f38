"""Cluster-robust standard errors: CR2 with Bell-McCaffrey degrees of freedom, moderated by a prior.

Errors of a unit, or of the units of a cluster, may depend on each other in any way. The prior is
worth `variance_prior_degrees` degrees of freedom (`robust_errors`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.models.panel_dml.error_models.base import ErrorModel
from causalstats.models.panel_dml.robust_errors import with_cluster_robust_spread

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML


def independent_clusters(formula: str) -> Assumption:
    """Return the assumption of every interval that is robust to dependence within clusters."""
    return Assumption(
        name="independent clusters",
        statement="Errors are independent between units, or between the clusters that the panel "
        "was given; within these they may depend on each other in any way.",
        if_wrong="Units that share shocks count as many, and the interval is too short: name what "
        "they share, `Panel.from_frame(cluster=...)`.",
        formula=formula,
        checks=("clusters share no shocks", "clusters enough"),
        fields=("errors", "variance_prior_degrees"),
    )


class ClusterRobust(ErrorModel):
    """The sandwich estimator with its finite-sample corrections."""

    fields: tuple[str, ...] = ("variance_prior_degrees",)
    robust = True
    two_way = True
    fewest_clusters = 2
    allows_unit_effects = True

    def assumption(self, model: PanelDML) -> Assumption:
        degrees = f"{model.variance_prior_degrees:g}"
        return independent_clusters(
            f"Var θ = (ν V_CR2 + {degrees} V_common) / (ν + {degrees}), θ ~ t(ν + {degrees})"
        )

    def recover_spread(
        self, model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> xr.Dataset:
        return with_cluster_robust_spread(model, draws, data)
