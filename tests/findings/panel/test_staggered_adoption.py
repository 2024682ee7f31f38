"""Under staggered adoption one coefficient never stands unsaid for effects that differ."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.panel_dml.checks.score_tests import Adjusted
from causalstats.models.panel_dml.checks.staggered_adoption import saturated_effects
from causalstats.models.panel_dml.checks.strict_exogeneity import rows_until_adoption

_NAME = "one effect under staggered adoption"


def _panel(seed, effect, starts=(2, 5, 8), units=90, times=10, noise=0.5):
    """Units adopt for good in turn; `effect` is a function of rows since adoption and the unit."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
        }
    )
    start = np.array(starts)[frame["unit"] % len(starts)]
    frame["since"] = frame["time"] - start
    frame["d"] = (frame["since"] >= 0) * 1.0
    frame["tau"] = frame["d"] * effect(frame["since"].clip(lower=0), frame["unit"])
    frame["y"] = (
        rng.normal(size=units)[frame["unit"]] + rng.normal(size=times)[frame["time"]]
    )
    frame["y"] += frame["tau"] + noise * rng.normal(size=len(frame))
    return frame


def _read(frame, treatment="d"):
    return cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment=treatment
    )


def _growing(since, unit):
    return 0.5 + 0.25 * since**2


def _slower(since, unit):
    return 0.3 + 0.3 * since


def _fading(since, unit):
    return 2 * 0.5**since


def _by_cohort(since, unit):
    return np.array([0.0, 1.5, 0.5])[unit % 3]


def _equal(since, unit):
    return 1.0


_MODEL = cs.PanelDML(time_effects=True, errors="cluster")


def _check(frame, model=_MODEL):
    checks = [check for check in model.data_checks(_read(frame)) if check.name == _NAME]
    return checks[0] if checks else None


@pytest.mark.usefixtures("without_trees")
@pytest.mark.parametrize(
    ("effect", "starts", "seed"),
    [
        (_growing, (2, 5, 8), 2),
        (_slower, (3, 5, 7, 99), 3),
        (_slower, (1, 4, 6), 4),
        (_fading, (2, 4, 6, 99), 5),
        (_by_cohort, (2, 5, 8), 6),
    ],
)
def test_effects_that_differ_are_said_on_the_answer(effect, starts, seed):
    check = _check(_panel(seed, effect, starts))
    assert check.passed is False
    assert check.stands_on("effect")
    assert "negative" in check.finding
    assert "event study" in check.remedy


def test_a_coefficient_of_the_wrong_sign_carries_the_doubt_and_the_mean_effect():
    """Every effect is 0.5 or more, and one coefficient is below -1."""
    frame = _panel(2, _growing)
    fit = cs.fit(_MODEL, _read(frame), seed=1, progress=False)
    answer = fit.effect("effect")
    assert answer.numbers()["upper"].iloc[0] < -1
    assert _NAME in [doubt.name for doubt in answer.doubts]
    assert "constant effect (contradicted by these data)" in answer.text()
    seen = frame[(frame["time"] < 8) & (frame["d"] > 0)]
    assert (
        f"mean effect on the treated is {seen['tau'].mean():.1f}"[:-1] in answer.text()
    )


@pytest.mark.usefixtures("compiled_quickly")
@pytest.mark.parametrize("seed", [7, pytest.param(8, marks=pytest.mark.slow)])
def test_the_event_study_of_the_remedy_has_the_right_effects(seed):
    frame = _panel(seed, _growing)
    frame = frame[frame["time"] < 8]  # later on every unit is treated
    first = frame[frame["d"] == 1].groupby("unit")["time"].min()
    since = frame["time"] - frame["unit"].map(first)
    names = [f"d_{k}" for k in range(6)]
    for k, name in enumerate(names):
        frame[name] = (since == k) * 1.0
    panel = _read(frame, names)
    failed = [
        check.name for check in _MODEL.data_checks(panel) if check.passed is False
    ]
    assert failed == []
    # Numba compiles six treatments for half a minute.
    sampler = cs.Nuts(chains=2, draws=500, backend="jax")
    fit = cs.fit(_MODEL, panel, seed=1, sampler=sampler, progress=False)
    answers = fit.effect("effect").numbers()
    truth = _growing(np.arange(6), None)
    np.testing.assert_array_less(abs(answers["mean"] - truth), 4.5 * answers["sd"])


