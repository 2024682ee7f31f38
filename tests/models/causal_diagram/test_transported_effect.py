"""An effect in a target population from a trial elsewhere and a survey."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.errors import ModelError

TEXT = "age -> x, y; x -> y; x <-> y"


def worlds(rng, rows):
    """Return a trial among the young, a survey of the target, and the effect in the target."""
    age = rng.random(rows) < 0.2
    x = rng.random(rows) < 0.5
    y = rng.random(rows) < 0.2 + 0.1 * x + 0.4 * x * age
    trial = pd.DataFrame({"age": age, "x": x, "y": y}).astype(int)
    survey = pd.DataFrame({"age": rng.random(rows) < 0.7}).astype(int)
    return trial, survey, 0.1 + 0.4 * 0.7


def answer(trial, survey, changed="age"):
    studies = {
        "trial": (
            cs.Study(randomised="x", changed=changed),
            cs.Observations.from_frame(trial),
        ),
        "survey": (cs.Study(observed=["age"]), cs.Observations.from_frame(survey)),
    }
    return cs.transported_effect(TEXT, "y", {"x": [1, 0]}, studies, seed=1, draws=100)


def test_intervals_cover_and_the_trial_alone_does_not():
    rng = np.random.default_rng(1)
    covered = 0
    alone = 0
    for _ in range(12):
        trial, survey, truth = worlds(rng, 400)
        row = answer(trial, survey).numbers().iloc[0]
        covered += row["lower"] <= truth <= row["upper"]
        naive = trial.groupby("x").y.mean().diff().iloc[-1]
        alone += abs(naive - truth) < 2 * np.sqrt(0.25 / 100)
    assert 9 <= covered <= 12
    assert alone < 6


def test_the_formula_is_the_reweighted_trial():
    trial, survey, _ = worlds(np.random.default_rng(2), 5000)
    by_age = trial.groupby(["age", "x"]).y.mean().unstack()
    share = survey.age.mean()
    expected = (by_age[1] - by_age[0]) @ [1 - share, share]
    effect = answer(trial, survey)
    assert float(effect.draws.mean()) == pytest.approx(expected, abs=0.01)
    assert "P_survey(age) P_trial(y | age, x)" in effect.description
    assert [check.name for check in effect.doubts] == [
        "differences between populations"
    ]


def test_an_age_that_the_trial_never_saw_is_doubted():
    trial, survey, _ = worlds(np.random.default_rng(3), 300)
    effect = answer(trial[trial.age == 0], survey)
    assert "positivity" in {check.name for check in effect.doubts}


def test_a_changed_outcome_is_refused():
    trial, survey, _ = worlds(np.random.default_rng(4), 100)
    with pytest.raises(ModelError, match="mechanism of y differs"):
        answer(trial, survey, changed=["age", "y"])


def test_a_study_of_respondents_and_a_trial():
    """Who took x answers more often; the trial's people move z otherwise."""
    rng = np.random.default_rng(4)

    def rows(count, in_trial):
        u = rng.random(count) < 0.5
        x = rng.random(count) < (0.5 if in_trial else 0.2 + 0.6 * u)
        z = rng.random(count) < (0.5 if in_trial else 0.2 + 0.5 * x)
        y = rng.random(count) < 0.1 + 0.4 * z + 0.3 * u
        return pd.DataFrame({"x": x, "z": z, "y": y}).astype(int)

    read = cs.Observations.from_frame
    survey = rows(6000, in_trial=False)
    answered = rng.random(len(survey)) < 0.3 + 0.5 * survey["x"]
    studies = {
        "respondents": (
            cs.Study(selected="s"),
            read(survey[answered]),
        ),
        "trial": (
            cs.Study(randomised="x", changed="z"),
            read(rows(6000, True)),
        ),
    }
    effect = cs.transported_effect(
        "x -> z -> y; x -> s; x <-> y", "y", {"x": [1, 0]}, studies
    )
    draws = effect.draws
    assert abs(float(draws.mean()) - 0.5 * 0.4) < 4 * float(draws.std())


