"""Few large units: whether the effect in those that carry the answer is that of the others.

With one effect in the model, a unit weighs by Σ v², the squared residuals of its treatment. Units
with five times their share of that, as a unit of 300 rows among units of 6, can carry most of the
answer, and no regression on sizes over units sees how they differ: with three of them, a
cluster-robust z is at most √3. Their own rows tell it. δ is the effect in these units together less
that in all others; its variance is the sum of squared scores of spells of consecutive rows in the
large units, sixteen a unit, with those of neighbouring spells (Bartlett weight 1/2), and of the
scores of clusters in the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import (
    FEWEST_CLUSTERS,
    Adjusted,
    rows_of,
)

_TIMES_ITS_SHARE = 5.0
_LEAST_SHARE = 0.15  # of the weight, of the large units together
_FEWEST_ROWS = 20  # of a large unit
_SPELLS = 16  # of a large unit
_SHORTEST_SPELL = 5
_MOST_ROWS = 3_000  # of large units, and of the others, that are looked at


@dataclass(frozen=True, eq=False)
class LargeUnits:
    """The large units, and how the effect in them differs.

    Parameters
    ----------
    count : int
    share : float
        Of the weight of the answer.
    difference : float
        The effect in them together, less that in the others.
    p : float
    mean, answer : float
        The mean effect over units, and that in which they weigh by their residual variance.
    """

    count: int
    share: float
    difference: float
    p: float
    mean: float
    answer: float


def few_large_units(adjusted: Adjusted, k: int, whole: Panel) -> LargeUnits | None:
    """Compare the effect in the units that carry the answer with that in the others.

    None where no units weigh five times their share, or too few others are left.

    Parameters
    ----------
    adjusted : Adjusted
        The residuals of the panel, or of some of its units.
    k : int
        Which treatment.
    whole : Panel
        The panel. Of a larger one, consecutive rows of the large units are looked at, and some of
        the others, each for as many as it stands for.
    """
    per_row = np.ones(len(adjusted.data.units))
    per_unit = per_row
    if len(whole) > len(adjusted.data):
        rows, per_row, per_unit = _some_rows(whole)
        adjusted = Adjusted(rows_of(whole, rows), adjusted.columns, adjusted.within)
    data = adjusted.data
    residual = _given_other_treatments(adjusted, k)
    squares = np.add.reduceat(residual**2, data.starts)
    weights = squares * per_row
    shares = weights / (weights @ per_unit)
    large = (shares >= _TIMES_ITS_SHARE / per_unit.sum()) & (data.sizes >= _FEWEST_ROWS)
    large &= per_unit == 1
    share = float(shares[large].sum())
    others = ~large & (weights > 0)
    clusters = np.unique(adjusted.clusters[others[data.unit]])
    if share < _LEAST_SHARE or len(clusters) < FEWEST_CLUSTERS:
        return None
    sums = np.add.reduceat(residual * adjusted.error, data.starts)
    of_large = sums[large].sum() / squares[large].sum()
    of_others = sums[others].sum() / squares[others].sum()
    in_large = large[data.unit]
    own = adjusted.error - residual * np.where(in_large, of_large, of_others)
    weight = np.where(in_large, squares[large].sum(), squares[others].sum())
    scores = residual * own / weight
    variance, spells = _of_spells(adjusted, scores, large)
    small = np.bincount(adjusted.clusters[~in_large], scores[~in_large])
    difference = float(of_large - of_others)
    error = float(np.sqrt(variance + small @ small))
    t = difference / max(error, 1e-300)
    others_count = float(per_unit[others].sum())
    total = float((sums[large] / squares[large]).sum()) + others_count * float(
        of_others
    )
    mean = total / (others_count + int(large.sum()))
    before = float(adjusted.effect[k])
    return LargeUnits(
        count=int(large.sum()),
        share=share,
        difference=difference,
        p=float(2 * stats.t.sf(abs(t), min(spells, len(clusters)) - 1)),
        mean=before + mean,
        answer=before + float(share * of_large + (1 - share) * of_others),
    )


def _some_rows(data: Panel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return consecutive rows of large units and those of every k-th of the others.

    Returns
    -------
    rows : int array
    per_row, per_unit : arrays, a number for each unit that has some of these rows
        How many rows each of its rows stands for, and how many units the unit.
    """
    large = data.sizes >= _TIMES_ITS_SHARE * data.sizes.mean()
    most = max(_MOST_ROWS // max(int(large.sum()), 1), _FEWEST_ROWS)
    step = max(-(-int(data.sizes[~large].sum()) // _MOST_ROWS), 1)
    order = np.cumsum(~large) - 1
    kept = large | (order % step == 0)
    position = np.arange(len(data)) - data.starts[data.unit]
    rows = np.flatnonzero(kept[data.unit] & (~large[data.unit] | (position < most)))
    per_row = np.where(large, data.sizes / np.minimum(data.sizes, most), 1.0)
    per_unit = np.where(large, 1.0, step)
    return rows, per_row[kept], per_unit[kept]


def _given_other_treatments(adjusted: Adjusted, k: int) -> np.ndarray:
    """Return the residuals of a treatment given the other columns of treatments, (n,)."""
    others = np.delete(adjusted.treatment, k, axis=1)
    column = adjusted.treatment[:, k]
    if others.shape[1] == 0:
        return column
    slopes = np.linalg.lstsq(others, column, rcond=1e-10)[0]
    return np.asarray(column - others @ slopes)


def _of_spells(
    adjusted: Adjusted, scores: np.ndarray, large: np.ndarray
) -> tuple[float, int]:
    """Return the variance of the sum of scores in large units, and the number of their spells.

    Large units of one cluster are one, with spells that begin at the same share of their rows.

    Parameters
    ----------
    adjusted : Adjusted
    scores : array, shape (n,)
    large : bool array, shape (units,)
    """
    data = adjusted.data
    position = np.arange(len(data)) - data.starts[data.unit]
    sizes = data.sizes[data.unit]
    count = np.minimum(_SPELLS, sizes // _SHORTEST_SPELL)
    spell = position * count // sizes
    rows = large[data.unit]
    keys = adjusted.clusters[rows] * (_SPELLS + 2) + spell[rows]
    sums = np.bincount(keys, scores[rows], minlength=int(keys.max()) + 2)
    variance = float((sums**2).sum() + (sums[1:] * sums[:-1]).sum())
    return max(variance, float((sums**2).sum()) / 2), len(np.unique(keys))
