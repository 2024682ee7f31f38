"""Extrapolation: whether an intervention sets a variable to values outside the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.models.causal_diagram.regression.terms import values_of

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.levels import Levels

WITHIN_DATA = "within the data"


def values_within_the_data(
    treatment: str,
    values: Sequence[float],
    inside: np.ndarray,
    data: Observations,
    levels: Levels,
) -> tuple[Check, ...]:
    """Return a failed check where a value of the query was never observed.

    Parameters
    ----------
    treatment : str
    values : sequence of float
        The values that the treatment is set to: numbers, or positions of levels.
    inside : bool array, shape (rows,)
        Those asked about.
    data : Observations
    levels : mapping of variable to its levels
    """
    seen = values_of(treatment, data, levels)[inside & (data.counts > 0)]
    if not len(seen):
        return ()
    if treatment in levels:
        unseen = [value for value in values if value not in seen]
    else:
        unseen = [value for value in values if not seen.min() <= value <= seen.max()]
    if not unseen:
        return ()
    return (
        Check(
            name=WITHIN_DATA,
            passed=False,
            value=float(len(unseen)),
            expected="values that were seen, among the people asked about",
            finding=_finding(treatment, unseen[0], seen, levels),
            remedy="There the answer is the regression's, carried on: ask of values that were "
            "seen.",
            assumption="regressions",
        ),
    )


def _finding(treatment: str, value: float, seen: np.ndarray, levels: Levels) -> str:
    if treatment in levels:
        return f"level {levels[treatment][int(value)]!r} of {treatment} was never seen"
    return (
        f"{treatment}={value:.4g} was never seen; it was seen from {seen.min():.4g} to "
        f"{seen.max():.4g}"
    )
