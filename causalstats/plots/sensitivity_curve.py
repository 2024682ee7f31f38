"""Sensitivity analysis: curves of an answer over values of one or two assumptions."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from causalstats.errors import ModelError
from causalstats.numerics.sampling.centre import centre_of, estimate_columns
from causalstats.style import WIDTH, Canvas, axis_label, drawing, wrap

if TYPE_CHECKING:
    from causalstats.core.argument_types import AxesLike

_MOST_ENTRIES = 5


def strongest(table: pd.DataFrame, entry: str, null: float = 0.0) -> pd.DataFrame:
    """Return the part of a sensitivity table with the entries furthest from the null, on average.

    Parameters
    ----------
    table : DataFrame
        With a row for each entry of an answer, at each value of one or two assumptions.
    entry : str
        The level of the index that holds the entries.
    null : float
        The value without an effect.

    Returns
    -------
    DataFrame
        Five entries; with two assumptions the first, without the level.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([[0.1, 0.2], list("abcdef")], names=["scale", "entry"])
    >>> table = pd.DataFrame({"mean": np.tile([1.0, -2, 3, 0.1, 4, 5], 2)}, index=index)
    >>> list(strongest(table, "entry").loc[0.1].index)
    ['a', 'b', 'c', 'e', 'f']
    """
    count = 1 if table.index.nlevels > 2 else _MOST_ENTRIES
    away = (table[centre_of(table)] - null).abs()
    kept = away.groupby(level=entry).mean().nlargest(count).index
    chosen = table[table.index.get_level_values(entry).isin(kept)]
    return chosen.droplevel(entry) if count == 1 else chosen


def sensitivity(
    table: pd.DataFrame,
    effect_label: str,
    truth: float | None = None,
    *,
    unit: str = "",
    ax: AxesLike | None = None,
) -> Figure:
    """Draw an answer, mean and interval, at each value of one or two assumptions.

    Parameters
    ----------
    table : DataFrame
        The index holds the values, under the names of the assumptions: numbers, or anything else as
        a label; there is a curve for each value of the second. Columns mean, lower and upper;
        `used` (bool, optional) marks the value of the fit itself, and `healthy` (bool, optional) is
        False where sampling failed its checks, and `failed` (str, optional) names the checks that
        the answer fails: both are hollow markers.
    effect_label : str
    truth : float, optional
        A horizontal line.
    unit : str
        The unit of the answer.
    ax : Axes, optional

    Raises
    ------
    ModelError
        If there are more than two assumptions.

    Examples
    --------
    >>> index = pd.Index([0.1, 0.2], name="prevalence")
    >>> table = pd.DataFrame({"mean": 0.5, "lower": 0.4, "upper": 0.6}, index=index)
    >>> sensitivity(table, "risk", unit="probability").axes[0].get_ylabel()
    'risk (probability)'
    """
    first, *second = (str(name) for name in table.index.names)
    if len(second) > 1:
        names = ", ".join([first, *second])
        raise ModelError(
            f"A figure shows one assumption or two, got {names}. Take a part of the table."
        )
    values = table.index.get_level_values(0).unique()
    numeric = all(_is_number(value) for value in values)
    if numeric:
        values = values.sort_values()
    ticks = values.to_numpy(float) if numeric else np.arange(len(values), dtype=float)
    label = f"{effect_label} ({unit})" if unit else effect_label
    with drawing(WIDTH, 3.4, ax) as canvas:
        axes = canvas.axes
        if not numeric:
            width = max(8, 60 // len(values))
            axes.set_xticks(ticks, [wrap(_arrows(value), width) for value in values])
            axes.set_xlim(-0.6, len(values) - 0.4)
        joined = numeric and len(values) > 1
        if second:
            _curves(canvas, ticks, table, values, joined)
        else:
            _curve_with_band(canvas, ticks, table.reindex(values), joined)
        if truth is not None:
            line: dict[str, Any] = {"color": canvas.palette.orange, "linestyle": "--"}
            axes.axhline(truth, label=f"truth {truth:.3g}", **line)
        axes.set_xlabel(axis_label(first))
        axes.set_ylabel(wrap(label.replace("_", " "), 28))
        handles, labels = axes.get_legend_handles_labels()
        unique = dict(zip(labels, handles, strict=True))
        place: dict[str, Any] = {"loc": "outside upper left", "ncols": 2}
        canvas.legend(list(unique.values()), list(unique), **place)
    return canvas.figure


def _arrows(value: object) -> str:
    """Return the text of a value; arrows of a diagram are not broken at the end of a line."""
    return str(value).replace("<->", "↔").replace("->", "→")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _curve_with_band(
    canvas: Canvas, ticks: np.ndarray, table: pd.DataFrame, joined: bool
) -> None:
    """Draw the answer under one assumption.

    Parameters
    ----------
    canvas : Canvas
    ticks : array
        Where the values stand.
    table : DataFrame
        A row for each value.
    joined : bool
        Whether neighbouring values are joined by a line.
    """
    axes, palette = canvas.axes, canvas.palette
    if joined:
        band: dict[str, Any] = {"color": palette.tint, "linewidth": 0}
        axes.fill_between(ticks, table["lower"], table["upper"], **band)
        axes.plot(ticks, table[centre_of(table)].to_numpy(), color=palette.blue)
    _points(axes, ticks, table, palette.blue)


def _curves(
    canvas: Canvas,
    ticks: np.ndarray,
    table: pd.DataFrame,
    values: pd.Index,
    joined: bool,
) -> None:
    """Draw a curve for each value of the second assumption, a little apart.

    Parameters
    ----------
    canvas : Canvas
    ticks : array
        Where the values of the first assumption stand.
    table : DataFrame
    values : Index
        The values of the first assumption.
    joined : bool
        Whether neighbouring values are joined by a line.
    """
    axes = canvas.axes
    name = axis_label(str(table.index.names[1]))
    darkest, lightest = canvas.palette.shades
    curves = [
        (key, part.droplevel(1)) for key, part in table.groupby(level=1, sort=False)
    ]
    distance = (np.ptp(ticks) or 1.0) * 0.012
    last = max(1, len(curves) - 1)
    shown = (
        slice(None) if joined else slice(0)
    )  # a line of no points has a place in the legend
    for number, (key, part) in enumerate(curves):
        part = part.reindex(values)
        positions = ticks + distance * (number - (len(curves) - 1) / 2)
        shade = darkest + (lightest - darkest) * number / last
        colour = colormaps["viridis"](shade)
        mean = part[centre_of(part)].to_numpy()
        axes.plot(positions[shown], mean[shown], color=colour, label=f"{name} {key}")
        _points(axes, positions, part, colour)


def _points(
    axes: Axes, positions: np.ndarray, table: pd.DataFrame, colour: Any
) -> None:
    """Draw intervals and markers, which say what was used and where sampling failed its checks.

    Parameters
    ----------
    axes : Axes
    positions : array
    table : DataFrame
    colour
    """
    healthy = _flag(table, "healthy", True) & ~_flag(table, "failed", False)
    used = _flag(table, "used", False)
    centre, lower, upper = (
        table[name].to_numpy(float) for name in estimate_columns(table)
    )
    hollow = axes.get_facecolor()
    axes.vlines(positions, lower, upper, color=colour, linewidth=1.2)
    for chosen, label, fill, marker, size in (
        (healthy & ~used, f"{centre_of(table)} and interval", colour, "o", 6),
        (healthy & used, "the value used", colour, "D", 9),
        (~healthy & ~used, "a check fails", hollow, "o", 7),
        (~healthy & used, "the value used, where a check fails", hollow, "D", 9),
    ):
        if chosen.any():
            axes.plot(
                positions[chosen],
                centre[chosen],
                marker,
                markerfacecolor=fill,
                markeredgecolor=colour,
                markersize=size,
                label=label,
            )


def _flag(table: pd.DataFrame, name: str, default: bool) -> np.ndarray:
    return table[name].to_numpy(bool) if name in table else np.full(len(table), default)
