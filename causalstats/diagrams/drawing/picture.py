"""String diagrams as vector drawings, read upwards as in Jacobs, Kissinger & Zanasi (2019)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from causalstats.colours import BLUE, INK, MUTED
from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Box, Hypergraph
from causalstats.diagrams.drawing.nodes import (
    FONT,
    LINE_WIDTH,
    SMALL_FONT,
    STUB,
    consumers,
    node_heights,
    node_marks,
    node_width,
    pen,
    wire_end_marks,
)
from causalstats.diagrams.drawing.placement import Placement, placed
from causalstats.diagrams.drawing.scene import (
    Command,
    Mark,
    Point,
    Scene,
    Stroke,
    TextLabel,
    framed,
    line,
    moved,
    rounded,
    text_width,
)
from causalstats.errors import ModelError
from causalstats.numerics.layered_layout import Node, chain

Tints = Mapping[str, Collection[str]]  # the variables of comb "f" and of comb "g"

TINTS = {"f": "#d6e6f4", "g": "#fbe0cc"}
_LETTER = 6.0  # half the room of a letter
_SHARES = [k / 40 for k in range(41)]  # of the way along a part of a path
_HALO = 9.0  # of a tint around a box
_MARGIN = 6.0
_ARROW_ROOM = 44.0  # between the pictures before and after surgery
_LINE_HEIGHT = 13.0


def scene(
    diagram: Hypergraph,
    before: Hypergraph | None = None,
    comb: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> Scene:
    """Return the drawing of `Diagram.draw`: one diagram, or two with the surgery in between.

    Parameters
    ----------
    diagram : Hypergraph
    before : Hypergraph, optional
    comb : str, optional
        A variable whose two combs are tinted.
    labels : mapping of arrow, such as "x -> y", to text, optional
        Written beside the wires of one diagram.
    """
    if labels is not None:
        labels = arguments.values("labels", labels)
        arguments.names("labels", tuple(labels.values()))
        _refuse_unknown_arrows(diagram, labels)
    if before is not None:
        remedy = "It is the diagram before surgery."
        arguments.instance(Hypergraph, "`before`", before, remedy)
    tints: Tints = {}
    if comb is not None:
        original = diagram if before is None else before
        tints = combs(original, comb)
        _refuse_child_within(original, comb)
    return (
        picture(diagram, tints, labels=labels)
        if before is None
        else before_and_after(before, diagram, tints)
    )


def picture(
    diagram: Hypergraph,
    tints: Tints | None = None,
    fresh: Collection[str] = (),
    labels: Mapping[str, str] | None = None,
) -> Scene:
    """Return the drawing of a diagram.

    Parameters
    ----------
    diagram : Hypergraph
    tints : mapping of str to collection of str, optional
        The variables whose mechanisms belong to comb "f" and to comb "g".
    fresh : collection of str
        The names of the boxes that surgery brought.
    labels : mapping of arrow to text, optional
    """
    if not diagram.wires and not diagram.boxes:
        return framed(
            [TextLabel("the empty diagram", (0.0, 0.0), FONT, MUTED)], _MARGIN
        )
    placement = placed(diagram)
    marks: list[Mark] = []
    for name, variables in (tints or {}).items():
        marks += _tint_marks(placement, name, variables)
    for number, link in enumerate(placement.links):
        colour, dashed = pen(diagram, link.wire)
        marks.append(Stroke(_path(placement, number), colour, LINE_WIDTH, dashed))
    marks += _wire_ends(placement)
    for node in placement.nodes:
        is_fresh = node[0] == "box" and diagram.boxes[node[1]].name in fresh
        marks += node_marks(diagram, node, _top(placement, node), is_fresh)
    marks += _arrow_labels(placement, labels or {})
    return framed(marks, _MARGIN)


def _arrow_labels(placement: Placement, labels: Mapping[str, str]) -> list[Mark]:
    """Return the text beside each wire, where it enters the box of its effect.

    Texts of one box stand below each other, that of the last port highest.
    """
    diagram = placement.diagram
    names = diagram.variables
    by_box: dict[int, list[tuple[Point, str]]] = {}
    for number, link in enumerate(placement.links):
        kind, box = link.head
        if kind != "box":
            continue
        effects = [names[wire] for wire in diagram.boxes[box].outputs]
        arrows = {f"{names[link.wire]} -> {effect}" for effect in effects}
        end = _path(placement, number)[-1][1][-1]
        for arrow in sorted(arrows.intersection(labels)):
            by_box.setdefault(box, []).append((end, labels[arrow]))
    marks: list[Mark] = []
    for texts in by_box.values():
        for number, ((x, y), text) in enumerate(sorted(texts, reverse=True)):
            at = (x + 3.0, y - SMALL_FONT * (0.8 + 1.15 * number))
            marks += _text_on_ground(text, at)
    return marks


def _text_on_ground(text: str, at: Point) -> list[Mark]:
    """Return a text on a ground of its own, so that wires do not run through it."""
    x, y = at
    half = 0.55 * SMALL_FONT
    right = x + text_width(text, SMALL_FONT)
    ground = rounded(x - 1.0, y - half, right + 1.0, y + half, 1.0)
    return [
        Stroke(ground, None, fill="white"),
        TextLabel(text, at, SMALL_FONT, BLUE, "start"),
    ]


def _refuse_unknown_arrows(diagram: Hypergraph, labels: Mapping[str, str]) -> None:
    arrows = {
        f"{cause} -> {name}"
        for name in diagram.variables
        for cause in diagram.parents(name)
    }
    unknown = [name for name in labels if name not in arrows]
    if unknown:
        raise ModelError(
            f"Expected labels of arrows of the diagram, {sorted(arrows)}, got {unknown[0]!r}."
        )


def before_and_after(
    before: Hypergraph,
    after: Hypergraph,
    tints: Tints | None = None,
) -> Scene:
    """Return a drawing of surgery: before, an arrow, after, and the steps in words.

    Parameters
    ----------
    before, after : Hypergraph
    tints : mapping of str to collection of str, optional
    """
    old_names = {box.name for box in before.boxes}
    fresh = {box.name for box in after.boxes} - old_names
    left = picture(before, tints)
    right = picture(after, tints, fresh)
    height = max(left.size[1], right.size[1])
    start_of_right = left.size[0] + _ARROW_ROOM
    marks = [moved(mark, 0.0, (height - left.size[1]) / 2) for mark in left.marks]
    marks += _arrow_marks(left.size[0] + _ARROW_ROOM / 2, height / 2)
    rise = (height - right.size[1]) / 2
    marks += [moved(mark, start_of_right, rise) for mark in right.marks]
    width = start_of_right + right.size[0] - 2 * _MARGIN
    rows = [
        row
        for step in after.steps[len(before.steps) :]
        for row in _wrapped(step.words, width)
    ]
    for number, row in enumerate(rows):
        at = (_MARGIN, -8.0 - _LINE_HEIGHT * number)
        marks.append(TextLabel(row, at, SMALL_FONT, MUTED, "start"))
    return framed(marks, _MARGIN)


def _arrow_marks(x: float, y: float) -> list[Mark]:
    """An arrow with a foot, centred on a point."""
    paths = [
        line((x - 10, y), (x + 10, y)),
        line((x - 10, y - 4), (x - 10, y + 4)),
        line((x + 6, y + 4), (x + 10, y), (x + 6, y - 4)),
    ]
    return [Stroke(path, INK, LINE_WIDTH) for path in paths]


def _wrapped(words: str, width: float) -> list[str]:
    """The text in lines that are no longer than that."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or text_width(longer, SMALL_FONT) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def child_within(diagram: Hypergraph, variable: str) -> str:
    """Return a child of a variable in its own comb f, where cutting is no intervention; or ""."""
    inside = combs(diagram, variable)["f"]
    return next((child for child in diagram.children(variable) if child in inside), "")


