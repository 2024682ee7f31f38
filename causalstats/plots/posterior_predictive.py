"""Posterior predictive check as a figure: observed statistics on their replications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from causalstats.core.prediction import Prediction
from causalstats.style import WIDTH, drawing, wrap

if TYPE_CHECKING:
    from causalstats.core.argument_types import AxesLike


_CHARACTERS = 80  # of 8 points side by side below the axis
_UPRIGHT = 24  # characters of a line that stands upright


def predictive(prediction: Prediction, ax: AxesLike | None = None) -> Figure:
    """Draw the statistic of each group on 50 % and 95 % intervals of its replications.

    Parameters
    ----------
    prediction : Prediction
        Its name, such as "decision rate by decile of risk", labels both axes. The size of a group
        stands below its name, unless all are of one size.
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
    narrow_groups = len(positions) > 6
    width = 12 if not narrow_groups else _CHARACTERS // len(positions)
    upright = narrow_groups and _longest_word(prediction.groups) > width
    rotation = 90 if upright or len(positions) > 12 else 0
    width = _UPRIGHT if rotation else width
    sized = len(set(prediction.size)) > 1 or len(positions) == 1
    labels = [
        f"{wrap(group, width)}\n({size:,.0f})" if sized else wrap(group, width)
        for group, size in pairs
    ]
    fontsize = 8 if narrow_groups else 9
    height = 4.4 if rotation else 3.4
    with drawing(WIDTH, height, ax) as canvas:
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
        below = " (size of the group below)" if sized else ""
        if grouping or len(positions) > 1:
            axes.set_xlabel(wrap(grouping or "group", 60) + below)
        axes.set_ylabel(wrap(statistic, 38))
        canvas.legend(loc="outside upper left", ncols=3)
    return canvas.figure


def _longest_word(groups: Sequence[str]) -> int:
    return max(len(word) for group in groups for word in str(group).split() or [""])
