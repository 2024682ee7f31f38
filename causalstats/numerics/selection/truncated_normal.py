"""Draws of a Normal above a limit."""

import numpy as np
from scipy.special import ndtr, ndtri


def truncated_normal(lower: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return draws of a standard Normal above limits, by inverting its distribution function."""
    below = ndtr(lower)
    return ndtri(
        np.clip(below + rng.random(below.shape) * (1 - below), 1e-15, 1 - 1e-15)
    )
