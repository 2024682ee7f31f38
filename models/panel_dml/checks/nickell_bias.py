"""Lagged outcomes among covariates or treatments: Nickell bias (1981).

After the within transformation, the outcome of an earlier row is correlated with the errors of the
later ones, and the estimates are biased by a term of order 1/T. A lagged outcome is recognised by
rank correlation within units, so that rounding, another unit of measurement or a logarithm hides
nothing, and rare events, which are 0 in nearly every row, prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.numerics.panel.within_transformation import demeaned

_LEAST_CORRELATION = 0.9  # of ranks, within units
_NEARER = 0.5  # of the distance of the rank correlation with the present outcome from 1
_FEWEST_PAIRS = 20  # of rows
_LAGS = (1, 2)


@dataclass(frozen=True, eq=False)
class _Lag:
    """Rows `later` (n,), the rows `earlier` (n,) of the same units, and the lag in `words`."""

    words: str
    later: np.ndarray
    earlier: np.ndarray


def earlier_outcome(data: Panel, estimands: tuple[str, ...]) -> Check:
    """Return the check of covariates and treatments that are the outcome of an earlier row.

    Parameters
    ----------
    data : Panel
    estimands : tuple of str
        The answers that a failure stands on.
    """
    ranks, lags = rankdata(data.outcome), list(_lags(data))
    named = {
        name: _lag_in_words(rankdata(values), ranks, data, lags)
        for name, values in _columns(data).items()
    }
    lagged = [
        f"{name!r} is the outcome {words}" for name, words in named.items() if words
    ]
    remedy = (
        "The within transformation biases such a model by a term of order 1/T (Nickell 1981). "
        "Leave the column out, and see whether 'strict exogeneity' then holds; where the outcome "
        "does depend on its own past, take `cs.DynamicPanel`."
    )
    return Check(
        name="no earlier outcome among covariates",
        passed=not lagged,
        value=float(len(lagged)),
        expected="no covariate and no treatment that is the outcome of an earlier row",
        finding="; ".join(lagged) or "none",
        remedy=remedy if lagged else "",
        estimands=estimands,
        assumption="strict exogeneity",
    )


def _columns(data: Panel) -> dict[str, np.ndarray]:
    """Treatments, and the covariates that are numbers and vary."""
    columns = dict(zip(data.treatments, data.treatment.T, strict=True))
    columns |= data.numeric_covariates
    return {name: values for name, values in columns.items() if np.ptp(values) > 0}


def _lags(data: Panel) -> Iterator[_Lag]:
    """Yield pairs of rows by position, and by time where rows are missing.

    A column made before rows were dropped holds the outcome of the period before, whose own row
    may be missing.
    """
    words = ("of the row before", "of two rows before")
    for lag, when in zip(_LAGS, words, strict=True):
        later = np.arange(lag, len(data))
        later = later[data.unit[lag:] == data.unit[: len(data) - lag]]
        yield _Lag(when, later, later - lag)
    step = np.diff(data.time)[np.diff(data.unit) == 0]
    if len(step) == 0 or np.ptp(step) == 0:
        return
    keys = list(zip(data.unit, data.time, strict=True))
    row_of = {key: row for row, key in enumerate(keys)}
    for lag in _LAGS:
        gap = lag * step.min()
        earlier = np.array([row_of.get((unit, time - gap), -1) for unit, time in keys])
        later = np.flatnonzero(earlier >= 0)
        yield _Lag(f"{lag} period{'s' * (lag > 1)} before", later, earlier[later])


def _lag_in_words(
    column: np.ndarray, outcome: np.ndarray, data: Panel, lags: Sequence[_Lag]
) -> str:
    """Return which earlier outcome a column is, in words; nothing if it is none.

    Parameters
    ----------
    column, outcome : array, shape (n,)
        Ranks.
    data : Panel
    lags : sequence of _Lag
    """
    for lag in lags:
        if len(lag.later) < _FEWEST_PAIRS:
            continue
        starts = np.flatnonzero(np.diff(data.unit[lag.later], prepend=-1))
        ranks = [column[lag.later], outcome[lag.earlier], outcome[lag.later]]
        columns = demeaned(np.column_stack(ranks), starts)
        norms = np.sqrt((columns**2).sum(axis=0))
        if norms[:2].min() <= 1e-9 * len(data):
            continue
        products = abs(columns[:, 0] @ columns[:, 1:])
        before, now = products / norms[0] / np.maximum(norms[1:], 1e-300)
        if before > _LEAST_CORRELATION and 1 - before < _NEARER * (1 - now):
            return lag.words
    return ""
