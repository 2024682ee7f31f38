"""Figures of a composition: network, matrix, closure baseline, residuals, biplot and ternary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from causalstats.colours import LIGHT, Palette
from causalstats.core.argument_types import AxesLike  # which `register` reads
from causalstats.core.network import force_layout
from causalstats.core.views import (
    BaselineView,
    BiplotView,
    CurveView,
    DrawnView,
    IntervalPathView,
    MatrixView,
    NetworkView,
    ScatterView,
    TernaryView,
    View,
)
from causalstats.style import WIDTH, Canvas, drawing, figure_of_axes, wrap

if TYPE_CHECKING:
    import pandas as pd

_FALSE_DISCOVERY_RATE = 0.05  # at which an edge is drawn
_EDGES_DRAWN = 60
_EDGES_DRAWN_OF_MANY = 600
_EDGES_LABELLED = 20
_NODES_DRAWN = 40  # with more, those without an edge are left out
_LARGEST_NETWORK = 2.0  # times the width of other figures, with hundreds of parts
_NETWORK_LIMITS = (-1.75, 1.75), (-1.25, 1.25)
_SMALL_NAME = 6  # points, of a part among many
_NAME_DISTANCE = 4.0  # points from its part
_LABELS_DRAWN = 30
_NUMBERS_DRAWN = 15  # rows of a matrix
_INTERVALS_DRAWN = 300
_POINTS_NAMED = 8
_FARTHEST_LABEL = (
    45.0  # points above its point, from which on a label seems to be of another
)
_LABEL_WIDTH = 50.0  # points, about the length of the name of a pair
_CHARACTER_WIDTH = 4.5
_LEFT_BY_LAYOUT = 0.75  # of the axes, when labels of axes and a legend have their room
_LINE_HEIGHT = 10.0
_COLOURS = "RdBu"
_WIDEST_BAND = 6  # times the median width, beyond which a band goes beyond the axis
_CUT = " Bands that reach the edge of the figure go on beyond it."
_LABEL_BOX = {"boxstyle": "round,pad=0.2", "edgecolor": "none"}


@singledispatch
def view(content: View, title: str = "", ax: AxesLike | None = None) -> Figure:
    """Return the figure of a view, by its kind.

    Parameters
    ----------
    content : View
    title : str
    ax : Axes, or array or list of Axes, optional
        Where it is drawn; a new figure unless given.

    Raises
    ------
    TypeError
        If it is no view.
    """
    raise TypeError(f"Expected a view, got {type(content).__name__}.")


@view.register
def drawn(content: DrawnView, title: str = "", ax: AxesLike | None = None) -> Figure:
    """Return the figure of a view that draws itself.

    Parameters
    ----------
    content : DrawnView
    title : str
        The heading; none where it is empty.
    ax : Axes, optional
        Where the view is drawn; a new figure unless given.
    """
    return content.draw(ax)


@view.register
def curve(content: CurveView, title: str = "", ax: AxesLike | None = None) -> Figure:
    """Draw a curve in its band, a line for comparison, and a point with its interval.

    Parameters
    ----------
    content : CurveView
    title : str
        The heading; none where it is empty.
    ax : Axes, optional
        Where the view is drawn; a new figure unless given.
    """
    with drawing(WIDTH, 0.75 * WIDTH, ax) as canvas:
        axes, palette = canvas.axes, canvas.palette
        axes.fill_between(
            content.x, *content.interval.T, color=palette.tint, linewidth=0
        )
        axes.plot(
            content.x, content.curve, color=palette.blue, label=content.curve_label
        )
        axes.plot(
            content.x,
            content.line,
            color=palette.muted,
            linestyle=(0, (4, 2)),
            label=content.line_label,
        )
        if content.point is not None:
            x, y, lower, upper = content.point
            axes.errorbar(
                [x],
                [y],
                [[y - lower], [upper - y]],
                fmt="s",
                color=palette.orange,
                capsize=3,
                label=content.point_label,
            )
        axes.set(
            xlabel=content.axes[0],
            ylabel=content.axes[1],
            xlim=(0, 1),
            ylim=content.limits,
        )
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        if content.percent:
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.legend(loc="lower right" if content.percent else "upper right")
        canvas.note(content.note)
        canvas.heading(title)
    return canvas.figure


@view.register
def interval_path(
    content: IntervalPathView, title: str = "", ax: AxesLike | None = None
) -> Figure:
    """Draw numbers over time with their intervals, and the band around all of them.

    Parameters
    ----------
    content : IntervalPathView
    title : str
        The heading; none where it is empty.
    ax : Axes, optional
        Where the view is drawn; a new figure unless given.
    """
    with drawing(WIDTH, 0.65 * WIDTH, ax) as canvas:
        axes, palette = canvas.axes, canvas.palette
        lower, upper = content.band.T
        axes.vlines(content.x, lower, upper, color=palette.tint, linewidth=6)
        axes.vlines(content.x, *content.interval.T, color=palette.blue, linewidth=2)
        axes.plot(content.x, content.mean, "o", color=palette.blue)
        axes.plot([content.base], [0.0], "o", color=palette.blue, fillstyle="none")
        axes.axhline(0.0, color=palette.muted, linewidth=0.8)
        axes.axvline(content.base + 0.5, color=palette.muted, linestyle=(0, (4, 2)))
        axes.set(xlabel=content.axes[0], ylabel=wrap(content.axes[1], 38))
        limits = _legible_limits(content)
        if limits is not None:
            axes.set_ylim(limits)
        canvas.note(content.note + _CUT * (limits is not None))
        canvas.heading(title)
    return canvas.figure


def _legible_limits(content: IntervalPathView) -> tuple[float, float] | None:
    """Return the ends of the vertical axis where a few bands are so wide that they hide all else.

    Parameters
    ----------
    content : IntervalPathView

    Returns
    -------
    pair of float, or None
        None where every band is drawn in full.
    """
    widths = content.band[:, 1] - content.band[:, 0]
    legible = widths <= _WIDEST_BAND * np.median(widths)
    if legible.all():
        return None
    ends = np.append(content.band[legible].ravel(), [0.0, *content.mean])
    room = 0.06 * np.ptp(ends)
    return float(ends.min() - room), float(ends.max() + room)


@view.register
def network(
    content: NetworkView, title: str = "", ax: AxesLike | None = None
) -> Figure:
    """Draw parts, and a line for each pair that is selected at a false discovery rate of 5 %.

    Few parts stand on a circle, neighbours next to each other; many are placed by forces. A line is
    as wide as the partial correlation.

    Parameters
    ----------
    content : NetworkView
    title : str
        The heading; none where it is empty.
    ax : Axes, optional
        Where the view is drawn; a new figure unless given.
    """
    sure = content.edges[content.edges["q_value"] <= _FALSE_DISCOVERY_RATE]
    order = sure["excess"].abs().sort_values(ascending=False).index
    every_node = len(content.nodes) <= _NODES_DRAWN
    most = _EDGES_DRAWN if every_node else _EDGES_DRAWN_OF_MANY
    edges = sure.reindex(order)[:most]
    linked = set(edges["one"]) | set(edges["other"])
    nodes = [node for node in content.nodes if every_node or node in linked]
    positions = _positions(nodes, edges)
    width = WIDTH * np.clip(np.sqrt(len(nodes) / _NODES_DRAWN), 1.0, _LARGEST_NETWORK)
    with drawing(width, 0.85 * width, ax) as canvas:
        axes, palette = canvas.axes, canvas.palette
        for _, edge in edges.iterrows():
            _draw_edge(canvas, edge, positions, labelled=len(edges) <= _EDGES_LABELLED)
        limits = dict(zip(("xlim", "ylim"), _NETWORK_LIMITS, strict=True))
        axes.set(**limits, aspect="equal")
        if len(nodes) > _NODES_DRAWN:
            _name_many(axes, positions, edges, width, palette.ink)
        else:
            for node, position in positions.items():
                colour = palette.ink if node in linked else palette.muted
                _draw_node(axes, node, position, colour)
        axes.axis("off")
        axes.plot(
            [],
            [],
            color=palette.blue,
            linewidth=3,
            label="more alike than closure makes them",
        )
        axes.plot(
            [],
            [],
            color=palette.orange,
            linewidth=3,
            linestyle=(0, (4, 2)),
            label="less alike",
        )
        canvas.legend(loc="outside lower left", ncols=2)
        omitted = []
        if sure.empty:
            omitted.append("there are none")
        elif len(sure) > len(edges):
            omitted.append(f"the {len(edges)} strongest of {len(sure)} edges")
        if len(nodes) < len(content.nodes):
            count = len(content.nodes) - len(nodes)
            omitted.append(f"{count} parts without an edge are left out")
        note = f"{content.note} {'; '.join(omitted)}".strip()
        canvas.note(note)
        canvas.heading(title)
    return canvas.figure


def _positions(nodes: list[str], edges: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return where each node stands: on a circle, or by forces where there are many."""
    if len(nodes) <= _NODES_DRAWN:
        around = _around(nodes, edges)
        angles = np.pi / 2 - 2 * np.pi * np.arange(len(around)) / len(around)
        circle = zip(np.cos(angles), np.sin(angles), strict=True)
        return dict(zip(around, circle, strict=True))
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(nodes)
    for row in edges.to_dict("records"):
        graph.add_edge(row["one"], row["other"], size=abs(row["value"]))
    layout = force_layout(graph)
    scaled = 1.2 * layout / layout.abs().to_numpy().max()
    return {node: (x, y) for node, x, y in scaled.itertuples()}


