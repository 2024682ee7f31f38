"""A uniform unobservable on (-1/2, 1/2), the paper's Uniform(0, σ) about its mean."""

import numpy as np

from causalstats.numerics.selection.unobservables.family import Family

# The error falls as ρ^-64 with ρ = y + √(1 + y²), y = 2π / (σ max(1, α)): it is below 1e-11 where
# σ max(1, α) < 15.
_LEGENDRE_NODES = 32


def _quadrature() -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = np.polynomial.legendre.leggauss(_LEGENDRE_NODES)
    return nodes / 2, weights / 2


UNIFORM = Family(
    description="uniform on (-1/2, 1/2)",
    variance=1 / 12,
    quadrature=_quadrature,
    draw=lambda rng, size: rng.uniform(-0.5, 0.5, size),
    lower_end=0.5,
)
