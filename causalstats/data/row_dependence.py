"""Dependent rows: repeated measurements of a subject, or serial correlation in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from causalstats.data.columns import frozen, some
from causalstats.errors import DataError


@dataclass(frozen=True, eq=False)
class Dependence:
    """Which rows belong to one subject, and how far apart in time they are.

    Attributes
    ----------
    subject : int array (n,)
        The number of each row's subject; all 0 in a single series.
    links : mapping
        Arguments of `numerics.regression.row_correlation`: `member` (N, n) of rows that are equally
        correlated; `gap` and `linked`, both (n,), of rows in order of time.
    unit : float
        The median gap, in the unit of the column of time; NaN without.
    """

    subject: np.ndarray
    links: Mapping[str, np.ndarray]
    unit: float


def in_order(table: pd.DataFrame, subject: str | None, time: str | None) -> np.ndarray:
    """Return positions of the rows sorted by subject, then time; as they are if neither is named.

    Parameters
    ----------
    table : DataFrame
    subject, time : str or None
        Columns.
    """
    by = [name for name in (subject, time) if name is not None]
    if not by:
        return np.arange(len(table))
    return np.lexsort([_codes(table[name]) for name in reversed(by)])


def dependence_of(
    table: pd.DataFrame, subject: str | None, time: str | None, rows: np.ndarray
) -> Dependence | None:
    """Return which rows of a sorted table depend on each other; None if nothing is named.

    Rows of a subject are equally correlated; with a column of time, the less the further apart.

    Parameters
    ----------
    table : DataFrame
        In the order of `in_order`.
    subject, time : str or None
        Columns.
    rows : int array (n,)
        Row numbers, for messages.

    Raises
    ------
    DataError
        If every row or no row has a subject of its own, times are text, or two rows of a subject
        have the same time.
    """
    if subject is None and time is None:
        return None
    codes = np.zeros(len(table), int) if subject is None else _codes(table[subject])
    if len(np.unique(codes)) == len(table):
        raise DataError(
            f"Every row has a {subject!r} of its own: expected subjects with several rows. Leave "
            "out `subject`."
        )
    if time is None and codes.max() == 0:
        raise DataError(
            f"Every row is of one {subject!r}: what they share cannot be told from the mean. Leave "
            "out `subject`, or name a `time`."
        )
    if time is None:
        member = (codes == np.arange(codes.max() + 1)[:, None]).astype(float)
        return Dependence(frozen(codes), {"member": frozen(member)}, np.nan)
    if isinstance(table[time].dtype, pd.CategoricalDtype):
        raise DataError(
            f"Expected time {time!r} as numbers or dates, got text such as {table[time].iloc[0]!r}."
        )
    linked = np.diff(codes, prepend=-1) == 0
    gap = np.diff(table[time].to_numpy(float), prepend=np.nan)
    again = linked & (gap == 0)
    if again.any():
        whose = "" if subject is None else f" of one {subject!r}"
        raise DataError(
            f"Two rows{whose} have the same {time!r}, such as {some(np.sort(rows[again]))}. "
            "Aggregate them, or leave one out."
        )
    unit = float(np.median(gap[linked]))
    links = {
        "gap": frozen(np.where(linked, gap / unit, 1.0)),
        "linked": frozen(linked.astype(float)),
    }
    return Dependence(frozen(codes), links, unit)


def _codes(column: pd.Series) -> np.ndarray:
    return pd.factorize(column, sort=True)[0]
