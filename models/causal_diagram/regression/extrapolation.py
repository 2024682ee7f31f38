"""Extrapolation: whether an intervention sets a variable to values outside the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check

if TYPE_CHECKING:
    from causalstats.data import Observations


def values_within_the_data(
    treatment: str,
    values: Sequence[float],
    group: Mapping[str, int],
    data: Observations,
) -> tuple[Check, ...]:
    """Return a failed check where a value of the query was never observed.

    Parameters
    ----------
    treatment : str
    values : sequence of float
        The values that the treatment is set to: numbers, or positions of levels.
    group : mapping of label to the position of its level
        Those asked about.
    data : Observations
    """
    inside = np.ones(len(data.counts), bool)
    for name, index in group.items():
        if name != treatment:
            inside &= data.column(name) == index
    seen = data.column(treatment)[inside]
    if not len(seen):
        return ()
    if treatment in data.levels:
        unseen = [value for value in values if value not in seen]
    else:
        unseen = [value for value in values if not seen.min() <= value <= seen.max()]
    if not unseen:
        return ()
    return (
        Check(
            name="within the data",
            passed=False,
            value=float(len(unseen)),
            expected="values that were seen, among the people asked about",
            finding=_finding(treatment, unseen[0], seen, data),
            remedy="There the answer is the regression's, carried on: ask of values that were "
            "seen.",
            assumption="regressions",
        ),
    )


def _finding(
    treatment: str,
    value: float,
    seen: np.ndarray,
    data: Observations,
) -> str:
    if treatment in data.levels:
        return f"level {data.levels[treatment][int(value)]!r} of {treatment} was never seen"
    return (
        f"{treatment}={value:.4g} was never seen; it was seen from {seen.min():.4g} to "
        f"{seen.max():.4g}"
    )
