"""ArviZ plots of posterior draws with our interval and our look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from causalstats.model import INTERVAL
from causalstats.plots.style import INK, house_style

_COLUMNS = 3
_MOST_ROWS = 20
_PAGE = 7.0  # inches

if TYPE_CHECKING:
    import xarray as xr
    from arviz_plots import PlotCollection


def posterior(dt: xr.DataTree, var_names: str | Sequence[str]) -> PlotCollection:
    """Marginal density, mean and 95 % equal-tailed interval of each variable of the posterior, in the variable's own unit."""
    from arviz_base import rc_context
    from arviz_plots import plot_dist

    names = _listed(var_names)
    panels = _panels(dt, names)
    with house_style(), rc_context({"plot.max_subplots": max(panels, 1)}):  # ArviZ refuses more than 40 unless told
        collection = plot_dist(
            dt,
            var_names=names,
            kind="kde",
            point_estimate="mean",
            ci_kind="eti",
            ci_prob=INTERVAL,
            backend="matplotlib",
            col_wrap=_COLUMNS,
            figure_kwargs={"figsize": (_PAGE, 0.3 + 1.8 * math.ceil(panels / _COLUMNS))},
        )
    return _released(collection)


def trace(dt: xr.DataTree, var_names: str | Sequence[str]) -> PlotCollection:
    """Do the chains agree? The density of each chain, and its ranks' departure from uniform (Δ-ECDF) with a test of it.

    A colour is a chain, or a label of the variable where there are more than 20 panels. A single chain is shown over its draws instead.
    """
    from arviz_base import rc_context
    from arviz_plots import plot_rank_dist, plot_trace_dist

    names = _listed(var_names)
    panels = _panels(dt, names)
    compact = panels > _MOST_ROWS
    size = {"figsize": (_PAGE, 0.4 + 1.7 * (len(names) if compact else panels))}
    plot = plot_rank_dist if dt["posterior"].sizes["chain"] > 1 else plot_trace_dist
    with house_style(), rc_context({"plot.max_subplots": 2 * max(panels, 1)}):
        collection = plot(
            dt,
            var_names=names,
            kind="kde",
            compact=compact,
            backend="matplotlib",
            visuals={"label": {"size": 9, "color": INK}},
            figure_kwargs=size,
        )
    return _released(collection)


def figure_of(collection: PlotCollection) -> Figure:
    """The matplotlib figure of a collection: what a notebook shows and a report takes."""
    return collection.viz["figure"].item()


def _listed(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _panels(dt: xr.DataTree, names: list[str]) -> int:
    """How many numbers these variables have a draw."""
    sizes = (dt["posterior"][name].sizes for name in names)
    return sum(math.prod(size for dim, size in of.items() if dim not in ("chain", "draw")) for of in sizes)


def _released(collection: Any) -> Any:
    """The collection, its figure no longer open in pyplot."""
    import matplotlib.pyplot as plt

    plt.close(figure_of(collection))
    return collection
