"""Designs of the coverage benchmark: data with a known answer, one module a family.

Each module has a list `DESIGNS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import pandas as pd

import causalstats as cs

Truth = float | Mapping[str, float]


@dataclass(frozen=True)
class Answered:
    """Several answers of a fit with their truths.

    Parameters
    ----------
    numbers : DataFrame
        A row an entry: `mean`, `lower`, `upper`, `truth`, and `doubted`, whether its answer carries
        a doubt.
    doubts : tuple of Check
        Those of any of the answers.
    figures : mapping of str to float
        Other numbers of a data set, whose means are kept.
    """

    numbers: pd.DataFrame
    doubts: tuple[cs.Check, ...]
    figures: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of_answers(
        cls, answers: Mapping[str, tuple[cs.Effect, Mapping[str, float]]]
    ) -> Self:
        """Return entries of answers, named "answer, entry", of which the truth is known.

        Parameters
        ----------
        answers : mapping of str to (Effect, truths)
            The truth of each entry is found by what its label begins with, before a comma.
        """
        tables = []
        doubts: dict[str, cs.Check] = {}
        for asked, (answer, truth) in answers.items():
            table = answer.numbers()[["mean", "lower", "upper"]]
            entries = [str(label).split(", ")[0] for label in table.index]
            tables.append(
                table.assign(
                    truth=[truth[entry] for entry in entries],
                    doubted=bool(answer.doubts),
                ).set_axis([f"{asked}, {entry}" for entry in entries])
            )
            doubts |= {check.name: check for check in answer.doubts}
        return cls(numbers=pd.concat(tables), doubts=tuple(doubts.values()))


@dataclass(frozen=True, kw_only=True)
class Design:
    """A way to draw data sets whose answer is known.

    Parameters
    ----------
    name : str
        The special feature of the design, in a few words.
    family : str
        The module of `benchmarks/designs/`.
    make : callable
        `make(seed) -> (model, data, truth)`, the model as a user would write it. The truth is a
        number, or a mapping from the labels of the answer to numbers; with `ask`, what this takes.
    estimand : str
        The name of the answer whose truth is known, or the outcome of a question, for `fit.effect`.
    arguments : mapping of str to value
        Its other arguments, such as `do`.
    known_failure : str
        Why the interval is not expected to cover, with the check that says so; empty otherwise.
    ask : callable, optional
        `ask(fit, truth) -> Answered`, in place of the estimand: several answers, of which the
        coverage of each entry is kept.
    """

    name: str
    family: str
    make: Callable[[int], tuple[Any, Any, Any]]
    estimand: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    known_failure: str = ""
    ask: Callable[[cs.Fit, Any], Answered] | None = None
