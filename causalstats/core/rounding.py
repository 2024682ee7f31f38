"""Tables of posterior summaries, rounded to what their Monte Carlo error leaves certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_MOST_DECIMALS = 8
_SIGNIFICANT = 3  # digits of a standard deviation, where there is no Monte Carlo error
_COUNTS = ("ess_bulk", "ess_tail")
_DECIMALS_OF_R_HAT = 3


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of summaries as text, with as many decimals as the draws determine.

    The last decimal that is shown is the first that another run would change: the Monte Carlo
    standard error of a mean is sd / √ESS. All rows have the same decimals, so that points stand
    one below the other.

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
    """
    import pandas as pd

    decimals = _decimals(table)
    columns = {}
    for name in table.columns:
        column = table[name]
        if not pd.api.types.is_float_dtype(column):
            columns[name] = column
            continue
        places = decimals
        if name in _COUNTS:
            places = 0
        elif name == "r_hat":
            places = _DECIMALS_OF_R_HAT
        columns[name] = pd.Series(
            [_text(value, places) for value in column], index=column.index, dtype=object
        )
    return pd.DataFrame(columns, index=table.index)


def _text(value: float, decimals: int) -> str:
    if np.isnan(value):
        return "–"
    text = f"{value:,.{decimals}f}"
    is_zero = not text.strip("-0.,")
    return text.lstrip("-") if is_zero else text


def _decimals(table: pd.DataFrame) -> int:
    """Return the decimals that the typical row determines."""
    if "sd" not in table:
        return _SIGNIFICANT
    sd = table["sd"].to_numpy(float)
    if "ess_bulk" in table:
        error = 2 * sd / np.sqrt(np.maximum(table["ess_bulk"].to_numpy(float), 1))
    else:
        error = sd / 10 ** (_SIGNIFICANT - 1)
    known = error[np.isfinite(error) & (error > 0)]
    if not known.size:
        return _SIGNIFICANT
    digits = -int(np.floor(np.log10(np.median(known))))
    return int(np.clip(digits, 0, _MOST_DECIMALS))
