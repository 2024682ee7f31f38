"""Observations of the variables of a causal diagram: categories, counted by cell, and numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from causalstats.core.argument_types import Frame
from causalstats.core.html_card import html_card
from causalstats.core.wording import Wording
from causalstats.data.column_roles import refuse_out_of_scale, text_that_is_no_number
from causalstats.data.column_words import (
    column_words,
    refuse_unknown_levels,
    wording,
)
from causalstats.data.columns import (
    as_frame,
    choice,
    column_name,
    column_names,
    described,
    frozen,
    kept,
    missing_rows,
    read,
    refuse_incomplete,
    together,
    unknown,
)
from causalstats.errors import DataError

MOST_CELLS = 10_000_000  # of a table that is held as a whole
_MOST_LEVELS = 10  # values of a column of whole numbers that are taken as labels


@dataclass(frozen=True, eq=False, kw_only=True)
class Observations:
    """Joint observations of variables; a contingency table where all are categorical.

    Made by `Observations.from_frame`. Arrays are read-only.

    Attributes
    ----------
    variables : tuple of str
        In the order of the columns.
    levels : mapping of variable to tuple
        Levels of the categorical variables: text, or whole numbers, in order.
    codes : int array (r, labels)
        Positions in `levels`, a column a variable of `levels`.
    numbers : array (r, variables less labels)
        The others.
    counts : array (r,)
        How many rows each of these stands for.
    rows : int array
        Row numbers in the frame, counted from 0, of what was kept.
    dropped : mapping of column name to the number of rows dropped because it was missing
    source : DataFrame
        The columns that were read.
    filled : mapping of variable to bool array (r,), or None
        Where values were filled in, of one completion of observations with missing values; None
        of all other observations.

    Examples
    --------
    >>> frame = pd.DataFrame({"smoking": [0, 1, 1, 0], "cancer": [0, 1, 0, 0]})
    >>> data = Observations.from_frame(frame)
    >>> data
    Observations
      Observations: 4
      Levels of smoking: 0, 1
      Levels of cancer: 0, 1
      Cells seen: 3 of 4
      Rows dropped: none
    >>> data.table(["smoking", "cancer"])
    array([[2., 0.],
           [1., 1.]])
    """

    variables: tuple[str, ...]
    levels: Mapping[str, tuple[Any, ...]]
    codes: np.ndarray
    numbers: np.ndarray
    counts: np.ndarray
    rows: np.ndarray
    dropped: Mapping[str, int]
    source: pd.DataFrame
    arguments: Mapping[str, Any]
    filled: Mapping[str, np.ndarray] | None = None

    @classmethod
    def from_frame(
        cls,
        frame: Frame,
        *,
        columns: Sequence[str] | None = None,
        counts: str | None = None,
        continuous: Sequence[str] = (),
        missing: Literal["error", "drop", "keep"] = "error",
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Observations:
        """Read a pandas, polars or pyarrow frame, which is left as it is.

        Parameters
        ----------
        frame
            One row an observation, or one row a cell with the count of it.
        columns : list of str, optional
            The variables; all columns, without it. Text, categories, True/False, and whole numbers
            of at most ten different values are categorical, with levels in the order that the frame
            gives them, else sorted; the others are numeric.
        counts : str, optional
            A column that says how many observations a row stands for. A level whose count is 0 is
            still a level.
        continuous : list of str
            Columns of few different whole numbers that are numeric all the same.
        missing : "error", "drop" or "keep"
            Treatment of rows that have missing values: "drop" keeps the complete cases; "keep"
            keeps every row, and `CausalDiagram` fills in what is missing by its posterior.
        labels : mapping of column, or of "column=level", to str, optional
            Words for columns in sentences, tables and figures, as they read inside a sentence:
            `{"smoking": "smoking", "cancer": "lung cancer"}`. Levels have words too:
            `{"drug": "the drug", "drug=b": "aspirin"}`.
        units : mapping of column to str, optional
            Units of columns: `{"weight": "kg"}`. A unit that begins with "log", such
            as "log US dollars", declares that the column holds natural logarithms; answers about
            it are then told in per cent.

        Returns
        -------
        Observations

        Raises
        ------
        DataError
            If a column is not there or is named twice, labels or units are no text, counts are not
            whole numbers of 0 or more, rows have missing values and `missing` is "error", or a
            column has no value at all.

        Examples
        --------
        >>> cells = pd.DataFrame({"x": ["a", "b"], "y": ["no", "yes"], "n": [30, 12]})
        >>> Observations.from_frame(cells, counts="n").counts
        array([30., 12.])
        """
        choice("missing", missing, ("error", "drop", "keep"))
        continuous = column_names("continuous", continuous)
        names = _names(frame, columns, counts, continuous)
        counted = [] if counts is None else [counts]
        words = column_words(labels, units, [*names, *counted])
        checks: list[tuple[Sequence[str], Callable[[pd.DataFrame], Any]]] = [
            *(([name], partial(_refuse_counts, name=name)) for name in counted),
            *(([name], partial(_refuse_text, name=name)) for name in continuous),
            ([], partial(_refuse_gaps, missing=missing, counted=counted)),
        ]
        table = read(frame, [*names, *counted], whole=names, checks=checks)
        refuse_unknown_levels(words, table)
        gaps = {} if missing == "keep" else missing_rows(table)
        table, rows = kept(table, gaps)
        weights = _counts(table, counts)
        levels = {
            name: known
            for name in names
            if name not in continuous and (known := _levels(table[name])) is not None
        }
        codes = (
            np.column_stack([_codes(table[name], levels[name]) for name in levels])
            if levels
            else np.empty((len(table), 0), int)
        )
        others = [name for name in names if name not in levels]
        numbers = (
            np.column_stack(
                together(*(partial(_numbers, table[name]) for name in others))
            )
            if others
            else np.empty((len(table), 0))
        )
        if not others:
            codes, inverse = np.unique(codes, axis=0, return_inverse=True)
            weights = np.bincount(inverse.ravel(), weights)
            numbers = np.empty((len(codes), 0))
        seen = weights > 0
        return cls(
            variables=names,
            levels=levels,
            codes=frozen(codes[seen]),
            numbers=frozen(numbers[seen]),
            counts=frozen(weights[seen]),
            rows=frozen(rows),
            dropped={name: int(mask.sum()) for name, mask in gaps.items()},
            source=table,
            arguments={
                "columns": list(names),
                "counts": counts,
                "continuous": list(continuous),
                "missing": missing,
                **words,
            },
        )

    @property
    def wording(self) -> Wording:
        """Labels and units of the columns."""
        return wording(self.arguments)

    @cached_property
    def continuous(self) -> tuple[str, ...]:
        """The numeric variables, a column of `numbers` each.

        Examples
        --------
        >>> frame = pd.DataFrame({"dose": [0.5, 1.5, 2.0], "cured": ["no", "yes", "yes"]})
        >>> Observations.from_frame(frame).continuous
        ('dose',)
        """
        return tuple(name for name in self.variables if name not in self.levels)

    @cached_property
    def gaps(self) -> Mapping[str, np.ndarray]:
        """The rows in which a variable is missing, bool arrays (r,); variables that lack none out.

        Examples
        --------
        >>> frame = pd.DataFrame({"stage": ["I", "II", None]})
        >>> Observations.from_frame(frame, missing="keep").gaps
        {'stage': array([ True, False, False])}
        """
        if self.filled is not None:
            return {}
        masks = {name: self._absent(name) for name in self.variables}
        return {name: mask for name, mask in masks.items() if mask.any()}

    def _absent(self, name: str) -> np.ndarray:
        values = self.raw_column(name)
        return values < 0 if name in self.levels else np.isnan(values)

    def raw_column(self, name: str) -> np.ndarray:
        """Return codes or numbers of one variable (r,), -1 or NaN where it is missing.

        Examples
        --------
        >>> frame = pd.DataFrame({"stage": ["I", "II", None]})
        >>> Observations.from_frame(frame, missing="keep").raw_column("stage")
        array([-1,  0,  1])
        """
        if name in self.levels:
            return self.codes[:, list(self.levels).index(name)]
        return self.numbers[:, self.continuous.index(name)]

    def cells_of_source(self) -> np.ndarray:
        """Return the row of `codes` that each row of the frame is counted in.

        For a frame without counts.

        Examples
        --------
        >>> frame = pd.DataFrame({"stage": ["II", "I", "II"]})
        >>> Observations.from_frame(frame).cells_of_source()
        array([1, 0, 1])
        """
        if self.continuous:
            return np.arange(len(self.source))
        columns = [_codes(self.source[name], self.levels[name]) for name in self.levels]
        return np.unique(np.column_stack(columns), axis=0, return_inverse=True)[
            1
        ].ravel()

    def seen_numbers(self, name: str) -> np.ndarray:
        """Return a number of every observation in which it was seen.

        Values that a completion filled in are left out.

        Examples
        --------
        >>> frame = pd.DataFrame({"dose": [0.5, 1.5, None]})
        >>> Observations.from_frame(frame, missing="keep").seen_numbers("dose")
        array([0.5, 1.5])
        """
        values = self.raw_column(name)
        seen = ~self._absent(name)
        if self.filled is not None and name in self.filled:
            seen &= ~self.filled[name]
        return np.repeat(values[seen], self.counts[seen].astype(int))

    def column(self, name: str) -> np.ndarray:
        """Return codes or numbers of one variable (r,).

        Raises
        ------
        DataError
            If there is no such variable, or it has missing values.

        Examples
        --------
        >>> frame = pd.DataFrame({"dose": [0.5, 1.5, 2.0], "cured": ["no", "yes", "yes"]})
        >>> data = Observations.from_frame(frame)
        >>> data.column("dose"), data.column("cured")
        (array([0.5, 1.5, 2. ]), array([0, 1, 1]))
        """
        if name not in self.variables:
            raise unknown(name, self.variables, "variable")
        if name in self.gaps:
            raise DataError(
                f"Variable {name!r} has missing values, and complete observations are needed "
                "here. Read them with `missing='drop'`, or fit them: `cs.fit` fills in what is "
                "missing."
            )
        return self.raw_column(name)

    def table(
        self, names: Sequence[str], levels: Mapping[str, Sequence[Any]] | None = None
    ) -> np.ndarray:
        """Return the contingency table of some categorical variables, an axis each.

        Parameters
        ----------
        names : sequence of str
        levels : mapping of str to sequence, optional
            The levels of each, in the order of its axis: those of the data, or more.

        Raises
        ------
        DataError
            If a level of the data is not among `levels`, or there are more than `MOST_CELLS` cells.

        Examples
        --------
        >>> data = Observations.from_frame(pd.DataFrame({"stage": ["II", "I", "II"]}))
        >>> data.table(["stage"])
        array([1., 2.])
        """
        known = self.levels if levels is None else levels
        shape = tuple(len(known[name]) for name in names)
        if (cells := float(np.prod(shape, dtype=float))) > MOST_CELLS:
            raise DataError(
                f"The table of {', '.join(names)} has {cells:.3g} cells; at most {MOST_CELLS:,} "
                "can be held. Join levels, e.g. `pandas.cut`, or name fewer variables: those that "
                "the answer does not need can be left out of diagram and data."
            )
        places = [self.places(name, known[name]) for name in names]
        flat = (
            np.ravel_multi_index(places, shape)
            if names
            else np.zeros(len(self.counts), int)
        )
        return np.bincount(flat, self.counts, minlength=int(cells)).reshape(shape)

    def with_second_study(self, codes: np.ndarray) -> Observations:
        """Return these observations and as many others of labels.

        Parameters
        ----------
        codes : int array, shape (n, labels)
            Positions in `levels` of each further observation, a column a variable.

        Examples
        --------
        >>> data = Observations.from_frame(pd.DataFrame({"stage": ["II", "I"]}))
        >>> data.with_second_study(np.array([[1], [1]])).counts
        array([1., 3.])
        """
        every = np.concatenate([self.codes, codes])
        weights = np.concatenate([self.counts, np.ones(len(codes))])
        cells, cell = np.unique(every, axis=0, return_inverse=True)
        return replace(
            self,
            codes=frozen(cells),
            numbers=frozen(np.empty((len(cells), 0))),
            counts=frozen(np.bincount(cell.ravel(), weights)),
        )

    def places(self, name: str, levels: Sequence[Any]) -> np.ndarray:
        """Return the position of the level of each row among given levels, (r,).

        Parameters
        ----------
        name : str
            A label.
        levels : sequence
            Those of the data, or more.

        Raises
        ------
        DataError
            If a level of the data is not among them.

        Examples
        --------
        >>> data = Observations.from_frame(pd.DataFrame({"stage": ["II", "I"]}))
        >>> data.places("stage", ["0", "I", "II"])
        array([1, 2])
        """
        where = {str(level): position for position, level in enumerate(levels)} | {
            level: position for position, level in enumerate(levels)
        }
        strange = [
            level
            for level in self.levels[name]
            if level not in where and str(level) not in where
        ]
        if strange:
            raise DataError(
                f"Variable {name!r} has the level {strange[0]!r} in the data, and the diagram has "
                f"{', '.join(map(repr, levels))} alone. Recode it, or add it there."
            )
        return np.array(
            [where.get(level, where.get(str(level), 0)) for level in self.levels[name]]
        )[self.column(name)]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything a model sees."""
        digest = hashlib.sha256(
            "\0".join(
                [
                    *self.variables,
                    *(f"{name}\1{levels!r}" for name, levels in self.levels.items()),
                ]
            ).encode()
        )
        for array in (self.codes.astype("<i8"), self.numbers, self.counts):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def __repr__(self) -> str:
        return described(self)

    def _repr_html_(self) -> str:
        return html_card(type(self).__name__, self.facts())

    def __len__(self) -> int:
        return int(self.counts.sum())

    def facts(self) -> dict[str, str]:
        """Return the facts about the data that a report shows.

        Examples
        --------
        >>> data = Observations.from_frame(pd.DataFrame({"stage": ["II", "I"]}))
        >>> data.facts()["Levels of stage"]
        'I, II'
        """
        cells = np.prod([len(levels) for levels in self.levels.values()], dtype=float)
        whole = (self.codes >= 0).all(axis=1)  # a value that is missing has the code -1
        seen = len(np.unique(self.codes[whole], axis=0))
        return {
            "Observations": f"{len(self):,}",
            **{
                f"Levels of {self.wording.label(name)}": ", ".join(
                    self.wording.level(name, level) for level in levels
                )
                for name, levels in self.levels.items()
            },
            **({"Numbers": ", ".join(self._numeric())} if self.continuous else {}),
            **({"Cells seen": f"{seen:,} of {cells:,.0f}"} if self.levels else {}),
            "Rows dropped": ", ".join(
                f"{count:,} without '{name}'" for name, count in self.dropped.items()
            )
            or "none",
            **({"Missing values": ", ".join(self._missing())} if self.gaps else {}),
        }

    def _missing(self) -> list[str]:
        return [
            f"{int(self.counts[mask].sum()):,} of '{name}'"
            for name, mask in self.gaps.items()
        ]

    def _numeric(self) -> list[str]:
        return [self.wording.described(name) for name in self.continuous]


