"""Posterior summaries with Monte Carlo diagnostics: effective sample size (ESS) and R-hat."""

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.numerics.sampling.centre import centre_of
from causalstats.numerics.sampling.convergence_diagnostics import (
    bulk_ess,
    r_hat,
    superchains,
    tail_ess,
    varies,
)

COLUMNS = ("mean", "sd", "lower", "upper", "ess_bulk", "ess_tail", "r_hat")
_MOST_DIAGNOSED = 200
_ENTRY = " entry"  # a name that no dim of an answer has


def entries(draws: xr.DataArray) -> dict[str, np.ndarray]:
    """Return the draws of each number of an array, by its label.

    Parameters
    ----------
    draws : DataArray, dims (chain, draw, ...)

    Returns
    -------
    dict of arrays, shape (chain, draw)
        The label of a single number is empty; labels of several dims are joined by commas.

    Examples
    --------
    >>> draws = xr.DataArray(
    ...     [[[1.0, 2.0]]], dims=("chain", "draw", "group"), coords={"group": ["a", "b"]}
    ... )
    >>> entries(draws)
    {'a': array([[1.]]), 'b': array([[2.]])}
    """
    others = [dim for dim in draws.dims if dim not in ("chain", "draw")]
    if not others:
        return {"": draws.transpose("chain", "draw").to_numpy()}
    flat = draws.stack({_ENTRY: others}).transpose(_ENTRY, "chain", "draw")
    labels = [
        ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)
        for label in flat[_ENTRY].to_numpy()
    ]
    return dict(zip(labels, flat.to_numpy(), strict=True))


def summarise(draws: xr.DataArray, prob: float) -> pd.DataFrame:
    """Return mean, sd, equal-tailed interval, bulk and tail ESS and R-hat.

    Parameters
    ----------
    draws : DataArray, dims (chain, draw, ...)
    prob : float
        The probability of the interval.

    Returns
    -------
    DataFrame
        A row for each entry of the draws. The diagnostics are NaN for constants, such as an exactly
        known prevalence, and for tables of more than 200 rows, one for each person: their sampling
        is that of the parameters.

    Examples
    --------
    >>> values = np.random.default_rng(1).normal(2.0, 1.0, (4, 500))
    >>> table = summarise(xr.DataArray(values, dims=("chain", "draw"), name="effect"), 0.95)
    >>> table[["mean", "lower", "upper", "r_hat"]].round(2)
            mean  lower  upper  r_hat
    effect  1.99   0.07   4.01   1.01
    """
    numbers = entries(draws)
    values = np.stack(list(numbers.values())).astype(float)
    tail = (1 - prob) / 2
    lower, upper = np.quantile(values, [tail, 1 - tail], axis=(1, 2))
    columns = {
        "mean": values.mean((1, 2)),
        "sd": values.std((1, 2), ddof=1),
        "lower": lower,
        "upper": upper,
    }
    columns |= dict(
        zip(COLUMNS[4:], _diagnostics(values, prob, superchains(draws)), strict=True)
    )
    if list(numbers) == [""]:
        return pd.DataFrame(columns, index=[str(draws.name or "value")])
    dims = [str(dim) for dim in draws.dims if dim not in ("chain", "draw")]
    return pd.DataFrame(columns, index=pd.Index(list(numbers), name=", ".join(dims)))


def _diagnostics(
    values: np.ndarray, prob: float, superchain: list[int] | None
) -> np.ndarray:
    """Return bulk ESS, tail ESS and R-hat, shape (3, entry), of draws (entry, chain, draw)."""
    diagnostics = np.full((3, len(values)), np.nan)
    if len(values) > _MOST_DIAGNOSED:
        return diagnostics
    for column, number in enumerate(values):
        if varies(number):
            bulk = bulk_ess(number)
            tail = tail_ess(number, prob)
            diagnostics[:, column] = bulk, tail, r_hat(number, superchain)
    return diagnostics


def surest_first(table: pd.DataFrame, at_least: int, null: float = 0.0) -> pd.DataFrame:
    """Return a table with the rows first whose interval lies most clearly on one side of the null.

    Parameters
    ----------
    table : DataFrame
        With columns mean, lower and upper.
    at_least : int
        Tables with no more rows than that stay in their order, as do tables that lie above the
        null as a whole.
    null : float
        The value without an effect: 0 of differences, 1 of ratios.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"mean": [0.1, -2.0], "lower": [-1.0, -3.0], "upper": [1.2, -1.0]}, index=["a", "b"]
    ... )
    >>> list(surest_first(table, at_least=1).index)
    ['b', 'a']
    """
    if len(table) <= at_least or (table["lower"] > null).all():
        return table
    width = (table["upper"] - table["lower"]).replace(0, np.inf)
    certainty = (table[centre_of(table)] - null).abs() / width
    return table.loc[certainty.sort_values(ascending=False, kind="stable").index]


def simultaneous_band(values: np.ndarray, prob: float) -> np.ndarray:
    """Return limits (k, 2) that hold all k numbers at once with this probability.

    mean ± q sd, with q the quantile of the largest |x - mean| / sd over the numbers of a draw.

    Parameters
    ----------
    values : array, shape (n, k)
        Draws.
    prob : float

    References
    ----------
    Montiel Olea & Plagborg-Møller (2019), Simultaneous confidence bands, Journal of Applied
    Econometrics 34.

    Examples
    --------
    >>> values = np.random.default_rng(1).normal(size=(4000, 5))
    >>> bool((simultaneous_band(values, 0.95)[:, 1] > 2.4).all())  # 1.96 for one number
    True
    """
    mean, sd = values.mean(axis=0), values.std(axis=0, ddof=1)
    apart = np.abs(values - mean) / np.where(sd > 0, sd, 1)
    reach = np.quantile(apart.max(axis=1), prob) * sd
    return np.column_stack([mean - reach, mean + reach])
