"""Weights: whether few rows outweigh all others, so that the answer is about these."""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check

_FEWEST_ROWS = 50
_LEAST_WORTH = 10.0
_LEAST_SHARE = 0.02


def no_rows_outweigh(weights: np.ndarray) -> tuple[Check, ...]:
    """Return the failed check that a weighted mean rests on few rows; nothing where it does not.

    Kish's effective number of rows, (Σ w)² / Σ w², is that of equal weights whose mean has the same
    variance.

    Parameters
    ----------
    weights : array (n,)

    References
    ----------
    Kish (1965), Survey sampling, section 11.2.

    Examples
    --------
    >>> no_rows_outweigh(np.ones(100))
    ()
    >>> (check,) = no_rows_outweigh(np.append(np.ones(99), 1e6))
    >>> check.finding
    'the weights make 100 rows worth 1.0, and the heaviest row is 100.0 % of all'
    """
    rows = len(weights)
    if rows < _FEWEST_ROWS:
        return ()
    worth = float(weights.sum() ** 2 / (weights @ weights))
    if worth >= max(_LEAST_WORTH, _LEAST_SHARE * rows):
        return ()
    return (
        Check(
            name="no few rows outweigh all others",
            passed=False,
            value=worth,
            expected=f"worth at least {_LEAST_WORTH:g} rows and {_LEAST_SHARE:.0%} of them",
            finding=f"the weights make {rows:,} rows worth {worth:.1f}, and the heaviest row is "
            f"{weights.max() / weights.sum():.1%} of all".replace("%", " %"),
            remedy="Look at the largest weights: a slip, or a code such as 999999, makes the "
            "answer one about that row. If they are right, trim them and say so.",
        ),
    )
