"""Panels with a known effect, each with what published panels have.

Errors that persist, few units, laws of states.
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
    """Stationary AR(1) with variance 1, shape (units, times)."""
    new = rng.standard_normal((units, times)) * np.sqrt(1 - rho**2)
    new[:, 0] /= np.sqrt(1 - rho**2)
    for time in range(1, times):
        new[:, time] += rho * new[:, time - 1]
    return new


def table(d: np.ndarray, error: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Rows of treatments and errors (units, times), with effects of units and of times."""
    units, times = d.shape
    lasting = rng.standard_normal((units, 1))
    y = _EFFECT * d + error + lasting + 0.3 * rng.standard_normal(times)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
        }
    )
    return frame.assign(d=d.ravel(), y=y.ravel())


def continuous(units: int, times: int, rho: float, seed: int) -> Made:
    """A treatment with AR(.7) and unit effects; errors with AR(ρ)."""
    rng = np.random.default_rng(seed)
    d = persistent(rng, units, times, 0.7) + rng.standard_normal((units, 1))
    frame = table(d, persistent(rng, units, times, rho), rng)
    return cs.PanelDML(time_effects=True), read(frame), _EFFECT


def curves(units: int, times: int, covariates: int, rho: float, seed: int) -> Made:
    """Covariates that act in curves on treatment and outcome, and that units move."""
    rng = np.random.default_rng(seed)
    lasting = rng.standard_normal((units, 1))
    names = [f"x{k}" for k in range(covariates)]
    x = rng.standard_normal((covariates, units, times)) + 0.5 * lasting
    part = (np.sin(1.5 * x) + 0.3 * x**2).sum(axis=0) / np.sqrt(covariates)
    d = part + lasting + rng.standard_normal((units, times))
    frame = table(d, part + persistent(rng, units, times, rho) + lasting, rng)
    frame[names] = x.reshape(covariates, -1).T
    return cs.PanelDML(time_effects=True), read(frame, covariates=names), _EFFECT


def unequal(units: int, times: int, seed: int) -> Made:
    """Units with larger errors have larger changes of the treatment."""
    rng = np.random.default_rng(seed)
    size = rng.standard_normal(units)
    own = np.exp(0.5 * (0.7 * size + np.sqrt(0.51) * rng.standard_normal(units)))
    d = own[:, None] * persistent(rng, units, times, 0.5)
    error = np.exp(0.5 * size)[:, None] * persistent(rng, units, times, 0.3)
    return cs.PanelDML(time_effects=True), read(table(d, error, rng)), _EFFECT


