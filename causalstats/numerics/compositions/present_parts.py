"""Rows in which some parts cannot be present (structural zeros): what they leave unknown.

Of rows i with the parts S_i, only the ratios among these are seen. With the means X B and free
levels of rows, a direction Δ of B changes nothing of what is seen where

    x_i'Δ_j = a_i for every part j in S_i, of every row i

for some levels a. Those with Δ_j the same for all parts are the levels themselves; the others are
comparisons that these rows do not make: of a part with the others in a group that it is absent
from, or between parts that no row has together.
"""

import numpy as np

_NULL = 1e-9  # of the largest eigenvalue
_EQUAL_DECIMALS = 6
_STEPS = 60  # of fitting columns and rows in turn


def undetermined_directions(covariates: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the directions of B that no row knows.

    Parameters
    ----------
    covariates : array, shape (n, q)
        X, of full column rank.
    present : bool array, shape (n, D)

    Returns
    -------
    array, shape (r, q, D)
        They sum to 0 over parts.

    Examples
    --------
    The last of three parts is absent from the second group.

    >>> covariates = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    >>> present = np.array([[True, True, True], [True, True, True], [True, True, False]])
    >>> (undetermined_directions(covariates, present) ** 2).round(2)
    array([[[0.  , 0.  , 0.  ],
            [0.17, 0.17, 0.67]]])
    """
    columns, size = covariates.shape[1], present.shape[1]
    full = present.all(axis=0)
    # Parts that are present everywhere move together, as one
    nodes = present[:, ~full]
    node_of = np.zeros(size, int)
    node_of[~full] = np.arange(nodes.shape[1])
    if full.any():
        node_of[full] = nodes.shape[1]
        nodes = np.column_stack([nodes, np.ones(len(present), bool)])
    count = nodes.shape[1]
    patterns, kind = np.unique(nodes, axis=0, return_inverse=True)
    information = np.zeros((columns, count, columns, count))
    for number, pattern in enumerate(patterns.astype(float)):
        rows = covariates[kind.ravel() == number]
        centring = np.diag(pattern) - np.outer(pattern, pattern) / pattern.sum()
        information += np.einsum("ab,cd->acbd", rows.T @ rows, centring)
    values, vectors = np.linalg.eigh(information.reshape(columns * count, -1))
    null = vectors[:, values <= _NULL * values[-1]].T.reshape(-1, columns, count)
    directions = null[:, :, node_of]
    directions = directions - directions.mean(axis=2, keepdims=True)
    flat = directions.reshape(len(directions), -1)
    _, sizes, basis = np.linalg.svd(flat, full_matrices=False)
    return basis[sizes > np.sqrt(_NULL)].reshape(-1, columns, size)


def compared_parts(directions: np.ndarray, column: int) -> np.ndarray:
    """Return a number for each part, equal where rows compare them on a covariate.

    Parameters
    ----------
    directions : array, shape (r, q, D)
        That of `undetermined_directions`.
    column : int
        Of the covariates.

    Returns
    -------
    int array, shape (D,)
        0 for the largest set of parts whose coefficients are compared with each other.

    Examples
    --------
    >>> compared_parts(np.array([[[-1.0, -1.0, 2.0]]]), 0)
    array([0, 0, 1])
    """
    moved = np.round(directions[:, column].T, _EQUAL_DECIMALS) + 0.0
    if moved.shape[1] == 0:
        return np.zeros(len(moved), int)
    numbers = np.unique(moved, axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(-np.bincount(numbers), kind="stable")
    return np.argsort(order)[numbers]


def with_absent_parts(
    logs: np.ndarray, covariates: np.ndarray, present: np.ndarray
) -> np.ndarray:
    """Return logarithms with those of absent parts by what the others fit to them.

    For starting points and figures: l_i + x_i'b_j by least squares over what is present.

    Parameters
    ----------
    logs : array, shape (n, D)
    covariates : array, shape (n, q)
    present : bool array, shape (n, D)

    Examples
    --------
    >>> logs = np.array([[1.0, 2.0, 3.0], [2.0, 3.0, 0.0]])
    >>> present = np.array([[True, True, True], [True, True, False]])
    >>> with_absent_parts(logs, np.ones((2, 1)), present).round(2)
    array([[1., 2., 3.],
           [2., 3., 4.]])
    """
    filled = np.where(present, logs, 0.0)
    share = present.sum(axis=1)
    absent = np.flatnonzero(~present.all(axis=0))
    solve = np.linalg.pinv(covariates)
    solvers = {part: np.linalg.pinv(covariates[present[:, part]]) for part in absent}
    levels = filled.sum(axis=1) / share
    fitted = np.zeros_like(filled)
    for _ in range(_STEPS):
        coefficients = solve @ (filled - levels[:, None])
        for part in absent:
            rows = present[:, part]
            coefficients[:, part] = solvers[part] @ (logs[rows, part] - levels[rows])
        fitted = covariates @ coefficients
        levels = (np.where(present, logs - fitted, 0.0)).sum(axis=1) / share
    return np.where(present, logs, levels[:, None] + fitted)
