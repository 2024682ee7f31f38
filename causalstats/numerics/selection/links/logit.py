"""The logit link: h(x) = 1 / (1 + e^-x)."""

from collections.abc import Callable
from typing import Any

from scipy import special

from causalstats.numerics.selection.array_library import select, uncompiled
from causalstats.numerics.selection.links.link import Link

PROBIT_VARIANCE = 0.346  # (16 √3 / 15π)²: the logistic function is close to Φ(x √0.346)


def _derivatives(xp: Any, compiled: Callable[..., Any] | None) -> Callable[..., Any]:
    decorate = compiled or uncompiled
    where = select(xp, compiled)

    @decorate
    def logistic(x):
        small = xp.exp(-abs(x))
        up = where(x >= 0, 1 / (1 + small), small / (1 + small))
        slope = small / ((1 + small) * (1 + small))
        return up, slope, slope * (1 - 2 * up)

    return logistic


LOGIT = Link(
    inverse=special.expit,
    derivatives=_derivatives,
    probit_variance=PROBIT_VARIANCE,
    log_odds=1.0,
    unit="log-odds",
    singular="log-odds",
)
