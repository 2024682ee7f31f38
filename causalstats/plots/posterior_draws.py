"""Posterior densities and trace plots of draws, by ArviZ, with our interval and our look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from causalstats.core.effect import INTERVAL
from causalstats.core.readable_text import without_slash
from causalstats.numerics.sampling.centre import Centre
from causalstats.numerics.sampling.convergence_diagnostics import varies
from causalstats.numerics.sampling.posterior_summaries import entries
from causalstats.style import Picture, axes_of, figure_of_axes, house_style

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

    from causalstats.core.argument_types import AxesLike

_COLUMNS = 3
_MOST_ROWS = 20
_PAGE_WIDTH = 7.0  # inches
_TICKS = 3  # intervals between them


def posterior(
    dt: xr.DataTree,
    var_names: str | Sequence[str],
    ax: AxesLike | None = None,
    *,
    centre: Centre = "mean",
) -> PlotCollection:
    """Draw the marginal posterior of each number: density, mean and 95 % equal-tailed interval.

    Parameters
    ----------
    dt : DataTree
        With the group `posterior`.
    var_names : str or sequence of str
        Numbers that do not vary are left out.
    ax : Axes, or array or list of Axes, optional
        One for each number.
    centre : {"mean", "median"}
        The number that is marked.

    Returns
    -------
    arviz_plots.PlotCollection
        `figure_of` takes the matplotlib figure out of it.
    """
    from arviz_base import rc_context
    from arviz_plots import plot_dist

    shown = _varying(dt, _listed(var_names))
    panels = len(shown["posterior"].data_vars)
    height = 0.3 + 1.8 * math.ceil(panels / _COLUMNS)
    # ArviZ refuses more than 40 panels unless it is told otherwise.
    most = {"plot.max_subplots": max(panels, 1)}
    with house_style() as palette, rc_context(most):
        ground = {"facecolor": palette.ground, "edgecolor": "none", "pad": 0.5}
        collection = plot_dist(
            shown,
            kind="kde",
            point_estimate=centre,
            ci_kind="eti",
            ci_prob=INTERVAL,
            backend="matplotlib",
            visuals={"point_estimate_text": {"bbox": ground, "zorder": 3}},
            col_wrap=_COLUMNS,
            figure_kwargs=figure_options((_PAGE_WIDTH, height), ax, panels),
        )
    return close_in_pyplot(_with_few_ticks(collection))


def trace(
    dt: xr.DataTree, var_names: str | Sequence[str], ax: AxesLike | None = None
) -> PlotCollection:
    """Draw whether the chains agree: the density of each, and a rank plot (Δ-ECDF) with its test.

    A colour is a chain, or a label of the variable where there are more than 20 panels. A single
    chain is drawn as a trace over its draws.

    Parameters
    ----------
    dt : DataTree
        With the group `posterior`.
    var_names : str or sequence of str
    ax : array or list of Axes, optional
        Two for each number, side by side.

    Returns
    -------
    arviz_plots.PlotCollection
        `figure_of` takes the matplotlib figure out of it.
    """
    from arviz_base import rc_context
    from arviz_plots import plot_rank_dist, plot_trace_dist

    names = _listed(var_names)
    shown = _varying(dt, names)
    panels = len(shown["posterior"].data_vars)
    compact = panels > _MOST_ROWS
    if compact:
        shown = xr.DataTree.from_dict(
            {"posterior": dt["posterior"].to_dataset()[names]}
        )
    rows = len(names) if compact else panels
    size = (_PAGE_WIDTH, 0.4 + 1.7 * rows)
    plot = plot_rank_dist if dt["posterior"].sizes["chain"] > 1 else plot_trace_dist
    most = {"plot.max_subplots": 2 * max(panels, 1)}
    with house_style() as palette, rc_context(most):
        collection = plot(
            shown,
            kind="kde",
            compact=compact,
            backend="matplotlib",
            visuals={"label": {"size": 9, "color": palette.ink}},
            figure_kwargs=figure_options(size, ax, 2 * rows),
        )
    return close_in_pyplot(_with_few_ticks(collection))


class _FigureOfCaller(Picture):
    """A figure whose subplots are the caller's axes, for ArviZ, which makes its figures itself."""

    def __init__(self, *args: Any, borrowed: tuple[Axes, ...], **options: Any) -> None:
        super().__init__(*args, **options)
        self.borrowed = borrowed

    def subplots(self, *args: Any, **options: Any) -> Any:
        """Return the caller's axes in the shape of the grid; places left over stay unseen."""
        grid = np.asarray(super().subplots(*args, **options), dtype=object)
        axes = grid.ravel()
        axes[: len(self.borrowed)] = self.borrowed
        return axes.reshape(grid.shape) if grid.ndim else axes[0]


def figure_options(
    size: tuple[float, float], ax: AxesLike | None, panels: int
) -> dict[str, Any]:
    """Return the arguments of ArviZ for a new figure, or for axes of the caller.

    Parameters
    ----------
    size : pair of float
        Inches of a new figure.
    ax : Axes, or array or list of Axes, or None
    panels : int

    Raises
    ------
    ModelError
        If there are fewer axes than panels.
    """
    options: dict[str, Any] = {"figsize": size, "FigureClass": Picture}
    if ax is not None:
        borrowed = axes_of(ax, panels)
        options |= {"FigureClass": _FigureOfCaller, "borrowed": borrowed}
    return options


def figure_of(collection: PlotCollection) -> Figure:
    """Return the matplotlib figure of a collection: what a notebook shows and a report takes.

    Examples
    --------
    >>> import numpy as np
    >>> effect = (("chain", "draw"), np.random.default_rng(1).normal(size=(2, 100)))
    >>> posterior_group = xr.Dataset({"effect": effect}, {"chain": range(2), "draw": range(100)})
    >>> draws = xr.DataTree.from_dict({"posterior": posterior_group})
    >>> len(figure_of(posterior(draws, "effect")).axes)
    1
    """
    figure = collection.viz["figure"].item()
    borrowed = isinstance(figure, _FigureOfCaller)
    return figure_of_axes(figure.borrowed[0]) if borrowed else figure


def _with_few_ticks(collection: PlotCollection) -> PlotCollection:
    """Return the collection with so few numbers below each panel that none covers another."""
    for axes in figure_of(collection).axes:
        if axes.xaxis.get_scale() == "linear" and axes.has_data():
            axes.locator_params(axis="x", nbins=_TICKS)
    return collection


def close_in_pyplot(collection: PlotCollection) -> PlotCollection:
    """Return the collection, with its figure no longer among those that pyplot keeps open."""
    import matplotlib.pyplot as plt

    plt.close(collection.viz["figure"].item())
    return collection


def _listed(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _varying(dt: xr.DataTree, names: list[str]) -> xr.DataTree:
    """Return each number that varies as a variable of its own."""
    posterior = dt["posterior"].to_dataset()
    varying = {
        without_slash(f"{name}\n{label}".strip()): (("chain", "draw"), values)
        for name in names
        for label, values in entries(posterior[name]).items()
        if varies(values)
    }
    axes = {dim: posterior[dim].to_numpy() for dim in ("chain", "draw")}
    return xr.DataTree.from_dict({"posterior": xr.Dataset(varying, axes)})
