"""Diagrams as Python code that evaluates back to them: the `repr` of a diagram.

The code is arrow notation where that says everything, and lists of wires and boxes elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields

from causalstats.diagrams.core.annotation import without_levels
from causalstats.diagrams.core.hypergraph import Box, Hypergraph, Wire
from causalstats.diagrams.formats.arrow_notation import read_arrows
from causalstats.diagrams.formats.causal_graph import root_name

_BARE_NAME = re.compile(r"\w[\w.]*")


def to_python(diagram: Hypergraph) -> str:
    """Return the `repr` of a diagram.

    Parameters
    ----------
    diagram : Diagram

    Returns
    -------
    str
        Python code.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("x->y").with_levels({"x": 2})
    Diagram.parse('x -> y').with_levels({'x': (0, 1)})
    """
    if text := to_text(diagram):
        levels = {
            wire.name: wire.levels for wire in diagram.wires if wire.levels is not None
        }
        return f"Diagram.parse({text!r})" + (
            f".with_levels({levels!r})" if levels else ""
        )
    wires = _tuple_of(map(_wire_code, diagram.wires))
    boxes = _tuple_of(map(_box_code, diagram.boxes))
    roles = f", roles={diagram.roles!r}" if diagram.roles else ""
    return f"Diagram({wires}, {boxes}, {diagram.inputs!r}, {diagram.outputs!r}{roles})"


def to_text(diagram: Hypergraph) -> str:
    """Return the arrow notation of a causal model, without levels; empty where there is none."""
    bare = without_levels(diagram)
    if not bare.wires or not bare.is_network:
        return ""
    for short, all_mentioned in ((True, False), (True, True), (False, True)):
        text = arrow_text(bare, short, all_mentioned)
        if _reads_back(text, bare):
            return text
    return ""


def arrow_text(
    diagram: Hypergraph,
    short: bool,
    all_mentioned: bool,
) -> str:
    """Return a causal model in arrow notation, a statement for each variable.

    Parameters
    ----------
    diagram : Hypergraph
    short : bool
        Write unnamed hidden roots of two variables as `<->`.
    all_mentioned : bool
        Name each variable in its turn, where the order would otherwise be lost.
    """
    roots = bidirected_roots(diagram) if short else {}
    statements = []
    for variable in diagram.variables:
        if variable not in roots:
            statements += _statements_of(diagram, variable, roots.keys(), all_mentioned)
    statements += [
        f"{_name(left)} <-> {_name(right)}" for left, right in roots.values()
    ]
    for role in fields(diagram.roles):
        if names := getattr(diagram.roles, role.name):
            statements.append(f"{role.name}: {', '.join(map(_name, names))}")
    return "; ".join(statements)


def _statements_of(
    diagram: Hypergraph,
    variable: str,
    roots: Iterable[str],
    all_mentioned: bool,
) -> list[str]:
    """The statement that mentions a variable, if needed, and the one with its causes.

    Parameters
    ----------
    diagram : Hypergraph
    variable : str
    roots : iterable of str
        Hidden variables that are written as bidirected arrows.
    all_mentioned : bool
    """
    latent = variable in diagram.hidden and variable not in diagram.roles.selected
    parents = diagram.parents(variable)
    causes = [cause for cause in parents if cause not in roots]
    isolated = not parents and not diagram.children(variable)
    statements = []
    if latent or isolated or (all_mentioned and not causes):
        statements.append("hidden: " * latent + _name(variable))
    if causes:
        statements.append(f"{', '.join(map(_name, causes))} -> {_name(variable)}")
    return statements


def bidirected_roots(diagram: Hypergraph) -> dict[str, tuple[str, ...]]:
    """Return the unnamed hidden common causes of two variables, each with the two.

    They are what a bidirected edge stands for.
    """
    roots = (root for root in diagram.hidden if not diagram.parents(root))
    ends = {root: diagram.children(root) for root in roots}
    return {
        root: pair
        for root, pair in ends.items()
        if len(pair) == 2 and root == root_name(pair)
    }


def _reads_back(text: str, diagram: Hypergraph) -> bool:
    """Whether a text is read as that diagram, which unusual names may prevent."""
    try:
        model = read_arrows(text)
    except ValueError:
        return False
    return model == diagram and model.roles == diagram.roles


def _name(name: str) -> str:
    return name if _BARE_NAME.fullmatch(name) and name != "hidden" else f'"{name}"'


def _tuple_of(items: Iterable[str]) -> str:
    listed = list(items)
    return f"({', '.join(listed)}{',' * (len(listed) == 1)})"


def _wire_code(wire: Wire) -> str:
    levels = f", levels={wire.levels!r}" if wire.levels is not None else ""
    world = f", world={wire.world!r}" if wire.world else ""
    return f"Wire({wire.name!r}{levels}{world})"


def _box_code(box: Box) -> str:
    value = f", {box.value!r}" if box.value is not None else ""
    kind = f", {box.kind!r}" if value or box.kind != "mechanism" else ""
    return f"Box({box.name!r}, {box.inputs!r}, {box.outputs!r}{kind}{value})"