def _names(
    frame: Frame,
    columns: Sequence[str] | None,
    counts: str | None,
    continuous: Sequence[str],
) -> tuple[str, ...]:
    if counts is not None:
        column_name("counts", counts)
    if columns is None:
        known = as_frame(frame).columns
        if isinstance(frame, pd.DataFrame):
            known = list(
                frame.columns
            )  # with those that stand twice, which `read` refuses
        columns = [name for name in known if name != counts]
    names = column_names("columns", columns)
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if twice is not None or counts in names:
        raise DataError(
            f"Column {twice or counts!r} is named twice; expected each to be one variable, or the "
            "counts."
        )
    strange = [name for name in continuous if name not in names]
    if strange:
        raise unknown(strange[0], names, "variable")
    return names


def _counts(table: pd.DataFrame, name: str | None) -> np.ndarray:
    if name is None:
        return np.ones(len(table))
    if table[name].sum() == 0:
        raise DataError(f"All counts {name!r} are 0: nothing was observed.")
    return table[name].to_numpy(float)


def _refuse_counts(table: pd.DataFrame, name: str) -> None:
    """Refuse counts that are not whole numbers of 0 or more; missing ones are another matter."""
    column = table[name].dropna()
    text = isinstance(column.dtype, pd.CategoricalDtype)
    if text or not ((column >= 0) & (column == column.round())).all():
        raise DataError(
            f"Expected counts {name!r} as whole numbers of 0 or more, how many observations a row "
            "stands for."
        )


