"""Whether a covariate or a treatment of `PanelDML` is an earlier outcome: Nickell's bias (1981).

With unit means taken out, the outcome of an earlier row is correlated with the errors of the later
ones, and the estimates are biased by a term of order 1/T. An earlier outcome is recognised by rank
correlation within units, so that rounding, another unit of measurement or a logarithm hides
nothing, and rare events, which are 0 in nearly every row, prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.numerics.panel.within_transformation import demeaned

_ALIKE = 0.9  # rank correlation within units
_NEARER = 0.5  # of the distance of the rank correlation with the present outcome from 1
_FEWEST = 20  # pairs of rows
_LAGS = (1, 2)


def earlier_outcome(data: Panel, estimands: tuple[str, ...]) -> Check:
    """Return the check of covariates and treatments that are the outcome of an earlier row.

    Parameters
    ----------
    data : Panel
    estimands : tuple of str
        The answers that a failure stands on.
    """
    ranks = rankdata(data.outcome)
    pairs = list(_pairs(data))
    found = [
        f"{name!r} is the outcome {when}"
        for name, values in _columns(data).items()
        if (when := _when(rankdata(values), ranks, data, pairs))
    ]
    return Check(
        name="no earlier outcome among covariates",
        passed=not found,
        value=float(len(found)),
        expected="no covariate and no treatment that is the outcome of an earlier row",
        finding="; ".join(found) or "none",
        remedy="Taking out unit means biases such a model by a term of order 1/T (Nickell 1981). "
        "Leave the column out, and see whether 'strict exogeneity' then holds; where the outcome "
        "does depend on its own past, use a dynamic panel estimator (Arellano & Bond 1991)."
        if found
        else "",
        estimands=estimands,
        assumption="no feedback",
    )


def _columns(data: Panel) -> dict[str, np.ndarray]:
    """Treatments, and the covariates that are numbers and vary."""
    columns = dict(zip(data.treatments, data.treatment.T, strict=True))
    for name in data.covariates:
        if not isinstance(data.source[name].dtype, pd.CategoricalDtype):
            columns[name] = data.source[name].to_numpy(float)
    return {name: values for name, values in columns.items() if np.ptp(values) > 0}


def _pairs(data: Panel) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Rows and the earlier rows of the same unit: by position, and by time where rows are missing.

    A column made before rows were dropped holds the outcome of the period before, whose own row
    may be missing.
    """
    words = ("of the row before", "of two rows before")
    for lag, when in zip(_LAGS, words, strict=True):
        later = np.arange(lag, len(data))
        later = later[data.unit[lag:] == data.unit[: len(data) - lag]]
        yield when, later, later - lag
    step = np.diff(data.time)[np.diff(data.unit) == 0]
    if len(step) == 0 or np.ptp(step) == 0:
        return
    place = {key: row for row, key in enumerate(zip(data.unit, data.time, strict=True))}
    for lag in _LAGS:
        earlier = np.array(
            [
                place.get((unit, time - lag * step.min()), -1)
                for unit, time in zip(data.unit, data.time, strict=True)
            ]
        )
        later = np.flatnonzero(earlier >= 0)
        yield f"{lag} period{'s' * (lag > 1)} before", later, earlier[later]


def _when(
    column: np.ndarray,
    outcome: np.ndarray,
    data: Panel,
    pairs: list[tuple[str, np.ndarray, np.ndarray]],
) -> str:
    """Return which earlier outcome a column is, in words; nothing if it is none."""
    for when, later, earlier in pairs:
        if len(later) < _FEWEST:
            continue
        starts = np.flatnonzero(np.diff(data.unit[later], prepend=-1))
        columns = demeaned(
            np.column_stack([column[later], outcome[earlier], outcome[later]]), starts
        )
        norms = np.sqrt((columns**2).sum(axis=0))
        if norms[:2].min() <= 1e-9 * len(data):
            continue
        before, now = abs(columns[:, 0] @ columns[:, 1:]) / norms[0] / np.maximum(norms[1:], 1e-300)
        if before > _ALIKE and 1 - before < _NEARER * (1 - now):
            return when
    return ""