def _refuse_child_within(diagram: Hypergraph, variable: str) -> None:
    if child := child_within(diagram, variable):
        raise ModelError(
            "Expected a variable without a child among what it shares hidden causes with, "
            f"got {variable!r}: {child!r} reads it, so that the diagram cannot be taken apart "
            "there into two combs. Leave `comb` out."
        )


def combs(diagram: Hypergraph, variable: str) -> dict[str, tuple[str, ...]]:
    """Return the variables of the two combs at a variable.

    f has its mechanism and all that hidden wires join to it (its district); g has the others.
    """
    hidden = {diagram.position(name) for name in diagram.hidden}
    maker = diagram.maker(variable)
    inside = [box for box in diagram.boxes if box is maker]
    outside = [box for box in diagram.boxes if box is not maker]
    joining = set(inside)
    while joining:
        wires = {wire for box in joining for wire in _wires_of(box)} & hidden
        joining = {box for box in outside if wires.intersection(_wires_of(box))}
        inside += joining
        outside = [box for box in outside if box not in joining]
    made = {wire for box in inside for wire in box.outputs}
    f = tuple(label for wire, label in enumerate(diagram.variables) if wire in made)
    return {"f": f, "g": tuple(label for label in diagram.variables if label not in f)}


def _wires_of(box: Box) -> tuple[int, ...]:
    return (*box.inputs, *box.outputs)


