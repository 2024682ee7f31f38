"""Checks of the posterior of an instrumental-variables model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.models.instrument.assumptions import CONFOUNDING
from causalstats.models.instrument.direct_effect_checks import direct_effect_checks
from causalstats.models.instrument.estimands import correlation_beyond

if TYPE_CHECKING:
    from causalstats.data import Instrumented
    from causalstats.models.instrument.model import Instrument

_LIMIT = 0.9
_LARGEST = 0.25


def posterior_checks(
    model: Instrument, draws: xr.Dataset, data: Instrumented, rng: np.random.Generator
) -> tuple[Check, ...]:
    """Return checks of learned direct effects, and of the limit of the prior of confounding.

    Parameters
    ----------
    model : Instrument
    draws : Dataset
    data : Instrumented
    rng : Generator
    """
    if model.confounding != "uniform" or data.original is not None:
        return ()
    several = len(data.treatments) > 1
    share = correlation_beyond(draws, _LIMIT)
    event = f"R^{len(data.treatments)} > {_LIMIT:g}" if several else f"|ρ| > {_LIMIT:g}"
    learned = (
        direct_effect_checks(model, draws, data, rng) if model.learns_direct else ()
    )
    return (
        *learned,
        Check(
            name="confounding near its limit",
            passed=share <= _LARGEST,
            value=share,
            expected=f"P({event}) at most {_LARGEST:g}",
            finding=f"P({event}) = {share:.2f}",
            remedy=""
            if share <= _LARGEST
            else "The treatment and the outcome share nearly everything that is left of them, or "
            "the instruments are invalid. The prior of confounding then ends the interval"
            + (
                ": look for stronger instruments."
                if several
                else ": compare `confounding='any'`."
            ),
            estimands=("effect", "least_squares_bias", "confounding"),
            assumption=CONFOUNDING,
        ),
    )
