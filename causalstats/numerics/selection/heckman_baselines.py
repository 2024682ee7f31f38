"""Baselines for a selected sample: least squares, and Heckman's two-step estimator.

Each rule returns draws of the mean outcome of the others, (200,), and each one's expected outcome.
The draws are those of the Bayesian bootstrap (weights Exponential(1)): the uncertainty that the
rule itself would report, not its bias.
"""

from collections.abc import Callable

import numpy as np

from causalstats.numerics.selection.heckman_likelihood import (
    expected_outcome,
)
from causalstats.numerics.selection.inverse_mills_ratio import inverse_mills_ratio

Answer = tuple[np.ndarray, np.ndarray]
"""Draws of the mean of the others, and the expected outcome of each."""

_DRAWS = 200
_MOST_STEPS = 30
_CONVERGED = 1e-9


def seen_only(
    matrix: np.ndarray,
    included: np.ndarray,
    decision: np.ndarray,
    outcome: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> Answer:
    """Return the answer of least squares on the selected sample.

    It is biased where the decision depends on more than the features.

    Parameters
    ----------
    matrix : array (N, D)
    included : int array
        Columns that may affect the outcome.
    decision : bool array (N,)
    outcome, weights : arrays (N,)
    rng : Generator
    """

    def rule(w):
        beta = weighted_least_squares(matrix[:, included], decision, outcome, w)
        return with_intercept(matrix[:, included])[~decision] @ beta

    return _bootstrap(rule, decision, weights, rng)


def two_step(
    matrix: np.ndarray,
    included: np.ndarray,
    decision: np.ndarray,
    outcome: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
    deciding: np.ndarray | None = None,
) -> Answer:
    """Return the answer of Heckman's two-step estimator.

    A probit of the decision, then least squares with the inverse Mills ratio as control function.
    It is unstable without an exclusion restriction.

    Parameters
    ----------
    matrix : array (N, D)
    included : int array
        Columns that may affect the outcome; the others are exclusion restrictions.
    decision : bool array (N,)
    outcome, weights : arrays (N,)
    rng : Generator
    deciding : int array, optional
        Columns that may affect the decision; all of them without it.
    """
    causes = matrix if deciding is None else matrix[:, deciding]

    def rule(w):
        index = with_intercept(causes) @ weighted_probit(causes, decision, w)
        corrected = np.column_stack([matrix[:, included], inverse_mills_ratio(index)])
        *beta, covariance = weighted_least_squares(corrected, decision, outcome, w)
        mean = with_intercept(matrix[:, included]) @ beta
        return expected_outcome(mean, index, covariance, decided=False)[~decision]

    return _bootstrap(rule, decision, weights, rng)


def with_intercept(matrix: np.ndarray) -> np.ndarray:
    """Return the columns (N, D) after a column of ones, (N, 1 + D)."""
    return np.column_stack([np.ones(len(matrix)), matrix])


def _bootstrap(
    rule: Callable[[np.ndarray], np.ndarray],
    decision: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> Answer:
    share = weights[~decision] / weights[~decision].sum()
    draws = [rule(rng.exponential(size=len(decision))) @ share for _ in range(_DRAWS)]
    return np.array(draws), rule(np.ones(len(decision)))


def weighted_least_squares(
    matrix: np.ndarray,
    decision: np.ndarray,
    outcome: np.ndarray,
    w: np.ndarray,
) -> np.ndarray:
    """Return coefficients, the intercept first, of least squares on those decided for.

    Parameters
    ----------
    matrix : array (N, D)
    decision : bool array (N,)
    outcome, w : arrays (N,)
        Outcome and weights of the regression.
    """
    root = np.sqrt(w[decision])
    scaled = with_intercept(matrix)[decision] * root[:, None]
    return np.linalg.lstsq(scaled, outcome[decision] * root, rcond=None)[0]


def weighted_probit(
    matrix: np.ndarray,
    decision: np.ndarray,
    w: np.ndarray,
) -> np.ndarray:
    """Return coefficients, the intercept first, of a probit of the decision.

    Newton's method: with s = 1 for those decided for and -1 for the others, u = s x'β and the
    inverse Mills ratio λ(u), the gradient is Σ w s λ x and minus the Hessian Σ w λ (λ + u) xx'.
    Where the columns separate the decisions, coefficients stop far out after the last step, which
    shows in the spread of the draws.

    Parameters
    ----------
    matrix : array (N, D)
    decision : bool array (N,)
    w : array (N,)
        Weights.
    """
    design = with_intercept(matrix)
    scale = np.sqrt((design**2).mean(axis=0))
    scale[scale == 0] = 1.0
    signed = design / scale * np.where(decision, 1.0, -1.0)[:, None]
    coefficients = np.zeros(design.shape[1])
    for _ in range(_MOST_STEPS):
        index = signed @ coefficients
        ratio = inverse_mills_ratio(index)
        information = (signed * (w * ratio * (ratio + index))[:, None]).T @ signed
        gradient = signed.T @ (w * ratio)
        step = np.linalg.lstsq(information, gradient, rcond=None)[0]
        coefficients = coefficients + step
        if np.abs(step).max() < _CONVERGED:
            break
    return np.asarray(coefficients / scale)
