"""Variance of least squares under serial correlation that is the same in every unit.

With γ(h) the mean product of residuals of a unit h periods apart, over all units, and a(h) the sum
of products of the regressor h periods apart, V'ΩV = Σ_h γ(|h|) a(h). Units of a cluster may share
shocks: then γ of pairs of units of a cluster enters beside. In contrast to the cluster-robust
variance it is known well from few clusters, and wrong where units' errors differ.
"""

from dataclasses import dataclass

import numpy as np

_CELLS_AT_ONCE = 1_000_000  # of units by periods
_MOST_CELLS_A_ROW = 10  # before periods are counted within each unit


def common_autocovariance(
    regressors: np.ndarray,
    residuals: np.ndarray,
    unit: np.ndarray,
    period: np.ndarray,
    cluster: np.ndarray,
) -> np.ndarray:
    """Return V'ΩV, shape (k, k), the middle of the sandwich.

    Parameters
    ----------
    regressors : array, shape (n, k)
    residuals : array, shape (n,)
    unit : int array, shape (n,)
        Sorted, from 0 on.
    period : int array, shape (n,)
        Position of the row's time among all times.
    cluster : int array, shape (N,)
        The cluster of each unit.

    Examples
    --------
    Without serial correlation it is σ² V'V on average:

    >>> rng = np.random.default_rng(1)
    >>> v, e = rng.normal(size=(2, 5000))
    >>> unit, period = np.divmod(np.arange(5000), 5)
    >>> middle = common_autocovariance(v[:, None], e, unit, period, np.arange(1000))
    >>> (middle / (v @ v)).round(1)
    array([[1.]])
    """
    seen = np.abs(regressors).sum(axis=1) + np.abs(residuals) > 0
    shared = autocovariances(residuals, seen, unit, period, cluster)
    return middle_of_sandwich(regressors, unit, period, cluster, shared)


@dataclass(frozen=True, eq=False)
class Autocovariances:
    """Autocovariances that all units share, by lag.

    Parameters
    ----------
    within : array, shape (T,)
        γ(h) of two rows of a unit.
    between : array, shape (T,)
        γ(h) of rows of two units of a cluster; 0 where every unit is a cluster.
    """

    within: np.ndarray
    between: np.ndarray


def autocovariances(
    residuals: np.ndarray,
    seen: np.ndarray,
    unit: np.ndarray,
    period: np.ndarray,
    cluster: np.ndarray,
) -> Autocovariances:
    """Return the mean product of residuals by lag, within units and between those of a cluster.

    Parameters
    ----------
    residuals : array, shape (n,)
    seen : bool array, shape (n,)
        Rows that are counted.
    unit, period, cluster : int arrays
        As in `common_autocovariance`.
    """
    columns = np.column_stack([residuals, seen.astype(float)])
    by_unit, by_cluster = _products(columns, unit, period, cluster)
    if by_cluster is None:
        within = _mean(by_unit)
        return Autocovariances(within, np.zeros_like(within))
    return Autocovariances(_mean(by_unit), _mean(by_cluster - by_unit))


def middle_of_sandwich(
    regressors: np.ndarray,
    unit: np.ndarray,
    period: np.ndarray,
    cluster: np.ndarray,
    shared: Autocovariances,
) -> np.ndarray:
    """Return V'ΩV (k, k) of some units under these autocovariances.

    Parameters
    ----------
    regressors : array, shape (n, k)
    unit, period, cluster : int arrays
        As in `common_autocovariance`; units from 0 on.
    shared : Autocovariances
    """
    by_unit, by_cluster = _products(regressors, unit, period, cluster)
    within, between = np.zeros((2, by_unit.shape[-1]))
    lags = min(len(within), len(shared.within))
    within[:lags] = shared.within[:lags]
    between[:lags] = shared.between[:lags]
    if by_cluster is None:
        return np.asarray(by_unit @ within)
    return np.asarray(by_unit @ (within - between) + by_cluster @ between)


def _products(
    columns: np.ndarray, unit: np.ndarray, period: np.ndarray, cluster: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return sums of products (m, m, periods) by lag, within units and within clusters.

    Those within clusters are None where every unit is one.

    Parameters
    ----------
    columns : array, shape (n, m)
    unit, period, cluster : int arrays
        As in `common_autocovariance`.
    """
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    count, periods = len(starts), int(period.max()) + 1
    if count * periods > _MOST_CELLS_A_ROW * len(unit) + _CELLS_AT_ONCE:
        period = np.arange(len(unit)) - np.repeat(
            starts, np.diff(starts, append=len(unit))
        )
        periods = int(period.max()) + 1
    length = 1 << int(np.ceil(np.log2(2 * periods)))
    by_unit = _lagged_products(
        _cross_spectra(columns, unit, period, count, length), periods
    )
    if len(np.unique(cluster)) == count:
        return by_unit, None
    codes = np.unique(cluster, return_inverse=True)[1]
    spectra = _cross_spectra(columns, codes[unit], period, int(codes.max()) + 1, length)
    return by_unit, _lagged_products(spectra, periods)


def _cross_spectra(
    columns: np.ndarray, group: np.ndarray, period: np.ndarray, groups: int, length: int
) -> np.ndarray:
    """Cross-spectra (m, m, frequencies) of columns, summed over groups of rows.

    Parameters
    ----------
    columns : array, shape (n, m)
    group, period : int array, shape (n,)
    groups : int
        How many groups there are.
    length : int
        Length of each series, padded with zeros.
    """
    width = columns.shape[1]
    order = np.argsort(group, kind="stable")
    group, period, columns = group[order], period[order], columns[order]
    step = max(1, _CELLS_AT_ONCE // length)
    total = np.zeros((width, width, length // 2 + 1))
    for first in range(0, groups, step):
        rows = slice(*np.searchsorted(group, [first, first + step]))
        series = np.zeros((min(step, groups - first), length, width))
        np.add.at(series, (group[rows] - first, period[rows]), columns[rows])
        spectra = np.fft.rfft(series, axis=1)
        total += np.einsum("gfj,gfl->jlf", spectra.conj(), spectra).real
    return total


def _lagged_products(spectra: np.ndarray, periods: int) -> np.ndarray:
    """Sums of products (m, m, periods) by lag; both directions of a lag together."""
    products = np.fft.irfft(spectra, axis=-1)[..., :periods]
    products[..., 1:] *= 2
    return products


def _mean(products: np.ndarray) -> np.ndarray:
    """γ(h) (periods,): the product of residuals, over how many pairs of rows there were."""
    pairs = products[-1, -1]
    return np.where(pairs > 0.5, products[-2, -2] / np.maximum(pairs, 0.5), 0.0)
