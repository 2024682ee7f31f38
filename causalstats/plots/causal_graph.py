"""The causal diagram of a study, with what is hidden and what is seen only for some."""

from __future__ import annotations

from collections.abc import Hashable

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, FancyArrowPatch, FancyBboxPatch, Patch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from causalstats.colours import BLUE, INK, MUTED, TINT
from causalstats.errors import ModelError
from causalstats.plots.causal_graph_layout import Layout, Point, Size, layered
from causalstats.style import Picture, house_style, wrap

ROLES = {"observed": "seen for all", "selected": "seen for some", "hidden": "hidden"}
_FILL = {"observed": "white", "selected": TINT, "hidden": "#f4f5f7"}
_FONT, _SMALL = 10.0, 9.0  # points
_GAP = (26.0, 34.0)  # points between boxes of a layer, and between layers
_LINE = 1.25  # line spacing, in font sizes


def diagram(graph: nx.DiGraph, ax: Axes | None = None) -> Figure:
    """Causes above effects. Nodes carry `role` (observed, hidden or selected) and optionally `label`; edges optionally `label`.

    What is seen for all is a solid box, what is seen only for some a tinted box, what is hidden a dashed ellipse.
    """
    roles = {node: graph.nodes[node].get("role", "observed") for node in graph}
    unknown = sorted({str(role) for role in roles.values()} - set(ROLES))
    if unknown:
        raise ModelError(f"Expected node roles {', '.join(ROLES)}; got {', '.join(unknown)}.")
    if not roles:
        raise ModelError("Expected a diagram with at least one node, got an empty graph.")
    if not nx.is_directed_acyclic_graph(graph):
        cycle = " → ".join(str(tail) for tail, _ in nx.find_cycle(graph))
        raise ModelError(
            f"Expected a diagram without cycles, got {cycle} → ...; write a common cause of two nodes as a hidden node."
        )
    text = {node: wrap(graph.nodes[node].get("label", node), 22) for node in graph}
    notes = {(a, b): wrap(label, 24) for a, b, label in graph.edges(data="label") if label}
    with house_style():
        sizes = {node: _node_size(text[node], roles[node]) for node in graph}
        layout = layered(
            graph, sizes, {edge: _text_size(note, _SMALL, 4) for edge, note in notes.items()}, _GAP
        )
        axes, scale = _canvas(ax, layout, tuple(role for role in ROLES if role in roles.values()))
        for edge in graph.edges:
            _arrow(axes, edge, layout, sizes, roles)
        for edge, note in notes.items():
            _note(axes, note, layout.labels[edge], scale)
        for node in graph:
            _node(axes, layout.nodes[node], sizes[node], roles[node])
            axes.text(
                *layout.nodes[node],
                text[node],
                ha="center",
                va="center",
                fontsize=_FONT * scale,
                linespacing=_LINE,
                zorder=4,
            )
    return _figure(axes)


