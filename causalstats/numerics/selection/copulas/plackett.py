"""The Plackett copula: one odds ratio, wherever the two errors are cut.

With a = F(u), b = Φ(-index) and the odds ratio θ,

    P(v > -index | u) = (1 + A / √(A² + 4θ b (1-b))) / 2,  A = 1 + (θ-1) a - (θ+1) b

(Plackett 1965, A class of bivariate distributions, JASA 60; the derivative of its copula, written
without differences of like numbers). Its tails are independent, unlike those of large errors that
are jointly Normal and strongly correlated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.numerics.selection.copulas.copula import Copula, blomqvist
from causalstats.numerics.selection.error_shapes import ErrorShape, Parameters


class Plackett(Copula):
    """A constant odds ratio of being selected and of an outcome above any cut."""

    def log_selected(
        self,
        xp: Any,
        shape: ErrorShape,
        error: Any,
        index: Any,
        kappa: Any,
        given: Parameters,
    ) -> Any:
        beta = blomqvist(xp, kappa)
        odds_ratio = ((1 + beta) / (1 - beta)) ** 2
        below = xp.exp(xp.log_ndtr(shape.score(xp, error, given)))
        log_unselected = xp.log_ndtr(-index)
        log_both = log_unselected + xp.log_ndtr(index)
        centre = 1 + (odds_ratio - 1) * below
        centre = centre - (odds_ratio + 1) * xp.exp(log_unselected)
        root = xp.sqrt(centre**2 + 4 * odds_ratio * xp.exp(log_both))
        # `abs` has the derivative 0 at 0, where a search for the mode may start.
        size = xp.log(root + xp.where(centre > 0, centre, -centre))
        small = xp.log(2 * odds_ratio) + log_both - xp.log(root) - size
        large = size - xp.log(root) - np.log(2)
        return xp.where(centre > 0, large, small)
