"""Zero replacement by a pseudo-count of 1/2, for starting points, checks and figures.

No answer rests on it: the zeros of counts are sampled, and an amount of 0 is below a limit, which
needs no multiplicative replacement (Martín-Fernández et al. 2003).
"""

import numpy as np


def replace_zeros(values: np.ndarray, counts: bool) -> np.ndarray:
    """Return counts plus 1/2, and amounts as they are.

    Examples
    --------
    >>> replace_zeros(np.array([[0, 3]]), counts=True)
    array([[0.5, 3.5]])
    """
    return values + 0.5 if counts else values
