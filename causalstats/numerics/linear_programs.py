"""Many linear programs that share their matrix: min c'q subject to A q = b, q >= 0, for rows of b and of c.

A basis that is optimal for one row tends to be so for many. Each program solved by the simplex method gives one; which other rows it solves is two matrix
products: q_B = A_B^-1 b >= 0, and c - c_B A_B^-1 A >= 0. So a thousand draws cost a few dozen programs.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import qr
from scipy.optimize import linprog

Array = np.ndarray
TOLERANCE = 1e-9
CHUNK = 2**22  # numbers in a block of reduced costs


def consistent(matrix: Array, right: Array) -> tuple[Array, Array, Array]:
    """A full-rank choice of the equations, right sides that they can meet, and how far the given ones were from that.

    Parameters
    ----------
    matrix : (rows, columns)
    right : (n, rows)

    Returns
    -------
    matrix : (rank, columns)
    right : (n, rank), of the nearest point to each right side that A q can reach, q of any sign
    distance : (n,), the largest change of a right side
    """
    squares, left = np.linalg.eigh(matrix @ matrix.T)
    span = left[:, squares > squares[-1] * 1e-10]
    reached = (right @ span) @ span.T
    rows = np.sort(qr(span.T, pivoting=True, mode="r")[1][: span.shape[1]])
    return matrix[rows], reached[:, rows], np.abs(reached - right).max(axis=1)


def minima(matrix: Array, right: Array, costs: Array) -> Array:
    """The least c'q for each row, NaN where no q >= 0 solves A q = b.

    Parameters
    ----------
    matrix : (rows, columns), of full rank
    right : (n, rows)
    costs : (n, columns), or (1, columns) for one that serves all rows
    """
    if len(costs) == 1:
        matrix, costs = _different(matrix, costs)
    values, open_ = np.full(len(right), np.nan), np.ones(len(right), bool)
    while open_.any():
        row = int(open_.argmax())
        cost = costs[row % len(costs)]
        found = linprog(cost, A_eq=matrix, b_eq=right[row], method="highs-ds")
        if found.status == 0:
            values[row] = found.fun
            basis = _basis(matrix, found.x, cost - found.eqlin.marginals @ matrix) if open_.sum() > 1 else None
            if basis is not None:
                rows = np.flatnonzero(open_)
                solved, their = _solved_by(basis, matrix, right[rows], costs if len(costs) == 1 else costs[rows])
                values[rows[solved]], open_[rows[solved]] = their[solved], False
        elif found.status == 2:
            open_ &= right @ _contradiction(matrix, right[row]) <= 1e-7
        else:
            raise RuntimeError(f"A linear program of {matrix.shape[1]} columns was not solved: {found.message}")
        open_[row] = False
    return values


def _different(matrix: Array, costs: Array) -> tuple[Array, Array]:
    """One of each set of columns that are the same in matrix and costs: the rest adds nothing."""
    columns = np.ascontiguousarray(np.concatenate([matrix, costs]).T + 0.0)  # no negative zeros
    kept = np.sort(np.unique(columns.view(f"V{columns.strides[0]}").ravel(), return_index=True)[1])
    return matrix[:, kept], costs[:, kept]


def _basis(matrix: Array, solution: Array, reduced: Array) -> Array | None:
    """Columns that are in the solution, filled up with ones that could be; None where these are too few."""
    positive = solution > TOLERANCE
    if positive.sum() == len(matrix):
        return np.flatnonzero(positive)
    candidates = np.flatnonzero(positive | (np.abs(reduced) < TOLERANCE))
    weighed = matrix[:, candidates] * np.where(positive[candidates], 1e4, 1.0)
    triangle, order = qr(weighed, pivoting=True, mode="r")
    rank = len(matrix)
    if len(candidates) < rank or abs(triangle[rank - 1, rank - 1]) < 1e-8:
        return None
    return candidates[order[:rank]]


def _solved_by(basis: Array, matrix: Array, right: Array, costs: Array) -> tuple[Array, Array]:
    """For which rows the basis is optimal, and the value that it gives."""
    inverse = np.linalg.inv(matrix[:, basis])
    amounts = right @ inverse.T
    prices = costs[:, basis] @ inverse
    step = max(1, CHUNK // matrix.shape[1])
    cheap = [(costs[k : k + step] - prices[k : k + step] @ matrix >= -TOLERANCE).all(axis=1) for k in range(0, len(costs), step)]
    return (amounts >= -TOLERANCE).all(axis=1) & np.concatenate(cheap), (amounts * costs[:, basis]).sum(axis=1)


def _contradiction(matrix: Array, right: Array) -> Array:
    """Weights with which the equations say that something non-negative is negative (Farkas), largest weight one."""
    return linprog(-right, A_ub=matrix.T, b_ub=np.zeros(matrix.shape[1]), bounds=(-1, 1), method="highs-ds").x
