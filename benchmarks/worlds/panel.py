"""Panels for the refutation benchmark: `PanelDML` is right, or wrong in one respect.

Each function that makes a data set takes a seed to the model and the panel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from spoilt_tables import (
    Change,
    coded,
    cut_off,
    every_unit_twice,
    exchanged,
    left_out,
    spoilt,
)

import causalstats as cs
from causalstats.models.shared.bad_controls import FOLLOW
from causalstats.models.shared.interference import INTERFERENCE
from causalstats.models.shared.measurement import LABELS
from worlds import World

Drawn = tuple[Any, Any]


def _grid(units: int, times: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
        }
    )


def _read(
    frame: pd.DataFrame,
    covariates: Sequence[str] = (),
    treatment: str | Sequence[str] = "d",
) -> cs.Panel:
    roles = {"unit": "unit", "time": "time", "outcome": "y", "treatment": treatment}
    return cs.Panel.from_frame(frame, **roles, covariates=list(covariates))


def _unit_normal(rng: np.random.Generator, frame: pd.DataFrame) -> np.ndarray:
    """Return a standard normal number for each unit, repeated over its rows."""
    return rng.normal(size=int(frame["unit"].max()) + 1)[frame["unit"]]


def _autoregressive(
    rng: np.random.Generator, frame: pd.DataFrame, rho: float
) -> np.ndarray:
    """Return stationary AR(1) errors within units, with innovations of variance 1, by row."""
    units, times = frame["unit"].nunique(), frame["time"].nunique()
    values = np.empty((units, times))
    values[:, 0] = rng.normal(size=units) / np.sqrt(1 - rho**2)
    for time in range(1, times):
        values[:, time] = rho * values[:, time - 1] + rng.normal(size=units)
    return values.ravel()


def _model(**fields: Any) -> cs.PanelDML:
    return cs.PanelDML(**{"errors": "cluster", **fields})


# Right worlds ---------------------------------------------------------------


def _counts(seed: int, additive: bool) -> Drawn:
    """Draw Poisson counts of units whose level goes with how often they are treated.

    Time and treatment add to the mean, or multiply it: by exp(.1) a year, and exp(.2).
    """
    rng = np.random.default_rng(seed)
    frame = _grid(120, 8)
    size = _unit_normal(rng, frame)
    frame["d"] = (rng.random(len(frame)) < 1 / (1 + np.exp(-size))).astype(float)
    mean = np.exp(0.8 + 0.7 * size + 0.1 * frame["time"] + 0.2 * frame["d"])
    if additive:
        mean = np.exp(0.8 + 0.7 * size) + 0.2 * frame["time"] + 0.5 * frame["d"]
    frame["y"] = rng.poisson(mean).astype(float)
    return _model(time_effects=True), _read(frame)


def _events(seed: int, additive: bool) -> Drawn:
    """Draw an outcome of 0 and 1 whose probability, or its log odds, has additive effects."""
    rng = np.random.default_rng(seed)
    frame = _grid(500, 8)
    size = _unit_normal(rng, frame)
    frame["d"] = (rng.random(len(frame)) < 1 / (1 + np.exp(-size))).astype(float)
    odds = np.exp(-2.5 + 1.5 * size + 0.3 * frame["time"] + 0.8 * frame["d"])
    probability = odds / (1 + odds)
    if additive:
        lasting = 0.1 + 0.4 / (1 + np.exp(-size))
        probability = lasting + 0.03 * frame["time"] + 0.1 * frame["d"]
    frame["y"] = (rng.random(len(frame)) < probability).astype(float)
    return _model(time_effects=True), _read(frame)


def _few_treated(seed: int, sd: float = 1.0) -> Drawn:
    """Draw 50 units of which three are treated midway, with errors of `sd` times the others'."""
    rng = np.random.default_rng(seed)
    frame = _grid(50, 10)
    treated = frame["unit"] < 3
    frame["d"] = (treated & (frame["time"] >= 5)).astype(float)
    errors = _autoregressive(rng, frame, 0.5) * np.where(treated, sd, 1.0)
    frame["y"] = 0.5 * frame["d"] + _unit_normal(rng, frame) + errors
    return _model(errors="placebo", time_effects=True), _read(frame)


def _smooth(
    rng: np.random.Generator, units: int = 100, times: int = 8, rho: float = 0.0
) -> pd.DataFrame:
    """Return a panel whose covariate acts nonlinearly on treatment and outcome; the effect is 1.

    Parameters
    ----------
    rng : Generator
    units, times : int
    rho : float
        Autocorrelation of the errors of treatment and outcome.
    """
    frame = _grid(units, times)
    unit_effects = _unit_normal(rng, frame)
    frame["x"] = rng.normal(size=len(frame)) + 0.5 * unit_effects
    frame["d"] = np.sin(frame["x"]) + unit_effects + _autoregressive(rng, frame, rho)
    errors = _autoregressive(rng, frame, rho)
    frame["y"] = frame["d"] + np.cos(frame["x"]) + unit_effects + errors
    return frame


