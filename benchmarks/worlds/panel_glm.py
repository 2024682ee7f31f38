"""Panels of counts and of 0 and 1 for the refutation benchmark, right or wrong in one respect."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from designs.panel_glm import outcomes, read
from spoilt_tables import coded, spoilt, top_coded

import causalstats as cs
from causalstats.models.shared.covariate_form import LINEAR_COVARIATES
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
]
