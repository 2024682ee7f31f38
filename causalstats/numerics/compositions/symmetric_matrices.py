"""Symmetric matrices: determinants, scales, and inverses after changes of a row and column."""

import numba
import numpy as np

# Columns that are eliminated at once: more of them where products of matrices are large
_FEW_COLUMNS = 16
_MANY_COLUMNS = 32
_MOST_PARTS_OF_FEW = 700
_ROOT_ROWS = 64  # of the inverse of a factor that are solved at once
_ROWS = 128  # of a product that are added at once
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")
_contracted = numba.njit(
    nogil=True, cache=True, error_model="numpy", fastmath={"contract"}
)


@_compiled
def log_determinant(matrix: np.ndarray) -> float:
    """Return the log determinant of a symmetric matrix, -inf where it is not positive definite.

    Its lower triangle alone is read, and eliminated in blocks of columns, from which products of
    BLAS subtract what all blocks before them explain. It raises no exception where there is none,
    as `np.linalg.cholesky` does: compiled code would not free the matrix then.
    """
    return _factorise(matrix, np.empty_like(matrix))


@_contracted
def _factorise(matrix: np.ndarray, factor: np.ndarray) -> float:
    """Write the upper triangle of U, U'U = A, and return log |A|, or -inf.

    Parameters
    ----------
    matrix : array, shape (D, D)
        A, of which the lower triangle is read.
    factor : array, shape (D, D)
    """
    size = len(matrix)
    block = _FEW_COLUMNS if size <= _MOST_PARTS_OF_FEW else _MANY_COLUMNS
    total = 0.0
    for first in range(0, size, block):
        last = min(first + block, size)
        for column in range(first, size):
            for row in range(first, min(last, column + 1)):
                factor[row, column] = matrix[column, row]
        if first > 0:
            above = np.ascontiguousarray(factor[:first, first:])
            beside = np.ascontiguousarray(above[:, : last - first].T)
            lost = beside @ above
            for row in range(first, last):
                for column in range(row, size):
                    factor[row, column] -= lost[row - first, column - first]
        for pivot in range(first, last):
            value = factor[pivot, pivot]
            if not value > 0:
                return -np.inf
            total += np.log(value)
            scale = 1 / np.sqrt(value)
            for column in range(pivot, size):
                factor[pivot, column] *= scale
            for row in range(pivot + 1, last):
                weight = factor[pivot, row]
                for column in range(row, size):
                    factor[row, column] -= weight * factor[pivot, column]
    return total


@_contracted
def put_inverse(target: np.ndarray, matrix: np.ndarray) -> bool:
    """Write the inverse of a symmetric matrix over another one, if it is positive definite.

    With A = U'U and W = U'⁻¹, it is W'W, at two thirds of the operations of `np.linalg.inv`.

    Parameters
    ----------
    target : array, shape (D, D)
        Unchanged where A is not positive definite.
    matrix : array, shape (D, D)
        A, of which the lower triangle is read.

    Returns
    -------
    bool
        Whether A is positive definite.
    """
    size = len(matrix)
    factor = np.empty_like(matrix)
    if not _factorise(matrix, factor) > -np.inf:
        return False
    root = np.zeros_like(matrix)
    for first in range(0, size, _ROOT_ROWS):
        last = min(first + _ROOT_ROWS, size)
        if first > 0:
            above = np.ascontiguousarray(factor[:first, first:last].T)
            lost = above @ np.ascontiguousarray(root[:first, :first])
            for row in range(first, last):
                for column in range(first):
                    root[row, column] = -lost[row - first, column]
        for row in range(first, last):
            root[row, row] = 1.0
            for other in range(first, row):
                weight = factor[other, row]
                for column in range(other + 1):
                    root[row, column] -= weight * root[other, column]
            scale = 1 / factor[row, row]
            for column in range(row + 1):
                root[row, column] *= scale
    for first in range(0, size, _ROWS):
        last = min(first + _ROWS, size)
        below = np.ascontiguousarray(root[first:, :last])
        products = np.ascontiguousarray(below[:, first:].T) @ below
        for row in range(first, last):
            for column in range(row + 1):
                target[row, column] = products[row - first, column]
                target[column, row] = products[row - first, column]
    return True


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


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def row_product(matrix: np.ndarray, row: int, vector: np.ndarray, count: int) -> float:
    """Return the inner product of the first entries of a row of a matrix and of a vector.

    Parameters
    ----------
    matrix : array, shape (n, D)
        In single or double precision, in which products are summed.
    row : int
    vector : array, shape (D,)
        In the same precision.
    count : int
        Of the entries.
    """
    total = matrix.dtype.type(0)
    for place in range(count):
        total += matrix[row, place] * vector[place]
    return total


@numba.njit(nogil=True, cache=True, fastmath={"contract"})
def add_row(
    target: np.ndarray, matrix: np.ndarray, row: int, factor: float, count: int
) -> None:
    """Add the first entries of a row of a matrix, times a factor, to a vector.

    Parameters
    ----------
    target : array, shape (D,)
    matrix : array, shape (n, D)
    row : int
    factor : float
    count : int
        Of the entries.
    """
    for place in range(count):
        target[place] += factor * matrix[row, place]


@_compiled
def add_products(
    target: np.ndarray,
    single: np.ndarray,
    one: np.ndarray,
    other: np.ndarray,
    count: int,
) -> None:
    """Add the product of some columns of two matrices to the lower triangle of a third, by BLAS.

    Parameters
    ----------
    target : array, shape (D, D)
    single : array of float32, shape (D, D)
        Becomes the same in single precision.
    one, other : array, shape (D, k)
        Whose product A B' is symmetric.
    count : int
        Of the columns, the first ones.
    """
    left = np.ascontiguousarray(one[:, :count])
    right = np.ascontiguousarray(other[:, :count].T)
    size = len(target)
    for first in range(0, size, _ROWS):
        last = min(first + _ROWS, size)
        gained = left[first:last] @ np.ascontiguousarray(right[:, :last])
        for row in range(first, last):
            for column in range(row + 1):
                value = target[row, column] + gained[row - first, column]
                target[row, column] = value
                single[row, column] = value


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


@_compiled
def sum_of_logs(values: np.ndarray) -> float:
    """Return the sum of the logarithms of positive values (n,): few logarithms are taken.

    Values are multiplied eight at a time, and are between 1e-38 and 1e38.
    """
    total = 0.0
    whole = len(values) // 8 * 8
    for first in range(0, whole, 8):
        one = values[first] * values[first + 1] * values[first + 2] * values[first + 3]
        two = values[first + 4] * values[first + 5]
        total += np.log(one * two * values[first + 6] * values[first + 7])
    for place in range(whole, len(values)):
        total += np.log(values[place])
    return total


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


@_compiled
def put_lower(target: np.ndarray, values: np.ndarray) -> None:
    """Write the lower triangle of a matrix (D, D) over both of a symmetric one."""
    for row in range(len(values)):
        for column in range(row + 1):
            target[row, column] = values[row, column]
            target[column, row] = values[row, column]
