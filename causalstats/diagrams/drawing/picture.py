"""A string diagram as a drawing, read upwards as Jacobs, Kissinger & Zanasi (2019) draw theirs."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.drawing.layout import chain
from causalstats.diagrams.drawing.nodes import (
    FONT,
    SMALL,
    STUB,
    ending,
    heights,
    node_shapes,
    pen,
    takers,
    width,
)
from causalstats.diagrams.drawing.plan import Plan, planned
from causalstats.diagrams.drawing.scene import (
    Command,
    Label,
    Point,
    Scene,
    Shape,
    Stroke,
    framed,
    line,
    moved,
    rounded,
    text_width,
)
from causalstats.errors import ModelError
from causalstats.style import INK, MUTED

TINTS = {"f": "#d6e6f4", "g": "#fbe0cc"}
_HALO = 9.0  # of a tint around a box
_MARGIN = 6.0
_ARROW = 44.0  # between what was and what is


def scene(diagram: Hypergraph, before: Hypergraph | None = None, comb: str | None = None) -> Scene:
    """What `Diagram.draw` draws: one diagram, or two with what was done in between."""
    if before is not None:
        arguments.instance(Hypergraph, "`before`", before, "It is the diagram before surgery.")
    tints = None if comb is None else combs(diagram if before is None else before, comb)
    if comb is not None and (child := child_within(diagram if before is None else before, comb)):
        raise ModelError(
            f"Expected a variable without a child among what it shares hidden causes with, got {comb!r}: {child!r} reads it, so that the diagram cannot be "
            f"taken apart there into two combs. Leave `comb` out."
        )
    return picture(diagram, tints) if before is None else before_and_after(before, diagram, tints)


def picture(
    diagram: Hypergraph,
    tints: Mapping[str, Collection[str]] | None = None,
    fresh: Collection[str] = (),
) -> Scene:
    """The drawing of a diagram; `tints` names the variables whose mechanisms belong to comb "f" and to comb "g", `fresh` the boxes that surgery brought."""
    if not diagram.wires and not diagram.boxes:
        return framed([Label("the empty diagram", (0.0, 0.0), FONT, MUTED)], _MARGIN)
    plan = planned(diagram)
    grounds = [
        shape for name, variables in (tints or {}).items() for shape in _tint(plan, name, variables)
    ]
    legs = [
        Stroke(_leg(plan, number), *_thin(pen(diagram, link.wire)))
        for number, link in enumerate(plan.links)
    ]
    return framed([*grounds, *legs, *_ends(plan), *_bodies(plan, fresh)], _MARGIN)


def before_and_after(
    before: Hypergraph, after: Hypergraph, tints: Mapping[str, Collection[str]] | None = None
) -> Scene:
    """What surgery did: the one drawing, an arrow, the other, and the steps in words."""
    left, right = (
        picture(before, tints),
        picture(
            after, tints, {box.name for box in after.boxes} - {box.name for box in before.boxes}
        ),
    )
    height = max(left.size[1], right.size[1])
    middle = left.size[0] + _ARROW / 2
    arrow = Stroke(line((middle - 10, height / 2), (middle + 10, height / 2)), INK, 1.3)
    foot = Stroke(line((middle - 10, height / 2 - 4), (middle - 10, height / 2 + 4)), INK, 1.3)
    head = Stroke(
        line((middle + 6, height / 2 + 4), (middle + 10, height / 2), (middle + 6, height / 2 - 4)),
        INK,
        1.3,
    )
    shapes = [moved(shape, 0.0, (height - left.size[1]) / 2) for shape in left.shapes]
    shapes += [arrow, foot, head]
    shapes += [
        moved(shape, left.size[0] + _ARROW, (height - right.size[1]) / 2) for shape in right.shapes
    ]
    said = [
        row
        for step in after.steps[len(before.steps) :]
        for row in _rows(step.words, left.size[0] + _ARROW + right.size[0] - 2 * _MARGIN)
    ]
    shapes += [
        Label(row, (_MARGIN, -8.0 - 13 * number), SMALL, MUTED, "start")
        for number, row in enumerate(said)
    ]
    return framed(shapes, _MARGIN)


def _rows(words: str, width: float) -> list[str]:
    """The text in lines that are no longer than that."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        lines = (
            [*lines[:-1], longer]
            if text_width(longer, SMALL) <= width or not lines[-1]
            else [*lines, word]
        )
    return lines


def child_within(diagram: Hypergraph, variable: str) -> str:
    """A variable of comb f at this one that reads it, with which cutting it in f is no intervention; "" where there is none."""
    inside = combs(diagram, variable)["f"]
    return next((child for child in diagram.children(variable) if child in inside), "")


