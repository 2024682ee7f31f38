"""Draws from the posterior of a (multinomial) logistic regression by importance resampling.

log P(level e) / P(first level) = a_e + (z - z̄)'b_e, a_e ~ Normal(0, t²), b_ke ~ Normal(0, s_k²).
Newton's method finds the mode; proposals are Student's t about it, with the inverse of the negative
Hessian as their scale, and draws are resampled by their importance weights (Rubin 1987).
"""

from __future__ import annotations

import numpy as np
from scipy import linalg
from scipy.special import logsumexp

_MOST_STEPS = 50
_CONVERGED = 1e-6
_MOST_HALVINGS = 20
_DEGREES = 8.0
_PROPOSALS_A_DRAW = 20  # of up to a hundred draws
_PROPOSALS_OF_MANY = 3  # a draw, of more; from two thousand on
_MOST_NUMBERS = 2_000_000  # at once


def draw(
    design: np.ndarray,
    outcome: np.ndarray,
    counts: np.ndarray,
    sds: np.ndarray,
    levels: int,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return draws of the coefficients of the columns as they are, not about their means.

    Parameters
    ----------
    design : array, shape (rows, columns)
        Without an intercept.
    outcome : int array, shape (rows,)
        Positions of levels.
    counts : array, shape (rows,)
        How many observations a row stands for.
    sds : array, shape (1 + columns,)
        Prior standard deviations, of the intercept first.
    levels : int
    draws : int
    rng : numpy Generator

    Returns
    -------
    array, shape (draws, 1 + columns, levels - 1)

    Examples
    --------
    With 30 events among 100, and a wide prior, the log odds have mean log(3/7) or a little less:

    >>> outcome, counts = np.array([0, 1]), np.array([70.0, 30.0])
    >>> rng = np.random.default_rng(1)
    >>> found = draw(np.empty((2, 0)), outcome, counts, np.array([5.0]), 2, 2000, rng)
    >>> found.shape, found.mean().round(1), found.std().round(1)
    ((2000, 1, 1), np.float64(-0.9), np.float64(0.2))
    """
    means = counts @ design / counts.sum()
    centred = np.column_stack([np.ones(len(design)), design - means])
    events = np.eye(levels)[outcome][:, 1:]
    equations = levels - 1
    precision = np.repeat(1 / sds**2, equations)
    mode, root = _mode(centred, events, counts, precision)
    most = _PROPOSALS_A_DRAW * min(draws, 100)
    proposals = max(most, _PROPOSALS_OF_MANY * draws, 4 * len(mode))
    normal = rng.standard_normal((proposals, len(mode)))
    mixing = rng.chisquare(_DEGREES, proposals) / _DEGREES
    standard = normal / np.sqrt(mixing)[:, None]
    points = mode + linalg.solve_triangular(root, standard.T, trans="T", lower=True).T
    squares = (standard**2).sum(axis=1)
    log_proposal = -(_DEGREES + len(mode)) / 2 * np.log1p(squares / _DEGREES)
    step = max(1, _MOST_NUMBERS // events.size)
    parts = [
        _log_densities(points[k : k + step], centred, events, counts, precision)
        for k in range(0, proposals, step)
    ]
    log_weights = np.concatenate(parts) - log_proposal
    weights = np.exp(log_weights - logsumexp(log_weights))
    chosen = points[rng.choice(proposals, draws, p=weights / weights.sum())]
    coefficients = chosen.reshape(draws, -1, equations)
    coefficients[:, 0] -= means @ coefficients[:, 1:]
    return coefficients


def _log_densities(
    points: np.ndarray,
    design: np.ndarray,
    events: np.ndarray,
    counts: np.ndarray,
    precision: np.ndarray,
) -> np.ndarray:
    """Return the log posterior density at points, up to a constant.

    Parameters
    ----------
    points : array, shape (points, columns * equations)
    design : array, shape (rows, columns)
    events : array, shape (rows, equations)
        1 where the row has the level.
    counts : array, shape (rows,)
    precision : array, shape (columns * equations,)
        Of the prior.
    """
    equations = events.shape[1]
    by_equation = points.reshape(len(points), -1, equations)
    logits = np.matmul(design, by_equation)
    total = -(points**2 @ precision) / 2 + (events * logits).sum(axis=-1) @ counts
    return total - _log_totals(logits)[0] @ counts


def _log_totals(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log(1 + Σ exp(logit)) and exp(logit) / (1 + Σ exp(logit)), equations last."""
    largest = np.maximum(logits.max(axis=-1), 0)
    odds = np.exp(logits - largest[..., None])
    totals = odds.sum(axis=-1) + np.exp(-largest)
    return largest + np.log(totals), odds / totals[..., None]


def _mode(
    design: np.ndarray, events: np.ndarray, counts: np.ndarray, precision: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the posterior mode, and the Cholesky factor of the negative Hessian there.

    The log posterior is concave: a step of Newton's method that does not raise it is halved.

    Parameters
    ----------
    design : array, shape (rows, columns)
    events : array, shape (rows, equations)
    counts : array, shape (rows,)
    precision : array, shape (columns * equations,)
    """
    shape = (design.shape[1], events.shape[1])

    def evaluated(at: np.ndarray) -> tuple[float, np.ndarray]:
        logits = design @ at.reshape(shape)
        totals, shares = _log_totals(logits)
        likelihood = counts @ ((events * logits).sum(axis=1) - totals)
        return float(likelihood - at**2 @ precision / 2), shares

    point = np.zeros(len(precision))
    height, shares = evaluated(point)
    root = np.empty((0, 0))
    for _ in range(_MOST_STEPS):
        slope = design.T @ (counts[:, None] * (events - shares))
        gradient = slope.ravel() - precision * point
        root = linalg.cholesky(
            _negative_hessian(design, shares, counts) + np.diag(precision), lower=True
        )
        step = linalg.cho_solve((root, True), gradient)
        if gradient @ step < _CONVERGED:
            break
        for _ in range(_MOST_HALVINGS):
            higher, found = evaluated(point + step)
            if higher >= height:
                point, height, shares = point + step, higher, found
                break
            step = step / 2
    return point, root


def _negative_hessian(
    design: np.ndarray, shares: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """Return the information of the likelihood, columns by equations in both axes.

    Parameters
    ----------
    design : array, shape (rows, columns)
    shares : array, shape (rows, equations)
        Probabilities of the levels but the first.
    counts : array, shape (rows,)
    """
    columns, equations = design.shape[1], shares.shape[1]
    information = np.empty((columns, equations, columns, equations))
    for one in range(equations):
        for other in range(equations):
            weight = -shares[:, one] * shares[:, other]
            if one == other:
                weight = weight + shares[:, one]
            block = design.T @ ((counts * weight)[:, None] * design)
            information[:, one, :, other] = block
    return information.reshape(columns * equations, columns * equations)
