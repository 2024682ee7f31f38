"""Response types: every way in which a variable of few levels can depend on its causes, and what they make of each other.

A mechanism with unknown hidden causes is a distribution over the functions from its observed causes to its levels (Balke & Pearl 1994). Variables that share
hidden causes have a joint distribution over their functions, about which nothing is known but what the observed distribution and the assumptions say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated

import numpy as np

from causalstats.core.argument_validation import Name, Number, check_fields
from causalstats.errors import ModelError

Array = np.ndarray


@dataclass(frozen=True)
class Monotone:
    """Nobody's effect goes down when its cause goes up, other causes held; or up, if not `increasing`. Levels are in their order.

    Parameters
    ----------
    cause, effect : str
        Of which the first acts on the second directly.
    increasing : bool
    exceptions : float
        The largest share of those for whom it is otherwise.
    """

    cause: Name
    effect: Name
    increasing: bool = True
    exceptions: Annotated[float, Number(least=0, below=1)] = 0.0

    def __post_init__(self) -> None:
        check_fields(self, ModelError)

    def __str__(self) -> str:
        but = f" but for {self.exceptions:.1%}" if self.exceptions else ""
        return f"{self.cause} never {'lowers' if self.increasing else 'raises'} {self.effect}{but}"

    def obeyed(self, responses: Array, parents: Sequence[str]) -> Array:
        """Whether each function obeys it; functions as (types, levels of each parent...)."""
        if self.cause not in parents:
            raise ModelError(
                f"Expected a direct cause of {self.effect!r}, one of {list(parents)}; got {self.cause!r}."
            )
        steps = np.diff(responses, axis=1 + parents.index(self.cause)) * (
            1 if self.increasing else -1
        )
        return (steps >= 0).reshape(len(responses), -1).all(axis=1)


def responses(levels: int, parents: Sequence[int]) -> Array:
    """Every function from parents with so many levels each: (types, levels of each parent...), values the levels that it gives."""
    inputs = int(np.prod(parents, dtype=int))
    return np.array(list(product(range(levels), repeat=inputs))).reshape(-1, *parents)


def indicators(functions: Array, levels: int) -> Array:
    """1 where a function gives a level: (types, levels of each parent..., levels)."""
    return (functions[..., None] == np.arange(levels)).astype(float)


def count(levels: Mapping[str, int], parents: Mapping[str, Sequence[str]]) -> float:
    """How many joint response types there are."""
    return float(
        np.prod(
            [
                float(levels[name]) ** float(np.prod([levels[cause] for cause in causes]))
                for name, causes in parents.items()
            ]
        )
    )
