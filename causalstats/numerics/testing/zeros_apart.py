"""Zeros that lie apart from the other counts of their unit: months without a record, filled with 0.

A count whose distribution has one mode is hardly ever 0 where its unit has counts that are large
and next to none that are small. With m the median of a unit's counts above 0, zeros are compared
with the counts from 1 to m / 4: of negative binomial counts with a shape of .2 and more, zeros are
at most .7 of the two together.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

_LEAST_MEDIAN = 5.0
_MOST_ZEROS = 0.7  # of zeros and small counts, in counts as dispersed as any
_LEVEL = 1e-4


def zeros_apart(counts: np.ndarray, unit: np.ndarray) -> float | None:
    """Return the share of zeros among counts that are else large; None where they are no more.

    Parameters
    ----------
    counts : array, shape (n,)
        Whole numbers from 0 on; nothing is said of others.
    unit : int array, shape (n,)
        In 0..U - 1, rows of one unit together.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> unit = np.repeat(np.arange(60), 10)
    >>> counts = rng.poisson(12.0, 600)
    >>> zeros_apart(counts, unit)
    >>> counts[rng.random(600) < 0.1] = 0
    >>> round(zeros_apart(counts, unit), 2)
    0.1
    """
    if len(counts) == 0 or (counts < 0).any() or (counts != np.floor(counts)).any():
        return None
    positive = np.flatnonzero(counts > 0)
    if len(positive) == 0 or (counts > 0).all():
        return None
    order = positive[np.lexsort((counts[positive], unit[positive]))]
    owners, starts, sizes = np.unique(
        unit[order], return_index=True, return_counts=True
    )
    medians = np.zeros(int(unit.max()) + 1)
    medians[owners] = (
        counts[order[starts + (sizes - 1) // 2]] + counts[order[starts + sizes // 2]]
    ) / 2
    median = medians[unit]
    large = median >= _LEAST_MEDIAN
    zeros = int((large & (counts == 0)).sum())
    small = int((large & (counts > 0) & (counts <= median / 4)).sum())
    if not zeros or stats.binom.sf(zeros - 1, zeros + small, _MOST_ZEROS) >= _LEVEL:
        return None
    return float(zeros / large.sum())
