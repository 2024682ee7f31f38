"""The transform of positive parameters that are sampled as x = log(1 + e^u)."""

from functools import cache
from typing import Any


@cache
def softplus_transform() -> Any:
    """Return PyMC's transform of x = log(1 + e^u), under a name of one word.

    PyMC reads the name of a parameter off that of its unconstrained value, and finds it only where
    the name of the transform has no underscore, as that of its own `log_exp_m1` has:
    `pm.compute_log_likelihood` and `pm.stats.compute_log_prior` fail with it.

    Examples
    --------
    >>> softplus_transform().name
    'softplus'
    """
    from pymc.distributions.transforms import LogExpM1

    class Softplus(LogExpM1):
        name = "softplus"

    return Softplus()
