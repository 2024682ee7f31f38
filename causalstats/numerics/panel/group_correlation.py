"""Whether series of the same group are correlated, by permuting their groups and by turning their signs.

The statistic is the sum of u_i'u_j over pairs of a group, or over neighbours in order. u_i is the
series of i over its length, or over the root mean square of all lengths where that is larger: a
series near zero, such as that of a unit where a rare event never happens, has hardly any say.

Two reference distributions are looked at, and the larger p-value counts. Permuted groups allow for
what all pairs have in common, and take all series to be alike. Random signs (Cameron, Gelbach &
Miller 2008, who call the weights Rademacher's) keep each series in its group, with its size and
its shape, such as errors that are larger while a unit is treated, and take pairs to have the
expectation 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_FIRST, _ALL = 99, 1_999  # replicates: more only where the first ones leave it open
_FEWEST = 8  # series
_SMALL = 0.25  # of the root mean square of all lengths


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
    """
    length = np.sqrt((series**2).sum(axis=1))
    typical = np.sqrt((length**2).sum() / max(np.count_nonzero(length), 1))
    kept = length > max(_SMALL * typical, 1e-300)
    if label is not None:
        kept &= label >= 0
    group = None if label is None else np.unique(label[kept], return_inverse=True)[1]
    pairs = _pairs(int(kept.sum()), group)
    if pairs == 0 or kept.sum() < _FEWEST or (group is not None and group.max() == 0):
        return 1.0, 0.0
    usual = np.sqrt((length[kept] ** 2).mean())
    u = series[kept] / np.maximum(length[kept], usual)[:, None]
    observed = _products(u, group)
    p = _p_value(observed, lambda: _products(u[rng.permutation(len(u))], group))
    if p <= 2 / (_FIRST + 1):
        p = max(p, _p_value(observed, lambda: _products(u * _signs(len(u), rng), group)))
    everything = u.sum(axis=0)
    between = (everything @ everything - (u**2).sum()) / (len(u) * (len(u) - 1))
    return p, float(observed / pairs - between)


def _p_value(observed: float, replicate: Callable[[], float]) -> float:
    above, count = sum(replicate() >= observed for _ in range(_FIRST)), _FIRST
    if above <= 1:
        above += sum(replicate() >= observed for _ in range(_ALL - _FIRST))
        count = _ALL
    return (above + 1) / (count + 1)


def _signs(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.choice([-1.0, 1.0], (count, 1))


def _pairs(count: int, group: np.ndarray | None) -> float:
    if group is None:
        return float(count - 1)
    sizes = np.bincount(group)
    return float((sizes * (sizes - 1) / 2).sum())


def _products(u: np.ndarray, group: np.ndarray | None) -> float:
    """The sum of u_i'u_j over pairs."""
    if group is None:
        return float((u[1:] * u[:-1]).sum())
    sums = np.zeros((group.max() + 1, u.shape[1]))
    np.add.at(sums, group, u)
    return float(((sums**2).sum() - (u**2).sum()) / 2)
