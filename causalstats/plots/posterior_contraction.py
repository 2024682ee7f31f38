"""How much the data taught about each parameter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from causalstats.colours import BLUE, MUTED
from causalstats.style import WIDTH, axis_label, house_style, new_axes, wrap


def contraction(table: pd.DataFrame) -> Figure:
    """Contraction of each parameter (index) as a bar from 0 (as before the data) to 1 (known exactly), no unit.

    Columns prior_sd, posterior_sd and contraction; a parameter without contraction (NaN) is one that the model holds fixed.
    """
    contraction = table["contraction"].to_numpy(float)
    places = np.arange(len(table))
    with house_style():
        figure, axes = new_axes(WIDTH, 1.0 + 0.32 * len(table))
        axes.barh(places, np.nan_to_num(contraction), height=0.6, color=BLUE)
        for place, (share, before, after) in enumerate(
            zip(contraction, table["prior_sd"], table["posterior_sd"], strict=True)
        ):
            note = (
                "held fixed" if np.isnan(share) else f"{share:.2f}   sd {before:.3g} → {after:.3g}"
            )
            axes.annotate(
                note,
                (1, place),
                (6, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=MUTED,
            )
        axes.set_yticks(places, [wrap(name, 32) for name in table.index])
        axes.set_xlim(min(0.0, np.nanmin(contraction, initial=0.0)), 1)
        axes.set_ylim(len(table) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(False, axis="y")
        axes.set_xlabel(
            axis_label("contraction: 0 nothing learned, 1 all of the prior's width gone")
        )
    return figure
