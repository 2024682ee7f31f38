"""Whom an answer of selective labels is about, in which units, and what its test can find."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import causalstats as cs
from causalstats.checks import withheld_outcomes
from causalstats.checks.prior_data_conflict import prior_data_conflict
from causalstats.core.assumption import Relaxation
from causalstats.core.knowledge import Known
from causalstats.inference.fit import _stated
from causalstats.inference.withheld_outcomes import held_out_checks
from causalstats.models.selective_labels.data_checks import data_checks
from causalstats.report.compose import _withheld


def frame(seed, people, **columns):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=people)
    tested = rng.random(people) < expit(x)
    outcome = rng.random(people) < expit(x - 1)
    return pd.DataFrame(
        {"x": x, "tested": tested, "y": np.where(tested, outcome, np.nan), **columns}
    )


def read(table, **arguments):
    return cs.Decisions.from_frame(table, outcome="y", decision="tested", **arguments)


def at_the_truth(model, seed=3, people=400, **simulate):
    simulation = model.simulate(seed, people=people, features=2, **simulate)
    return simulation, model.estimands()


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("levels", [["a", "b"], ["a", "b", "c"]])
def test_a_level_in_which_nobody_was_tested_leaves_a_table(seed, levels):
    rng = np.random.default_rng(seed)
    table = frame(seed, 300)
    nobody = ~table["tested"] & (rng.random(300) < 0.4)
    data = read(
        table.assign(clinic=np.where(nobody, "no scanner", rng.choice(levels, 300))),
        features=["x", "clinic"],
    )
    for rule in cs.SelectiveLabels(prevalence=0.3).baselines(data).values():
        draws, risks = rule(np.random.default_rng(1))
        assert np.isfinite(draws).all() and np.isfinite(risks).all()
        assert (risks >= 0).all() and (risks <= 1).all()
    only, _ = cs.SelectiveLabels(prevalence=0.3).baselines(data)["tested only"](rng)
    assert (
        np.ptp(only) > 0.2
    )  # nothing was seen of these people: their risk may be anything


@pytest.mark.parametrize("sensitivity", [0.5, 0.8])
def test_a_test_finds_no_more_than_its_sensitivity(sensitivity):
    model = cs.SelectiveLabels(sensitivity=sensitivity, specificity=0.98)
    simulation, estimands = at_the_truth(model)
    allocation = estimands["allocation"].compute(simulation.truth, simulation.data)
    assert float(allocation.max()) <= sensitivity + 1e-9
    view = model.views(simulation.truth, simulation.data)["allocation_curve"]()
    assert view.curve[-1] == pytest.approx(sensitivity)
    assert view.line[-1] == pytest.approx(sensitivity)


@pytest.mark.parametrize("each", [100.0, 0.5])
def test_missed_cases_are_people_of_the_population(each):
    table = frame(5, 300, one=1.0, many=each)
    model = cs.SelectiveLabels()
    truth = model.simulate(1, people=50, features=1).truth
    counted = [
        model.estimands()["missed_cases"]
        .compute(truth, read(table, features=["x"], weights=weights))
        .item()
        for weights in ("one", "many")
    ]
    assert counted[1] == pytest.approx(each * counted[0])


@pytest.mark.slow
def test_groups_of_the_prevalence_are_groups_of_the_reference_population():
    """By hand: the mean risk of the reference's people of each level, and not of the study's."""
    rng = np.random.default_rng(5)
    table = frame(5, 300, g=rng.choice(["u", "v"], 300))
    others = pd.DataFrame(
        {"x": rng.normal(-1, 1, 200), "g": rng.choice(["u", "v"], 200)}
    )
    data = read(table, features=["x", "g"]).with_reference(others)
    fit = cs.fit(
        cs.SelectiveLabels(prevalence=0.3),
        data,
        seed=1,
        progress=False,
        sampler=cs.Nuts(chains=2, draws=40, tune=60, backend="jax"),
    )
    by = fit.effect("prevalence", by="g").draws
    risk = fit.effect("risk", at=others).draws
    for level in ("u", "v"):
        mine = risk[..., (others["g"] == level).to_numpy()].mean("person")
        np.testing.assert_allclose(by.sel(group=level), mine, rtol=1e-9)
    with pytest.raises(cs.DataError, match="reference population"):
        fit.effect("prevalence", by="x")


def withheld(answer, truth, size):
    outcomes = np.repeat([1.0, 0.0], [round(truth * size), size - round(truth * size)])
    return withheld_outcomes.held_out_check(
        np.asarray(answer),
        outcomes,
        np.ones(size),
        unit="probability",
        who="some",
        noun="outcomes",
    )


def test_a_follow_up_of_few_is_held_to_its_own_sampling_error():
    draws = np.random.default_rng(1).normal(0.20, 0.01, 4000)
    assert withheld(draws, 0.30, 40).passed is True
    assert withheld(draws, 0.30, 4000).passed is False


@pytest.mark.slow
def test_a_follow_up_of_some_is_no_truth_of_all():
    """The followed are held against the model's risk of the followed, the riskier half."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=600)
    tested, y = rng.random(600) < 0.5, (rng.random(600) < expit(x - 1)).astype(float)
    seen = tested | (x > 0)
    table = pd.DataFrame({"x": x, "tested": tested, "y": np.where(seen, y, np.nan)})
    data = read(table, features=["x"], observed="decided")
    model = cs.SelectiveLabels(unobserved_scale=0.0, prevalence=float(y.mean()))
    fit = cs.fit(model, data, seed=1, progress=False, sampler=cs.Laplace(draws=300))
    assert fit.held_out_rate() is None and "truth" not in fit.compare()
    (check,) = held_out_checks(fit)
    assert check.passed is True
    assert check.value == pytest.approx(y[~tested & (x > 0)].mean())


