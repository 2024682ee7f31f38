"""Overlap: whether some who were decided for resemble those who were not, in each feature.

Beyond the values of a feature at which outcomes are seen, an answer continues the model's line. A
feature that was recorded for those decided for alone, and filled in elsewhere, looks like that: by
a number below all others, or by one number, such as a mean, for everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import beta

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.models.shared.sentences import (
    those_decided_for,
    those_not_decided_for,
)

_MOST_BEYOND = 0.25  # of those not decided for: a line may be continued for fewer
_MOST_IN_NEW_LEVELS = 0.05  # no line leads to a level
_BY_CHANCE = 0.01  # a check, whatever the number of features
_ONE_VALUE, _HARDLY_ANY = 0.98, 0.02
_FEWEST_VALUES = 10
_FEWEST_PEOPLE = 20
_REMEDY = (
    "If it was recorded or filled in after the decision, leave it out. Otherwise no outcome was "
    "seen at these values, and the answer for them continues the line of the others: leave these "
    "people out of the question, or say that it does."
)


@dataclass(frozen=True)
class _Apart:
    """A feature in which those not decided for are apart from those decided for.

    Parameters
    ----------
    share : float
        The share of those not decided for whose value nobody decided for has.
    where : str
        Their values, in words.
    decided : str
        How many of those decided for have them, in words.
    most : float
        The share up to which it is passed over.
    """

    share: float
    where: str
    decided: str = "none"
    most: float = _MOST_BEYOND


def overlap_of_decisions(data: Decisions) -> tuple[Check, ...]:
    """Return the caution that features set those not decided for apart; nothing where none does.

    Of n people decided for and others of the same distribution, the share of the others beyond all
    n on either side has a Beta(2, n - 1) distribution (Wilks 1941): it is passed over up to its
    upper quantile, and up to a quarter of them, or a twentieth in levels of a category.

    Parameters
    ----------
    data : Decisions

    References
    ----------
    Wilks (1941), Determination of sample sizes for setting tolerance limits, Annals of Mathematical
    Statistics 12.
    """
    decided = data.decision
    if min(decided.sum(), (~decided).sum()) < _FEWEST_PEOPLE:
        return ()
    features = data.source[[*data.design.variables]]
    chance = float(beta.isf(_BY_CHANCE / features.shape[1], 2, decided.sum() - 1))
    weights = data.weights[~decided] / data.weights[~decided].sum()
    apart = {
        str(name): found
        for name, values in features.items()
        if (found := _apart(values, decided, weights)) is not None
        and found.share > max(found.most, chance)
    }
    if not apart:
        return ()
    others = those_not_decided_for(data, "those not decided for")
    those = those_decided_for(data, "those decided for")
    listed = "; ".join(
        f"{data.wording.label(name)} is {found.where} for {found.share:.0%} of {others}, and for "
        f"{found.decided} of {those}"
        for name, found in apart.items()
    )
    return (
        Check(
            name="overlap of those decided for and not",
            passed=None,
            value=max(found.share for found in apart.values()),
            expected=f"at most {_MOST_BEYOND:.0%} of those not decided for at numbers, or "
            f"{_MOST_IN_NEW_LEVELS:.0%} in categories, of nobody decided for",
            finding=listed,
            remedy=_REMEDY,
            caution=True,
        ),
    )


def _apart(
    values: pd.Series, decided: np.ndarray, weights: np.ndarray
) -> _Apart | None:
    """Return how those not decided for are apart; None where they are not."""
    if not pd.api.types.is_numeric_dtype(values):
        return _levels_apart(values.astype(str).to_numpy(), decided, weights)
    numbers = values.to_numpy(float)
    seen, others = numbers[decided], numbers[~decided]
    low, high = seen.min(), seen.max()
    below = float(weights @ (others < low))
    above = float(weights @ (others > high))
    found = max(
        _Apart(below, f"below {low:.4g}"),
        _Apart(above, f"above {high:.4g}"),
        key=lambda each: each.share,
    )
    return _filled(seen, others, weights) or found


def _levels_apart(
    labels: np.ndarray, decided: np.ndarray, weights: np.ndarray
) -> _Apart | None:
    missing = ~np.isin(labels[~decided], labels[decided])
    if not missing.any():
        return None
    levels = sorted(set(labels[~decided][missing]))
    shown = " or ".join(repr(level) for level in levels[:3])
    more = " or another level" if len(levels) > 3 else ""
    return _Apart(float(weights @ missing), shown + more, most=_MOST_IN_NEW_LEVELS)


def _filled(seen: np.ndarray, others: np.ndarray, weights: np.ndarray) -> _Apart | None:
    """Return the value that nearly all others share and hardly any of the seen, None without."""
    values, counts = np.unique(others, return_counts=True)
    value = values[counts.argmax()]
    if counts.max() < _ONE_VALUE * len(others):
        return None
    if len(np.unique(seen)) < _FEWEST_VALUES or (seen == value).mean() > _HARDLY_ANY:
        return None
    share = float(weights @ (others == value))
    return _Apart(share, f"{value:.4g}", "hardly any" if value in seen else "none")