def _draw_edge(
    canvas: Canvas, edge: pd.Series, positions: Mapping, labelled: bool
) -> None:
    """Draw the line of a pair, with its partial correlation if `labelled`.

    Parameters
    ----------
    canvas : Canvas
    edge : Series
        A row of the edges of a `NetworkView`.
    positions : mapping
        Node -> (x, y).
    labelled : bool
    """
    axes, palette = canvas.axes, canvas.palette
    x, y = positions[edge["one"]]
    to_x, to_y = positions[edge["other"]]
    positive = edge["excess"] > 0
    axes.plot(
        [x, to_x],
        [y, to_y],
        color=palette.blue if positive else palette.orange,
        linestyle="-" if positive else (0, (4, 2)),
        linewidth=0.6 + 6 * abs(edge["value"]),
        solid_capstyle="round",
        alpha=0.8,
        zorder=1,
    )
    if not labelled:
        return
    middle_x = (x + to_x) * 0.5 + 0.08 * (x - to_x)
    middle_y = (y + to_y) * 0.5 + 0.08 * (y - to_y)
    axes.annotate(
        f"{edge['value']:.2f}",
        (middle_x, middle_y),
        ha="center",
        va="center",
        fontsize=8,
        color=palette.ink,
        bbox={**_LABEL_BOX, "facecolor": palette.ground},
        zorder=2,
    )


