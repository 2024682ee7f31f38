"""Interface of unit heterogeneity: the share of unit means that stays, and the assumption."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.models.shared.units_alike import ALIKE

if TYPE_CHECKING:
    from causalstats.core.estimand import Estimand
    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML
    from causalstats.models.panel_dml.row_blocks import Columns


class UnitHeterogeneity:
    """Unit effects are unrestricted, unless a kind says otherwise.

    `within` says that unit means are taken out, and `between` that the effect between units is
    estimated beside the one within them.
    """

    within = True
    between = False
    allows_serial_correlation = True
    statement = ""
    formula = "a_i, c_i anything"

    def assumption(self) -> Assumption:
        """Return the assumption about units."""
        return Assumption(
            name="unit heterogeneity",
            statement=self.statement,
            if_wrong="Lasting differences between units are taken for an effect of the treatment.",
            formula=self.formula,
            checks=(ALIKE,) if self.within else (),
            fields=("heterogeneity",),
        )

    def other_estimands(self, model: PanelDML) -> dict[str, Estimand]:
        """Return questions answered beside the effect within units, by name."""
        return {}

    def kept_share(
        self, model: PanelDML, data: Panel, columns: Columns
    ) -> np.ndarray | None:
        """Return 1 - θ of quasi-demeaning (N,), the share of unit means that stays; None for 0.

        Parameters
        ----------
        model : PanelDML
        data : Panel
        columns : Columns
        """
        return None
