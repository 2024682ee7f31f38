"""Whether the residuals of a selected sample have a shape that Heckman's model gives, at some correlation.

    y = x'β + u where x'γ + v > 0,  u = σ (κ v + √(1-κ²) ε),  v and ε Normal(0, 1)

Residuals are those of Heckman's second step, y on x and the inverse Mills ratio. They are linear in
v and ε, so that their moments in replications are polynomials in κ whose coefficients are computed
once: the comparison is made at every correlation of a grid. The p-value is the largest of the grid
(Dufour 2006, Monte Carlo tests with nuisance parameters), because the correlation is hard to learn
where nothing is excluded, and an estimate at its limit has no Normal distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from causalstats.numerics.sampling.posterior_predictive import quantile_groups
from causalstats.numerics.selection.heckman_likelihood import inverse_mills

REPLICATIONS = 500
_BLOCK = 50  # replications in memory at once
_THIRDS = 3
_HIGHEST = 4  # moment
_PRIOR_SD = (
    3.0  # of the coefficients of selection, as in the model: separated decisions stay finite
)
_STEPS = 50
_SMALLEST = 1e-12


@dataclass(frozen=True)
class Shape:
    """The p-value, the correlation at which it is reached, and what was and would be found there.

    `observed` and `expected` are, by third of the chance of being seen, the skewness of the
    residuals, then their excess kurtosis.
    """

    p: float
    correlation: float
    observed: np.ndarray
    expected: np.ndarray


def probit(matrix: np.ndarray, decision: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients of a probit regression and their covariance, with Normal(0, 3) priors.

    Parameters
    ----------
    matrix : array (N, K)
        With its intercept.
    decision : bool array (N,)
    """
    sign = np.where(decision, 1.0, -1.0)
    beta, precision = np.zeros(matrix.shape[1]), np.eye(matrix.shape[1]) / _PRIOR_SD**2

    def objective(beta: np.ndarray) -> float:
        return float(log_ndtr(sign * (matrix @ beta)).sum() - beta @ precision @ beta / 2)

    reached = objective(beta)
    for _ in range(_STEPS):
        index = sign * (matrix @ beta)
        mills = inverse_mills(index)
        curvature = (matrix.T * (mills * (mills + index))) @ matrix + precision
        step = np.linalg.solve(curvature, matrix.T @ (sign * mills) - precision @ beta)
        while (tried := objective(beta + step)) < reached and np.abs(step).max() > 1e-9:
            step = step / 2
        beta, gained, reached = beta + step, tried - reached, max(tried, reached)
        if gained < 1e-9:
            break
    return beta, np.linalg.inv(curvature)


def shape(
    outcome: np.ndarray,
    matrix: np.ndarray,
    selection: np.ndarray,
    decision: np.ndarray,
    correlations: np.ndarray,
    rng: np.random.Generator,
) -> Shape:
    """Compare skewness and kurtosis of residuals with those of replications at each correlation.

    The coefficient of the inverse Mills ratio is compared along with them: where a feature is
    excluded from the outcome it says what the correlation is.

    Parameters
    ----------
    outcome : array (n,)
        Of those seen.
    matrix, selection : arrays (N, K), (N, L)
        Columns that may affect the outcome and the decision, each with an intercept.
    decision : bool array (N,)
    correlations : array (G,)
    rng : Generator
    """
    gamma, covariance = probit(selection, decision)
    seen = selection[decision]
    index = seen @ gamma
    mills = inverse_mills(index)
    slopes, _ = np.linalg.qr(matrix[decision])
    mills = mills - slopes @ (slopes.T @ mills)
    length = np.sqrt(mills @ mills)
    basis = np.column_stack([slopes, mills / length]) if length > 1e-6 else slopes
    groups = quantile_groups(index, _THIRDS)
    membership = np.equal.outer(np.unique(groups), groups).astype(float)
    membership /= membership.sum(axis=1, keepdims=True)
    found = _statistics(*_moments(outcome[:, None], None, basis, membership), np.ones(1))[0, :, 0]

    parts: list[tuple[np.ndarray, np.ndarray]] = []
    root = np.linalg.cholesky(covariance)
    for start in range(0, REPLICATIONS, _BLOCK):
        size = min(_BLOCK, REPLICATIONS - start)
        drawn = gamma[:, None] + root @ rng.standard_normal((len(gamma), size))
        below = ndtr(-(seen @ drawn))
        v = ndtri(np.clip(below + rng.random(below.shape) * (1 - below), 1e-15, 1 - 1e-15))
        parts.append(_moments(v, rng.standard_normal(v.shape), basis, membership))
    moments = np.concatenate([part[0] for part in parts], axis=-1)
    coefficient = np.concatenate([part[1] for part in parts], axis=-1)
    replicated = _statistics(moments, coefficient, correlations)  # (G, statistic, R)
    compared = [_compared(found, one) for one in replicated]
    # Where every p-value is the least that can be, the nearest correlation is the one to show.
    best = max(range(len(compared)), key=lambda at: (compared[at][0], -compared[at][1]))
    shown = slice(0, 2 * len(membership))
    return Shape(
        p=compared[best][0],
        correlation=float(correlations[best]),
        observed=found[shown],
        expected=replicated[best, shown].mean(axis=-1),
    )


