"""Refusal of an outcome that follows exactly from its lags, treatments and covariates.

Such an outcome was computed from them, as a balance is from what came in and went out: no error is
left, every standard deviation has its mode at 0, and only rounding decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

_EXACT = 1e-10  # of the outcome's variance within units: less is rounding


def refuse_exact(outcome: str, blocks: Iterable[np.ndarray]) -> None:
    """Refuse an outcome of which least squares with unit effects leaves nothing but rounding.

    Parameters
    ----------
    outcome : str
        Its name.
    blocks : iterable of array, shape (n, T, k + 1)
        The columns of units with T periods; the outcome is the last.

    Raises
    ------
    ModelError
        If less than 1e-10 of the variance within units is left, and rows are enough to tell.

    Examples
    --------
    >>> columns = np.random.default_rng(1).normal(size=(40, 5, 3))
    >>> refuse_exact("y", [columns])
    >>> columns[:, :, 2] = columns[:, :, 0] + 2 * columns[:, :, 1]
    >>> refuse_exact("y", [columns])
    Traceback (most recent call last):
        ...
    causalstats.errors.ModelError: 'y' follows exactly from its lags, the treatments and the ...
    """
    gram: np.ndarray | None = None
    free = 0
    for columns in blocks:
        within = columns - columns.mean(axis=1, keepdims=True)
        rows = within.reshape(-1, columns.shape[2])
        free += len(rows) - len(columns)
        gram = rows.T @ rows if gram is None else gram + rows.T @ rows
    if gram is None or not gram[-1, -1] > 0:
        return
    norms = np.sqrt(np.diagonal(gram))
    varying = norms[:-1] > np.sqrt(_EXACT) * norms[:-1].max()
    kept = np.append(varying, True)
    correlation = gram[np.ix_(kept, kept)] / np.outer(norms[kept], norms[kept])
    inner, across = correlation[:-1, :-1], correlation[:-1, -1]
    inverse = np.linalg.pinv(inner, rcond=1e-9, hermitian=True)
    if free <= len(inner) or 1 - across @ inverse @ across >= _EXACT:
        return
    raise ModelError(
        f"{outcome!r} follows exactly from its lags, the treatments and the covariates: no error "
        "is left to learn from. Leave out what it is computed from."
    )