def _draw_node(
    axes: Axes, node: str, position: tuple[float, float], colour: str
) -> None:
    """Draw a part as a point, with its name outside the circle.

    Parameters
    ----------
    axes : Axes
    node : str
    position : (x, y)
    colour : str
    """
    x, y = position
    axes.plot([x], [y], "o", color=colour, markersize=7, zorder=3)
    side = "left" if x > 0 else "right"
    if abs(x) < 0.08:
        side = "center"
    above = "bottom" if y > 0.9 else "center"
    if y < -0.9:
        above = "top"
    axes.annotate(
        wrap(node, 18),
        (1.07 * x, 1.07 * y),
        ha=side,
        va=above,
        fontsize=9,
        color=colour,
    )


def _name_many(
    axes: Axes,
    positions: Mapping[str, tuple[float, float]],
    edges: pd.DataFrame,
    width: float,
    colour: str,
) -> None:
    """Draw parts as small points, each name on the side that is freest of lines and other names.

    Parameters
    ----------
    axes : Axes
    positions : mapping
        Node -> (x, y).
    edges : DataFrame
        Those that are drawn.
    width : float
        Of the figure, in inches.
    colour : str
    """
    (left, right), _ = _NETWORK_LIMITS
    points_of_a_unit = 72 * width / (right - left)
    places = {
        node: points_of_a_unit * np.array(place) for node, place in positions.items()
    }
    ends = np.array([[places[a], places[b]] for a, b in edges[["one", "other"]].values])
    shares = np.linspace(0.1, 0.9, 9)[:, None, None]
    taken = (ends[:, 0] * (1 - shares) + ends[:, 1] * shares).reshape(-1, 2)
    taken = np.vstack([taken, *places.values()])
    boxes: list[np.ndarray] = []
    for node, place in places.items():
        axes.plot(*positions[node], "o", color=colour, markersize=3, zorder=3)
        lines = wrap(node, 18).split("\n")
        size = _SMALL_NAME * np.array([0.6 * max(map(len, lines)), 1.2 * len(lines)])
        sides = [
            np.round([np.cos(angle), np.sin(angle)])
            for angle in np.pi / 4 * np.arange(8)
        ]
        corners = [
            place + _NAME_DISTANCE * side + (side - 1) * size / 2 for side in sides
        ]
        crowded = [_crowding(corner, size, taken, boxes) for corner in corners]
        best = int(np.argmin(crowded))
        boxes.append(np.array([corners[best], corners[best] + size]))
        across, up = sides[best].astype(int)
        axes.annotate(
            "\n".join(lines),
            positions[node],
            (_NAME_DISTANCE * across, _NAME_DISTANCE * up),
            textcoords="offset points",
            ha={1: "left", 0: "center", -1: "right"}[across],
            va={1: "bottom", 0: "center", -1: "top"}[up],
            fontsize=_SMALL_NAME,
            color=colour,
        )


