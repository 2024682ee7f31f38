"""Staggered adoption for the refutation benchmark: `EventStudy` is right, or wrong in one respect.

Most worlds are fitted by least squares with clustered errors, whose draws are exact and whose
checks are those of every fit.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from designs.event_study import (
    LEAST_SQUARES,
    SIZES,
    adopting,
    constant,
    growing,
    levels,
    read,
)
from designs.panel import persistent
from spoilt_tables import cut_off, left_out, spoilt

import causalstats as cs
from causalstats.models.event_study.additive_changes import ADDITIVE
from causalstats.models.shared.interference import INTERFERENCE
from causalstats.models.shared.measurement import ONE_UNIT, ONE_WAY
from causalstats.models.shared.shared_shocks import SHARED_SHOCKS
from worlds import World

Drawn = tuple[Any, Any]
_LARGE = {3: 30, 4: 30, 6: 30, 99: 60}
_TIMES = 9


def _frame(
    seed: int, rho: float = 0.5, effect: Any = growing
) -> tuple[np.random.Generator, pd.DataFrame, np.ndarray]:
    """Return a generator, a panel, and event times by row; NaN for units that never adopt."""
    rng = np.random.default_rng(seed)
    frame = adopting(rng, _LARGE, _TIMES, rho, effect)
    adopted = np.repeat(list(_LARGE), list(_LARGE.values())).astype(float)
    adopted[adopted >= _TIMES] = np.nan
    return rng, frame, frame["time"].to_numpy() - adopted[frame["unit"]]


def _fitted(frame: pd.DataFrame, **fields: Any) -> Drawn:
    return cs.EventStudy(**{**LEAST_SQUARES, **fields}), read(frame)


def _right(rho: float, effect: Any, fields: dict, seed: int) -> Drawn:
    _, frame, _ = _frame(seed, rho, effect)
    return _fitted(frame, **fields)


def _none(adopted: int, since: np.ndarray) -> np.ndarray:
    return 0.0 * since


def _villages(spillover: float, seed: int, unlike: float = 0.0) -> Drawn:
    """Households of 40 villages; of each another share adopts in period 3, 4 or 6, or never.

    Parameters
    ----------
    spillover : float
        What it does to a household that all others of its village have adopted.
    seed : int
    unlike : float
        What the effect is more in a village where more adopt.
    """
    rng = np.random.default_rng(seed)
    villages, each = 40, 8
    village = np.repeat(np.arange(villages), each)
    share = rng.uniform(0.1, 0.9, villages)[village]
    ever = rng.random(len(village)) < share
    adopted = np.where(ever, rng.choice([3, 4, 6], len(village)), 99)[:, None]
    treated = (np.arange(_TIMES) >= adopted).astype(float)
    total = treated.reshape(villages, each, _TIMES).sum(axis=1)[village]
    outcome = (0.5 + unlike * share[:, None]) * treated
    outcome += spillover * (total - treated) / (each - 1)
    outcome += rng.standard_normal((len(village), 1)) + 0.1 * np.arange(_TIMES)
    outcome += 0.4 * persistent(rng, villages, _TIMES, 0.5)[village]
    outcome += persistent(rng, len(village), _TIMES, 0.5)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(len(village)), _TIMES),
            "time": np.tile(np.arange(_TIMES), len(village)),
            "village": np.repeat(village, _TIMES),
            "d": treated.ravel(),
            "y": outcome.ravel(),
        }
    )
    return cs.EventStudy(**LEAST_SQUARES), read(frame, cluster="village")


def _missing_at_random(seed: int) -> Drawn:
    rng, frame, _ = _frame(seed)
    return _fitted(frame[rng.random(len(frame)) < 0.9])


def _small_cohorts(seed: int) -> Drawn:
    frame = adopting(np.random.default_rng(seed), SIZES, _TIMES, 0.5, levels)
    return _fitted(frame)


def _trend(slope: float, effect: Any, seed: int) -> Drawn:
    _, frame, since = _frame(seed, 0.5, effect)
    return _fitted(frame.assign(y=frame["y"] + slope * np.nan_to_num(since)))


def _anticipation(size: float, seed: int) -> Drawn:
    _, frame, since = _frame(seed)
    return _fitted(frame.assign(y=frame["y"] + size * (since == -1)))


def _counts(ratio: float, seed: int) -> Drawn:
    """Counts grow in proportion from period 3 on, without an effect; means of 10 never treated.

    Parameters
    ----------
    ratio : float
        The level of units that adopt over that of others.
    seed : int
    """
    rng = np.random.default_rng(seed)
    growth = np.array([0, 0, 0, 0.05, 0.1, 0.2, 0.3, 0.35, 0.4])
    adopted = np.repeat(list(_LARGE), list(_LARGE.values()))[:, None]
    level = np.log(10) + np.log(ratio) * (adopted < _TIMES)
    level = level + 0.4 * rng.standard_normal(level.shape)
    times = np.arange(_TIMES)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(len(adopted)), _TIMES),
            "time": np.tile(times, len(adopted)),
            "d": (times >= adopted).astype(int).ravel(),
            "y": rng.poisson(np.exp(level + growth)).ravel(),
        }
    )
    return _fitted(frame)


def _sums(ratio: float, seed: int) -> Drawn:
    """Outcomes of 0 or more whose changes are the same at every level, which differs by `ratio`."""
    rng, frame, since = _frame(seed)
    ever = ~np.isnan(since)
    own = rng.normal(size=sum(_LARGE.values()))[frame["unit"]]
    level = np.where(ever, 10 * ratio, 10.0) + own
    outcome = level + 0.3 * frame["time"] + frame["y"]
    return _fitted(frame.assign(y=outcome.clip(lower=0)))


def _answer_by_event_time(model: cs.EventStudy, data: cs.Panel) -> cs.Effect:
    return cs.fit(model, data, seed=1, progress=False).effect("event_time")


def _waves(seed: int) -> Drawn:
    """Interviews were one to seven years apart."""
    _, frame, _ = _frame(seed)
    years = np.array([2000, 2002, 2003, 2005, 2010, 2011, 2015, 2016, 2023])
    return _fitted(frame.assign(time=years[frame["time"]]))


def _selected_by_a_dip(seed: int) -> Drawn:
    """Units adopt after a bad period (Ashenfelter's dip)."""
    _, frame, since = _frame(seed)
    return _fitted(frame.assign(y=frame["y"] - 0.8 * (since == -1)))


def _attrition(share: float, seed: int) -> Drawn:
    rng, frame, since = _frame(seed)
    return _fitted(frame[~((since >= 1) & (rng.random(len(frame)) < share))])


def _few_treated(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    return _fitted(adopting(rng, {4: 3, 99: 40}, _TIMES, 0.5, constant))


def _states(
    per_cohort: tuple[int, int, int],
    seed: int,
    named: bool = True,
) -> Drawn:
    """Draw counties that share the shocks of their states, which adopt; errors by state.

    Parameters
    ----------
    per_cohort : tuple of int
        States that adopt in periods 3 and 5, and that never do.
    seed : int
    named : bool
        Whether the panel is told which state a county is in; if not, states stand in any order.
    """
    rng = np.random.default_rng(seed)
    adopted = np.repeat([3, 5, 99], per_cohort)
    if not named:
        adopted = rng.permutation(adopted)
    states, counties = len(adopted), 8
    state = np.repeat(np.arange(states), counties)
    treated = (np.arange(_TIMES) >= adopted[state][:, None]).astype(float)
    errors = rng.normal(size=treated.shape)
    outcome = treated + persistent(rng, states, _TIMES, 0.5)[state] + errors
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(len(state)), _TIMES),
            "time": np.tile(np.arange(_TIMES), len(state)),
            "state": np.repeat(state, _TIMES),
            "d": treated.ravel(),
            "y": outcome.ravel(),
        }
    )
    return cs.EventStudy(**LEAST_SQUARES), read(
        frame, cluster="state" if named else None
    )


