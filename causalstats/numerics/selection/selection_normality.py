"""Normality test of the errors of Heckman's model, from the residuals of the selected sample.

    y = x'β + u where x'γ + v > 0,  u = σ (κ v + √(1-κ²) ε),  v and ε Normal(0, 1)

Residuals are those of Heckman's second step, y on x and the inverse Mills ratio. They are linear in
v and ε, so that their moments in replications are polynomials in κ whose coefficients are computed
once: the comparison is made at every correlation of a grid. The p-value is the largest of the grid
(Dufour 2006, Monte Carlo tests with nuisance parameters), because the correlation is hard to learn
without an exclusion restriction, and an estimate at its limit has no Normal distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from scipy.special import log_ndtr

from causalstats.numerics.sampling.posterior_predictive import quantile_groups
from causalstats.numerics.selection.inverse_mills_ratio import inverse_mills_ratio
from causalstats.numerics.selection.truncated_normal import truncated_normal

REPLICATIONS = 500
_REPLICATIONS_AT_ONCE = 50  # held in memory
_GROUPS = 3  # thirds of the chance of being seen
_HIGHEST_MOMENT = 4
_NEWTON_STEPS = 50
_CONVERGED = 1e-9  # gain of the log posterior
_LEAST_VARIANCE = 1e-12
_COLLINEAR = 1e-6  # length of the Mills ratio beside the features


@dataclass(frozen=True)
class NormalityTest:
    """Result of a normality test of the errors.

    Parameters
    ----------
    p : float
        The p-value.
    correlation : float
        κ at which the p-value is reached.
    observed, expected : arrays (6,)
        By third of the chance of being seen, the skewness of the residuals, then their excess
        kurtosis: those of the data, and the mean of those of Normal errors.
    """

    p: float
    correlation: float
    observed: np.ndarray
    expected: np.ndarray


def probit(
    matrix: np.ndarray, decision: np.ndarray, prior_sd: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the posterior mode of a probit regression and its inverse curvature.

    Parameters
    ----------
    matrix : array (N, K)
        With its intercept.
    decision : bool array (N,)
    prior_sd : float
        Standard deviation of the Normal priors of the coefficients, which stay finite under
        complete separation.

    Returns
    -------
    coefficients : array (K,)
    covariance : array (K, K)
    """
    sign = np.where(decision, 1.0, -1.0)
    beta = np.zeros(matrix.shape[1])
    precision = np.eye(matrix.shape[1]) / prior_sd**2

    def objective(beta: np.ndarray) -> float:
        return float(
            log_ndtr(sign * (matrix @ beta)).sum() - beta @ precision @ beta / 2
        )

    reached = objective(beta)
    for _ in range(_NEWTON_STEPS):
        index = sign * (matrix @ beta)
        mills = inverse_mills_ratio(index)
        curvature = (matrix.T * (mills * (mills + index))) @ matrix + precision
        step = np.linalg.solve(curvature, matrix.T @ (sign * mills) - precision @ beta)
        while (tried := objective(beta + step)) < reached and np.abs(
            step
        ).max() > _CONVERGED:
            step = step / 2
        beta = beta + step
        gained = tried - reached
        reached = max(tried, reached)
        if gained < _CONVERGED:
            break
    return beta, np.linalg.inv(curvature)


def normality_test(
    outcome: np.ndarray,
    matrix: np.ndarray,
    selection: np.ndarray,
    decision: np.ndarray,
    correlations: np.ndarray,
    prior_sd: float,
    rng: np.random.Generator,
) -> NormalityTest:
    """Compare skewness and kurtosis of residuals with those of replications at each correlation.

    The coefficient of the inverse Mills ratio is compared along with them: where a feature is
    excluded from the outcome it says what the correlation is.

    Parameters
    ----------
    outcome : array (n,)
        Outcomes of the selected.
    matrix, selection : arrays (N, K), (N, L)
        Columns that may affect the outcome and the decision, each with an intercept.
    decision : bool array (N,)
    correlations : array (G,)
    prior_sd : float
        Prior standard deviation of the coefficients of selection.
    rng : Generator

    Returns
    -------
    NormalityTest
    """
    gamma, covariance = probit(selection, decision, prior_sd)
    outcome = (outcome - outcome.mean()) / max(float(outcome.std()), 1e-300)
    seen = selection[decision]
    index = seen @ gamma
    basis = _second_step_basis(matrix[decision], inverse_mills_ratio(index))
    groups = quantile_groups(index, _GROUPS)
    membership = np.equal.outer(np.unique(groups), groups).astype(float)
    membership /= membership.sum(axis=1, keepdims=True)
    data_moments = _moments(outcome[:, None], None, basis, membership)
    observed = _statistics(*data_moments, np.ones(1))[0, :, 0]

    parts: list[tuple[np.ndarray, np.ndarray]] = []
    root = np.linalg.cholesky(covariance)
    for start in range(0, REPLICATIONS, _REPLICATIONS_AT_ONCE):
        size = min(_REPLICATIONS_AT_ONCE, REPLICATIONS - start)
        drawn = gamma[:, None] + root @ rng.standard_normal((len(gamma), size))
        v = truncated_normal(-(seen @ drawn), rng)
        parts.append(_moments(v, rng.standard_normal(v.shape), basis, membership))
    moments = np.concatenate([part[0] for part in parts], axis=-1)
    coefficient = np.concatenate([part[1] for part in parts], axis=-1)
    replicated = _statistics(moments, coefficient, correlations)  # (G, statistic, R)
    compared = [_compared(observed, one) for one in replicated]
    # Where every p-value is the least that can be, the nearest correlation is the one to show.
    best = max(range(len(compared)), key=lambda at: (compared[at][0], -compared[at][1]))
    shown = slice(0, 2 * len(membership))
    return NormalityTest(
        p=compared[best][0],
        correlation=float(correlations[best]),
        observed=observed[shown],
        expected=replicated[best, shown].mean(axis=-1),
    )


