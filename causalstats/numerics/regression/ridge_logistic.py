"""Logistic regression with a small ridge penalty, by Newton's method, for checks."""

from __future__ import annotations

import numpy as np

_MOST_STEPS = 30
_LARGEST_LOGIT = 30
_LARGEST_STEP = 5
_CONVERGED = 1e-6
_PENALTY_OF_INTERCEPT = 1e-9


def fitted_probabilities(
    design: np.ndarray,
    event: np.ndarray,
    ridge: float,
) -> np.ndarray:
    """Return the fitted probabilities of a logistic regression with a ridge penalty.

    Parameters
    ----------
    design : array, shape (rows, columns)
        Its first column is the intercept, which is hardly penalised.
    event : array, shape (rows,)
        1 where it occurred, else 0.
    ridge : float
        The penalty, ridge / 2 times the sum of squared coefficients.

    Examples
    --------
    >>> event = np.array([0.0, 0.0, 0.0, 1.0])
    >>> fitted_probabilities(np.ones((4, 1)), event, 1e-3).round(3)
    array([0.25, 0.25, 0.25, 0.25])
    """
    penalty = ridge * np.eye(design.shape[1])
    penalty[0, 0] = _PENALTY_OF_INTERCEPT
    coefficients = np.zeros(design.shape[1])
    for _ in range(_MOST_STEPS):
        p = _probabilities(design, coefficients)
        weight = np.maximum(p * (1 - p), 1e-9)
        hessian = (design * weight[:, None]).T @ design + penalty
        gradient = design.T @ (event - p) - penalty @ coefficients
        step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        coefficients = coefficients + np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
        if np.abs(step).max() < _CONVERGED:
            break
    return _probabilities(design, coefficients)


def _probabilities(design: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    logits = np.clip(design @ coefficients, -_LARGEST_LOGIT, _LARGEST_LOGIT)
    return 1 / (1 + np.exp(-logits))
