"""A drawing before it has a format: strokes, dots and text in points, y upwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

Point = tuple[float, float]
Command = tuple[
    str, tuple[Point, ...]
]  # "M" one point, "L" one, "C" two controls and an end, "Z" none


@dataclass(frozen=True)
class Stroke:
    """A path, drawn and perhaps filled."""

    path: tuple[Command, ...]
    colour: str | None
    width: float = 1.3
    dashed: bool = False
    fill: str | None = None


@dataclass(frozen=True)
class Dot:
    centre: Point
    radius: float
    colour: str


@dataclass(frozen=True)
class Label:
    """Text, the middle of its height at `at`; `anchor` says whether its middle or its start is there."""

    text: str
    at: Point
    size: float
    colour: str
    anchor: str = "middle"
    bold: bool = False


Shape = Stroke | Dot | Label


@dataclass(frozen=True)
class Scene:
    """Shapes in the order in which they are drawn, the lower left corner at the origin."""

    shapes: tuple[Shape, ...]
    size: tuple[float, float]


def moved(shape: Shape, right: float, up: float) -> Shape:
    """The shape somewhere else."""
    if isinstance(shape, Stroke):
        return replace(
            shape,
            path=tuple(
                (name, tuple((x + right, y + up) for x, y in points)) for name, points in shape.path
            ),
        )
    if isinstance(shape, Dot):
        return replace(shape, centre=(shape.centre[0] + right, shape.centre[1] + up))
    return replace(shape, at=(shape.at[0] + right, shape.at[1] + up))


def framed(shapes: Iterable[Shape], margin: float) -> Scene:
    """A scene that just holds the shapes, with a margin around them."""
    drawn = tuple(shapes)
    corners = [corner for shape in drawn for corner in _extent(shape)] or [(0.0, 0.0)]
    left, low = min(x for x, _ in corners) - margin, min(y for _, y in corners) - margin
    right, high = max(x for x, _ in corners) + margin, max(y for _, y in corners) + margin
    return Scene(tuple(moved(shape, -left, -low) for shape in drawn), (right - left, high - low))


def _extent(shape: Shape) -> list[Point]:
    if isinstance(shape, Stroke):
        half = shape.width / 2 if shape.colour else 0.0
        points = [point for _, part in shape.path for point in part]
        return [(x + side * half, y + side * half) for x, y in points for side in (-1, 1)]
    if isinstance(shape, Dot):
        (x, y), r = shape.centre, shape.radius
        return [(x - r, y - r), (x + r, y + r)]
    x, y = shape.at
    width = text_width(shape.text, shape.size, shape.bold)
    left = x - width / 2 if shape.anchor == "middle" else x
    return [(left, y - shape.size * 0.6), (left + width, y + shape.size * 0.6)]


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """How wide a line of text is in matplotlib's own font, which is wider than most."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal", size=size)
    return 1.05 * float(
        text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]
    )  # on a screen letters are moved to whole pixels


def line(*points: Point) -> tuple[Command, ...]:
    """A path straight through the points."""
    return (("M", points[:1]), *(("L", (point,)) for point in points[1:]))


def polygon(*points: Point) -> tuple[Command, ...]:
    return (*line(*points), ("Z", ()))


def rounded(
    left: float, low: float, right: float, high: float, radius: float
) -> tuple[Command, ...]:
    """A rectangle with round corners."""
    r, k = radius, radius * 0.448  # the control points of a quarter of a circle
    return (
        ("M", ((left + r, low),)),
        ("L", ((right - r, low),)),
        ("C", ((right - k, low), (right, low + k), (right, low + r))),
        ("L", ((right, high - r),)),
        ("C", ((right, high - k), (right - k, high), (right - r, high))),
        ("L", ((left + r, high),)),
        ("C", ((left + k, high), (left, high - k), (left, high - r))),
        ("L", ((left, low + r),)),
        ("C", ((left, low + k), (left + k, low), (left + r, low))),
        ("Z", ()),
    )
