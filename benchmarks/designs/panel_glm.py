"""Panels of counts and of outcomes of 0 and 1 with a known effect for the coverage benchmark."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

import causalstats as cs
from designs import Design
from designs.panel import persistent

Made = tuple[cs.PanelGLM, cs.Panel, float]
Kind = Literal["poisson", "logit", "negative binomial"]


def outcomes(
    rng: np.random.Generator,
    kind: Kind = "poisson",
    units: int = 200,
    times: int = 5,
    lasting: float = 0.0,
    feedback: float = 0.0,
    spread: float = 0.0,
    curved: float = 0.0,
    categories: int = 0,
    straight: float = 0.0,
    level: float = 0.0,
    states: int = 0,
) -> pd.DataFrame:
    """Return a panel with an effect of .5 on the log scale, and time effects.

    Parameters
    ----------
    rng : Generator
    kind : {"poisson", "logit", "negative binomial"}
    units, times : int
    lasting : float
        Standard deviation of AR(.7) disturbances of the predictor.
    feedback : float
        Effect of an outcome on the treatment of the next period.
    spread : float
        How much the effect grows with the unit effect.
    curved : float
        Coefficient of the square of a covariate `x` in treatment and outcome.
    categories : int
        Of a covariate `x` that is their number; 0 for none.
    straight : float
        Coefficient of a covariate `x` in treatment and outcome.
    level : float
        Mean of the predictor.
    states : int
        Of which units are parts; treatment and predictor have lasting disturbances that a state
        shares, independent of one another. 0 for none.
    """
    unit_effect = 0.7 * rng.standard_normal(units)
    slope = 0.5 + spread * unit_effect
    moved = lasting * persistent(rng, units, times, 0.7)
    before = np.zeros(units)
    covariate, shape = _covariate(rng, units, times, curved, categories, straight)
    state = np.arange(units) % states if states else np.arange(units)
    treated, shared = (
        0.5 * persistent(rng, states, times, 0.7)[state]
        if states
        else np.zeros((units, times))
        for _ in range(2)
    )
    rows: dict[str, list[np.ndarray]] = {"d": [], "y": []}
    for time in range(times):
        d = 0.5 * unit_effect + feedback * before + rng.standard_normal(units)
        d = d + shape[:, time] + treated[:, time]
        predictor = level + unit_effect + slope * d + 0.1 * time + moved[:, time]
        predictor = predictor + shape[:, time] + shared[:, time]
        if kind == "logit":
            y = (rng.random(units) < 1 / (1 + np.exp(-predictor))).astype(float)
            before = y - y.mean()
        else:
            mean = np.exp(predictor)
            if kind == "negative binomial":
                mean = mean * rng.gamma(1.5, 1 / 1.5, units)
            y = rng.poisson(mean).astype(float)
            before = np.log1p(y) - np.log1p(y).mean()
        rows["d"].append(d)
        rows["y"].append(y)
    grid = {
        "unit": np.repeat(np.arange(units), times),
        "time": np.tile(np.arange(times), units),
    }
    if states:
        grid["state"] = np.repeat(state, times)
    frame = pd.DataFrame(
        grid | {name: np.array(values).T.ravel() for name, values in rows.items()}
    )
    return frame if covariate is None else frame.assign(x=covariate.ravel())


def _covariate(
    rng: np.random.Generator,
    units: int,
    times: int,
    curved: float,
    categories: int,
    straight: float,
) -> tuple[np.ndarray | None, np.ndarray]:
    """Return a covariate, and what it adds to treatment and predictor, (units, times)."""
    if curved:
        covariate = rng.standard_normal((units, times))
        return covariate, curved * (covariate**2 - 1)
    if categories:
        covariate = rng.integers(categories, size=(units, times))
        return covariate, rng.permutation(np.linspace(-1, 1, categories))[covariate]
    if straight:
        covariate = rng.standard_normal((units, times))
        return covariate, straight * covariate
    return None, np.zeros((units, times))


def read(frame: pd.DataFrame, **options: Any) -> cs.Panel:
    return cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment="d", **options
    )


def _made(settings: dict[str, Any], seed: int) -> Made:
    frame = outcomes(np.random.default_rng(seed), **settings)
    family = "logit" if settings.get("kind") == "logit" else "poisson"
    options = {"covariates": ["x"]} if "x" in frame else {}
    if "state" in frame:
        options["cluster"] = "state"
    return cs.PanelGLM(family=family), read(frame, **options), 0.5


def _late_and_early(seed: int) -> Made:
    """Return counts of units of which each is seen in a run of two to seven periods."""
    rng = np.random.default_rng(seed)
    frame = outcomes(rng, times=7)
    first = rng.integers(6, size=200)
    last = rng.integers(first + 1, 7)
    seen = frame["time"].between(first[frame["unit"]], last[frame["unit"]])
    return cs.PanelGLM(), read(frame[seen]), 0.5


_one = partial(Design, family="panel_glm", estimand="effect")
DESIGNS = [
    _one(name="counts", make=partial(_made, {})),
    _one(
        name="overdispersed counts", make=partial(_made, {"kind": "negative binomial"})
    ),
    _one(name="counts that last", make=partial(_made, {"lasting": 0.5})),
    _one(name="0 and 1", make=partial(_made, {"kind": "logit"})),
    _one(
        name="0 and 1, two periods, 400 units",
        make=partial(_made, {"kind": "logit", "times": 2, "units": 400}),
    ),
    _one(name="counts of 30 units", make=partial(_made, {"units": 30})),
    _one(name="rare counts", make=partial(_made, {"level": -2.5})),
    _one(name="counts, a covariate", make=partial(_made, {"straight": 0.7})),
    _one(
        name="0 and 1, a covariate",
        make=partial(_made, {"kind": "logit", "straight": 0.7}),
    ),
    *(
        _one(
            name=f"counts in {states} states, clustered",
            make=partial(_made, {"states": states}),
        )
        for states in (8, 25)
    ),
    _one(name="units enter late and leave early", make=_late_and_early),
]
