"""The shapes of the nodes of a string diagram, and the room that each takes.

Boxes are rectangles, states triangles on their tip, observations triangles on their base, copying a
dot, discarding a ground symbol and the uniform state that symbol upside down. Hidden variables are
dashed and grey; what surgery put there is orange, what was observed blue.
"""

from __future__ import annotations

from causalstats.colours import BLUE, INK, MUTED, ORANGE
from causalstats.diagrams.core.hypergraph import Box, Hypergraph
from causalstats.diagrams.drawing.scene import (
    Dot,
    Mark,
    Point,
    Stroke,
    TextLabel,
    line,
    polygon,
    rounded,
    text_width,
)
from causalstats.numerics.layered_layout import Node

FONT, SMALL_FONT = 10.0, 9.5
STUB = 11.0  # from the top of a body to the dot or ground symbol above it
PORT_GAP = 22.0
LINE_WIDTH = 1.3
_BOX_HEIGHT, _STATE_HEIGHT, _END_HEIGHT = 24.0, 29.0, 13.0
_TRIANGLE = (13.0, 15.0)  # half its width, its height
_OTHER_WORLD_FILL = "#eef3fa"
_GROUND_BARS = (
    (10.0, 0.0),
    (6.0, 3.5),
    (2.2, 7.0),
)  # half the length, the distance from the wire


def node_text(diagram: Hypergraph, node: Node) -> str:
    """Return the text in or beside a node."""
    kind, number = node
    if kind == "in":
        return diagram.dom[number].label
    if kind == "out":
        return diagram.cod[number].label
    box = diagram.boxes[number]
    ends = box.outputs or box.inputs
    name = box.name
    if len(ends) == 1 and diagram.wires[ends[0]].name == name:
        name = diagram.wires[ends[0]].label
    return f"{name} = {box.value}" if box.kind in ("point", "observation") else name


def node_width(diagram: Hypergraph, node: Node) -> float:
    """Return the width of a node in points."""
    text = node_text(diagram, node)
    if node[0] != "box":
        return text_width(text, SMALL_FONT, bold=True) - 9
    box = diagram.boxes[node[1]]
    if _is_triangle(box):
        return max(text_width(text, SMALL_FONT), 24.0)
    ports = max(len(box.inputs), len(box.outputs), 1)
    return max(text_width(text, FONT) + 16, PORT_GAP * ports + 4)


def node_heights(diagram: Hypergraph, node: Node) -> tuple[float, float]:
    """Return the height of the body of a node, and of the symbol above it."""
    kind, number = node
    if kind == "out":
        return _END_HEIGHT, 0.0
    if kind == "in":
        wires: tuple[int, ...] = (diagram.inputs[number],)
        body = _END_HEIGHT
    else:
        box = diagram.boxes[number]
        wires = box.outputs
        body = _STATE_HEIGHT if _is_triangle(box) else _BOX_HEIGHT
    above = max((STUB for wire in wires if consumers(diagram, wire) != 1), default=0.0)
    return body, above


def consumers(diagram: Hypergraph, wire: int) -> int:
    """Return how often a wire is taken, by boxes or as an output."""
    by_boxes = sum(box.inputs.count(wire) for box in diagram.boxes)
    return diagram.outputs.count(wire) + by_boxes


def wires_are_distinct(diagram: Hypergraph) -> bool:
    """Return whether every wire has a name and a box of its own, as in causal models."""
    names_differ = len(set(diagram.variables)) == len(diagram.wires)
    one_output_each = all(len(box.outputs) <= 1 for box in diagram.boxes)
    return bool(diagram.boxes) and names_differ and one_output_each


def is_hidden(diagram: Hypergraph, wire: int) -> bool:
    """Return whether a wire is drawn as hidden."""
    boundary = wire in diagram.inputs or wire in diagram.outputs
    return wires_are_distinct(diagram) and not boundary


