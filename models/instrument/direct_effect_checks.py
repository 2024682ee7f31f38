"""Checks of learned direct effects (pleiotropy): exchangeable, and not all in one direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.models.instrument.assumptions import EXCHANGEABLE
from causalstats.models.instrument.learned_direct_effects import design_of, draws_given
from causalstats.numerics.instruments.anderson_rubin import anderson_rubin_set

if TYPE_CHECKING:
    from causalstats.data import Instrumented
    from causalstats.models.instrument.model import Instrument

_LEVEL = 0.01
_MOST_DRAWS = 2000
_FEWEST_FOR_DIRECTION = 4  # instruments: one for the effect, one for the direction
_ANSWERS = ("effect", "confounding", "least_squares_bias", "direct_effect")


def direct_effect_checks(
    model: Instrument, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> tuple[Check, ...]:
    """Return checks of the distribution of direct effects, and whether the effect is bounded.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    rng : Generator
    """
    step = max(1, draws["correlation"].size // _MOST_DRAWS)
    part = draws[["correlation", *_COORDINATES]].stack(every=("chain", "draw"))
    values = draws_given(part.isel(every=slice(None, None, step)), data, rng)
    size = float(draws["direct_effect_sd"].median())
    checks = [
        _bounded(data, size),
        _one_spread(data, values.standardised, values.deviation, rng),
        *_one_direction(data, values.standardised, values.deviation, rng),
    ]
    return tuple(checks)


_COORDINATES = ("log_first_stage_variance", "log_direct_variance", "log_ratio")


def _bounded(data: Instrumented, size: float) -> Check:
    """Return whether the Anderson-Rubin set is bounded with direct effects of the learned size.

    Parameters
    ----------
    data : Instrumented
    size : float
        Posterior median of the standard deviation of direct effects.
    """
    names = list(data.instrument_columns)
    limits = anderson_rubin_set(
        data.moments_with(names),
        direct_mean=np.zeros(len(names)),
        direct_sd=size / design_of(data).unit,
    )
    bounded = limits.shape in ("interval", "empty")
    return Check(
        name="the instruments bound the effect",
        passed=bounded,
        value=None,
        expected="a bounded 95 % Anderson-Rubin set with direct effects of the learned size",
        finding=f"the Anderson-Rubin set is {limits}",
        remedy=""
        if bounded
        else "Take the interval as what the priors of confounding and of direct effects allow. "
        "Look for stronger instruments or more of them.",
        estimands=_ANSWERS,
    )


def _one_spread(
    data: Instrumented,
    standardised: np.ndarray,
    deviation: np.ndarray,
    rng: np.random.Generator,
) -> Check:
    """Return whether one direct effect is far beyond the spread of the others.

    The largest share of an instrument in the sum of squares of what treatment and confounding leave
    of the reduced form, per standard deviation of an instrument, beside that of replications. It
    does not depend on τ where direct effects exceed noise.

    Parameters
    ----------
    data : Instrumented
    standardised, deviation : arrays, shape (n, k)
    rng : Generator
    """
    design = design_of(data)

    def largest_share(residuals: np.ndarray) -> np.ndarray:
        squares = (residuals * deviation @ design.to_direct.T * design.unit) ** 2
        return squares.max(axis=1) / squares.sum(axis=1)

    replicated = largest_share(rng.standard_normal(standardised.shape))
    p = float((replicated >= largest_share(standardised)).mean())
    return Check(
        name="direct effects of one spread",
        passed=p >= _LEVEL,
        value=p,
        expected=f"p >= {_LEVEL:g}",
        finding=f"the largest direct effect stands out from the others with p = {p:.2g}",
        remedy=""
        if p >= _LEVEL
        else "One instrument acts on the outcome far more than the others: leave out the one with "
        "the largest `direct_effect`, and fit again.",
        estimands=_ANSWERS,
        assumption=EXCHANGEABLE,
    )


def _one_direction(
    data: Instrumented,
    standardised: np.ndarray,
    deviation: np.ndarray,
    rng: np.random.Generator,
) -> tuple[Check, ...]:
    """Return whether direct effects have a mean, instruments signed to raise the treatment.

    A score test of the intercept of Egger's regression (Bowden, Davey Smith & Burgess 2015), over
    the posterior of the variances.

    Parameters
    ----------
    data : Instrumented
    standardised, deviation : arrays, shape (n, k)
    rng : Generator
    """
    if len(data.instrument_columns) < _FEWEST_FOR_DIRECTION:
        return ()
    design = design_of(data)
    moments = data.moments
    first_stage = np.linalg.solve(moments.rotation, moments.projections[:, 1])
    upwards = np.sign(first_stage) / design.unit
    column = np.linalg.solve(design.to_direct, upwards) / deviation
    treatment = design.treatment / deviation
    along = (column * treatment).sum(axis=1) / (treatment**2).sum(axis=1)
    left = column - along[:, None] * treatment
    size = np.sqrt((left**2).sum(axis=1))
    statistic = abs((left * standardised).sum(axis=1)) / size
    p = float((abs(rng.standard_normal(len(size))) >= statistic).mean())
    return (
        Check(
            name="direct effects in both directions",
            passed=p >= _LEVEL,
            value=p,
            expected=f"p >= {_LEVEL:g}",
            finding="instruments signed to raise the treatment have direct effects whose mean is "
            f"zero with p = {p:.2g}",
            remedy=""
            if p >= _LEVEL
            else "Direct effects go with the effects on the treatment, and are taken for an effect "
            "of the treatment. Control for what the instruments share.",
            estimands=_ANSWERS,
            assumption=EXCHANGEABLE,
        ),
    )
