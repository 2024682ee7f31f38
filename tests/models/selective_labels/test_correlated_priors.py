"""Correlated priors of coefficients: what they say of confounding, and for which features."""

import numpy as np
import pytest
from scipy.stats import kendalltau

import causalstats as cs
from causalstats.models.selective_labels.prior_scales import policy_sd, prior_scales
from causalstats.models.selective_labels.priors import COEFFICIENT_PRIORS
from causalstats.models.selective_labels.priors.coefficient_prior import FREE, PAIRED

FEATURES = 60


@pytest.fixture(scope="module")
def data():
    return cs.SelectiveLabels().simulate(1, people=150, features=FEATURES).data


def _pairs(data, prior, seed, correlation=None):
    """Return one draw of the coefficients of risk and of testing where nothing is hidden."""
    model = cs.SelectiveLabels(coefficient_prior=prior, unobserved_scale=0.0)
    rng = np.random.default_rng(seed)
    functions, scales = COEFFICIENT_PRIORS[prior], prior_scales(model)
    risk, spreads = functions.draw_risk(rng, data, scales, 1.0)
    if correlation is not None:
        spreads["coefficient_correlation"] = correlation
    parameters = {"risk_coefficient": risk, "risk_middle": 0.0} | spreads
    parameters["testing_response"] = 1.0
    sd = policy_sd(model, data)
    _, policy = functions.draw_policy(rng, data, scales, sd, parameters, (1.0, 1.0))
    return risk, risk + policy


@pytest.mark.parametrize(
    ("prior", "spread"), [("correlated", 0.54), ("attenuated", 0.13)]
)
def test_many_features_may_confound_as_much_as_few(data, prior, spread):
    """The cosine of the two coefficient vectors is ρ, nearly, and 0 ± 1/√D if independent.

    The standard deviation of tanh z, z ~ Normal(0, 0.75), is 0.54 by quadrature.
    """
    cosines = []
    for seed in range(400):
        b, g = _pairs(data, prior, seed)
        cosines.append(b @ g / np.sqrt((b @ b) * (g @ g)))
    assert np.std(cosines) == pytest.approx(spread, abs=0.05)


def test_simulated_pairs_have_the_rank_correlation_of_an_elliptical_distribution(data):
    """Kendall's τ is 2 arcsin(ρ) / π; coefficients of one draw share their scales."""
    found = []
    for seed in range(60):
        b, g = _pairs(data, "correlated", seed, correlation=0.6)
        found.append(kendalltau(b, g).statistic)
    assert np.mean(found) == pytest.approx(2 * np.arcsin(0.6) / np.pi, abs=0.03)


def test_restricted_features_and_negative_controls_are_alone(data):
    model = cs.SelectiveLabels(
        expertise=["x1"],
        expertise_sd=0.5,
        excluded=["x2"],
        excluded_from_decision=["x3"],
        negative_controls=["x4"],
    )
    sd = policy_sd(model, data)
    assert sd[:5].tolist() == [0.5, FREE, FREE, FREE, PAIRED]
    assert (sd[5:] == PAIRED).all()


def test_an_exclusion_is_judged_by_the_data_alone(data):
    """What other features do must not say what an instrument does."""
    model = cs.SelectiveLabels(
        excluded=["x2"],
        excluded_from_decision=["x3"],
    )
    relaxed = [each.model for each in model.relaxations(data)]
    assert [each.coefficient_prior for each in relaxed] == ["attenuated"] * 2