def node_marks(
    diagram: Hypergraph,
    node: Node,
    at: Point,
    fresh: bool,
) -> list[Mark]:
    """Return the body of a node.

    Parameters
    ----------
    diagram : Hypergraph
    node : Node
    at : Point
        The middle of its top.
    fresh : bool
        Whether surgery brought it.
    """
    text = node_text(diagram, node)
    x, top = at
    if node[0] != "box":
        shift = 2 if node[0] == "out" else -2
        middle = (x, top - _END_HEIGHT / 2 + shift)
        return [TextLabel(text, middle, SMALL_FONT, INK, bold=True)]
    box = diagram.boxes[node[1]]
    hidden = _is_hidden_mechanism(diagram, box)
    ink = _ink(box, hidden, fresh)
    if _is_triangle(box):
        return _triangle_marks(box, text, at, ink, hidden)
    half = node_width(diagram, node) / 2
    other_world = any(diagram.wires[wire].world for wire in box.outputs)
    fill = _OTHER_WORLD_FILL if other_world else "white"
    body = rounded(x - half, top - _BOX_HEIGHT, x + half, top, 2.5)
    return [
        Stroke(body, ink, LINE_WIDTH, hidden, fill),
        TextLabel(text, (x, top - _BOX_HEIGHT / 2), FONT, ink),
    ]


def _is_hidden_mechanism(diagram: Hypergraph, box: Box) -> bool:
    hidden = all(is_hidden(diagram, wire) for wire in box.outputs)
    return box.kind == "mechanism" and bool(box.outputs) and hidden


def _ink(
    box: Box,
    hidden: bool,
    fresh: bool,
) -> str:
    if box.kind == "observation":
        return BLUE
    if box.kind in ("point", "uniform") or fresh:
        return ORANGE
    return MUTED if hidden else INK


def _triangle_marks(
    box: Box,
    text: str,
    at: Point,
    ink: str,
    dashed: bool,
) -> list[Mark]:
    """A state on its tip with its name below, or an effect on its base with its name above.

    Parameters
    ----------
    box : Box
    text : str
    at : Point
        The middle of its top.
    ink : str
    dashed : bool
    """
    x, top = at
    half, height = _TRIANGLE
    bottom = top - _STATE_HEIGHT
    if box.kind == "uniform":
        below = TextLabel(text, (x, bottom + 6), SMALL_FONT, ink)
        return [*ground_marks(x, top - 8, -1, ink), below]
    if _is_state(box):
        corners = ((x - half, top), (x + half, top), (x, top - height))
        label = TextLabel(text, (x, bottom + 6), SMALL_FONT, ink)
    else:
        corners = ((x - half, bottom), (x + half, bottom), (x, bottom + height))
        label = TextLabel(text, (x, top - 6), SMALL_FONT, ink)
    return [Stroke(polygon(*corners), ink, LINE_WIDTH, dashed, "white"), label]


def ground_marks(
    x: float,
    y: float,
    up: int,
    colour: str,
    dashed: bool = False,
) -> list[Mark]:
    """Return a ground symbol: three ever shorter bars from where a wire ends.

    Parameters
    ----------
    x, y : float
        Where the wire ends.
    up : {1, -1}
        -1 for the uniform state, from which a wire begins.
    colour : str
    dashed : bool
        Whether the wire is dashed.
    """
    bars: list[Mark] = [
        Stroke(line((x - half, y + up * rise), (x + half, y + up * rise)), colour, 1.5)
        for half, rise in _GROUND_BARS
    ]
    wire = Stroke(line((x, y), (x, y - up * 8)), colour, LINE_WIDTH, dashed)
    return [*bars, wire]


def wire_end_marks(
    diagram: Hypergraph,
    wire: int,
    at: Point,
) -> list[Mark]:
    """Return the symbol above the port that a wire leaves.

    It is a dot if the wire is copied, and a ground symbol if it is discarded.

    Parameters
    ----------
    diagram : Hypergraph
    wire : int
    at : Point
        The port.
    """
    count = consumers(diagram, wire)
    if count == 1:
        return []
    colour, dashed = pen(diagram, wire)
    x, y = at
    end = (x, y + STUB)
    stub = Stroke(line(at, end), colour, LINE_WIDTH, dashed)
    if count == 0:
        bars = ground_marks(x, y + STUB - 2, 1, colour)[: len(_GROUND_BARS)]
        return [stub, *bars]
    return [stub, Dot(end, 2.7, colour)]


def pen(diagram: Hypergraph, wire: int) -> tuple[str, bool]:
    """Return the colour of a wire, and whether it is dashed."""
    hidden = is_hidden(diagram, wire)
    return (MUTED if hidden else INK), hidden


def _is_triangle(box: Box) -> bool:
    return _is_state(box) or (not box.outputs and len(box.inputs) == 1)


def _is_state(box: Box) -> bool:
    return not box.inputs and len(box.outputs) == 1