def _moments(
    v: np.ndarray, e: np.ndarray | None, basis: np.ndarray, membership: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return mixed moments of the residuals of v and e by group, and coefficients of the last column.

    Moments are (5, 5, group, R): entry [a, b] is the mean of v^a e^b, 0 where a + b is above 4.
    Coefficients are (2, R), of v and of e.
    """
    replications = v.shape[1]
    moments = np.zeros((_HIGHEST + 1, _HIGHEST + 1, len(membership), replications))
    columns = (v,) if e is None else (v, e)
    along = [basis.T @ column for column in columns]
    left = [column - basis @ part for column, part in zip(columns, along, strict=True)]
    powers = [[np.ones(v.shape)] for _ in columns]
    for power, one in zip(powers, left, strict=True):
        for _ in range(_HIGHEST):
            power.append(power[-1] * one)
    for a in range(_HIGHEST + 1):
        for b in range(_HIGHEST + 1 - a if e is not None else 1):
            moments[a, b] = membership @ (powers[0][a] * powers[1][b] if b else powers[0][a])
    coefficients = np.zeros((2, replications))
    for row, part in enumerate(along):
        coefficients[row] = part[-1]
    return moments, coefficients


def _statistics(
    moments: np.ndarray, coefficient: np.ndarray, correlations: np.ndarray
) -> np.ndarray:
    """Return skewness and kurtosis by group and the coefficient of the Mills ratio, (G, 2g + 1, R)."""
    found = []
    for kappa in correlations:
        spread = np.sqrt(max(1 - kappa**2, 0.0))
        raw = [
            sum(comb(k, a) * kappa**a * spread ** (k - a) * moments[a, k - a] for a in range(k + 1))
            for k in range(_HIGHEST + 1)
        ]
        mean, second = raw[1], raw[2] - raw[1] ** 2
        second = np.maximum(second, _SMALLEST)
        third = raw[3] - 3 * mean * raw[2] + 2 * mean**3
        fourth = raw[4] - 4 * mean * raw[3] + 6 * mean**2 * raw[2] - 3 * mean**4
        along = kappa * coefficient[0] + spread * coefficient[1]
        along = along / np.sqrt(raw[2].mean(axis=0))
        found.append(np.vstack([third / second**1.5, fourth / second**2 - 3, along]))
    return np.array(found)


def _compared(observed: np.ndarray, replicated: np.ndarray) -> tuple[float, float]:
    """Return the p-value of the observed statistics' distance from the replicated ones, and it."""
    centre, covariance = replicated.mean(axis=1), np.cov(replicated)
    inverse = np.linalg.pinv(covariance)

    def distance(values: np.ndarray) -> np.ndarray:
        away = values - centre[:, None]
        return np.einsum("ir,ij,jr->r", away, inverse, away)

    reference = distance(replicated)
    found = float(distance(observed[:, None])[0])
    return float((1 + (reference >= found).sum()) / (1 + len(reference))), found
