"""Interface of shrinkage priors of the nuisance coefficients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML
    from causalstats.models.panel_dml.priors import Parameter, Sizes

ColumnScale = Callable[[Any, Mapping[str, Any], Any], Any]


class Shrinkage:
    """One scale of the coefficients an equation, unless a prior says otherwise.

    `needs_cross_products` says that the likelihood has no independent pieces, and `funnel` that
    the posterior is funnel-shaped, so that NUTS takes smaller steps.
    """

    needs_cross_products = False
    funnel = False
    formula = ""
    column_scales: Mapping[str, ColumnScale] = {}

    def parameters(self, model: PanelDML, sizes: Sizes) -> tuple[Parameter, ...]:
        """Return the parameters that this prior adds."""
        return ()
