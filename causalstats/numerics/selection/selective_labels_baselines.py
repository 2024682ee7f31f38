"""What people do with selective labels instead: each rule returns draws of the mean risk of the untested.

The draws are of the estimator's large-sample Normal distribution, so that its interval stands beside ours; it is the uncertainty the
rule itself would report, not the bias it has. Logistic regressions are statsmodels' GLM.
"""

import warnings

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from causalstats.numerics.selection.heckman_likelihood import inverse_mills as mills

_DRAWS = 2000
_FEW_DRAWS = 200  # where each draw solves an equation
_FAR = 1e4  # a coefficient, or its standard deviation, that is infinite


def tested_only(matrix, decision, outcome, weights, rng) -> tuple[np.ndarray, np.ndarray]:
    """Logistic regression on the tested. Biased where testing depends on more than the features."""
    return _untested_risk(
        matrix, decision, *_logistic(matrix[decision], outcome[decision]), weights, rng
    )


def untested_negative(matrix, decision, outcome, weights, rng) -> tuple[np.ndarray, np.ndarray]:
    """Logistic regression on everybody, the untested as negative. Biased down, by construction."""
    return _untested_risk(
        matrix, decision, *_logistic(matrix, np.where(decision, outcome, 0)), weights, rng
    )


def inverse_probability(matrix, decision, outcome, weights, rng) -> tuple[np.ndarray, np.ndarray]:
    """Logistic regression on the tested, weighted by 1 / P(tested | x). Biased where testing depends on more than the features."""
    beta, _ = _logistic(matrix, decision.astype(int))
    chance = expit(_with_intercept(matrix) @ beta)[decision]
    return _untested_risk(
        matrix, decision, *_logistic(matrix[decision], outcome[decision], 1 / chance), weights, rng
    )


def pseudo_labels(matrix, decision, outcome, weights, rng) -> tuple[np.ndarray, np.ndarray]:
    """Logistic regression on everybody, the untested labelled by the one on the tested (positive where its risk is above 1/2).

    Its confidence is borrowed: labels it made itself count as data.
    """
    beta, _ = _logistic(matrix[decision], outcome[decision])
    guessed = _with_intercept(matrix) @ beta > 0
    return _untested_risk(
        matrix, decision, *_logistic(matrix, np.where(decision, outcome, guessed)), weights, rng
    )


def inverse_mills(matrix, decision, outcome, weights, rng) -> tuple[np.ndarray, np.ndarray]:
    """Heckman's two steps with a logistic second one: the inverse Mills ratio of a probit of testing as a further feature of the tested.

    The untested have the ratio of those not selected, far from any ratio of the tested: it mostly extrapolates, and is not among `RULES`.
    """
    import statsmodels.api as sm

    design = _with_intercept(matrix)
    probit = sm.GLM(
        decision.astype(int), design, family=sm.families.Binomial(sm.families.links.Probit())
    ).fit()
    index = design @ np.asarray(probit.params)
    ratio = np.where(decision, mills(index), -mills(-index))
    return _untested_risk(
        np.column_stack([matrix, ratio]),
        decision,
        *_logistic(np.column_stack([matrix, ratio])[decision], outcome[decision]),
        weights,
        rng,
    )


def recalibrated(
    prevalence, matrix, decision, outcome, weights, rng
) -> tuple[np.ndarray, np.ndarray]:
    """The regression on the tested, its intercept moved until everybody's mean risk is the known prevalence."""
    beta, covariance = _logistic(matrix[decision], outcome[decision])
    design, share = _with_intercept(matrix), weights / weights.sum()

    def shifted(coefficients):
        index = design @ coefficients
        far = 50 + np.abs(index).max()
        move = brentq(lambda shift: expit(index + shift) @ share - prevalence, -far, far)
        return expit(index + move)[~decision]

    untested = share[~decision] / share[~decision].sum()
    drawn = _drawn(beta, covariance, _FEW_DRAWS, rng)
    return np.array([shifted(coefficients) @ untested for coefficients in drawn]), shifted(beta)


RULES = {
    "tested only": tested_only,
    "untested = negative": untested_negative,
    "inverse probability weighting": inverse_probability,
    "pseudo-labels": pseudo_labels,
}


def _logistic(
    matrix: np.ndarray, outcome: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and their covariance; robust where weighted.

    A column that the others determine among these people, such as the indicator of a level that
    nobody of them has, has no estimate: 0, with a variance so large that a risk that depends on it
    may be anything.
    """
    import statsmodels.api as sm

    design = _with_intercept(matrix)
    kept = _independent(design)
    model = sm.GLM(outcome, design[:, kept], family=sm.families.Binomial(), freq_weights=weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # perfect separation shows in the width of the interval
        try:
            result = model.fit(cov_type="nonrobust" if weights is None else "HC0")
            found, variance = np.asarray(result.params), np.asarray(result.cov_params())
        except np.linalg.LinAlgError:  # of separation so perfect that nothing is left to invert
            found, variance = np.zeros(kept.sum()), np.full((kept.sum(), kept.sum()), np.nan)
    if not np.isfinite(variance).all():
        variance = _FAR**2 * np.eye(len(found))
    beta, covariance = np.zeros(len(kept)), _FAR**2 * np.eye(len(kept))
    beta[kept] = np.nan_to_num(found, posinf=_FAR, neginf=-_FAR)
    covariance[np.ix_(kept, kept)] = variance
    return beta, covariance


def _independent(design: np.ndarray) -> np.ndarray:
    """Return which columns the ones before them do not determine, bool (columns,)."""
    scale = np.sqrt((design**2).sum(axis=0))
    kept = np.zeros(design.shape[1], bool)
    basis = np.zeros((len(design), 0))
    for column in range(design.shape[1]):
        rest = design[:, column] - basis @ (basis.T @ design[:, column])
        length = np.sqrt((rest**2).sum())
        if length > 1e-8 * scale[column] > 0:
            kept[column] = True
            basis = np.column_stack([basis, rest / length])
    return kept


def _untested_risk(
    matrix, decision, beta, covariance, weights, rng
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of the weighted mean risk of the untested, and each one's risk at the estimate."""
    untested, share = (
        _with_intercept(matrix[~decision]),
        weights[~decision] / weights[~decision].sum(),
    )
    draws = _drawn(beta, covariance, _DRAWS, rng)
    return expit(draws @ untested.T) @ share, expit(untested @ beta)


def _drawn(
    beta: np.ndarray, covariance: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Normal draws; of outcomes that features separate the covariance is huge, and symmetric but for that."""
    return rng.multivariate_normal(beta, covariance, count, method="svd", check_valid="ignore")


def _with_intercept(matrix: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(matrix)), matrix])
