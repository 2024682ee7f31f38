"""Columns of a hierarchical regression: contrasts of levels, scaled numbers, and products of both.

A label of L levels has L - 1 columns, orthonormal contrasts about their means, so that a common
normal prior of their coefficients does not depend on the order of the levels (Helmert coding, with
any rotation of it the same prior). Two levels are coded -1/2 and 1/2 but for the mean: a
coefficient is a log odds ratio. A number is divided by two standard deviations (Gelman 2008).
Products of k causes are multiplied by 2^(k - 1), which puts those of even labels at -1/2 and 1/2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy import linalg

from causalstats.numerics.bases.splines import Smooth

Values = Mapping[str, np.ndarray]
"""Numbers, or positions of levels, of causes: (rows,) each."""


@dataclass(frozen=True, eq=False)
class LabelCoding:
    """The contrasts of a label.

    Parameters
    ----------
    contrasts : array, shape (levels, levels - 1)
        Less their means in the sample.
    """

    contrasts: np.ndarray

    @property
    def width(self) -> int:
        return self.contrasts.shape[1]

    width_in_products = width

    def columns(self, values: np.ndarray) -> np.ndarray:
        """Return the columns of positions of levels, shape (rows, width)."""
        return self.contrasts[values.astype(int)]

    def columns_in_products(self, values: np.ndarray) -> np.ndarray:
        """Return the columns that products are made of, shape (rows, width)."""
        return self.columns(values)


@dataclass(frozen=True, eq=False)
class NumberCoding:
    """The spline columns of a number; products are of its straight line and smoother curves."""

    smooth: Smooth

    @property
    def width(self) -> int:
        return len(self.smooth.spectrum)

    @property
    def width_in_products(self) -> int:
        """The number of columns that products are made of."""
        return 1 + self.width // 2

    def columns(self, values: np.ndarray) -> np.ndarray:
        """Return the columns of numbers, shape (rows, width)."""
        return self.smooth.columns(values.astype(float)) * self._factors

    def columns_in_products(self, values: np.ndarray) -> np.ndarray:
        """Return the columns that products are made of, shape (rows, width in products)."""
        return self.columns(values)[:, : self.width_in_products]

    @property
    def _factors(self) -> np.ndarray:
        return np.sqrt(self.smooth.spectrum) / 2


Coding = LabelCoding | NumberCoding
Codings = Mapping[str, Coding]


def label_coding(positions: np.ndarray, counts: np.ndarray, levels: int) -> LabelCoding:
    """Return the coding of a label with its means in a sample.

    Parameters
    ----------
    positions : int array, shape (rows,)
    counts : array, shape (rows,)
    levels : int

    Examples
    --------
    >>> label_coding(np.array([0, 1]), np.array([1.0, 1.0]), 2).contrasts.ravel().round(2)
    array([ 0.5, -0.5])
    """
    contrasts = linalg.helmert(levels).T / np.sqrt(2)
    shares = np.bincount(positions, counts, minlength=levels) / counts.sum()
    return LabelCoding(contrasts - shares @ contrasts)


@dataclass(frozen=True, eq=False)
class Term:
    """A cause by itself, or a product of several.

    Parameters
    ----------
    causes : tuple of str
    block : int
        The block of its coefficients; -1 where their standard deviation is known.
    sd : float
        That standard deviation.
    factor : float
        Its columns are multiplied by it.
    """

    causes: tuple[str, ...]
    block: int = -1
    sd: float = 1.0
    factor: float = 1.0

    @property
    def words(self) -> str:
        return " x ".join(self.causes)

    def width(self, codings: Codings) -> int:
        """The number of its columns."""
        if len(self.causes) == 1:
            return codings[self.causes[0]].width
        return int(np.prod([codings[cause].width_in_products for cause in self.causes]))

    def columns(self, codings: Codings, values: Values) -> np.ndarray:
        """Return its columns, shape (rows, width)."""
        if len(self.causes) == 1:
            cause = self.causes[0]
            return codings[cause].columns(values[cause]) * self.factor
        parts = [
            codings[cause].columns_in_products(values[cause]) for cause in self.causes
        ]
        return reduce(_row_products, parts) * self.factor * 2 ** (len(parts) - 1)


def _row_products(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the product of each column with each other column, row by row."""
    return (one[:, :, None] * other[:, None, :]).reshape(len(one), -1)


def design_of(
    terms: Sequence[Term], codings: Codings, values: Values, rows: int
) -> np.ndarray:
    """Return an intercept and the columns of the terms, shape (rows, 1 + columns).

    Parameters
    ----------
    terms : sequence of Term
    codings : mapping of cause to its coding
    values : mapping of cause to array (rows,)
    rows : int
    """
    columns = [term.columns(codings, values) for term in terms]
    return np.column_stack([np.ones(rows), *columns])
