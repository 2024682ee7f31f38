"""The variance of least squares if every unit's errors had the same autocovariances.

With γ(h) the mean product of residuals of a unit h periods apart, over all units, and a(h) the sum
of products of the regressor h periods apart, V'ΩV = Σ_h γ(|h|) a(h). Units of a cluster may share
shocks: then γ of pairs of units of a cluster enters beside. In contrast to the cluster-robust
variance it is known well from few clusters, and wrong where units' errors differ.
"""

import numpy as np

_CELLS = 1_000_000  # of units by periods, held at once
_MOST_SPARSE = 10  # cells a row, before periods are counted within each unit


def common_autocovariance(
    regressors: np.ndarray,
    residuals: np.ndarray,
    unit: np.ndarray,
    period: np.ndarray,
    cluster: np.ndarray,
) -> np.ndarray:
    """Return V'ΩV, shape (k, k), for V (n, k).

    Parameters
    ----------
    regressors : array, shape (n, k)
    residuals : array, shape (n,)
    unit : int array, shape (n,)
        Sorted, from 0 on.
    period : int array, shape (n,)
        Position of the row's time among all times.
    cluster : int array, shape (N,)
        Of each unit.
    """
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    count, periods = len(starts), int(period.max()) + 1
    if count * periods > _MOST_SPARSE * len(unit) + _CELLS:
        period = np.arange(len(unit)) - np.repeat(starts, np.diff(starts, append=len(unit)))
        periods = int(period.max()) + 1
    seen = (np.abs(regressors).sum(axis=1) + np.abs(residuals) > 0).astype(float)
    columns = np.column_stack([regressors, residuals, seen])
    length = 1 << int(np.ceil(np.log2(2 * periods)))
    within = _products(columns, unit, period, count, length)
    own = _circular(within, length, periods)
    if len(np.unique(cluster)) == count:
        return _weighed(own[:-2, :-2], _mean(own))
    codes = np.unique(cluster, return_inverse=True)[1]
    together = _products(columns, codes[unit], period, int(codes.max()) + 1, length)
    whole = _circular(together, length, periods)
    between = _mean(whole - own)
    return _weighed(own[:-2, :-2], _mean(own) - between) + _weighed(whole[:-2, :-2], between)


def _products(
    columns: np.ndarray, group: np.ndarray, period: np.ndarray, groups: int, length: int
) -> np.ndarray:
    """Cross-spectra (m, m, frequencies) of columns (n, m), summed over groups of rows."""
    width = columns.shape[1]
    order = np.argsort(group, kind="stable")
    group, period, columns = group[order], period[order], columns[order]
    step = max(1, _CELLS // length)
    total = np.zeros((width, width, length // 2 + 1))
    for first in range(0, groups, step):
        rows = slice(*np.searchsorted(group, [first, first + step]))
        series = np.zeros((min(step, groups - first), length, width))
        np.add.at(series, (group[rows] - first, period[rows]), columns[rows])
        spectra = np.fft.rfft(series, axis=1)
        total += np.einsum("gfj,gfl->jlf", spectra.conj(), spectra).real
    return total


def _circular(spectra: np.ndarray, length: int, periods: int) -> np.ndarray:
    """Sums of products (m, m, periods) by lag; both directions of a lag together."""
    found = np.fft.irfft(spectra, length, axis=-1)[..., :periods]
    found[..., 1:] *= 2
    return found


def _mean(products: np.ndarray) -> np.ndarray:
    """γ(h) (periods,): the product of residuals, over how many pairs of rows there were."""
    pairs = products[-1, -1]
    return np.where(pairs > 0.5, products[-2, -2] / np.maximum(pairs, 0.5), 0.0)


def _weighed(products: np.ndarray, autocovariance: np.ndarray) -> np.ndarray:
    return products @ autocovariance