def _second_step_basis(matrix: np.ndarray, mills: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the features and, last, of the Mills ratio beside them."""
    slopes, _ = np.linalg.qr(matrix)
    mills = mills - slopes @ (slopes.T @ mills)
    length = np.sqrt(mills @ mills)
    return np.column_stack([slopes, mills / length]) if length > _COLLINEAR else slopes


def _moments(
    v: np.ndarray, e: np.ndarray | None, basis: np.ndarray, membership: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return mixed moments of the residuals of v and e, and coefficients of the last column.

    Parameters
    ----------
    v, e : arrays (n, R)
        The two parts of the error; e may be None.
    basis : array (n, K)
        Orthonormal columns that are partialled out, the Mills ratio last.
    membership : array (group, n)
        Rows that average over the people of each group.

    Returns
    -------
    moments : array (5, 5, group, R)
        Entry [a, b] is the mean of v^a e^b, 0 where a + b is above 4.
    coefficients : array (2, R)
        Coefficients of the last column, for v and for e.
    """
    replications = v.shape[1]
    orders = _HIGHEST_MOMENT + 1
    moments = np.zeros((orders, orders, len(membership), replications))
    columns = (v,) if e is None else (v, e)
    along = [basis.T @ column for column in columns]
    residuals = [
        column - basis @ part for column, part in zip(columns, along, strict=True)
    ]
    powers = [[np.ones(v.shape)] for _ in columns]
    for power, residual in zip(powers, residuals, strict=True):
        for _ in range(_HIGHEST_MOMENT):
            power.append(power[-1] * residual)
    for a in range(orders):
        for b in range(orders - a if e is not None else 1):
            moments[a, b] = membership @ (
                powers[0][a] * powers[1][b] if b else powers[0][a]
            )
    coefficients = np.zeros((2, replications))
    for row, part in enumerate(along):
        coefficients[row] = part[-1]
    return moments, coefficients


def _statistics(
    moments: np.ndarray, coefficient: np.ndarray, correlations: np.ndarray
) -> np.ndarray:
    """Return skewness and kurtosis by group and the coefficient of the Mills ratio.

    Parameters
    ----------
    moments, coefficient : arrays (5, 5, g, R), (2, R)
    correlations : array (G,)

    Returns
    -------
    array (G, 2g + 1, R)
    """
    statistics = []
    for kappa in correlations:
        spread = np.sqrt(max(1 - kappa**2, 0.0))
        raw = [
            _raw_moment(k, kappa, spread, moments) for k in range(_HIGHEST_MOMENT + 1)
        ]
        mean = raw[1]
        second = np.maximum(raw[2] - raw[1] ** 2, _LEAST_VARIANCE)
        third = raw[3] - 3 * mean * raw[2] + 2 * mean**3
        fourth = raw[4] - 4 * mean * raw[3] + 6 * mean**2 * raw[2] - 3 * mean**4
        along = kappa * coefficient[0] + spread * coefficient[1]
        along = along / np.sqrt(raw[2].mean(axis=0))
        statistics.append(
            np.vstack([third / second**1.5, fourth / second**2 - 3, along])
        )
    return np.array(statistics)


def _raw_moment(k: int, kappa: float, spread: float, moments: np.ndarray) -> np.ndarray:
    """Return the mean of (κ v + √(1-κ²) e)^k, by the binomial theorem."""
    terms = (
        comb(k, a) * kappa**a * spread ** (k - a) * moments[a, k - a]
        for a in range(k + 1)
    )
    return sum(terms)


def _compared(observed: np.ndarray, replicated: np.ndarray) -> tuple[float, float]:
    """Return the p-value of the Mahalanobis distance of the observed statistics, and it."""
    centre = replicated.mean(axis=1)
    inverse = np.linalg.pinv(np.cov(replicated))

    def distance(values: np.ndarray) -> np.ndarray:
        away = values - centre[:, None]
        return np.einsum("ir,ij,jr->r", away, inverse, away)

    reference = distance(replicated)
    reached = float(distance(observed[:, None])[0])
    return float((1 + (reference >= reached).sum()) / (1 + len(reference))), reached
