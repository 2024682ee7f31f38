"""Forest plots: a mean and its interval on each row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from causalstats.colours import BLUE, CYCLE, INK, MUTED, ORANGE
from causalstats.numerics.sampling.posterior_summaries import surest_first
from causalstats.style import WIDTH, axis_label, heading, house_style, new_axes, wrap

_FEW = 20
MOST_ROWS = 60  # on one page; the figure says how many it left out


def effects(
    tables: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    unit: str = "",
    reference: float | None = None,
    reference_label: str = "reference",
    title: str = "",
) -> Figure:
    """One row for each row of the table(s), which have columns mean, lower and upper, all in the same unit.

    Several tables, given by name, are drawn one below the other under their names. `reference` is a value of the same unit, drawn as a
    vertical line: a truth, or the value of no effect.
    """
    groups = tables if isinstance(tables, Mapping) else {"": tables}
    rows = [row for name, table in groups.items() for row in _rows(name, table)]
    shown = rows[:MOST_ROWS]
    with house_style():
        figure, axes = new_axes(
            WIDTH, 1.0 + sum(0.16 + 0.17 * label.count("\n") + 0.16 for label, *_ in shown)
        )
        _intervals(axes, shown)
        _reference(axes, reference, reference_label)
        left_out = f"\nfirst {len(shown)} of {len(rows)} rows" if len(rows) > len(shown) else ""
        axes.set_xlabel(axis_label("", unit) + left_out)
        heading(figure, title)
    return figure


def comparison(
    table: pd.DataFrame, truth: float | None = None, title: str = "", *, unit: str = ""
) -> Figure:
    """What each method (index) says of the same number: columns mean, lower and upper. The first row is ours and is drawn in colour."""
    with house_style():
        figure, axes = new_axes(WIDTH, 1.2 + 0.36 * len(table))
        rows = _rows("", table)
        _intervals(axes, rows, colours=[BLUE] + [MUTED] * (len(rows) - 1))
        _reference(axes, truth, "truth")
        axes.set_xlabel(axis_label("", unit))
        heading(figure, title)
    return figure


def beside(table: pd.DataFrame, title: str = "", *, unit: str = "") -> Figure:
    """Our mean and interval of each entry (index), columns mean, lower and upper, and what other methods (further columns) say of it, as markers.

    The entries that lie surest on one side of 0; a q-value is no estimate and is not drawn, nor
    are intervals of other methods.
    """
    others = [
        name
        for name in table.columns
        if name not in ("mean", "lower", "upper")
        and not str(name).startswith("q-value")
        and not str(name).endswith((", lower", ", upper"))
    ]
    shown = surest_first(table, _FEW)[:_FEW]
    with house_style():
        rows = _rows("", shown)
        figure, axes = new_axes(
            WIDTH, 1.5 + sum(0.3 + 0.12 * label.count("\n") for label, *_ in rows)
        )
        _intervals(axes, rows)
        for marker, colour, name in zip("sD^vPX*", CYCLE[1:], others, strict=False):
            axes.plot(
                shown[name],
                np.arange(len(shown)),
                marker,
                color=colour,
                markerfacecolor="white",
                markersize=5,
                label=wrap(name, 28),
            )
        axes.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
        axes.set_xlabel(
            axis_label("", unit)
            + (f"\n{len(shown)} of {len(table):,}, surest first" if len(shown) < len(table) else "")
        )
        figure.legend(loc="outside upper left", ncols=3)
        heading(figure, title)
    return figure


def estimators(table: pd.DataFrame, title: str = "", *, unit: str = "") -> Figure:
    """What each method (index) says, columns mean, lower and upper, and beside it in words where it is `biased`."""
    rows = _rows("", table)
    words = [wrap(text, 52) for text in table["biased"]]
    with house_style():
        figure, axes = new_axes(
            1.5 * WIDTH, 1.2 + sum(max(0.34, 0.17 * (1 + text.count("\n"))) for text in words)
        )
        _intervals(axes, rows)
        beside = axes.twinx()
        beside.set_ylim(axes.get_ylim())
        beside.set_yticks(range(len(rows)), words, fontsize=8.5, color=MUTED)
        beside.tick_params(axis="y", length=0)
        beside.grid(False)
        for side in beside.spines.values():
            side.set_visible(False)
        beside.set_title("biased ...", loc="right", x=1.02, ha="left", fontsize=9, color=MUTED)
        axes.set_xlabel(axis_label("", unit))
        heading(figure, title)
    return figure


def _rows(name: str, table: pd.DataFrame) -> list[tuple[str, float, float, float]]:
    """(label, mean, lower, upper) of each row, after a row of NaN that carries the name of the table where it has one."""
    heading = [(wrap(name, 32), np.nan, np.nan, np.nan)] if name else []
    numbers = table[["mean", "lower", "upper"]].to_numpy(float)
    labels = [
        wrap(", ".join(map(str, label)) if isinstance(label, tuple) else label, 30)
        for label in table.index
    ]
    return heading + [
        (label, *values) for label, values in zip(labels, numbers.tolist(), strict=True)
    ]


def _intervals(
    axes: Axes, rows: list[tuple[str, float, float, float]], colours: list[str] | None = None
) -> None:
    for height, (_, mean, lower, upper) in enumerate(rows):
        colour = colours[height] if colours else BLUE
        axes.plot(
            [lower, upper], [height, height], color=colour, linewidth=2.2, solid_capstyle="butt"
        )
        axes.plot([mean], [height], "o", color=colour, markersize=6)
    axes.set_yticks(range(len(rows)), [label for label, *_ in rows])
    for label, (_, mean, *_) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if np.isnan(mean) else "normal")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)


def _reference(axes: Axes, value: float | None, label: str) -> None:
    if value is None:
        return
    axes.axvline(value, color=ORANGE, linestyle="--", linewidth=1.4, zorder=1)
    axes.annotate(
        f"{label} {value:.4g}",
        (value, 1),
        (0, 3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=9,
        color=INK,
    )
