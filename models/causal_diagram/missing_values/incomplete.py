"""Observations with missing values as samplers take them: codes by position, indicators as columns.

Values are filled in row by row. `completed` makes observations without gaps out of the values at
the gaps, in which the indicators of the missingness graph are variables like the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalstats.data import Observations
from causalstats.errors import DataError
from causalstats.models.causal_diagram.levels import level_index

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram

Values = dict[str, np.ndarray]
"""Positions of levels, or numbers, at the gaps of each variable."""

_MOST_ROWS = 1_000_000


@dataclass(frozen=True, eq=False)
class Incomplete:
    """Observations some of whose values are missing, with the indicators as columns.

    Parameters
    ----------
    data : Observations
        Codes are positions in the levels of the model; -1 and NaN where a value is missing.
    masks : mapping of variable to bool array (rows,)
        Where it is missing; variables that lack none are left out.
    """

    data: Observations
    masks: Mapping[str, np.ndarray]

    @cached_property
    def by_row(self) -> Incomplete:
        """The same with a row for each observation that lacks a value."""
        lacking = np.logical_or.reduce([*self.masks.values()], axis=0)
        lacking = np.broadcast_to(lacking, len(self.data.counts))
        times = np.where(lacking, self.data.counts, 1).astype(int)
        if times.sum() > _MOST_ROWS:
            raise DataError(
                f"{times.sum():,} rows cannot be filled in one by one; at most {_MOST_ROWS:,}. "
                "Use labels with route='reduced', which fills in cells, or fewer rows."
            )
        rows = np.repeat(np.arange(len(times)), times)
        counts = np.where(lacking, 1.0, self.data.counts)[rows]
        data = replace(
            self.data,
            codes=self.data.codes[rows],
            numbers=self.data.numbers[rows],
            counts=counts,
        )
        return Incomplete(data, {name: mask[rows] for name, mask in self.masks.items()})

    def from_donors(self, rng: np.random.Generator) -> Values:
        """Return values drawn from those that were seen of each variable, to begin with."""
        values = {}
        for name, mask in self.masks.items():
            column = self.data.raw_column(name)
            weights = np.where(mask, 0.0, self.data.counts)
            donors = rng.choice(len(mask), int(mask.sum()), p=weights / weights.sum())
            values[name] = column[donors]
        return values

    def completed(self, values: Values) -> Observations:
        """Return observations without gaps.

        Parameters
        ----------
        values : mapping of variable to array (gaps of it,)
        """
        codes = self.data.codes.copy()
        numbers = self.data.numbers.copy()
        labels = list(self.data.levels)
        for name, filled in values.items():
            if name in self.data.levels:
                codes[self.masks[name], labels.index(name)] = filled
            else:
                place = self.data.continuous.index(name)
                numbers[self.masks[name], place] = filled
        return replace(self.data, codes=codes, numbers=numbers, filled=self.masks)


def with_source(data: Observations, filled: Observations) -> Observations:
    """Return completed observations whose frame has what was filled in, in the order of the rows.

    Parameters
    ----------
    data : Observations
        As they were read.
    filled : Observations
        Completed, a row for each observation that lacked a value.
    """
    rows = np.repeat(np.arange(len(filled.counts)), filled.counts.astype(int))
    if data.arguments["counts"] is None:
        rows = _rows_of_source(data)
    columns: dict[str, Any] = {}
    for name in filled.variables:
        values = filled.raw_column(name)[rows]
        if name in filled.levels:
            states = pd.Index(filled.levels[name])
            columns[name] = pd.Categorical(states[values.astype(int)], states)
        else:
            columns[name] = values
    return replace(filled, source=pd.DataFrame(columns))


def _rows_of_source(data: Observations) -> np.ndarray:
    """Return the row by which each row of the frame is filled in, as `by_row` orders them."""
    cells = data.cells_of_source()
    lacking = np.zeros(len(data.counts), bool)
    for mask in data.gaps.values():
        lacking |= mask
    sizes = np.where(lacking, data.counts, 1).astype(int)
    starts = np.cumsum(sizes) - sizes
    order = np.argsort(cells, kind="stable")
    firsts = np.searchsorted(cells[order], np.arange(len(data.counts)))
    rank = np.empty(len(cells), int)
    rank[order] = np.arange(len(cells)) - firsts[cells[order]]
    return np.asarray(starts[cells] + np.where(lacking[cells], rank, 0))


def incomplete_data(model: CausalDiagram, data: Observations) -> Incomplete:
    """Return data with codes by position in the levels of the model, and indicators.

    Raises
    ------
    DataError
        If an indicator is in the data and says otherwise than the gaps, or rows were dropped
        although the diagram says what they lack.
    """
    _refuse_dropped(model, data)
    levels = model.default_levels(data.levels)
    codes = []
    states = {}
    for name, seen in data.levels.items():
        places = [level_index(name, level, levels) for level in seen]
        codes.append(np.array([*places, -1])[data.raw_column(name)])
        states[name] = tuple(levels[name])
    for variable, indicator in model.indicators.items():
        seen_here = np.ones(len(data.counts), int)
        if variable in data.gaps:
            seen_here = (~data.gaps[variable]).astype(int)
        if indicator in data.variables:
            _refuse_other_indicator(data, variable, indicator, seen_here)
            continue
        codes.append(seen_here)
        states[indicator] = tuple(levels[indicator])
    new = [name for name in states if name not in data.variables]
    empty = np.empty((len(data.counts), 0), int)
    arranged = replace(
        data,
        variables=(*data.variables, *new),
        levels=states,
        codes=np.column_stack([empty, *codes]),
    )
    return Incomplete(arranged, data.gaps)


def _refuse_dropped(model: CausalDiagram, data: Observations) -> None:
    if model.indicators and any(data.dropped.values()):
        raise DataError(
            "Rows with missing values were dropped, and the diagram has the indicators of what "
            "they lack. Read the frame with `missing='keep'`."
        )


def _refuse_other_indicator(
    data: Observations, variable: str, indicator: str, seen: np.ndarray
) -> None:
    """Raise where a column of indicators is not 1 where the value was seen, and 0 elsewhere.

    Parameters
    ----------
    data : Observations
    variable, indicator : str
    seen : int array (r,)
    """
    if indicator not in data.levels or len(data.levels[indicator]) > 2:
        raise DataError(
            f"Expected the indicator {indicator!r} to be 1 where {variable!r} was seen and 0 "
            "elsewhere. Leave the column out: it is made from the missing values."
        )
    column = data.raw_column(indicator)
    if len(data.levels[indicator]) == 1:
        column = np.full(len(column), int(seen.all()))
    if (column != seen).any():
        raise DataError(
            f"The indicator {indicator!r} is not 1 in just the rows in which {variable!r} was "
            "seen. Leave the column out: it is made from the missing values; values that stand "
            "for a missing one, such as 0 or 999, are made missing first."
        )
