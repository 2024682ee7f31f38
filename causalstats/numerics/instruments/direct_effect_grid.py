"""Where the posterior of direct effects of a given size is: nodes that are adapted to it.

Direct effects η ~ Normal(m, sd²), of plausibly exogenous instruments (Conley, Hansen & Rossi 2012),
are summed over. Other instruments may tell them far better than
their prior: nodes are dense about the mode of the prior times the profile likelihood κ(η)^(-n'/2),
κ the LIML eigenvalue of y - Zη, and thin out to six standard deviations of the prior, so that a
posterior narrower than the prior, or one with both a peak and the tails of the prior, is covered:

    η = mode + L w sinh(c x),    x even in (-1, 1) for each direction

with L a root of the curvature at the mode.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from causalstats.numerics.instruments.moments import InstrumentMoments

_NODES = {1: 61, 2: 21, 3: 9}  # of each direct effect, by how many have a size
_PRIOR_SDS = 6.0
_CENTRE = 1.5  # width of the dense part, in standard deviations by the curvature
_STEP = 1e-3  # of numerical derivatives, in prior standard deviations


@dataclass(frozen=True, eq=False, kw_only=True)
class DirectEffectGrid:
    """Nodes of direct effects that are not exact.

    Attributes
    ----------
    mode : array, shape (d,)
    root : array, shape (d, d)
        L.
    bend : array, shape (d,)
        c of each direction.
    nodes : array, shape (e, d)
        x.
    step : float
        Between neighbouring x.
    log_weight : array, shape (e,)
        Of the prior and of the spacing of nodes.
    """

    mode: np.ndarray
    root: np.ndarray
    bend: np.ndarray
    nodes: np.ndarray
    step: float
    log_weight: np.ndarray

    def at(self, x: np.ndarray) -> np.ndarray:
        """Return η, shape (n, d), at x.

        Parameters
        ----------
        x : array, shape (n, d)
        """
        stretched = _CENTRE * np.sinh(self.bend * x)
        return self.mode + stretched @ self.root.T


def direct_effect_grid(
    moments: InstrumentMoments,
    mean: np.ndarray,
    sd: np.ndarray,
    fixed: np.ndarray,
    free: np.ndarray,
) -> DirectEffectGrid:
    """Return nodes of the direct effects whose prior has a width.

    Parameters
    ----------
    moments : InstrumentMoments
        With a column for each instrument that has a direct effect.
    mean, sd : arrays, shape (d,)
        Of the prior of those that are not exact.
    fixed : array, shape (m,)
        Values of all direct effects, of which those that are not exact are replaced.
    free : int array, shape (d,)
        Positions of those that are not exact.
    """
    from scipy.optimize import minimize

    count = len(mean)

    def energy(standard: np.ndarray) -> float:
        values = fixed.copy()
        values[free] = mean + sd * standard
        return _profile(moments, values) + float((standard**2).sum()) / 2

    best = minimize(energy, np.zeros(count), method="Nelder-Mead", options=_SEARCH)
    curvature = np.empty((count, count))
    moves = np.eye(count) * _STEP
    scale = best.x
    for row in range(count):
        for column in range(count):
            signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
            values = [
                i * j * energy(scale + i * moves[row] + j * moves[column])
                for i, j in signs
            ]
            curvature[row, column] = sum(values) / 4 / _STEP**2
    eigenvalues, vectors = np.linalg.eigh(curvature)
    spread = 1 / np.sqrt(np.maximum(eigenvalues, 1.0))  # no wider than the prior
    furthest = _PRIOR_SDS + np.linalg.norm(scale)
    bend = np.arcsinh(furthest / (_CENTRE * spread))
    size = _NODES[count]
    single = (np.arange(size) + 0.5) / size * 2 - 1
    x = np.stack(np.meshgrid(*[single] * count, indexing="ij"), axis=-1)
    x = x.reshape(-1, count)
    stretched = _CENTRE * np.sinh(bend * x)
    standard = scale + stretched @ (vectors * spread).T
    jacobian = np.log(np.cosh(bend * x)).sum(axis=1)
    return DirectEffectGrid(
        mode=mean + sd * scale,
        root=sd[:, None] * vectors * spread,
        bend=bend,
        nodes=x,
        step=2 / size,
        log_weight=jacobian - (standard**2).sum(axis=1) / 2,
    )


_SEARCH = {"xatol": 1e-6, "fatol": 1e-9, "maxiter": 2000}


def _profile(moments: InstrumentMoments, direct: np.ndarray) -> float:
    """Return n'/2 log κ of LIML at direct effects.

    Parameters
    ----------
    moments : InstrumentMoments
    direct : array, shape (m,)
    """
    columns = np.zeros((len(moments.products), 2))
    columns[:, 0] = np.concatenate([[1.0, 0.0], -direct])
    columns[1, 1] = 1.0
    total = columns.T @ moments.products @ columns
    left = total - columns.T @ moments.explained @ columns
    kappa = linalg.eigh(total, left, eigvals_only=True)[0]
    return float(moments.degrees / 2 * np.log(kappa))
