"""The frame that data were read from: the number of its rows and its index.

Labels that a user hands in later, one a row, are in the order of that frame, whatever rows were
dropped and however the data are sorted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from causalstats.data.column_types import absent
from causalstats.data.columns import some
from causalstats.data.labels import label, labelled
from causalstats.errors import DataError


@dataclass(frozen=True, eq=False)
class Origin:
    """The frame that was read.

    Parameters
    ----------
    size : int
        How many rows it had, those included that were dropped.
    index : Index or None
        The index of a pandas frame, as it is or as text; None where they have no names.
    """

    size: int
    index: pd.Index | None = None

    def labels(self, given: Any, rows: np.ndarray) -> pd.Categorical:
        """Return labels that were given for the rows of the frame, for those that were kept.

        Parameters
        ----------
        given : sequence, array or Series
            A label for each row of the frame: in its order, or a pandas Series with its index.
        rows : int array (n,)
            Row numbers in the frame of those that were kept.

        Raises
        ------
        DataError
            If there are more or fewer than the frame had rows, the index is another, or a row
            that was kept has none.

        Examples
        --------
        >>> list(Origin(size=3).labels(["x", "y", "z"], rows=np.array([0, 2])))
        ['x', 'z']
        """
        series = self._in_order(given)
        column = labelled(series, "by")
        codes = column.codes[rows]
        if (codes < 0).any():
            raise DataError(
                f"Expected a label for each row that was read; there is none in "
                f"{some(np.sort(rows[codes < 0]))}."
            )
        kept = pd.Categorical.from_codes(codes, categories=column.categories)
        return kept.remove_unused_categories()

    def numbers(self, given: Any, rows: np.ndarray) -> np.ndarray:
        """Return numbers that were given for the rows of the frame, for those that were kept.

        Parameters
        ----------
        given : sequence, array or Series
            A number for each row of the frame: in its order, or a pandas Series with its index.
        rows : int array (n,)
            Row numbers in the frame of those that were kept.

        Raises
        ------
        DataError
            If there are more or fewer than the frame had rows, the index is another, or a row
            that was kept has no finite number.

        Examples
        --------
        >>> Origin(size=3).numbers([0.2, 0.5, 0.9], rows=np.array([0, 2]))
        array([0.2, 0.9])
        """
        series = self._in_order(given)
        try:
            values = series.to_numpy().astype(float)[rows]
        except (TypeError, ValueError) as error:
            raise DataError(
                f"Expected a number for each row of the frame, got {series.dtype}: {error}."
            ) from error
        if not np.isfinite(values).all():
            raise DataError(
                "Expected a finite number for each row that was read; there is none in "
                f"{some(np.sort(rows[~np.isfinite(values)]))}."
            )
        return values

    def _in_order(self, given: Any) -> nw.Series[Any]:
        """Return the labels as a series in the order of the frame."""
        if isinstance(given, pd.Series):
            given = self._by_index(given)
        elif not isinstance(given, pd.Categorical):
            try:
                return self._of_size(nw.from_native(given, series_only=True))
            except TypeError:
                given = _listed(given)
        return self._of_size(nw.from_native(pd.Series(given), series_only=True))

    def _of_size(self, series: nw.Series[Any]) -> nw.Series[Any]:
        if len(series) != self.size:
            raise DataError(
                f"Expected a column's name, or a label for each of the {self.size:,} rows of the "
                f"frame that was read, in its order; got {len(series):,}."
            )
        return series

    def _by_index(self, given: pd.Series) -> pd.Series:
        """Return a Series in the order of the frame, by its index."""
        index = self.names
        called = given.index
        if len(given) == self.size and called.equals(index):
            return given
        if not called.equals(pd.RangeIndex(len(called))) and not isinstance(
            index, pd.RangeIndex
        ):
            called = pd.Index([label(value) for value in called])
            index = pd.Index([label(value) for value in index])
        matched = called.is_unique and index.is_unique and index.isin(called).all()
        if matched and (
            len(given) == self.size or not isinstance(index, pd.RangeIndex)
        ):
            return given.iloc[called.get_indexer(index)]
        raise DataError(
            f"A pandas Series is matched by its index with the frame that was read, whose index "
            f"is another ({self.size:,} rows were read, {len(given):,} labels given). Give labels "
            "in the order of that frame without an index: `labels.to_numpy()`."
        )

    @property
    def names(self) -> pd.Index:
        """The names of the rows: their numbers where they have none."""
        return pd.RangeIndex(self.size) if self.index is None else self.index

    def to_list(self) -> list[str] | list[int] | None:
        """Return the row labels, to be kept in a file: whole numbers, or text.

        None for row numbers.
        """
        if self.names.equals(pd.RangeIndex(self.size)):
            return None
        if isinstance(self.names.dtype, np.dtype) and self.names.dtype.kind in "iu":
            return [int(value) for value in self.names]
        return [label(value) for value in self.names]


def origin_of(frame: Any, size: int) -> Origin:
    """Return the number of rows and the index of a frame."""
    return Origin(size, frame.index if isinstance(frame, pd.DataFrame) else None)


def _listed(given: Any) -> pd.Series:
    """Return labels of any sequence, Python objects left as they are."""
    if (
        isinstance(given, np.ndarray)
        and given.ndim == 1
        and given.dtype.kind in "biufUM"
    ):
        return pd.Series(given)
    if isinstance(given, str) or np.ndim(given) == 0 and not hasattr(given, "__iter__"):
        raise DataError(
            f"Expected a column's name, or a label for each row of the frame, got {given!r}."
        )
    if isinstance(given, np.ndarray) and given.ndim != 1:
        raise DataError(
            f"Expected a label for each row, got an array of shape {given.shape}."
        )
    return pd.Series(
        [None if absent(value) else value for value in given], dtype=object
    )
