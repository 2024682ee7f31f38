"""How the model did on outcomes that it was not shown."""

import numpy as np

from causalstats.effect import Effect
from causalstats.model import Check, number


def withheld(effect: Effect, truth: float) -> Check:
    """Whether the 95 % interval of the headline covers the rate that was withheld."""
    lower, upper = np.quantile(effect.draws, [0.025, 0.975])
    covered = bool(lower <= truth <= upper)
    known, mean, low, high = (
        number(value, effect.unit) for value in (truth, float(effect.draws.mean()), lower, upper)
    )
    return Check(
        name="withheld outcomes",
        passed=covered,
        value=truth,
        expected="inside the 95 % interval",
        finding=f"their mean is {known}; the model said {mean} ({low} to {high})",
        remedy=""
        if covered
        else "The assumptions fail here: those not decided for differ from the others in the direction the model rules out, or by more than it allows.",
    )
