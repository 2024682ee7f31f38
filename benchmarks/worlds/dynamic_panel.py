"""Dynamic panels for the refutation benchmark: `DynamicPanel` is right, or wrong in one respect."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from designs.dynamic_panel import dynamic, read
from designs.panel import persistent
from spoilt_tables import coded, cut_off, exchanged, left_out, slipped, spoilt

import causalstats as cs
from causalstats.models.panel_dml.checks.effect_over_time import OVER_TIME
from causalstats.models.shared.common_changes import COMMON_CHANGES
from causalstats.models.shared.covariate_form import LINEAR_COVARIATES
from causalstats.models.shared.interference import INTERFERENCE
from causalstats.models.shared.measurement import LABELS
from causalstats.models.shared.shared_shocks import SHARED_SHOCKS
from causalstats.models.shared.units_alike import ALIKE
from worlds import World

Drawn = tuple[Any, Any]


def _plain(fields: dict[str, Any], settings: dict[str, Any], seed: int) -> Drawn:
    frame = dynamic(np.random.default_rng(seed), **settings)
    held = ["x"] if "x" in frame else []
    return cs.DynamicPanel(**fields), read(frame, covariates=held)


def _gaps(seed: int) -> Drawn:
    """A fifth of the rows are missing at random, so that many periods have none before them."""
    rng = np.random.default_rng(seed)
    frame = dynamic(rng)
    return cs.DynamicPanel(), read(frame[rng.random(len(frame)) < 0.8])


def _hidden_cause(seed: int) -> Drawn:
    """A cause of treatment and outcome that changes within units, and lasts."""
    rng = np.random.default_rng(seed)
    frame = dynamic(rng, error_correlation=0.7)
    cause = frame["y"] - frame.groupby("unit")["y"].transform("mean")
    return cs.DynamicPanel(), read(frame.assign(d=frame["d"] + 0.5 * cause))


def _other_unit(seed: int) -> Drawn:
    """The outcome is recorded in a unit of .6 from the fourth period on."""
    rng = np.random.default_rng(seed)
    frame = dynamic(rng)
    late = frame["time"] >= frame["time"].median()
    return cs.DynamicPanel(), read(
        frame.assign(y=(frame["y"] + 10) * np.where(late, 0.6, 1.0))
    )


def _other_people(seed: int) -> Drawn:
    """Each wave has other people under the same numbers; what lasts in them confounds."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"unit": np.repeat(np.arange(200), 6), "time": np.tile(np.arange(6), 200)}
    )
    lasting = rng.standard_normal(len(frame))
    frame["d"] = lasting + rng.standard_normal(len(frame))
    frame["y"] = frame["d"] + lasting + rng.standard_normal(len(frame))
    return cs.DynamicPanel(), read(frame)


def _of_states(seed: int, named: bool = False) -> Drawn:
    """Units of 30 states, next to each other, share shocks of outcome and of treatment.

    Parameters
    ----------
    seed : int
    named : bool
        Whether the panel is told which state a unit is in.
    """
    rng = np.random.default_rng(seed)
    states, each, times, burn_in = 30, 8, 6, 10
    state = np.repeat(np.arange(states), each)
    span = times + burn_in
    treatment = persistent(rng, states, span, 0.5)[state]
    treatment = treatment + 0.5 * rng.standard_normal(treatment.shape)
    shock = 0.7 * rng.standard_normal((states, span))[state]
    unit = rng.standard_normal(len(state))
    outcome = np.zeros(treatment.shape)
    for t in range(1, span):
        outcome[:, t] = 0.5 * outcome[:, t - 1] + 0.5 * treatment[:, t] + unit
        outcome[:, t] += shock[:, t] + rng.standard_normal(len(state))
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(len(state)), times),
            "time": np.tile(np.arange(times), len(state)),
            "state": np.repeat(state, times),
            "d": treatment[:, burn_in:].ravel(),
            "y": outcome[:, burn_in:].ravel(),
        }
    )
    return cs.DynamicPanel(), read(frame, cluster="state" if named else None)


def _villages(spillover: float, seed: int) -> Drawn:
    """Households of 40 villages, whose treatments go together and last.

    Parameters
    ----------
    spillover : float
        What the mean treatment of the other households of the village does.
    seed : int
    """
    rng = np.random.default_rng(seed)
    villages, each, times, burn_in = 40, 8, 6, 10
    village, span = np.repeat(np.arange(villages), each), times + burn_in
    treatment = 0.7 * persistent(rng, villages, span, 0.8)[village]
    treatment = treatment + 0.7 * rng.standard_normal(treatment.shape)
    total = treatment.reshape(villages, each, span).sum(axis=1)[village]
    pushed = 0.5 * treatment + spillover * (total - treatment) / (each - 1)
    pushed = pushed + rng.standard_normal((len(village), 1))
    pushed = pushed + 0.5 * rng.standard_normal((villages, span))[village]
    pushed = pushed + rng.standard_normal(treatment.shape)
    outcome = np.zeros(treatment.shape)
    for t in range(1, span):
        outcome[:, t] = 0.5 * outcome[:, t - 1] + pushed[:, t]
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(len(village)), times),
            "time": np.tile(np.arange(times), len(village)),
            "village": np.repeat(village, times),
            "d": treatment[:, burn_in:].ravel(),
            "y": outcome[:, burn_in:].ravel(),
        }
    )
    return cs.DynamicPanel(), read(frame, cluster="village")


