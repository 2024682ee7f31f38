"""Vector drawings (`scene`) as matplotlib figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.diagrams.drawing.palette import legible
from causalstats.diagrams.drawing.scene import (
    Dot,
    Mark,
    Point,
    Scene,
    Stroke,
    TextLabel,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS = 72  # in an inch
_FIRST_LEVEL = 2  # above the grid of axes


def figure(scene: Scene, ax: Axes | None = None) -> Figure:
    """Return the scene at its own size, or as large as it fits into the caller's axes."""
    # Matplotlib takes longer to load than a diagram takes to read.
    from causalstats.style import (
        Picture,
        axes_of,
        figure_of_axes,
        house_style,
        palette_on,
    )

    width, height = scene.size
    with house_style() as palette:
        if ax is None:
            page = Picture(figsize=(width / _POINTS, height / _POINTS))
            page.set_layout_engine("none")  # the axes are the whole figure
            ax = page.add_axes((0, 0, 1, 1))
        else:
            (ax,) = axes_of(ax, 1)
            palette = palette_on(ax.get_facecolor())
        owner = figure_of_axes(ax)
        room = ax.get_position()
        inches = owner.get_size_inches()
        across = room.width * inches[0] * _POINTS / width
        up = room.height * inches[1] * _POINTS / height
        ax.set_xlim(0, width)
        ax.set_ylim(0, height)
        ax.set_aspect("equal")
        ax.set_axis_off()
        for number, mark in enumerate(scene.marks):
            level = _FIRST_LEVEL + number / len(scene.marks)
            _add(ax, legible(mark, palette), min(1.0, across, up), level)
    return owner


def _add(
    ax: Axes,
    mark: Mark,
    scale: float,
    level: float,
) -> None:
    """Add a mark to the axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    mark : Mark
    scale : float
        Scale of text and lines.
    level : float
        Marks of a higher level cover those of a lower one.
    """
    match mark:
        case Dot():
            _add_dot(ax, mark, level)
        case TextLabel():
            ax.text(
                *mark.at,
                mark.text,
                ha={"middle": "center", "start": "left"}[mark.anchor],
                va="center_baseline",
                fontsize=mark.size * scale,
                color=mark.colour,
                weight="bold" if mark.bold else "normal",
                zorder=level,
            )
        case Stroke():
            _add_stroke(ax, mark, scale, level)


def _add_dot(
    ax: Axes,
    dot: Dot,
    level: float,
) -> None:
    from matplotlib.patches import Circle

    circle = Circle(
        dot.centre, dot.radius, facecolor=dot.colour, edgecolor="none", zorder=level
    )
    ax.add_patch(circle)


def _add_stroke(
    ax: Axes,
    stroke: Stroke,
    scale: float,
    level: float,
) -> None:
    """Add a path to the axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    stroke : Stroke
    scale, level : float
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    codes_of = {
        "M": Path.MOVETO,
        "L": Path.LINETO,
        "C": Path.CURVE4,
        "Z": Path.CLOSEPOLY,
    }
    points: list[Point] = []
    codes = []
    for name, part in stroke.path:
        vertices = part or ((0.0, 0.0),)  # which the end of a polygon ignores
        points += vertices
        codes += [codes_of[name]] * len(vertices)
    patch = PathPatch(
        Path(points, codes),
        facecolor=stroke.fill or "none",
        edgecolor=stroke.colour or "none",
        linewidth=stroke.width * scale,
        linestyle=(0, (3.2, 2.0)) if stroke.dashed else "-",
        capstyle="butt" if stroke.dashed else "round",
        joinstyle="round",
        zorder=level,
    )
    ax.add_patch(patch)
