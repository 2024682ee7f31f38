"""A link function h of a binary regression: logit or probit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Link:
    """The inverse link h(x) = P(Y=1) of a linear predictor x; h(-x) = 1 - h(x).

    Parameters
    ----------
    inverse : function
        h over NumPy arrays.
    derivatives : function of (xp, compiled)
        Returns a function of x that gives h, h' and h'', over the array library `xp` or, with
        Numba's decorator `compiled`, over scalars.
    probit_variance : float
        c, with which h(x) is close to Φ(x √c): 1 for the probit.
    log_odds : float
        How long one log-odds is on the scale of the link.
    unit, singular : str
        The unit of the linear predictor, of several and of one.
    """

    inverse: Callable[[np.ndarray], np.ndarray]
    derivatives: Callable[[Any, Callable | None], Callable[..., Any]]
    probit_variance: float
    log_odds: float
    unit: str
    singular: str
