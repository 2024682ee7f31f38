"""Counts that stop at a limit, and rows that are missing where their outcome is beyond one.

A Poisson count with mean μ is y + 1 in μ / (y + 1) times as many rows as it is y, and y - 1 in
y / μ times as many. Where counts end at a limit (top-coded, or left out beyond it), the rows at the
largest count say how many should be above it, and those at the smallest how many below. Counts that
vary more than Poisson counts would be there more often still.

Numbers that are left out below a limit (truncation) have a distribution that ends as if cut:
the values next to the smallest are spread evenly, and not ever thinner as in a tail. Positive
numbers such as durations do so too; rows missing in units of small outcomes are then the sign of
it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.shared.measurement import MEASUREMENT

_LEAST_EXPECTED = 10.0  # rows beyond the limit, where none is
_TAIL = 0.1  # of the rows, next to the smallest outcome
_EVEN = 0.62  # mean position in the tail: .5 where cut, .7 to .8 in 200 to 10,000 normal numbers
_FEWEST_IN_TAIL = 20
_LEAST_MISSING = 0.01  # of units by periods
_LEVEL = 0.001
_FEWEST_UNITS = 10
_MOST_ROWS = 200_000


class Limit(NamedTuple):
    """An end of the counts, and how many rows should be beyond it."""

    value: float
    expected: float
    above: bool


def counts_stop(outcome: np.ndarray, mean: np.ndarray) -> Limit | None:
    """Return the end at which counts stop, where many should be beyond it.

    None where the value next to the end is not among the counts: they are rounded.

    Parameters
    ----------
    outcome, mean : array, shape (n,)
        Counts, and the mean of the unit's other counts; rows without others are NaN.

    Examples
    --------
    >>> counts = np.minimum(np.random.default_rng(1).poisson(3.0, 500), 5)
    >>> counts_stop(counts, np.full(500, 3.0))[::2]
    (5.0, True)
    """
    known = np.isfinite(mean)
    outcome, mean = outcome[known], mean[known]
    if len(outcome) == 0:
        return None
    least, most = float(outcome.min()), float(outcome.max())
    ends = [Limit(most, float((mean[outcome == most] / (most + 1)).sum()), above=True)]
    if least > 0:
        below = least / np.maximum(mean[outcome == least], least)
        ends.append(Limit(least, float(below.sum()), above=False))
    for end in ends:
        beside = end.value - 1 if end.above else end.value + 1
        if end.expected >= _LEAST_EXPECTED and (outcome == beside).any():
            return end
    return None


def counts_not_cut_off(data: Panel) -> tuple[Check, ...]:
    """Return the failed check of counts that end at a limit; nothing of counts that do not."""
    if data.outcome.max() <= 1:
        return ()
    total = np.bincount(data.unit, data.outcome, len(data.units))[data.unit]
    others = data.sizes[data.unit] - 1
    mean = np.where(others > 0, (total - data.outcome) / np.maximum(others, 1), np.nan)
    end = counts_stop(data.outcome, mean)
    if end is None:
        return ()
    side = "above" if end.above else "below"
    return (
        Check(
            name="outcome not cut off",
            passed=False,
            value=end.expected,
            expected=f"fewer than {_LEAST_EXPECTED:g} counts that should be beyond the largest or "
            "the smallest",
            finding=f"no count is {side} {end.value:g}, where Poisson counts with the means of "
            f"these units would be in {end.expected:.0f} rows",
            remedy="If counts beyond it were recorded as this one (top-coding), or their rows left "
            "out, the ratio is drawn towards 1: get the counts. If no more is possible, these are "
            "shares of a total, whose ratios are not the same at every level.",
            assumption=MEASUREMENT,
        ),
    )


def rows_not_cut_off(data: Panel) -> tuple[Check, ...]:
    """Return the failed check of rows that are missing beyond a limit of the outcome."""
    missing = 1 - data.sizes / len(data.periods)
    if missing.mean() < _LEAST_MISSING or len(data.units) < _FEWEST_UNITS:
        return ()
    mean = np.bincount(data.unit, data.outcome, len(data.units)) / data.sizes
    for side, sign in (("below", 1.0), ("above", -1.0)):
        p = stats.spearmanr(sign * mean, missing, alternative="less").pvalue
        if not (ends_evenly(sign * data.outcome) and p < _LEVEL):
            continue
        limit = sign * float((sign * data.outcome).min())
        return (
            Check(
                name="rows not missing by their outcome",
                passed=False,
                value=float(p),
                expected="outcomes that thin out towards the smallest and the largest, or rows "
                f"missing alike in all units, p above {_LEVEL:g}",
                finding=f"no outcome is {side} {limit:.3g}, many are close to it, and units with "
                f"outcomes close to it are missing more often, p = {p:.1g}",
                remedy="If rows were left out because their outcome was beyond it (truncation), "
                "effects are drawn towards 0, and so is the answer: get these rows. If outcomes "
                "cannot be beyond it, find out why these units are missing.",
                assumption=MEASUREMENT,
            ),
        )
    return ()


def ends_evenly(values: np.ndarray) -> bool:
    """Return whether values next to the smallest are spread evenly, as where they are cut.

    Parameters
    ----------
    values : array, shape (n,)

    Examples
    --------
    >>> numbers = np.random.default_rng(1).standard_normal(1000)
    >>> ends_evenly(numbers), ends_evenly(numbers[numbers > -1])
    (False, True)
    """
    some = np.sort(values[:: -(-len(values) // _MOST_ROWS)])
    tail = some[: int(_TAIL * len(some))]
    if len(np.unique(tail)) < _FEWEST_IN_TAIL:
        return False
    return bool(((tail - tail[0]) / (tail[-1] - tail[0])).mean() < _EVEN)
