"""Tables of posterior summaries, rounded to what their Monte Carlo error leaves certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.formatting import with_decimals

if TYPE_CHECKING:
    import pandas as pd

_MOST_DECIMALS = 8
_SIGNIFICANT = 3  # digits of a standard deviation, where there is no Monte Carlo error
_LEAST_SD = 3  # of the last decimal: with less, a table hides an interval
_NORMAL_QUANTILE = 1.96
_COUNTS = ("ess_bulk", "ess_tail")
_DECIMALS_OF_R_HAT = 3


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of summaries as text, with as many decimals as the draws determine.

    The last decimal that is shown is the first that another run would change: the Monte Carlo
    standard error of a mean is sd / √ESS. Rows have the same decimals, so that points stand one
    below the other, except rows whose sd these decimals would hide.

    Parameters
    ----------
    table : DataFrame
        Columns mean, sd, lower and upper, and `ess_bulk` where there are draws. Columns of words
        stay as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> table = {"mean": 0.123456, "sd": 0.05, "lower": 0.02, "upper": 0.2, "ess_bulk": 400.4}
    >>> rounded(pd.DataFrame(table, index=["effect"])).loc["effect"].tolist()
    ['0.123', '0.050', '0.020', '0.200', '400']
    >>> rounded(pd.DataFrame({"mean": [0.1, 2e-6], "sd": [0.02, 3e-7]}))["mean"].tolist()
    ['0.1000', '2.000e-06']
    """
    import pandas as pd

    decimals = _decimals_by_row(table)
    columns = {}
    for name in table.columns:
        column = table[name]
        if not pd.api.types.is_float_dtype(column):
            columns[name] = column
            continue
        places = decimals
        if name in _COUNTS:
            places = np.zeros(len(table), int)
        elif name == "r_hat":
            places = np.full(len(table), _DECIMALS_OF_R_HAT)
        columns[name] = pd.Series(
            [_text(value, each) for value, each in zip(column, places, strict=True)],
            index=column.index,
            dtype=object,
        )
    return pd.DataFrame(columns, index=table.index)


def _text(value: float, decimals: int) -> str:
    if np.isnan(value):
        return "–"
    return with_decimals(value, decimals, _MOST_DECIMALS)


def _decimals_by_row(table: pd.DataFrame) -> np.ndarray:
    """Return the decimals that the typical row determines; of a row that these hide, its own."""
    if "sd" not in table:
        return np.full(len(table), _SIGNIFICANT)
    sd = table["sd"].to_numpy(float)
    if (
        "median" in table
    ):  # of a heavy tail the sd says nothing: the nearer end of the interval
        median, lower, upper = table[["median", "lower", "upper"]].to_numpy(float).T
        sd = np.minimum(median - lower, upper - median) / _NORMAL_QUANTILE
    if "ess_bulk" in table:
        error = 2 * sd / np.sqrt(np.maximum(table["ess_bulk"].to_numpy(float), 1))
    else:
        error = sd / 10 ** (_SIGNIFICANT - 1)
    known = np.isfinite(error) & (error > 0)
    if not known.any():
        return np.full(len(table), _SIGNIFICANT)
    typical = _digits(np.median(error[known]))
    decimals = np.full(len(table), max(int(typical), 0))
    hidden = known.copy()
    hidden[known] = sd[known] < _LEAST_SD * 10.0 ** -decimals[known]
    decimals[hidden] = _digits(error[hidden])
    return decimals


def _digits(error: np.ndarray) -> np.ndarray:
    return -np.floor(np.log10(error)).astype(int)
