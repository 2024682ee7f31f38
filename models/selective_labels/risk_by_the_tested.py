"""The risk of everybody by a regression on the tested, beside a declared prevalence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from causalstats.core.knowledge import as_known
from causalstats.data import Decisions
from causalstats.models.selective_labels.imperfect_test import is_imperfect
from causalstats.models.selective_labels.prevalences import prevalence_of
from causalstats.numerics.selection.heckman_baselines import with_intercept

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

_RIDGE = 1.0  # precision of the coefficients of the regression on the tested
_NEWTON_STEPS = 50


def declared_prevalence(model: SelectiveLabels, data: Decisions) -> tuple[float, float]:
    """Return the declared prevalence of the whole population and its standard deviation."""
    constraint = prevalence_of(model)
    people = data.population
    known = list(constraint.known_in(data).values())
    weights = [people.weights[rows].sum() for rows in constraint.group_rows(data)]
    shares = np.array(weights) / people.weights.sum()
    values = np.array([value.value for value in known])
    sds = np.array([value.sd for value in known])
    return float(shares @ values), float(np.sqrt((shares**2) @ sds**2))


def mean_risk_by_the_tested(
    model: SelectiveLabels, data: Decisions
) -> tuple[float, float]:
    """Return the mean risk of the population by a regression on the tested, and its error.

    The regression is logistic, with a ridge penalty.
    """
    seen = data.decision
    people = data.population
    centre = data.matrix.mean(axis=0)
    spread = data.matrix.std(axis=0)
    tested = with_intercept((data.matrix[seen] - centre) / spread)
    beta, curvature = ridge_logistic(tested, (data.outcome[seen] == 1).astype(float))
    everybody = with_intercept((people.matrix - centre) / spread)
    share = people.weights / people.weights.sum()
    p = expit(everybody @ beta)
    gradient = (share * p * (1 - p)) @ everybody
    mean = float(p @ share)
    variance = float(gradient @ np.linalg.solve(curvature, gradient))
    variance += float((share**2) @ (p - mean) ** 2)  # the population is itself a sample
    if is_imperfect(model):
        mean, variance = _rogan_gladen(model, mean, variance)
    return mean, float(np.sqrt(variance))


def ridge_logistic(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients and curvature at them, by Newton's method."""
    ridge = np.diag([1e-4, *[_RIDGE] * (x.shape[1] - 1)])
    beta = np.zeros(x.shape[1])
    beta[0] = np.log((y.sum() + 0.5) / (len(y) - y.sum() + 0.5))
    for _ in range(_NEWTON_STEPS):
        p = expit(x @ beta)
        curvature = (x.T * (p * (1 - p))) @ x + ridge
        step = np.linalg.solve(curvature, x.T @ (y - p) - ridge @ beta)
        beta += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-6:
            break
    return beta, curvature


def _rogan_gladen(
    model: SelectiveLabels, mean: float, variance: float
) -> tuple[float, float]:
    """Return the true prevalence behind a share of positive results, and its variance.

    π = (p - 1 + specificity) / (sensitivity + specificity - 1) (Rogan & Gladen 1978).
    """
    sensitivity = as_known(model.sensitivity)
    specificity = as_known(model.specificity)
    youden = sensitivity.value + specificity.value - 1
    mean = (mean - 1 + specificity.value) / youden
    variance += (mean * sensitivity.sd) ** 2 + ((1 - mean) * specificity.sd) ** 2
    return mean, variance / youden**2
