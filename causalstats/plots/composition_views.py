"""Pictures of a composition: who goes with whom, how surely, and in which rows."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from causalstats.colours import BLUE, INK, MUTED, ORANGE, TINT
from causalstats.core.views import (
    BaselineView,
    BiplotView,
    CurveView,
    DrawnView,
    MatrixView,
    NetworkView,
    ScatterView,
    TernaryView,
    View,
)
from causalstats.style import WIDTH, Picture, heading, house_style, new_axes, wrap

if TYPE_CHECKING:
    import pandas as pd

_SURE = 0.975
_MOST_EDGES, _MOST_NODES = 60, 40
_MOST_LABELS = 30
_MOST_INTERVALS, _NAMED = 300, 8
_COLOURS = "RdBu"
_LABEL = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none"}


@singledispatch
def view(of: View, title: str = "") -> Figure:
    """The figure of a view, by its kind."""
    raise TypeError(f"Expected a view, got {type(of).__name__}.")


@view.register
def drawn(of: DrawnView, title: str = "") -> Figure:
    """What draws itself."""
    return of.draw()


@view.register
def curve(of: CurveView, title: str = "") -> Figure:
    """A curve in its band, the line beside it, and the point with its interval."""
    with house_style():
        figure, axes = new_axes(WIDTH, 0.75 * WIDTH)
        axes.fill_between(of.x, *of.interval.T, color=TINT, linewidth=0)
        axes.plot(of.x, of.curve, color=BLUE, label=of.curve_label)
        axes.plot(of.x, of.line, color=MUTED, linestyle=(0, (4, 2)), label=of.line_label)
        x, y, lower, upper = of.point
        axes.errorbar(
            [x],
            [y],
            [[y - lower], [upper - y]],
            fmt="s",
            color=ORANGE,
            capsize=3,
            label=of.point_label,
        )
        axes.set(xlabel=of.axes[0], ylabel=of.axes[1], xlim=(0, 1), ylim=(0, 1.02))
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.legend(loc="lower right")
        axes.set_title(wrap(of.note, 84), fontsize=8, color=MUTED, loc="left")
        heading(figure, title)
    return figure


@view.register
def network(of: NetworkView, title: str = "") -> Figure:
    """Parts on a circle, neighbours next to each other; a line for each pair whose excess over closure has a sure sign, as wide as its partial correlation."""
    sure = of.edges[of.edges["sign_probability"] >= _SURE]
    shown = sure.reindex(sure["excess"].abs().sort_values(ascending=False).index)[:_MOST_EDGES]
    linked = set(shown["one"]) | set(shown["other"])
    nodes = [node for node in of.nodes if len(of.nodes) <= _MOST_NODES or node in linked]
    order = _around(nodes, shown)
    places = {
        node: (np.cos(angle), np.sin(angle))
        for node, angle in zip(
            order, np.pi / 2 - 2 * np.pi * np.arange(len(order)) / len(order), strict=True
        )
    }
    with house_style():
        figure, axes = new_axes(WIDTH, 0.85 * WIDTH)
        for _, edge in shown.iterrows():
            (x, y), (to_x, to_y) = places[edge["one"]], places[edge["other"]]
            positive = edge["excess"] > 0
            axes.plot(
                [x, to_x],
                [y, to_y],
                color=BLUE if positive else ORANGE,
                linestyle="-" if positive else (0, (4, 2)),
                linewidth=0.6 + 6 * abs(edge["value"]),
                solid_capstyle="round",
                alpha=0.8,
                zorder=1,
            )
            middle = ((x + to_x) * 0.5 + 0.08 * (x - to_x), (y + to_y) * 0.5 + 0.08 * (y - to_y))
            if len(shown) <= 20:
                axes.annotate(
                    f"{edge['value']:.2f}",
                    middle,
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=INK,
                    bbox=_LABEL,
                    zorder=2,
                )
        for node, (x, y) in places.items():
            colour = INK if node in linked else MUTED
            axes.plot([x], [y], "o", color=colour, markersize=7, zorder=3)
            side = "center" if abs(x) < 0.08 else "left" if x > 0 else "right"
            axes.annotate(
                wrap(node, 18),
                (1.07 * x, 1.07 * y),
                ha=side,
                va="bottom" if y > 0.9 else "top" if y < -0.9 else "center",
                fontsize=9,
                color=colour,
            )
        axes.set(xlim=(-1.75, 1.75), ylim=(-1.25, 1.25), aspect="equal")
        axes.axis("off")
        axes.plot([], [], color=BLUE, linewidth=3, label="more alike than closure makes them")
        axes.plot([], [], color=ORANGE, linewidth=3, linestyle=(0, (4, 2)), label="less alike")
        figure.legend(loc="outside lower left", ncols=2)
        left_out = (
            ["there are none"]
            if sure.empty
            else [f"the {len(shown)} strongest of {len(sure)} edges"]
            if len(sure) > len(shown)
            else []
        )
        left_out += (
            [f"{len(of.nodes) - len(nodes)} parts without an edge are left out"]
            if len(nodes) < len(of.nodes)
            else []
        )
        axes.set_title(
            wrap(f"{of.note} {'; '.join(left_out)}".strip(), 84),
            fontsize=8,
            color=MUTED,
            loc="left",
        )
        heading(figure, title)
    return figure


@view.register
def matrix(of: MatrixView, title: str = "") -> Figure:
    """Numbers below and above the diagonal in colour; bold where their interval leaves out 0."""
    size = len(of.labels)
    with house_style():
        side = max(WIDTH, 1.6 + 0.36 * min(size, _MOST_LABELS))
        figure, axes = new_axes(side, side)
        shown = np.where(np.eye(size, dtype=bool), np.nan, of.values)
        picture = axes.imshow(shown, cmap=_COLOURS, norm=Normalize(-1, 1))
        ticks = np.arange(size) if size <= 2 * _MOST_LABELS else np.array([], int)
        names = [wrap(of.labels[k], 30) for k in ticks]
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
        if size <= 15:
            for row, column in np.argwhere(~np.eye(size, dtype=bool)):
                value, certain = of.values[row, column], of.certain[row, column]
                colour = "white" if abs(value) > 0.6 else INK if certain else MUTED
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
        figure.colorbar(picture, ax=axes, shrink=0.6)
        axes.set_xlabel(
            f"below the diagonal: {of.lower}\nabove: {of.upper}; bold: the 95 % interval leaves "
            "out 0"
        )
        heading(figure, title)
    return figure


@view.register
def baseline(of: BaselineView, title: str = "") -> Figure:
    """A point and its interval for each label, over its baseline; the diagonal is where there is nothing but that."""
    with house_style():
        figure, axes = new_axes(WIDTH, 0.85 * WIDTH)
        for certain, colour, label in (
            (False, MUTED, "may be nothing but closure"),
            (True, BLUE, "beyond it: the 95 % interval of the excess leaves out 0"),
        ):
            chosen = of.certain == certain
            x, y = of.baseline[chosen], of.values[chosen]
            if len(of.values) <= _MOST_INTERVALS:
                axes.vlines(
                    x, of.lower[chosen], of.upper[chosen], color=colour, linewidth=1, alpha=0.6
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
        ends = np.array([0.0, of.baseline.max() * 1.1])
        axes.plot(ends, ends, color=INK, linestyle=(0, (4, 2)), linewidth=1, label="closure alone")
        axes.axhline(0, color=MUTED, linewidth=0.8, zorder=0)
        surest = np.argsort(
            -np.abs(np.arctanh(of.values) - np.arctanh(of.baseline)) * of.certain, kind="stable"
        )[: min(_NAMED, int(of.certain.sum()))]
        for k in surest:
            axes.annotate(
                wrap(of.labels[k], 24),
                (of.baseline[k], of.values[k]),
                (5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        axes.set(xlabel=of.axes[0], ylabel=of.axes[1], xlim=(0, 1.25 * ends[1]))
        figure.legend(loc="outside lower left", ncols=1)
        heading(figure, title)
    return figure


@view.register
def scatter(of: ScatterView, title: str = "") -> Figure:
    """One panel a pair, with its correlation."""
    columns = min(2, len(of.panels))
    rows = -(-len(of.panels) // columns)
    with house_style():
        figure = Picture(figsize=(WIDTH, 0.5 + 2.6 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in grid[len(of.panels) :]:
            axes.remove()
        for axes, ((one, other), points) in zip(grid, of.panels.items(), strict=False):
            axes.plot(
                points[:, 0],
                points[:, 1],
                "o",
                color=BLUE,
                markersize=4,
                alpha=0.7,
                markeredgewidth=0,
            )
            axes.set_title(f"correlation {np.corrcoef(points.T)[0, 1]:.2f}", fontsize=9, loc="left")
            axes.set(
                xlabel=wrap(f"log {one} | others", 34), ylabel=wrap(f"log {other} | others", 34)
            )
        figure.supxlabel(wrap(of.note, 90), fontsize=8, color=MUTED)
        heading(figure, title)
    return figure


@view.register
def biplot(of: BiplotView, title: str = "") -> Figure:
    """Rows as points; an arrow a part. The distance between two arrowheads is the standard deviation of the parts' log-ratio, as far as two axes show it."""
    with house_style():
        figure, axes = new_axes(WIDTH, WIDTH * 0.9)
        stretch = 0.8 * np.abs(of.points).max() / np.abs(of.arrows).max()
        axes.plot(
            of.points[:, 0],
            of.points[:, 1],
            "o",
            color=MUTED,
            markersize=3.5,
            alpha=0.6,
            markeredgewidth=0,
        )
        longest = np.argsort(-np.linalg.norm(of.arrows, axis=1))[:_MOST_LABELS]
        for k in longest:
            x, y = of.arrows[k] * stretch
            axes.annotate(
                "",
                (x, y),
                (0, 0),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": BLUE,
                    "linewidth": 1.2,
                    "shrinkA": 0,
                    "shrinkB": 0,
                },
            )
            axes.annotate(
                wrap(of.labels[k], 14),
                (x, y),
                (4 * np.sign(x), 4 * np.sign(y)),
                textcoords="offset points",
                ha="left" if x >= 0 else "right",
                fontsize=8,
            )
        axes.set(
            xlabel=f"first axis, {of.explained[0]:.0%} of the log-ratio variance",
            ylabel=f"second axis, {of.explained[1]:.0%}",
        )
        axes.margins(0.12)
        heading(figure, title)
    return figure


