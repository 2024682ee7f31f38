"""Scenes as matplotlib figures."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path

from causalstats.diagrams.drawing.scene import Dot, Label, Scene, Stroke
from causalstats.style import Picture, house_style

_CODES = {"M": Path.MOVETO, "L": Path.LINETO, "C": Path.CURVE4, "Z": Path.CLOSEPOLY}


def figure(scene: Scene, ax: Axes | None = None) -> Figure:
    """The scene at its own size, or as large as it fits into the caller's axes."""
    with house_style():
        if ax is None:
            page = Picture(figsize=(scene.size[0] / 72, scene.size[1] / 72))
            page.set_layout_engine("none")  # the axes are the whole figure
            ax = page.add_axes((0, 0, 1, 1))
        owner = ax.get_figure(root=True)
        assert owner is not None  # axes that were removed from their figure
        room, inches = ax.get_position(), owner.get_size_inches()
        scale = min(
            1.0,
            room.width * inches[0] * 72 / scene.size[0],
            room.height * inches[1] * 72 / scene.size[1],
        )
        ax.set_xlim(0, scene.size[0])
        ax.set_ylim(0, scene.size[1])
        ax.set_aspect("equal")
        ax.set_axis_off()
        for level, shape in enumerate(scene.shapes):
            _add(ax, shape, scale, 2 + level / len(scene.shapes))
    return owner


def _add(ax: Axes, shape: Stroke | Dot | Label, scale: float, level: float) -> None:
    if isinstance(shape, Dot):
        ax.add_patch(
            Circle(
                shape.centre, shape.radius, facecolor=shape.colour, edgecolor="none", zorder=level
            )
        )
    elif isinstance(shape, Label):
        across = {"middle": "center", "start": "left"}[shape.anchor]
        weight = "bold" if shape.bold else "normal"
        ax.text(
            *shape.at,
            shape.text,
            ha=across,
            va="center_baseline",
            fontsize=shape.size * scale,
            color=shape.colour,
            weight=weight,
            zorder=level,
        )
    else:
        points = [
            point for name, part in shape.path for point in (part if name != "Z" else ((0.0, 0.0),))
        ]
        codes = [
            _CODES[name] for name, part in shape.path for _ in (part if name != "Z" else (None,))
        ]
        ax.add_patch(
            PathPatch(
                Path(points, codes),
                facecolor=shape.fill or "none",
                edgecolor=shape.colour or "none",
                linewidth=shape.width * scale,
                linestyle=(0, (3.2, 2.0)) if shape.dashed else "-",
                capstyle="butt" if shape.dashed else "round",
                joinstyle="round",
                zorder=level,
            )
        )