@pytest.mark.usefixtures("without_trees")
@pytest.mark.parametrize("dose", [2.0, 0.1])
def test_a_dose_is_adopted_as_well(dose):
    frame = _panel(12, _growing)
    whole = _check(frame)
    check = _check(frame.assign(d=dose * frame["d"]))
    assert check.passed is False
    assert check.value == pytest.approx(whole.value, rel=1e-6)


def test_a_first_period_that_is_a_fraction_is_adopted_as_well():
    """As laws are that came into force within the year: the treatment is 0, 0.4, 1, 1, ..."""
    frame = _panel(13, _slower, (3, 5, 7, 99))
    frame.loc[frame["since"] == 0, "d"] = 0.4
    check = _check(frame)
    assert check.passed is False
    assert check.stands_on("effect")


@pytest.mark.parametrize("starts", [(2, 5, 8), (3, 6, 99), (1, 2, 3, 99)])
def test_equal_effects_raise_no_alarm(starts):
    check = _check(_panel(9, _equal, starts, units=96))
    assert check.passed is True
    assert check.remedy == ""


def test_saturated_effects_are_those_of_imputation():
    """With errors of one variance, the mean is that of Borusyak, Jaravel & Spiess (2024).

    Outcomes without treatment are predicted from the rows not yet treated.
    """
    frame = _panel(10, _slower, (3, 5, 7, 99), units=40)
    panel = _read(frame)
    adjusted = Adjusted(panel, _MODEL.statistics(panel).columns, True)
    ours = saturated_effects(
        adjusted, 0, rows_until_adoption(panel, panel.treatment[:, 0])
    )
    dummies = pd.get_dummies(
        frame[["unit", "time"]].astype(str), dtype=float
    ).to_numpy()
    untreated = (frame["d"] == 0).to_numpy()
    y = frame["y"].to_numpy()
    coefficients = np.linalg.lstsq(dummies[untreated], y[untreated], rcond=None)[0]
    effects = (y - dummies @ coefficients)[~untreated]
    assert ours.mean == pytest.approx(effects.mean(), rel=1e-8)
    since = frame["since"].to_numpy()[~untreated]
    for k, value in ours.by_time.items():
        assert value == pytest.approx(effects[since == k].mean(), rel=1e-8)


def test_the_weights_of_the_coefficient_are_those_of_least_squares():
    """The share of negative weights, by de Chaisemartin & D'Haultfoeuille (2020), by hand."""
    frame = _panel(2, _growing)
    dummies = pd.get_dummies(
        frame[["unit", "time"]].astype(str), dtype=float
    ).to_numpy()
    d = frame["d"].to_numpy()
    left = d - dummies @ np.linalg.lstsq(dummies, d, rcond=None)[0]
    weights = left[d > 0]
    share = -weights[weights < 0].sum() / abs(weights).sum()
    assert f"{share:.0%} of the weight of one coefficient" in _check(frame).finding


@pytest.mark.usefixtures("without_trees")
@pytest.mark.parametrize(
    "change", ["one adoption time", "treatment ends", "no effects of times"]
)
def test_designs_without_staggered_adoption_have_no_check(change):
    frame = _panel(11, _equal, (4, 99) if change == "one adoption time" else (2, 5, 8))
    model = _MODEL
    if change == "treatment ends":
        frame["d"] = ((frame["since"] >= 0) & (frame["since"] < 2)) * 1.0
    if change == "no effects of times":
        model = cs.PanelDML(errors="cluster")
    assert _check(frame, model) is None
