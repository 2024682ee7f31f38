"""Panels with a known effect for the coverage benchmark, shaped as published panels are.

Serially correlated errors, few units, laws of states, units that enter late. Each function that
makes a data set takes the numbers of `units` and of `times`, where errors are AR(1) their
autocorrelation `rho`, and a `seed`; it returns the model, the panel and the true answer.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

import causalstats as cs
from designs import Design

_EFFECT = 0.5
read = partial(
    cs.Panel.from_frame, unit="unit", time="time", outcome="y", treatment="d"
)
Made = tuple[cs.PanelDML, cs.Panel, float]


def persistent(
    rng: np.random.Generator, units: int, times: int, rho: float
) -> np.ndarray:
    """Return a stationary AR(1) series of variance 1 for each unit.

    Parameters
    ----------
    rng : Generator
    units, times : int
    rho : float
        Autocorrelation, between -1 and 1.

    Returns
    -------
    array (units, times)
    """
    new = rng.standard_normal((units, times)) * np.sqrt(1 - rho**2)
    new[:, 0] /= np.sqrt(1 - rho**2)
    for time in range(1, times):
        new[:, time] += rho * new[:, time - 1]
    return new


def table(d: np.ndarray, error: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Return a frame of the outcome, with effects of units and of times.

    y = 0.5 d + error + a_i + 0.3 b_t, with a_i and b_t standard normal.

    Parameters
    ----------
    d, error : array (units, times)
        The treatment, and the errors of the outcome.
    rng : Generator

    Returns
    -------
    DataFrame
        Columns unit, time, d and y.
    """
    units, times = d.shape
    unit_effects = rng.standard_normal((units, 1))
    y = _EFFECT * d + error + unit_effects + 0.3 * rng.standard_normal(times)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
        }
    )
    return frame.assign(d=d.ravel(), y=y.ravel())


def _continuous(units: int, times: int, rho: float, seed: int) -> Made:
    """Draw a numeric treatment with unit effects and AR(.7); errors are AR(ρ)."""
    rng = np.random.default_rng(seed)
    d = persistent(rng, units, times, 0.7) + rng.standard_normal((units, 1))
    frame = table(d, persistent(rng, units, times, rho), rng)
    return cs.PanelDML(time_effects=True), read(frame), _EFFECT


def _curves(units: int, times: int, covariates: int, rho: float, seed: int) -> Made:
    """Draw covariates, correlated with unit effects, that act nonlinearly on d and y."""
    rng = np.random.default_rng(seed)
    unit_effects = rng.standard_normal((units, 1))
    names = [f"x{k}" for k in range(covariates)]
    x = rng.standard_normal((covariates, units, times)) + 0.5 * unit_effects
    curve = (np.sin(1.5 * x) + 0.3 * x**2).sum(axis=0) / np.sqrt(covariates)
    d = curve + unit_effects + rng.standard_normal((units, times))
    frame = table(d, curve + persistent(rng, units, times, rho) + unit_effects, rng)
    frame[names] = x.reshape(covariates, -1).T
    return cs.PanelDML(time_effects=True), read(frame, covariates=names), _EFFECT


def _unequal(units: int, times: int, seed: int) -> Made:
    """Draw units whose errors and treatments have correlated log variances (.7)."""
    rng = np.random.default_rng(seed)
    size = rng.standard_normal(units)
    scale = np.exp(0.5 * (0.7 * size + np.sqrt(0.51) * rng.standard_normal(units)))
    d = scale[:, None] * persistent(rng, units, times, 0.5)
    error = np.exp(0.5 * size)[:, None] * persistent(rng, units, times, 0.3)
    return cs.PanelDML(time_effects=True), read(table(d, error, rng)), _EFFECT


