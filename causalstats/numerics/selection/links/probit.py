"""The probit link: h(x) = Φ(x), the standard normal distribution function."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from causalstats.numerics.selection.array_library import uncompiled
from causalstats.numerics.selection.links.link import Link
from causalstats.numerics.selection.links.logit import PROBIT_VARIANCE


def _derivatives(xp: Any, compiled: Callable[..., Any] | None) -> Callable[..., Any]:
    decorate = compiled or uncompiled
    erfc = _complementary_error_function(xp, compiled)

    @decorate
    def normal(x):
        slope = xp.exp(-x * x / 2) * 0.3989422804014327
        return 0.5 * erfc(-x * 0.7071067811865476), slope, -x * slope

    return normal


def _complementary_error_function(
    xp: Any, compiled: Callable[..., Any] | None
) -> Callable[..., Any]:
    if compiled is not None:
        return math.erfc
    if xp is np:
        return special.erfc
    from jax.scipy.special import erfc

    return erfc


PROBIT = Link(
    inverse=special.ndtr,
    derivatives=_derivatives,
    probit_variance=1.0,
    log_odds=PROBIT_VARIANCE**0.5,
    unit="probits",
    singular="probit",
)
