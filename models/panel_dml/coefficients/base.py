"""Interface of priors of a column's coefficients in several equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML
    from causalstats.models.panel_dml.priors import Parameter, Sizes


class CoefficientPrior:
    """Coefficients of a column are independent over equations, unless a prior says otherwise.

    `fields` are the fields of `PanelDML` that only this prior uses.
    """

    fields: tuple[str, ...] = ()
    correlated = False
    formula = ""

    def parameters(self, model: PanelDML, sizes: Sizes) -> tuple[Parameter, ...]:
        """Return the parameters that this prior adds."""
        return ()
