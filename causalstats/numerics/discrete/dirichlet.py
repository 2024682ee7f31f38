"""Draws of probability tables, also where the prior is so weak that gamma variates underflow."""

from __future__ import annotations

import numpy as np


def draw(weights: np.ndarray, size: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Dirichlet draws (*size, ..., k) over the last axis of `weights` (..., k), which are positive.

    Gamma(a) has the distribution of Gamma(a + 1) U^(1/a), whose logarithm neither underflows nor divides 0 by 0.
    """
    shape = (*size, *weights.shape)
    logarithm = (
        np.log(rng.standard_gamma(weights + 1, shape)) - rng.standard_exponential(shape) / weights
    )
    logarithm -= logarithm.max(axis=-1, keepdims=True)
    table = np.exp(logarithm, out=logarithm)
    return table / table.sum(axis=-1, keepdims=True)
