"""Uniform ranks of simulation-based calibration: their ECDF with a simultaneous band."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from causalstats.core.readable_text import without_slash
from causalstats.plots.posterior_draws import (
    close_in_pyplot,
    figure_of,
    figure_options,
)
from causalstats.style import house_style

if TYPE_CHECKING:
    from causalstats.core.argument_types import AxesLike

_COLUMNS = 3


def ranks(table: pd.DataFrame, ax: AxesLike | None = None) -> Figure:
    """Draw the ECDF of each column, less that of the uniform, with its 99 % simultaneous band.

    Parameters
    ----------
    table : DataFrame
        A row for each data set and a column for each quantity: ranks of the truth, scaled to
        (0, 1).
    ax : Axes, or array or list of Axes, optional
        One for each column.
    """
    from arviz_base import rc_context
    from arviz_plots import plot_ecdf_pit

    columns = {
        without_slash(str(name)): (("sample",), table[name].to_numpy(float))
        for name in table
    }
    draws = xr.Dataset(columns, {"sample": range(len(table))})
    rows = math.ceil(len(table.columns) / _COLUMNS)
    size = (7.5, 0.5 + 1.9 * rows)
    with (
        house_style(),
        rc_context({"plot.max_subplots": len(table.columns) + _COLUMNS}),
    ):
        collection = plot_ecdf_pit(
            xr.DataTree.from_dict({"prior_sbc": draws}),
            group="prior_sbc",
            sample_dims=["sample"],
            envelope_prob=0.99,
            backend="matplotlib",
            col_wrap=_COLUMNS,
            figure_kwargs=figure_options(size, ax, len(table.columns)),
        )
    return figure_of(close_in_pyplot(collection))
