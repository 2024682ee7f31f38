"""Posterior summaries with Monte Carlo diagnostics: effective sample size (ESS) and R-hat."""

from collections.abc import Iterator

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
_NUMBERS_AT_ONCE = 2_000_000
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
    values = np.ascontiguousarray(np.moveaxis(_flat(draws), -1, 0))
    return dict(zip(entry_labels(draws), values, strict=True))


def entry_labels(draws: xr.DataArray) -> list[str]:
    """Return the labels of the numbers of an array, as `entries` has them.

    Parameters
    ----------
    draws : DataArray, dims (chain, draw, ...)

    Examples
    --------
    >>> draws = xr.DataArray(np.zeros((4, 100, 2)), dims=("chain", "draw", "group"))
    >>> entry_labels(draws)
    ['0', '1']
    """
    others = [dim for dim in draws.dims if dim not in ("chain", "draw")]
    if not others:
        return [""]
    first = draws.isel(chain=0, draw=0, drop=True).stack({_ENTRY: others})
    return [
        ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)
        for label in first[_ENTRY].to_numpy()
    ]


def entry_blocks(draws: xr.DataArray) -> Iterator[np.ndarray]:
    """Yield the draws (entry, chain, draw) of some of the numbers of an array at a time.

    What is computed of a block takes little memory, however many numbers there are.

    Parameters
    ----------
    draws : DataArray, dims (chain, draw, ...)

    Examples
    --------
    >>> draws = xr.DataArray(np.zeros((4, 500, 1500)), dims=("chain", "draw", "group"))
    >>> [block.shape for block in entry_blocks(draws)]
    [(1000, 4, 500), (500, 4, 500)]
    """
    values = _flat(draws)
    size = values.shape[0] * values.shape[1]
    at_once = max(1, _NUMBERS_AT_ONCE // max(size, 1))
    for first in range(0, values.shape[2], at_once):
        block = values[:, :, first : first + at_once]
        yield np.ascontiguousarray(np.moveaxis(block, -1, 0))


def _flat(draws: xr.DataArray) -> np.ndarray:
    """Return draws (chain, draw, entry)."""
    others = [dim for dim in draws.dims if dim not in ("chain", "draw")]
    values = draws.transpose("chain", "draw", *others).to_numpy()
    return values.reshape(*values.shape[:2], -1)


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
    labels = entry_labels(draws)
    tail = (1 - prob) / 2
    parts = []
    for block in entry_blocks(draws):
        numbers = block.astype(float)
        ends = np.quantile(numbers, [tail, 1 - tail], axis=(1, 2))
        parts.append([numbers.mean((1, 2)), numbers.std((1, 2), ddof=1), *ends])
    columns = dict(zip(COLUMNS[:4], np.concatenate(parts, axis=1), strict=True))
    columns |= dict(
        zip(COLUMNS[4:], _diagnostics(draws, prob, superchains(draws)), strict=True)
    )
    if labels == [""]:
        return pd.DataFrame(columns, index=[str(draws.name or "value")])
    dims = [str(dim) for dim in draws.dims if dim not in ("chain", "draw")]
    return pd.DataFrame(columns, index=pd.Index(labels, name=", ".join(dims)))


def _diagnostics(
    draws: xr.DataArray, prob: float, superchain: list[int] | None
) -> np.ndarray:
    """Return bulk ESS, tail ESS and R-hat, shape (3, entry)."""
    values = _flat(draws)
    diagnostics = np.full((3, values.shape[2]), np.nan)
    if values.shape[2] > _MOST_DIAGNOSED:
        return diagnostics
    for column, number in enumerate(np.moveaxis(values.astype(float), -1, 0)):
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