def _top(placement: Placement, node: Node) -> Point:
    """The middle of the top of the body of a node."""
    return placement.x[node], placement.deck[placement.row[node]]


def _wire_ends(placement: Placement) -> list[Mark]:
    """The dots and ground symbols above the ports that wires leave."""
    diagram = placement.diagram
    marks: list[Mark] = []
    for node in placement.nodes:
        kind, number = node
        wires: tuple[int, ...] = ()
        if kind == "box":
            wires = diagram.boxes[number].outputs
        elif kind == "in":
            wires = (diagram.inputs[number],)
        x, y = _top(placement, node)
        for port, wire in enumerate(wires):
            offset = placement.ports[node, "out", port]
            marks += wire_end_marks(diagram, wire, (x + offset, y))
    return marks


def _path(placement: Placement, number: int) -> tuple[Command, ...]:
    """The path of a link: between rows it bends, through a row it goes straight up."""
    link = placement.links[number]
    copied = consumers(placement.diagram, link.wire) > 1
    row = placement.row[link.tail]
    x = placement.x[link.tail] + placement.ports[link.tail, "out", link.tail_port[0]]
    at: Point = (x, placement.deck[row] + STUB * copied)
    path: list[Command] = [("M", (at,))]
    if not copied:
        at = _extend_upwards(path, (x, placement.high[row]))
    for item in chain(number, link, placement.row)[1:]:
        if item == link.head:
            row = placement.row[link.head]
            offset = placement.ports[link.head, "in", link.head_port[0]]
            stop = _bottom(placement, link.head)
        else:
            row = item[2]
            offset = 0.0
            stop = placement.high[row]
        entry = (placement.x[item] + offset, placement.low[row])
        if abs(entry[0] - at[0]) > 0.01:
            path.append(_bend(at, entry, copied and len(path) == 1))
        at = _extend_upwards(path, (entry[0], stop))
    return tuple(path)


def _extend_upwards(path: list[Command], to: Point) -> Point:
    """Lengthen a path straight up to a point, and return the point.

    A straight line at its end grows.
    """
    command, points = path[-1]
    if command == "L":
        path[-1] = ("L", (to,))
    elif abs(to[1] - points[-1][1]) > 0.01:
        path.append(("L", (to,)))
    return to


def _bottom(placement: Placement, node: Node) -> float:
    """The lower edge of a node, where links meet it."""
    body, _ = node_heights(placement.diagram, node)
    return placement.deck[placement.row[node]] - body


