"""Products, steps and curves that `PanelDML` cannot follow are found, and remedies help."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.panel_dml.learned_columns import learned_columns
from causalstats.models.panel_dml.row_blocks import columns_of

_NAME = "covariates act as assumed"
_LEARNED = "functions of covariates are learned"


def _panel(function, covariates, seed, units=150, times=6, ids=np.arange):
    """The same function of the covariates acts on treatment and outcome; the effect is 1."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"unit": np.repeat(ids(units), times), "time": np.tile(np.arange(times), units)}
    )
    x = rng.normal(size=(len(frame), covariates))
    names = [f"x{k}" for k in range(covariates)]
    frame[names] = x
    frame["d"] = function(x) + rng.normal(size=len(frame))
    frame["y"] = frame["d"] + function(x) + rng.normal(size=len(frame))
    return frame.sample(frac=1, random_state=seed), names


def _read(frame, covariates):
    return cs.Panel.from_frame(
        frame,
        unit="unit",
        time="time",
        outcome="y",
        treatment="d",
        covariates=covariates,
    )


def _check(model, panel, name=_NAME):
    return next(check for check in model.data_checks(panel) if check.name == name)


def _effect(model, panel):
    fit = cs.fit(model, panel, seed=1, progress=False)
    return fit.effect("effect").numbers().iloc[0]


def _words(count):
    return np.array([f"firm {k}" for k in range(count)])


def _product(x):
    return x[:, 0] * x[:, 1]


def _signs(x):
    return np.sign(x[:, 0]) * np.sign(x[:, 1])


def _three_signs(x):
    return np.sign(x[:, 0] * x[:, 1] * x[:, 2])


def _wave(x):
    return np.sign(np.sin(6 * x[:, 0]))


def _step(x):
    return 3.0 * (x[:, 0] > 0.3)


@pytest.mark.parametrize(
    ("function", "covariates", "seed", "ids"),
    [
        (_product, 2, 1, np.arange),
        (_product, 8, 2, _words),
        (_signs, 2, 3, np.arange),
        (_wave, 1, 4, np.arange),
        (_wave, 3, 5, _words),
        (_step, 1, 6, np.arange),
    ],
)
def test_products_and_steps_that_the_columns_miss_are_found(
    function, covariates, seed, ids
):
    frame, names = _panel(function, covariates, seed, ids=ids)
    check = _check(cs.PanelDML(errors="cluster"), _read(frame, names))
    assert check.passed is False
    assert check.stands_on("effect")
    assert "`cs.panel_dml_estimators(fit, methods=['CRE'], seed=1)`" in check.remedy


def test_a_curve_taken_for_a_line_is_found_and_more_columns_help():
    frame, names = _panel(lambda x: x[:, 0] ** 2, 1, 7)
    panel = _read(frame, names)
    check = _check(cs.PanelDML(basis_size=1), panel)
    assert check.passed is False
    assert "larger `basis_size`" in check.remedy
    assert _check(cs.PanelDML(), panel).passed is True


@pytest.mark.parametrize(
    "fields", [{"interactions": "pairs"}, {"interactions": [("x0", "x1")]}]
)
def test_products_that_are_asked_for_are_no_longer_missed(fields):
    frame, names = _panel(_product, 2, 8)
    panel = _read(frame, names)
    wrong, right = (
        cs.PanelDML(errors="cluster"),
        cs.PanelDML(errors="cluster", **fields),
    )
    assert _check(wrong, panel).passed is False
    assert _check(right, panel).passed is True
    answers = {model: _effect(model, panel) for model in (wrong, right)}
    assert answers[wrong]["lower"] > 1.2
    assert abs(answers[right]["mean"] - 1) < 4 * answers[right]["sd"]


def test_a_threshold_given_as_a_covariate_is_no_longer_missed():
    frame, names = _panel(_step, 1, 9)
    frame["above"] = (frame["x0"] > 0.3) * 1.0
    model = cs.PanelDML(errors="cluster")
    assert _check(model, _read(frame, names)).passed is False
    assert _check(model, _read(frame, [*names, "above"])).passed is True


def test_following_the_remedy_learns_a_product_that_nobody_named():
    frame, names = _panel(_product, 2, 8)
    panel = _read(frame, names)
    wrong, learned = cs.PanelDML(), cs.PanelDML(nuisance="boosting")
    assert "`nuisance='boosting'`" in _check(wrong, panel).remedy
    assert learned.statistics(panel).columns.learned.terms == ("x0 x x1",)
    assert _check(learned, panel).passed is True
    assert _check(learned, panel, _LEARNED).passed is True
    answer = _effect(learned, panel)
    assert abs(answer["mean"] - 1) < 4 * answer["sd"]