@view.register
def ternary(of: TernaryView, title: str = "") -> Figure:
    """A point a row in the triangle of three parts."""
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])
    with house_style():
        figure, axes = new_axes(WIDTH, WIDTH * 0.85)
        _triangle(axes, corners)
        x, y = (of.points @ corners).T
        axes.plot(x, y, "o", color=BLUE, markersize=4, alpha=0.7, markeredgewidth=0)
        for corner, label, (dx, dy, ha) in zip(
            corners,
            of.labels,
            [(-0.03, -0.03, "right"), (0.03, -0.03, "left"), (0, 0.03, "center")],
            strict=True,
        ):
            axes.annotate(wrap(label, 16), corner + (dx, dy), ha=ha, va="center", fontweight="bold")
        axes.set_title(wrap(of.note, 84), fontsize=8, color=MUTED, loc="left")
        heading(figure, title)
    return figure


def _triangle(axes: Axes, corners: np.ndarray) -> None:
    closed = np.vstack([corners, corners[:1]])
    axes.plot(closed[:, 0], closed[:, 1], color=MUTED, linewidth=1)
    for share in (0.2, 0.4, 0.6, 0.8):
        for one, two, three in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            ends = np.array(
                [corners[one] * share + corners[other] * (1 - share) for other in (two, three)]
            )
            axes.plot(ends[:, 0], ends[:, 1], color="#e3e8ed", linewidth=0.8, zorder=0)
    axes.set(aspect="equal", xlim=(-0.2, 1.2), ylim=(-0.1, 0.97))
    axes.axis("off")


def _around(nodes: list[str], edges: pd.DataFrame) -> list[str]:
    """The nodes in the order of the Fiedler vector of their graph, so that linked ones stand together."""
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(nodes)
    graph.add_weighted_edges_from(
        (row["one"], row["other"], abs(row["excess"])) for _, row in edges.iterrows()
    )
    ordered: list[str] = []
    for component in sorted(
        nx.connected_components(graph),
        key=lambda found: (-len(found), nodes.index(min(found, key=nodes.index))),
    ):
        part = graph.subgraph(sorted(component, key=nodes.index))
        ordered += nx.spectral_ordering(part, seed=1) if len(part) > 2 else list(part)
    return ordered
