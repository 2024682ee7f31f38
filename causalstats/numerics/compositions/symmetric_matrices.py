"""Symmetric matrices: determinants, scales, and inverses after changes of a row and column."""

import numba
import numpy as np

_BLOCK = 64  # rows that are eliminated at once
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


@_compiled
def log_determinant(matrix: np.ndarray) -> float:
    """Return the log determinant of a symmetric matrix, -inf where it is not positive definite.

    By elimination in blocks of rows, whose products with all rows below are those of BLAS. It
    raises no exception where there is none, as `np.linalg.cholesky` does: compiled code would not
    free the matrix then.
    """
    remainder = matrix.copy()
    size = len(remainder)
    total = 0.0
    for first in range(0, size, _BLOCK):
        last = min(first + _BLOCK, size)
        for pivot in range(first, last):
            value = remainder[pivot, pivot]
            if not value > 0:
                return -np.inf
            total += np.log(value)
            for row in range(pivot + 1, last):
                factor = remainder[pivot, row] / value
                for column in range(row, size):
                    remainder[row, column] -= factor * remainder[pivot, column]
        if last == size:
            break
        across = remainder[first:last, last:].copy()
        scaled = across.copy()
        for row in range(last - first):
            value = remainder[first + row, first + row]
            for column in range(size - last):
                scaled[row, column] /= value
        lost = scaled.T @ across
        for row in range(last, size):
            for column in range(row, size):
                remainder[row, column] -= lost[row - last, column - last]
    return total


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def inner_product(one: np.ndarray, other: np.ndarray, count: int) -> float:
    """Return the inner product of the first entries of two vectors, summed in any order.

    Parameters
    ----------
    one, other : array, shape (n,)
    count : int
        Of the entries.
    """
    total = 0.0
    for place in range(count):
        total += one[place] * other[place]
    return total


@_compiled
def column_of_lower(matrix: np.ndarray, column: int) -> np.ndarray:
    """Return a column of a symmetric matrix (D, D) of which the lower triangle is given."""
    values = matrix[column].copy()
    for row in range(column + 1, len(matrix)):
        values[row] = matrix[row, column]
    return values


@_compiled
def replace_column(
    inverse: np.ndarray,
    part: int,
    across: np.ndarray,
    product: np.ndarray,
    remainder: float,
) -> None:
    """Update the lower triangle of R⁻¹ after the entries r of one part j have changed.

    That of hundreds of parts does not fit into the caches: half of it takes half the time.

    Parameters
    ----------
    inverse : array, shape (D, D)
        R⁻¹ before.
    part : int
        j.
    across : array, shape (D,)
        Its row j.
    product : array, shape (D,)
        A r, with 0 at j.
    remainder : float
        1 - r'A r.
    """
    size = len(inverse)
    pivot = across[part]
    for row in range(size):
        gained = product[row] / remainder
        lost = across[row] / pivot
        for column in range(row + 1):
            inverse[row, column] += gained * product[column] - lost * across[column]
    for row in range(part):
        inverse[part, row] = -product[row] / remainder
    for row in range(part + 1, size):
        inverse[row, part] = -product[row] / remainder
    inverse[part, part] = 1 / remainder


# Loops over entries stand where NumPy's operations on two arrays would do: those bring messages
# about shapes that do not agree into every function, and double the time of compiling.
@_compiled
def scaled_by(matrix: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return a matrix (D, D) whose rows and columns are multiplied by factors (D,)."""
    scaled = np.empty_like(matrix)
    for row in range(len(factors)):
        for column in range(len(factors)):
            scaled[row, column] = matrix[row, column] * (factors[row] * factors[column])
    return scaled


@_compiled
def put(target: np.ndarray, values: np.ndarray) -> None:
    """Write a matrix (D, D) over another."""
    for row in range(len(values)):
        for column in range(len(values)):
            target[row, column] = values[row, column]
