"""Whether ranks are uniform."""

from __future__ import annotations

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from causalstats.plots.posterior_draws import figure_of, released
from causalstats.style import house_style

_COLUMNS = 3


def ranks(table: pd.DataFrame) -> Figure:
    """ECDF of each column, less that of the uniform on (0, 1), with the simultaneous 99 % band of uniform draws.

    A row a data set, values on (0, 1).
    """
    from arviz_base import rc_context
    from arviz_plots import plot_ecdf_pit

    draws = xr.Dataset(
        {name: (("sample",), table[name].to_numpy(float)) for name in table},
        {"sample": range(len(table))},
    )
    rows = -(-len(table.columns) // _COLUMNS)
    with house_style(), rc_context({"plot.max_subplots": len(table.columns) + _COLUMNS}):
        collection = plot_ecdf_pit(
            xr.DataTree.from_dict({"prior_sbc": draws}),
            group="prior_sbc",
            sample_dims=["sample"],
            envelope_prob=0.99,
            backend="matplotlib",
            col_wrap=_COLUMNS,
            figure_kwargs={"figsize": (7.5, 0.5 + 1.9 * rows)},
        )
    return figure_of(released(collection))
