"""Dirichlet priors of tables of probabilities: one weight for each cell, or one for each table.

θ ~ Dirichlet(w) in every row of a table, with w > 0 the weight of each cell in observations: so
many were as if seen before the data. A prior is one value of `TABLE_PRIORS`, under the name that
users write.

References
----------
Heckerman, Geiger & Chickering (1995), Learning Bayesian networks, Machine Learning 20 (the
Bayesian Dirichlet equivalent uniform prior, BDeu).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

PriorName = Literal["cells", "bdeu"]


@dataclass(frozen=True)
class TablePrior:
    """The Dirichlet weights of a table, from the concentration.

    Parameters
    ----------
    unit : str
        The unit that the concentration is the weight of, in words.
    divisor : str
        The divisor of the concentration, as it stands in a formula.
    shared : bool
        Whether the cells of a table share the concentration; each has all of it otherwise.
    """

    unit: str
    divisor: str
    shared: bool

    def weights(self, shape: tuple[int, ...], concentration: float) -> np.ndarray:
        """Return the Dirichlet weight of every cell of a table of this shape.

        Examples
        --------
        >>> TABLE_PRIORS["cells"].weights((2, 3), 2.0)
        array([[2., 2., 2.],
               [2., 2., 2.]])
        >>> TABLE_PRIORS["bdeu"].weights((2, 3), 3.0)
        array([[0.5, 0.5, 0.5],
               [0.5, 0.5, 0.5]])
        """
        cells = float(np.prod(shape, dtype=float))
        return np.full(shape, concentration / (cells if self.shared else 1.0))


TABLE_PRIORS: Mapping[PriorName, TablePrior] = {
    "cells": TablePrior(unit="cell of each table", divisor="", shared=False),
    "bdeu": TablePrior(
        unit="table, spread evenly over its cells", divisor=" / cells", shared=True
    ),
}
