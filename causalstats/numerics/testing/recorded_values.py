"""Values that may not be what was measured: codes of missing values, slips, limits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Codes that surveys and statistical packages write where a value is missing.
MISSING_CODES = frozenset(
    sign * code
    for sign in (-1.0, 1.0)
    for digits in (1, 2, 3, 4, 5, 6)
    for code in (10.0**digits - 1, 10.0**digits - 2, 10.0**digits - 3)
) | {-1.0, 77.0, 88.0, 777.0, 888.0}
_FEWEST = 3  # rows with the same value
_LEAST_GAP = (
    1.0  # to the other values, by their range between the 5 % and 95 % quantiles
)
_LEAST_SHARE = 0.04
_LEAST_SHARE_OF_A_PART = 0.1
_TIMES_ANOTHER = 4  # as often as any other value
_FEWEST_VALUES = 20
_LEAST_SHARE_OF_A_CODE = 0.01
_FEWEST_WITH_A_CODE = 10  # rows, where others are not far from it

_LEAST_GAP_OF_LOGS = 1.5
_TIMES_FARTHER = 30  # from the median than any other value, and than the quartiles

_LEAST_SHARE_OF_ZEROS = 0.05
_LARGEST_LOG = 50.0
_LARGEST_COUNT = 10_000.0
_FEWEST_COUNTS = 20
_ROUNDING = 1e-6  # relative: single precision has 6e-8


class Frequent(NamedTuple):
    """A value, the share of the rows that have it, and whether it is far from all others."""

    value: float
    share: float
    far: bool = False


def missing_code(values: np.ndarray) -> Frequent | None:
    """Return a code for missing values that repeats, far from all other values or unlike them.

    An extreme is a code where it is far from all others. Within their range, and close to it, a
    code is told from numbers that are hardly ever equal: it is as frequent as none of them.

    Parameters
    ----------
    values : array, shape (n,)
        Those that are not finite are passed over.
    """
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return None
    for extreme in (values.min(), values.max()):
        alike = values == extreme
        others = values[~alike]
        if extreme not in MISSING_CODES or alike.sum() < _FEWEST or len(others) == 0:
            continue
        spread = float(np.ptp(np.quantile(others, [0.05, 0.95])))
        if np.abs(others - extreme).min() > _LEAST_GAP * spread and spread > 0:
            return Frequent(float(extreme), float(alike.mean()), far=True)
    return _frequent_code(values)


def _frequent_code(values: np.ndarray) -> Frequent | None:
    """Return the most frequent value, where it is a code and four times as frequent as others."""
    different, counts = np.unique(values, return_counts=True)
    if len(different) < _FEWEST_VALUES:
        return None
    most = int(counts.argmax())
    others = np.delete(counts, most).max()
    value = float(different[most])
    share = float(counts[most] / len(values))
    often = counts[most] >= max(_TIMES_ANOTHER * others, _FEWEST_WITH_A_CODE)
    if often and share >= _LEAST_SHARE_OF_A_CODE and value in MISSING_CODES:
        return Frequent(value, share)
    return None


def value_apart(values: np.ndarray) -> int | None:
    """Return the position of one value that is far beyond all others, as a slip of the pen is.

    It is 30 times as far from the median as the next one: of a Pareto distribution with finite
    variance, one in 900 is. Where none is negative, its logarithm is apart too, by one and a half
    times the range of the others between their 5 % and 95 % quantiles.

    Parameters
    ----------
    values : array, shape (n,)
        Those that are not finite are passed over.

    Examples
    --------
    >>> value_apart(np.append(np.arange(20.0), 10_000.0))
    20
    """
    finite = np.flatnonzero(np.isfinite(values))
    if len(finite) < _FEWEST_VALUES:
        return None
    distance = np.abs(values[finite] - np.median(values[finite]))
    order = np.argsort(distance)
    last, next_one = distance[order[-1]], distance[order[-2]]
    usual = np.quantile(distance, 0.5)
    if usual == 0 or last <= _TIMES_FARTHER * max(next_one, usual):
        return None
    others = values[finite[order[:-1]]]
    if others.min() >= 0 and not _apart_in_logs(values[finite[order[-1]]], others):
        return None
    return int(finite[order[-1]])


def _apart_in_logs(value: float, others: np.ndarray) -> bool:
    """Return whether a number is apart from non-negative others by its logarithm too."""
    if value <= 0:
        return True
    logs = np.log(others[others > 0])
    gap = np.abs(logs - np.log(value)).min()
    return bool(gap > _LEAST_GAP_OF_LOGS * np.ptp(np.quantile(logs, [0.05, 0.95])))


def piled_up_extreme(values: np.ndarray) -> Frequent | None:
    """Return the smallest or largest value where many rows have it, as censoring makes them.

    None where another value is nearly as frequent, as among counts and rounded numbers, and where
    there are few different values.

    Parameters
    ----------
    values : array, shape (n,)
        Those that are not finite are passed over.
    """
    return _piled_up(values, _LEAST_SHARE, 1)


def zeros_of_logged_counts(values: np.ndarray) -> float | None:
    """Return the share of the smallest value of values log(k + c), log10(k + c) or asinh(k).

    k are counts, c is 1 or less, and the smallest k is 0, unless counts from 1 on were logged:
    their logarithms are log(1 + k) of the counts less 1. Or a number below 1 stands for 0 alone, as
    in log(max(k, .5)). None where the smallest value is rare.

    Parameters
    ----------
    values : array, shape (n,)
        Those that are not finite are passed over.

    Examples
    --------
    >>> counts = np.random.default_rng(1).poisson(1.0, 400)
    >>> bool(zeros_of_logged_counts(np.log1p(counts)) == np.mean(counts == 0))
    True
    >>> zeros_of_logged_counts(np.log(counts + 2.0)) is None
    True
    """
    values = values[np.isfinite(values)]
    if len(np.unique(values)) < _FEWEST or np.abs(values).max() > _LARGEST_LOG:
        return None
    if (values == np.round(values)).all():
        return None
    share = float(np.mean(values == values.min()))
    if share < _LEAST_SHARE_OF_ZEROS:
        return None
    transforms = [np.sinh(values)] if values.min() == 0 else []
    for base in (1.0, np.log(10)):
        counts = np.exp(base * values)
        least = counts.min()
        if least <= 1 + _ROUNDING:
            transforms.append(counts - least)
        if (
            least < 1 - _ROUNDING
        ):  # a number below 1 in place of 0, other counts as they are
            transforms.append(np.where(values > values.min(), counts, 0.0))
    return share if any(_counts(numbers) for numbers in transforms) else None


def _counts(values: np.ndarray) -> bool:
    """Return whether numbers are whole but for rounding, as far as that can be told of them."""
    some = values[(values > 0.5) & (values < _LARGEST_COUNT)]
    if len(some) < _FEWEST_COUNTS or len(some) < (values > 0).mean() * len(values) / 2:
        return False
    return bool((np.abs(some - np.round(some)) <= _ROUNDING * some).all())


def piled_up_in_a_part(values: np.ndarray, part: np.ndarray) -> Frequent | None:
    """Return the value at which many rows of one part end, such as a period with another limit.

    Parameters
    ----------
    values, part : array, shape (n,)

    Examples
    --------
    >>> values = np.random.default_rng(1).standard_normal(400)
    >>> year = np.repeat([2001, 2002], 200)
    >>> values[year == 2002] = np.maximum(values[year == 2002], -0.5)
    >>> piled_up_in_a_part(values, year).value
    -0.5
    """
    order = np.argsort(part, kind="stable")
    starts = np.flatnonzero(np.diff(part[order], prepend=np.nan) != 0)
    for rows in np.split(order, starts[1:]):
        found = _piled_up(values[rows], _LEAST_SHARE_OF_A_PART, _FEWEST_WITH_A_CODE)
        if found is not None:
            return found
    return None


def _piled_up(values: np.ndarray, share: float, fewest: int) -> Frequent | None:
    """Return the smallest or largest value that so many rows, and such a share of them, have.

    Parameters
    ----------
    values : array, shape (n,)
    share : float
    fewest : int
    """
    values = values[np.isfinite(values)]
    different, counts = np.unique(values, return_counts=True)
    if len(different) < _FEWEST_VALUES:
        return None
    least = max(share * len(values), fewest, _TIMES_ANOTHER * counts[1:-1].max())
    for at in (0, -1):
        if counts[at] >= least:
            return Frequent(float(different[at]), float(counts[at] / len(values)))
    return None
