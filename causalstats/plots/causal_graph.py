"""The causal graph (DAG) of a study, with hidden variables and those seen only for some people."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, FancyArrowPatch, FancyBboxPatch, Patch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from causalstats.colours import Palette
from causalstats.errors import ModelError
from causalstats.plots.causal_graph_layout import Layout, Point, Size, layered
from causalstats.style import (
    Picture,
    figure_of_axes,
    house_style,
    palette_on,
    wrap,
)

ROLES = {"observed": "observed", "selected": "observed for some", "hidden": "hidden"}
_FONT_SIZE = 10.0  # points
_NOTE_FONT_SIZE = 9.0
_GAPS = (26.0, 34.0)  # points between boxes of a layer, and between layers
_LINE_SPACING = 1.25  # font sizes
_LEGEND_HEIGHT = 24.0  # points
_SMALLEST_WIDTH = 285.0  # points, for the legend
_SMALLEST_ELLIPSE = 44.0  # points


def diagram(graph: nx.DiGraph[Any], ax: Axes | None = None) -> Figure:
    """Draw a causal graph, causes above their effects.

    An observed variable is a solid box, one observed only for some a tinted box, and a hidden one a
    dashed ellipse.

    Parameters
    ----------
    graph : networkx.DiGraph
        Acyclic. Nodes carry `role` (observed, hidden or selected) and optionally `label`; edges
        optionally `label`.
    ax : Axes, optional
        Where it is drawn; the axes of a new figure by default.

    Raises
    ------
    ModelError
        If the graph is empty, has a cycle, or a role that is not known.

    Examples
    --------
    >>> graph = nx.DiGraph([("smoking", "tar"), ("tar", "cancer")])
    >>> [text.get_text() for text in diagram(graph).axes[0].texts]
    ['smoking', 'tar', 'cancer']
    """
    roles = {node: graph.nodes[node].get("role", "observed") for node in graph}
    _refuse(graph, roles)
    text = {node: wrap(graph.nodes[node].get("label", node), 22) for node in graph}
    notes = {
        (a, b): wrap(label, 24) for a, b, label in graph.edges(data="label") if label
    }
    present = tuple(role for role in ROLES if role in roles.values())
    with house_style() as palette:
        if ax is not None:
            palette = palette_on(ax.get_facecolor())
        sizes = {node: _node_size(text[node], roles[node]) for node in graph}
        note_sizes = {
            edge: _text_size(note, _NOTE_FONT_SIZE, 4) for edge, note in notes.items()
        }
        layout = layered(graph, sizes, note_sizes, _GAPS)
        axes, scale = _canvas(ax, layout, present, palette)
        for edge in graph.edges:
            _arrow(axes, edge, layout, (sizes, roles), palette)
        for edge, note in notes.items():
            _note(axes, note, layout.labels[edge], (scale, palette))
        for node in graph:
            shape = _shape(palette, roles[node])
            _node(axes, layout.nodes[node], sizes[node], shape)
            axes.text(
                *layout.nodes[node],
                text[node],
                ha="center",
                va="center",
                fontsize=_FONT_SIZE * scale,
                linespacing=_LINE_SPACING,
                color=palette.ink,
                zorder=4,
            )
    return figure_of_axes(axes)


def _refuse(graph: nx.DiGraph[Any], roles: dict) -> None:
    """Raise `ModelError` for a graph that cannot be drawn."""
    unknown = sorted({str(role) for role in roles.values()} - set(ROLES))
    if unknown:
        raise ModelError(
            f"Expected node roles {', '.join(ROLES)}; got {', '.join(unknown)}."
        )
    if not roles:
        raise ModelError(
            "Expected a diagram with at least one node, got an empty graph."
        )
    if not nx.is_directed_acyclic_graph(graph):
        cycle = " → ".join(str(tail) for tail, _ in nx.find_cycle(graph))
        raise ModelError(
            f"Expected a diagram without cycles, got {cycle} → ...; write a common cause of two "
            "nodes as a hidden node."
        )


def _text_size(text: str, size: float, padding: float) -> Size:
    """Return width and height, in points, of text with room around it.

    Parameters
    ----------
    text : str
    size : float
        The font size in points.
    padding : float
        Points on each side.
    """
    lines = text.split("\n")
    widths = [
        TextPath((0, 0), line, size=size).get_extents().width if line.strip() else 0.0
        for line in lines
    ]
    return max(widths) + 2 * padding, len(lines) * size * _LINE_SPACING + 2 * padding


def _node_size(text: str, role: str) -> Size:
    width, height = _text_size(text, _FONT_SIZE, 8)
    if role == "hidden":
        return max(width * 1.25, _SMALLEST_ELLIPSE), max(
            height * 1.3, _SMALLEST_ELLIPSE
        )
    return width + 4, height


def _canvas(
    ax: Axes | None, layout: Layout, roles: tuple[str, ...], palette: Palette
) -> tuple[Axes, float]:
    """Return axes in points, and the factor by which text shrinks to fit the caller's axes.

    Parameters
    ----------
    ax : Axes or None
        Those of the caller.
    layout : Layout
    roles : tuple of str
        For the legend of a new figure.
    palette : Palette
    """
    left, right = _sides(layout)
    width, height = right - left + 16, layout.size[1] + 16
    if ax is None:
        ax, scale = _new_canvas(width, height, roles, palette), 1.0
    else:
        room, inches = ax.get_position(), figure_of_axes(ax).get_size_inches()
        across = room.width * inches[0] * 72 / width
        down = room.height * inches[1] * 72 / height
        scale = min(1.0, across, down)
    ax.set_xlim(left - 8, right + 8)
    ax.set_ylim(layout.size[1] + 8, -8)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax, scale


def _sides(layout: Layout) -> tuple[float, float]:
    """Return where the picture begins and ends: curved arrows swing out beyond their bends."""
    left, right = 0.0, layout.size[0]
    for (tail, head), bends in layout.bends.items():
        curve = _curve(layout.nodes[tail], bends, layout.nodes[head])
        box = curve.get_extents()
        left, right = min(left, box.x0), max(right, box.x1)
    return float(left), float(right)


def _new_canvas(
    width: float, height: float, roles: tuple[str, ...], palette: Palette
) -> Axes:
    """Return the axes of a new figure with a legend below.

    Parameters
    ----------
    width, height : float
        Points.
    roles : tuple of str
    palette : Palette
    """
    total = height + _LEGEND_HEIGHT
    figure = Picture(figsize=(max(width, _SMALLEST_WIDTH) / 72, total / 72))
    figure.set_layout_engine("none")  # the axes are placed by hand
    axes = figure.add_axes((0, _LEGEND_HEIGHT / total, 1, height / total))
    figure.legend(
        handles=[_key(palette, role) for role in roles],
        loc="lower center",
        ncols=len(roles),
        borderaxespad=0.2,
        handlelength=1.6,
    )
    return axes


def _shape(palette: Palette, role: str) -> dict[str, Any]:
    """Return the fill and the border of a variable of this role."""
    if role == "hidden":
        border = {"edgecolor": palette.muted, "linestyle": "--", "linewidth": 1.3}
        return {"facecolor": palette.faint, **border}
    fill = palette.tint if role == "selected" else palette.ground
    return {"facecolor": fill, "edgecolor": palette.blue, "linewidth": 1.5}


def _key(palette: Palette, role: str) -> Patch:
    shape = _shape(palette, role) | {"linewidth": 1.0}
    return Patch(label=ROLES[role], **shape)


def _node(axes: Axes, centre: Point, size: Size, shape: dict[str, Any]) -> None:
    """Draw the shape of a variable: an ellipse where its border is dashed.

    Parameters
    ----------
    axes : Axes
    centre, size : pair of floats
        Points.
    shape : dict
        Its fill and border.
    """
    width, height = size
    if "linestyle" in shape:
        axes.add_patch(Ellipse(centre, width, height, zorder=3, **shape))
        return
    corner = (centre[0] - width / 2, centre[1] - height / 2)
    rounded = "round,pad=0,rounding_size=6"
    axes.add_patch(
        FancyBboxPatch(corner, width, height, boxstyle=rounded, zorder=3, **shape)
    )


def _arrow(
    axes: Axes,
    edge: tuple[Hashable, Hashable],
    layout: Layout,
    shapes: tuple[dict, dict],
    palette: Palette,
) -> None:
    """Draw an arrow from the border of its cause to that of its effect; dashed from a hidden cause.

    Parameters
    ----------
    axes : Axes
    edge : pair of nodes
    layout : Layout
    shapes : two dicts
        Sizes and roles, by node.
    palette : Palette
    """
    sizes, roles = shapes
    tail, head = edge
    start, end = layout.nodes[tail], layout.nodes[head]
    bends = layout.bends[edge]
    leave = _border(start, sizes[tail], roles[tail], (bends or (end,))[0])
    arrive = _border(end, sizes[head], roles[head], (bends or (start,))[-1])
    hidden = roles[tail] == "hidden"
    axes.add_patch(
        FancyArrowPatch(
            path=_curve(leave, bends, arrive),
            arrowstyle="-|>",
            mutation_scale=13,
            color=palette.muted if hidden else palette.ink,
            linewidth=1.3,
            linestyle="--" if hidden else "-",
            zorder=2,
        )
    )


def _border(centre: Point, size: Size, role: str, towards: Point) -> Point:
    """Return where a straight line from the centre leaves the shape of a variable.

    Parameters
    ----------
    centre, size : pair of floats
    role : str
    towards : pair of floats
        Where the line goes.
    """
    step = np.subtract(towards, centre)
    relative = step / (np.array(size) / 2)
    reach = (
        1 / np.hypot(*relative) if role == "hidden" else 1 / np.max(np.abs(relative))
    )
    x, y = np.add(centre, step * min(reach, 1.0))
    return float(x), float(y)


def _curve(start: Point, bends: tuple[Point, ...], end: Point) -> Path:
    """Return a smooth path through the bends; a straight line where there are none.

    Parameters
    ----------
    start : pair of floats
    bends : tuple of pairs
    end : pair of floats
    """
    points = [start, *bends, end]
    if not bends:
        return Path(points)
    last = len(points) - 1
    slopes = [
        np.subtract(points[min(k + 1, last)], points[max(k - 1, 0)])
        for k in range(len(points))
    ]
    vertices, codes = [start], [Path.MOVETO]
    for k, (here, there) in enumerate(zip(points[:-1], points[1:], strict=True)):
        reach = abs(there[1] - here[1]) / 3
        leave, arrive = (
            slope * reach / max(abs(slope[1]), 1e-9)
            for slope in (slopes[k], slopes[k + 1])
        )
        vertices += [
            tuple(np.add(here, leave)),
            tuple(np.subtract(there, arrive)),
            there,
        ]
        codes += [Path.CURVE4] * 3
    return Path(vertices, codes)


def _note(axes: Axes, text: str, centre: Point, look: tuple[float, Palette]) -> None:
    """Write the label of an arrow.

    Parameters
    ----------
    axes : Axes
    text : str
    centre : pair of floats
    look : (float, Palette)
        The factor of the font size, and the colours.
    """
    scale, palette = look
    patch = {"facecolor": palette.ground, "edgecolor": "none", "pad": 2.0}
    axes.text(
        *centre,
        text,
        ha="center",
        va="center",
        fontsize=_NOTE_FONT_SIZE * scale,
        linespacing=_LINE_SPACING,
        color=palette.ink,
        style="italic",
        bbox=patch,
        zorder=3.5,
    )
