"""Global-local shrinkage: each covariate has a scale τ_j λ_jm of its own in each equation.

λ ~ half-Normal(1), where the horseshoe has a half-Cauchy: covariates without effect are shrunk to
0, and the few with large effects hardly (Polson & Scott 2010). The scale of λ is 1, since that of τ
is a field of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from causalstats.models.panel_dml.priors import Parameter, Sizes
from causalstats.models.panel_dml.shrinkage.base import Shrinkage
from causalstats.models.shared.distributions import HalfNormal

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML
    from causalstats.models.panel_dml.shrinkage.base import ColumnScale


def covariate_scales(xp: Any, given: Mapping[str, Any], local: Any) -> Any:
    """Return the factor (q, p) of the columns' standard deviations.

    Parameters
    ----------
    xp : module
        `numpy` or `pytensor.tensor`.
    given : mapping
        `terms` (p, T): 1 where a column belongs to a covariate.
    local : array or node, shape (q, T)
        λ.
    """
    return xp.dot(local, given["terms"].T)


class GlobalLocal(Shrinkage):
    """A λ for each covariate and equation."""

    needs_cross_products = True
    funnel = True
    formula = ", with τ of each covariate"
    column_scales: Mapping[str, ColumnScale] = {"covariate_scale": covariate_scales}

    def parameters(self, model: PanelDML, sizes: Sizes) -> tuple[Parameter, ...]:
        local = Parameter(
            "covariate_scale",
            HalfNormal(1.0, "softplus"),
            sizes.by_term,
            dims=("equation", "term"),
            typical=0.7,
        )
        return (local,)
