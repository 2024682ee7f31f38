"""Permutation and sign-flip test of correlation between series of the same group.

The statistic is the sum of u_i'u_j over pairs of a group, or over neighbours in order. u_i is the
series of i over its length, or over the root mean square of all lengths where that is larger: a
series near zero, such as that of a unit where a rare event never happens, has hardly any weight.

Two reference distributions are used, and the larger p-value counts. Permuted groups allow for what
all pairs have in common, and assume that all series have one distribution. Random signs (Cameron,
Gelbach & Miller 2008, who call the weights Rademacher's) keep each series in its group, with its
size and its shape, such as errors that are larger while a unit is treated, and take pairs to have
the expectation 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_FIRST_REPLICATES, _ALL_REPLICATES = (
    99,
    1_999,
)  # the second where the first leave it open
_FEWEST_SERIES = 8
_SHORTEST = 0.25  # of the root mean square of all lengths


def group_correlation(
    series: np.ndarray, label: np.ndarray | None, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the one-sided p-value and the mean product of pairs, above that of all pairs.

    Parameters
    ----------
    series : array, shape (n, T)
        Rows much shorter than the others are left out: without any event, they are fitted values.
    label : int array, shape (n,), or None
        Groups, -1 for those in none; None for pairs of neighbours in the order of the rows.
    rng : Generator

    Returns
    -------
    p_value : float
        The larger of those of permuted groups and of random signs; 1 with fewer than 8 series or
        two groups.
    correlation : float

    Examples
    --------
    Rows of a group share a series:

    >>> rng = np.random.default_rng(1)
    >>> shared = np.repeat(rng.normal(size=(20, 30)), 2, axis=0)
    >>> series = shared + rng.normal(size=(40, 30))
    >>> p_value, correlation = group_correlation(series, np.repeat(np.arange(20), 2), rng)
    >>> p_value < 0.01, round(correlation, 1)
    (True, 0.4)
    """
    length = np.sqrt((series**2).sum(axis=1))
    nonzero = max(np.count_nonzero(length), 1)
    typical = np.sqrt((length**2).sum() / nonzero)
    kept = length > max(_SHORTEST * typical, 1e-300)
    if label is not None:
        kept &= label >= 0
    group = None
    if label is not None:
        group = np.unique(label[kept], return_inverse=True)[1]
    count = int(kept.sum())
    pairs = _count_pairs(count, group)
    one_group = group is not None and count > 0 and group.max() == 0
    if pairs == 0 or count < _FEWEST_SERIES or one_group:
        return 1.0, 0.0
    root_mean_square = np.sqrt((length[kept] ** 2).mean())
    scale = np.maximum(length[kept], root_mean_square)
    u = series[kept] / scale[:, None]

    def permuted() -> float:
        return _pair_products(u[rng.permutation(count)], group)

    def sign_flipped() -> float:
        signs = rng.choice([-1.0, 1.0], (count, 1))
        return _pair_products(u * signs, group)

    observed = _pair_products(u, group)
    p = _p_value(observed, permuted)
    if p <= 2 / (_FIRST_REPLICATES + 1):
        p = max(p, _p_value(observed, sign_flipped))
    total = u.sum(axis=0)
    all_products = total @ total - (u**2).sum()
    all_pairs = all_products / (count * (count - 1))
    return p, float(observed / pairs - all_pairs)


def _p_value(observed: float, replicate: Callable[[], float]) -> float:
    count = _FIRST_REPLICATES
    above = sum(replicate() >= observed for _ in range(count))
    if above <= 1:
        more = _ALL_REPLICATES - count
        above += sum(replicate() >= observed for _ in range(more))
        count += more
    return (above + 1) / (count + 1)


def _count_pairs(count: int, group: np.ndarray | None) -> float:
    if group is None:
        return float(count - 1)
    sizes = np.bincount(group)
    return float((sizes * (sizes - 1) / 2).sum())


def _pair_products(u: np.ndarray, group: np.ndarray | None) -> float:
    """The sum of u_i'u_j over pairs."""
    if group is None:
        return float((u[1:] * u[:-1]).sum())
    sums = np.zeros((group.max() + 1, u.shape[1]))
    np.add.at(sums, group, u)
    return float(((sums**2).sum() - (u**2).sum()) / 2)