def law(units: int, treated: int, times: int, rho: float, seed: int) -> Made:
    """The same units adopt for good in the middle, the others never."""
    rng = np.random.default_rng(seed)
    d = np.zeros((units, times))
    d[:treated, times // 2 :] = 1.0
    frame = table(d, persistent(rng, units, times, rho), rng)
    return cs.PanelDML(time_effects=True), read(frame), _EFFECT


def staggered(units: int, times: int, rho: float, seed: int) -> Made:
    """Half adopt for good, at any time after the first.

    The effect is the same at once and later.
    """
    rng = np.random.default_rng(seed)
    start = np.where(np.arange(units) % 2 == 0, times, rng.integers(1, times, units))
    d = (np.arange(times) >= start[:, None]).astype(float)
    frame = table(d, persistent(rng, units, times, rho), rng)
    return cs.PanelDML(time_effects=True), read(frame), _EFFECT


def states(states_: int, counties: int, times: int, named: bool, seed: int) -> Made:
    """Laws and shocks of states, rows of counties."""
    rng = np.random.default_rng(seed)
    state = np.repeat(np.arange(states_), counties)
    start = rng.integers(1, times + 4, states_)
    d = (np.arange(times) >= start[state][:, None]).astype(float)
    error = 0.7 * persistent(rng, states_, times, 0.5)[state]
    error = error + rng.standard_normal((len(state), times))
    frame = table(d, error, rng)
    frame["state"] = state[frame["unit"]]
    data = read(frame, cluster="state" if named else None)
    return cs.PanelDML(time_effects=True), data, _EFFECT


def singletons(units: int, times: int, once: int, seed: int) -> Made:
    """Most units were seen once."""
    rng = np.random.default_rng(seed)
    d = persistent(rng, units, times, 0.5)
    frame = table(d, persistent(rng, units, times, 0.5), rng)
    alone = pd.DataFrame(
        {"unit": units + np.arange(once), "time": rng.integers(0, times, once)}
    )
    alone["d"], alone["y"] = rng.standard_normal((2, once))
    data = read(pd.concat([frame, alone]))
    return cs.PanelDML(time_effects=True), data, _EFFECT


def attrition(units: int, times: int, seed: int) -> Made:
    """Units enter late and miss a fifth of their rows."""
    rng = np.random.default_rng(seed)
    d = persistent(rng, units, times, 0.7) + rng.standard_normal((units, 1))
    frame = table(d, persistent(rng, units, times, 0.6), rng)
    first = rng.integers(0, times - 2, units)[frame["unit"]]
    kept = (frame["time"] >= first) & (rng.random(len(frame)) < 0.8)
    return cs.PanelDML(time_effects=True), read(frame[kept]), _EFFECT


def skewed(units: int, times: int, seed: int) -> Made:
    """Log-normal treatment and errors."""
    rng = np.random.default_rng(seed)
    d = np.exp(0.7 * persistent(rng, units, times, 0.5))
    frame = table(d, np.exp(0.8 * persistent(rng, units, times, 0.5)), rng)
    return cs.PanelDML(time_effects=True), read(frame), _EFFECT


def own_effects(units: int, times: int, seed: int) -> Made:
    """Effects of units Normal(.5, .5²), asked for."""
    rng = np.random.default_rng(seed)
    own = 0.5 * rng.standard_normal((units, 1))
    d = np.exp(0.4 * rng.standard_normal((units, 1))) * persistent(
        rng, units, times, 0.3
    )
    frame = table(d, own * d + persistent(rng, units, times, 0.4), rng)
    return cs.PanelDML(effects="unit", time_effects=True), read(frame), _EFFECT


def moderated(units: int, times: int, seed: int) -> Made:
    """The effect grows with the size of a unit, in units of its own; asked for is by how much."""
    rng = np.random.default_rng(seed)
    size = rng.normal(50, 10, (units, times))
    d = persistent(rng, units, times, 0.5)
    frame = table(d, 0.02 * (size - 50) * d + persistent(rng, units, times, 0.5), rng)
    data = read(frame.assign(size=size.ravel()), covariates=["size"])
    return cs.PanelDML(moderators="size", time_effects=True), data, 0.02


_one = partial(Design, family="panel", estimand="effect")
DESIGNS = [
    _one(name="independent errors, 100 x 10", make=partial(continuous, 100, 10, 0.0)),
    _one(name="AR .5, 100 x 10", make=partial(continuous, 100, 10, 0.5)),
    _one(name="AR .9, 100 x 10", make=partial(continuous, 100, 10, 0.9)),
    _one(name="AR .8, 50 x 20", make=partial(continuous, 50, 20, 0.8)),
    _one(name="AR .5, 40 x 5", make=partial(continuous, 40, 5, 0.5)),
    _one(name="two periods, 80 units", make=partial(continuous, 80, 2, 0.5)),
    _one(name="curve of one covariate, 100 x 8", make=partial(curves, 100, 8, 1, 0.5)),
    _one(name="curves of five covariates, 60 x 6", make=partial(curves, 60, 6, 5, 0.5)),
    _one(name="variances differ by unit, 60 x 8", make=partial(unequal, 60, 8)),
    _one(name="4 units, 20 periods", make=partial(continuous, 4, 20, 0.5)),
    _one(name="6 units, 20 periods", make=partial(continuous, 6, 20, 0.5)),
    _one(name="10 units, 20 periods", make=partial(continuous, 10, 20, 0.5)),
    _one(name="20 units, 20 periods", make=partial(continuous, 20, 20, 0.5)),
    _one(name="1 of 50 units treated", make=partial(law, 50, 1, 10, 0.5)),
    _one(name="2 of 50 units treated", make=partial(law, 50, 2, 10, 0.5)),
    _one(name="5 of 50 units treated", make=partial(law, 50, 5, 10, 0.5)),
    _one(name="staggered, 50 x 10, AR .7", make=partial(staggered, 50, 10, 0.7)),
    _one(name="states of 15 counties, named", make=partial(states, 20, 15, 8, True)),
    _one(
        name="states of 15 counties, not named",
        make=partial(states, 20, 15, 8, False),
        known_failure="units share shocks: the check 'clusters share no shocks' says so",
    ),
    _one(name="12 units, 300 seen once", make=partial(singletons, 12, 10, 300)),
    _one(name="unbalanced, 60 units", make=partial(attrition, 60, 12)),
    _one(name="log-normal, 40 x 10", make=partial(skewed, 40, 10)),
    _one(name="effects of units, 60 x 10", make=partial(own_effects, 60, 10)),
    _one(
        name="moderated, 80 x 8", make=partial(moderated, 80, 8), estimand="moderation"
    ),
]
