"""Baselines for selective labels: logistic regressions that need no model of who is tested.

Regression on the tested, and inverse probability weighting (IPW), which hold where the decision is
ignorable: missing at random.

Each rule returns draws of the mean risk of the untested, (draws,), and each one's risk. The draws
are of the estimator's large-sample Normal distribution, so that its interval can be compared with
ours; they have the uncertainty that the rule itself would report, not its bias. Logistic
regressions are statsmodels' GLM.
"""

import warnings

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from causalstats.numerics.selection.heckman_baselines import Answer, with_intercept
from causalstats.numerics.selection.inverse_mills_ratio import inverse_mills_ratio

_DRAWS = 2000
_RECALIBRATED_DRAWS = 200  # each of which solves an equation
# In place of a coefficient, or of its standard deviation, that is infinite
_INFINITE = 1e4


def tested_only(
    matrix: np.ndarray,
    decision: np.ndarray,
    outcome: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> Answer:
    """Return the answer of a logistic regression on the tested.

    It is biased where testing depends on more than the features.

    Parameters
    ----------
    matrix : array (N, D)
    decision : bool array (N,)
    outcome, weights : arrays (N,)
    rng : Generator
    """
    beta, covariance = _logistic(matrix[decision], outcome[decision])
    return _untested_risk(matrix, decision, beta, covariance, weights, rng)


def untested_negative(
    matrix: np.ndarray,
    decision: np.ndarray,
    outcome: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> Answer:
    """Return the answer of a logistic regression on everybody, with the untested as negative.

    It is biased down, by construction.

    Parameters
    ----------
    matrix : array (N, D)
    decision : bool array (N,)
    outcome, weights : arrays (N,)
    rng : Generator
    """
    beta, covariance = _logistic(matrix, np.where(decision, outcome, 0))
    return _untested_risk(matrix, decision, beta, covariance, weights, rng)


def inverse_probability(
    matrix: np.ndarray,
    decision: np.ndarray,
    outcome: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> Answer:
    """Return the answer of inverse probability weighting.

    A logistic regression on the tested, weighted by 1 / P(tested | x). It is biased where testing
    depends on more than the features.

    Parameters
    ----------
    matrix : array (N, D)
    decision : bool array (N,)
    outcome, weights : arrays (N,)
    rng : Generator
    """
    beta, _ = _logistic(matrix, decision.astype(int))
    chance = expit(with_intercept(matrix) @ beta)[decision]
    beta, covariance = _logistic(matrix[decision], outcome[decision], 1 / chance)
    return _untested_risk(matrix, decision, beta, covariance, weights, rng)


def pseudo_labels(
    matrix: np.ndarray,
    decision: np.ndarray,
    outcome: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> Answer:
    """Return the answer of pseudo-labels.

    A logistic regression on everybody, with the untested labelled by the one on the tested
    (positive where the risk is above 1/2). Its intervals are too short: labels it made itself count
    as data.

    Parameters
    ----------
    matrix : array (N, D)
    decision : bool array (N,)
    outcome, weights : arrays (N,)
    rng : Generator
    """
    beta, _ = _logistic(matrix[decision], outcome[decision])
    guessed = with_intercept(matrix) @ beta > 0
    beta, covariance = _logistic(matrix, np.where(decision, outcome, guessed))
    return _untested_risk(matrix, decision, beta, covariance, weights, rng)


def two_step_logit(
    matrix: np.ndarray,
    decision: np.ndarray,
    outcome: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> Answer:
    """Return the answer of Heckman's two steps with a logistic regression as the second.

    The inverse Mills ratio of a probit of testing is a further feature of the tested. The untested
    have the ratio of those not selected, far from any ratio of the tested: the rule mostly
    extrapolates, and is not among `RULES`.

    Parameters
    ----------
    matrix : array (N, D)
    decision : bool array (N,)
    outcome, weights : arrays (N,)
    rng : Generator
    """
    import statsmodels.api as sm

    design = with_intercept(matrix)
    family = sm.families.Binomial(sm.families.links.Probit())
    probit = sm.GLM(decision.astype(int), design, family=family).fit()
    index = design @ np.asarray(probit.params)
    ratio = np.where(decision, inverse_mills_ratio(index), -inverse_mills_ratio(-index))
    extended = np.column_stack([matrix, ratio])
    beta, covariance = _logistic(extended[decision], outcome[decision])
    return _untested_risk(extended, decision, beta, covariance, weights, rng)


def recalibrated(
    prevalence: float,
    matrix: np.ndarray,
    decision: np.ndarray,
    outcome: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> Answer:
    """Return the answer of the regression on the tested, recalibrated to a known prevalence.

    The intercept is moved until everybody's mean risk is the prevalence.

    Parameters
    ----------
    prevalence : float
    matrix : array (N, D)
    decision : bool array (N,)
    outcome, weights : arrays (N,)
    rng : Generator
    """
    beta, covariance = _logistic(matrix[decision], outcome[decision])
    design = with_intercept(matrix)
    share = weights / weights.sum()

    def shifted(coefficients):
        index = design @ coefficients
        far = 50 + np.abs(index).max()
        move = brentq(
            lambda shift: expit(index + shift) @ share - prevalence, -far, far
        )
        return expit(index + move)[~decision]

    untested = share[~decision] / share[~decision].sum()
    drawn = _drawn(beta, covariance, _RECALIBRATED_DRAWS, rng)
    return np.array(
        [shifted(coefficients) @ untested for coefficients in drawn]
    ), shifted(beta)


def prevalence_alone(
    prevalence: float,
    sd: float,
    matrix: np.ndarray,
    decision: np.ndarray,
    outcome: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> Answer:
    """Return the answer of arithmetic: what the tested leave of a known prevalence.

    P(Y=1 | T=0) = (P(Y=1) - P(T=1) P(Y=1 | T=1)) / P(T=0), without a model or a feature.

    Parameters
    ----------
    prevalence, sd : float
        The known prevalence and its standard deviation.
    matrix : array (N, D)
    decision : bool array (N,)
    outcome, weights : arrays (N,)
    rng : Generator
    """
    tested = weights[decision].sum() / weights.sum()
    positive = np.average(outcome[decision] == 1, weights=weights[decision])
    size = weights[decision].sum() ** 2 / (weights[decision] ** 2).sum()
    cases = size * positive + 0.5  # Jeffreys' prior
    share = rng.beta(cases, size + 1 - cases, _DRAWS)
    known = prevalence + sd * rng.standard_normal(_DRAWS)
    draws = np.clip((known - tested * share) / (1 - tested), 0.0, 1.0)
    return draws, np.full((~decision).sum(), draws.mean())


RULES = {
    "tested only": tested_only,
    "untested = negative": untested_negative,
    "inverse probability weighting": inverse_probability,
    "pseudo-labels": pseudo_labels,
}


def _logistic(
    matrix: np.ndarray, outcome: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients and their covariance, heteroskedasticity-robust (HC0) where weighted.

    A column that the others determine among these people, such as the indicator of a level that
    nobody of them has, has no estimate: 0, with a variance so large that a risk that depends on it
    may be anything. Complete separation, where the estimates are infinite, is answered likewise.

    Parameters
    ----------
    matrix : array (n, D)
    outcome : array (n,)
    weights : array (n,), optional
        Inverse probabilities: scores are weighted, and the sandwich sums their squares.
    """
    import statsmodels.api as sm

    design = with_intercept(matrix)
    kept = _independent(design)
    model = sm.GLM(
        outcome, design[:, kept], family=sm.families.Binomial(), var_weights=weights
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # separation shows in the width of the interval
        try:
            result = model.fit(cov_type="nonrobust" if weights is None else "HC0")
            estimates = np.asarray(result.params)
            variance = np.asarray(result.cov_params())
        except (
            np.linalg.LinAlgError
        ):  # complete separation, with nothing left to invert
            estimates = np.zeros(kept.sum())
            variance = np.full((kept.sum(), kept.sum()), np.nan)
    if not np.isfinite(variance).all():
        variance = _INFINITE**2 * np.eye(len(estimates))
    beta = np.zeros(len(kept))
    covariance = _INFINITE**2 * np.eye(len(kept))
    beta[kept] = np.nan_to_num(estimates, posinf=_INFINITE, neginf=-_INFINITE)
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
    matrix: np.ndarray,
    decision: np.ndarray,
    beta: np.ndarray,
    covariance: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> Answer:
    """Return draws of the weighted mean risk of the untested, and each one's risk at the estimate.

    Parameters
    ----------
    matrix : array (N, D)
    decision : bool array (N,)
    beta, covariance : arrays (1 + D,), (1 + D, 1 + D)
    weights : array (N,)
    rng : Generator
    """
    untested = with_intercept(matrix[~decision])
    share = weights[~decision] / weights[~decision].sum()
    draws = _drawn(beta, covariance, _DRAWS, rng)
    return expit(draws @ untested.T) @ share, expit(untested @ beta)


def _drawn(
    beta: np.ndarray, covariance: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    # Under separation the covariance is huge, and symmetric only up to rounding.
    return rng.multivariate_normal(
        beta, covariance, count, method="svd", check_valid="ignore"
    )
