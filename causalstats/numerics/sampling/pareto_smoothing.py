"""Pareto-smoothed importance weights: diagnostic k, effective sample size, and resampling.

Leave-one-out cross-validation by these weights (PSIS-LOO) is in `inference.influence`.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class ImportanceWeights:
    """Importance weights of draws from a proposal distribution.

    Attributes
    ----------
    weights : array, shape (n,)
        They sum to 1.
    pareto_k : float
        The shape of the generalised Pareto distribution of the largest weights. Below 0.7, averages
        over the weighted draws can be trusted.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto smoothed importance sampling, Journal of
    Machine Learning Research 25.
    """

    weights: np.ndarray
    pareto_k: float

    @property
    def ess(self) -> float:
        """Return the effective sample size 1 / Σ w², in draws of equal weight.

        Examples
        --------
        >>> round(ImportanceWeights(np.array([0.5, 0.25, 0.25]), 0.1).ess, 2)
        2.67
        """
        return float(1 / (self.weights**2).sum())

    def moments(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the weighted mean and covariance of points.

        Parameters
        ----------
        points : array, shape (n, d)

        Returns
        -------
        mean : array, shape (d,)
        covariance : array, shape (d, d)

        Examples
        --------
        >>> weights = ImportanceWeights(np.array([0.5, 0.5]), 0.1)
        >>> weights.moments(np.array([[0.0], [2.0]]))
        (array([1.]), array([[1.]]))
        """
        mean = self.weights @ points
        deviations = points - mean
        return mean, (self.weights[:, None] * deviations).T @ deviations

    def resample(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Return row numbers, drawn with these weights by systematic resampling.

        Systematic resampling adds the least noise. The numbers are in order, so that copies of a
        draw stand together and the effective sample size of a chain counts them as one.

        Parameters
        ----------
        size : int
        rng : Generator

        Returns
        -------
        int array, shape (size,)

        Examples
        --------
        >>> weights = ImportanceWeights(np.array([0.5, 0.25, 0.25]), 0.1)
        >>> weights.resample(4, np.random.default_rng(1))
        array([0, 0, 1, 2])
        """
        levels = (rng.random() + np.arange(size)) / size
        rows = np.searchsorted(np.cumsum(self.weights), levels)
        return np.minimum(rows, len(self.weights) - 1)


def pareto_smoothed_weights(log_ratio: np.ndarray) -> ImportanceWeights:
    """Return Pareto-smoothed importance weights.

    Parameters
    ----------
    log_ratio : array, shape (n,)
        Log target density less log proposal density, up to a constant.

    Returns
    -------
    ImportanceWeights
        Where the largest ratios are all the same, as of copies of one draw, no tail can be fitted:
        the weights are as they are, and k is infinite. Where all ratios are the same, k is 0.
        Where no ratio is finite, the weights are equal and k is infinite.

    Examples
    --------
    A normal target with a Student t proposal, whose tails are heavier:

    >>> from scipy import stats
    >>> draws = stats.t.rvs(8, size=1000, random_state=1)
    >>> weights = pareto_smoothed_weights(stats.norm.logpdf(draws) - stats.t.logpdf(draws, 8))
    >>> bool(weights.pareto_k < 0.7), bool(weights.ess > 900)
    (True, True)
    """
    from arviz_stats.base import array_stats

    highest = log_ratio.max()
    if not np.isfinite(highest):
        return ImportanceWeights(np.full(len(log_ratio), 1 / len(log_ratio)), np.inf)
    logs = log_ratio - highest
    if not logs.any():
        return ImportanceWeights(np.full(len(logs), 1 / len(logs)), 0.0)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # of tails without a mean
            smoothed, pareto_k = array_stats.psislw(-logs)  # it takes the negative
    except ValueError:
        pareto_k = np.inf
    if not np.isfinite(pareto_k):
        smoothed, pareto_k = logs, np.inf
    weights = np.exp(smoothed - smoothed.max())
    return ImportanceWeights(weights / weights.sum(), float(pareto_k))
