"""Half-Normal priors of scales."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.numerics.softplus_transform import softplus_transform

HALF_NORMAL_SD = np.sqrt(1 - 2 / np.pi)  # standard deviation of a half-Normal(1)


def half_normal(name: str, scale: float) -> Any:
    """Add a half-Normal variable to the current PyMC model, sampled on the scale log(e^x - 1).

    There the right tail of a scale's posterior stays nearly Gaussian, which log x would bend.
    """
    import pymc as pm

    return pm.HalfNormal(name, scale, default_transform=softplus_transform())
