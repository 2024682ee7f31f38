"""How the model did on outcomes that it was not shown."""

import numpy as np

from causalstats.model import Check, Effect


def withheld(effect: Effect, truth: float) -> Check:
    """Whether the 95 % interval of the headline covers the rate that was withheld."""
    lower, upper = np.quantile(effect.draws, [0.025, 0.975])
    covered = bool(lower <= truth <= upper)
    return Check(
        name="withheld outcomes",
        passed=covered,
        value=truth,
        expected="inside the 95 % interval",
        finding=f"{truth:.2%} of them were positive; the model said {float(effect.draws.mean()):.2%} ({lower:.2%} to {upper:.2%})",
        remedy=""
        if covered
        else "The assumptions fail here: the untested differ from the tested in the direction the model rules out, or by more than it allows.",
    )
