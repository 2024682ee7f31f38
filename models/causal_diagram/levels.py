"""Levels of categorical variables: those of the diagram, else of the data, else 0 and 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.errors import ModelError

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram

Levels = Mapping[str, Sequence[Any]]


def default_levels(
    model: CausalDiagram, known: Mapping[str, tuple[Any, ...]]
) -> dict[str, tuple[Any, ...]]:
    """Return the levels of every variable of the diagram, the hidden ones too.

    Parameters
    ----------
    model : CausalDiagram
    known : mapping of variable to levels
        Levels of the data, of variables that have none in the diagram.
    """
    levels = {}
    for wire in model.diagram.wires:
        count = (
            hidden_level_count(model, wire.name)
            if wire.name in model.diagram.hidden
            else 2
        )
        levels[wire.name] = wire.levels or known.get(wire.name) or tuple(range(count))
    return levels


def hidden_level_count(model: CausalDiagram, name: str) -> int:
    """Return how many levels `hidden_levels` gives a hidden variable."""
    counts = model.hidden_levels
    return counts.get(name, 2) if isinstance(counts, Mapping) else counts


def level_index(
    name: str,
    value: Any,
    levels: Levels,
) -> int:
    """Return the position of a value, or of its text, among the levels of a variable.

    True is not taken for 1: a Boolean is a level only where Booleans are.

    Parameters
    ----------
    name : str
    value : label or number
    levels : mapping of variable to its levels

    Raises
    ------
    ModelError
        If the variable has no such level.

    Examples
    --------
    >>> level_index("tar", "1", {"tar": (0, 1)})
    1
    """
    known = list(levels[name])
    if value in known:
        index = known.index(value)
        if isinstance(known[index], bool) == isinstance(value, bool):
            return index
    texts = list(map(str, known))
    if str(value) in texts:
        return texts.index(str(value))
    hint = ""
    if isinstance(value, bool | np.bool_) and int(value) in known:
        hint = f" Columns of Booleans are read as 0 and 1: write {int(value)}."
    raise ModelError(
        f"Expected a level of {name!r} ({', '.join(map(repr, known))}), got {value!r}.{hint}"
    )


def shown_states(levels: Sequence[Any]) -> Sequence[int]:
    """Return the positions of the levels that an answer shows: all, or the last of two."""
    return range(len(levels))[1 if len(levels) == 2 else 0 :]


def level_indices(values: Mapping[str, Any], levels: Levels) -> dict[str, int]:
    """Return the positions of the levels that variables are set to, or were seen to have."""
    return {name: level_index(name, value, levels) for name, value in values.items()}