def _law(units: int, treated: int, times: int, rho: float, seed: int) -> Made:
    """Draw a panel of which `treated` units adopt for good midway, the others never."""
    rng = np.random.default_rng(seed)
    d = np.zeros((units, times))
    d[:treated, times // 2 :] = 1.0
    frame = table(d, persistent(rng, units, times, rho), rng)
    return cs.PanelDML(time_effects=True), read(frame), _EFFECT


def _staggered(units: int, times: int, rho: float, seed: int) -> Made:
    """Draw a panel of which half the units adopt for good, at any time after the first.

    The effect is the same for all units, and does not change with the time since adoption.
    """
    rng = np.random.default_rng(seed)
    start = np.where(np.arange(units) % 2 == 0, times, rng.integers(1, times, units))
    d = (np.arange(times) >= start[:, None]).astype(float)
    frame = table(d, persistent(rng, units, times, rho), rng)
    return cs.PanelDML(time_effects=True), read(frame), _EFFECT


def _counties(states: int, counties: int, times: int, named: bool, seed: int) -> Made:
    """Draw counties that share the laws and the shocks of their states.

    Parameters
    ----------
    states, counties : int
        The number of states, and of counties in each.
    times : int
    named : bool
        Whether the states are the clusters of the panel; otherwise each county is one.
    seed : int
    """
    rng = np.random.default_rng(seed)
    state = np.repeat(np.arange(states), counties)
    start = rng.integers(1, times + 4, states)
    d = (np.arange(times) >= start[state][:, None]).astype(float)
    error = 0.7 * persistent(rng, states, times, 0.5)[state]
    error = error + rng.standard_normal((len(state), times))
    frame = table(d, error, rng)
    frame["state"] = state[frame["unit"]]
    data = read(frame, cluster="state" if named else None)
    return cs.PanelDML(time_effects=True), data, _EFFECT


def _singletons(units: int, times: int, once: int, seed: int) -> Made:
    """Draw a panel to which `once` units of one row each are added."""
    rng = np.random.default_rng(seed)
    d = persistent(rng, units, times, 0.5)
    frame = table(d, persistent(rng, units, times, 0.5), rng)
    alone = pd.DataFrame(
        {"unit": units + np.arange(once), "time": rng.integers(0, times, once)}
    )
    alone["d"], alone["y"] = rng.standard_normal((2, once))
    data = read(pd.concat([frame, alone]))
    return cs.PanelDML(time_effects=True), data, _EFFECT


def _attrition(units: int, times: int, seed: int) -> Made:
    """Draw units that enter late and miss a fifth of their rows."""
    rng = np.random.default_rng(seed)
    d = persistent(rng, units, times, 0.7) + rng.standard_normal((units, 1))
    frame = table(d, persistent(rng, units, times, 0.6), rng)
    first = rng.integers(0, times - 2, units)[frame["unit"]]
    kept = (frame["time"] >= first) & (rng.random(len(frame)) < 0.8)
    return cs.PanelDML(time_effects=True), read(frame[kept]), _EFFECT


def _skewed(units: int, times: int, seed: int) -> Made:
    """Draw a log-normal treatment, and log-normal errors."""
    rng = np.random.default_rng(seed)
    d = np.exp(0.7 * persistent(rng, units, times, 0.5))
    frame = table(d, np.exp(0.8 * persistent(rng, units, times, 0.5)), rng)
    return cs.PanelDML(time_effects=True), read(frame), _EFFECT


def _unit_slopes(units: int, times: int, seed: int) -> Made:
    """Draw effects that differ by unit, Normal(.5, .5²), for `effects="unit"`."""
    rng = np.random.default_rng(seed)
    deviation = 0.5 * rng.standard_normal((units, 1))
    scale = np.exp(0.4 * rng.standard_normal((units, 1)))
    d = scale * persistent(rng, units, times, 0.3)
    frame = table(d, deviation * d + persistent(rng, units, times, 0.4), rng)
    return cs.PanelDML(effects="unit", time_effects=True), read(frame), _EFFECT


def _moderated(units: int, times: int, seed: int) -> Made:
    """Draw an effect that grows by .02 a unit of the covariate `size`; the answer is that slope."""
    rng = np.random.default_rng(seed)
    size = rng.normal(50, 10, (units, times))
    d = persistent(rng, units, times, 0.5)
    frame = table(d, 0.02 * (size - 50) * d + persistent(rng, units, times, 0.5), rng)
    data = read(frame.assign(size=size.ravel()), covariates=["size"])
    return cs.PanelDML(moderators="size", time_effects=True), data, 0.02


def _product(units: int, times: int, covariates: int, seed: int) -> Made:
    """Draw the third design of Clarke & Polselli, of which nobody names the product.

    Units act on treatment and outcome, and not on the covariates.
    """
    rng = np.random.default_rng(seed)
    unit_effects = rng.standard_normal((units, 1))
    names = [f"x{k}" for k in range(covariates)]
    x = np.sqrt(5) * rng.standard_normal((covariates, units, times))
    product = 0.5 * x[0] * x[1]
    d = product + 0.25 * np.maximum(x[0], 0) + unit_effects
    d = d + rng.standard_normal((units, times))
    error = product + 0.25 * np.maximum(x[1], 0)
    frame = table(d, error + persistent(rng, units, times, 0.0), rng)
    frame[names] = x.reshape(covariates, -1).T
    model = cs.PanelDML(time_effects=True, nuisance="boosting")
    return model, read(frame, covariates=names), _EFFECT


def _steps(units: int, times: int, seed: int) -> Made:
    """Draw a panel in which two covariates act by steps at thresholds."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((3, units, times))
    steps = 2.0 * (x[0] > 0.4) + 1.5 * (x[1] > -0.8)
    d = steps + rng.standard_normal((units, times))
    frame = table(d, steps + persistent(rng, units, times, 0.0), rng)
    frame[["x0", "x1", "x2"]] = x.reshape(3, -1).T
    model = cs.PanelDML(time_effects=True, nuisance="boosting")
    return model, read(frame, covariates=["x0", "x1", "x2"]), _EFFECT


_one = partial(Design, family="panel", estimand="effect")
DESIGNS = [
    _one(name="independent errors, 100 x 10", make=partial(_continuous, 100, 10, 0.0)),
    _one(name="AR .5, 100 x 10", make=partial(_continuous, 100, 10, 0.5)),
    _one(name="AR .9, 100 x 10", make=partial(_continuous, 100, 10, 0.9)),
    _one(name="AR .8, 50 x 20", make=partial(_continuous, 50, 20, 0.8)),
    _one(name="AR .5, 40 x 5", make=partial(_continuous, 40, 5, 0.5)),
    _one(name="two periods, 80 units", make=partial(_continuous, 80, 2, 0.5)),
    _one(name="curve of one covariate, 100 x 8", make=partial(_curves, 100, 8, 1, 0.5)),
    _one(
        name="curves of five covariates, 60 x 6", make=partial(_curves, 60, 6, 5, 0.5)
    ),
    _one(name="variances differ by unit, 60 x 8", make=partial(_unequal, 60, 8)),
    _one(name="4 units, 20 periods", make=partial(_continuous, 4, 20, 0.5)),
    _one(name="6 units, 20 periods", make=partial(_continuous, 6, 20, 0.5)),
    _one(name="10 units, 20 periods", make=partial(_continuous, 10, 20, 0.5)),
    _one(name="20 units, 20 periods", make=partial(_continuous, 20, 20, 0.5)),
    _one(name="1 of 50 units treated", make=partial(_law, 50, 1, 10, 0.5)),
    _one(name="2 of 50 units treated", make=partial(_law, 50, 2, 10, 0.5)),
    _one(name="5 of 50 units treated", make=partial(_law, 50, 5, 10, 0.5)),
    _one(name="staggered, 50 x 10, AR .7", make=partial(_staggered, 50, 10, 0.7)),
    _one(name="states of 15 counties, named", make=partial(_counties, 20, 15, 8, True)),
    _one(
        name="states of 15 counties, not named",
        make=partial(_counties, 20, 15, 8, False),
        known_failure="units share shocks: the check 'clusters share no shocks' says so",
    ),
    _one(name="12 units, 300 seen once", make=partial(_singletons, 12, 10, 300)),
    _one(name="unbalanced, 60 units", make=partial(_attrition, 60, 12)),
    _one(name="log-normal, 40 x 10", make=partial(_skewed, 40, 10)),
    _one(name="effects of units, 60 x 10", make=partial(_unit_slopes, 60, 10)),
    _one(name="a product learned, 100 x 10", make=partial(_product, 100, 10, 5)),
    _one(name="steps learned, 100 x 8", make=partial(_steps, 100, 8)),
    _one(
        name="moderated, 80 x 8", make=partial(_moderated, 80, 8), estimand="moderation"
    ),
]
