"""Counts of a table that share a factor: multiplied, as a table in thousands is, or rounded.

Of k counts that have nothing in common all are multiples of g with a probability near g^-k. Totals
that a design fixed, such as arms of 50, leave half of the counts free where the outcome has two
levels: g^-(k/2).
"""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check

COMMON_FACTOR = "no common factor of the counts"
_LEVEL = 0.001


def no_common_factor(counts: np.ndarray, assumption: str) -> tuple[Check, ...]:
    """Return a caution where all counts are multiples of one number, and else nothing.

    Parameters
    ----------
    counts : array, shape (k,)
        Whole numbers above 0, one for each cell that was seen.
    assumption : str
        The name of the assumption of independent rows.

    Examples
    --------
    >>> no_common_factor(np.array([23.0, 41.0, 17.0, 29.0]), "independent rows")
    ()
    >>> counts = np.array([2300.0, 4100.0, 1700.0, 2900.0])
    >>> [caution] = no_common_factor(counts, "independent rows")
    >>> caution.finding
    'all 4 counts of the table are multiples of 100'
    """
    factor = int(np.gcd.reduce(counts.astype(np.int64))) if len(counts) else 1
    if factor == 1 or float(factor) ** (-len(counts) / 2) > _LEVEL:
        return ()
    return (
        Check(
            name=COMMON_FACTOR,
            passed=None,
            value=float(factor),
            expected=f"counts that are no multiples of one number: a chance above {_LEVEL:g}",
            finding=f"all {len(counts):,} counts of the table are multiples of {factor:,}",
            remedy="Counts of people that were multiplied, as a table in thousands, by weights or "
            f"with rows that were copied, count each as {factor:,}: the interval is too short by "
            f"the root of it. Divide them by {factor:,}. Where they were rounded, the interval "
            "leaves out what rounding changed.",
            assumption=assumption,
            caution=True,
        ),
    )
