"""Fixed effects of several factors partialled out without dummies: absorption.

Residuals of columns X given dummies D of units, years, regions ... solve the normal equations
D'WD a = D'WX. The block of the factor with most levels is diagonal and is eliminated; a Schur
complement of the size of the other factors is left.

References
----------
Guimarães & Portugal (2010), A simple feasible procedure to fit models with high-dimensional fixed
effects, Stata Journal 10. Abowd, Creecy & Kramarz (2002), Computing person and firm effects using
linked longitudinal data: the rank of two factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, sparse

_MOST_DENSE = 1_500  # levels besides those of the largest factor
_RANK_TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class _NormalEquations:
    """The normal equations of dummies, the factor of most levels first.

    Attributes
    ----------
    factors : list of int arrays, shape (n,)
    counts : list of int
        Levels of each factor.
    weights : array, shape (n,)
    """

    factors: list[np.ndarray]
    counts: list[int]
    weights: np.ndarray

    @cached_property
    def totals(self) -> np.ndarray:
        """Sums of weights of the levels of the first factor."""
        return np.bincount(self.factors[0], self.weights, self.counts[0])

    @cached_property
    def dummies(self) -> sparse.csr_matrix:
        """Dummies of the other factors, (n, levels)."""
        rows = len(self.weights)
        parts = [
            sparse.csr_matrix(
                (np.ones(rows), (np.arange(rows), codes)), shape=(rows, count)
            )
            for codes, count in zip(self.factors[1:], self.counts[1:], strict=True)
        ]
        return sparse.hstack(parts, format="csr")

    @cached_property
    def across(self) -> sparse.csr_matrix:
        """Weights of the rows of each level of the first factor and each of the others."""
        rows = len(self.weights)
        first = sparse.csr_matrix(
            (self.weights, (self.factors[0], np.arange(rows))),
            shape=(self.counts[0], rows),
        )
        return first @ self.dummies

    @cached_property
    def complement(self) -> sparse.csr_matrix:
        """The Schur complement of the first factor."""
        weighted = sparse.diags(self.weights) @ self.dummies
        inverse = sparse.diags(1 / self.totals)
        return (
            self.dummies.T @ weighted - self.across.T @ inverse @ self.across
        ).tocsr()

    @cached_property
    def spectrum(self) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues and eigenvectors of the Schur complement that are not 0."""
        values, vectors = linalg.eigh(self.complement.toarray())
        kept = values > _RANK_TOLERANCE * self.weights.sum()
        return values[kept], vectors[:, kept]

    def residuals(self, columns: np.ndarray) -> np.ndarray:
        """Return columns less the effects of all factors."""
        weighted = columns * self.weights[:, None]
        sums = _sums(weighted, self.factors[0], self.counts[0])
        means = sums / self.totals[:, None]
        if len(self.factors) == 1:
            return columns - means[self.factors[0]]
        target = self.dummies.T @ weighted - self.across.T @ means
        others = self._solved(target, np.linalg.norm(weighted, axis=0))
        means = means - self.across @ others / self.totals[:, None]
        return columns - means[self.factors[0]] - self.dummies @ others

    def _solved(self, target: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Return the effects of the other factors.

        Parameters
        ----------
        target : array, shape (levels, m)
        size : array, shape (m,)
            Norms of the columns: a target far below them is rounding.
        """
        if sum(self.counts[1:]) <= _MOST_DENSE:
            values, vectors = self.spectrum
            return vectors @ ((vectors.T @ target) / values[:, None])
        from scipy.sparse.linalg import cg

        diagonal = np.maximum(self.complement.diagonal(), 1e-300)
        scaling = sparse.diags(1 / diagonal)
        solved = [
            cg(self.complement, column, rtol=0, atol=1e-12 * norm, M=scaling)[0]
            for column, norm in zip(target.T, size, strict=True)
        ]
        return np.column_stack(solved)


def _sums(columns: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    return np.column_stack([np.bincount(codes, each, count) for each in columns.T])


def _equations(
    factors: Sequence[np.ndarray], weights: np.ndarray | None
) -> _NormalEquations:
    counts = [int(codes.max()) + 1 for codes in factors]
    order = np.argsort(counts)[::-1]
    if weights is None:
        weights = np.ones(len(factors[0]))
    return _NormalEquations(
        [factors[position] for position in order],
        [counts[position] for position in order],
        np.asarray(weights, float),
    )


def absorbed(
    columns: np.ndarray,
    factors: Sequence[np.ndarray],
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Return residuals of columns given fixed effects of some factors, shape (n, m).

    Parameters
    ----------
    columns : array, shape (n, m)
    factors : sequence of int arrays, shape (n,)
        Codes 0, 1, ... of the levels of each factor; every level has rows.
    weights : array, shape (n,), optional

    Examples
    --------
    >>> unit, year = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> absorbed(np.array([[1.0], [2.0], [3.0], [6.0]]), [unit, year]).round(6)
    array([[ 0.5],
           [-0.5],
           [-0.5],
           [ 0.5]])
    """
    if columns.shape[1] == 0:
        return columns
    equations = _equations(factors, weights)
    # Subtracted twice: the second time removes the rounding of the first
    return equations.residuals(equations.residuals(columns))


def absorbed_rank(factors: Sequence[np.ndarray]) -> int:
    """Return the rank of the dummies of some factors, with the constant among them.

    Exact for one and two factors, and where the levels besides those of the largest factor are at
    most 1,500; otherwise every factor beyond the second loses one level.

    Parameters
    ----------
    factors : sequence of int arrays, shape (n,)

    Examples
    --------
    >>> absorbed_rank([np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])])
    3
    """
    equations = _equations(factors, None)
    counts = equations.counts
    if len(counts) == 1:
        return counts[0]
    if sum(counts[1:]) <= _MOST_DENSE:
        return counts[0] + len(equations.spectrum[0])
    first, second = equations.factors[:2]
    levels = counts[0] + counts[1]
    edges = (np.ones(len(first)), (first, counts[0] + second))
    graph = sparse.csr_matrix(edges, shape=(levels, levels))
    components, _ = sparse.csgraph.connected_components(graph, directed=False)
    return levels - components + sum(count - 1 for count in counts[2:])


def varies_within(codes: np.ndarray, groups: np.ndarray) -> bool:
    """Return whether a level of a factor has rows in several groups.

    Parameters
    ----------
    codes, groups : int arrays, shape (n,)

    Examples
    --------
    >>> varies_within(np.array([0, 0, 1]), np.array([2, 2, 2]))
    False
    """
    highest = np.zeros(int(codes.max()) + 1, int)
    np.maximum.at(highest, codes, groups)
    lowest = highest.copy()
    np.minimum.at(lowest, codes, groups)
    return bool((highest != lowest).any())
