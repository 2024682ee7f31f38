"""A column of 0 and 1 that is coded the other way round in the rows of one group.

Where one site writes 1 for no, the column's correlations with all other columns have the other sign
there, and no other size. With Fisher's z of the correlation with column j inside the group and
outside of it, both about the means of groups, of variance v_j = 1 / (n_in - 3) + 1 / (n_out - 3),

    turned:   z_in + z_out = 0        alike:   z_in - z_out = 0

the difference of squared distances is -4 Σ_j z_in z_out / (2 v_j) on the scale of a log likelihood
ratio. One column that turns may be an effect that differs between groups: two have to, beside what
they have in common. A group in which what decides is decided the other way round looks the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

_FEWEST_ROWS = 30  # of a group
_LEAST_RATIO = 12.0  # log likelihood ratio without the column that says most
_LARGEST_MISFIT = 0.03  # of the squared distance from correlations that are alike
_LEVEL = 0.001  # at which correlations of another size are no turn
_LARGEST_CORRELATION = 0.7  # of two columns that tell together


class Turned(NamedTuple):
    """A group in which a column is turned: its code, and the log likelihood ratio."""

    group: int
    ratio: float


def turned_in_a_group(
    column: np.ndarray, others: np.ndarray, group: np.ndarray
) -> Turned | None:
    """Return the group in which a column's correlations have the other sign; None without one.

    Parameters
    ----------
    column : array, shape (n,)
        Of 0 and 1.
    others : array, shape (n, k)
        NaN where missing.
    group : int array, shape (n,)

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> others = rng.standard_normal((600, 3))
    >>> column = (others.sum(axis=1) + rng.standard_normal(600) > 0) * 1.0
    >>> group = np.repeat([0, 1, 2], 200)
    >>> turned_in_a_group(column, others, group) is None
    True
    >>> turned_in_a_group(np.where(group == 2, 1 - column, column), others, group).group
    2
    """
    sizes = np.bincount(group)
    column = _about_means(column[:, None], group)[:, 0]
    others = _about_means(others, group)
    found = []
    for code in np.flatnonzero((sizes >= _FEWEST_ROWS) & (sizes <= len(group) / 2)):
        inside = group == code
        z_in, n_in = _fisher(column[inside], others[inside])
        z_out, n_out = _fisher(column[~inside], others[~inside])
        told = np.isfinite(z_in) & np.isfinite(z_out)
        told[told] = _apart(others[:, told])
        z_in, z_out = z_in[told], z_out[told]
        variance = 1 / (n_in[told] - 3) + 1 / (n_out[told] - 3)
        ratios = -2 * z_in * z_out / variance
        if len(ratios) < 2:
            continue
        rest = float(ratios.sum() - ratios.max())
        misfit = float(((z_in + z_out) ** 2 / variance).sum())
        apart = float(((z_in - z_out) ** 2 / variance).sum())
        chance = float(stats.chi2.isf(_LEVEL, len(ratios)))
        if rest > _LEAST_RATIO and misfit < max(chance, _LARGEST_MISFIT * apart):
            found.append(Turned(int(code), float(ratios.sum())))
    return max(found, key=lambda each: each.ratio, default=None)


def _about_means(columns: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return columns (n, k) less the means of the groups; NaN where missing."""
    seen = np.isfinite(columns)
    filled = np.where(seen, columns, 0.0)
    counts = [np.bincount(group, each) for each in seen.T.astype(float)]
    sums = [np.bincount(group, each) for each in filled.T]
    means = np.column_stack(sums) / np.maximum(np.column_stack(counts), 1)
    return np.where(seen, columns - means[group], np.nan)


def _fisher(column: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return atanh of the correlation with each other column, (k,), and of how many rows, (k,)."""
    z, rows = np.full(others.shape[1], np.nan), np.zeros(others.shape[1])
    for place, other in enumerate(others.T):
        seen = np.isfinite(other) & np.isfinite(column)
        if seen.sum() < _FEWEST_ROWS:
            continue
        one, two = column[seen], other[seen]
        if np.ptp(one) == 0 or np.ptp(two) == 0:
            continue
        correlation = np.corrcoef(one, two)[0, 1]
        z[place] = np.arctanh(np.clip(correlation, -0.999, 0.999))
        rows[place] = seen.sum()
    return z, rows


def _apart(others: np.ndarray) -> np.ndarray:
    """Return which columns are no near copies of earlier ones, bool (k,)."""
    filled = np.where(np.isfinite(others), others, np.nanmean(others, axis=0))
    kept: list[int] = []
    for place in range(filled.shape[1]):
        near = [
            abs(np.corrcoef(filled[:, place], filled[:, other])[0, 1]) for other in kept
        ]
        if max(near, default=0.0) < _LARGEST_CORRELATION:
            kept.append(place)
    return np.isin(np.arange(filled.shape[1]), kept)
