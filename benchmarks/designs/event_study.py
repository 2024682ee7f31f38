"""Staggered adoption with known effects for the coverage benchmark.

Cohorts of several sizes, serially correlated errors, effects that grow, that differ by cohort, and
one small cohort that is unlike the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import causalstats as cs
from designs import Design
from designs.panel import persistent

Effects = Callable[[int, np.ndarray], np.ndarray]
Made = tuple[cs.EventStudy, cs.Panel, Any]
LEAST_SQUARES = {"pooling": "none", "errors": "cluster"}


def adopting(
    rng: np.random.Generator,
    sizes: Mapping[int, int],
    times: int,
    rho: float,
    effect: Effects,
    spread: float = 0.0,
) -> pd.DataFrame:
    """Return a panel in which cohorts adopt; errors have variance 1 or a variance by cohort.

    Parameters
    ----------
    rng : Generator
    sizes : mapping of the time of adoption to the number of units
        `times` or later stands for units that never adopt.
    times : int
    rho : float
        Autocorrelation of the errors.
    effect : callable
        Of the time of adoption and of event times, to effects.
    spread : float
        Standard deviation of the log standard deviations of cohorts' errors.

    Returns
    -------
    DataFrame
        Columns unit, time, d, y, and `effect`, 0 where a row is not treated.
    """
    adopted = np.repeat(list(sizes), list(sizes.values()))
    units = len(adopted)
    scale = np.repeat(
        np.exp(spread * rng.normal(size=len(sizes))), list(sizes.values())
    )
    since = np.arange(times) - adopted[:, None]
    effects = np.array(
        [effect(int(g), row) for g, row in zip(adopted, since, strict=True)]
    )
    effects = np.where(since >= 0, effects, 0.0)
    errors = scale[:, None] * persistent(rng, units, times, rho)
    y = effects + errors + rng.normal(size=(units, 1)) + rng.normal(size=times)
    columns = {"d": (since >= 0).astype(float), "y": y, "effect": effects}
    grid = {
        "unit": np.repeat(np.arange(units), times),
        "time": np.tile(np.arange(times), units),
    }
    return pd.DataFrame(grid | {name: each.ravel() for name, each in columns.items()})


def read(frame: pd.DataFrame, **options: Any) -> cs.Panel:
    return cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment="d", **options
    )


def growing(adopted: int, since: np.ndarray) -> np.ndarray:
    return 0.2 * (1 + since)


def constant(adopted: int, since: np.ndarray) -> np.ndarray:
    return 0.5 + 0.0 * since


def unlike(adopted: int, since: np.ndarray) -> np.ndarray:
    """Cohort 3 has an effect of 2, the others of .4."""
    return (2.0 if adopted == 3 else 0.4) + 0.0 * since


def levels(adopted: int, since: np.ndarray) -> np.ndarray:
    """Levels between -.2 and 1.2, in no order of adoption."""
    return np.sin(2.0 * adopted) * 0.7 + 0.5 + 0.0 * since


SIZES = {3: 12, 4: 25, 5: 8, 6: 20, 99: 40}
SMALL = {3: 4, 4: 25, 5: 15, 6: 20, 99: 40}


def _att(
    sizes: Mapping[int, int],
    rho: float,
    effect: Effects,
    spread: float,
    fields: Mapping[str, Any],
    seed: int,
) -> Made:
    frame = adopting(np.random.default_rng(seed), sizes, 9, rho, effect, spread)
    truth = frame.loc[frame["d"] > 0, "effect"].mean()
    return cs.EventStudy(**fields), read(frame), float(truth)


def _event_times(
    sizes: Mapping[int, int], rho: float, effect: Effects, seed: int
) -> Made:
    frame = adopting(np.random.default_rng(seed), sizes, 9, rho, effect)
    unit_adopted = np.repeat(list(sizes), list(sizes.values()))
    since = frame["time"] - unit_adopted[frame["unit"]]
    truth = frame.loc[frame["d"] > 0].groupby(since)["effect"].mean()
    labelled = {str(event_time): float(value) for event_time, value in truth.items()}
    return cs.EventStudy(), read(frame), labelled


def _cohorts(
    sizes: Mapping[int, int],
    rho: float,
    effect: Effects,
    spread: float,
    fields: Mapping[str, Any],
    seed: int,
) -> Made:
    frame = adopting(np.random.default_rng(seed), sizes, 9, rho, effect, spread)
    unit_adopted = np.repeat(list(sizes), list(sizes.values()))
    cohort = pd.Series(unit_adopted[frame["unit"]])
    truth = frame.loc[frame["d"] > 0].groupby(cohort)["effect"].mean()
    labelled = {str(cohort): float(value) for cohort, value in truth.items()}
    return cs.EventStudy(**fields), read(frame), labelled


def _states(seed: int) -> Made:
    """Draw 25 states of 6 counties that share shocks and adopt together."""
    rng = np.random.default_rng(seed)
    sizes = {3: 36, 5: 36, 99: 78}
    frame = adopting(rng, sizes, 8, 0.5, constant)
    frame["state"] = frame["unit"] // 6
    shocks = persistent(rng, 25, 8, 0.5)
    frame["y"] += shocks[frame["state"], frame["time"]]
    return cs.EventStudy(**LEAST_SQUARES), read(frame, cluster="state"), 0.5


def states(
    seed: int,
    *,
    cohorts: Mapping[int, int],
    times: int = 8,
    autocorrelation: float = 0.6,
    sizes: tuple[int, int] = (6, 6),
    spread: float = 0.0,
) -> pd.DataFrame:
    """Return states that adopt, of units that share their shocks; the effect is 1.

    Seeds differ in outcomes alone.

    Parameters
    ----------
    seed : int
    cohorts : mapping of the time of adoption to the number of states
        `times` or later stands for states that never adopt.
    times : int
    autocorrelation : float
        Of shocks and of the errors of units.
    sizes : tuple of int
        The fewest and the most units of a state; seven sizes in turn.
    spread : float
        Standard deviation of the log standard deviations of cohorts' errors.
    """
    rng = np.random.default_rng(seed)
    count = list(cohorts.values())
    adopted = np.repeat(list(cohorts), count)
    scale = np.repeat(np.exp(spread * rng.normal(size=len(count))), count)
    in_turn = np.resize(np.linspace(*sizes, 7).round().astype(int), len(adopted))
    state = np.repeat(np.arange(len(adopted)), in_turn)
    treated = (np.arange(times) >= adopted[state][:, None]).astype(float)
    errors = persistent(rng, len(adopted), times, autocorrelation)[state]
    errors = errors + persistent(rng, len(state), times, autocorrelation)
    outcome = treated + scale[state][:, None] * errors
    columns = {"d": treated, "y": outcome, "state": np.tile(state[:, None], times)}
    grid = {
        "unit": np.repeat(np.arange(len(state)), times),
        "time": np.tile(np.arange(times), len(state)),
    }
    return pd.DataFrame(grid | {name: each.ravel() for name, each in columns.items()})


def _few_states(
    cohorts: Mapping[int, int], spread: float, by_cohort: bool, seed: int
) -> Made:
    panel = read(states(seed, cohorts=cohorts, spread=spread), cluster="state")
    truth: Any = 1.0
    if by_cohort:
        truth = {str(cohort): 1.0 for cohort in cohorts if cohort < 8}
    return cs.EventStudy(**LEAST_SQUARES), panel, truth


_one = partial(Design, family="event_study", estimand="att")
DESIGNS = [
    _one(
        name="growing effects, AR .5",
        make=partial(_att, SIZES, 0.5, growing, 0.0, {}),
    ),
    _one(
        name="growing effects, AR .5: event times",
        make=partial(_event_times, SIZES, 0.5, growing),
        estimand="event_time",
    ),
    _one(
        name="constant effects, independent errors",
        make=partial(_att, SIZES, 0.0, constant, 0.0, {}),
    ),
    _one(
        name="levels by cohort, AR .5, variances by cohort: cohorts",
        make=partial(_cohorts, SIZES, 0.5, levels, 0.5, {}),
        estimand="cohort",
    ),
    _one(
        name="a cohort of 4 units unlike the others, AR .5: cohorts",
        make=partial(_cohorts, SMALL, 0.5, unlike, 0.0, {}),
        estimand="cohort",
    ),
    _one(
        name="growing effects, AR .5, saturated and clustered",
        make=partial(_att, SIZES, 0.5, growing, 0.0, LEAST_SQUARES),
    ),
    _one(
        name="a cohort of 4 units, AR .5, saturated and clustered: cohorts",
        make=partial(_cohorts, SMALL, 0.5, unlike, 0.0, LEAST_SQUARES),
        estimand="cohort",
    ),
    _one(name="25 states of 6 counties, clustered", make=_states),
    _one(
        name="2 and 3 of 21 states, clustered",
        make=partial(_few_states, {3: 2, 5: 3, 99: 16}, 0.0, False),
    ),
    _one(
        name="1 and 9 of 26 states, variances by cohort, clustered",
        make=partial(_few_states, {3: 1, 5: 9, 99: 16}, 0.5, False),
    ),
    _one(
        name="2 and 3 of 21 states, clustered: cohorts",
        make=partial(_few_states, {3: 2, 5: 3, 99: 16}, 0.0, True),
        estimand="cohort",
    ),
]
