"""Many linear programs that share their matrix: min c'q, or min c'q / d'q, subject to A q = b, q >= 0, for rows of b, c and d.

A basis that is optimal for one row tends to be so for many. Each program solved by the simplex method gives one; which other rows it solves is two matrix
products: q_B = A_B^-1 b >= 0, and c - c_B A_B^-1 A >= 0. So a thousand draws cost a few dozen programs.

The least ratio is the r for which min (c - r d)'q is zero (Dinkelbach 1967, On nonlinear fractional programming, Management Science 13).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import qr
from scipy.optimize import OptimizeResult, linprog

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


def minima(matrix: Array, right: Array, costs: Array, per: Array | None = None) -> Array:
    """The least c'q for each row, NaN where no q >= 0 solves A q = b; with `per`, the least c'q / d'q, NaN also where d'q is zero for all of these.

    Parameters
    ----------
    matrix : (rows, columns), of full rank
    right : (n, rows)
    costs : (n, columns), or (1, columns) for one that serves all rows
    per : the same for d, which is not negative
    """
    if len(costs) == 1 and (per is None or len(per) == 1):
        matrix, costs, per = _different(matrix, costs, per)
    values, open_ = np.full(len(right), np.nan), np.ones(len(right), bool)
    while open_.any():
        row = int(open_.argmax())
        cost = costs[row % len(costs)]
        found = (
            _program(matrix, right[row], cost)
            if per is None
            else _ratio(matrix, right[row], cost, per[row % len(per)])
        )
        if found.status == 0:
            values[row] = found.fun
            basis = _basis(matrix, found.x, found.reduced) if open_.sum() > 1 else None
            if basis is not None:
                rows = np.flatnonzero(open_)
                solved, their = _solved_by(
                    basis,
                    matrix,
                    right[rows],
                    _of(costs, rows),
                    None if per is None else _of(per, rows),
                )
                values[rows[solved]], open_[rows[solved]] = their[solved], False
        elif found.status == 2:
            open_ &= right @ _contradiction(matrix, right[row]) <= 1e-7
        else:
            raise RuntimeError(
                f"A linear program of {matrix.shape[1]} columns was not solved: {found.message}"
            )
        open_[row] = False
    return values


def _program(matrix: Array, right: Array, cost: Array) -> OptimizeResult:
    found = linprog(cost, A_eq=matrix, b_eq=right, method="highs-ds")
    if found.status == 0:
        found.reduced = cost - found.eqlin.marginals @ matrix
    return found


def _ratio(matrix: Array, right: Array, cost: Array, per: Array) -> OptimizeResult:
    """A solution with the least ratio, which is `fun`, and the reduced costs of min (c - r d)'q."""
    found, least, best = _program(matrix, right, -per), np.nan, None
    while found.status == 0:
        whole = per @ found.x
        if whole <= TOLERANCE or cost @ found.x / whole > least - TOLERANCE:
            found.fun, found.x = least, found.x if best is None else best
            break
        least, best = cost @ found.x / whole, found.x
        found = _program(matrix, right, cost - least * per)
    return found


def _of(costs: Array, rows: Array) -> Array:
    return costs if len(costs) == 1 else costs[rows]


def _different(matrix: Array, costs: Array, per: Array | None) -> tuple[Array, Array, Array | None]:
    """One of each set of columns that are the same in matrix and costs: the rest adds nothing."""
    columns = np.ascontiguousarray(
        np.concatenate([matrix, costs, *([] if per is None else [per])]).T + 0.0
    )  # no negative zeros
    kept = np.sort(np.unique(columns.view(f"V{columns.strides[0]}").ravel(), return_index=True)[1])
    return matrix[:, kept], costs[:, kept], None if per is None else per[:, kept]


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


def _solved_by(
    basis: Array, matrix: Array, right: Array, costs: Array, per: Array | None
) -> tuple[Array, Array]:
    """For which rows the basis is optimal, and the value that it gives."""
    inverse = np.linalg.inv(matrix[:, basis])
    amounts = right @ inverse.T
    values = (amounts * costs[:, basis]).sum(axis=1)
    possible = (amounts >= -TOLERANCE).all(axis=1)
    if per is not None:
        whole = (amounts * per[:, basis]).sum(axis=1)
        possible &= whole > TOLERANCE
        values = np.divide(values, whole, out=np.zeros_like(values), where=possible)
    step, count = max(1, CHUNK // matrix.shape[1]), len(costs) if per is None else len(right)

    def cheap(rows: Array) -> Array:
        own = (
            _of(costs, rows)
            if per is None
            else _of(costs, rows) - values[rows, None] * _of(per, rows)
        )
        return (own - own[:, basis] @ inverse @ matrix >= -TOLERANCE).all(axis=1)

    return possible & np.concatenate(
        [cheap(np.arange(k, min(k + step, count))) for k in range(0, count, step)]
    ), values


def _contradiction(matrix: Array, right: Array) -> Array:
    """Weights with which the equations say that something non-negative is negative (Farkas), largest weight one."""
    return linprog(
        -right, A_ub=matrix.T, b_ub=np.zeros(matrix.shape[1]), bounds=(-1, 1), method="highs-ds"
    ).x