def test_a_step_at_a_threshold_is_learned():
    frame, names = _panel(_step, 1, 9)
    panel, learned = _read(frame, names), cs.PanelDML(nuisance="boosting")
    assert _check(learned, panel).passed is True
    answer = _effect(learned, panel)
    assert abs(answer["mean"] - 1) < 4 * answer["sd"]


def test_thresholds_of_steps_are_found_between_neighbouring_values():
    """Beside splines, which take most of a step, thresholds were up to .2 off."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((3, 100, 8))
    steps = 2.0 * (x[0] > 0.4) + 1.5 * (x[1] > -0.8)
    frame = pd.DataFrame({"x0": x[0].ravel(), "x1": x[1].ravel(), "x2": x[2].ravel()})
    frame["unit"], frame["time"] = np.divmod(np.arange(len(frame)), 8)
    frame["d"] = steps.ravel() + rng.standard_normal(len(frame))
    frame["y"] = 0.5 * frame["d"] + steps.ravel() + rng.standard_normal(len(frame))
    panel = _read(frame, ["x0", "x1", "x2"])
    columns = columns_of(cs.PanelDML(), panel)
    learned = learned_columns(columns, panel, within=True)
    for fold in learned.functions:
        for function in fold:
            for name, threshold in [("x0", 0.4), ("x1", -0.8)]:
                found = [
                    step.threshold
                    for factors in function.steps.values()
                    for step in factors
                    if step.name == name
                ]
                values = np.sort(frame[name])
                true_rank = np.searchsorted(values, threshold)
                ranks = np.searchsorted(values, found, side="right")
                assert min(abs(ranks - true_rank)) <= 6  # of 800 values


def test_functions_that_are_too_hard_to_learn_are_said():
    frame, names = _panel(_three_signs, 8, 3)
    check = _check(cs.PanelDML(nuisance="boosting"), _read(frame, names), _LEARNED)
    assert check.passed is False
    assert check.stands_on("effect")


@pytest.mark.parametrize("seed", [123, 4])
def test_products_in_the_design_of_doubleml_are_found(seed):
    """Clarke & Polselli's third design: x1 acts by x1·x3, and 0.5 is estimated as about 1.3."""
    from doubleml.plm.datasets import make_plpr_CP2025

    np.random.seed(seed)
    frame = make_plpr_CP2025(num_id=250, num_t=8, dim_x=10, theta=0.5, dgp_type="dgp3")
    names = [name for name in frame if name.startswith("x")]
    panel = cs.Panel.from_frame(
        frame, unit="id", time="time", outcome="y", treatment="d", covariates=names
    )
    assert _check(cs.PanelDML(errors="cluster"), panel).passed is False
    assert (
        _check(cs.PanelDML(errors="cluster", interactions="pairs"), panel).passed
        is True
    )


def test_a_misread_covariate_of_the_treatment_alone_does_no_harm():
    """Products move the treatment only: the effect is right if either equation is."""
    rng = np.random.default_rng(10)
    frame, names = _panel(_product, 2, 10)
    frame["y"] = frame["d"] + np.sin(frame["x0"]) + rng.normal(size=len(frame))
    assert _check(cs.PanelDML(errors="cluster"), _read(frame, names)).passed is True


@pytest.mark.parametrize("seed", [11, 12])
def test_a_treatment_by_a_threshold_of_a_covariate_is_found(seed):
    frame, names = _panel(_step, 1, seed, units=250)
    frame["d"] = (frame["x0"] > 0.2) * 1.0
    panel = _read(frame, names)
    name = "treatment is not a function of the covariates"
    check = _check(cs.PanelDML(errors="cluster"), panel, name)
    assert check.passed is False
    assert check.stands_on("effect")


def test_with_few_units_the_check_says_that_it_cannot_decide():
    frame, names = _panel(_product, 2, 13, units=8, times=4)
    check = _check(cs.PanelDML(), _read(frame, names))
    assert check.passed is None
    assert "too few" in check.finding


def test_without_covariates_there_is_nothing_to_check():
    frame, _ = _panel(_product, 2, 14)
    assert all(
        check.name != _NAME for check in cs.PanelDML().data_checks(_read(frame, []))
    )
