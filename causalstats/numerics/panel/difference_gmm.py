"""The Arellano-Bond estimator: difference GMM of a dynamic panel in one step, robust variance.

The generalised method of moments (GMM): differences take unit effects out; levels of the outcome
two periods or more before are instruments of the lagged difference, other regressors are their own
instruments. In place of its test of second-order serial correlation, m2, `DynamicPanel` tests one
lag more of the outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from causalstats.numerics.panel.linear_estimators import Estimate

_RANK_TOLERANCE = 1e-11  # of the largest eigenvalue


@dataclass(frozen=True, eq=False)
class DynamicUnits:
    """Units that were seen in the same consecutive periods.

    Parameters
    ----------
    first : int
        The first period.
    levels : array, shape (n, L)
        The outcome in all periods, the first `L - T` as initial condition.
    regressors : array, shape (n, T, r)
        Lagged outcomes first.
    cluster : array, shape (n,)
    """

    first: int
    levels: np.ndarray
    regressors: np.ndarray
    cluster: np.ndarray


def difference_gmm(
    blocks: Sequence[DynamicUnits], lags: int, most_lags: int = 99
) -> Estimate:
    """Return the one-step estimate of all coefficients with its cluster-robust covariance.

    Parameters
    ----------
    blocks : sequence of DynamicUnits
    lags : int
        How many regressors come first that are lagged outcomes.
    most_lags : int
        The most levels that are instruments of a period, the latest first.

    Raises
    ------
    ValueError
        If no unit was seen for one period more than the lags and two.

    References
    ----------
    Arellano & Bond (1991), Some tests of specification for panel data: Monte Carlo evidence and an
    application to employment equations, Review of Economic Studies 58, equations 8 and 10.
    """
    parts = [block for block in blocks if block.regressors.shape[1] > 1]
    if not parts:
        raise ValueError("Expected units with two periods or more after the lags.")
    names = sorted(
        {
            key
            for block in parts
            for keys in _instruments(block, lags, most_lags)
            for key in keys
        }
    )
    column = {name: k for k, name in enumerate(names)}
    exogenous = parts[0].regressors.shape[2] - lags
    width = len(names) + exogenous
    weight = np.zeros((width, width))
    moments = np.zeros((width, lags + exogenous + 1))
    kept = []
    for block in parts:
        changes = np.diff(block.regressors, axis=1)
        outcome = np.diff(block.levels[:, lags:], axis=1)
        units, times, _ = changes.shape
        z = np.zeros((units, times, width))
        for t, keys in enumerate(_instruments(block, lags, most_lags)):
            for key in keys:
                z[:, t, column[key]] = block.levels[:, key[1] - block.first]
        z[:, :, len(names) :] = changes[:, :, lags:]
        spread = 2 * np.eye(times) - np.eye(times, k=1) - np.eye(times, k=-1)
        weight += np.einsum("ntk,ts,nsl->kl", z, spread, z, optimize=True)
        both = np.concatenate([changes, outcome[:, :, None]], axis=2)
        moments += np.einsum("ntk,ntl->kl", z, both)
        kept.append((z, changes, outcome, block.cluster))
    inverse = scaled_inverse(weight)
    x, y = moments[:, :-1], moments[:, -1]
    bread = scaled_inverse(x.T @ inverse @ x)
    coefficients = bread @ x.T @ inverse @ y
    clusters = np.unique(np.concatenate([each[3] for each in kept]))
    scores = np.zeros((len(clusters), width))
    for z, changes, outcome, cluster in kept:
        residual = outcome - changes @ coefficients
        np.add.at(
            scores,
            np.searchsorted(clusters, cluster),
            np.einsum("ntk,nt->nk", z, residual),
        )
    half = bread @ x.T @ inverse @ scores.T
    return Estimate(coefficients, half @ half.T, len(clusters) - 1)


def scaled_inverse(matrix: np.ndarray) -> np.ndarray:
    """Return the pseudoinverse of cross-products, of columns of the same size."""
    size = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    scaled = matrix / size / size[:, None]
    inverse = np.linalg.pinv(scaled, rcond=_RANK_TOLERANCE, hermitian=True)
    return inverse / size / size[:, None]


def _instruments(
    block: DynamicUnits, lags: int, most_lags: int
) -> list[list[tuple[int, int]]]:
    """Return the instruments of each difference as pairs of its period and that of the level."""
    times = block.regressors.shape[1]
    keys = []
    for t in range(1, times):
        latest = lags + t - 2
        earliest = max(0, latest - most_lags + 1)
        period = block.first + lags + t
        keys.append([(period, block.first + k) for k in range(earliest, latest + 1)])
    return keys
