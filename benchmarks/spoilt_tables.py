"""Ways to spoil the table of a right world: copies, codes for missing values, slips, limits.

Rows that are left out for their outcome are one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

Make = Callable[[int], tuple[Any, Any]]
Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


def spoilt(make: Make, change: Change) -> Make:
    """Return a world whose data sets are those of another one, read after a change of the table.

    Parameters
    ----------
    make, change : callable
    """
    return partial(_spoilt, make, change)


def _spoilt(make: Make, change: Change, seed: int) -> tuple[Any, Any]:
    model, data = make(seed)
    table = change(data.source.copy(), np.random.default_rng(seed))
    return model, type(data).from_frame(table, **data.arguments)


def every_row_twice(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return each row with its copy behind it."""
    return table.loc[table.index.repeat(2)].reset_index(drop=True)


def every_unit_twice(
    table: pd.DataFrame, rng: np.random.Generator, unit: str
) -> pd.DataFrame:
    """Return the units of a panel, and their copies under other names.

    Parameters
    ----------
    table : DataFrame
    rng : Generator
    unit : str
        The column of units, which are numbers.
    """
    copies = table.assign(**{unit: table[unit] + table[unit].max() + 1})
    return pd.concat([table, copies], ignore_index=True)


def coded(table: pd.DataFrame, rng: np.random.Generator, column: str) -> pd.DataFrame:
    """Return a table in which a tenth of a column's values are -9.

    Parameters
    ----------
    table : DataFrame
    rng : Generator
    column : str
    """
    lost = rng.random(len(table)) < 0.1
    return table.assign(**{column: table[column].mask(lost, -9.0)})


def slipped(
    table: pd.DataFrame, rng: np.random.Generator, column: str, factor: float = 1000.0
) -> pd.DataFrame:
    """Return a table in which one value of a column is written in another unit.

    Parameters
    ----------
    table : DataFrame
    rng : Generator
    column : str
    factor : float
        By which the value is too large.
    """
    row = int(rng.integers(len(table)))
    values = table[column].to_numpy(float).copy()
    values[row] *= factor
    return table.assign(**{column: values})


def cut_off(table: pd.DataFrame, rng: np.random.Generator, column: str) -> pd.DataFrame:
    """Return a table in which the lowest fifth of a column's values are recorded as its limit.

    Parameters
    ----------
    table : DataFrame
    rng : Generator
    column : str
    """
    limit = table[column].quantile(0.2)
    return table.assign(**{column: table[column].clip(lower=limit)})


def left_out(
    table: pd.DataFrame, rng: np.random.Generator, column: str
) -> pd.DataFrame:
    """Return a table without the rows of the lowest tenth of a column's values.

    Parameters
    ----------
    table : DataFrame
    rng : Generator
    column : str
    """
    return table[table[column] >= table[column].quantile(0.1)]


def exchanged(
    table: pd.DataFrame, rng: np.random.Generator, share: float = 0.5
) -> pd.DataFrame:
    """Return a panel in which a share of the units have each other's labels in the later half.

    Parameters
    ----------
    table : DataFrame
        With columns `unit`, which are 0, 1, ..., and `time`.
    rng : Generator
    share : float
    """
    chosen = np.flatnonzero(rng.random(int(table["unit"].max()) + 1) < share)
    label = np.arange(int(table["unit"].max()) + 1)
    label[chosen] = rng.permutation(chosen)
    late = table["time"] >= table["time"].median()
    unit = table["unit"].to_numpy(int)
    return table.assign(unit=np.where(late, label[unit], unit))


def top_coded(
    table: pd.DataFrame, rng: np.random.Generator, column: str
) -> pd.DataFrame:
    """Return a table in which the highest fifth of a column's counts are recorded as one count.

    Parameters
    ----------
    table : DataFrame
    rng : Generator
    column : str
    """
    limit = np.floor(table[column].quantile(0.8))
    return table.assign(**{column: table[column].clip(upper=limit)})