def _levels(column: pd.Series) -> tuple[Any, ...] | None:
    """Return the levels of a column of labels, in order; None for a column of numbers."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return tuple(column.cat.categories)
    values = column.dropna().unique()
    whole = len(values) <= _MOST_LEVELS and all(value == int(value) for value in values)
    return tuple(sorted(int(value) for value in values)) if whole else None


def _codes(column: pd.Series, levels: tuple[Any, ...]) -> np.ndarray:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(int)
    return pd.Index(levels).get_indexer(column.to_numpy())


def _numbers(column: pd.Series) -> np.ndarray:
    values = column.to_numpy(float)
    refuse_out_of_scale(f"Variable {column.name!r}", values[~np.isnan(values)])
    return values


def _refuse_gaps(table: pd.DataFrame, missing: str, counted: Sequence[str]) -> None:
    """Refuse missing values that are neither dropped nor kept, and those that cannot be kept.

    Parameters
    ----------
    table : DataFrame
    missing : str
    counted : list of str
        The column of counts, if there is one.
    """
    gaps = missing_rows(table)
    if missing != "keep":
        refuse_incomplete(gaps, missing)
        return
    refuse_incomplete({name: mask for name, mask in gaps.items() if name in counted})
    empty = [name for name, mask in gaps.items() if mask.all()]
    if empty:
        raise DataError(
            f"Column {empty[0]!r} has no value in any row. Leave it out of `columns`, and say in "
            "the diagram that it is hidden."
        )


def _refuse_text(table: pd.DataFrame, name: str) -> None:
    column = table[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        raise DataError(
            f"Expected {name!r} to be numbers, since it is said to be continuous; got text such as "
            f"{text_that_is_no_number(column)}."
        )