def _bend(
    start: Point,
    end: Point,
    from_dot: bool,
) -> Command:
    """A smooth way up: from a dot it leaves sideways, from elsewhere straight up."""
    x, y = start
    right, high = end
    rise = high - y
    if from_dot:
        leaving = (x + 0.6 * (right - x), y + 0.05 * rise)
        return ("C", (leaving, (right, y + 0.35 * rise), end))
    return ("C", ((x, y + 0.5 * rise), (right, high - 0.5 * rise), end))


def _tint_marks(
    placement: Placement,
    name: str,
    variables: Collection[str],
) -> list[Mark]:
    """A coloured ground around the mechanisms of a comb and the wires between them, with its name.

    Parameters
    ----------
    placement : Placement
    name : {"f", "g"}
    variables : collection of str
    """
    diagram = placement.diagram
    nodes = _mechanisms_of(diagram, variables)
    if not nodes:
        return []
    colour = TINTS[name]
    marks: list[Mark] = []
    for number, link in enumerate(placement.links):
        if link.tail in nodes and link.head in nodes:
            marks.append(Stroke(_path(placement, number), colour, 2 * _HALO))
    for node in nodes:
        left, low, right, high = _with_halo(placement, node)
        body = rounded(left, low, right, high, _HALO)
        marks.append(Stroke(body, None, fill=colour))
    at = _free_place(placement, nodes)
    return [*marks, TextLabel(name, at, SMALL_FONT, MUTED, bold=True)]


def _free_place(placement: Placement, nodes: Sequence[Node]) -> Point:
    """The first place at a corner of a ground that no wire and no box covers.

    Where each is near something, the one that is farthest from it.
    """
    wires = [
        point
        for number in range(len(placement.links))
        for point in points_along(_path(placement, number))
    ]
    grounds = [_with_halo(placement, node) for node in placement.nodes]
    best, widest = (0.0, 0.0), -1.0
    for left, low, right, high in [_with_halo(placement, node) for node in nodes]:
        for x in (left - 6, right + 6):
            for y in (high - 6, low + 6, high + 6, low - 6):
                room = min(
                    [_LETTER, *(max(abs(x - a), abs(y - b)) for a, b in wires)]
                    + [_beyond(rectangle, (x, y)) for rectangle in grounds]
                )
                if room > widest:
                    best, widest = (x, y), room
    return best


def _beyond(rectangle: tuple[float, float, float, float], point: Point) -> float:
    """How far a point is outside of a rectangle, negative inside."""
    left, low, right, high = rectangle
    x, y = point
    return max(left - x, x - right, low - y, y - high)


def points_along(path: Sequence[Command]) -> list[Point]:
    """Points close together on a path of lines and cubic curves."""
    points: list[Point] = []
    at: Point = (0.0, 0.0)
    weights: list[tuple[float, ...]]
    for command, ends in path:
        if command == "C":
            first, second, last = ends
            corners = [at, first, second, last]
            weights = [
                ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
                for t in _SHARES
            ]
        else:
            corners = [at if command == "L" else ends[-1], ends[-1]]
            weights = [(1 - t, t) for t in _SHARES]
        for weight in weights:
            x = sum(w * corner[0] for w, corner in zip(weight, corners, strict=True))
            y = sum(w * corner[1] for w, corner in zip(weight, corners, strict=True))
            points.append((x, y))
        at = ends[-1]
    return points


def _mechanisms_of(diagram: Hypergraph, variables: Collection[str]) -> list[Node]:
    """The mechanisms that make nothing but these variables."""
    known = (variable for variable in variables if variable in diagram.variables)
    made = {diagram.position(variable) for variable in known}
    return [
        ("box", number)
        for number, box in enumerate(diagram.boxes)
        if box.kind == "mechanism" and box.outputs and made.issuperset(box.outputs)
    ]


def _with_halo(placement: Placement, node: Node) -> tuple[float, float, float, float]:
    """The rectangle around a node: left, low, right, high."""
    x, top = _top(placement, node)
    half = node_width(placement.diagram, node) / 2 + _HALO
    return x - half, _bottom(placement, node) - _HALO, x + half, top + _HALO
