"""Where nothing hidden is assumed, the answer says so, and what a control could have shown."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binomtest

import causalstats as cs
from causalstats.models.shared.nothing_hidden import NOTHING_HIDDEN, least_visible
from causalstats.numerics.regression.ridge_logistic import fitted_probabilities

FEATURES = ["a", "b", "offer"]


def study(seed, hidden, people=1000, offer=2.0, everybody=False):
    """People whom a hidden cause of this size makes ill and tested."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((people, 3))
    risk = x @ [0.8, 0.5, 0.0] - 1 + hidden * rng.standard_normal(people)
    ill = rng.random(people) < expit(risk)
    tested = (rng.random(people) < expit(risk + offer * x[:, 2])) | everybody
    frame = pd.DataFrame(x, columns=FEATURES)
    frame = frame.assign(tested=tested, ill=np.where(tested, ill, np.nan))
    return cs.Decisions.from_frame(
        frame, outcome="ill", decision="tested", features=FEATURES
    )


def cautions(model, data):
    return [each for each in model.data_checks(data) if each.name == NOTHING_HIDDEN]


def test_a_control_shows_the_size_that_it_is_said_to_show():
    """Wald tests at 1 % of the control's coefficient among the tested, as the check makes them."""
    size = float(np.median([least_visible(study(k, 0.0), "offer") for k in range(5)]))
    assert 1.5 < size < 2.3
    found = {0.0: 0, size / 2: 0, size: 0}
    for hidden in found:
        for seed in range(60):
            data = study(100 + seed, hidden)
            seen = data.decision
            design = np.column_stack([np.ones(seen.sum()), data.matrix[seen]])
            ill = data.outcome[seen] * 1.0
            p = fitted_probabilities(design, ill, 1e-6)
            curvature = (design * (p * (1 - p))[:, None]).T @ design
            # Coefficients of logits that are linear in the design.
            logits = np.log(p / (1 - p))
            slope = np.linalg.lstsq(design, logits, rcond=None)[0][3]
            error = np.sqrt(np.linalg.inv(curvature)[3, 3])
            found[hidden] += abs(slope / error) > 2.576
    assert binomtest(found[size], 60, 0.8).pvalue > 0.001
    assert found[size / 2] < 20
    assert found[0.0] < 6


def test_the_caution_names_the_size_and_stands_on_the_untested():
    data = study(1, 0.0)
    model = cs.SelectiveLabels(unobserved_scale=0, negative_controls=["offer"])
    (check,) = cautions(model, data)
    assert check.passed is None and check.stands_on("untested_prevalence")
    assert "offer, which moves decisions alone, shows in about 4 of 5" in check.finding
    assert check.value == least_visible(data, "offer")
    excluded = cs.SelectiveLabels(unobserved_scale=0, excluded=["offer"])
    assert cautions(excluded, data)[0].value == check.value
    other = cs.SelectiveLabels(response=0.0, negative_controls=["offer"])
    assert "`response` is 0" in cautions(other, data)[0].finding


def test_many_people_and_a_strong_control_make_it_pass():
    data = study(1, 0.0, people=200_000)
    model = cs.SelectiveLabels(unobserved_scale=0, negative_controls=["offer"])
    (check,) = cautions(model, data)
    assert check.passed and check.value < 0.6


def test_an_idle_control_shows_nothing():
    assert np.isinf(least_visible(study(1, 0.0, offer=0.0), "offer"))


def test_a_worse_test_shows_less():
    data = study(1, 0.0, people=5000)
    sizes = [least_visible(data, "offer", *rates) for rates in ((1, 1), (0.7, 0.95))]
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize(
    "model",
    [
        cs.SelectiveLabels(),
        cs.SelectiveLabels(unobserved_scale=0, prevalence=0.3),
        cs.SelectiveLabels(unobserved_scale=1, negative_controls=["offer"]),
    ],
)
def test_models_that_say_more_of_the_untested_have_no_such_caution(model):
    assert not cautions(model, study(1, 0.0))


def test_where_everybody_is_tested_nothing_is_missing():
    model = cs.SelectiveLabels(unobserved_scale=0, sensitivity=0.9, specificity=0.95)
    assert not cautions(model, study(1, 0.0, everybody=True))


def test_errors_taken_for_uncorrelated_are_a_caution_without_an_exclusion():
    rng = np.random.default_rng(1)
    x, z, u, v = rng.standard_normal((4, 300))
    seen = x + z + v > 0
    frame = pd.DataFrame({"x": x, "z": z, "seen": seen})
    frame["y"] = np.where(seen, x + u, np.nan)
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="seen", features=["x", "z"], kind="continuous"
    )
    (check,) = cautions(cs.Heckman(correlation=0.0), data)
    assert check.stands_on("unseen_outcome") and check.passed is None
    for known in ({"correlation": 0.3}, {"correlation": 0.0, "excluded": ["z"]}, {}):
        assert not cautions(cs.Heckman(**known), data)