def _figure(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    assert figure is not None  # axes that were removed from their figure
    return figure


def _text_size(text: str, size: float, padding: float) -> Size:
    """Width and height in points of text with that much room around it."""
    lines = text.split("\n")
    width = max(
        TextPath((0, 0), line, size=size).get_extents().width if line.strip() else 0.0
        for line in lines
    )
    return width + 2 * padding, len(lines) * size * _LINE + 2 * padding


def _node_size(text: str, role: str) -> Size:
    width, height = _text_size(text, _FONT, 8)
    return (
        (max(width * 1.25, 44.0), max(height * 1.3, 44.0))
        if role == "hidden"
        else (width + 4, height)
    )


def _canvas(ax: Axes | None, layout: Layout, roles: tuple[str, ...]) -> tuple[Axes, float]:
    """Axes in points, and by how much text must shrink where the caller's axes are smaller than the diagram."""
    width, height = layout.size[0] + 16, layout.size[1] + 16
    if ax is None:
        legend = 24.0
        figure = Picture(figsize=(max(width, 285.0) / 72, (height + legend) / 72))
        figure.set_layout_engine("none")  # the axes are placed by hand
        ax = figure.add_axes((0, legend / (height + legend), 1, height / (height + legend)))
        figure.legend(
            handles=[_key(role) for role in roles],
            loc="lower center",
            ncols=len(roles),
            borderaxespad=0.2,
            handlelength=1.6,
        )
        scale = 1.0
    else:
        room, inches = ax.get_position(), _figure(ax).get_size_inches()
        scale = min(1.0, room.width * inches[0] * 72 / width, room.height * inches[1] * 72 / height)
    ax.set_xlim(-8, layout.size[0] + 8)
    ax.set_ylim(layout.size[1] + 8, -8)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax, scale


def _key(role: str) -> Patch:
    return Patch(
        facecolor=_FILL[role],
        edgecolor=MUTED if role == "hidden" else BLUE,
        linestyle="--" if role == "hidden" else "-",
        label=ROLES[role],
    )


def _node(axes: Axes, centre: Point, size: Size, role: str) -> None:
    (x, y), (width, height) = centre, size
    if role == "hidden":
        axes.add_patch(
            Ellipse(
                centre,
                width,
                height,
                facecolor=_FILL[role],
                edgecolor=MUTED,
                linestyle="--",
                linewidth=1.3,
                zorder=3,
            )
        )
        return
    corner = (x - width / 2, y - height / 2)
    style = "round,pad=0,rounding_size=6"
    axes.add_patch(
        FancyBboxPatch(
            corner,
            width,
            height,
            boxstyle=style,
            facecolor=_FILL[role],
            edgecolor=BLUE,
            linewidth=1.5,
            zorder=3,
        )
    )


def _arrow(
    axes: Axes, edge: tuple[Hashable, Hashable], layout: Layout, sizes: dict, roles: dict
) -> None:
    tail, head = edge
    start, end = layout.nodes[tail], layout.nodes[head]
    bends = layout.bends[edge]
    path = _curve(
        _border(start, sizes[tail], roles[tail], (bends or (end,))[0]),
        bends,
        _border(end, sizes[head], roles[head], (bends or (start,))[-1]),
    )
    hidden = roles[tail] == "hidden"
    axes.add_patch(
        FancyArrowPatch(
            path=path,
            arrowstyle="-|>",
            mutation_scale=13,
            color=MUTED if hidden else INK,
            linewidth=1.3,
            linestyle="--" if hidden else "-",
            zorder=2,
        )
    )


def _border(centre: Point, size: Size, role: str, towards: Point) -> Point:
    """Where the straight line from the centre leaves the shape."""
    step = np.subtract(towards, centre)
    half = np.array(size) / 2
    reach = 1 / np.hypot(*(step / half)) if role == "hidden" else 1 / np.max(np.abs(step) / half)
    x, y = np.add(centre, step * min(reach, 1.0))
    return float(x), float(y)


def _curve(start: Point, bends: tuple[Point, ...], end: Point) -> Path:
    """A smooth path through the bends; straight where there are none."""
    points = [start, *bends, end]
    if not bends:
        return Path(points)
    vertices, codes = [start], [Path.MOVETO]
    slopes = [
        np.subtract(points[min(k + 1, len(points) - 1)], points[max(k - 1, 0)])
        for k in range(len(points))
    ]
    for k, (here, there) in enumerate(zip(points[:-1], points[1:], strict=True)):
        reach = abs(there[1] - here[1]) / 3
        leave, arrive = (
            slope * reach / max(abs(slope[1]), 1e-9) for slope in (slopes[k], slopes[k + 1])
        )
        vertices += [tuple(np.add(here, leave)), tuple(np.subtract(there, arrive)), there]
        codes += [Path.CURVE4] * 3
    return Path(vertices, codes)


def _note(axes: Axes, text: str, centre: Point, scale: float) -> None:
    patch = {"facecolor": "white", "edgecolor": "none", "pad": 2.0}
    axes.text(
        *centre,
        text,
        ha="center",
        va="center",
        fontsize=_SMALL * scale,
        linespacing=_LINE,
        color=INK,
        style="italic",
        bbox=patch,
        zorder=3.5,
    )
