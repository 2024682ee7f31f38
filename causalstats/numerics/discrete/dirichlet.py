"""Dirichlet draws of probability tables, also under priors so weak that gamma draws underflow."""

from __future__ import annotations

import numpy as np


def draw(
    weights: np.ndarray, size: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Return Dirichlet draws over the last axis.

    Gamma(a) has the distribution of Gamma(a + 1) U^(1/a), whose logarithm does not underflow.

    Parameters
    ----------
    weights : array, shape (..., k)
        The parameters of the distributions, positive.
    size : tuple of int
        The shape of the draws, which comes first.
    rng : Generator

    Returns
    -------
    array, shape (*size, ..., k)
        The last axis sums to 1.

    Examples
    --------
    >>> table = draw(np.array([[1.0, 1.0], [1e-9, 1e-9]]), (1000,), np.random.default_rng(1))
    >>> table.shape, bool(np.isfinite(table).all())
    ((1000, 2, 2), True)
    >>> table.mean(axis=0).round(1)
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    shape = (*size, *weights.shape)
    gamma = np.log(rng.standard_gamma(weights + 1, shape))
    logarithm = gamma - rng.standard_exponential(shape) / weights
    logarithm -= logarithm.max(axis=-1, keepdims=True)
    table = np.exp(logarithm, out=logarithm)
    return table / table.sum(axis=-1, keepdims=True)
