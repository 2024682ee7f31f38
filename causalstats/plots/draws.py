"""ArviZ plots of posterior draws with our interval and our look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from causalstats.model import INTERVAL
from causalstats.plots.style import house_style

if TYPE_CHECKING:
    import xarray as xr
    from arviz_plots import PlotCollection


def posterior(dt: xr.DataTree, var_names: str | Sequence[str]) -> PlotCollection:
    """Marginal density, mean and 95 % equal-tailed interval of each variable of the posterior, in the variable's own unit."""
    from arviz_plots import plot_dist

    with house_style():
        return _released(
            plot_dist(
                dt,
                var_names=_listed(var_names),
                kind="kde",
                point_estimate="mean",
                ci_kind="eti",
                ci_prob=INTERVAL,
                backend="matplotlib",
            )
        )


def trace(dt: xr.DataTree, var_names: str | Sequence[str]) -> PlotCollection:
    """Do the chains agree? The density of each chain, and its rank differences with the band in which 95 % of good runs stay whole."""
    from arviz_plots import plot_rank_dist

    with house_style():
        return _released(plot_rank_dist(dt, var_names=_listed(var_names), kind="kde", envelope_prob=INTERVAL, backend="matplotlib"))


def figure_of(collection: PlotCollection) -> Figure:
    """The matplotlib figure of a collection: what a notebook shows and a report takes."""
    return collection.viz["figure"].item()


def _listed(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _released(collection: Any) -> Any:
    """The collection, its figure no longer open in pyplot."""
    import matplotlib.pyplot as plt

    plt.close(figure_of(collection))
    return collection
