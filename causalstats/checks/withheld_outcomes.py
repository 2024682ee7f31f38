"""Held-out check: how well the model predicts outcomes that were withheld from it."""

import numpy as np

from causalstats.core.check import Check
from causalstats.core.formatting import number

_TAIL = 0.005


def held_out_check(
    answer: np.ndarray,
    outcomes: np.ndarray,
    weights: np.ndarray,
    *,
    unit: str,
    who: str,
    noun: str,
) -> Check:
    """Return whether the 99 % predictive interval of a mean covers that of the withheld outcomes.

    Parameters
    ----------
    answer : array, shape (draws,)
        The model's expected mean of these people's outcomes.
    outcomes, weights : array, shape (N,)
        Those of these people. Their mean differs from its expectation by its own sampling error,
        which is added to the draws.
    unit : str
        The unit of the outcomes.
    who, noun : str
        The people, and "outcomes" or what else was withheld, for the finding.

    Examples
    --------
    >>> check = held_out_check(
    ...     np.random.default_rng(1).normal(0.3, 0.02, 1000),
    ...     np.repeat([0.0, 1.0], [70, 30]),
    ...     np.ones(100),
    ...     unit="probability",
    ...     who="everybody not tested",
    ...     noun="outcomes",
    ... )
    >>> check.passed, check.value
    (True, 0.3)
    """
    truth = float(np.average(outcomes, weights=weights))
    sampling_error = outcomes.std() * np.sqrt((weights**2).sum()) / weights.sum()
    mean, sd = float(answer.mean()), float(answer.std())
    wider = float(np.hypot(sd, sampling_error)) / max(sd, 1e-300)
    reach = np.abs(np.quantile(answer, [_TAIL, 1 - _TAIL]) - mean)
    lower, upper = mean - reach[0] * wider, mean + reach[1] * wider
    covered = bool(lower <= truth <= upper)
    numbers = [number(float(value), unit) for value in (truth, mean, lower, upper)]
    known, expected, low, high = numbers
    remedy = (
        "The assumptions fail here: those not decided for differ from the others in the direction "
        "the model rules out, or by more than it allows."
    )
    return Check(
        name="withheld outcomes",
        passed=covered,
        value=truth,
        expected="inside the 99 % predictive interval",
        finding=f"the mean of the {noun} of {who} is {known}; the model said {expected} "
        f"({low} to {high})",
        remedy="" if covered else remedy,
    )