def _crowding(
    corner: np.ndarray, size: np.ndarray, taken: np.ndarray, boxes: Sequence[np.ndarray]
) -> float:
    """Return how many points lie in a rectangle, and ten for each other one that it overlaps.

    Parameters
    ----------
    corner, size : array, shape (2,)
        The lower left corner, width and height.
    taken : array, shape (n, 2)
    boxes : sequence of array (2, 2)
        Their lower left and upper right corners.
    """
    end = corner + size
    inside = int(((taken >= corner) & (taken <= end)).all(axis=1).sum())
    overlaps = sum(
        bool((corner < box[1]).all() and (box[0] < end).all()) for box in boxes
    )
    return inside + 10 * overlaps


@view.register
def matrix(content: MatrixView, title: str = "", ax: AxesLike | None = None) -> Figure:
    """Draw numbers below and above the diagonal in colour; bold where the interval excludes 0.

    Parameters
    ----------
    content : MatrixView
    title : str
        The heading; none where it is empty.
    ax : Axes, optional
        Where the view is drawn; a new figure unless given.
    """
    size = len(content.labels)
    side = max(WIDTH, 1.6 + 0.36 * min(size, _LABELS_DRAWN))
    with drawing(side, side, ax) as canvas:
        axes = canvas.axes
        shown = np.where(np.eye(size, dtype=bool), np.nan, content.values)
        picture = axes.imshow(shown, cmap=_COLOURS, norm=Normalize(-1, 1))
        ticks = np.arange(size) if size <= 2 * _LABELS_DRAWN else np.array([], int)
        names = [wrap(content.labels[k], 30) for k in ticks]
        axes.set_xticks(
            ticks,
            names,
            rotation=90 if size > 12 else 45,
            ha="center" if size > 12 else "right",
            fontsize=8,
        )
        axes.set_yticks(ticks, names, fontsize=8)
        axes.grid(False)
        axes.tick_params(length=0)
        if size <= _NUMBERS_DRAWN:
            for row, column in np.argwhere(~np.eye(size, dtype=bool)):
                value, certain = (
                    content.values[row, column],
                    content.certain[row, column],
                )
                colour = _number_colour(value, certain)
                text = f"{value:.2f}".replace("0.", ".", 1)
                axes.annotate(
                    text,
                    (column, row),
                    ha="center",
                    va="center",
                    fontsize=7,
                    color=colour,
                    fontweight="bold" if certain else "normal",
                )
        canvas.figure.colorbar(picture, ax=axes, shrink=0.6)
        axes.set_xlabel(
            f"below the diagonal: {content.lower}\n"
            f"above: {content.upper}; bold: the 95 % interval leaves out 0"
        )
        canvas.heading(title)
    return canvas.figure


