"""Held-out check: how well the model predicts outcomes that were withheld from it.

Few of them, as in a follow-up of some, have a mean that varies by itself. The predictive
distribution has that of 0/1 outcomes from the model's chances, a Binomial of as many people as the
weights are worth; that of numbers from their own standard deviation, by Student's t.
"""

import numpy as np
from scipy.stats import t as student

from causalstats.core.check import Check
from causalstats.core.formatting import number

_TAIL = 0.005
_REPLICATIONS = 20_000
_SEED = 1986


def held_out_check(
    answer: np.ndarray,
    outcomes: np.ndarray,
    weights: np.ndarray,
    *,
    unit: str,
    who: str,
    noun: str,
    some: bool = False,
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
    some : bool
        Whether these are some of those not decided for, and not all.

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
    worth = float(weights.sum() ** 2 / (weights**2).sum())  # rows of equal weight
    mean = float(answer.mean())
    if unit == "probability":
        lower, upper = _of_events(answer, worth)
    else:
        lower, upper = _of_numbers(answer, outcomes, worth)
    covered = bool(lower <= truth <= upper)
    numbers = [number(float(value), unit) for value in (truth, mean, lower, upper)]
    known, expected, low, high = numbers
    remedy = (
        "The assumptions fail here: those not decided for differ from the others in the direction "
        "the model rules out, or by more than it allows."
    )
    if some:
        remedy = (
            "Either these are not a random part of those with their features, as where people are "
            "followed up or come back because of the outcome, and the check says nothing; or: "
            f"{remedy[0].lower()}{remedy[1:]} Follow up people drawn at random to tell which."
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


def _of_events(answer: np.ndarray, worth: float) -> tuple[float, float]:
    """Return the predictive interval of a share of 0/1 outcomes.

    People whose chances differ vary less than as many of the mean chance (Hoeffding 1956).

    Parameters
    ----------
    answer : array (draws,)
    worth : float
        How many people; weights that differ leave a part of one, by which the interval is wider.
    """
    people = max(int(np.floor(worth + 1e-6)), 1)
    chances = np.clip(np.resize(answer, max(_REPLICATIONS, len(answer))), 0.0, 1.0)
    shares = np.random.default_rng(_SEED).binomial(people, chances) / people
    part = 0.0 if worth - people < 1e-6 else 0.5 / people
    lower = np.quantile(shares, _TAIL, method="lower") - part
    upper = np.quantile(shares, 1 - _TAIL, method="higher") + part
    return float(lower) - 1e-9, float(upper) + 1e-9


def _of_numbers(
    answer: np.ndarray, outcomes: np.ndarray, worth: float
) -> tuple[float, float]:
    """Return the predictive interval of a mean of numbers; of one, it is the whole line.

    Parameters
    ----------
    answer : array (draws,)
    outcomes : array (N,)
    worth : float
    """
    if len(outcomes) < 2 or worth <= 1:
        return -np.inf, np.inf
    error = float(outcomes.std(ddof=1) / np.sqrt(worth))
    reach = float(student.ppf(1 - _TAIL, worth - 1)) * error
    mean = answer.mean()
    below, above = np.abs(np.quantile(answer, [_TAIL, 1 - _TAIL]) - mean)
    return float(mean - np.hypot(below, reach)), float(mean + np.hypot(above, reach))
