"""A smooth function of one number as a few columns that a normal prior with independent coefficients makes smooth.

f(x) = a_1 u_1(x) + a_2 u_2(x) + ...; u_1 the standardised x itself, the others cubic splines that are orthogonal to it, to 1 and to each other over the
sample, with mean square 1, in order of roughness μ = ∫ u''² (the basis of Demmler & Reinsch 1975). Under the prior a_k ~ Normal(0, τ² κ_k), κ_1 = 1 and the
other κ sum to 1, in proportion to 1/√μ_k: rougher than a cubic smoothing spline (1/μ) would have it, which is for functions with kinks.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline

_RULE = np.polynomial.legendre.leggauss(4)  # exact for products of second derivatives of cubics
_NOTHING = 1e-9  # of the largest eigenvalue: a function that is 0 over the sample


@dataclass(frozen=True, eq=False)
class Smooth:
    """Columns u of a number, and their prior variances κ (r,)."""

    knots: np.ndarray
    coefficients: np.ndarray
    middle: float
    scale: float
    spectrum: np.ndarray

    def columns(self, values: np.ndarray) -> np.ndarray:
        """u (n, r); outside the sample's range those of its nearest end, but the first, which goes on."""
        linear = (values - self.middle) / self.scale
        if len(self.spectrum) == 1:
            return linear[:, None]
        inside = np.clip(values, self.knots[3], self.knots[-4])
        return np.column_stack([linear, BSpline.design_matrix(inside, self.knots, 3) @ self.coefficients])


def smooth(values: np.ndarray, size: int) -> Smooth:
    """The columns of a number with this sample: at most `size`, and fewer than it has different values."""
    middle, scale = values.mean(), values.std()
    straight = Smooth(np.empty(0), np.empty((0, 0)), middle, scale, np.ones(1))
    different = np.unique(values)
    if min(size, len(different) - 1) < 2:
        return straight
    inner = np.unique(np.quantile(different if len(different) <= size else values, np.linspace(0, 1, size - 1)))
    knots = np.concatenate([np.repeat(inner[0], 3), inner, np.repeat(inner[-1], 3)])
    design = BSpline.design_matrix(values, knots, 3)
    gram = (design.T @ design).toarray() / len(values)
    # What 1 and x are in terms of B-splines: 1 everywhere, and the means of three knots each.
    known = np.column_stack([np.ones(len(gram)), np.array([knots[k + 1 : k + 4].mean() for k in range(len(gram))])])
    eigenvalues, vectors = np.linalg.eigh(gram)
    kept = eigenvalues > _NOTHING * eigenvalues[-1]
    half = vectors[:, kept] / np.sqrt(eigenvalues[kept])
    taken = np.linalg.qr(half.T @ gram @ known)[0]
    others = np.linalg.svd(taken, full_matrices=True)[0][:, 2:]
    half = half @ others
    roughness, turned = np.linalg.eigh(half.T @ _roughness(knots) @ half)
    count = min(size, len(different) - 1) - 1
    spectrum = 1 / np.sqrt(np.maximum(roughness[:count], _NOTHING * roughness[-1]))
    return Smooth(knots, half @ turned[:, :count], middle, scale, np.concatenate([[1.0], spectrum / spectrum.sum()]))


def _roughness(knots: np.ndarray) -> np.ndarray:
    """∫ B_i'' B_j''."""
    edges = np.unique(knots)
    half = np.diff(edges) / 2
    nodes = (edges[:-1, None] + half[:, None] * (1 + _RULE[0])).ravel()
    weights = (half[:, None] * _RULE[1]).ravel()
    second = np.column_stack([BSpline(knots, unit, 3).derivative(2)(nodes) for unit in np.eye(len(knots) - 4)])
    return second.T @ (weights[:, None] * second)
