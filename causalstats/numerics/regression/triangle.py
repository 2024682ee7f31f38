"""The triangle of a QR decomposition of a tall matrix, block by block of its rows."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def triangle(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Return R of X = QR, which has the cross-products R'R = X'X to full precision.

    Parameters
    ----------
    blocks : iterable of arrays, shape (m, p)
        Rows of X; in memory one after the other.

    Returns
    -------
    array, shape (p, p) or fewer rows where X has fewer

    References
    ----------
    Demmel, Grigori, Hoemmen & Langou (2012), Communication-optimal parallel and sequential QR and
    LU factorizations, SIAM Journal on Scientific Computing 34.

    Examples
    --------
    >>> columns = np.array([[3.0, 1.0], [4.0, 2.0], [0.0, 2.0]])
    >>> np.abs(triangle([columns[:2], columns[2:]])).round(3)
    array([[5.  , 2.2 ],
           [0.  , 2.04]])
    """
    left: np.ndarray | None = None
    for block in blocks:
        rows = block if left is None else np.concatenate([left, block])
        left = np.linalg.qr(rows, mode="r")
    return np.empty((0, 0)) if left is None else left
