"""A standard normal unobservable."""

import numpy as np
from scipy import stats

from causalstats.numerics.selection.unobservables.family import (
    TRAPEZOIDAL_NODES,
    Family,
)


def _quadrature() -> tuple[np.ndarray, np.ndarray]:
    nodes = np.linspace(-6, 6, TRAPEZOIDAL_NODES)
    weights = stats.norm.pdf(nodes)
    return nodes, weights / weights.sum()


NORMAL = Family(
    description="standard normal",
    variance=1.0,
    quadrature=_quadrature,
    draw=lambda rng, size: rng.standard_normal(size),
)
