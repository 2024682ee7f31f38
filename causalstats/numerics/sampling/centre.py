"""The number that stands for an answer: its posterior mean, or its median where a mean misleads.

A few draws carry the mean of a ratio, of a quotient and of anything else with a heavy tail: it can
lie beyond the interval, and quotients have none at all. The median of draws always lies within.
Tables of such answers have a column `median`, and that is the number that sentences, figures and
reports show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Centre = Literal["mean", "median"]
_OUTER = (0.025, 0.975)
_ENTRIES_AT_ONCE = 2000
_ROUNDING = 1e-9  # of the largest number: means of constants differ from them by that


def centre_of(table: pd.DataFrame) -> Centre:
    """Return the column of a table of estimates that stands for each of its rows.

    Examples
    --------
    >>> import pandas as pd
    >>> centre_of(pd.DataFrame({"median": [2.0], "mean": [90.0], "lower": [1.0], "upper": [8.0]}))
    'median'
    """
    return "median" if "median" in table else "mean"


def estimate_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns of a table that readers are shown: a number and its interval.

    Examples
    --------
    >>> import pandas as pd
    >>> estimate_columns(pd.DataFrame({"mean": [2.0], "sd": [1.0], "lower": [0], "upper": [4]}))
    ['mean', 'lower', 'upper']
    """
    return [centre_of(table), "lower", "upper"]


def mean_outside(draws: xr.DataArray, means: np.ndarray) -> bool:
    """Return whether the mean of some entry lies outside its own 95 % interval.

    Parameters
    ----------
    draws : DataArray, dims (chain, draw, ...)
    means : array, shape (entries,)
        In the order of the entries.

    Examples
    --------
    >>> import xarray as xr
    >>> heavy = xr.DataArray([[*np.linspace(0, 1, 199), 1e6]], dims=("chain", "draw"))
    >>> mean_outside(heavy, np.array([heavy.mean()]))
    True
    """
    others = [dim for dim in draws.dims if dim not in ("chain", "draw")]
    values = draws.transpose("chain", "draw", *others).to_numpy()
    flat = values.reshape(values.shape[0] * values.shape[1], -1)
    inside = (
        _OUTER[0] * (len(flat) - 1) + 2
    )  # draws on either side: quantiles lie beyond
    for first in range(0, flat.shape[1], _ENTRIES_AT_ONCE):
        block = flat[:, first : first + _ENTRIES_AT_ONCE]
        mean = means[first : first + _ENTRIES_AT_ONCE]
        below = (block < mean).sum(axis=0)
        above = (block > mean).sum(axis=0)
        asked = np.flatnonzero(np.minimum(below, above) < inside)
        if not len(asked):
            continue
        lower, upper = np.quantile(block[:, asked], _OUTER, axis=0)
        reach = _ROUNDING * np.maximum(abs(lower), abs(upper))
        if ((mean[asked] < lower - reach) | (mean[asked] > upper + reach)).any():
            return True
    return False


def weighted_centre(centre: Centre, values: np.ndarray, weights: np.ndarray) -> float:
    """Return the weighted mean or median of draws.

    Parameters
    ----------
    centre : {"mean", "median"}
    values, weights : array, shape (draws,)
        Weights add up to 1.

    Examples
    --------
    >>> weighted_centre("median", np.array([3.0, 1.0, 2.0]), np.full(3, 1 / 3))
    2.0
    """
    if centre == "mean":
        return float(weights @ values)
    order = np.argsort(values)
    below = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(0.5, below, values[order]))
