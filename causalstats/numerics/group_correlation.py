"""Whether series of the same group are correlated, by permuting which series belongs to which group.

With u_i the series of i at length 1, the statistic is the mean of u_i'u_j over pairs of a group, or
over neighbours in order. Under independence between series every pair has expectation 0, or what
all pairs have in common, whatever the series' own autocorrelations and variances.
"""

import numpy as np

_FIRST, _ALL = 99, 1_999  # permutations: more only where the first ones leave it open


def group_correlation(
    series: np.ndarray, label: np.ndarray | None, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the one-sided p-value of the permutation test and the mean correlation.

    Parameters
    ----------
    series : array, shape (n, T)
        A row of zeros says nothing and is left out.
    label : int array, shape (n,), or None
        Groups, -1 for those in none; None for pairs of neighbours in the order of the rows.
    """
    length = np.sqrt((series**2).sum(axis=1))
    kept = length > 1e-12 * max(length.max(initial=0.0), 1e-300)
    if label is not None:
        kept &= label >= 0
    unit = series[kept] / length[kept, None]
    group = None if label is None else np.unique(label[kept], return_inverse=True)[1]
    pairs = _pairs(len(unit), group)
    if pairs == 0 or len(unit) < 8 or (group is not None and group.max() == 0):
        return 1.0, 0.0
    observed = _products(unit, group)
    above = sum(_permuted(unit, group, rng) >= observed for _ in range(_FIRST))
    count = _FIRST
    if above <= 1:
        above += sum(_permuted(unit, group, rng) >= observed for _ in range(_ALL - _FIRST))
        count = _ALL
    everything = unit.sum(axis=0)
    between = (everything @ everything - len(unit)) / (len(unit) * (len(unit) - 1))
    return (above + 1) / (count + 1), float(observed / pairs - between)


def _pairs(count: int, group: np.ndarray | None) -> float:
    if group is None:
        return float(count - 1)
    sizes = np.bincount(group)
    return float((sizes * (sizes - 1) / 2).sum())


def _products(unit: np.ndarray, group: np.ndarray | None) -> float:
    """The sum of u_i'u_j over pairs."""
    if group is None:
        return float((unit[1:] * unit[:-1]).sum())
    sums = np.zeros((group.max() + 1, unit.shape[1]))
    np.add.at(sums, group, unit)
    return float(((sums**2).sum() - len(unit)) / 2)


def _permuted(unit: np.ndarray, group: np.ndarray | None, rng: np.random.Generator) -> float:
    order = rng.permutation(len(unit))
    return _products(unit[order], group)
