"""Terms of a regression: spline columns of numbers, indicators of levels, and products of pairs.

Products are those of every column of a label, and of the straight line of a number, with every
column of the other: where x acts along a curve of z, the product of x with the line of z alone
would have the effect of x change along a line. Curves are not multiplied by curves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from causalstats.models.causal_diagram.levels import Levels
from causalstats.numerics.bases.splines import Smooth, smooth

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.tables import Table

_ROWS_PER_COLUMN = 10


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
        Those whose products are terms.
    multiplies_curves : bool, default True
        Whether the smoother half of the spline columns of a number are in products, or its straight
        line alone.
    """

    table: Table
    smooths: Mapping[str, Smooth]
    level_counts: Mapping[str, int]
    pairs: tuple[tuple[str, str], ...]
    multiplies_curves: bool = True

    def width(self, cause: str) -> int:
        """The number of columns of a cause by itself."""
        if cause in self.smooths:
            return len(self.smooths[cause].spectrum)
        return self.level_counts[cause] - 1

    def width_in_products(self, cause: str) -> int:
        """The number of columns of a cause that go into products."""
        if cause not in self.smooths:
            return self.level_counts[cause] - 1
        if not self.multiplies_curves:
            return 1
        return 1 + self.width(cause) // 2

    def products(self, one: str, other: str) -> Iterator[tuple[int, int]]:
        """Yield the positions of the columns of two causes of which products are terms."""
        for k in range(self.width_in_products(one)):
            for other_k in range(self.width_in_products(other)):
                curves = (one in self.smooths and k, other in self.smooths and other_k)
                if not all(curves):
                    yield k, other_k

    @property
    def size(self) -> int:
        """The number of columns."""
        return len(self.spectrum)

    @property
    def spectrum(self) -> np.ndarray:
        """Relative prior variances of the coefficients, shape (columns,)."""
        by_cause = {
            cause: self.smooths[cause].spectrum
            if cause in self.smooths
            else np.ones(self.width(cause))
            for cause in self.table.given
        }
        of_products = [
            by_cause[one][k] * by_cause[other][other_k]
            for one, other in self.pairs
            for k, other_k in self.products(one, other)
        ]
        return np.concatenate([*by_cause.values(), of_products, np.empty(0)])

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
            for k, other_k in self.products(one, other):
                yield by_cause[one][k] * by_cause[other][other_k]

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

    Curves are in products where that leaves ten rows a column.

    Parameters
    ----------
    table : Table
    data : Observations
    levels : mapping of variable to its levels
    basis_size : int
        The most spline columns of a number; 1 is a straight line.
    interactions : "none" or "pairs"
        Without them, the products are those that the table names.
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
    pairs = table.products
    if interactions == "pairs":
        pairs = tuple(combinations(table.given, 2))
    terms = Terms(table, smooths, level_counts, pairs)
    enough = counts.sum() >= _ROWS_PER_COLUMN * terms.size
    return terms if enough else replace(terms, multiplies_curves=False)


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
