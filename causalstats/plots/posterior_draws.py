"""ArviZ plots of posterior draws with our interval and our look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import xarray as xr
from matplotlib.figure import Figure

from causalstats.colours import INK
from causalstats.core.effect import INTERVAL
from causalstats.numerics.sampling.posterior_summaries import entries, varies
from causalstats.style import house_style

_COLUMNS = 3
_MOST_ROWS = 20
_PAGE = 7.0  # inches

if TYPE_CHECKING:
    from arviz_plots import PlotCollection


def posterior(dt: xr.DataTree, var_names: str | Sequence[str]) -> PlotCollection:
    """Marginal density, mean and 95 % equal-tailed interval of each number that varies in the posterior, in its own unit."""
    from arviz_base import rc_context
    from arviz_plots import plot_dist

    shown = _varying(dt, _listed(var_names))
    panels = len(shown["posterior"].data_vars)
    with (
        house_style(),
        rc_context({"plot.max_subplots": max(panels, 1)}),
    ):  # ArviZ refuses more than 40 unless told
        collection = plot_dist(
            shown,
            kind="kde",
            point_estimate="mean",
            ci_kind="eti",
            ci_prob=INTERVAL,
            backend="matplotlib",
            col_wrap=_COLUMNS,
            figure_kwargs={"figsize": (_PAGE, 0.3 + 1.8 * math.ceil(panels / _COLUMNS))},
        )
    return released(collection)


def trace(dt: xr.DataTree, var_names: str | Sequence[str]) -> PlotCollection:
    """Do the chains agree? The density of each chain, and its ranks' departure from uniform (Δ-ECDF) with a test of it.

    A colour is a chain, or a label of the variable where there are more than 20 panels. A single chain is shown over its draws instead.
    """
    from arviz_base import rc_context
    from arviz_plots import plot_rank_dist, plot_trace_dist

    names = _listed(var_names)
    shown = _varying(dt, names)
    panels = len(shown["posterior"].data_vars)
    compact = panels > _MOST_ROWS
    if compact:
        shown = xr.DataTree.from_dict({"posterior": dt["posterior"].to_dataset()[names]})
    size = {"figsize": (_PAGE, 0.4 + 1.7 * (len(names) if compact else panels))}
    plot = plot_rank_dist if dt["posterior"].sizes["chain"] > 1 else plot_trace_dist
    with house_style(), rc_context({"plot.max_subplots": 2 * max(panels, 1)}):
        collection = plot(
            shown,
            kind="kde",
            compact=compact,
            backend="matplotlib",
            visuals={"label": {"size": 9, "color": INK}},
            figure_kwargs=size,
        )
    return released(collection)


def figure_of(collection: PlotCollection) -> Figure:
    """The matplotlib figure of a collection: what a notebook shows and a report takes."""
    return collection.viz["figure"].item()


def _listed(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _varying(dt: xr.DataTree, names: list[str]) -> xr.DataTree:
    """Each number of these variables as a variable of its own; those that the model holds fixed have nothing to show."""
    posterior = dt["posterior"].to_dataset()
    varying = {
        f"{name}\n{label}".strip(): (("chain", "draw"), values)
        for name in names
        for label, values in entries(posterior[name]).items()
        if varies(values)
    }
    axes = {dim: dt["posterior"][dim].to_numpy() for dim in ("chain", "draw")}
    return xr.DataTree.from_dict({"posterior": xr.Dataset(varying, axes)})


def released(collection: Any) -> Any:
    """The collection, its figure no longer open in pyplot."""
    import matplotlib.pyplot as plt

    plt.close(figure_of(collection))
    return collection
