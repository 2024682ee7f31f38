"""Panels of counts and of 0 and 1 for the refutation benchmark, right or wrong in one respect."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from designs.panel import persistent
from designs.panel_glm import outcomes, read
from spoilt_tables import coded, spoilt, top_coded

import causalstats as cs
from causalstats.models.panel_glm.assumptions import BOUNDED, LATER
from causalstats.models.shared.common_changes import COMMON_CHANGES
from causalstats.models.shared.covariate_form import LINEAR_COVARIATES
from causalstats.models.shared.interference import INTERFERENCE
from causalstats.models.shared.measurement import ZEROS
from causalstats.models.shared.shared_shocks import SHARED_SHOCKS
from causalstats.models.shared.units_alike import ALIKE
from worlds import World

Drawn = tuple[Any, Any]


def _made(fields: dict[str, Any], settings: dict[str, Any], seed: int) -> Drawn:
    frame = outcomes(np.random.default_rng(seed), **settings)
    held = ["x"] if "x" in frame else []
    return cs.PanelGLM(**fields), read(frame, covariates=held)


def _unequal_units(seed: int) -> Drawn:
    """Means of counts differ between units by factors of hundreds."""
    rng = np.random.default_rng(seed)
    units, times = 100, 5
    treatment = rng.normal(size=(units, times))
    mean = 3 * np.exp(2.5 * rng.normal(size=(units, 1)) + 0.1 * treatment)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
            "d": treatment.ravel(),
            "y": rng.poisson(mean).ravel(),
        }
    )
    return cs.PanelGLM(), read(frame)


def _adopted(
    seed: int,
    growing: float = 0.0,
    trend: float = 0.0,
    mixture: float = 0.0,
) -> Drawn:
    """Two thirds of 150 units adopt in period 2 or 4 of 6, and keep a ratio of exp(.5).

    Parameters
    ----------
    seed : int
    growing : float
        What a period since adoption adds to the logarithm of the ratio.
    trend : float
        What units that adopt grow more than others in a period.
    mixture : float
        Shape of the Gamma distribution that makes counts overdispersed; 0 for Poisson counts.
    """
    rng = np.random.default_rng(seed)
    units, times = 150, np.arange(6)
    adopted = rng.choice([2, 4, 99], units)[:, None]
    since = np.where(times >= adopted, times - adopted, 0)
    treated = (times >= adopted).astype(int)
    predictor = 0.5 + 0.7 * rng.standard_normal((units, 1)) + 0.1 * times
    predictor = predictor + 0.5 * treated + growing * since
    predictor = predictor + trend * times * (adopted < 99)
    extra = rng.gamma(mixture, 1 / mixture, since.shape) if mixture else 1.0
    return cs.PanelGLM(), read(
        pd.DataFrame(
            {
                "unit": np.repeat(np.arange(units), len(times)),
                "time": np.tile(times, units),
                "d": treated.ravel(),
                "y": rng.poisson(np.exp(predictor) * extra).ravel(),
            }
        )
    )


def _other_people(kind: str, seed: int) -> Drawn:
    """Each wave has other people under the same numbers; what lasts in them confounds."""
    rng = np.random.default_rng(seed)
    units, times = 250, 6
    lasting = rng.standard_normal((units, times))
    treated = (lasting + rng.standard_normal((units, times)) > 0).astype(int)
    predictor = 0.5 * treated + 0.7 * lasting
    if kind == "poisson":
        outcome = rng.poisson(np.exp(1 + predictor)).astype(float)
    else:
        chance = 1 / (1 + np.exp(-predictor))
        outcome = (rng.random(chance.shape) < chance).astype(float)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
            "d": treated.ravel(),
            "y": outcome.ravel(),
        }
    )
    return cs.PanelGLM(family=kind), read(frame)


def _villages(kind: str, spillover: float, seed: int) -> Drawn:
    """Households of 40 villages, of which another share is treated in each year.

    Parameters
    ----------
    kind : {"poisson", "logit"}
    spillover : float
        What a treatment of all other households of the village does to the predictor.
    seed : int
    """
    rng = np.random.default_rng(seed)
    villages, each, times = 40, 8, 6
    village = np.repeat(np.arange(villages), each)
    share = rng.uniform(0.1, 0.9, (villages, times))[village]
    treated = (rng.random(share.shape) < share).astype(float)
    total = treated.reshape(villages, each, times).sum(axis=1)[village]
    predictor = 0.5 * treated + spillover * (total - treated) / (each - 1)
    predictor = predictor + 0.5 * rng.standard_normal((len(village), 1))
    predictor = predictor + 0.3 * rng.standard_normal((villages, times))[village]
    if kind == "poisson":
        outcome = rng.poisson(np.exp(0.5 + predictor)).astype(float)
    else:
        chance = 1 / (1 + np.exp(0.5 - predictor))
        outcome = (rng.random(chance.shape) < chance).astype(float)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(len(village)), times),
            "time": np.tile(np.arange(times), len(village)),
            "village": np.repeat(village, times),
            "d": treated.ravel(),
            "y": outcome.ravel(),
        }
    )
    return cs.PanelGLM(family=kind), read(frame, cluster="village")


def _separated(kind: str, seed: int) -> Drawn:
    """The outcome is 1, or the count 0, in every row with the treatment."""
    frame = outcomes(np.random.default_rng(seed), kind=kind)
    treated = frame["d"] > 1
    ones = kind == "logit"
    frame = frame.assign(d=treated.astype(int), y=frame["y"].mask(treated, float(ones)))
    return cs.PanelGLM(family="logit" if ones else "poisson"), read(frame)


def _of_states(kind: str, seed: int, named: bool = False) -> Drawn:
    """Units of 30 states, next to each other: states switch a law on and off, and share shocks.

    Parameters
    ----------
    kind : {"poisson", "logit"}
    seed : int
    named : bool
        Whether the panel is told which state a unit is in.
    """
    rng = np.random.default_rng(seed)
    states, each, times = 30, 8, 6
    state = np.repeat(np.arange(states), each)
    law = (persistent(rng, states, times, 0.7) > 0).astype(float)[state]
    shock = (0.5 if kind == "poisson" else 1.0) * persistent(rng, states, times, 0.5)
    predictor = 0.4 * law + shock[state] + 0.5 * rng.standard_normal((len(state), 1))
    if kind == "poisson":
        outcome = rng.poisson(np.exp(1.5 + predictor)).astype(float)
    else:
        outcome = (rng.random(law.shape) < 1 / (1 + np.exp(-predictor))).astype(float)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(len(state)), times),
            "time": np.tile(np.arange(times), len(state)),
            "state": np.repeat(state, times),
            "d": law.ravel(),
            "y": outcome.ravel(),
        }
    )
    panel = read(frame, cluster="state" if named else None)
    return cs.PanelGLM(family=kind), panel


def _years(spread: float, seed: int) -> Drawn:
    """Good years raise counts and treatments of all units, and the model has no time effects.

    Parameters
    ----------
    spread : float
        Standard deviation of the logarithm of years' factors; 0 for none.
    seed : int
    """
    rng = np.random.default_rng(seed)
    units, times = 150, 8
    year = rng.standard_normal(times)
    treated = (rng.random((units, times)) < 0.2 + 0.6 * (year > 0)).astype(int)
    predictor = 1 + 0.3 * rng.standard_normal((units, 1)) + spread * year
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
            "d": treated.ravel(),
            "y": rng.poisson(np.exp(predictor + 0.3 * treated)).ravel(),
        }
    )
    return cs.PanelGLM(time_effects=False), read(frame)


def _collinear(seed: int) -> Drawn:
    """A covariate is the treatment, measured again with an error of .05."""
    rng = np.random.default_rng(seed)
    frame = outcomes(rng)
    again = frame["d"] + 0.05 * rng.standard_normal(len(frame))
    return cs.PanelGLM(), read(frame.assign(x=again), covariates=["x"])


def _unrecorded(seed: int, share: float) -> Drawn:
    """Counts near 20 of a treatment that comes and goes, with 0 for months without a record.

    Parameters
    ----------
    seed : int
    share : float
        Of the treated months without a record; of the others a third as many.
    """
    rng = np.random.default_rng(seed)
    units, times = 200, 8
    own = 0.5 * rng.standard_normal((units, 1))
    treated = rng.random((units, times)) < 1 / (1 + np.exp(-own))
    counts = rng.poisson(20 * np.exp(own + 0.5 * treated))
    lost = rng.random((units, times)) < share * np.where(treated, 1, 1 / 3)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
            "d": treated.ravel().astype(int),
            "y": np.where(lost, 0, counts).ravel(),
        }
    )
    return cs.PanelGLM(), read(frame)


_world = partial(World, family="panel_glm")
_right = partial(_world, wrong=False)
_wrong = partial(_world, wrong=True)
_LOGIT = {"family": "logit"}
_ONES = {"kind": "logit"}
_ADJACENT = "predicts the products of adjacent outcomes"
_LEVEL = "ratio the same at every level"
WORLDS = [
    _right(name="counts", make=partial(_made, {}, {})),
    _right(
        name="overdispersed counts",
        make=partial(_made, {}, {"kind": "negative binomial"}),
    ),
    _right(name="0 and 1", make=partial(_made, _LOGIT, _ONES)),
    _right(name="counts of 30 units", make=partial(_made, {}, {"units": 30})),
    _right(
        name="a covariate that acts by a line",
        make=partial(_made, {}, {"straight": 0.5}),
    ),
    _right(
        name="0 and 1, with a covariate that acts by a line",
        make=partial(_made, _LOGIT, _ONES | {"straight": 0.5}),
    ),
    _right(name="counts of units that adopt", make=_adopted),
    _right(name="counts near 20", make=partial(_unrecorded, share=0.0)),
    _wrong(
        name="zeros for a tenth of the months, more of the treated ones",
        make=partial(_unrecorded, share=0.15),
        catches=(ZEROS,),
    ),
    _right(
        name="overdispersed counts of units that adopt",
        make=partial(_adopted, mixture=1.5),
    ),
    _wrong(
        name="a ratio that grows by .15 a period on the log scale",
        make=partial(_adopted, growing=0.15),
        catches=(LATER,),
    ),
    _wrong(
        name="units that adopt grow by .15 a period more",
        make=partial(_adopted, trend=0.15),
        catches=("strict exogeneity", LATER),
    ),
    _wrong(
        name="no count with the treatment",
        make=partial(_separated, "poisson"),
        catches=(BOUNDED,),
    ),
    _wrong(
        name="only outcomes of 1 with the treatment",
        make=partial(_separated, "logit"),
        catches=(BOUNDED,),
    ),
    _wrong(
        name="counts of units that share shocks of 30 states, not named",
        make=partial(_of_states, "poisson"),
        catches=(SHARED_SHOCKS,),
    ),
    _wrong(
        name="0 and 1 of units that share shocks of 30 states, not named",
        make=partial(_of_states, "logit"),
        catches=(SHARED_SHOCKS,),
    ),
    *(
        _right(
            name=f"{outcome} of villages treated in other shares",
            make=partial(_villages, kind, 0.0),
        )
        for kind, outcome in (("poisson", "counts"), ("logit", "zeros and ones"))
    ),
    *(
        _wrong(
            name=f"{outcome}, and treatments that spill over within villages",
            make=partial(_villages, kind, 1.0),
            catches=(INTERFERENCE,),
        )
        for kind, outcome in (("poisson", "counts"), ("logit", "zeros and ones"))
    ),
    _right(name="years alike, without effects of periods", make=partial(_years, 0.0)),
    _wrong(
        name="good years raise counts and treatments, without effects of periods",
        make=partial(_years, 0.4),
        catches=(COMMON_CHANGES,),
    ),
    _wrong(
        name="a covariate that is the treatment measured again",
        make=_collinear,
        catches=("treatment varies beside covariates",),
    ),
    _wrong(
        name="counts move the next treatment",
        make=partial(_made, {}, {"feedback": 0.5, "lasting": 0.5}),
        catches=("strict exogeneity",),
    ),
    _wrong(
        name="outcomes of 0 and 1 move the next treatment",
        make=partial(_made, _LOGIT, _ONES | {"feedback": 1.5, "units": 400}),
        catches=("strict exogeneity",),
    ),
    _wrong(
        name="the ratio grows with the level of the unit",
        make=partial(_made, {}, {"spread": 0.4}),
        catches=(_LEVEL,),
    ),
    _wrong(
        name="a covariate that acts by its square",
        make=partial(_made, {}, {"curved": 0.5}),
        catches=(LINEAR_COVARIATES,),
    ),
    _wrong(
        name="categories by numbers",
        make=partial(_made, {}, {"categories": 30}),
        catches=(LINEAR_COVARIATES,),
    ),
    _wrong(
        name="outcomes of 0 and 1 that last",
        make=partial(_made, _LOGIT, _ONES | {"lasting": 2.0, "times": 8}),
        catches=(_ADJACENT,),
    ),
    _wrong(
        name="counts that last, taken as independent",
        make=partial(_made, {"errors": "iid"}, {"lasting": 0.7, "times": 8}),
        catches=(_ADJACENT,),
    ),
    _wrong(
        name="-9 for missing values of the treatment",
        make=spoilt(partial(_made, {}, {}), partial(coded, column="d")),
        catches=("no codes",),
    ),
    _wrong(
        name="the highest fifth of the counts recorded as one count",
        make=spoilt(partial(_made, {}, {}), partial(top_coded, column="y")),
        catches=("outcome not cut off",),
    ),
    _wrong(
        name="units of very different sizes",
        make=_unequal_units,
        catches=("units whose outcome changes",),
        headline_holds="its interval is longer where few units say most",
    ),
    _wrong(
        name="counts of other people under the same numbers in each wave",
        make=partial(_other_people, "poisson"),
        catches=(ALIKE,),
    ),
    _wrong(
        name="outcomes of 0 and 1 of other people in each wave",
        make=partial(_other_people, "logit"),
        catches=(ALIKE,),
    ),
]
