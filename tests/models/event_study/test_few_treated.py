"""Few units that adopt: the imputation ATT with the errors of units that never do."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.case_studies.minimum_wage import study as minimum_wage
from causalstats.models.event_study.baselines import placebo_att

_NAME = "imputation, errors of those never treated (Conley-Taber)"


def _panel(seed: int, units: int = 80) -> cs.Panel:
    """One unit adopts at time 4 of 8; serially correlated errors, no effect."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(units, 8)).cumsum(axis=1)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), 8),
            "time": np.tile(np.arange(8), units),
            "y": y.ravel(),
        }
    )
    frame["d"] = ((frame["unit"] == 0) & (frame["time"] >= 4)).astype(float)
    return cs.Panel.from_formula("y ~ d | unit + time", frame)


def test_the_spread_is_that_of_placebo_adoptions():
    panel = _panel(1)
    draws = placebo_att(cs.EventStudy(), panel, np.random.default_rng(1))
    y = panel.outcome.reshape(80, 8)
    change = y[:, 4:].mean(axis=1) - y[:, :4].mean(axis=1)
    placebos = change[1:] - change[1:].mean()
    assert draws.mean() == pytest.approx(change[0] - change[1:].mean(), abs=1e-8)
    assert draws.std() == pytest.approx(placebos.std(), rel=0.06)


def test_intervals_of_one_treated_unit_cover(monkeypatch):
    """Ends of an interval by 1,000 draws are off by .005 of the level, 100 intervals by .02."""
    monkeypatch.setattr("causalstats.models.event_study.baselines._PLACEBO_DRAWS", 1000)
    covered = 0
    for seed in range(100):
        draws = placebo_att(cs.EventStudy(), _panel(seed), np.random.default_rng(seed))
        low, high = np.quantile(draws, [0.025, 0.975])
        covered += low <= 0 <= high
    assert 88 <= covered <= 99  # binomial with .95, 1 in 1,000 on either side


def test_few_units_that_never_adopt_have_none():
    model = cs.EventStudy()
    assert _NAME in model.baselines(_panel(1))
    assert _NAME not in model.baselines(_panel(1, 25))


def test_cohorts_of_few_clusters_are_said():
    """One state adopted in 2004; its residuals do not show how states differ."""
    panel = minimum_wage.data(by_state=True)
    fit = cs.fit(minimum_wage.model_by_state(), panel, seed=1, progress=False)
    check = next(c for c in fit.check() if c.name == "clusters of each cohort")
    assert check.passed is None
    assert check.caution
    assert check.finding == "one in cohort 2004"
    assert check.stands_on("cohort")
    assert not check.stands_on("att")
    assert check.name in fit.effect("cohort").summary()["doubts"].iloc[0]


def test_clusters_of_states_widen_the_interval_of_the_minimum_wage():
    """13 states raised, one of them alone and three together."""
    width = {}
    for by_state in (False, True):
        panel = minimum_wage.data(by_state=by_state)
        fit = cs.fit(minimum_wage.model_by_state(), panel, seed=1, progress=False)
        numbers = fit.effect("att").numbers().iloc[0]
        width[by_state] = numbers["upper"] - numbers["lower"]
    assert width[True] / width[False] == pytest.approx(2.4, abs=0.15)


def _states(cohorts, seed):
    """Six units of each state share its shocks; states adopt, and the effect is 0."""
    rng = np.random.default_rng(seed)
    adopted = np.repeat(list(cohorts), list(cohorts.values()))
    state = np.repeat(np.arange(len(adopted)), 6)
    shocks = rng.normal(size=(len(adopted), 6)).cumsum(axis=1)
    y = shocks[state] + rng.normal(size=(len(state), 6))
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(len(state)), 6),
            "time": np.tile(np.arange(6), len(state)),
            "state": np.repeat(state, 6),
            "d": (np.arange(6) >= adopted[state][:, None]).astype(float).ravel(),
            "y": y.ravel(),
        }
    )
    roles = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
    return cs.Panel.from_frame(frame, **roles, cluster="state")


@pytest.mark.slow
def test_nuts_on_the_graph_has_the_draws_of_clustered_errors():
    """The variance of each cohort's part is a variable of the graph."""
    panel, model = _states({2: 3, 4: 4, 9: 8}, 1), minimum_wage.model_by_state()
    sampler = cs.Nuts(chains=2, draws=1000, tune=500)
    by_nuts = cs.fit(model, panel, seed=1, sampler=sampler, progress=False)
    exact = cs.fit(model, panel, seed=1, progress=False)
    theirs, ours = (fit.effect("att") for fit in (by_nuts, exact))
    ess = float(theirs.summary()["ess_bulk"].iloc[0])
    for prob in (0.1, 0.5, 0.9):
        below = float((theirs.draws <= float(ours.draws.quantile(prob))).mean())
        error = np.sqrt(prob * (1 - prob) * (1 / ess + 1 / 4000))
        assert abs(below - prob) < 4.5 * error, (prob, below)


@pytest.mark.slow
def test_intervals_of_cohorts_of_two_and_three_states_cover():
    """Student's t with the number of all states covered .86 of these."""
    inside = 0
    for seed in range(120):
        panel = _states({2: 2, 4: 3, 9: 16}, seed)
        model = minimum_wage.model_by_state()
        draws = model.exact_posterior(panel)(1, 1000, np.random.default_rng(seed))
        att = model.estimands()["att"].compute(draws, panel)
        low, high = np.quantile(att, [0.025, 0.975])
        inside += low < 0 < high
    assert 107 <= inside <= 120  # binomial with .95, 1 in 1,000 below
