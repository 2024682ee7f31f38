"""Annotations of a diagram: the levels of its variables and their roles in a study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.errors import ModelError

MAX_LEVELS = (
    10**6
)  # of one variable; a larger number is a value and no number of levels


def with_levels[Graph: Hypergraph](
    diagram: Graph, levels: Mapping[str, Sequence[Any] | int]
) -> Graph:
    """Return the same diagram with the levels of some variables, in every world.

    Parameters
    ----------
    diagram : Diagram
    levels : mapping of str to list of levels, or to int
        A number n stands for the levels 0 to n - 1.

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If a variable is unknown, or its levels are not all different.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("x -> y").with_levels({"x": ("no", "yes"), "y": 2}).wires
    (Wire(name='x', levels=('no', 'yes'), world=''), Wire(name='y', levels=(0, 1), world=''))
    """
    if not isinstance(levels, Mapping):
        raise ModelError(
            "Expected a mapping of variables to their levels, such as {'x': ('no', 'yes')}, "
            f"got {levels!r}."
        )
    given = {
        _wire_name(diagram, variable): as_levels(variable, values)
        for variable, values in levels.items()
    }
    wires = (
        replace(wire, levels=given.get(wire.name, wire.levels))
        for wire in diagram.wires
    )
    return replace(diagram, wires=tuple(wires))


def without_levels[Graph: Hypergraph](diagram: Graph) -> Graph:
    """Return the same diagram with the levels of all variables unknown.

    Parameters
    ----------
    diagram : Diagram

    Returns
    -------
    Diagram

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("x").with_levels({"x": 2}).without_levels().wires
    (Wire(name='x', levels=None, world=''),)
    """
    return replace(
        diagram, wires=tuple(replace(wire, levels=None) for wire in diagram.wires)
    )


def with_roles[Graph: Hypergraph](
    diagram: Graph,
    *,
    treatment: str | Iterable[str] | None = None,
    outcome: str | Iterable[str] | None = None,
    adjusted: str | Iterable[str] | None = None,
    selected: str | Iterable[str] | None = None,
) -> Graph:
    """Return the same causal model with other roles.

    A role that is left out stays as it is, and `()` removes it. A selection variable is no output,
    since it never varies in the data; one that no longer selects is observed.

    Parameters
    ----------
    diagram : Diagram
    treatment, outcome, adjusted, selected : str or list of str, optional

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If a variable is unknown, or would have two roles.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> case_control = Diagram.parse("x -> y -> s").with_roles(selected="s")
    >>> case_control.observed
    ('x', 'y')
    >>> case_control.with_roles(selected=()).observed
    ('x', 'y', 's')
    """
    given = {
        "treatment": treatment,
        "outcome": outcome,
        "adjusted": adjusted,
        "selected": selected,
    }
    changed = {
        role: arguments.names("role", names)
        for role, names in given.items()
        if names is not None
    }
    for names in changed.values():
        for name in names:
            diagram.position(name)
    roles = replace(diagram.roles, **changed)
    if "selected" not in changed:
        return replace(diagram, roles=roles)
    selecting = {diagram.position(name) for name in roles.selected}
    released = {diagram.position(name) for name in diagram.roles.selected} - selecting
    kept = [wire for wire in diagram.outputs if wire not in selecting]
    added = sorted(released.difference(diagram.outputs))
    return replace(diagram, outputs=(*kept, *added), roles=roles)


def as_levels(name: str, values: Sequence[Any] | int) -> tuple[Any, ...]:
    """Return the levels of a variable as plain Python values.

    Parameters
    ----------
    name : str
        The variable, for the error.
    values : list of levels, or int
        A number n stands for 0 to n - 1.

    Returns
    -------
    tuple

    Raises
    ------
    ModelError
        If there are none, if two are equal or print alike, or if they are no numbers or words.

    Examples
    --------
    >>> as_levels("x", 3)
    (0, 1, 2)
    """
    plain = values.tolist() if hasattr(values, "tolist") else values
    if (
        isinstance(plain, int)
        and not isinstance(plain, bool)
        and 0 < plain <= MAX_LEVELS
    ):
        return tuple(range(plain))
    if isinstance(plain, str | bytes) or not isinstance(plain, Sequence):
        raise ModelError(
            f"Expected the levels of {name!r} as a sequence such as ('no', 'yes') or as their "
            f"number, got {values!r}."
        )
    try:
        different = min(len(set(plain)), len(set(map(str, plain))))
    except TypeError:
        raise ModelError(
            f"Expected each level of {name!r} to be a number or a word, got {list(plain)!r}."
        ) from None
    if len(plain) == 0 or different < len(plain):
        raise ModelError(
            f"Expected the levels of {name!r} to be one or more and all different, "
            f"got {list(plain)}."
        )
    return tuple(plain)


def _wire_name(diagram: Hypergraph, variable: str) -> str:
    """The name of the wires with that label or name; an error if there is none."""
    for wire in diagram.wires:
        if variable in (wire.label, wire.name):
            return wire.name
    return diagram.wires[diagram.position(variable)].name
