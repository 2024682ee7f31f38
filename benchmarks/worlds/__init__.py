"""Worlds of the refutation benchmark: data that violate one assumption, or none.

One module a family; each has a list `WORLDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class World:
    """A way to draw data sets in which a model is right, or wrong in one respect.

    Parameters
    ----------
    name : str
        The violation, or what makes a right world hard, in a few words.
    family : str
    wrong : bool
        Whether an answer of the model is wrong in this world.
    make : callable
        `make(seed) -> (model, data)`, the model as a user would write it.
    catches : tuple of str
        The checks, by the beginning of their names, that are there to see it; empty in a right
        world.
    headline_holds : str
        Why the headline is right all the same, and which answer is not; empty otherwise.
    undetectable : str
        Why no data of this shape can show it, and where the answer says so; empty otherwise.
    answer : callable, optional
        `answer(model, data) -> Effect`, where the world is about another answer than the headline
        of a fit. Its doubts are then the checks that failed or cannot be decided.
    runs : tuple of str
        The checks that such an answer is subject to.
    """

    name: str
    family: str
    wrong: bool
    make: Callable[[int], tuple[Any, Any]]
    catches: tuple[str, ...] = ()
    headline_holds: str = ""
    undetectable: str = ""
    answer: Callable[[Any, Any], Any] | None = None
    runs: tuple[str, ...] = ()
