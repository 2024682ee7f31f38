"""Anchor regression: the k-class, and the risk of predictions where instruments shift."""

import numpy as np
import pytest

from causalstats.numerics.instruments.anchor_regression import anchor_regression
from causalstats.numerics.instruments.k_class import k_class
from causalstats.numerics.instruments.moments import instrument_moments


def design(rows, shift=1.0, seed=1, direct=0.7):
    """A → T, A → Y, hidden H → T, Y, as in the first example of Rothenhäusler et al. (2021)."""
    rng = np.random.default_rng(seed)
    anchor = np.sqrt(shift) * rng.standard_normal(rows)
    hidden, first, second = rng.standard_normal((3, rows))
    treatment = anchor + hidden + first
    outcome = treatment + hidden + direct * anchor + second
    return outcome, treatment, anchor[:, None]


def moments_of(outcome, treatment, anchors):
    return instrument_moments(outcome, treatment, anchors, np.empty((len(anchors), 0)))


@pytest.mark.parametrize("alpha", [0.05, 1.0, 20.0])
def test_the_regression_with_weight_alpha_is_the_k_class_and_anchor_regression(alpha):
    """Minimiser of |Π(y - Tb)|² + α|y - Tb|² = k-class of 1/(1 + α) = anchor of 1 + 1/α."""
    outcome, treatment, anchors = (each - each.mean(axis=0) for each in design(200))
    moments = moments_of(outcome, treatment, anchors)
    projection = anchors @ np.linalg.pinv(anchors)
    weights = projection + alpha * np.eye(200)
    direct = treatment @ weights @ outcome / (treatment @ weights @ treatment)
    assert k_class(moments, 1 / (1 + alpha)).estimate == pytest.approx(direct)
    shift = 1 + 1 / alpha
    total = moments.products + (shift - 1) * moments.explained
    assert total[0, 1] / total[1, 1] == pytest.approx(direct)


def test_draws_lie_about_the_k_class():
    moments = moments_of(*design(4000))
    draws = anchor_regression(moments, [1.0, 10.0], 4000, np.random.default_rng(1))
    for position, kappa in enumerate((0.0, 0.9)):
        values = draws.coefficient[:, position]
        estimate = k_class(moments, kappa).estimate
        assert values.mean() == pytest.approx(estimate, abs=0.2 * values.std())


def test_the_risk_where_instruments_shift_is_foretold():
    """An invalid instrument; squared errors in data where its variance is γ times as large."""
    moments = moments_of(*design(5000))
    draws = anchor_regression(moments, [1.0, 10.0], 4000, np.random.default_rng(1))
    for position, shift in enumerate((1.0, 10.0)):
        outcome, treatment, _ = design(100_000, shift=shift, seed=2)
        error = outcome - draws.coefficient[:, position].mean() * treatment
        low, high = np.quantile(draws.risk[:, position], [0.001, 0.999])
        assert low < error.var() < high
    outcome, treatment, _ = design(100_000, shift=10.0, seed=2)
    risks = [
        (outcome - draws.coefficient[:, position].mean() * treatment).var()
        for position in (0, 1)
    ]
    assert risks[1] < risks[0]


def test_intervals_of_the_coefficient_cover():
    """Population coefficients of γ = 5 in data sets of 200 rows with a weak anchor."""
    total = np.array([[1.0, 0.3], [0.3, 1.0]])
    inside = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        anchors = np.linalg.qr(rng.standard_normal((200, 4)))[0] * np.sqrt(200)
        rows = rng.standard_normal((200, 2)) @ np.linalg.cholesky(total).T
        effects = np.array([[0.1, 0.2], [0.2, -0.1], [0.1, 0.1], [-0.2, 0.1]])
        outcome, treatment = (rows + anchors @ effects).T
        moments = moments_of(outcome, treatment, anchors)
        draws = anchor_regression(moments, [5.0], 1000, rng).coefficient[:, 0]
        truth = total + 5 * effects.T @ effects
        low, high = np.quantile(draws, [0.025, 0.975])
        inside += low < truth[0, 1] / truth[1, 1] < high
    assert 178 <= inside <= 199  # binomial limits of .95 at 1e-4
