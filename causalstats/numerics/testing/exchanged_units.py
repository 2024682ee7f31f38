"""Labels of units that stand for other units from some period on.

With z the normal scores of a variable in each period, the correlation of two periods that are ℓ
apart is the mean of z_s z_t over units. Where a share π of the labels is exchanged between two
periods, correlations of periods on different sides are 1 - π times those of periods on one side.
For each period that could begin the second side,

    c_i = Σ_ℓ w_ℓ (mean of z_is z_it on one side - mean on different sides),  w_ℓ ∝ pairs across

has the mean 0 over units i in a panel whose correlations depend on ℓ alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

_FEWEST_UNITS = 40
_FEWEST_CLUSTERS = 20
_FEWEST_PERIODS = 4
_LEVEL = 1e-4
_LEAST_LOST = 0.2  # of the correlation
_LEAST_CORRELATION = 0.1
_LARGEST_LAG = 4


@dataclass(frozen=True)
class Exchange:
    """A period from which labels stand for other units.

    Parameters
    ----------
    period : int
    within, across : float
        Mean correlations of periods on one side of it, and on different sides.
    p : float
    """

    period: int
    within: float
    across: float
    p: float


def exchanged_units(
    values: np.ndarray, cluster: np.ndarray | None = None
) -> Exchange | None:
    """Return the period from which units resemble others, None where they stay themselves.

    Parameters
    ----------
    values : array, shape (units, periods)
        NaN in rows that are missing.
    cluster : int array, shape (units,), optional
        Of units that may resemble each other; each is one of its own unless given.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> values = rng.standard_normal((200, 1)) + rng.standard_normal((200, 8))
    >>> exchanged_units(values)
    >>> values[:120, 4:] = values[rng.permutation(120), 4:]
    >>> exchanged_units(values).period
    4
    """
    units, periods = values.shape
    if units < _FEWEST_UNITS or periods < _FEWEST_PERIODS:
        return None
    group = np.arange(units) if cluster is None else cluster
    scores = _normal_scores(values)
    products = {
        (s, t): scores[:, s] * scores[:, t]
        for s in range(periods)
        for t in range(s + 1, min(s + _LARGEST_LAG, periods - 1) + 1)
    }
    found = [
        each
        for each in (
            _at(products, period, periods, group) for period in range(2, periods - 1)
        )
        if each is not None
    ]
    if not found:
        return None
    best = min(found, key=lambda each: (each.p, each.across - each.within))
    p = min(1.0, best.p * len(found))
    lost = best.within - best.across
    if (
        p >= _LEVEL
        or best.within < _LEAST_CORRELATION
        or lost < _LEAST_LOST * best.within
    ):
        return None
    return Exchange(best.period, best.within, best.across, p)


def _normal_scores(values: np.ndarray) -> np.ndarray:
    """Return normal scores of the ranks in each column, with mean square 1; NaN stays."""
    scores = np.full(values.shape, np.nan)
    for t, column in enumerate(values.T):
        rows = np.isfinite(column)
        if rows.sum() < 2 or np.ptp(column[rows]) == 0:
            continue
        normal = stats.norm.ppf((stats.rankdata(column[rows]) - 0.5) / int(rows.sum()))
        scores[rows, t] = normal / np.sqrt((normal**2).mean())
    return scores


def _at(
    products: dict[tuple[int, int], np.ndarray],
    period: int,
    periods: int,
    group: np.ndarray,
) -> Exchange | None:
    """Compare correlations across the beginning of a period with those on its sides.

    Parameters
    ----------
    products : mapping of two periods to array, shape (units,)
    period, periods : int
    group : int array, shape (units,)
        The cluster of each unit.
    """
    contrast: np.ndarray | float = 0.0
    within = across = weight = 0.0
    for lag in range(1, min(_LARGEST_LAG, periods - 1) + 1):
        pairs = {pair: z for pair, z in products.items() if pair[1] - pair[0] == lag}
        pairs = {
            pair: z
            for pair, z in pairs.items()
            if np.isfinite(z).sum() >= _FEWEST_UNITS
        }
        over = [z for (s, t), z in pairs.items() if s < period <= t]
        before = [z for (s, t), z in pairs.items() if t < period]
        after = [z for (s, t), z in pairs.items() if s >= period]
        if not over or not before or not after:
            continue
        # As much of each side, so that a correlation that grows over time does not matter
        sides = (_mean(before) + _mean(after)) / 2
        contrast = contrast + len(over) * (sides - _mean(over))
        within += len(over) * float(np.nanmean(sides))
        across += len(over) * float(np.nanmean(_mean(over)))
        weight += len(over)
    if not weight:
        return None
    seen = np.isfinite(contrast)
    known = np.asarray(contrast)[seen]
    labels, codes = np.unique(group[seen], return_inverse=True)
    if len(known) < _FEWEST_UNITS or len(labels) < _FEWEST_CLUSTERS:
        return None
    # The error of a ratio: sums of clusters that differ in size
    sums = np.bincount(codes, known - known.mean())
    factor = len(labels) / (len(labels) - 1)
    error = np.sqrt(factor * float(sums @ sums))
    z = known.sum() / max(error, 1e-300)
    p = float(stats.t.sf(z, len(labels) - 1))
    return Exchange(period, within / weight, across / weight, p)


def _mean(columns: list[np.ndarray]) -> np.ndarray:
    """Return the mean of the columns that each unit has, (units,); NaN of units without any."""
    stacked = np.stack(columns)
    known = np.isfinite(stacked)
    count = known.sum(axis=0)
    total = np.where(known, stacked, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
