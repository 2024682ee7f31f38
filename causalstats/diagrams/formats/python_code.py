"""Diagrams as Python that evaluates back to them: the short text where it says all, the lists of wires and boxes where it does not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields

from causalstats.diagrams.diagram import Box, Diagram, Wire
from causalstats.diagrams.formats.causal_graph import root_name
from causalstats.diagrams.formats.notation import read

_BARE = re.compile(r"\w[\w.]*")


def written(diagram: Diagram) -> str:
    """See `Diagram.__repr__`."""
    if text := notation(diagram):
        levels = {wire.name: wire.levels for wire in diagram.wires if wire.levels is not None}
        return f"Diagram.parse({text!r})" + (f".with_levels({levels!r})" if levels else "")
    roles = f", roles={diagram.roles!r}" if diagram.roles else ""
    return f"Diagram({_listed(map(_wire, diagram.wires))}, {_listed(map(_box, diagram.boxes))}, {diagram.inputs!r}, {diagram.outputs!r}{roles})"


def notation(diagram: Diagram) -> str:
    """The text that is read as this causal model but for its levels; empty where there is none."""
    bare = diagram.without_levels()
    for short, mentioned in (
        ((True, False), (True, True), (False, True)) if bare.wires and bare.is_network else ()
    ):
        text = text_of(bare, short, mentioned)
        if _says(text, bare):
            return text
    return ""


def text_of(diagram: Diagram, short: bool, mentioned: bool) -> str:
    """A causal model in our own notation, a statement for each variable.

    `short` writes unnamed roots of two as `<->`; `mentioned` names each variable in its turn, for where the order would otherwise be lost.
    """
    roots = arcs(diagram) if short else {}
    statements = []
    for variable in (variable for variable in diagram.variables if variable not in roots):
        kept = variable in diagram.hidden and variable not in diagram.roles.selected
        mark = "hidden: " if kept else ""
        causes = [cause for cause in diagram.parents(variable) if cause not in roots]
        alone = not causes and not (
            set(diagram.children(variable)) or set(diagram.parents(variable))
        )
        if mark or alone or (mentioned and not causes):
            statements.append(mark + _name(variable))
        if causes:
            statements.append(f"{', '.join(map(_name, causes))} -> {_name(variable)}")
    statements += [f"{_name(left)} <-> {_name(right)}" for left, right in roots.values()]
    statements += [
        f"{role.name}: {', '.join(map(_name, names))}"
        for role in fields(diagram.roles)
        if (names := getattr(diagram.roles, role.name))
    ]
    return "; ".join(statements)


def arcs(diagram: Diagram) -> dict[str, tuple[str, ...]]:
    """The hidden roots that are but a bidirected edge, with its two ends: nobody named them."""
    found = {root: diagram.children(root) for root in diagram.hidden if not diagram.parents(root)}
    return {
        root: ends for root, ends in found.items() if len(ends) == 2 and root == root_name(ends)
    }


def _says(text: str, diagram: Diagram) -> bool:
    """Whether a text is read as that diagram; names may keep it from being one."""
    try:
        found = read(text)
        return found == diagram and found.roles == diagram.roles
    except ValueError:
        return False


def _name(name: str) -> str:
    return name if _BARE.fullmatch(name) and name != "hidden" else f'"{name}"'


def _listed(items: Iterable[str]) -> str:
    one, *more = [*items, ""]
    return f"({', '.join([one, *more[:-1]])}{',' if len(more) == 1 else ''})"


def _wire(wire: Wire) -> str:
    levels = f", levels={wire.levels!r}" if wire.levels is not None else ""
    return f"Wire({wire.name!r}{levels}{f', world={wire.world!r}' if wire.world else ''})"


def _box(box: Box) -> str:
    value = f", {box.value!r}" if box.value is not None else ""
    kind = f", {box.kind!r}" if value or box.kind != "mechanism" else ""
    return f"Box({box.name!r}, {box.inputs!r}, {box.outputs!r}{kind}{value})"
