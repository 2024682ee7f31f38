"""Covariates that the unit effects absorb are named on the answer."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

_NAME = "covariates vary within units"


@pytest.fixture(scope="module")
def frame():
    """Adoption depends on `base`, and so do the trends of the outcome; the effect is 1."""
    rng = np.random.default_rng(0)
    panel = pd.DataFrame(
        {"id": np.repeat(np.arange(200), 4), "t": np.tile(np.arange(4), 200)}
    )
    base = rng.normal(size=200)[panel["id"]]
    panel["base"] = base
    panel["sex"] = np.where(panel["id"] % 2, "m", "f")
    panel["x"] = rng.normal(size=800)
    panel["one"] = 1.0
    adopts = base + rng.normal(size=200)[panel["id"]] > 0
    panel["d"] = (adopts & (panel["t"] >= 2)) * 1.0
    panel["y"] = panel["d"] + base * panel["t"] + rng.normal(size=800)
    return panel


def _read(frame, covariates):
    return cs.Panel.from_frame(
        frame, unit="id", time="t", outcome="y", treatment="d", covariates=covariates
    )


def _check(frame, covariates, name=_NAME, **fields):
    checks = cs.PanelDML(**fields).data_checks(_read(frame, covariates))
    return next((check for check in checks if check.name == name), None)


@pytest.mark.usefixtures("without_trees")
@pytest.mark.parametrize(
    ("covariates", "named"),
    [
        (["base"], "'base'"),
        (["x", "sex"], "'sex'"),
        (["base", "sex", "x"], "'base', 'sex'"),
    ],
)
def test_covariates_that_never_change_are_named_on_the_answer(frame, covariates, named):
    check = _check(frame, covariates)
    assert check.passed is None
    assert f"{named} " in check.finding
    assert check.stands_on("effect")


@pytest.mark.usefixtures("without_trees")
def test_a_constant_is_named(frame):
    assert "'one' is constant everywhere" in _check(frame, ["one", "x"]).finding


@pytest.mark.usefixtures("without_trees")
@pytest.mark.parametrize(
    ("covariates", "fields"),
    [
        (["x"], {}),
        (["base", "x"], {"moderators": "base"}),
        (["base", "x"], {"interactions": "pairs"}),
        (["sex", "x"], {"interactions": [("sex", "x")]}),
    ],
)
def test_constant_covariates_that_act_are_not_named(frame, covariates, fields):
    assert _check(frame, covariates, **fields).passed is True


def test_a_pooled_model_adjusts_for_constant_covariates(frame):
    assert (
        _check(frame, ["base"], "covariates vary", heterogeneity="pooled").passed
        is True
    )


def test_the_product_with_time_that_the_remedy_names_has_the_right_effect(frame):
    model = cs.PanelDML(time_effects=True, errors="cluster")
    assert (
        "frame['base_t'] = frame['base'] * frame['t']" in _check(frame, ["base"]).remedy
    )
    helped = frame.assign(base_t=frame["base"] * frame["t"])
    answers = {
        name: cs.fit(model, _read(helped, [name]), seed=1, progress=False)
        for name in ("base", "base_t")
    }
    wrong, right = (fit.effect("effect").numbers().iloc[0] for fit in answers.values())
    assert wrong["lower"] > 2
    assert abs(right["mean"] - 1) < 4 * right["sd"]
    failed = {
        check.name for check in answers["base_t"].check() if check.passed is False
    }
    assert failed == set()


def test_scales_of_coefficients_are_not_asked_for_where_no_column_varies(frame):
    for covariates in ([], ["base"]):
        priors = cs.PanelDML().priors(_read(frame, covariates))
        assert "coefficient_sd" not in priors
    assert "coefficient_sd" in cs.PanelDML().priors(_read(frame, ["x"]))
