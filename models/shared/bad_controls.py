"""Covariates that the treatment or the outcome moves: post-treatment variables, bad controls.

To hold what the treatment moves takes a part of its effect away, and data do not show which way an
arrow points; to hold what both move is collider bias. A covariate that hardly differs from the
outcome is an extreme case that does show.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import rankdata

from causalstats.core.check import Check

NOT_MOVED = "Neither the treatment nor the outcome moves a covariate."
NO_SPILLOVER = "No unit answers to the treatments of others."
IF_MOVED = (
    "A covariate that the treatment moves (a mediator, a bad control) takes a part of its effect "
    "away."
)
NOT_SEEN = (
    "Data show it of a treatment that is adopted for good; of one that comes and goes only where "
    "the covariate's own changes do not last."
)
NO_COPY = "no covariate repeats the outcome"
AS_OUTCOMES = "covariates do not answer to the instruments"
AT_ADOPTION = "covariates do not change at adoption"
FOLLOW = "covariates do not follow the treatment"
_MOST_SHARED = 0.98  # of the variance, of values and of ranks
_FEWEST_ROWS = 20
_REMEDY = (
    "If it is made from the outcome, or moved by it or by the treatment, leave it out: the answer "
    "is what the treatment does beside it, next to nothing."
)


def no_copy_of_outcome(
    outcome: np.ndarray,
    covariates: Mapping[str, np.ndarray],
    estimands: tuple[str, ...],
    assumption: str,
    *,
    repeated: str = "outcome",
    remedy: str = _REMEDY,
) -> tuple[Check, ...]:
    """Return the caution that covariates hardly differ from the outcome; nothing without any.

    Parameters
    ----------
    outcome : array, shape (n,)
        Of a panel, less the means of units.
    covariates : mapping of name to array, shape (n,)
        Likewise.
    estimands : tuple of str
        The answers that the caution stands on.
    assumption : str
        The name of the assumption that it concerns.
    repeated : str
        The word for the outcome, or for another variable in its place.
    remedy : str
        The way out where the covariate is moved by the outcome.

    Examples
    --------
    >>> y = np.arange(30.0)
    >>> [check.finding for check in no_copy_of_outcome(y, {"w": 2 * y + y % 2}, (), "")]
    ['w shares 100 % of the variance of the outcome']
    """
    if len(outcome) < _FEWEST_ROWS:
        return ()
    shares = {name: _shared(outcome, values) for name, values in covariates.items()}
    copies = {name: share for name, share in shares.items() if share > _MOST_SHARED}
    if not copies:
        return ()
    listed = ", ".join(
        f"{name} shares {100 * share:.0f} % of the variance of the {repeated}"
        for name, share in copies.items()
    )
    return (
        Check(
            name=f"no covariate repeats the {repeated}",
            passed=None,
            value=max(copies.values()),
            expected=f"covariates with less than {_MOST_SHARED:.0%} of the {repeated}'s "
            "variance",
            finding=listed,
            remedy=remedy,
            estimands=estimands,
            assumption=assumption,
            caution=True,
        ),
    )


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    """Return the squared correlation of values or of ranks, whichever is less; 0 of constants."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    of_values = np.corrcoef(one, other)[0, 1] ** 2
    of_ranks = np.corrcoef(rankdata(one), rankdata(other))[0, 1] ** 2
    return float(min(of_values, of_ranks))
