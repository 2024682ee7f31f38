"""Forest plots: a mean and its interval on each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from causalstats.colours import Palette
from causalstats.numerics.sampling.centre import estimate_columns
from causalstats.numerics.sampling.posterior_summaries import surest_first
from causalstats.style import WIDTH, drawing, wrap

if TYPE_CHECKING:
    from causalstats.core.argument_types import AxesLike

Row = tuple[str, float, float, float]
"""Label, mean, lower and upper."""
MOST_ROWS = 60  # on one page; the figure says how many it left out
_MOST_COMPARED = 20
_WIDEST_UNIT = 40  # characters, below axes that labels leave half of the width to
_MARKERS = "sD^vPX*"


def effects(
    tables: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    unit: str = "",
    reference: float | None = None,
    reference_label: str = "reference",
    title: str = "",
    ax: AxesLike | None = None,
) -> Figure:
    """Draw the mean and the interval of each row of one or several tables.

    Parameters
    ----------
    tables : DataFrame, or mapping of names to DataFrames
        With columns mean (or median), lower and upper, all in the same unit. Several tables stand
        one below the other, under their names.
    unit : str
    reference : float, optional
        A vertical line: a truth, or the value of no effect.
    reference_label : str
    title : str
    ax : Axes, optional
        Where it is drawn; a new figure unless given.

    Examples
    --------
    >>> table = pd.DataFrame({"mean": [0.2], "lower": [0.1], "upper": [0.4]}, index=["age"])
    >>> figure = effects(table, unit="log-odds", reference=0.0)
    >>> figure.axes[0].get_xlabel()
    'log-odds'
    """
    groups = tables if isinstance(tables, Mapping) else {"": tables}
    rows = [row for name, table in groups.items() for row in _rows(name, table)]
    shown = rows[:MOST_ROWS]
    height = 1.0 + sum(0.32 + 0.17 * label.count("\n") for label, *_ in shown)
    with drawing(WIDTH, height, ax) as canvas:
        axes = canvas.axes
        _intervals(axes, shown, [canvas.palette.blue] * len(shown))
        _reference(axes, canvas.palette, reference, reference_label)
        left_out = (
            f"\nfirst {len(shown)} of {len(rows)} rows"
            if len(rows) > len(shown)
            else ""
        )
        axes.set_xlabel(wrap(unit, _WIDEST_UNIT) + left_out)
        canvas.heading(title)
    return canvas.figure


def coefficients(
    tables: Mapping[str, pd.DataFrame],
    *,
    unit: str = "",
    title: str = "",
    null: float = 0.0,
) -> Figure:
    """Draw the coefficients on each covariate in a panel: one unit of each is something else.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Of each covariate, with columns mean (or median), lower and upper. 60 rows of all are
        shown, the surest.
    unit, title : str
    null : float
        The value without an effect, where a line is drawn.

    Examples
    --------
    >>> table = pd.DataFrame({"mean": [0.2], "lower": [0.1], "upper": [0.4]}, index=["Roseburia"])
    >>> figure = coefficients({"diet": table, "age": table / 50})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['diet', 'age']
    """
    most = max(MOST_ROWS // len(tables), 1)
    height = sum(1.0 + 0.32 * len(table[:most]) for table in tables.values())
    with drawing(WIDTH, height, panels=len(tables)) as canvas:
        for axes, (covariate, table) in zip(canvas.panels, tables.items(), strict=True):
            rows = _rows("", surest_first(table, most, null)[:most])
            _intervals(axes, rows, [canvas.palette.blue] * len(rows))
            axes.axvline(null, color=canvas.palette.muted, linewidth=0.8, zorder=0)
            axes.set_title(wrap(covariate, 60), loc="left", fontsize=9)
            left_out = (
                f"\n{len(rows)} of {len(table):,}, surest first"
                if len(table) > len(rows)
                else ""
            )
            axes.set_xlabel(wrap(unit, _WIDEST_UNIT) + left_out)
        canvas.heading(title)
    return canvas.figure


def comparison(
    table: pd.DataFrame,
    truth: float | None = None,
    title: str = "",
    *,
    unit: str = "",
    ax: AxesLike | None = None,
) -> Figure:
    """Draw what each method says of the same number.

    Parameters
    ----------
    table : DataFrame
        A row for each method, with columns mean, lower and upper. The first row is ours, in colour.
    truth : float, optional
        A vertical line.
    title, unit : str
    ax : Axes, optional

    Examples
    --------
    >>> table = pd.DataFrame({"mean": 0.2, "lower": 0.1, "upper": 0.4}, index=["ours", "naive"])
    >>> [label.get_text() for label in comparison(table).axes[0].get_yticklabels()]
    ['ours', 'naive']
    """
    rows = _rows("", table)
    with drawing(WIDTH, 1.2 + 0.36 * len(table), ax) as canvas:
        axes, palette = canvas.axes, canvas.palette
        others = [palette.muted] * (len(rows) - 1)
        _intervals(axes, rows, [palette.blue, *others])
        _reference(axes, palette, truth, "truth")
        cut = _cut_bounds(axes, rows, truth)
        axes.set_xlabel(wrap(unit, _WIDEST_UNIT) + cut)
        canvas.heading(title)
    return canvas.figure


def _cut_bounds(axes: Axes, rows: Sequence[Row], truth: float | None) -> str:
    """End the axis one width beyond the intervals around estimates, where bounds would hide them.

    Returns a line for the label of the axis; empty where nothing is cut.
    """
    ends = [end for _, mean, *ends in rows if np.isfinite(mean) for end in ends]
    bounds = [end for _, mean, *ends in rows if not np.isfinite(mean) for end in ends]
    ends = [end for end in [*ends, truth] if end is not None and np.isfinite(end)]
    if not ends or not bounds:
        return ""
    low, high = min(ends), max(ends)
    margin = high - low
    if low - margin <= np.nanmin(bounds) and np.nanmax(bounds) <= high + margin:
        return ""
    left, right = axes.get_xlim()
    axes.set_xlim(max(left, low - margin), min(right, high + margin))
    return "\nbounds that reach the edge go on beyond it"


def beside(
    table: pd.DataFrame,
    title: str = "",
    *,
    unit: str = "",
    null: float = 0.0,
    ax: AxesLike | None = None,
) -> Figure:
    """Draw our interval of each entry of an answer, with other methods' estimates as markers.

    The entries that lie surest on one side of the null are drawn. Intervals of other methods, and
    q-values, which are no estimates, are not.

    Parameters
    ----------
    table : DataFrame
        A row for each entry: columns mean, lower and upper, and one for each other method.
    title, unit : str
    null : float
        The value without an effect, where a line is drawn: 0 of differences, 1 of ratios.
    ax : Axes, optional

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"mean": [0.2], "lower": [0.1], "upper": [0.4], "Pearson": [0.5]}, index=["a, b"]
    ... )
    >>> [text.get_text() for text in beside(table).legends[0].get_texts()]
    ['Pearson']
    """
    others = [name for name in table.columns if _is_other_estimate(str(name))]
    shown = surest_first(table, _MOST_COMPARED, null)[:_MOST_COMPARED]
    rows = _rows("", shown)
    height = 1.5 + sum(0.3 + 0.12 * label.count("\n") for label, *_ in rows)
    with drawing(WIDTH, height, ax) as canvas:
        axes, cycle = canvas.axes, canvas.palette.cycle
        _intervals(axes, rows, [canvas.palette.blue] * len(rows))
        for marker, colour, name in zip(_MARKERS, cycle[1:], others, strict=False):
            axes.plot(
                shown[name],
                np.arange(len(shown)),
                marker,
                color=colour,
                markerfacecolor="white",
                markersize=5,
                label=wrap(name, 28),
            )
        axes.axvline(null, color=canvas.palette.muted, linewidth=0.8, zorder=0)
        left_out = f"\n{len(shown)} of {len(table):,}, surest first"
        axes.set_xlabel(
            wrap(unit, _WIDEST_UNIT) + (left_out if len(shown) < len(table) else "")
        )
        canvas.legend(loc="outside upper left", ncols=3)
        canvas.heading(title)
    return canvas.figure


def _is_other_estimate(name: str) -> bool:
    if name in ("mean", "median", "lower", "upper") or name.startswith("q-value"):
        return False
    return not name.endswith((", lower", ", upper"))


def estimators(
    table: pd.DataFrame, title: str = "", *, unit: str = "", ax: AxesLike | None = None
) -> Figure:
    """Draw what each estimator says, and in words where it is biased.

    Parameters
    ----------
    table : DataFrame
        A row for each estimator: columns mean, lower, upper and the text `biased`.
    title, unit : str
    ax : Axes, optional

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"mean": [1.0], "lower": [0.5], "upper": [1.5], "biased": ["by unit effects"]},
    ...     index=["pooled"],
    ... )
    >>> [label.get_text() for label in estimators(table).axes[1].get_yticklabels()]
    ['by unit effects']
    """
    rows = _rows("", table)
    words = [wrap(text, 52) for text in table["biased"]]
    height = 1.2 + sum(max(0.34, 0.17 * (1 + text.count("\n"))) for text in words)
    with drawing(1.5 * WIDTH, height, ax) as canvas:
        axes, muted = canvas.axes, canvas.palette.muted
        _intervals(axes, rows, [canvas.palette.blue] * len(rows))
        right = axes.twinx()
        right.set_ylim(axes.get_ylim())
        right.set_yticks(range(len(rows)), words, fontsize=8.5, color=muted)
        right.tick_params(axis="y", length=0)
        right.grid(False)
        for side in right.spines.values():
            side.set_visible(False)
        right.set_title(
            "biased ...", loc="right", x=1.02, ha="left", fontsize=9, color=muted
        )
        axes.set_xlabel(wrap(unit, _WIDEST_UNIT))
        canvas.heading(title)
    return canvas.figure


def _rows(name: str, table: pd.DataFrame) -> list[Row]:
    """Return the rows of a table, after one of NaN with the name of the table where it has one."""
    first = [(wrap(name, 32), np.nan, np.nan, np.nan)] if name else []
    numbers = table[estimate_columns(table)].to_numpy(float).tolist()
    labels = [wrap(_label(label), 30) for label in table.index]
    return first + [
        (label, *values) for label, values in zip(labels, numbers, strict=True)
    ]


def _label(label: object) -> object:
    return ", ".join(map(str, label)) if isinstance(label, tuple) else label


def _intervals(axes: Axes, rows: Sequence[Row], colours: Sequence[str]) -> None:
    """Draw an interval for each row, from the top; a label without an interval is bold.

    Parameters
    ----------
    axes : Axes
    rows : sequence of Row
    colours : sequence of str
        One for each row.
    """
    for height, (_, mean, lower, upper) in enumerate(rows):
        colour = colours[height]
        ends = [lower, upper]
        axes.plot(
            ends, [height, height], color=colour, linewidth=2.2, solid_capstyle="butt"
        )
        axes.plot([mean], [height], "o", color=colour, markersize=6)
    axes.set_yticks(range(len(rows)), [label for label, *_ in rows])
    for label, (*_, lower, _) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if np.isnan(lower) else "normal")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)


def _reference(axes: Axes, palette: Palette, value: float | None, label: str) -> None:
    """Draw a vertical line with its label above, unless the value is None.

    Parameters
    ----------
    axes : Axes
    palette : Palette
    value : float or None
    label : str
    """
    if value is None:
        return
    axes.axvline(value, color=palette.orange, linestyle="--", linewidth=1.4, zorder=1)
    axes.annotate(
        f"{label} {value:.3g}",
        (value, 1),
        (0, 3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=9,
        color=palette.ink,
    )
