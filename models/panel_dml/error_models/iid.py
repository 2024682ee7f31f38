"""Independent, homoskedastic normal errors: `vcov="iid"` of fixest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.assumption import Assumption
from causalstats.models.panel_dml.error_models.base import ErrorModel

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML


class IID(ErrorModel):
    """The likelihood's own interval, which few panels deserve."""

    allows_unit_effects = True

    def assumption(self, model: PanelDML) -> Assumption:
        return Assumption(
            name="independent errors",
            statement="The residuals of outcome and treatment are normal, independent over rows, "
            "and of one variance.",
            if_wrong="The effect is right on average and its interval is not: too short where "
            "errors of a unit depend on each other. Say `errors='cluster'`, the default.",
            formula="(v_it, e_it) ~ Normal(0, diag(s_v², s_e²))",
            checks=("predicts the serial correlation", "predicts the tails"),
            fields=("errors",),
        )
