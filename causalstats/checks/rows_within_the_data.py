"""Extrapolation: whether other rows, whose answers are asked for, lie far outside the data.

A number lies far outside where it is beyond the observed range by more than half of that
range. A row of usual numbers in an unusual combination (hidden extrapolation) has a leverage

    h(x) = 1/n + (x - x̄)' S⁻¹ (x - x̄)

of more than three times the largest one in the data (Montgomery, Peck & Vining 2012, section 3.8,
whose limit is the largest itself; one of many new rows of the same population often exceeds that).
"""

import numpy as np

from causalstats.core.check import Check

_BEYOND = 0.5  # of the observed range
_LEVERAGES = 3.0  # times the largest one in the data
_SINGULAR = 1e-10


def rows_within_the_data(
    names: tuple[str, ...], observed: np.ndarray, asked: np.ndarray
) -> tuple[Check, ...]:
    """Return a failed check where rows lie far outside the data; nothing where none does.

    Parameters
    ----------
    names : tuple of str
        The columns of numbers.
    observed : array, shape (n, k)
    asked : array, shape (m, k)
        The same columns of the rows asked about.

    Examples
    --------
    >>> age = np.arange(20.0, 61.0)[:, None]
    >>> (check,) = rows_within_the_data(("age",), age, np.array([[30.0], [95.0]]))
    >>> check.finding
    '1 of 2 rows; age = 95, seen from 20 to 60'
    """
    if not len(asked) or not names:
        return ()
    low, high = observed.min(axis=0), observed.max(axis=0)
    margin = _BEYOND * (high - low)
    beyond = (asked < low - margin) | (asked > high + margin)
    outside = beyond.any(axis=1)
    unusual = ~outside & _of_high_leverage(observed, asked)
    count = int((outside | unusual).sum())
    if not count:
        return ()
    return (
        Check(
            name="within the data",
            passed=False,
            value=float(count),
            expected="rows like those of the study",
            finding=f"{count:,} of {len(asked):,} row{'s' * (len(asked) != 1)}; "
            + (
                _farthest(names, asked, low, high)
                if outside.any()
                else "numbers that were seen, in a combination far from any that was"
            ),
            remedy="There the answer is the model's form, carried on where no data hold it: ask "
            "about rows like those of the study, and look at the units.",
        ),
    )


def _farthest(
    names: tuple[str, ...], asked: np.ndarray, low: np.ndarray, high: np.ndarray
) -> str:
    """Return the number farthest outside, by the observed range, and that range."""
    distance = np.maximum(low - asked, asked - high) / np.maximum(high - low, 1e-300)
    row, column = np.unravel_index(distance.argmax(), distance.shape)
    return (
        f"{names[column]} = {asked[row, column]:.4g}, seen from {low[column]:.4g} to "
        f"{high[column]:.4g}"
    )


def _of_high_leverage(observed: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return whether each row asked about has several times the largest leverage, (m,)."""
    if observed.shape[1] < 2:
        return np.zeros(len(asked), bool)
    centre = observed.mean(axis=0)
    scale = np.maximum(observed.std(axis=0), 1e-300)
    seen, other = (observed - centre) / scale, (asked - centre) / scale
    inverse = np.linalg.pinv(seen.T @ seen, rcond=_SINGULAR, hermitian=True)
    leverages = [
        1 / len(seen) + (rows @ inverse * rows).sum(axis=1) for rows in (seen, other)
    ]
    return np.asarray(leverages[1] > _LEVERAGES * leverages[0].max())
