"""Vector drawings, before any file format: strokes, dots and text in points, y upwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

Point = tuple[float, float]
Command = tuple[str, tuple[Point, ...]]
"""A part of a path: "M" and "L" take one point, "C" two controls and an end, "Z" none."""

_SCREEN_HINTING = 1.05  # on a screen letters are moved to whole pixels
# From the corner to the control point of a rounded corner, in radii
_QUARTER_CIRCLE = 0.448
_HALF_LINE = 0.6  # from the middle of a line of text to its edge, in font sizes


@dataclass(frozen=True)
class Stroke:
    """A path, drawn if it has a colour and filled if it has a fill."""

    path: tuple[Command, ...]
    colour: str | None
    width: float = 1.3
    dashed: bool = False
    fill: str | None = None


@dataclass(frozen=True)
class Dot:
    """A filled circle."""

    centre: Point
    radius: float
    colour: str


@dataclass(frozen=True)
class TextLabel:
    """A line of text; `at` is the middle of its height, and its middle or start (`anchor`)."""

    text: str
    at: Point
    size: float
    colour: str
    anchor: str = "middle"
    bold: bool = False


Mark = Stroke | Dot | TextLabel


@dataclass(frozen=True)
class Scene:
    """Marks in the order in which they are drawn, the lower left corner at the origin."""

    marks: tuple[Mark, ...]
    size: tuple[float, float]


def moved(
    mark: Mark,
    right: float,
    up: float,
) -> Mark:
    """Return a mark somewhere else.

    Parameters
    ----------
    mark : Mark
    right, up : float
    """

    def shifted(point: Point) -> Point:
        return point[0] + right, point[1] + up

    match mark:
        case Stroke():
            path = tuple(
                (name, tuple(map(shifted, points))) for name, points in mark.path
            )
            return replace(mark, path=path)
        case Dot():
            return replace(mark, centre=shifted(mark.centre))
        case TextLabel():
            return replace(mark, at=shifted(mark.at))


def framed(marks: Iterable[Mark], margin: float) -> Scene:
    """Return a scene that just holds the marks, with a margin around them."""
    listed = tuple(marks)
    corners = [corner for mark in listed for corner in extent(mark)] or [(0.0, 0.0)]
    horizontal = [x for x, _ in corners]
    vertical = [y for _, y in corners]
    left = min(horizontal) - margin
    low = min(vertical) - margin
    size = (max(horizontal) + margin - left, max(vertical) + margin - low)
    return Scene(tuple(moved(mark, -left, -low) for mark in listed), size)


def extent(mark: Mark) -> list[Point]:
    """Return points whose bounding box holds the mark."""
    match mark:
        case Stroke():
            half = mark.width / 2 if mark.colour else 0.0
            points = [point for _, part in mark.path for point in part]
            return [
                (x + side * half, y + side * half)
                for x, y in points
                for side in (-1, 1)
            ]
        case Dot():
            x, y = mark.centre
            return [
                (x - mark.radius, y - mark.radius),
                (x + mark.radius, y + mark.radius),
            ]
        case TextLabel():
            x, y = mark.at
            width = text_width(mark.text, mark.size, mark.bold)
            left = x - width / 2 if mark.anchor == "middle" else x
            half = _HALF_LINE * mark.size
            return [(left, y - half), (left + width, y + half)]


@lru_cache(maxsize=4096)
def text_width(
    text: str,
    size: float,
    bold: bool = False,
) -> float:
    """Return the width of a line in matplotlib's own font, which is wider than most.

    Parameters
    ----------
    text : str
    size : float
        In points.
    bold : bool
    """
    # Matplotlib takes longer to load than a diagram takes to read.
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    weight = "bold" if bold else "normal"
    font = FontProperties(family="DejaVu Sans", weight=weight, size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return _SCREEN_HINTING * float(width)


def line(*points: Point) -> tuple[Command, ...]:
    """Return a path straight through the points."""
    return (("M", points[:1]), *(("L", (point,)) for point in points[1:]))


def polygon(*points: Point) -> tuple[Command, ...]:
    """Return a closed path straight through the points."""
    return (*line(*points), ("Z", ()))


def rounded(
    left: float,
    low: float,
    right: float,
    high: float,
    radius: float,
) -> tuple[Command, ...]:
    """Return a rectangle with round corners.

    Parameters
    ----------
    left, low, right, high : float
    radius : float
    """
    r = radius
    k = radius * _QUARTER_CIRCLE
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