def _unknown_adoption(seed: int) -> Drawn:
    """A third of the units were not seen in the period before they adopted."""
    rng, frame, since = _frame(seed)
    hidden = (since == -1) & (rng.random(len(frame)) < 0.33)
    return _fitted(frame[~hidden])


def _treated_at_once(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    return _fitted(adopting(rng, {0: 30, 4: 30, 99: 40}, _TIMES, 0.5, growing))


def _no_overlap(seed: int) -> Drawn:
    """Units that adopt are larger than any other, and trends depend on size."""
    rng, frame, since = _frame(seed)
    units = frame["unit"].max() + 1
    ever = pd.Series(~np.isnan(since)).groupby(frame["unit"]).first().to_numpy()
    size = rng.normal(size=units) + 4 * ever
    frame["size"] = size[frame["unit"]]
    return cs.EventStudy(**LEAST_SQUARES), read(frame, covariates=["size"])


def _trends_by_size(curve: float, line: float, seed: int) -> Drawn:
    """Trends depend on size by a line and a square, and units of unusual size adopt more often."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=120)
    adopts = rng.random(120) < 1 / (1 + np.exp(1.5 - size**2))
    adopted = np.where(adopts, rng.choice([4, 6], 120), 99)
    frame = pd.DataFrame(
        {"unit": np.repeat(range(120), _TIMES), "time": np.tile(range(_TIMES), 120)}
    )
    trend = (line * size + curve * size**2)[frame["unit"]] * frame["time"] / _TIMES
    since = frame["time"] - adopted[frame["unit"]]
    frame["d"] = (since >= 0).astype(float)
    errors = persistent(rng, 120, _TIMES, 0.5).ravel()
    frame["y"] = trend + errors + np.where(since >= 0, 1.0, 0.0)
    frame["size"] = size[frame["unit"]]
    return cs.EventStudy(**LEAST_SQUARES), read(frame, covariates=["size"])


def _lasting_and_brief(seed: int) -> Drawn:
    """Errors are the sum of a random walk and of noise, for the default AR(1) errors."""
    rng, frame, _ = _frame(seed, 0.0)
    units = frame["unit"].max() + 1
    walk = np.cumsum(0.5 * rng.normal(size=(units, _TIMES)), axis=1)
    return cs.EventStudy(), read(frame.assign(y=frame["y"] + walk.ravel()))


def _shared_path(seed: int) -> Drawn:
    """Units of a cohort share an AR(.9) path that no control has."""
    rng, frame, since = _frame(seed)
    cohort = pd.factorize(np.repeat(list(_LARGE), list(_LARGE.values())))[0]
    paths = persistent(rng, len(_LARGE), _TIMES, 0.9)
    own = paths[cohort[frame["unit"]], frame["time"]]
    return _fitted(frame.assign(y=frame["y"] + own))


def _taken_as_independent(seed: int) -> Drawn:
    """Errors of a unit last (AR .5), and are said to be independent."""
    _, frame, _ = _frame(seed)
    return cs.EventStudy(errors="iid"), read(frame)


def _levels(seed: int, factor: float = 1.0, moved: float = 0.0) -> Drawn:
    """Draw units of levels near 10, those that adopt half a unit higher; records change midway.

    Parameters
    ----------
    seed : int
    factor : float
        By which all outcomes are multiplied from period 4 on.
    moved : float
        What a new device adds from then on in 4 of 10 units that adopt and 1 of 10 others.
    """
    rng, frame, since = _frame(seed, 0.5, constant)
    ever = ~np.isnan(since)
    units = sum(_LARGE.values())
    own = rng.normal(size=units)[frame["unit"]]
    chance = rng.random(units)[frame["unit"]]
    late = frame["time"].to_numpy() >= 4
    outcome = 10 + own + 0.5 * ever + frame["y"]
    outcome = outcome + moved * late * (chance < np.where(ever, 0.4, 0.1))
    return _fitted(frame.assign(y=outcome * np.where(late, factor, 1.0)))


_world = partial(World, family="event_study")
_right_world = partial(_world, wrong=False)
_wrong_world = partial(_world, wrong=True)
_TRENDS = ("parallel trends before adoption", "no anticipation")
WORLDS = [
    _right_world(name="growing effects, AR .5", make=partial(_right, 0.5, growing, {})),
    _right_world(
        name="constant effects, independent errors",
        make=partial(_right, 0.0, constant, {}),
    ),
    _right_world(
        name="growing effects, AR .5, by default",
        make=partial(_right, 0.5, growing, {"pooling": "shape", "errors": "ar1"}),
    ),
    _right_world(name="rows missing at random", make=_missing_at_random),
    _right_world(
        name="villages of which other shares adopt", make=partial(_villages, 0.0)
    ),
    _right_world(
        name="villages in which the effect is larger where more adopt",
        make=partial(_villages, 0.0, unlike=1.0),
    ),
    *(
        _wrong_world(
            name=f"adoption that adds {size:g} to a village that adopts as a whole",
            make=partial(_villages, size),
            catches=(INTERFERENCE,),
        )
        for size in (1.0, 2.0)
    ),
    _right_world(name="cohorts of 8 to 25 units", make=_small_cohorts),
    _right_world(name="counts of one level", make=partial(_counts, 1.0)),
    _wrong_world(
        name="changes in proportion to levels that differ by 3",
        make=partial(_counts, 3.0),
        catches=(ADDITIVE,),
    ),
    _right_world(
        name="changes alike at levels that differ by 3", make=partial(_sums, 3.0)
    ),
    _wrong_world(
        name="waves one to seven years apart",
        make=_waves,
        catches=("periods equally spaced",),
        answer=_answer_by_event_time,
        runs=("periods equally spaced",),
    ),
    _wrong_world(
        name="trends differ by .3 a period",
        make=partial(_trend, 0.3, growing),
        catches=_TRENDS,
    ),
    _wrong_world(
        name="trends differ by .15 a period",
        make=partial(_trend, 0.15, growing),
        catches=_TRENDS,
    ),
    _wrong_world(
        name="no effect, and trends that differ by .15 a period",
        make=partial(_trend, 0.15, _none),
        catches=_TRENDS,
    ),
    _wrong_world(
        name="effect of .8 one period early",
        make=partial(_anticipation, 0.8),
        catches=_TRENDS,
    ),
    _wrong_world(
        name="effect of .4 one period early",
        make=partial(_anticipation, 0.4),
        catches=_TRENDS,
    ),
    _wrong_world(
        name="adoption after a bad period", make=_selected_by_a_dip, catches=_TRENDS
    ),
    _wrong_world(
        name="a quarter of the treated rows missing",
        make=partial(_attrition, 0.25),
        catches=("presence does not depend on adoption",),
    ),
    _wrong_world(
        name="three treated units", make=_few_treated, catches=("treated units",)
    ),
    _wrong_world(
        name="one state in a cohort",
        make=partial(_states, (1, 9, 16)),
        catches=("clusters of each cohort",),
        headline_holds="its interval takes in what one state says of itself; the check stands on "
        "the answers of that cohort",
    ),
    World(
        name="eight states in each cohort",
        family="event_study",
        wrong=False,
        make=partial(_states, (8, 8, 16)),
    ),
    _wrong_world(
        name="counties that share shocks of 28 states, not named",
        make=partial(_states, (6, 6, 16), named=False),
        catches=(SHARED_SHOCKS,),
    ),
    _wrong_world(
        name="adoption times of a third unknown",
        make=_unknown_adoption,
        catches=("adoption times known",),
    ),
    _wrong_world(
        name="a third treated from the start",
        make=_treated_at_once,
        catches=("rows with a comparison",),
    ),
    _wrong_world(
        name="no control as large as those that adopt",
        make=_no_overlap,
        catches=("overlap of cohorts and controls",),
    ),
    _right_world(
        name="trends by the size of a unit, in a line",
        make=partial(_trends_by_size, 0.0, 1.0),
    ),
    _wrong_world(
        name="trends by the square of the size of a unit",
        make=partial(_trends_by_size, 1.0, 0.5),
        catches=("covariates act by straight lines", *_TRENDS),
    ),
    _wrong_world(
        name="errors of a random walk and noise",
        make=_lasting_and_brief,
        catches=("predicts the serial correlation of residuals",),
    ),
    _wrong_world(
        name="shocks that a cohort shares", make=_shared_path, catches=_TRENDS
    ),
    World(
        name="outcomes cut off at their lowest fifth",
        family="event_study",
        wrong=True,
        make=spoilt(partial(_right, 0.5, growing, {}), partial(cut_off, column="y")),
        catches=("outcome not cut off",),
    ),
    _wrong_world(
        name="rows of the lowest tenth of outcomes left out",
        make=spoilt(partial(_right, 0.5, growing, {}), partial(left_out, column="y")),
        catches=("rows not missing by their outcome",),
    ),
    _right_world(name="levels near 10", make=_levels),
    _wrong_world(
        name="all outcomes in a unit of .6 from midway",
        make=partial(_levels, factor=0.6),
        catches=(ONE_UNIT,),
    ),
    _wrong_world(
        name="all outcomes in thousands until midway",
        make=partial(_levels, factor=1000.0),
        catches=(ONE_UNIT,),
    ),
    _wrong_world(
        name="some units measured by a new device from midway",
        make=partial(_levels, moved=5.0),
        catches=(ONE_WAY,),
    ),
    _wrong_world(
        name="serial correlation, taken as independent",
        make=_taken_as_independent,
        catches=("predicts the serial correlation of residuals",),
    ),
]
