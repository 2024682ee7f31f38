"""Many linear and linear-fractional programs that share their matrix.

    min c'q,  or  min c'q / d'q,  subject to A q = b, q >= 0,   for rows of b, c and d

A basis that is optimal for one row tends to be optimal for many. The dual simplex method solves a
program and gives a basis; two matrix products say which other rows it solves as well:
q_B = A_B^-1 b >= 0, and reduced costs c - c_B A_B^-1 A >= 0. A thousand posterior draws cost a few
dozen programs.

The least ratio is the r for which min (c - r d)'q is zero (Dinkelbach 1967, On nonlinear fractional
programming, Management Science 13).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import qr
from scipy.optimize import OptimizeResult, linprog

Array = np.ndarray
TOLERANCE = 1e-9
CHUNK = 2**22  # numbers in a block of reduced costs
_INFEASIBLE = 2  # status of `scipy.optimize.linprog`


def consistent(matrix: Array, right: Array) -> tuple[Array, Array, Array]:
    """Return a full-rank choice of the equations, with right sides that they can meet.

    Parameters
    ----------
    matrix : array, shape (rows, columns)
    right : array, shape (n, rows)

    Returns
    -------
    matrix : array, shape (rank, columns)
    right : array, shape (n, rank)
        The nearest point to each right side that A q can reach, with q of any sign.
    distance : array, shape (n,)
        The largest change of a right side.

    Examples
    --------
    >>> matrix, right, distance = consistent(
    ...     np.array([[1.0, 1.0], [2.0, 2.0]]), np.array([[1.0, 2.0]])
    ... )
    >>> matrix.shape, distance.round(6)
    ((1, 2), array([0.]))
    """
    squares, left = np.linalg.eigh(matrix @ matrix.T)
    span = left[:, squares > squares[-1] * 1e-10]
    reached = (right @ span) @ span.T
    pivots = qr(span.T, pivoting=True, mode="r")[1]
    rows = np.sort(pivots[: span.shape[1]])
    return matrix[rows], reached[:, rows], np.abs(reached - right).max(axis=1)


def minima(
    matrix: Array, right: Array, costs: Array, per: Array | None = None
) -> Array:
    """Return the least c'q, or the least c'q / d'q, for each row.

    Parameters
    ----------
    matrix : array, shape (rows, columns)
        A, of full rank.
    right : array, shape (n, rows)
        A row b for each program.
    costs : array, shape (n, columns) or (1, columns)
        A row c for each program, or one for all.
    per : array, shape (n, columns) or (1, columns), optional
        The denominators d, which are not negative.

    Returns
    -------
    array, shape (n,)
        NaN where no q >= 0 solves A q = b, and where d'q is zero for all of these.

    Raises
    ------
    RuntimeError
        If the simplex method fails on a program for another reason.

    Examples
    --------
    The least and the largest q_1 for q_1 + q_2 = 1:

    >>> matrix, right = np.array([[1.0, 1.0]]), np.array([[1.0]])
    >>> minima(matrix, right, np.array([[1.0, 0.0]])), -minima(matrix, right, np.array([[-1.0, 0]]))
    (array([0.]), array([1.]))
    """
    if len(costs) == 1 and (per is None or len(per) == 1):
        matrix, costs, per = _distinct_columns(matrix, costs, per)
    values = np.full(len(right), np.nan)
    unsolved = np.ones(len(right), bool)
    while unsolved.any():
        row = int(unsolved.argmax())
        cost = costs[row % len(costs)]
        denominator = None if per is None else per[row % len(per)]
        result = _solve(matrix, right[row], cost, denominator)
        if result.status == 0:
            values[row] = result.fun
            basis = None
            if unsolved.sum() > 1:
                basis = _basis(matrix, result.x, result.reduced)
            if basis is not None:
                rows = np.flatnonzero(unsolved)
                denominators = None if per is None else _rows_of(per, rows)
                solved, optimal = _solved_by(
                    basis, matrix, right[rows], _rows_of(costs, rows), denominators
                )
                values[rows[solved]] = optimal[solved]
                unsolved[rows[solved]] = False
        elif result.status == _INFEASIBLE:
            unsolved &= right @ _farkas_weights(matrix, right[row]) <= 1e-7
        else:
            raise RuntimeError(
                f"A linear program of {matrix.shape[1]} columns was not solved: {result.message}"
            )
        unsolved[row] = False
    return values


def _solve(
    matrix: Array, right: Array, cost: Array, per: Array | None
) -> OptimizeResult:
    if per is None:
        return _linear(matrix, right, cost)
    return _fractional(matrix, right, cost, per)


def _linear(matrix: Array, right: Array, cost: Array) -> OptimizeResult:
    """Solve one program; the result has the reduced costs."""
    result = linprog(cost, A_eq=matrix, b_eq=right, method="highs-ds")
    if result.status == 0:
        result.reduced = cost - result.eqlin.marginals @ matrix
    return result


def _fractional(matrix: Array, right: Array, cost: Array, per: Array) -> OptimizeResult:
    """Solve one fractional program by Dinkelbach's iteration.

    Parameters
    ----------
    matrix, right, cost, per : arrays
        A, b, c and d of this program.

    Returns
    -------
    OptimizeResult
        `fun` is the least ratio r, and the reduced costs are those of min (c - r d)'q.
    """
    result = _linear(matrix, right, -per)
    least, best = np.nan, None
    while result.status == 0:
        denominator = per @ result.x
        if (
            denominator <= TOLERANCE
            or cost @ result.x / denominator > least - TOLERANCE
        ):
            result.fun = least
            result.x = result.x if best is None else best
            break
        least, best = cost @ result.x / denominator, result.x
        result = _linear(matrix, right, cost - least * per)
    return result


def _rows_of(costs: Array, rows: Array) -> Array:
    return costs if len(costs) == 1 else costs[rows]


def _distinct_columns(
    matrix: Array, costs: Array, per: Array | None
) -> tuple[Array, Array, Array | None]:
    """Return one of each set of columns that are the same in matrix and costs."""
    stacked = np.concatenate([matrix, costs, *([] if per is None else [per])])
    columns = np.ascontiguousarray(stacked.T + 0.0)  # no negative zeros
    as_bytes = columns.view(f"V{columns.strides[0]}").ravel()
    kept = np.sort(np.unique(as_bytes, return_index=True)[1])
    return matrix[:, kept], costs[:, kept], None if per is None else per[:, kept]


def _basis(matrix: Array, solution: Array, reduced: Array) -> Array | None:
    """Return an optimal basis: the columns in the solution, and ones with reduced cost zero.

    None where these are too few.
    """
    positive = solution > TOLERANCE
    if positive.sum() == len(matrix):
        return np.flatnonzero(positive)
    candidates = np.flatnonzero(positive | (np.abs(reduced) < TOLERANCE))
    scaled = matrix[:, candidates] * np.where(positive[candidates], 1e4, 1.0)
    triangle, order = qr(scaled, pivoting=True, mode="r")
    rank = len(matrix)
    if len(candidates) < rank or abs(triangle[rank - 1, rank - 1]) < 1e-8:
        return None
    return candidates[order[:rank]]


def _solved_by(
    basis: Array, matrix: Array, right: Array, costs: Array, per: Array | None
) -> tuple[Array, Array]:
    """Return for which programs a basis is optimal, and the values that it gives.

    Parameters
    ----------
    basis : int array, shape (rows,)
    matrix, right, costs, per : arrays
        As for `minima`.

    Returns
    -------
    optimal : bool array, shape (n,)
    values : array, shape (n,)
    """
    inverse = np.linalg.inv(matrix[:, basis])
    amounts = right @ inverse.T
    values = (amounts * costs[:, basis]).sum(axis=1)
    feasible = (amounts >= -TOLERANCE).all(axis=1)
    if per is not None:
        denominator = (amounts * per[:, basis]).sum(axis=1)
        feasible &= denominator > TOLERANCE
        values = np.divide(
            values, denominator, out=np.zeros_like(values), where=feasible
        )
    step = max(1, CHUNK // matrix.shape[1])
    count = len(costs) if per is None else len(right)

    def has_no_cheaper_column(rows: Array) -> Array:
        cost = _rows_of(costs, rows)
        if per is not None:
            cost = cost - values[rows, None] * _rows_of(per, rows)
        reduced = cost - cost[:, basis] @ inverse @ matrix
        return (reduced >= -TOLERANCE).all(axis=1)

    blocks = [
        np.arange(start, min(start + step, count)) for start in range(0, count, step)
    ]
    return feasible & np.concatenate(
        [has_no_cheaper_column(rows) for rows in blocks]
    ), values


def _farkas_weights(matrix: Array, right: Array) -> Array:
    """Return weights of the equations that prove them infeasible (Farkas), the largest one.

    With these weights, the equations say that something non-negative is negative.
    """
    zero = np.zeros(matrix.shape[1])
    return linprog(
        -right, A_ub=matrix.T, b_ub=zero, bounds=(-1, 1), method="highs-ds"
    ).x