def _number_colour(value: float, certain: bool) -> str:
    """Return the colour of a number on its cell, which is light near 0 on every ground."""
    if abs(value) > 0.6:
        return "white"
    return LIGHT.ink if certain else LIGHT.muted


@view.register
def baseline(
    content: BaselineView, title: str = "", ax: AxesLike | None = None
) -> Figure:
    """Draw a point and its interval for each label, over its baseline.

    On the diagonal there is nothing but the baseline.

    Parameters
    ----------
    content : BaselineView
    title : str
        The heading; none where it is empty.
    ax : Axes, optional
        Where the view is drawn; a new figure unless given.
    """
    with drawing(WIDTH, 0.85 * WIDTH, ax) as canvas:
        axes, palette = canvas.axes, canvas.palette
        for certain, colour, label in (
            (False, palette.muted, "may be nothing but closure"),
            (
                True,
                palette.blue,
                "beyond it: the 95 % interval of the excess leaves out 0",
            ),
        ):
            chosen = content.certain == certain
            x, y = content.baseline[chosen], content.values[chosen]
            if len(content.values) <= _INTERVALS_DRAWN:
                axes.vlines(
                    x,
                    content.lower[chosen],
                    content.upper[chosen],
                    color=colour,
                    linewidth=1,
                    alpha=0.6,
                )
            axes.plot(
                x,
                y,
                "o" if certain else "s",
                color=colour,
                markersize=4 if certain else 2.5,
                markeredgewidth=0,
                label=label,
            )
        ends = np.array([0.0, content.baseline.max() * 1.1])
        axes.plot(
            ends,
            ends,
            color=palette.ink,
            linestyle=(0, (4, 2)),
            linewidth=1,
            label="closure alone",
        )
        axes.axhline(0, color=palette.muted, linewidth=0.8, zorder=0)
        surest = np.argsort(
            -np.abs(np.arctanh(content.values) - np.arctanh(content.baseline))
            * content.certain,
            kind="stable",
        )[: min(_POINTS_NAMED, int(content.certain.sum()))]
        axes.set(
            xlabel=content.axes[0], ylabel=content.axes[1], xlim=(0, 1.25 * ends[1])
        )
        points = np.column_stack([content.baseline, content.values])[surest]
        names = [wrap(content.labels[k], 24) for k in surest]
        heights = apart(axes, points, names)
        for point, name, height in zip(points, names, heights, strict=True):
            if height > _FARTHEST_LABEL:
                continue
            axes.annotate(
                name,
                point,
                (5, height),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=palette.ink,
            )
        canvas.legend(loc="outside lower left", ncols=1)
        canvas.heading(title)
    return canvas.figure