def _curves(
    seed: int, units: int = 100, times: int = 8, rho: float = 0.0, **fields: Any
) -> Drawn:
    frame = _smooth(np.random.default_rng(seed), units, times, rho)
    return _model(**fields), _read(frame, ["x"])


def _rare_treatment(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _grid(100, 8)
    frame["d"] = (rng.random(len(frame)) < 0.03).astype(float)
    frame["x"] = rng.normal(size=len(frame))
    frame["y"] = (
        frame["d"] + frame["x"] + _unit_normal(rng, frame) + rng.normal(size=len(frame))
    )
    return _model(), _read(frame, ["x"])


def _rare_everywhere(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _grid(150, 8)
    for name, share in (("d", 0.05), ("x", 0.02), ("y", 0.03)):
        frame[name] = (rng.random(len(frame)) < share).astype(float)
    return _model(), _read(frame, ["x"])


def _autoregressive_treatment(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _grid(100, 8)
    frame["d"] = _autoregressive(rng, frame, 0.9)
    frame["y"] = frame["d"] + rng.normal(size=len(frame))
    return _model(errors="iid"), _read(frame)


def _switching_treatment(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _grid(80, 10)
    switch = rng.random((80, 10)) < 0.15
    frame["d"] = (np.cumsum(switch, axis=1) % 2).ravel().astype(float)
    frame["y"] = (
        frame["d"] + _unit_normal(rng, frame) + _autoregressive(rng, frame, 0.6)
    )
    return _model(time_effects=True), _read(frame)


def _skewed(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _smooth(rng)
    extra = rng.exponential(size=len(frame))
    frame["d"] += extra
    frame["y"] += extra + rng.exponential(size=len(frame)) ** 1.5
    return _model(), _read(frame, ["x"])


def _heavy_tails(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _smooth(rng)
    frame["y"] += rng.standard_t(2.5, len(frame))
    return _model(), _read(frame, ["x"])


def _unbalanced(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _smooth(rng, 120, 10, 0.5)
    seen = rng.random(len(frame)) < np.repeat(rng.uniform(0.3, 1, 120), 10)
    return _model(time_effects=True), _read(frame[seen], ["x"])


def _many_covariates(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _grid(100, 8)
    names = [f"x{k}" for k in range(10)]
    x = rng.normal(size=(len(frame), 10))
    frame[names] = x
    frame["d"] = x[:, :3].sum(axis=1) + rng.normal(size=len(frame))
    frame["y"] = frame["d"] + x[:, :3].sum(axis=1) + rng.normal(size=len(frame))
    return _model(), _read(frame, names)


def _adoption(
    rng: np.random.Generator, units: int, times: int, cohorts: Sequence[int]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a panel with a treatment that is adopted for good, and has no effect yet.

    Parameters
    ----------
    rng : Generator
    units, times : int
    cohorts : sequence of int
        Times of adoption, each of an equal share of the units; one past the last time is never.

    Returns
    -------
    frame : DataFrame
        The outcome is the sum of unit and time effects.
    since : array of int
        Times since adoption, by row; negative before.
    """
    frame = _grid(units, times)
    cohort = np.array(cohorts)[frame["unit"] % len(cohorts)]
    frame["d"] = (frame["time"] >= cohort).astype(float)
    unit_effects = _unit_normal(rng, frame)
    frame["y"] = unit_effects + rng.normal(size=times)[frame["time"]]
    return frame, (frame["time"] - cohort).to_numpy()


def _staggered_constant(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame, _ = _adoption(rng, 80, 10, (3, 5, 7, 99))
    frame["y"] += frame["d"] + _autoregressive(rng, frame, 0.6)
    return _model(time_effects=True), _read(frame)


def _unit_slopes(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _smooth(rng)
    frame["y"] += 0.5 * _unit_normal(rng, frame) * frame["d"]
    return _model(), _read(frame, ["x"])


def _products_of_the_treatment_alone(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _grid(150, 6)
    frame["x"], frame["z"] = rng.normal(size=(2, len(frame)))
    frame["d"] = frame["x"] * frame["z"] + rng.normal(size=len(frame))
    frame["y"] = (
        frame["d"] + np.sin(frame["x"]) + frame["z"] + rng.normal(size=len(frame))
    )
    return _model(), _read(frame, ["x", "z"])


# Wrong worlds ---------------------------------------------------------------


def _staggered(
    seed: int,
    effect: Callable[[np.ndarray], np.ndarray],
    cohorts: Sequence[int],
    rho: float = 0.0,
) -> Drawn:
    rng = np.random.default_rng(seed)
    frame, since = _adoption(rng, 80, 10, cohorts)
    contribution = frame["d"] * effect(np.clip(since, 0, None))
    frame["y"] += contribution + _autoregressive(rng, frame, rho)
    return _model(time_effects=True), _read(frame)


def _growing(since: np.ndarray) -> np.ndarray:
    return 0.5 + 0.3 * since


def _fading(since: np.ndarray) -> np.ndarray:
    return 2 * 0.5**since


def _effects_by_cohort(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame, _ = _adoption(rng, 90, 10, (2, 5, 8))
    effect = np.array([0.0, 1.5, 0.5])[frame["unit"] % 3]
    frame["y"] += frame["d"] * effect + rng.normal(size=len(frame))
    return _model(time_effects=True), _read(frame)


def _anticipated_adoption(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame, since = _adoption(rng, 120, 8, (3, 4, 5, 99))
    frame["y"] += (since >= -2) + rng.normal(size=len(frame))
    return _model(time_effects=True), _read(frame)


def _diverging(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame, since = _adoption(rng, 100, 10, (5, 99))
    frame["y"] += (
        frame["d"] + 0.35 * frame["time"] * (since > -50) + rng.normal(size=len(frame))
    )
    return _model(time_effects=True), _read(frame)


def _confounded(
    seed: int, function: Callable[..., np.ndarray], covariates: int = 2, **fields: Any
) -> Drawn:
    """Return a panel in which one function acts on treatment and outcome; the effect is 1.

    Parameters
    ----------
    seed : int
    function : callable
        Takes the covariates, shape (rows, covariates).
    covariates : int
    **fields
        Fields of `PanelDML`.
    """
    rng = np.random.default_rng(seed)
    frame = _grid(150, 6)
    names = [f"x{k}" for k in range(covariates)]
    x = (
        rng.normal(size=(len(frame), covariates))
        + 0.5 * rng.normal(size=(150, 1))[frame["unit"]]
    )
    frame[names] = x
    frame["d"] = function(x) + rng.normal(size=len(frame))
    frame["y"] = frame["d"] + function(x) + rng.normal(size=len(frame))
    return _model(**fields), _read(frame, names)


def _product(x: np.ndarray) -> np.ndarray:
    return 0.7 * x[:, 0] * x[:, 1]


def _sign_of_three(x: np.ndarray) -> np.ndarray:
    return np.sign(x[:, 0] * x[:, 1] * x[:, 2])


def _wave(x: np.ndarray) -> np.ndarray:
    return np.sign(np.sin(6 * x[:, 0]))


def _step(x: np.ndarray) -> np.ndarray:
    return 3.0 * (x[:, 0] > 0.3)


def _curve(x: np.ndarray) -> np.ndarray:
    return x[:, 0] ** 2


def _sign_of_both(x: np.ndarray) -> np.ndarray:
    return np.sign(x[:, 0]) * np.sign(x[:, 1])


def _trends_by_a_fixed_covariate(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _grid(200, 4)
    base = _unit_normal(rng, frame)
    late = frame["time"] >= 2
    frame["d"] = ((base + _unit_normal(rng, frame) > 0) & late).astype(float)
    frame["y"] = frame["d"] + base * frame["time"] + rng.normal(size=len(frame))
    return _model(time_effects=True), _read(frame.assign(base=base), ["base"])


def _threshold_treatment(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _grid(200, 6)
    frame["x"] = rng.normal(size=len(frame))
    frame["d"] = (frame["x"] > 0.2).astype(float)
    frame["y"] = frame["d"] + frame["x"] + rng.normal(size=len(frame))
    return _model(), _read(frame, ["x"])


def _unit_trends(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _grid(120, 10)
    trend = 0.2 * _unit_normal(rng, frame) * frame["time"]
    frame["d"] = trend + rng.normal(size=len(frame))
    frame["y"] = frame["d"] + trend + rng.normal(size=len(frame))
    return _model(time_effects=True), _read(frame)


def _anticipation(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _grid(100, 8)
    d = rng.normal(size=(100, 9))
    frame["d"] = d[:, :8].ravel()
    frame["y"] = frame["d"] + 0.3 * d[:, 1:].ravel() + rng.normal(size=len(frame))
    return _model(), _read(frame)


def _named_leads(seed: int, effect: float) -> Drawn:
    """Draw a treatment whose next value has an effect, and name it as a treatment."""
    rng = np.random.default_rng(seed)
    frame = _grid(100, 8)
    d = rng.normal(size=(100, 9))
    frame["d"] = d[:, :8].ravel()
    frame["y"] = frame["d"] + effect * d[:, 1:].ravel() + rng.normal(size=len(frame))
    return _model(), _read(frame).with_lags(leads=1)


def _named_lags(seed: int) -> Drawn:
    """Draw a treatment whose effect lasts for a period, and name its lag as a treatment."""
    model, data = _carried_over(seed)
    return model, data.with_lags(lags=1)


def _feedback(seed: int, binary: bool = False) -> Drawn:
    """Return a panel in which the outcome acts on the next treatment."""
    rng = np.random.default_rng(seed)
    frame = _grid(150, 6)
    d, y = np.zeros((2, 150, 6))
    for time in range(6):
        before = y[:, time - 1] if time else 0.0
        push = 0.7 * before + rng.normal(size=150)
        d[:, time] = push > 0.5 if binary else push
        y[:, time] = d[:, time] + rng.normal(size=150)
    return _model(), _read(frame.assign(d=d.ravel(), y=y.ravel()))


def _carried_over(seed: int, binary: bool = False) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _grid(100, 8)
    d = rng.normal(size=(100, 9))
    d = (d > 0.5).astype(float) if binary else d
    frame["d"] = d[:, 1:].ravel()
    frame["y"] = frame["d"] + 0.6 * d[:, :8].ravel() + rng.normal(size=len(frame))
    return _model(), _read(frame)


def _earlier_outcome(seed: int, changed: Callable[[pd.Series], pd.Series]) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _grid(80, 10)
    d = rng.normal(size=(80, 10))
    unit_effects = rng.normal(size=80)
    y = np.zeros((80, 10))
    for time in range(10):
        before = y[:, time - 1] if time else 0.0
        y[:, time] = unit_effects + d[:, time] + 0.6 * before + rng.normal(size=80)
    frame["d"] = d.ravel()
    frame["y"] = y.ravel()
    frame["before"] = changed(frame.groupby("unit")["y"].shift())
    return _model(), _read(frame.dropna(), ["before"])


def _rounded(values: pd.Series) -> pd.Series:
    return values.round(1)


def _log(values: pd.Series) -> pd.Series:
    return np.log(values + 30)


def _serial_errors(seed: int) -> Drawn:
    frame = _smooth(np.random.default_rng(seed), 100, 10, 0.8)
    return _model(errors="iid"), _read(frame, ["x"])


def _common_shocks(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    frame = _smooth(rng)
    shock = rng.normal(size=8)[frame["time"]]
    frame["d"] += shock
    frame["y"] += 2 * shock
    return _model(), _read(frame, ["x"])


def _modified(
    seed: int,
    slope: float = 1.0,
    spread: float = 0.6,
    by_unit: bool = False,
    units: int = 60,
) -> Drawn:
    """Return a panel in which effect and spread of the treatment vary; the mean effect is 1.

    Parameters
    ----------
    seed : int
    slope : float
        The change of the effect by one unit of the modifier.
    spread : float
        The change of the treatment's log standard deviation by one unit of the modifier.
    by_unit : bool
        Whether the modifier is a number of the unit; otherwise it is the covariate x.
    units : int
    """
    rng = np.random.default_rng(seed)
    frame = _grid(units, 8)
    frame["x"], frame["z"] = rng.normal(size=(2, len(frame)))
    modifier = _unit_normal(rng, frame) if by_unit else frame["x"].to_numpy()
    modifier = modifier - modifier.mean()
    frame["d"] = np.exp(spread * modifier) * rng.normal(size=len(frame)) + frame["x"]
    effect = 1 + slope * modifier
    frame["y"] = effect * frame["d"] + frame["x"] + _unit_normal(rng, frame)
    frame["y"] += rng.normal(size=len(frame))
    return _model(), _read(frame, ["x", "z"])


def _few_large_units(
    seed: int, effect: float, large: int = 3, rows: int = 200, rho: float = 0.0
) -> Drawn:
    """Return 60 units of 6 rows, of effect 1, and few large ones of another effect."""
    rng = np.random.default_rng(seed)
    sizes = np.r_[np.full(60, 6), np.full(large, rows)]
    unit = np.repeat(np.arange(len(sizes)), sizes)
    time = np.concatenate([np.arange(size) for size in sizes])
    frame = pd.DataFrame({"unit": unit, "time": time})
    d, errors = rng.normal(size=(2, len(frame)))
    for row in np.flatnonzero(time):  # autoregressions that begin anew in each unit
        d[row] = rho * d[row - 1] + np.sqrt(1 - rho**2) * d[row]
        errors[row] = rho * errors[row - 1] + np.sqrt(1 - rho**2) * errors[row]
    frame["d"] = d + rng.normal(size=len(sizes))[unit]
    slope = np.where(sizes > 6, effect, 1.0)[unit]
    frame["y"] = slope * frame["d"] + rng.normal(size=len(sizes))[unit] + errors
    return _model(), _read(frame)


def _modified_by_curve(seed: int) -> Drawn:
    """The effect is 1 + .8 x², and x² lowers the spread of the treatment."""
    rng = np.random.default_rng(seed)
    frame = _grid(150, 5)
    x = rng.normal(size=len(frame))
    d = x + np.exp(-0.5 * x**2) * rng.normal(size=len(frame))
    y = (1 + 0.8 * x**2) * d + x + _unit_normal(rng, frame)
    frame = frame.assign(x=x, d=d, y=y + rng.normal(size=len(frame)))
    return _model(), _read(frame, ["x"])


_ONE_EFFECT = ("one effect",)
_STAGGERED = ("one effect under staggered adoption",)
_FORM = ("covariates act as assumed",)
_LEARNED = ("functions of covariates are learned",)
_EXOGENEITY = ("strict exogeneity",)
_CARRY_OVER = ("no carry-over",)
_EARLIER = ("no earlier outcome among covariates",)


def _right(name: str, make: Callable[[int], Drawn]) -> World:
    return World(name=name, family="panel", wrong=False, make=make)


def _curved_dose(seed: int, shape: Callable[[np.ndarray], np.ndarray]) -> Drawn:
    """Return a panel in which the outcome is no straight line in the treatment."""
    rng = np.random.default_rng(seed)
    frame = _grid(80, 8)
    x = rng.normal(size=len(frame))
    d = 0.5 * x + _unit_normal(rng, frame) + rng.normal(size=len(frame))
    y = shape(d) + x + _unit_normal(rng, frame) + rng.normal(size=len(frame))
    return _model(), _read(frame.assign(x=x, d=d, y=y), ["x"])


def _stepped_moderation(seed: int) -> Drawn:
    """The effect is 1, and 2.5 where the moderator is above 1; the model has a straight line."""
    rng = np.random.default_rng(seed)
    frame = _grid(100, 8)
    x = rng.normal(size=len(frame))
    d = 0.5 * x + _unit_normal(rng, frame) + rng.normal(size=len(frame))
    y = (1 + 1.5 * (x > 1)) * d + x + _unit_normal(rng, frame)
    frame = frame.assign(x=x, d=d, y=y + rng.normal(size=len(frame)))
    return _model(moderators="x"), _read(frame, ["x"])


def _slopes_and_carry_over(seed: int) -> Drawn:
    """Effects differ by unit, and the treatment of the period before acts as well."""
    _, panel = _carried_over(seed)
    rng = np.random.default_rng([seed, 1])
    frame = panel.source
    slopes = 0.5 * rng.normal(size=frame["unit"].nunique())[frame["unit"]]
    frame = frame.assign(y=frame["y"] + slopes * frame["d"])
    return cs.PanelDML(effects="unit"), _read(frame)


def _logged(seed: int) -> Drawn:
    """The outcome is log(1 + count), and the treatment multiplies the mean count by exp(.2)."""
    _, panel = _counts(seed, additive=False)
    frame = panel.source.assign(y=np.log1p(panel.source["y"]))
    return _model(time_effects=True), _read(frame)


def _kept_unit_labels(seed: int, followed: bool) -> Drawn:
    """Return five waves in which what lasts in people moves treatment and outcome.

    Parameters
    ----------
    seed : int
    followed : bool
        Whether a number is the same person in each wave, or another one.
    """
    rng = np.random.default_rng(seed)
    frame = _grid(200, 5)
    lasting = _unit_normal(rng, frame) if followed else rng.normal(size=len(frame))
    frame["d"] = lasting + rng.normal(size=len(frame))
    frame["y"] = frame["d"] + 2 * lasting + rng.normal(size=len(frame))
    return _model(time_effects=True), _read(frame)


def _leaving(seed: int, by_outcome: bool, rho: float = 0.0) -> Drawn:
    """Return units that leave for good after a low outcome, or by chance and by the treatment.

    Parameters
    ----------
    seed : int
    by_outcome : bool
    rho : float
        Autocorrelation of errors.
    """
    rng = np.random.default_rng(seed)
    frame = _grid(400, 8)
    unit = _unit_normal(rng, frame)
    frame["d"] = (0.7 * unit + rng.normal(size=len(frame)) > 0).astype(float)
    error = _autoregressive(rng, frame, rho)
    frame["y"] = frame["d"] + unit + error
    chance = 0.15 + 0.1 * frame["d"] + 0.1 * (unit < 0)
    by_chance = rng.random(len(frame)) < chance
    left = frame["d"] + error < -0.8 if by_outcome else by_chance
    gone = left.groupby(frame["unit"]).cumsum() - left > 0
    return _model(time_effects=True), _read(frame[~gone].reset_index(drop=True))


def _outcome_unit(seed: int, factor: float) -> Drawn:
    """Return outcomes that are recorded in a unit `factor` times as large from midway on."""
    rng = np.random.default_rng(seed)
    frame = _grid(200, 8)
    unit = _unit_normal(rng, frame)
    frame["d"] = 0.5 * unit + rng.normal(size=len(frame))
    frame["y"] = 10 + frame["d"] + unit + _autoregressive(rng, frame, 0.4)
    frame["y"] *= np.where(frame["time"] >= 4, factor, 1.0)
    return _model(time_effects=True), _read(frame)


def _interpolated(seed: int) -> Drawn:
    """Return a confounder that was measured every fourth year, with a line between."""
    rng = np.random.default_rng(seed)
    frame = _grid(200, 9)
    x = _autoregressive(rng, frame, 0.6)
    frame["d"] = x + _unit_normal(rng, frame) + rng.normal(size=len(frame))
    frame["y"] = frame["d"] + x + rng.normal(size=len(frame))
    surveys = x.reshape(200, 9)[:, ::4]
    lines = [np.interp(np.arange(9), [0, 4, 8], each) for each in surveys]
    return _model(time_effects=True), _read(
        frame.assign(x=np.concatenate(lines)), ["x"]
    )


def _covariate_at_adoption(seed: int, moved: float) -> Drawn:
    """Return a covariate that the adopted treatment moves by `moved`, and that acts on the outcome.

    Units that adopt have other outcomes and covariates from the start.
    """
    rng = np.random.default_rng(seed)
    frame, _ = _adoption(rng, 200, 8, (3, 5, 99))
    unit = _unit_normal(rng, frame)
    x = moved * frame["d"] + 0.5 * unit + 0.7 * _autoregressive(rng, frame, 0.7)
    frame["y"] += frame["d"] + x + unit + rng.normal(size=len(frame))
    return _model(time_effects=True), _read(frame.assign(x=x), ["x"])


def _covariate_in_spells(
    seed: int, moved: float, lasting: float, share: float
) -> Drawn:
    """Return a treatment that comes and goes, and a covariate that it moves, or that moves it.

    Parameters
    ----------
    seed : int
    moved : float
        What the treatment adds to the covariate; 0 where it is a confounder.
    lasting : float
        Autocorrelation of what else moves the covariate.
    share : float
        How much the covariate has to do with the treatment; 0 where the treatment moves it.
    """
    rng = np.random.default_rng(seed)
    frame = _grid(300, 9)
    unit = _unit_normal(rng, frame)
    own = _autoregressive(rng, frame, lasting) * np.sqrt(1 - lasting**2)
    index = share * own + 0.3 * unit + _autoregressive(rng, frame, 0.8)
    frame["d"] = (index > 0).astype(float)
    frame["x"] = moved * frame["d"] + 0.5 * unit + own
    frame["y"] = frame["d"] + frame["x"] + unit + rng.normal(size=len(frame))
    return _model(time_effects=True), _read(frame, ["x"])


def _villages(seed: int, spillover: float, shared: float = 0.7) -> Drawn:
    """Return households of 40 villages, of which another share is treated in each year.

    Parameters
    ----------
    seed : int
    spillover : float
        What a treatment of all other households of the village does.
    shared : float
        Standard deviation of shocks of a village that have nothing to do with treatments.
    """
    rng = np.random.default_rng(seed)
    frame = _grid(320, 6)
    village, time = frame["unit"].to_numpy() // 8, frame["time"].to_numpy()
    share = rng.uniform(0.1, 0.9, (40, 6))[village, time]
    frame["d"] = (rng.random(len(frame)) < share).astype(float)
    total = frame.groupby([village, time])["d"].transform("sum")
    frame["y"] = frame["d"] + spillover * (total - frame["d"]) / 7
    frame["y"] += _unit_normal(rng, frame) + rng.normal(size=len(frame))
    frame["y"] += shared * rng.normal(size=(40, 6))[village, time]
    panel = cs.Panel.from_frame(
        frame.assign(village=village),
        unit="unit",
        time="time",
        outcome="y",
        treatment="d",
        cluster="village",
    )
    return _model(time_effects=True), panel


def _half_for_zero(seed: int) -> Drawn:
    """Return the logarithm of a count with .5 in place of 0."""
    _, panel = _counts(seed, additive=False)
    logs = np.log(panel.source["y"].clip(lower=0.5))
    return _model(time_effects=True), _read(panel.source.assign(y=logs))


def _spoilt(name: str, change: Change, check: str) -> World:
    return _wrong(name, spoilt(_curves, change), (check,))


def _wrong(name: str, make: Callable[[int], Drawn], catches: tuple[str, ...]) -> World:
    return World(name=name, family="panel", wrong=True, make=make, catches=catches)


WORLDS = [
    _right("curves, normal errors", partial(_curves, errors="iid")),
    _right("serial correlation, clustered", partial(_curves, rho=0.7)),
    _right("small: 10 units at 4 times", partial(_curves, units=10, times=4)),
    _right("long: 8 units at 60 times", partial(_curves, units=8, times=60, rho=0.5)),
    _right(
        "wide: 500 units at 3 times",
        partial(_curves, units=500, times=3, time_effects=True),
    ),
    _right("rare 0/1 treatment", _rare_treatment),
    _right("rare 0/1 outcome, treatment and covariate", _rare_everywhere),
    _right("lasting treatment, independent errors", _autoregressive_treatment),
    _right("0/1 treatment that switches seldom", _switching_treatment),
    _right("skewed errors", _skewed),
    _right("heavy tails", _heavy_tails),
    _right("unbalanced", _unbalanced),
    _right("ten covariates", _many_covariates),
    _right("staggered adoption, equal effects", _staggered_constant),
    _right("effects of units, unrelated to the treatment", _unit_slopes),
    _right(
        "spread of the treatment rises with a covariate", partial(_modified, slope=0.0)
    ),
    _right(
        "spread of the treatment differs by unit",
        partial(_modified, slope=0.0, spread=0.7, by_unit=True),
    ),
    _right(
        "three large units of the same effect", partial(_few_large_units, effect=1.0)
    ),
    _right(
        "three large units of the same effect, lasting treatment and errors",
        partial(_few_large_units, effect=1.0, rho=0.8),
    ),
    _wrong(
        "three large units of another effect",
        partial(_few_large_units, effect=1.5),
        _ONE_EFFECT,
    ),
    _wrong(
        "one large unit of another effect",
        partial(_few_large_units, effect=1.6, large=1),
        _ONE_EFFECT,
    ),
    _right(
        "products in the treatment's equation alone", _products_of_the_treatment_alone
    ),
    _right("three of 50 units treated, placebo errors", _few_treated),
    _right(
        "curves, functions learned",
        partial(_confounded, function=_curve, nuisance="boosting"),
    ),
    _right(
        "product of two among ten covariates, learned",
        partial(_confounded, function=_product, covariates=10, nuisance="boosting"),
    ),
    _right(
        "one step, learned",
        partial(_confounded, function=_step, covariates=1, nuisance="boosting"),
    ),
    _wrong(
        "product of three signs among eight covariates, functions learned",
        partial(
            _confounded, function=_sign_of_three, covariates=8, nuisance="boosting"
        ),
        _LEARNED,
    ),
    _right("leads without an effect, as treatments", partial(_named_leads, effect=0.0)),
    _right("carry-over, with the lag as a treatment", _named_lags),
    _wrong(
        "leads with an effect, as treatments",
        partial(_named_leads, effect=0.3),
        ("leads have no effect",),
    ),
    _right("counts, additive effects", partial(_counts, additive=True)),
    _right("outcome of 0 and 1, additive effects", partial(_events, additive=True)),
    _wrong(
        "counts, effects in proportion to the level",
        partial(_counts, additive=False),
        ("effects add to the outcome",),
    ),
    _wrong(
        "outcome of 0 and 1, effects on log odds",
        partial(_events, additive=False),
        ("effects add to the outcome",),
    ),
    _wrong(
        "three of 50 units treated, with errors twice as large",
        partial(_few_treated, sd=2.0),
        ("treated clusters err like the others",),
    ),
    _wrong(
        "staggered adoption, growing effects, all treated at last",
        partial(_staggered, effect=_growing, cohorts=(2, 5, 8)),
        _STAGGERED,
    ),
    _wrong(
        "staggered adoption, growing effects, lasting errors",
        partial(_staggered, effect=_growing, cohorts=(3, 5, 7, 99), rho=0.5),
        _STAGGERED,
    ),
    _wrong(
        "staggered adoption, fading effects",
        partial(_staggered, effect=_fading, cohorts=(2, 4, 6, 99)),
        _STAGGERED,
    ),
    _wrong(
        "staggered adoption, effects by adoption time", _effects_by_cohort, _STAGGERED
    ),
    _wrong("adoption anticipated by two periods", _anticipated_adoption, _EXOGENEITY),
    _wrong("trends not parallel", _diverging, _EXOGENEITY),
    _wrong("product of two covariates", partial(_confounded, function=_product), _FORM),
    _wrong(
        "product of two among ten covariates",
        partial(_confounded, function=_product, covariates=10),
        _FORM,
    ),
    _wrong("product of signs", partial(_confounded, function=_sign_of_both), _FORM),
    _wrong("square wave", partial(_confounded, function=_wave, covariates=1), _FORM),
    _wrong("one step", partial(_confounded, function=_step, covariates=1), _FORM),
    _wrong(
        "curve, taken for a line",
        partial(_confounded, function=_curve, covariates=1, basis_size=1),
        _FORM,
    ),
    _wrong(
        "trends depend on a covariate that never changes",
        _trends_by_a_fixed_covariate,
        _FORM,
    ),
    _wrong(
        "treatment by a threshold of the covariate",
        _threshold_treatment,
        ("treatment is not a function of the covariates",),
    ),
    _wrong("trends of units' own", _unit_trends, _EXOGENEITY),
    _wrong("anticipation", _anticipation, _EXOGENEITY),
    _wrong("feedback", _feedback, _EXOGENEITY),
    _wrong("feedback on a 0/1 treatment", partial(_feedback, binary=True), _EXOGENEITY),
    _wrong("carry-over", _carried_over, _CARRY_OVER),
    _wrong(
        "carry-over of a 0/1 treatment",
        partial(_carried_over, binary=True),
        _CARRY_OVER,
    ),
    _wrong(
        "earlier outcome, rounded",
        partial(_earlier_outcome, changed=_rounded),
        _EARLIER,
    ),
    _wrong(
        "earlier outcome, in logarithms",
        partial(_earlier_outcome, changed=_log),
        _EARLIER,
    ),
    _wrong(
        "effect and spread of the treatment rise with a covariate",
        _modified,
        _ONE_EFFECT,
    ),
    _wrong(
        "effect and spread of the treatment differ along a curve of a covariate",
        _modified_by_curve,
        _ONE_EFFECT,
    ),
    _wrong(
        "effect and spread of the treatment differ by unit",
        partial(_modified, spread=0.7, by_unit=True),
        _ONE_EFFECT,
    ),
    _wrong(
        "serial correlation, taken as independent",
        _serial_errors,
        ("predicts the serial",),
    ),
    _wrong(
        "shocks common to all units", _common_shocks, ("predicts the mean over time",)
    ),
    _wrong(
        "the logarithm of a count plus one",
        _logged,
        ("no logarithm of zeros",),
    ),
    _wrong(
        "the logarithm of a count, .5 in place of 0",
        _half_for_zero,
        ("no logarithm of zeros",),
    ),
    _wrong(
        "other people under the same numbers in each wave",
        partial(_kept_unit_labels, followed=False),
        ("units resemble themselves",),
    ),
    _right("the same people in each wave", partial(_kept_unit_labels, followed=True)),
    _wrong(
        "units leave after a low outcome",
        partial(_leaving, by_outcome=True),
        ("units do not leave",),
    ),
    _wrong(
        "units leave after a low outcome, lasting errors",
        partial(_leaving, by_outcome=True, rho=0.5),
        ("units do not leave",),
    ),
    _right("units leave by chance and treatment", partial(_leaving, by_outcome=False)),
    _wrong(
        "the outcome in another unit from midway",
        partial(_outcome_unit, factor=0.6),
        ("the same effect in all periods",),
    ),
    _right("the outcome in one unit", partial(_outcome_unit, factor=1.0)),
    _wrong(
        "a covariate interpolated between surveys",
        _interpolated,
        ("no values interpolated",),
    ),
    _wrong(
        "a covariate that the adopted treatment moves",
        partial(_covariate_at_adoption, moved=0.7),
        ("covariates do not change at adoption",),
    ),
    _right(
        "a covariate that adoption does not move",
        partial(_covariate_at_adoption, moved=0.0),
    ),
    _spoilt("every unit twice", partial(every_unit_twice, unit="unit"), "no row twice"),
    _spoilt(
        "-9 for missing values of a covariate", partial(coded, column="x"), "no codes"
    ),
    _spoilt(
        "outcomes cut off at their lowest fifth",
        partial(cut_off, column="y"),
        "outcome not cut off",
    ),
    _spoilt(
        "rows of the lowest tenth of outcomes left out",
        partial(left_out, column="y"),
        "rows not missing by their outcome",
    ),
    _wrong(
        "half of the labels exchanged midway",
        spoilt(partial(_kept_unit_labels, followed=True), exchanged),
        (LABELS,),
    ),
    _wrong(
        "a covariate that a treatment in spells moves",
        partial(_covariate_in_spells, moved=1.0, lasting=0.0, share=0.0),
        (FOLLOW,),
    ),
    World(
        name="a covariate in spells of its own that a treatment moves",
        family="panel",
        wrong=True,
        make=partial(_covariate_in_spells, moved=1.0, lasting=0.6, share=0.0),
        catches=(FOLLOW,),
        undetectable="where changes of the covariate last about as long as the treatment, neither "
        "comes before the other; the assumption of no unobserved confounder says so",
    ),
    _right(
        "a covariate that moves a treatment in spells",
        partial(_covariate_in_spells, moved=0.0, lasting=0.6, share=1.0),
    ),
    _wrong(
        "treatments that spill over within villages",
        partial(_villages, spillover=1.0),
        (INTERFERENCE,),
    ),
    _right(
        "villages with shocks of their own and shares of their own",
        partial(_villages, spillover=0.0),
    ),
    _wrong(
        "a quadratic effect of the treatment",
        partial(_curved_dose, shape=lambda d: d**2 / 4),
        ("effect in proportion to the treatment",),
    ),
    _wrong(
        "an effect that levels off",
        partial(_curved_dose, shape=lambda d: 2 * np.tanh(d)),
        ("effect in proportion to the treatment",),
    ),
    _wrong(
        "an effect that jumps at a value of its moderator",
        _stepped_moderation,
        ("effect linear in its moderators",),
    ),
    _wrong(
        "effects of units' own, and carry-over", _slopes_and_carry_over, _CARRY_OVER
    ),
]
