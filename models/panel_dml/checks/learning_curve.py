"""Whether learned functions have been learned: the effect with fewer units to learn from.

Learned functions miss a part of those of the covariates, and the effect is biased by the product of
what is missed of the treatment and of the outcome. The more units there are to learn from, the less
is missed. With functions that half of the units show to the other half, the effect therefore moves
where the functions are not learned yet, and by about as much as is still to come where the product
falls like 1/n.

The effect moves by chance too, above all where a step is found at another threshold. Predictions
of the treatment and of the outcome that have been learned hardly improve with more units. With
G_D and G_Y the sums of squares that the additional units explain, of the treatment and of the
outcome at the effect found, the functions that are still to be learned can move the effect by about
√(G_D G_Y) / Σ D̃², were they the same function (Cauchy-Schwarz). The check fails where both the
effect moves and this bound is large, or the effect moves far.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import Adjusted, some_units
from causalstats.models.panel_dml.learned_columns import learned_columns

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML
    from causalstats.models.panel_dml.row_blocks import Columns

_MOST_ROWS = 20_000
# Standard errors of the effect: where the predictions improve, by which they may, and by chance.
_MOST_SHIFT = 0.25
_MOST_BOUND = 0.5
_MOST_BY_CHANCE = 1.2


def functions_are_learned(
    model: PanelDML, data: Panel, columns: Columns, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the check of what half the units teach, where functions are learned.

    Parameters
    ----------
    model : PanelDML
    data : Panel
    columns : Columns
        Of the model's fit.
    estimands : tuple of str
        The answers that a failure stands on.
    """
    if columns.learned is None:
        return ()
    some = some_units(data, _MOST_ROWS)
    without = replace(columns, learned=None)
    by_half = learned_columns(without, some, model.within_units, folds=2)
    whole = Adjusted(some, columns, model.within_units)
    half = Adjusted(some, replace(columns, learned=by_half), model.within_units)
    errors = np.maximum(whole.standard_errors, 1e-300)
    shift = (whole.effect - half.effect) / errors
    room = _still_to_learn(whole, half) / errors
    doubted = (abs(shift) > _MOST_SHIFT) & (room > _MOST_BOUND)
    doubted = doubted | (abs(shift) > _MOST_BY_CHANCE)
    farthest = int(np.argmax(abs(shift) + np.where(doubted, abs(shift).max(), 0.0)))
    passed = not doubted.any()
    terms = columns.learned.terms
    listed = f"; found: {', '.join(terms)}" if terms else ""
    remedy = (
        "More units would move the effect further in that direction: boosted trees have not "
        "learned how the covariates act. Name their products (`interactions`) or give thresholds "
        "as covariates of 0 and 1, leave out covariates that cannot confound, or add units."
    )
    return (
        Check(
            name="functions of covariates are learned",
            passed=passed,
            value=float(shift[farthest]),
            expected=f"an effect that moves by at most {_MOST_SHIFT:g} of its standard errors when "
            "more units are learned from, or predictions that hardly improve",
            finding=f"with four fifths of the units to learn from in place of half, the effect of "
            f"{columns.effects[farthest]} moves by {shift[farthest]:+.2g} of its standard errors; "
            f"predictions improve by what can move it by {room[farthest]:.2g}{listed}",
            remedy="" if passed else remedy,
            estimands=estimands,
            assumption=model.basis_family.assumption_name,
        ),
    )


def _still_to_learn(whole: Adjusted, half: Adjusted) -> np.ndarray:
    """Return by how much functions that more units have shown can move each effect, (k,).

    Parameters
    ----------
    whole, half : Adjusted
        With functions learned from more units, and from fewer.
    """
    of_treatments = _squares(half.treatment) - _squares(whole.treatment)
    error = half.outcome - half.treatment @ whole.effect
    of_outcome = _squares(error) - _squares(whole.error)
    gained = np.sqrt(np.maximum(of_treatments, 0.0) * np.maximum(of_outcome, 0.0))
    return np.asarray(gained / np.maximum(_squares(whole.treatment), 1e-300))


def _squares(values: np.ndarray) -> np.ndarray:
    return np.asarray((values**2).sum(axis=0))
