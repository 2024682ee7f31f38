"""How an answer moves with one of its assumptions."""

from __future__ import annotations

from numbers import Real

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from causalstats.plots.style import BLUE, ORANGE, TINT, WIDTH, axis_label, house_style, new_axes, wrap


def sensitivity(table: pd.DataFrame, field: str, effect_label: str, truth: float | None = None, *, unit: str = "") -> Figure:
    """The answer, mean and interval, at each value that the assumption `field` was given.

    The index holds the values: numbers, or anything else as a label. Columns mean, lower and upper are in `unit`; `used` (bool, optional)
    marks the value of the fit itself and `healthy` (bool, optional) is False where sampling was not fit to be trusted: a hollow marker.
    """
    numeric = all(isinstance(value, Real) and not isinstance(value, bool | np.bool_) for value in table.index)
    table = table.sort_index() if numeric else table
    places = table.index.to_numpy(float) if numeric else np.arange(len(table), dtype=float)
    with house_style():
        figure, axes = new_axes(WIDTH, 3.4)
        if numeric and len(table) > 1:
            axes.fill_between(places, table["lower"], table["upper"], color=TINT, linewidth=0)
            axes.plot(places, table["mean"], color=BLUE)
        else:
            axes.set_xticks(places, [wrap(value, max(8, 60 // max(len(table), 1))) for value in table.index])
            axes.set_xlim(-0.6, len(table) - 0.4)
        _points(axes, places, table)
        if truth is not None:
            axes.axhline(truth, color=ORANGE, linestyle="--", label=f"truth {truth:.4g}")
        axes.set_xlabel(axis_label(field))
        axes.set_ylabel(wrap(f"{effect_label} ({unit})" if unit else effect_label, 38))
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return figure


def _points(axes: Axes, places: np.ndarray, table: pd.DataFrame) -> None:
    healthy, used = _flag(table, "healthy", True), _flag(table, "used", False)
    mean, lower, upper = (table[name].to_numpy(float) for name in ("mean", "lower", "upper"))
    axes.vlines(places, lower, upper, color=BLUE, linewidth=1.2)
    for chosen, label, fill, marker, size in (
        (healthy & ~used, "mean and interval", BLUE, "o", 6),
        (healthy & used, "the value used", BLUE, "D", 9),
        (~healthy & ~used, "sampling not healthy", "white", "o", 7),
        (~healthy & used, "the value used, sampling not healthy", "white", "D", 9),
    ):
        if chosen.any():
            axes.plot(places[chosen], mean[chosen], marker, markerfacecolor=fill, markeredgecolor=BLUE, markersize=size, label=label)


def _flag(table: pd.DataFrame, name: str, default: bool) -> np.ndarray:
    return table[name].to_numpy(bool) if name in table else np.full(len(table), default)