@view.register
def scatter(
    content: ScatterView, title: str = "", ax: AxesLike | None = None
) -> Figure:
    """Draw the residuals of each pair in a panel, with their correlation.

    Parameters
    ----------
    content : ScatterView
    title : str
        The heading; none where it is empty.
    ax : array or list of Axes, optional
        Where each pair has its own Axes; a new figure unless given.
    """
    columns = min(2, len(content.panels))
    rows = -(-len(content.panels) // columns)
    size = (WIDTH, 0.5 + 2.6 * rows)
    layout: dict[str, Any] = {"panels": len(content.panels), "columns": columns}
    with drawing(*size, ax, **layout) as canvas:
        marks: dict[str, Any] = {
            "color": canvas.palette.blue,
            "markersize": 4,
            "alpha": 0.7,
        }
        both = zip(canvas.panels, content.panels.items(), strict=True)
        for axes, ((one, other), points) in both:
            axes.plot(*points.T, "o", markeredgewidth=0, **marks)
            correlation = np.corrcoef(points.T)[0, 1]
            axes.set_title(f"correlation {correlation:.2f}", fontsize=9, loc="left")
            axes.set_xlabel(wrap(f"log {one} | others", 34))
            axes.set_ylabel(wrap(f"log {other} | others", 34))
        if canvas.is_ours:
            small: dict[str, Any] = {"fontsize": 8, "color": canvas.palette.muted}
            canvas.figure.supxlabel(wrap(content.note, 90), **small)
        canvas.heading(title)
    return canvas.figure


@view.register
def biplot(content: BiplotView, title: str = "", ax: AxesLike | None = None) -> Figure:
    """Draw rows as points and parts as arrows (a biplot of principal components).

    The distance between two arrowheads is the standard deviation of the log-ratio of two parts, as
    far as two axes show it.

    Parameters
    ----------
    content : BiplotView
    title : str
        The heading; none where it is empty.
    ax : Axes, optional
        Where the view is drawn; a new figure unless given.
    """
    with drawing(WIDTH, WIDTH * 0.9, ax) as canvas:
        axes, palette = canvas.axes, canvas.palette
        stretch = 0.8 * np.abs(content.points).max() / np.abs(content.arrows).max()
        axes.plot(
            content.points[:, 0],
            content.points[:, 1],
            "o",
            color=palette.muted,
            markersize=3.5,
            alpha=0.6,
            markeredgewidth=0,
        )
        longest = np.argsort(-np.linalg.norm(content.arrows, axis=1))[:_LABELS_DRAWN]
        axes.margins(0.12)
        ends = content.arrows[longest] * stretch
        axes.update_datalim(
            ends
        )  # beyond the limits an arrow and its name are not drawn
        for k, (x, y), height in zip(longest, ends, apart(axes, ends), strict=True):
            axes.annotate(
                "",
                (x, y),
                (0, 0),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": palette.blue,
                    "linewidth": 1.2,
                    "shrinkA": 0,
                    "shrinkB": 0,
                },
            )
            axes.annotate(
                wrap(content.labels[k], 14),
                (x, y),
                (4 * np.sign(x), 4 * np.sign(y) + height),
                textcoords="offset points",
                ha="left" if x >= 0 else "right",
                fontsize=8,
                color=palette.ink,
            )
        axes.set(
            xlabel=f"first axis, {content.explained[0]:.0%} of the log-ratio variance",
            ylabel=f"second axis, {content.explained[1]:.0%}",
        )
        canvas.heading(title)
    return canvas.figure