def test_the_report_says_what_was_found_of_the_followed():
    check = withheld(np.random.default_rng(1).normal(0.2, 0.01, 400), 0.25, 40)
    text = _withheld((check,), pd.DataFrame({"mean": [0.2]}), "%")
    assert text == f"{check.finding[0].upper()}{check.finding[1:]}."


@pytest.mark.slow
def test_results_of_the_same_imperfect_test_are_compared_as_results():
    rng = np.random.default_rng(1)
    people = 2000
    ill, tested = rng.random(people) < 0.05, rng.random(people) < 0.5
    report = np.where(ill, rng.random(people) < 0.9, rng.random(people) < 0.05)
    table = pd.DataFrame(
        {"x": rng.normal(size=people), "tested": tested, "y": report.astype(float)}
    )
    data = read(table, features=["x"], observed="decided")
    model = cs.SelectiveLabels(
        prevalence=cs.Known(0.05, sd=0.003),
        sensitivity=0.9,
        specificity=0.95,
        unobserved_scale=0,
    )
    fit = cs.fit(model, data, seed=1, progress=False, sampler=cs.Laplace(draws=300))
    (check,) = held_out_checks(fit)
    assert check.passed is True and "results of the test" in check.finding
    assert fit.held_out_rate() is None


def serosurvey(people=3330, positive=50):
    """The Santa Clara serosurvey of Gelman & Carpenter (2020), with a feature that does nothing."""
    x = np.random.default_rng(3).standard_normal(people)
    results = np.arange(people) < positive
    return read(
        pd.DataFrame({"x": x, "tested": 1, "y": results.astype(int)}), features=["x"]
    )


def test_everybody_tested_needs_an_imperfect_test_and_nothing_hidden():
    data = serosurvey(people=40, positive=10)
    with pytest.raises(cs.ModelError, match=r"no label is missing.*imperfect test"):
        cs.SelectiveLabels(unobserved_scale=0).build(data)
    with pytest.raises(cs.ModelError, match="expected `unobserved_scale=0`"):
        cs.SelectiveLabels(sensitivity=0.8, specificity=0.98).build(data)
    numbers = data.source.assign(y=np.arange(40.0))
    study = cs.Decisions.from_frame(
        numbers, outcome="y", decision="tested", features=["x"], kind="continuous"
    )
    with pytest.raises(cs.ModelError, match="nobody was selected, and least squares"):
        cs.Heckman().build(study)


