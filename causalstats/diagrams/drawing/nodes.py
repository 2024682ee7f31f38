"""What the nodes of a drawing look like: how much room each takes, and its shapes.

Boxes are rectangles, states triangles on their tip, observations triangles on their base, copying a dot, discarding a ground symbol and the uniform state
that symbol upside down. What is hidden is dashed and grey; what surgery put there is orange, what was observed blue.
"""

from __future__ import annotations

from causalstats.diagrams.core.hypergraph import Box, Hypergraph
from causalstats.diagrams.drawing.layout import Node
from causalstats.diagrams.drawing.scene import (
    Dot,
    Label,
    Point,
    Shape,
    Stroke,
    line,
    polygon,
    rounded,
    text_width,
)
from causalstats.style import BLUE, INK, MUTED, ORANGE

FONT, SMALL = 10.0, 9.5
STUB = 11.0  # from the top of a body to the dot or ground symbol above it
PORT = 22.0  # between ports
_BOX, _STATE, _END = 24.0, 29.0, 13.0  # heights
_TRIANGLE = (13.0, 15.0)  # half its width, its height
_ELSEWHERE = "#eef3fa"  # the ground of boxes in other worlds


def text(diagram: Hypergraph, node: Node) -> str:
    """What stands in or beside a node."""
    place = node[1]
    if node[0] != "box":
        return diagram.wires[(diagram.inputs if node[0] == "in" else diagram.outputs)[place]].label
    box = diagram.boxes[place]
    ends = box.outputs or box.inputs
    wire = diagram.wires[ends[0]] if len(ends) == 1 else None
    name = wire.label if wire is not None and wire.name == box.name else box.name
    return f"{name} = {box.value}" if box.kind in ("point", "observation") else name


def width(diagram: Hypergraph, node: Node) -> float:
    if node[0] != "box":
        return text_width(text(diagram, node), SMALL, bold=True) - 9
    box = diagram.boxes[node[1]]
    if _is_state(box) or _is_effect(box):
        return max(text_width(text(diagram, node), SMALL), 24.0)
    return max(
        text_width(text(diagram, node), FONT) + 16,
        PORT * max(len(box.inputs), len(box.outputs), 1) + 4,
    )


def heights(diagram: Hypergraph, node: Node) -> tuple[float, float]:
    """The height of the body of a node, and of the dot or ground symbol above it."""
    if node[0] == "out":
        return _END, 0.0
    box = diagram.boxes[node[1]] if node[0] == "box" else None
    wires = diagram.inputs[node[1] : node[1] + 1] if box is None else box.outputs
    body = _END if box is None else _STATE if _is_state(box) or _is_effect(box) else _BOX
    return body, max((STUB for wire in wires if takers(diagram, wire) != 1), default=0.0)


def takers(diagram: Hypergraph, wire: int) -> int:
    """How often a wire is taken, by boxes or as an output."""
    return diagram.outputs.count(wire) + sum(box.inputs.count(wire) for box in diagram.boxes)


def named_apart(diagram: Hypergraph) -> bool:
    """Whether every wire has a name and a box of its own to tell it by, as in causal models and what surgery makes of them."""
    return (
        bool(diagram.boxes)
        and len(set(diagram.variables)) == len(diagram.wires)
        and all(len(box.outputs) <= 1 for box in diagram.boxes)
    )


def is_hidden(diagram: Hypergraph, wire: int) -> bool:
    return named_apart(diagram) and wire not in diagram.inputs and wire not in diagram.outputs


def node_shapes(diagram: Hypergraph, node: Node, at: Point, fresh: bool) -> list[Shape]:
    """The body of a node, the middle of whose top is at `at`."""
    says, (x, top) = text(diagram, node), at
    if node[0] == "out":
        return [Label(says, (x, top - _END / 2 + 2), SMALL, INK, bold=True)]
    if node[0] == "in":
        return [Label(says, (x, top - _END / 2 - 2), SMALL, INK, bold=True)]
    box = diagram.boxes[node[1]]
    unseen = (
        bool(box.outputs)
        and all(is_hidden(diagram, wire) for wire in box.outputs)
        and box.kind == "mechanism"
    )
    ink = {"point": ORANGE, "uniform": ORANGE, "observation": BLUE}.get(
        box.kind, ORANGE if fresh else MUTED if unseen else INK
    )
    if _is_state(box) or _is_effect(box):
        return _end(box, says, at, ink, unseen)
    half = width(diagram, node) / 2
    elsewhere = any(diagram.wires[wire].world for wire in box.outputs)
    body = rounded(x - half, top - _BOX, x + half, top, 2.5)
    return [
        Stroke(body, ink, 1.3, unseen, _ELSEWHERE if elsewhere else "white"),
        Label(says, (x, top - _BOX / 2), FONT, ink),
    ]


def _end(box: Box, says: str, at: Point, ink: str, dashed: bool) -> list[Shape]:
    """A state on its tip with its name below, or an effect on its base with its name above."""
    (x, top), (half, high) = at, _TRIANGLE
    if box.kind == "uniform":
        return [*ground(x, top - 8, -1, ink), Label(says, (x, top - _STATE + 6), SMALL, ink)]
    if _is_state(box):
        return [
            Stroke(
                polygon((x - half, top), (x + half, top), (x, top - high)),
                ink,
                1.3,
                dashed,
                "white",
            ),
            Label(says, (x, top - _STATE + 6), SMALL, ink),
        ]
    low = top - _STATE
    return [
        Stroke(
            polygon((x - half, low), (x + half, low), (x, low + high)), ink, 1.3, dashed, "white"
        ),
        Label(says, (x, top - 6), SMALL, ink),
    ]


def ground(x: float, at: float, up: int, colour: str, dashed: bool = False) -> list[Shape]:
    """Three ever shorter bars from where a wire ends; `up` is -1 for the uniform state, from which one begins."""
    bars: list[Shape] = [
        Stroke(line((x - half, at + up * rise), (x + half, at + up * rise)), colour, 1.5)
        for half, rise in ((10, 0), (6, 3.5), (2.2, 7))
    ]
    return [*bars, Stroke(line((x, at), (x, at - up * 8)), colour, 1.3, dashed)]


def ending(diagram: Hypergraph, wire: int, at: Point) -> list[Shape]:
    """What stands above the port that a wire leaves: a dot if it is copied, a ground symbol if it is discarded."""
    count, colour, dashed = takers(diagram, wire), *pen(diagram, wire)
    if count == 1:
        return []
    stub = Stroke(line(at, (at[0], at[1] + STUB)), colour, 1.3, dashed)
    if count == 0:
        return [stub, *ground(at[0], at[1] + STUB - 2, 1, colour)[:3]]
    return [stub, Dot((at[0], at[1] + STUB), 2.7, colour)]


def pen(diagram: Hypergraph, wire: int) -> tuple[str, bool]:
    """The colour of a wire, and whether it is dashed."""
    hidden = is_hidden(diagram, wire)
    return (MUTED if hidden else INK), hidden


def _is_state(box: Box) -> bool:
    return not box.inputs and len(box.outputs) == 1


def _is_effect(box: Box) -> bool:
    return not box.outputs and len(box.inputs) == 1
