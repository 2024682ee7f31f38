"""The Gumbel copula, whose errors go together in one tail above all.

    C(a, b) = exp(-((-log a)^θ + (-log b)^θ)^(1/θ)),  θ ≥ 1

(Gumbel 1960; Nelsen 2006, An introduction to copulas, section 4.2). Blomqvist's β gives
1/θ = log2(-log2((1 + β) / 4)). Where κ is negative, -v takes the place of v. The survival copula
has the other tail of the outcome.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.numerics.selection.copulas.copula import Copula, blomqvist
from causalstats.numerics.selection.error_shapes import ErrorShape, Parameters

_LEAST = 1e-300
_LEAST_SURVIVAL = (
    1e-15  # a probability of 1 up to rounding has no logarithm of its rest
)


class Gumbel(Copula):
    """Dependence in one tail of the outcome.

    Parameters
    ----------
    tail : 1 or -1
        1 for the tail of high outcomes, -1 for that of low ones.
    """

    def __init__(self, tail: int) -> None:
        self.tail = tail

    def log_selected(
        self,
        xp: Any,
        shape: ErrorShape,
        error: Any,
        index: Any,
        kappa: Any,
        given: Parameters,
    ) -> Any:
        # `abs` has the derivative 0 at 0, where a search for the mode may start.
        beta = blomqvist(xp, xp.where(kappa < 0, -kappa, kappa))
        theta = np.log(2) / xp.log(-xp.log((1 + beta) / 4) / np.log(2))
        outcome = -xp.log_ndtr(self.tail * shape.score(xp, error, given))
        # High outcomes go with high v where tail and κ have one sign.
        together = kappa >= 0 if self.tail > 0 else kappa < 0
        cut = -xp.log_ndtr(xp.where(together, -index, index))
        log_below = _log_conditional(xp, outcome, cut, theta)
        rest = -xp.expm1(xp.minimum(log_below, -_LEAST_SURVIVAL))
        return xp.where(together, xp.log(rest), log_below)


def _log_conditional(xp: Any, outcome: Any, cut: Any, theta: Any) -> Any:
    """Return log P(V ≤ b | U = a).

    Parameters
    ----------
    xp : namespace
    outcome, cut : arrays
        -log a and -log b.
    theta : array
    """
    outcome = xp.maximum(outcome, _LEAST)
    cut = xp.maximum(cut, _LEAST)
    log_outcome = xp.log(outcome)
    log_radius = xp.logaddexp(theta * log_outcome, theta * xp.log(cut)) / theta
    powers = (1 - theta) * log_radius + (theta - 1) * log_outcome
    return outcome - xp.exp(log_radius) + powers
