"""What people do with outcomes seen only for some: each rule returns draws of the mean outcome of the others, and each one's expected outcome.

The draws are of the Bayesian bootstrap (weights Exponential(1)): the uncertainty that a rule itself would report, not the bias it has.
"""

import warnings

import numpy as np

from causalstats.numerics.selection.heckman_likelihood import expected_outcome, inverse_mills

_DRAWS = 200


def seen_only(matrix, included, decision, outcome, weights, rng) -> tuple[np.ndarray, np.ndarray]:
    """Least squares on those decided for. Biased where the decision depends on more than the features."""
    return _bootstrap(
        lambda w: (
            _with_intercept(matrix[:, included])[~decision]
            @ _least_squares(matrix[:, included], decision, outcome, w)
        ),
        decision,
        weights,
        rng,
    )


def two_step(matrix, included, decision, outcome, weights, rng) -> tuple[np.ndarray, np.ndarray]:
    """Heckman's two steps: a probit of the decision, then least squares with the inverse Mills ratio. Unstable where nothing is excluded."""

    def rule(w):
        index = _with_intercept(matrix) @ _probit(matrix, decision, w)
        *beta, covariance = _least_squares(
            np.column_stack([matrix[:, included], inverse_mills(index)]), decision, outcome, w
        )
        return expected_outcome(
            _with_intercept(matrix[:, included]) @ beta, index, covariance, decided=False
        )[~decision]

    return _bootstrap(rule, decision, weights, rng)


RULES = {"seen only": seen_only, "Heckman two-step": two_step}


def _bootstrap(rule, decision, weights, rng) -> tuple[np.ndarray, np.ndarray]:
    share = weights[~decision] / weights[~decision].sum()
    draws = [rule(rng.exponential(size=len(decision))) @ share for _ in range(_DRAWS)]
    return np.array(draws), rule(np.ones(len(decision)))


def _least_squares(matrix, decision, outcome, w) -> np.ndarray:
    root = np.sqrt(w[decision])
    return np.linalg.lstsq(
        _with_intercept(matrix)[decision] * root[:, None], outcome[decision] * root, rcond=None
    )[0]


def _probit(matrix, decision, w) -> np.ndarray:
    import statsmodels.api as sm

    family = sm.families.Binomial(sm.families.links.Probit())
    model = sm.GLM(decision.astype(float), _with_intercept(matrix), family=family, freq_weights=w)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of separation: it shows in the spread of the draws
        return np.asarray(model.fit().params)


def _with_intercept(matrix: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(matrix)), matrix])
