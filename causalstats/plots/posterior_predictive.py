"""What was observed, on what the model would have expected."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from causalstats.colours import BLUE, ORANGE
from causalstats.core.prediction import Prediction
from causalstats.style import WIDTH, house_style, new_axes, wrap


def predictive(prediction: Prediction) -> Figure:
    """The statistic of each group (dot) on 50 % and 95 % intervals of its replications (bars), with the group's size below its name.

    A name such as "decision rate by decile of risk" labels both axes.
    """
    statistic, _, grouping = prediction.name.partition(" by ")
    places = np.arange(len(prediction.groups))
    levels = np.nanquantile(prediction.replicated, [0.025, 0.25, 0.75, 0.975], axis=0)
    labels = [
        f"{wrap(group, 12)}\n({size:,.0f})"
        for group, size in zip(prediction.groups, prediction.size, strict=True)
    ]
    with house_style():
        figure, axes = new_axes(WIDTH, 3.4)
        axes.vlines(
            places, levels[0], levels[3], color=BLUE, linewidth=1.6, label="95 % of replications"
        )
        axes.vlines(places, levels[1], levels[2], color=BLUE, linewidth=6, alpha=0.55, label="50 %")
        axes.plot(
            places,
            prediction.observed,
            "o",
            color=ORANGE,
            markeredgecolor="white",
            markersize=7,
            label="observed",
        )
        crowded = len(places) > 12
        axes.set_xticks(
            places, labels, rotation=90 if crowded else 0, fontsize=8 if len(places) > 6 else 9
        )
        axes.tick_params(axis="x", length=0)
        axes.grid(False, axis="x")
        axes.set_xlabel(wrap(grouping or "group", 60) + " (size of the group below)")
        axes.set_ylabel(wrap(statistic, 38))
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure
