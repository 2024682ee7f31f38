"""How an answer moves with one or two of its assumptions."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from causalstats.colours import BLUE, ORANGE, TINT
from causalstats.errors import ModelError
from causalstats.style import WIDTH, axis_label, house_style, new_axes, wrap

_FEW = 5


def strongest(table: pd.DataFrame, entry: str) -> pd.DataFrame:
    """A table of sensitivity with a row for each entry of an answer, level `entry` of its index: the few entries that are furthest from 0 on average.

    With two assumptions besides, the one that is, without the level.
    """
    few = 1 if table.index.nlevels > 2 else _FEW
    kept = table["mean"].abs().groupby(level=entry).mean().nlargest(few).index
    chosen = table[table.index.get_level_values(entry).isin(kept)]
    return chosen.droplevel(entry) if few == 1 else chosen


def sensitivity(
    table: pd.DataFrame, effect_label: str, truth: float | None = None, *, unit: str = ""
) -> Figure:
    """The answer, mean and interval, at each value that one or two assumptions were given; a curve for each value of the second.

    The index holds the values, under the names of the assumptions: numbers, or anything else as a label. Columns mean, lower and upper are in
    `unit`; `used` (bool, optional) marks the value of the fit itself and `healthy` (bool, optional) is False where sampling was not fit to be
    trusted: a hollow marker.
    """
    first, *second = (str(name) for name in table.index.names)
    if len(second) > 1:
        raise ModelError(
            f"A figure shows one assumption or two, got {', '.join([first, *second])}. Take a part of the table."
        )
    values = table.index.get_level_values(0).unique()
    numeric = all(
        isinstance(value, Real) and not isinstance(value, bool | np.bool_) for value in values
    )
    values = values.sort_values() if numeric else values
    ticks = values.to_numpy(float) if numeric else np.arange(len(values), dtype=float)
    curves = (
        {str(key): part.droplevel(1) for key, part in table.groupby(level=1, sort=False)}
        if second
        else {"": table}
    )
    apart = (np.ptp(ticks) or 1.0) * 0.012
    with house_style():
        figure, axes = new_axes(WIDTH, 3.4)
        if not numeric:
            axes.set_xticks(ticks, [wrap(value, max(8, 60 // len(values))) for value in values])
            axes.set_xlim(-0.6, len(values) - 0.4)
        for number, (key, part) in enumerate(curves.items()):
            part = part.reindex(values)
            places = ticks + apart * (number - (len(curves) - 1) / 2)
            colour = (
                BLUE
                if not second
                else colormaps["viridis"](0.85 * number / max(1, len(curves) - 1))
            )
            joined = numeric and len(values) > 1
            if joined and not second:
                axes.fill_between(places, part["lower"], part["upper"], color=TINT, linewidth=0)
            if joined or second:  # a line of no points has a place in the legend
                shown = slice(None) if joined else slice(0)
                axes.plot(
                    places[shown],
                    part["mean"].to_numpy()[shown],
                    color=colour,
                    label=f"{axis_label(second[0])} {key}" if second else None,
                )
            _points(axes, places, part, colour)
        if truth is not None:
            axes.axhline(truth, color=ORANGE, linestyle="--", label=f"truth {truth:.4g}")
        axes.set_xlabel(axis_label(first))
        axes.set_ylabel(
            wrap((f"{effect_label} ({unit})" if unit else effect_label).replace("_", " "), 28)
        )
        handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        figure.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=2)
    return figure


def _points(axes: Axes, places: np.ndarray, table: pd.DataFrame, colour: Any) -> None:
    healthy, used = _flag(table, "healthy", True), _flag(table, "used", False)
    mean, lower, upper = (table[name].to_numpy(float) for name in ("mean", "lower", "upper"))
    axes.vlines(places, lower, upper, color=colour, linewidth=1.2)
    for chosen, label, fill, marker, size in (
        (healthy & ~used, "mean and interval", colour, "o", 6),
        (healthy & used, "the value used", colour, "D", 9),
        (~healthy & ~used, "sampling not healthy", "white", "o", 7),
        (~healthy & used, "the value used, sampling not healthy", "white", "D", 9),
    ):
        if chosen.any():
            axes.plot(
                places[chosen],
                mean[chosen],
                marker,
                markerfacecolor=fill,
                markeredgecolor=colour,
                markersize=size,
                label=label,
            )


def _flag(table: pd.DataFrame, name: str, default: bool) -> np.ndarray:
    return table[name].to_numpy(bool) if name in table else np.full(len(table), default)
