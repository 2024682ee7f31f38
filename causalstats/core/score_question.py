"""A question about the accuracy of a test or score, as `Fit.accuracy` takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

People = Literal["everybody", "untested", "tested"]
Population = Literal["superpopulation", "study"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreQuestion:
    """How well a score tells cases from others.

    Parameters
    ----------
    score : str or sequence of numbers
        A numeric column of the study, or a number a row of the frame that was read.
    measure : str
        One measure or curve by its name; empty for every measure that the score has.
    threshold : float or None
        From which the score is positive.
    by : str, labels or None
        Groups of people.
    against : str
        The group from which differences of the others are asked; empty for each group's own value.
    among : "everybody", "untested" or "tested"
    population : "superpopulation" or "study"
        Whether the answer is about people like those of the study, or about these themselves.

    Examples
    --------
    >>> ScoreQuestion(score="pathology", threshold=1.0).measure
    ''
    """

    score: Any
    measure: str = ""
    threshold: float | None = None
    by: Any = None
    against: str = ""
    among: People = "everybody"
    population: Population = "superpopulation"
