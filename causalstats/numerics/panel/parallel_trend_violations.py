"""Violations of parallel trends: honest DiD (Rambachan & Roth 2023).

The pre-trend test is in `models.event_study.parallel_trends`.

δ_e is the difference in trends at event time e, 0 at the base -1; before adoption it is what is
seen, δ_e = β_e, and the effect is β_e - δ_e after. For weights l ≥ 0 of event times after adoption:

relative magnitudes
    |δ_e - δ_(e-1)| ≤ M̄ max |β_s - β_(s-1)| over steps before adoption, so that
    l'δ is within M̄ max |...| Σ_e l_e (e + 1).
smoothness
    |(δ_(e+1) - δ_e) - (δ_e - δ_(e-1))| ≤ M, before adoption too, so that with the last slope
    b = -β_(-2) before adoption l'δ is within b Σ_e l_e (e+1) ± M Σ_e l_e (e+1)(e+2)/2.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

_SWEEPS = 50  # of the Gibbs sampler, from a start inside the restriction


def relative_magnitude(leads: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return how far l'δ can be from 0 at M̄ = 1, shape (n,).

    Parameters
    ----------
    leads : array, shape (n, K)
        β at event times -K-1 to -2 in order; the base -1 is 0.
    weights : array, shape (E,)
        l, of event times 0 to E-1.

    Examples
    --------
    >>> relative_magnitude(np.array([[0.3, 0.1]]), np.array([0.5, 0.5]))
    array([0.3])
    """
    path = np.hstack([leads, np.zeros((len(leads), 1))])
    largest = np.abs(np.diff(path, axis=1)).max(axis=1)
    reach = weights @ np.arange(1, len(weights) + 1)
    return np.asarray(largest * reach)


def smooth_trend(
    slope: np.ndarray, weights: np.ndarray, bend: float
) -> tuple[np.ndarray, float]:
    """Return the middle of l'δ under smoothness, (n,), and its half-width.

    Parameters
    ----------
    slope : array, shape (n,)
        The last change of δ before adoption.
    weights : array, shape (E,)
    bend : float
        M.

    Examples
    --------
    >>> smooth_trend(np.array([0.1]), np.array([0.5, 0.5]), 0.2)
    (array([0.15]), 0.4)
    """
    steps = np.arange(1, len(weights) + 1)
    return slope * (weights @ steps), float(
        bend * (weights @ (steps * (steps + 1) / 2))
    )


def draw_smooth_leads(
    mean: np.ndarray,
    covariance: np.ndarray,
    leads: int,
    bend: float,
    size: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw coefficients from a normal posterior, given that trends before adoption are smooth.

    Second differences of (β_(-K-1), ..., β_(-2), 0) are within ±M: a truncated normal, by Gibbs
    sampling of each draw; at M = 0 leads are on a line, and the draws are exact.

    Parameters
    ----------
    mean, covariance : array, shapes (K + E,) and (K + E, K + E)
        Of leads in order, then of effects.
    leads : int
        K.
    bend : float
        M.
    size : int
        The number of draws.
    rng : Generator

    Returns
    -------
    array, shape (size, K + E)

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> draws = draw_smooth_leads(np.zeros(3), np.eye(3), 2, 0.0, 4, rng)
    >>> bool(np.allclose(draws[:, 0], 2 * draws[:, 1]))
    True
    """
    change = _second_differences(leads)
    count = len(change)
    whole = np.eye(len(mean))
    whole[:count, :leads] = change
    centre, spread = whole @ mean, whole @ covariance @ whole.T
    bends = _truncated(centre[:count], spread[:count, :count], bend, size, rng)
    gain = np.linalg.lstsq(spread[:count, :count], spread[:count, count:], rcond=1e-12)[
        0
    ]
    rest = spread[count:, count:] - spread[count:, :count] @ gain
    values, vectors = np.linalg.eigh((rest + rest.T) / 2)
    root = vectors * np.sqrt(np.maximum(values, 0))
    others = centre[count:] + (bends - centre[:count]) @ gain
    others = others + rng.standard_normal((size, len(root))) @ root.T
    return np.hstack([bends, others]) @ np.linalg.inv(whole).T


def _second_differences(leads: int) -> np.ndarray:
    """Second differences (K-1, K) of K leads and the base, whose coefficient is 0."""
    return np.diff(np.eye(leads + 1), n=2, axis=0)[:, :leads]


def _truncated(
    mean: np.ndarray,
    covariance: np.ndarray,
    limit: float,
    size: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draws (size, d) of a normal distribution within ±limit in each coordinate.

    Parameters
    ----------
    mean, covariance : array
    limit : float
    size : int
    rng : Generator
    """
    count = len(mean)
    draws = np.zeros((size, count))
    if limit == 0 or count == 0:
        return draws
    precision = np.linalg.inv(covariance)
    for _ in range(_SWEEPS if count > 1 else 1):
        for k in range(count):
            others = np.delete(np.arange(count), k)
            sd = 1 / np.sqrt(precision[k, k])
            pull = (draws[:, others] - mean[others]) @ precision[k, others]
            middle = mean[k] - pull / precision[k, k]
            low, high = (-limit - middle) / sd, (limit - middle) / sd
            draws[:, k] = middle + sd * stats.truncnorm.rvs(low, high, random_state=rng)
    return draws
