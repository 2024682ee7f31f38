"""Logistic and probit regression by iteratively reweighted least squares (Fisher scoring).

Least squares of z = η + (y - μ) / μ' on x with weights w μ'² / (μ (1 - μ)), until the deviance
changes by less than 1e-8, as in the generalized linear models of R and statsmodels (McCullagh &
Nelder 1989, section 2.5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri

Link = Literal["logit", "probit"]

_MOST_ITERATIONS = 100
_TOLERANCE = 1e-8
_SMALLEST_PROBABILITY = np.finfo(float).eps


class Estimates(NamedTuple):
    """Coefficients of a regression and their covariance."""

    coefficients: np.ndarray
    covariance: np.ndarray


class _Scale(NamedTuple):
    """The mean at a linear predictor, the linear predictor at a mean, and the slope there."""

    mean: Callable[[np.ndarray], np.ndarray]
    predictor: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]


_SCALES: dict[Link, _Scale] = {
    "logit": _Scale(expit, logit, lambda mean: mean * (1 - mean)),
    "probit": _Scale(
        ndtr, ndtri, lambda mean: np.exp(-(ndtri(mean) ** 2) / 2) / np.sqrt(2 * np.pi)
    ),
}


def binary_regression(
    design: np.ndarray,
    outcome: np.ndarray,
    weights: np.ndarray | None = None,
    link: Link = "logit",
) -> Estimates:
    """Return the maximum-likelihood estimates of a regression of a binary outcome.

    Parameters
    ----------
    design : array (n, k)
        With a column of ones where there is an intercept, and no column that others determine.
    outcome : array (n,)
        0 or 1.
    weights : array (n,), optional
        How many people a row stands for (frequency weights). With weights the covariance is robust
        to heteroskedasticity (HC0), else the inverse of the expected information.
    link : {"logit", "probit"}

    Returns
    -------
    Estimates
        With complete separation, coefficients that are large and of no meaning.

    Examples
    --------
    >>> design = np.column_stack([np.ones(8), [0, 0, 0, 0, 1, 1, 1, 1]])
    >>> fitted = binary_regression(design, np.array([0, 0, 0, 1, 0, 1, 1, 1]))
    >>> np.exp(fitted.coefficients[1]).round(6)  # the odds ratio, 3 / (1 / 3)
    np.float64(9.0)
    """
    scale = _SCALES[link]
    given = np.ones(len(outcome)) if weights is None else weights
    mean = (outcome + 0.5) / 2
    predictor = scale.predictor(mean)
    deviance = _deviance(outcome, mean, given)
    for _ in range(_MOST_ITERATIONS):
        slope = scale.slope(mean)
        root = np.sqrt(given * slope**2 / (mean * (1 - mean)))
        working = predictor + (outcome - mean) / slope
        weighted = root[:, None] * design
        coefficients = np.linalg.lstsq(weighted, root * working, rcond=None)[0]
        predictor = design @ coefficients
        mean = np.clip(
            scale.mean(predictor), _SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY
        )
        before, deviance = deviance, _deviance(outcome, mean, given)
        if abs(before - deviance) < _TOLERANCE:
            break
    inverse = np.linalg.pinv(weighted)
    covariance = inverse @ inverse.T
    if weights is not None:
        slope = scale.slope(mean)
        score = ((outcome - mean) * slope / (mean * (1 - mean)))[:, None] * design
        covariance = covariance @ (score.T @ (weights[:, None] * score)) @ covariance
    return Estimates(coefficients, covariance)


def _deviance(outcome: np.ndarray, mean: np.ndarray, weights: np.ndarray) -> float:
    likelihood = np.where(outcome == 1, np.log(mean), np.log1p(-mean))
    return float(-2 * weights @ likelihood)
