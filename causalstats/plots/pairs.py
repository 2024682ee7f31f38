"""Pairs plot of posterior draws: scatter of the pairs of numbers that are most correlated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from causalstats.colours import Palette
from causalstats.numerics.sampling.convergence_diagnostics import varies
from causalstats.numerics.sampling.posterior_summaries import entries
from causalstats.style import drawing, wrap

if TYPE_CHECKING:
    from causalstats.core.argument_types import AxesLike

_COLUMNS = 3
_MOST_PANELS = 6
_MOST_NUMBERS = 60  # among which pairs are looked for
_MOST_POINTS = 1000  # of a panel: more hide each other
_PANEL_WIDTH = 2.3  # inches
_PANEL_HEIGHT = 2.3
_LABEL = 20  # characters of a line of a label, so that it is no longer than its panel
_SMALL = 8  # points


def pairs(
    draws: xr.DataTree, names: Sequence[str], ax: AxesLike | None = None
) -> Figure:
    """Draw the joint posterior of the six pairs of numbers with the strongest correlation.

    A narrow line is a ridge: the data know a combination of the two numbers better than either. A
    wedge is a funnel, in which NUTS needs smaller steps. Divergent transitions are crosses; where
    they lie together, the sampler does not reach the region beyond them.

    Parameters
    ----------
    draws : DataTree
        With the group `posterior`, and `sample_stats` where transitions can be divergent.
    names : sequence of str
        Variables of the posterior. The first 60 numbers among them that vary are compared.
    ax : array or list of Axes, optional
        One for each pair.

    Returns
    -------
    matplotlib.figure.Figure
        Without panels where fewer than two numbers vary.

    Examples
    --------
    >>> x = np.random.default_rng(1).normal(size=(2, 100))
    >>> posterior = xr.Dataset(
    ...     {"slope": (("chain", "draw"), x), "level": (("chain", "draw"), 1 - x)},
    ...     {"chain": range(2), "draw": range(100)},
    ... )
    >>> figure = pairs(xr.DataTree.from_dict({"posterior": posterior}), ["slope", "level"])
    >>> [axes.get_title() for axes in figure.axes]
    ['correlation -1.00']
    """
    numbers = _varying_numbers(draws, names)
    strongest = _strongest_correlations(numbers)
    divergent = _divergent(draws)
    count = len(strongest)
    columns = min(_COLUMNS, count) or 1
    rows = math.ceil(count / columns) or 1
    size = (_PANEL_WIDTH * columns, _PANEL_HEIGHT * rows)
    with drawing(*size, ax, panels=count, columns=columns) as canvas:
        both = zip(canvas.panels, strongest.items(), strict=True)
        for axes, ((x, y), correlation) in both:
            _scatter(axes, canvas.palette, (numbers[x], numbers[y]), divergent)
            axes.set_xlabel(wrap(x, _LABEL), fontsize=_SMALL)
            axes.set_ylabel(wrap(y, _LABEL), fontsize=_SMALL)
            axes.set_title(f"correlation {correlation:.2f}", fontsize=_SMALL)
            axes.locator_params(nbins=3)
    return canvas.figure


def _varying_numbers(draws: xr.DataTree, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the draws of each number that varies, chain after chain, by its label."""
    posterior = draws["posterior"].to_dataset()
    numbers = {
        f"{name} {label}".strip(): values.ravel()
        for name in names
        for label, values in entries(posterior[name]).items()
        if varies(values)
    }
    return dict(list(numbers.items())[:_MOST_NUMBERS])


def _strongest_correlations(
    numbers: dict[str, np.ndarray],
) -> dict[tuple[str, str], float]:
    """Return the pairs of labels with the largest correlations, largest first."""
    if len(numbers) < 2:
        return {}
    matrix = np.corrcoef(list(numbers.values()))
    positions = combinations(range(len(numbers)), 2)
    largest = sorted(positions, key=lambda pair: -abs(matrix[pair]))[:_MOST_PANELS]
    labels = list(numbers)
    return {(labels[i], labels[j]): float(matrix[i, j]) for i, j in largest}


def _divergent(draws: xr.DataTree) -> np.ndarray:
    """Return whether each draw ended in a divergence, chain after chain."""
    posterior = draws["posterior"]
    if "sample_stats" in draws and "diverging" in draws["sample_stats"]:
        return draws["sample_stats"]["diverging"].to_numpy().ravel().astype(bool)
    return np.zeros(posterior.sizes["chain"] * posterior.sizes["draw"], bool)


def _scatter(
    axes: Axes,
    palette: Palette,
    point: tuple[np.ndarray, np.ndarray],
    divergent: np.ndarray,
) -> None:
    """Draw a point for each draw, and a cross for each divergent transition.

    Parameters
    ----------
    axes : Axes
    palette : Palette
    point : two arrays, shape (draws,)
        Of both axes.
    divergent : bool array, shape (draws,)
    """
    x, y = point
    step = math.ceil(len(x) / _MOST_POINTS)
    axes.scatter(x[::step], y[::step], s=4, alpha=0.4, color=palette.blue, linewidths=0)
    axes.scatter(x[divergent], y[divergent], s=16, marker="x", color=palette.orange)
