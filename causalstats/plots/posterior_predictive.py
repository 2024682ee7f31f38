"""Posterior predictive check as a figure: observed statistics on their replications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from causalstats.core.prediction import Prediction
from causalstats.style import WIDTH, drawing, wrap

if TYPE_CHECKING:
    from causalstats.core.argument_types import AxesLike


def predictive(prediction: Prediction, ax: AxesLike | None = None) -> Figure:
    """Draw the statistic of each group on 50 % and 95 % intervals of its replications.

    Parameters
    ----------
    prediction : Prediction
        Its name, such as "decision rate by decile of risk", labels both axes. The size of a group
        stands below its name.
    ax : Axes, optional

    Examples
    --------
    >>> prediction = Prediction(
    ...     name="rate by site",
    ...     groups=("north", "south"),
    ...     observed=np.array([0.2, 0.5]),
    ...     size=np.array([10, 20]),
    ...     replicated=np.random.default_rng(1).uniform(size=(100, 2)),
    ... )
    >>> axes = predictive(prediction).axes[0]
    >>> axes.get_ylabel(), [label.get_text() for label in axes.get_xticklabels()]
    ('rate', ['north\\n(10)', 'south\\n(20)'])
    """
    statistic, _, grouping = prediction.name.partition(" by ")
    positions = np.arange(len(prediction.groups))
    levels = np.nanquantile(prediction.replicated, [0.025, 0.25, 0.75, 0.975], axis=0)
    pairs = zip(prediction.groups, prediction.size, strict=True)
    labels = [f"{wrap(group, 12)}\n({size:,.0f})" for group, size in pairs]
    rotation = 90 if len(positions) > 12 else 0
    fontsize = 8 if len(positions) > 6 else 9
    with drawing(WIDTH, 3.4, ax) as canvas:
        axes, blue = canvas.axes, canvas.palette.blue
        wide, narrow = "95 % of replications", "50 %"
        axes.vlines(
            positions, levels[0], levels[3], color=blue, linewidth=1.6, label=wide
        )
        axes.vlines(
            positions,
            levels[1],
            levels[2],
            color=blue,
            linewidth=6,
            alpha=0.55,
            label=narrow,
        )
        axes.plot(
            positions,
            prediction.observed,
            "o",
            color=canvas.palette.orange,
            markeredgecolor=canvas.palette.ground,
            markersize=7,
            label="observed",
        )
        axes.set_xticks(positions, labels, rotation=rotation, fontsize=fontsize)
        axes.tick_params(axis="x", length=0)
        axes.grid(False, axis="x")
        axes.set_xlabel(wrap(grouping or "group", 60) + " (size of the group below)")
        axes.set_ylabel(wrap(statistic, 38))
        canvas.legend(loc="outside upper left", ncols=3)
    return canvas.figure
