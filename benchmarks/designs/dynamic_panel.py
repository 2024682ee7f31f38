"""Dynamic panels with a known effect for the coverage benchmark.

Few periods, persistence up to .95, errors that are skewed, of variances that differ between units
or grow over time, no unit effects, rows that are missing.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

import causalstats as cs
from designs import Design

Made = tuple[cs.DynamicPanel, cs.Panel, float]
Errors = Literal["normal", "skewed", "by unit", "growing"]
Shape = Literal["none", "line", "square", "categories"]
_BURN_IN = 30
_CATEGORIES = 30


def dynamic(
    rng: np.random.Generator,
    units: int = 200,
    times: int = 6,
    persistence: float = 0.5,
    errors: Errors = "normal",
    unit_sd: float = 1.0,
    error_correlation: float = 0.0,
    feedback: float = 0.0,
    shape: Shape = "none",
    sizes: float = 0.0,
    slope: float = 0.0,
) -> pd.DataFrame:
    """Return a panel with an effect of 1 and a treatment that depends on the unit effect.

    Parameters
    ----------
    rng : Generator
    units, times : int
    persistence : float
    errors : {"normal", "skewed", "by unit", "growing"}
        The distribution of the errors; standard deviations that differ between units, or grow by
        15 % a period.
    unit_sd : float
        Standard deviation of the unit effects.
    error_correlation : float
        Of errors of adjacent periods, AR(1).
    feedback : float
        Effect of an error on the treatment of the next period.
    shape : {"none", "line", "square", "categories"}
        How a covariate `x` moves treatment and outcome.
    sizes : float
        Standard deviation of the logarithm of the units' sizes, in proportion to which treatment
        and outcome are.
    slope : float
        Of the effect on that logarithm, about its mean.
    """
    unit_effect = unit_sd * rng.standard_normal(units)
    spread = np.exp(0.5 * rng.standard_normal(units)) if errors == "by unit" else 1.0
    logs = sizes * rng.standard_normal(units) if sizes else np.zeros(units)
    effect = 1 + slope * (logs - logs.mean())
    treatment = 0.5 * unit_effect
    outcome = (unit_effect + treatment) / (1 - persistence)
    error = np.zeros(units)
    by_code = (
        rng.permutation(np.linspace(-1, 1, _CATEGORIES)) if shape != "none" else None
    )
    outcomes, treatments, covariates = [], [], []
    for time in range(-_BURN_IN, times):
        noise = rng.standard_normal(units)
        if errors == "skewed":
            noise = (rng.chisquare(2, units) - 2) / 2
        if errors == "growing":
            noise = noise * np.exp(0.15 * max(time, 0))
        treatment = 0.5 * treatment + 0.5 * unit_effect + feedback * error
        treatment = treatment + rng.standard_normal(units)
        moved = 0.0
        if by_code is not None:
            code = rng.integers(_CATEGORIES, size=units)
            covariates.append(code)
            line = (code - 14.5) / 15
            shapes = {"line": line, "square": line**2, "categories": by_code[code]}
            moved = shapes[shape]
            treatment = treatment + moved
        error = error_correlation * error + spread * noise
        outcome = persistence * outcome + effect * treatment + unit_effect
        outcome = outcome + error + moved
        outcomes.append(np.exp(logs) * outcome)
        treatments.append(np.exp(logs) * treatment)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
            "y": np.array(outcomes[-times:]).T.ravel(),
            "d": np.array(treatments[-times:]).T.ravel(),
        }
    )
    if shape == "none":
        return frame
    return frame.assign(x=np.array(covariates[-times:]).T.ravel())


def read(frame: pd.DataFrame, **options: Any) -> cs.Panel:
    return cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment="d", **options
    )


def _plain(fields: dict[str, Any], settings: dict[str, Any], seed: int) -> Made:
    frame = dynamic(np.random.default_rng(seed), **settings)
    return cs.DynamicPanel(**fields), read(frame), 1.0


def _missing(seed: int) -> Made:
    """Units enter late or leave early."""
    rng = np.random.default_rng(seed)
    frame = dynamic(rng, times=7)
    first = rng.integers(0, 3, 200)[frame["unit"]]
    last = rng.integers(4, 7, 200)[frame["unit"]]
    seen = (frame["time"] >= first) & (frame["time"] <= last)
    return cs.DynamicPanel(), read(frame[seen]), 1.0


def _persistence(persistence: float, settings: dict[str, Any], seed: int) -> Made:
    frame = dynamic(np.random.default_rng(seed), persistence=persistence, **settings)
    return cs.DynamicPanel(), read(frame), persistence


_one = partial(Design, family="dynamic_panel", estimand="effect")
DESIGNS = [
    _one(name="6 times, persistence .5", make=partial(_plain, {}, {})),
    _one(name="3 times", make=partial(_plain, {}, {"times": 3})),
    _one(
        name="persistence .8, skewed errors",
        make=partial(_plain, {}, {"persistence": 0.8, "errors": "skewed"}),
    ),
    _one(
        name="variances that grow, persistence",
        make=partial(_persistence, 0.5, {"errors": "growing"}),
        estimand="persistence",
    ),
    _one(
        name="variances that differ between units, persistence",
        make=partial(_persistence, 0.5, {"errors": "by unit"}),
        estimand="persistence",
    ),
    _one(
        name="no unit effects, persistence .8",
        make=partial(_persistence, 0.8, {"unit_sd": 0.0}),
        estimand="persistence",
    ),
    _one(
        name="60 units, 8 times",
        make=partial(_plain, {}, {"units": 60, "times": 8}),
    ),
    _one(
        name="units of unequal size (log sd 1)",
        make=partial(_plain, {}, {"sizes": 1.0}),
    ),
    _one(
        name="units of very unequal size (log sd 1.5)",
        make=partial(_plain, {}, {"sizes": 1.5}),
    ),
    _one(name="units enter late and leave early", make=_missing),
    _one(
        name="constant variances, persistence .8, 4 times",
        make=partial(
            _plain, {"variances": "constant"}, {"persistence": 0.8, "times": 4}
        ),
    ),
]
