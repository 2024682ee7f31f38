"""Terms of a regression: spline columns of numbers, indicators of levels, and products of pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from causalstats.models.causal_diagram.levels import Levels
from causalstats.numerics.bases.splines import Smooth, smooth

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.tables import Table


@dataclass(frozen=True, eq=False)
class Terms:
    """The columns that a conditional distribution makes of its causes.

    Parameters
    ----------
    table : Table
        The distribution, whose `given` are the causes.
    smooths : mapping of cause to Smooth
        For numbers: a straight line, or a spline basis.
    level_counts : mapping of cause to int
        For labels, which have an indicator for each level but the first.
    pairs : tuple of pairs of causes
        Those whose products are terms: straight lines of numbers, every indicator of labels.
    """

    table: Table
    smooths: Mapping[str, Smooth]
    level_counts: Mapping[str, int]
    pairs: tuple[tuple[str, str], ...]

    def width(self, cause: str) -> int:
        """The number of columns of a cause by itself."""
        if cause in self.smooths:
            return len(self.smooths[cause].spectrum)
        return self.level_counts[cause] - 1

    def width_in_products(self, cause: str) -> int:
        """The number of columns of a cause that go into products."""
        return 1 if cause in self.smooths else self.level_counts[cause] - 1

    @property
    def spectrum(self) -> np.ndarray:
        """Relative prior variances of the coefficients, shape (columns,)."""
        parts = [np.empty(0)]
        for cause in self.table.given:
            is_number = cause in self.smooths
            parts.append(
                self.smooths[cause].spectrum
                if is_number
                else np.ones(self.width(cause))
            )
        for one, other in self.pairs:
            parts.append(
                np.ones(self.width_in_products(one) * self.width_in_products(other))
            )
        return np.concatenate(parts)

    def columns(self, values: Mapping[str, np.ndarray]) -> Iterator[np.ndarray]:
        """Yield each column, in the shape of the values of the causes.

        Parameters
        ----------
        values : mapping of cause to array
            Numbers, or positions of levels.
        """
        by_cause = {
            cause: list(self._columns_of(cause, np.asarray(values[cause])))
            for cause in self.table.given
        }
        for columns in by_cause.values():
            yield from columns
        for one, other in self.pairs:
            for column in by_cause[one][: self.width_in_products(one)]:
                for factor in by_cause[other][: self.width_in_products(other)]:
                    yield column * factor

    def _columns_of(self, cause: str, values: np.ndarray) -> Iterator[np.ndarray]:
        if cause not in self.smooths:
            for level in range(1, self.level_counts[cause]):
                yield (values == level).astype(float)
            return
        basis = self.smooths[cause].columns(values.ravel().astype(float))
        for column in basis.T:
            yield column.reshape(values.shape)


def terms_of(
    table: Table,
    data: Observations,
    levels: Levels,
    basis_size: int,
    interactions: str,
) -> Terms:
    """Return the terms of a regression, whose splines are those of the sample.

    Parameters
    ----------
    table : Table
    data : Observations
    levels : mapping of variable to its levels
    basis_size : int
        The most spline columns of a number; 1 is a straight line.
    interactions : "none" or "pairs"
    """
    counts = data.counts.astype(int)
    smooths = {
        name: smooth(np.repeat(data.column(name), counts), basis_size)
        for name in table.given
        if name in data.continuous
    }
    level_counts = {
        name: len(levels[name]) for name in table.given if name not in smooths
    }
    pairs = tuple(combinations(table.given, 2)) if interactions == "pairs" else ()
    return Terms(table, smooths, level_counts, pairs)


def values_of(
    name: str,
    data: Observations,
    levels: Levels,
) -> np.ndarray:
    """Return a variable in each row: numbers, or positions of levels, shape (rows,).

    Parameters
    ----------
    name : str
    data : Observations
    levels : mapping of variable to its levels
    """
    if name in data.continuous:
        return data.column(name)
    return data.places(name, levels[name])


def design_matrix(
    terms: Terms,
    data: Observations,
    levels: Levels,
) -> np.ndarray:
    """Return the columns of the terms over the rows, shape (rows, columns), no intercept.

    Parameters
    ----------
    terms : Terms
    data : Observations
    levels : mapping of variable to its levels
    """
    values = {name: values_of(name, data, levels) for name in terms.table.given}
    columns = list(terms.columns(values))
    return np.column_stack(columns) if columns else np.empty((len(data.counts), 0))
