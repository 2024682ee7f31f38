"""Values filled in along a line between two that were measured (linear interpolation).

A row in the middle of such a line has exactly the slope of the row before. Where units have several
lines, each with a slope of its own, and bends between them, the rows in between were not measured.
A trend of a unit has one slope and no bend, and slopes of whole numbers are few.
"""

from __future__ import annotations

import numpy as np

_ROUNDING = 1e-9  # of the spread of the values
_LEAST_SHARE = 0.1  # of the rows with a neighbour on each side
_FEWEST_UNITS = 5
_FEWEST_SLOPES = 10
_LEAST_DISTINCT = 0.3  # slopes by lines


def filled_between(
    values: np.ndarray, unit: np.ndarray, time: np.ndarray
) -> float | None:
    """Return the share of inner rows that lie on a line between neighbours; None of other values.

    x_t - x_{t-1} over the time between equals x_{t+1} - x_t over its own, and is not 0.

    Parameters
    ----------
    values : array, shape (n,)
        Those that are not finite end a line.
    unit, time : array, shape (n,)
        Rows in order of unit and time.

    Examples
    --------
    >>> surveys = np.random.default_rng(1).standard_normal((20, 3))
    >>> lines = np.array([np.interp(np.arange(9), [0, 4, 8], each) for each in surveys])
    >>> unit, time = np.repeat(np.arange(20), 9), np.tile(np.arange(9.0), 20)
    >>> round(filled_between(lines.ravel(), unit, time), 2)
    0.86
    >>> filled_between(surveys.ravel(), np.repeat(np.arange(20), 3), time[:60] % 3)
    """
    step = np.diff(time)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(np.diff(unit) == 0, np.diff(values) / step, np.nan)
    before, after = slope[:-1], slope[1:]
    inner = np.isfinite(before) & np.isfinite(after)
    if not inner.any():
        return None
    known = values[np.isfinite(values)]
    rounding = _ROUNDING * max(float(np.ptp(known)), float(np.abs(known).max()))
    straight = (
        inner & (np.abs(after - before) <= rounding) & (np.abs(before) > rounding)
    )
    share = float(straight.sum() / inner.sum())
    if share < _LEAST_SHARE:
        return None
    # The slope of each line, once: lines of a unit that follow each other are apart by a bend.
    begins = straight & ~np.append(False, straight[:-1] & inner[1:])
    lines, owner = before[begins], unit[1:-1][begins]
    size = float(np.abs(lines).max())
    rounded = np.round(lines / size, 7)
    pairs = np.unique(np.column_stack([owner, rounded]), axis=0)
    several = int((np.unique(pairs[:, 0], return_counts=True)[1] > 1).sum())
    distinct = len(np.unique(np.abs(rounded)))
    enough = distinct >= max(_FEWEST_SLOPES, _LEAST_DISTINCT * len(lines))
    return share if enough and several >= _FEWEST_UNITS else None
