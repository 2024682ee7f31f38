"""What people do with selective labels instead: each rule returns draws of the mean risk of the untested.

The draws are of the estimator's large-sample Normal distribution, so that its interval stands beside ours; it is the uncertainty the
rule itself would report, not the bias it has. Logistic regressions are statsmodels' GLM.
"""

import warnings

import numpy as np
from scipy.special import expit

_DRAWS = 2000


def tested_only(matrix, decision, outcome, weights, rng) -> tuple[np.ndarray, np.ndarray]:
    """Logistic regression on the tested. Biased where testing depends on more than the features."""
    return _untested_risk(matrix, decision, *_logistic(matrix[decision], outcome[decision]), weights, rng)


def untested_negative(matrix, decision, outcome, weights, rng) -> tuple[np.ndarray, np.ndarray]:
    """Logistic regression on everybody, the untested as negative. Biased down, by construction."""
    return _untested_risk(matrix, decision, *_logistic(matrix, np.where(decision, outcome, 0)), weights, rng)


def inverse_probability(matrix, decision, outcome, weights, rng) -> tuple[np.ndarray, np.ndarray]:
    """Logistic regression on the tested, weighted by 1 / P(tested | x). Biased where testing depends on more than the features."""
    beta, _ = _logistic(matrix, decision.astype(int))
    chance = expit(_with_intercept(matrix) @ beta)[decision]
    return _untested_risk(matrix, decision, *_logistic(matrix[decision], outcome[decision], 1 / chance), weights, rng)


RULES = {"tested only": tested_only, "untested = negative": untested_negative, "inverse probability weighting": inverse_probability}


def _logistic(matrix: np.ndarray, outcome: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and their covariance; robust where weighted."""
    import statsmodels.api as sm

    model = sm.GLM(outcome, _with_intercept(matrix), family=sm.families.Binomial(), freq_weights=weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # perfect separation shows in the width of the interval
        result = model.fit(cov_type="nonrobust" if weights is None else "HC0")
    return np.asarray(result.params), np.asarray(result.cov_params())


def _untested_risk(matrix, decision, beta, covariance, weights, rng) -> tuple[np.ndarray, np.ndarray]:
    """Draws of the weighted mean risk of the untested, and each one's risk at the estimate."""
    untested, share = _with_intercept(matrix[~decision]), weights[~decision] / weights[~decision].sum()
    draws = rng.multivariate_normal(beta, covariance, _DRAWS, method="svd")
    return expit(draws @ untested.T) @ share, expit(untested @ beta)


def _with_intercept(matrix: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(matrix)), matrix])
