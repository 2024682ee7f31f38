"""Whether the groups that an answer is asked for differ by more than the features say.

An answer by groups averages what the features say over the people of each. A group that moves the
decision or the outcome itself, and is no feature, has another answer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from causalstats.core.prediction import Prediction
from causalstats.data import Decisions

_MOST_PEOPLE = 20_000


def asked_groups(
    data: Decisions, by: Any, rng: np.random.Generator
) -> tuple[Decisions, np.ndarray]:
    """Return the decisions, or those about 20,000 people drawn at random, and the group of each.

    Parameters
    ----------
    data : Decisions
    by : str or labels
        A column, or a label for each row of the frame that was read.
    rng : Generator
    """
    codes = np.asarray(data.groups(by).codes, int)
    if len(data) <= _MOST_PEOPLE:
        return data, codes
    chosen = np.zeros(len(data), bool)
    chosen[rng.choice(len(data), _MOST_PEOPLE, replace=False)] = True
    return data.part(chosen), codes[chosen]


def about_groups(
    predictions: tuple[Prediction, ...], by: Any
) -> tuple[Prediction, ...]:
    """Return predictions by the groups asked for, less that of all of them, with their advice.

    What the posterior leaves open of all alike would hide the differences.

    Parameters
    ----------
    predictions : tuple of Prediction
    by : str or labels
    """
    group = by if isinstance(by, str) else "the groups"
    remedy = (
        f"In {group}, people differ by more than the features say: give {group} as a feature, and "
        "as splines or in interactions where it is one, and fit again before its groups are "
        "compared."
    )
    return tuple(
        replace(
            each,
            name=f"{each.name} by {group}",
            observed=_less_that_of_all(each.observed, each.size),
            replicated=_less_that_of_all(each.replicated, each.size),
            remedy=remedy,
        )
        for each in predictions
    )


def about_known_groups(
    predictions: tuple[Prediction, ...], known: str
) -> tuple[Prediction, ...]:
    """Return predictions by the groups of which numbers are known, with their advice.

    Parameters
    ----------
    predictions : tuple of Prediction
    known : str
        What is known of each: "prevalence" or "mean".
    """
    remedy = (
        f"What was seen of the groups does not go with the known {known} of each: check that no "
        "two are exchanged, and that all are of these people and this outcome."
    )
    return tuple(replace(each, remedy=remedy) for each in predictions)


def _less_that_of_all(values: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return means of groups (..., G) less the mean over all their people."""
    return np.asarray(values - (values @ size / size.sum())[..., None])