@pytest.mark.usefixtures("densities_by_jax")
def test_an_imperfect_test_of_everybody_gives_the_prevalence_of_its_correction():
    """1.5 % of results are positive; at specificity .995 and sensitivity .80, 1.26 % are cases."""
    data = serosurvey()
    model = cs.SelectiveLabels(
        sensitivity=0.80,
        specificity=0.995,
        unobserved_scale=0,
        intercept_prior_scale=10,
    )
    sampler = cs.Laplace(draws=400)
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    assert fit.headline == "prevalence"
    expected = (50 / 3330 + 0.995 - 1) / (0.80 + 0.995 - 1)
    answer = fit.effect("prevalence").numbers().iloc[0]
    error = np.sqrt(50 / 3330 * (1 - 50 / 3330) / 3330) / (0.80 + 0.995 - 1)
    assert abs(answer["mean"] - expected) < 0.3 * error
    assert answer["sd"] == pytest.approx(error, rel=0.15)
    beside = fit.compare()
    assert beside.loc["share of positive results", "mean"] == pytest.approx(
        50 / 3330, rel=0.05
    )
    assert beside.loc["Rogan & Gladen", "mean"] == pytest.approx(expected, rel=0.05)
    with pytest.raises(cs.ModelError, match="everybody was tested"):
        fit.effect("untested_prevalence")
    assert not [check.name for check in fit.check() if check.passed is False]
    assert "everybody" in fit.answer()


def relaxed(labels, rng, shift=0.0):
    table = pd.DataFrame(
        {
            "mean": rng.normal(0, 0.3, len(labels)),
            "sd": 0.3,
            "ess_bulk": 4000.0,
            "r_hat": 1.0,
        },
        index=list(labels),
    )
    table.iloc[0, 0] += shift
    return SimpleNamespace(
        effect=lambda name: SimpleNamespace(numbers=lambda: table), sampling=lambda: []
    )


@pytest.mark.parametrize("count", [1, 5, 29, 80])
def test_an_assumption_about_many_labels_is_refuted_no_more_often_than_about_one(count):
    rng = np.random.default_rng(count)
    labels = tuple(f"clinic[{k}]" for k in range(count))
    lifted = Relaxation(
        name="expertise on clinic",
        model=None,
        estimand="testing_policy",
        known=Known(0.0),
        labels=labels,
    )
    conflicts = [prior_data_conflict(lifted, relaxed(labels, rng)) for _ in range(400)]
    assert all(len(each) == 1 for each in conflicts)
    assert sum(each[0].passed is False for each in conflicts) < 13  # 4 expected
    power = [
        prior_data_conflict(lifted, relaxed(labels, rng, shift=1.8))[0].passed
        for _ in range(60)
    ]
    assert sum(passed is False for passed in power) > 45


def test_words():
    fit = SimpleNamespace()
    fit.text = cs.Effect(
        name="untested_risk",
        draws=_draws(),
        description="P(Y=1 | T=0, x).",
        unit="probability",
        contrast="none",
        kind="associational",
        assumptions=(),
    ).text()
    assert "one side of 0" not in fit.text and "means from" in fit.text
    assert _stated(cs.SelectiveLabels(prevalence=0.5)) == (
        "SelectiveLabels(prevalence=Known(value=0.5, sd=0.0))"
    )
    numeric = frame(1, 60).assign(y=lambda t: np.where(t["tested"], t["x"], np.nan))
    with pytest.raises(cs.DataError, match='kind="continuous"'):
        read(numeric, features=["x"])


def _draws():
    import xarray as xr

    values = np.random.default_rng(1).beta(2, 8, (2, 50, 12))
    return xr.DataArray(values, dims=("chain", "draw", "person"), name="untested_risk")


def test_a_number_of_other_people_is_a_caution_and_idle_controls_are_named():
    rng = np.random.default_rng(3)
    x, idle, offer = rng.standard_normal((3, 800))
    tested = rng.random(800) < 1 / (1 + np.exp(-x - offer))
    ill = rng.random(800) < 1 / (1 + np.exp(1 - x))
    table = pd.DataFrame({"x": x, "idle": idle, "offer": offer, "tested": tested})
    table["ill"] = np.where(tested, ill, np.nan)
    data = cs.Decisions.from_frame(
        table, outcome="ill", decision="tested", features=["x", "idle", "offer"]
    )
    model = cs.SelectiveLabels(prevalence=0.3, negative_controls=["idle", "offer"])
    names = {each.name for each in data_checks(model, data)}
    assert "strength of the negative control idle" in names
    assert "strength of the negative control offer" not in names
    other = "reference population like the study"
    assert other not in names
    register = data.with_reference(table[["x", "idle", "offer"]])
    assert other in {each.name for each in data_checks(model, register)}