@view.register
def ternary(
    content: TernaryView, title: str = "", ax: AxesLike | None = None
) -> Figure:
    """Draw each row as a point in the triangle of three parts (a ternary diagram).

    Parameters
    ----------
    content : TernaryView
    title : str
        The heading; none where it is empty.
    ax : Axes, optional
        Where the view is drawn; a new figure unless given.
    """
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])
    with drawing(WIDTH, WIDTH * 0.85, ax) as canvas:
        axes, palette = canvas.axes, canvas.palette
        _triangle(axes, palette, corners)
        x, y = (content.points @ corners).T
        axes.plot(
            x, y, "o", color=palette.blue, markersize=4, alpha=0.7, markeredgewidth=0
        )
        for corner, label, (dx, dy, ha) in zip(
            corners,
            content.labels,
            [(-0.03, -0.03, "right"), (0.03, -0.03, "left"), (0, 0.03, "center")],
            strict=True,
        ):
            axes.annotate(
                wrap(label, 16),
                corner + (dx, dy),
                ha=ha,
                va="center",
                fontweight="bold",
            )
        canvas.note(content.note)
        canvas.heading(title)
    return canvas.figure


def _triangle(axes: Axes, palette: Palette, corners: np.ndarray) -> None:
    """Draw the sides of the triangle, and lines of equal shares.

    Parameters
    ----------
    axes : Axes
    palette : Palette
    corners : array, shape (3, 2)
    """
    closed = np.vstack([corners, corners[:1]])
    axes.plot(closed[:, 0], closed[:, 1], color=palette.muted, linewidth=1)
    for share in (0.2, 0.4, 0.6, 0.8):
        for one, two, three in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            ends = np.array(
                [
                    corners[one] * share + corners[other] * (1 - share)
                    for other in (two, three)
                ]
            )
            axes.plot(
                ends[:, 0], ends[:, 1], color=palette.grid, linewidth=0.8, zorder=0
            )
    axes.set(aspect="equal", xlim=(-0.2, 1.2), ylim=(-0.1, 0.97))
    axes.axis("off")


def apart(
    axes: Axes, points: np.ndarray, labels: Sequence[str] | None = None
) -> np.ndarray:
    """Return by how much the label of each point is raised, in points, so that none covers another.

    Parameters
    ----------
    axes : Axes
        With its limits set.
    points : array, shape (labels, 2)
        In the units of the axes.
    labels : sequence of str, optional
        Of one or more lines; one line unless given.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> axes = Figure(figsize=(4, 3)).subplots()
    >>> [float(height) for height in apart(axes, np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.9]]))]
    [0.0, 10.0, 0.0]
    """
    box = axes.get_position()
    inches = figure_of_axes(axes).get_size_inches()
    axes.autoscale_view()
    shares = axes.transAxes.inverted().transform(axes.transData.transform(points))
    size = np.array([box.width, box.height]) * inches * 72
    places = shares * size * _LEFT_BY_LAYOUT
    raised = np.zeros(len(points))
    settled: list[int] = []
    texts = [label.split("\n") for label in labels or [""] * len(points)]
    lines = [len(text) for text in texts]
    widths = [
        max(_LABEL_WIDTH, _CHARACTER_WIDTH * max(map(len, text))) for text in texts
    ]
    for k in np.argsort(places[:, 1], kind="stable"):
        x, y = places[k]
        near = [j for j in settled if -widths[k] < x - places[j, 0] < widths[j]]
        tops = [
            places[j, 1] + raised[j] + _LINE_HEIGHT * (lines[j] + lines[k]) / 2
            for j in near
        ]
        raised[k] = max([0.0, *(top - y for top in tops)])
        settled.append(k)
    return raised


def _around(nodes: list[str], edges: pd.DataFrame) -> list[str]:
    """Return the nodes in the order of the Fiedler vector, so that linked ones stand together."""
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(nodes)
    graph.add_weighted_edges_from(
        (row["one"], row["other"], abs(row["excess"])) for _, row in edges.iterrows()
    )
    ordered: list[str] = []

    def rank(component: set[str]) -> tuple[int, int]:
        return -len(component), min(nodes.index(node) for node in component)

    for component in sorted(nx.connected_components(graph), key=rank):
        part = graph.subgraph(sorted(component, key=nodes.index))
        ordered += nx.spectral_ordering(part, seed=1) if len(part) > 2 else list(part)
    return ordered