def test_rates_stratified_by_age_and_drug_and_the_age_of_the_target():
    """Patients drawn 100 a cell, whatever its size: standardised to the target's ages."""
    seen = {(0, 0): 20, (0, 1): 30, (1, 0): 20, (1, 1): 70}  # of 100, by age and drug
    rows = [
        (age, x, y, ill if y else 100 - ill)
        for (age, x), ill in seen.items()
        for y in (0, 1)
    ]
    rates = pd.DataFrame(rows, columns=["age", "x", "y", "n"])
    survey = pd.DataFrame({"age": [0, 1], "n": [300, 700]})
    studies = {
        "rates": (
            cs.Study(observed=["y"], given=["age", "x"]),
            cs.Observations.from_frame(rates, counts="n"),
        ),
        "survey": (
            cs.Study(observed=["age"]),
            cs.Observations.from_frame(survey, counts="n"),
        ),
    }
    text = "age -> x, y; x -> y"
    effect = cs.transported_effect(text, "y", {"x": [1, 0]}, studies, seed=1)
    # Means of Beta(.5 + ill, .5 + well), independent between cells
    mean = {cell: (ill + 0.5) / 101 for cell, ill in seen.items()}
    older = 700.5 / 1001
    truth = (1 - older) * (mean[0, 1] - mean[0, 0]) + older * (mean[1, 1] - mean[1, 0])
    row = effect.numbers().iloc[0]
    assert abs(row["mean"] - truth) < 4 * row["sd"] / np.sqrt(4_000)
    with pytest.raises(ModelError, match="conditional on age"):
        cs.transported_effect(text, "y", {"x": [1, 0]}, {"rates": studies["rates"]})


def test_thin_tables_of_a_trial_say_that_their_prior_decides():
    rng = np.random.default_rng(3)
    names = [f"z{k}" for k in range(4)]
    text = f"{', '.join(names)} -> x, y; x -> y"

    def doubts(rows):
        z = rng.integers(0, 2, (rows, 4))
        x = rng.integers(0, 2, rows)
        y = rng.random(rows) < 0.1 + 0.6 * x * z[:, 0]
        trial = pd.DataFrame(z, columns=names).assign(x=x, y=y.astype(int))
        studies = {
            "trial": (
                cs.Study(randomised="x", changed=names),
                cs.Observations.from_frame(trial),
            ),
            "survey": (
                cs.Study(observed=names),
                cs.Observations.from_frame(trial[names]),
            ),
        }
        effect = cs.transported_effect(text, "y", {"x": [1, 0]}, studies, draws=100)
        return {check.name for check in effect.doubts}

    assert "weight of the prior" in doubts(200)
    assert "weight of the prior" not in doubts(20_000)


def test_levels_written_in_two_ways_are_refused():
    trial, survey, _ = worlds(np.random.default_rng(4), 100)
    with pytest.raises(ModelError, match="levels of 'age' written alike"):
        answer(trial, survey.astype(str))


def thin(seed, rows=300):
    """Return studies with 162 cells for y, whose effect differs by w0, and the target's effect."""
    rng = np.random.default_rng(seed)
    names = [f"w{k}" for k in range(4)]
    w, x = rng.integers(0, 3, (rows, 4)), rng.integers(0, 2, rows)

    def chance(w, x):
        score = 0.375 * (w - 1).sum(axis=1) + x * (0.5 + 0.6 * (w[:, 0] - 1))
        return 1 / (1 + np.exp(1 - score))

    trial = pd.DataFrame(w, columns=names).assign(
        x=x, y=(rng.random(rows) < chance(w, x)).astype(int)
    )
    older = np.maximum(*rng.integers(0, 3, (2, 20_000, 4)))
    studies = {
        "trial": (
            cs.Study(randomised="x", changed=names),
            cs.Observations.from_frame(trial),
        ),
        "survey": (
            cs.Study(observed=names),
            cs.Observations.from_frame(pd.DataFrame(older, columns=names)),
        ),
    }
    return studies, float((chance(older, 1) - chance(older, 0)).mean())


