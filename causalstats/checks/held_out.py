"""How the model did on outcomes that it was not shown."""

import numpy as np

from causalstats.core.check import Check
from causalstats.core.formatting import number

_TAIL = 0.005


def withheld(
    answer: np.ndarray,
    outcomes: np.ndarray,
    weights: np.ndarray,
    *,
    unit: str,
    who: str,
    what: str,
) -> Check:
    """Return whether the 99 % predictive interval of a mean covers that of the withheld outcomes.

    Parameters
    ----------
    answer : array (draws,)
        The model's expected mean of these people's outcomes.
    outcomes, weights : array (N,)
        Of these people. Their mean differs from its expectation by its own sampling error, which
        is added to the draws.
    unit, who, what : str
        For the finding.
    """
    truth = float(np.average(outcomes, weights=weights))
    error = outcomes.std() * np.sqrt((weights**2).sum()) / weights.sum()
    spread = float(np.hypot(answer.std(), error))
    quantiles = np.quantile(answer, [_TAIL, 1 - _TAIL])
    reach = np.abs(quantiles - answer.mean())
    wider = spread / max(float(answer.std()), 1e-300)
    lower, upper = answer.mean() - reach[0] * wider, answer.mean() + reach[1] * wider
    covered = bool(lower <= truth <= upper)
    known, mean, low, high = (
        number(float(value), unit) for value in (truth, answer.mean(), lower, upper)
    )
    return Check(
        name="withheld outcomes",
        passed=covered,
        value=truth,
        expected="inside the 99 % predictive interval",
        finding=f"the mean of the {what} of {who} is {known}; the model said {mean} ({low} to {high})",
        remedy=""
        if covered
        else "The assumptions fail here: those not decided for differ from the others in the direction the model rules out, or by more than it allows.",
    )
