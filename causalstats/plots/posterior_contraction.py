"""Posterior contraction of each parameter, as bars: how much the data say about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from causalstats.style import WIDTH, axis_label, drawing, wrap

if TYPE_CHECKING:
    from causalstats.core.argument_types import AxesLike


def contraction(table: pd.DataFrame, ax: AxesLike | None = None) -> Figure:
    """Draw the contraction of each parameter: 0 as before the data, 1 known exactly.

    Parameters
    ----------
    table : DataFrame
        A row for each parameter, with columns prior_sd, posterior_sd and contraction. The
        contraction of a parameter that the model holds fixed is NaN.
    ax : Axes, optional

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"prior_sd": [2.0], "posterior_sd": [1.0], "contraction": [0.75]}, index=["effect"]
    ... )
    >>> [float(bar.get_width()) for bar in contraction(table).axes[0].patches]
    [0.75]
    """
    shares = table["contraction"].to_numpy(float)
    rows = np.arange(len(table))
    notes = [
        "held fixed"
        if np.isnan(share)
        else f"{share:.2f}   sd {before:.3g} → {after:.3g}"
        for share, before, after in zip(
            shares, table["prior_sd"], table["posterior_sd"], strict=True
        )
    ]
    with drawing(WIDTH, 1.0 + 0.32 * len(table), ax) as canvas:
        axes = canvas.axes
        axes.barh(rows, np.nan_to_num(shares), height=0.6, color=canvas.palette.blue)
        for row, note in enumerate(notes):
            axes.annotate(
                note,
                (1, row),
                (6, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=canvas.palette.muted,
            )
        axes.set_yticks(rows, [wrap(name, 32) for name in table.index])
        axes.set_xlim(min(0.0, np.nanmin(shares, initial=0.0)), 1)
        axes.set_ylim(len(table) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(False, axis="y")
        label = "contraction: 0 nothing learned, 1 all of the prior's width gone"
        axes.set_xlabel(axis_label(label))
    return canvas.figure
