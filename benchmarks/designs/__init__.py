"""Designs of the coverage benchmark: data with a known answer, one module a family.

Each module has a list `DESIGNS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Truth = float | Mapping[str, float]


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
        number, or a mapping from the labels of the answer to numbers.
    estimand : str
        The name of the answer whose truth is known, or the outcome of a question, for `fit.effect`.
    arguments : mapping of str to value
        Its other arguments, such as `do`.
    known_failure : str
        Why the interval is not expected to cover, with the check that says so; empty otherwise.
    """

    name: str
    family: str
    make: Callable[[int], tuple[Any, Any, Truth]]
    estimand: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    known_failure: str = ""