def of_thin(studies, route):
    text = "w0, w1, w2, w3 -> x, y; x -> y"
    return cs.transported_effect(
        text, "y", {"x": [1, 0]}, studies, seed=1, draws=50, route=route
    )


def test_regressions_remedy_thin_tables_of_a_trial():
    """Tables pull the effect towards 0 by .08, and say so; regressions by less than .03."""
    errors = {"reduced": [], "hierarchical": []}
    for seed in range(8):
        studies, truth = thin(seed)
        for route, each in errors.items():
            effect = of_thin(studies, route)
            each.append(float(effect.draws.mean()) - truth)
            names = {check.name for check in effect.doubts}
            assert ("weight of the prior" in names) == (route == "reduced")
    assert np.mean(errors["reduced"]) < -0.04
    assert abs(np.mean(errors["hierarchical"])) < 0.04
    remedy = next(
        check.remedy
        for check in of_thin(studies, "reduced").doubts
        if check.name == "weight of the prior"
    )
    assert "route='hierarchical'" in remedy


def test_regressions_do_not_hide_a_level_that_the_trial_never_saw():
    trial, survey, _ = worlds(np.random.default_rng(3), 300)
    studies = {
        "trial": (
            cs.Study(randomised="x", changed="age"),
            cs.Observations.from_frame(trial[trial.age == 0]),
        ),
        "survey": (cs.Study(observed=["age"]), cs.Observations.from_frame(survey)),
    }
    options = {"seed": 1, "draws": 50}
    effect = cs.transported_effect(
        TEXT, "y", {"x": [1, 0]}, studies, route="hierarchical", **options
    )
    failed = next(check for check in effect.doubts if check.name == "positivity")
    assert "age=1, where the study trial saw nobody" in failed.finding
    with pytest.raises(ModelError, match="route='reduced' or"):
        cs.transported_effect(TEXT, "y", {"x": 1}, studies, route="tables")


def test_skewness_of_regressions_is_judged_by_the_answer():
    """Five events among the treated of 60 move it; among 3,000 the moderators are skewed alone."""

    def doubts(rows, base):
        rng = np.random.default_rng(7)
        w, x = rng.integers(0, 3, (rows, 3)), rng.integers(0, 2, rows)
        names = ["w0", "w1", "w2"]
        y = (rng.random(rows) < base * (1 + x)).astype(int)
        trial = pd.DataFrame(w, columns=names).assign(x=x, y=y)
        studies = {
            "trial": (
                cs.Study(randomised="x", changed=names),
                cs.Observations.from_frame(trial),
            ),
            "survey": (
                cs.Study(observed=names),
                cs.Observations.from_frame(trial[names]),
            ),
        }
        effect = cs.transported_effect(
            "w0, w1, w2 -> x, y; x -> y",
            *("y", {"x": 1}, studies),
            seed=1,
            draws=50,
            route="hierarchical",
        )
        return {check.name for check in effect.doubts}

    assert "normal approximation" in doubts(60, 0.05)
    assert "normal approximation" not in doubts(3000, 0.2)


def test_labels_that_two_studies_write_with_other_capitals_are_named():
    trial, survey, _ = worlds(np.random.default_rng(3), 400)
    trial["age"] = trial["age"].map({0: "young", 1: "old"})
    survey["age"] = survey["age"].map({0: "young", 1: "Old"})
    doubts = {check.name: check for check in answer(trial, survey).doubts}
    assert "'Old'" in doubts["one spelling of each label"].finding


def test_numbers_are_to_be_cut_into_levels_since_no_route_takes_them():
    trial, survey, _ = worlds(np.random.default_rng(4), 100)
    trial["age"] = trial["age"] + 0.5 * np.random.default_rng(4).random(100)
    with pytest.raises(ModelError, match=r"is a number\. Cut it into levels"):
        answer(trial, survey)
