"""Answers by groups that are no features say whether the groups differ by more than these."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit

import causalstats as cs


def _numbers(seed, region_effect):
    """Return outcomes seen for some, and draws of the parameters near the truth without region."""
    rng = np.random.default_rng(seed)
    x, z, v, e = rng.normal(size=(4, 800))
    north = rng.random(800) < 0.3
    y = 2 + x + region_effect * north + 0.5 * v + np.sqrt(0.75) * e
    seen = 0.3 + 0.5 * x + 0.8 * z + v > 0
    frame = pd.DataFrame({"x": x, "z": z, "seen": seen, "y": np.where(seen, y, np.nan)})
    data = cs.Decisions.from_frame(
        frame.assign(region=np.where(north, "north", "south")),
        outcome="y",
        decision="seen",
        features=["x", "z"],
        kind="continuous",
        standardise=False,
        keep=["region"],
    )
    shift = 0.3 * region_effect
    truth = {
        "outcome_intercept": 2.0 + shift,
        "outcome_coefficient": [1.0, 0.0],
        "outcome_sd": 1.0,
        "correlation": 0.5,
        "selection_intercept": 0.3,
        "selection_coefficient": [0.5, 0.8],
    }
    return cs.Heckman(excluded=["z"]), data, _posterior(rng, truth, {})


def _labels(seed, region_effect):
    """Return results of tests, and draws of the parameters near the truth without region."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=1500)
    north = rng.random(1500) < 0.3
    risk = -1 + x + 3 * (rng.random(1500) - 0.5)
    ill = rng.random(1500) < expit(risk + region_effect * (north - 0.3))
    tested = rng.random(1500) < expit(risk + 1.3)
    frame = pd.DataFrame(
        {"x": x, "tested": tested, "ill": np.where(tested, ill, np.nan)}
    )
    data = cs.Decisions.from_frame(
        frame.assign(region=np.where(north, "north", "south")),
        outcome="ill",
        decision="tested",
        features=["x"],
        standardise=False,
        keep=["region"],
    )
    truth = {
        "risk_middle": -1.0,
        "risk_coefficient": [1.0],
        "policy_intercept": 1.3,
        "policy_coefficient": [0.0],
    }
    fixed = {"unobserved_width": 3.0, "testing_response": 1.0}
    return cs.SelectiveLabels(prevalence=0.3), data, _posterior(rng, truth, fixed)


def _posterior(rng, truth, fixed):
    drawn = {}
    for name, value in truth.items():
        dims = ("chain", "draw", *["feature"][: np.ndim(value)])
        near = np.array(value) + 0.05 * rng.normal(size=(1, 200, *np.shape(value)))
        drawn[name] = (dims, near)
    for name, value in fixed.items():
        drawn[name] = (("chain", "draw"), np.full((1, 200), value))
    return xr.Dataset(drawn)


def _p_values(world, seed, effect):
    from causalstats.checks.posterior_predictive import posterior_predictive_checks

    model, data, draws = world(seed, effect)
    rng = np.random.default_rng(seed)
    predictions = model.group_predictions(draws, data, "region", rng)
    checks = posterior_predictive_checks(predictions)
    assert all(check.name.endswith(" by region") for check in checks)
    return [check.value for check in checks]


@pytest.mark.parametrize("world", [_numbers, _labels])
def test_a_region_that_moves_the_outcome_and_is_no_feature_is_seen(world):
    values = [min(_p_values(world, seed, 1.0)) for seed in range(4)]
    assert max(values) <= 0.01


@pytest.mark.parametrize("world", [_numbers, _labels])
def test_a_region_that_moves_nothing_passes(world):
    values = np.array([_p_values(world, seed, 0.0) for seed in range(8)])
    assert (values < 0.01).sum() <= 1


@pytest.mark.parametrize(
    ("world", "field"), [(_numbers, "mean"), (_labels, "prevalence")]
)
def test_groups_whose_numbers_are_known_are_looked_at_whoever_asks(world, field):
    """As by `by="region"`, whose predictions are not made a second time."""
    model, data, draws = world(0, 1.0)
    known = cs.KnownByGroup("region", {"north": 0.3, "south": 0.4})
    of_groups = type(model)(**{field: known})
    rng = np.random.default_rng(0)
    names = [each.name for each in of_groups.predictions(draws, data, rng)]
    assert sum(name.endswith("by region") for name in names) == 2
    assert of_groups.group_predictions(draws, data, "region", rng) == ()
    exchanged = of_groups.predictions(draws, data, rng)[-1].remedy
    assert "exchanged" in exchanged and f"known {field}" in exchanged
    assert len(model.predictions(draws, data, rng)) == len(names) - 2
