"""The inverse Mills ratio (nonselection hazard), the correction term of Heckman's two steps."""

import numpy as np
from scipy.special import log_ndtr


def inverse_mills_ratio(index: np.ndarray) -> np.ndarray:
    """Return the inverse Mills ratio φ(u)/Φ(u), with every digit in the left tail.

    Examples
    --------
    >>> inverse_mills_ratio(np.array([0.0, -40.0])).round(4)
    array([ 0.7979, 40.025 ])
    """
    return np.exp(-(index**2) / 2 - log_ndtr(index)) / np.sqrt(2 * np.pi)
