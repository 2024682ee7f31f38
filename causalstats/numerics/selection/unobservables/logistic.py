"""A standard logistic unobservable."""

import numpy as np
from scipy import stats

from causalstats.numerics.selection.unobservables.family import Family, sinh_trapezoid

LOGISTIC = Family(
    description="standard logistic",
    variance=np.pi**2 / 3,
    quadrature=lambda: sinh_trapezoid(stats.logistic.pdf, 3.8),
    draw=lambda rng, size: rng.logistic(size=size),
)
