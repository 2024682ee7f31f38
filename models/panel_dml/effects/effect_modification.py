"""Effect modification: the effect depends on moderators, θ'(1, w) in place of θ.

Each treatment times each moderator is a treatment of its own. The answer is the mean over rows, of
groups of rows, or of other rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.assumption import Assumption
from causalstats.core.estimand import Estimand
from causalstats.data import Panel, PanelRows
from causalstats.data.columns import unknown
from causalstats.models.panel_dml.effects.base import EffectForm
from causalstats.models.panel_dml.estimands import (
    CHANGE,
    assumption_names,
    causal_slope,
    one_or_many,
)
from causalstats.models.shared.slope_sentences import change_in_a_sentence

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML


class ModeratedEffect(EffectForm):
    """Y_it(d) - Y_it(0) = θ'(1, w_it) d."""

    def assumption(self, model: PanelDML) -> Assumption:
        return Assumption(
            name="effect modification",
            statement=f"The effect depends on {model.moderators} and nothing else, linearly in "
            "these columns, and is in proportion to the treatment's change.",
            if_wrong="The answer is an average that weighs rows by how much of their treatment "
            "the covariates leave unexplained.",
            formula="Y_it(d) - Y_it(0) = θ'(1, w_it) d",
            checks=(
                "one effect",
                "the same effect in all periods",
                "effect linear in its moderators",
                "effect in proportion to the treatment",
                "no carry-over",
            ),
            fields=("moderators",),
        )

    def estimands(self, model: PanelDML) -> dict[str, Estimand]:
        effect = causal_slope(
            model,
            partial(average_effect, model),
            f"{CHANGE}, as a mean over the rows of the study.",
            at=partial(_effect_at, model),
            at_reads=partial(_moderating_columns, model),
            averages_people=True,
            sentence=change_in_a_sentence,
        )
        moderation = Estimand(
            compute=_moderation,
            description="By how much more the outcome changes for each unit that the moderator is "
            "higher; of text, against its first level.",
            unit="outcome per unit of treatment and unit of moderator",
            contrast="one unit more of the moderator",
            kind="associational",
            assumptions=assumption_names(model),
        )
        return {"effect": effect, "moderation": moderation}


def average_effect(
    model: PanelDML, draws: xr.Dataset, data: Panel | PanelRows
) -> xr.DataArray:
    """Return θ'(1, w) at the mean of w over these rows, each as often as its weight says.

    Parameters
    ----------
    model : PanelDML
    draws : Dataset
    data : Panel or PanelRows
    """
    rows = data if isinstance(data, PanelRows) else data.part(slice(None))
    mean = np.average(_moderators(model, rows), axis=0, weights=rows.weights)
    effect = _linear_in(draws, mean[None], rows.panel.treatments)
    return one_or_many(effect.isel(row=0, drop=True))


def _effect_at(model: PanelDML, draws: xr.Dataset, rows: PanelRows) -> xr.DataArray:
    """θ'(1, w) of other rows."""
    return one_or_many(
        _linear_in(draws, _moderators(model, rows), rows.panel.treatments)
    )


def _moderators(model: PanelDML, rows: PanelRows) -> np.ndarray:
    """1 and the moderators, (n, 1 + M)."""
    for name in _moderating_columns(model, rows.panel):
        if name not in rows.table:
            raise unknown(name, rows.table.columns, "column")
    return model.statistics(rows.panel).columns.moderators(rows.table)


def _moderating_columns(model: PanelDML, panel: Panel) -> tuple[str, ...]:
    moderation = model.statistics(panel).columns.moderation
    return () if moderation is None else tuple(moderation.variables)


def _linear_in(
    draws: xr.Dataset, moderators: np.ndarray, treatments: Sequence[str]
) -> xr.DataArray:
    """Return θ'(1, w) with dims (chain, draw, row, treatment), for (1, w) of shape (n, 1 + M)."""
    theta = draws["effect"].to_numpy()
    by_moderator = theta.reshape(*theta.shape[:2], -1, len(treatments))
    return xr.DataArray(
        np.einsum("cdmk,nm->cdnk", by_moderator, moderators),
        dims=("chain", "draw", "row", "treatment"),
        coords={
            "chain": draws["chain"],
            "draw": draws["draw"],
            "row": np.arange(len(moderators)),
            "treatment": list(treatments),
        },
    )


def _moderation(draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """Slopes of treatments times moderators."""
    products = draws["effect"].isel(treatment=slice(len(data.treatments), None))
    return products.rename(treatment="moderator")
