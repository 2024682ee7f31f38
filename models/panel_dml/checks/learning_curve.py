"""Whether learned functions have been learned: the effect with fewer units to learn from.

Learned functions miss a part of those of the covariates, and the effect is biased by the product of
what is missed of the treatment and of the outcome. The more units there are to learn from, the less
is missed. With functions that half of the units show to the other half, the effect therefore moves
where the functions are not learned yet, and by about as much as is still to come where the product
falls like 1/n.
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
_MOST_SHIFT = 0.25  # standard errors of the effect


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
    farthest = int(np.argmax(abs(shift)))
    passed = bool(abs(shift[farthest]) <= _MOST_SHIFT)
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
            "more units are learned from",
            finding=f"with four fifths of the units to learn from in place of half, the effect of "
            f"{columns.effects[farthest]} moves by {shift[farthest]:+.2g} of its standard errors"
            f"{listed}",
            remedy="" if passed else remedy,
            estimands=estimands,
            assumption=model.basis_family.assumption_name,
        ),
    )