def _years(spread: float, seed: int) -> Drawn:
    """Years move outcomes and treatments of all units, and the model has no time effects.

    Parameters
    ----------
    spread : float
        Standard deviation of the years; 0 for none.
    seed : int
    """
    frame = dynamic(np.random.default_rng(seed))
    year = spread * np.random.default_rng([seed, 1]).standard_normal(100)
    moved = year[frame["time"].to_numpy(int)]
    frame = frame.assign(d=frame["d"] + moved, y=frame["y"] + 2 * moved)
    return cs.DynamicPanel(time_effects=False), read(frame)


_world = partial(World, family="dynamic_panel")
_right = partial(_world, wrong=False)
_wrong = partial(_world, wrong=True)
_FEEDBACK = "strict exogeneity given the past outcome"
_SERIAL = ("errors without serial correlation", "predicts the correlation of residuals")
WORLDS = [
    _right(name="6 times, persistence .5", make=partial(_plain, {}, {})),
    _right(
        name="skewed errors, persistence .8",
        make=partial(_plain, {}, {"persistence": 0.8, "errors": "skewed"}),
    ),
    _right(
        name="variances that grow",
        make=partial(_plain, {}, {"errors": "growing"}),
    ),
    _right(
        name="variances that differ between units",
        make=partial(_plain, {}, {"errors": "by unit"}),
    ),
    _right(
        name="a covariate that acts by a line",
        make=partial(_plain, {}, {"shape": "line"}),
    ),
    _wrong(
        name="errors of adjacent periods are correlated (.5)",
        make=partial(_plain, {}, {"error_correlation": 0.5}),
        catches=_SERIAL,
    ),
    _wrong(
        name="a covariate that acts by its square",
        make=partial(_plain, {}, {"shape": "square"}),
        catches=(LINEAR_COVARIATES,),
    ),
    _wrong(
        name="units that share shocks of 30 states, not named",
        make=_of_states,
        catches=(SHARED_SHOCKS,),
    ),
    _right(name="villages whose treatments go together", make=partial(_villages, 0.0)),
    _wrong(
        name="treatments that spill over within villages",
        make=partial(_villages, 0.5),
        catches=(INTERFERENCE,),
    ),
    _right(name="years alike, without effects of periods", make=partial(_years, 0.0)),
    _wrong(
        name="years move outcome and treatment, without effects of periods",
        make=partial(_years, 0.7),
        catches=(COMMON_CHANGES,),
    ),
    _wrong(
        name="categories by numbers",
        make=partial(_plain, {}, {"shape": "categories"}),
        catches=(LINEAR_COVARIATES,),
    ),
    _wrong(
        name="errors move the next treatment",
        make=partial(_plain, {}, {"feedback": 0.5}),
        catches=(_FEEDBACK,),
    ),
    _wrong(
        name="a hidden cause that lasts",
        make=_hidden_cause,
        catches=(_FEEDBACK, *_SERIAL),
    ),
    _wrong(
        name="variances that grow, taken for constant",
        make=partial(
            _plain, {"variances": "constant"}, {"errors": "growing", "times": 4}
        ),
        catches=("constant variance",),
    ),
    _right(
        name="constant variances, and said so",
        make=partial(_plain, {"variances": "constant"}, {"times": 4}),
    ),
    _right(
        name="skewed errors of constant variance, and said so",
        make=partial(_plain, {"variances": "constant"}, {"errors": "skewed"}),
    ),
    _right(
        name="variances that differ between units alone, taken for constant",
        make=partial(_plain, {"variances": "constant"}, {"errors": "by unit"}),
    ),
    _right(
        name="units of unequal size (log sd 1), the same effect",
        make=partial(_plain, {}, {"sizes": 1.0}),
    ),
    _wrong(
        name="units of unequal size (log sd 1), effects that fall with it",
        make=partial(_plain, {}, {"sizes": 1.0, "slope": -0.3}),
        catches=("one effect", "no few clusters say most"),
    ),
    _wrong(
        name="units of very unequal size (log sd 1.5), the same effect",
        make=partial(_plain, {}, {"sizes": 1.5}),
        catches=("no few clusters say most",),
    ),
    _right(name="a fifth of the rows missing", make=_gaps),
    _right(
        name="20 units",
        make=partial(_plain, {}, {"units": 20}),
    ),
    _right(
        name="persistence .98",
        make=partial(_plain, {}, {"persistence": 0.98}),
    ),
    _wrong(
        name="one outcome a thousand times too large",
        make=spoilt(partial(_plain, {}, {}), partial(slipped, column="y")),
        catches=("no value far beyond all others",),
    ),
    _wrong(
        name="-9 for missing values of the treatment",
        make=spoilt(partial(_plain, {}, {}), partial(coded, column="d")),
        catches=("no codes",),
    ),
    _wrong(
        name="outcomes cut off at their lowest fifth",
        make=spoilt(partial(_plain, {}, {}), partial(cut_off, column="y")),
        catches=("outcome not cut off",),
    ),
    _wrong(
        name="rows of the lowest tenth of outcomes left out",
        make=spoilt(partial(_plain, {}, {}), partial(left_out, column="y")),
        catches=("rows not missing by their outcome",),
    ),
    _wrong(
        name="other people under the same numbers in each wave",
        make=_other_people,
        catches=(ALIKE,),
    ),
    _wrong(
        name="half of the labels exchanged midway",
        make=spoilt(partial(_plain, {}, {}), exchanged),
        catches=(LABELS,),
    ),
    _wrong(
        name="the outcome in another unit from midway",
        make=_other_unit,
        catches=(OVER_TIME,),
    ),
]