def combs(diagram: Hypergraph, variable: str) -> dict[str, tuple[str, ...]]:
    """The variables of the two combs at a variable: f has its mechanism and what hangs together with that by hidden wires, g all others."""
    own = diagram.maker(variable)
    hidden = {diagram.position(name) for name in diagram.hidden}
    f = {number for number, box in enumerate(diagram.boxes) if box is own}
    more = set(f)
    while more:
        f |= more
        ends = {
            wire
            for number in f
            for wire in (*diagram.boxes[number].inputs, *diagram.boxes[number].outputs)
        } & hidden
        more = {
            number for number, box in enumerate(diagram.boxes) if ends & {*box.inputs, *box.outputs}
        } - f
    made = {wire for number in f for wire in diagram.boxes[number].outputs}
    inside = tuple(wire.label for place, wire in enumerate(diagram.wires) if place in made)
    return {"f": inside, "g": tuple(label for label in diagram.variables if label not in inside)}


def _thin(ink: tuple[str, bool]) -> tuple[str, float, bool]:
    return ink[0], 1.3, ink[1]


def _bodies(plan: Plan, fresh: Collection[str]) -> list[Shape]:
    shapes: list[Shape] = []
    for node in plan.nodes:
        new = node[0] == "box" and plan.diagram.boxes[node[1]].name in fresh
        shapes += node_shapes(plan.diagram, node, (plan.x[node], plan.deck[plan.row[node]]), new)
    return shapes


def _ends(plan: Plan) -> list[Shape]:
    """The dots and ground symbols above the ports that wires leave."""
    shapes: list[Shape] = []
    for node in plan.nodes:
        if node[0] != "out":
            wires = (
                plan.diagram.boxes[node[1]].outputs
                if node[0] == "box"
                else plan.diagram.inputs[node[1] : node[1] + 1]
            )
            for port, wire in enumerate(wires):
                shapes += ending(
                    plan.diagram,
                    wire,
                    (plan.x[node] + plan.ports[node, "out", port], plan.deck[plan.row[node]]),
                )
    return shapes


def _leg(plan: Plan, number: int) -> tuple[Command, ...]:
    """The way of a leg: between rows it bends, through a row it goes straight up."""
    link = plan.links[number]
    start = plan.row[link.tail]
    x = plan.x[link.tail] + plan.ports[link.tail, "out", link.tail_port[0]]
    copied = takers(plan.diagram, link.wire) > 1
    at: Point = (x, plan.deck[start] + (STUB if copied else 0.0))
    path: list[Command] = [("M", (at,))]
    if not copied:
        at = _straight(path, (x, plan.high[start]))
    for item in chain(number, link, plan.row)[1:]:
        last = item == link.head
        row = plan.row[link.head] if last else item[2]
        to = (
            plan.x[item] + (plan.ports[link.head, "in", link.head_port[0]] if last else 0.0),
            plan.low[row],
        )
        if abs(to[0] - at[0]) > 0.01:
            path.append(_bend(at, to, copied and len(path) == 1))
        at = _straight(path, (to[0], _bottom(plan, number) if last else plan.high[row]))
    return tuple(path)


def _straight(path: list[Command], to: Point) -> Point:
    """Lengthens a path straight up, where it does not stand there already; where it went straight before, that line grows."""
    command, points = path[-1]
    if command == "L":
        path[-1] = ("L", (to,))
    elif abs(to[1] - points[-1][1]) > 0.01:
        path.append(("L", (to,)))
    return to


def _bottom(plan: Plan, number: int) -> float:
    """Where a leg meets the node that takes it."""
    head = plan.links[number].head
    return plan.deck[plan.row[head]] - heights(plan.diagram, head)[0]


def _bend(start: Point, end: Point, copied: bool) -> Command:
    """A smooth way up: from a dot it sets off sideways, from elsewhere straight up."""
    (x, y), (to, high) = start, end
    rise = high - y
    if copied:
        return ("C", ((x + 0.6 * (to - x), y + 0.05 * rise), (to, y + 0.35 * rise), end))
    return ("C", ((x, y + 0.5 * rise), (to, high - 0.5 * rise), end))


def _tint(plan: Plan, name: str, variables: Collection[str]) -> list[Shape]:
    """A ground around the mechanisms of these variables and the wires between them, in one piece where they hang together, with its name."""
    made = {
        plan.diagram.position(variable)
        for variable in variables
        if variable in plan.diagram.variables
    }
    nodes = [
        ("box", number)
        for number, box in enumerate(plan.diagram.boxes)
        if box.kind == "mechanism" and box.outputs and made >= {*box.outputs}
    ]
    inner = [
        number
        for number, link in enumerate(plan.links)
        if link.tail in nodes and link.head in nodes
    ]
    shapes: list[Shape] = [Stroke(_leg(plan, number), TINTS[name], 2 * _HALO) for number in inner]
    for node in nodes:
        x, half, top = (
            plan.x[node],
            width(plan.diagram, node) / 2 + _HALO,
            plan.deck[plan.row[node]],
        )
        low = top - heights(plan.diagram, node)[0]
        shapes.append(
            Stroke(
                rounded(x - half, low - _HALO, x + half, top + _HALO, _HALO), None, fill=TINTS[name]
            )
        )
        if node == nodes[0]:
            named = Label(name, (x - half + 6, top + _HALO - 6), SMALL, MUTED, bold=True)
    return [*shapes, named] if nodes else []
