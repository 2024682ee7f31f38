"""Checks that amounts are measurements: not counts, shares of counts, or put in place of zeros."""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.models.shared.measurement import MEASUREMENT
from causalstats.numerics.compositions.replaced_zeros import (
    constant_added_to_counts,
    only_fraction,
    rows_of_counts,
    shared_low_value,
    small_counts,
    steps_differ,
)

REPLACED = "no value in place of zeros"
COUNTED = "amounts that are no counts"
_MOST_ROWS = 2_000
_LEAST_SHARE_SMALL = 0.1  # of the values of a part
_LEAST_SHARE_OF_ROWS = 0.25
_SHOWN = 3


def amounts_measured(data: Composition) -> tuple[Check, ...]:
    """Return failed checks of amounts taken as known that are no measurements.

    Parameters
    ----------
    data : Composition
    """
    if data.counts or data.bounds is not None:
        return ()
    values = data.values[:_MOST_ROWS]
    return (*_shared(data, values), *_counted(data, values))


def _shared(data: Composition, values: np.ndarray) -> tuple[Check, ...]:
    low = {
        name: found
        for name, column in zip(data.parts, values.T, strict=True)
        if (found := shared_low_value(column)) is not None
    }
    if not low:
        return ()
    shown = list(low.items())[:_SHOWN]
    listed = ", ".join(
        f"{name} ({value:.3g} in {share:.0%} of the rows)"
        for name, (value, share) in shown
    )
    more = f" and {len(low) - _SHOWN} more" if len(low) > _SHOWN else ""
    limits = ", ".join(f"{name!r}: ..." for name, _ in shown)
    return (
        Check(
            name=REPLACED,
            passed=False,
            value=max(share for _, share in low.values()),
            expected="no value among the smallest of a part that many rows share",
            finding=f"many rows share one of the smallest values of {listed}{more}, as where it "
            "stands for zeros or for values below a limit",
            remedy="Put 0 in its place, and read the data with `zeros='interval'` and "
            f"`limits={{{limits}}}`, or counts with `zeros='counts'`: log-ratios to a value in "
            "place of zeros are a choice, and the largest of the table.",
            assumption=MEASUREMENT,
        ),
    )


def _counted(data: Composition, values: np.ndarray) -> tuple[Check, ...]:
    added, instead = constant_added_to_counts(values), only_fraction(values)
    small = small_counts(values)
    words, certain = "whole numbers", True
    if added:
        words = f"whole numbers and {added:g}"
    elif instead is not None:
        words = f"whole numbers, or {instead:g}"
    else:
        certain = False
    if certain or (added == 0 and small.max() >= _LEAST_SHARE_SMALL):
        part = data.parts[int(small.argmax())]
        finding = (
            f"all values are {words}, and {small.max():.0%} of those of {part} below 6"
        )
        return (_check(float(small.max()), finding, certain=certain),)
    rows = rows_of_counts(values)
    if rows.mean() < _LEAST_SHARE_OF_ROWS or not steps_differ(values, rows):
        return ()
    finding = (
        f"in {rows.mean():.0%} of the rows all values are whole multiples of a step of the row's "
        "own, as shares of counts are, and the smallest is of few"
    )
    return (_check(float(rows.mean()), finding, certain=True),)


def _check(value: float, finding: str, *, certain: bool) -> Check:
    """Return the check that fails for what must be counts, and is a caution for what may be.

    Parameters
    ----------
    value : float
    finding : str
    certain : bool
    """
    rounded = "" if certain else ", or with `zeros='interval', resolution=1` if rounded"
    return Check(
        name=COUNTED,
        passed=False if certain else None,
        value=value,
        expected="values that are no counts, nor counts and a constant, nor shares of counts",
        finding=finding,
        remedy="A small count is known to a half or a third: read the counts as they were made, "
        f"without a constant, with `zeros='counts'`{rounded}. Taken as known, the noise of "
        "counting is taken for variation, and more of it where less was counted.",
        assumption=MEASUREMENT,
        caution=not certain,
    )
