"""A smooth function of one number as a few columns that a normal prior with independent coefficients makes smooth.

f(x) = a_1 u_1(x) + a_2 u_2(x) + ...; u_1 the standardised x itself, the others cubic splines that are orthogonal to it, to 1 and to each other over the
sample, with mean square 1, in order of roughness μ = ∫ u''² (the basis of Demmler & Reinsch 1975). Under the prior a_k ~ Normal(0, τ² κ_k), κ_1 = 1 and the
other κ sum to 1, in proportion to 1/√μ_k: rougher than a cubic smoothing spline (1/μ) would have it, which is for functions with kinks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy.interpolate import BSpline

_RULE = np.polynomial.legendre.leggauss(4)  # exact for products of second derivatives of cubics
_NOTHING = 1e-9  # of the largest eigenvalue: a function that is 0 over the sample
_FEW = 6_000  # values, below which importing a compiler takes longer than NumPy
_MOST_VALUES = 200_000  # from which the columns are made; of more, every second, third, ...


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
        if len(self.spectrum) == 1:
            return ((values - self.middle) / self.scale)[:, None]
        edges, cubics = self._cubics
        if len(values) <= _FEW:
            inside = np.clip(values, edges[0], edges[-1])
            piece = np.clip(np.searchsorted(edges, inside, side="right") - 1, 0, len(edges) - 2)
            after, (first, second, third, fourth) = (
                (inside - edges[piece])[:, None],
                np.moveaxis(cubics[piece], 1, 0),
            )
            return np.column_stack(
                [
                    (values - self.middle) / self.scale,
                    first + after * (second + after * (third + after * fourth)),
                ]
            )
        found = np.empty((len(values), len(self.spectrum)))
        _evaluation()(
            np.ascontiguousarray(values, float), edges, cubics, self.middle, self.scale, found
        )
        return found

    @cached_property
    def _cubics(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the cubics meet, and of each piece the coefficients of 1, h, h² and h³ after its left edge, (pieces, 4, r - 1)."""
        edges = np.unique(self.knots)
        spline = BSpline(self.knots, self.coefficients, 3)
        return edges, np.stack(
            [
                spline.derivative(k)(edges[:-1]) / max(k * (k - 1), 1) if k else spline(edges[:-1])
                for k in range(4)
            ],
            axis=1,
        )


@lru_cache
def _evaluation() -> Callable:
    """Compiled: twenty covariates of ten million rows are some two billion cubics. It lets other threads run."""
    import numba

    @numba.njit(nogil=True, cache=True, error_model="numpy")
    def evaluate(values, edges, cubics, middle, scale, found):
        last, width = len(edges) - 2, cubics.shape[2]
        for i in range(len(values)):
            inside = min(max(values[i], edges[0]), edges[-1])
            piece = 0
            while piece < last and inside >= edges[piece + 1]:
                piece += 1
            after = inside - edges[piece]
            found[i, 0] = (values[i] - middle) / scale
            for k in range(width):
                found[i, k + 1] = cubics[piece, 0, k] + after * (
                    cubics[piece, 1, k]
                    + after * (cubics[piece, 2, k] + after * cubics[piece, 3, k])
                )

    return evaluate


def smooth(values: np.ndarray, size: int) -> Smooth:
    """The columns of a number with this sample: at most `size`, and fewer than it has different values."""
    middle, scale, ends = values.mean(), values.std(), (values.min(), values.max())
    straight = Smooth(np.empty(0), np.empty((0, 0)), middle, scale, np.ones(1))
    values = values[:: -(-len(values) // _MOST_VALUES)]
    different = np.unique(values)
    if min(size, len(different) - 1) < 2:
        return straight
    inner = np.quantile(
        different if len(different) <= size else values, np.linspace(0, 1, size - 1)
    )
    inner = np.unique(np.concatenate([ends, inner[1:-1]]))
    knots = np.concatenate([np.repeat(inner[0], 3), inner, np.repeat(inner[-1], 3)])
    design = BSpline.design_matrix(values, knots, 3)
    gram = (design.T @ design).toarray() / len(values)
    # What 1 and x are in terms of B-splines: 1 everywhere, and the means of three knots each.
    known = np.column_stack(
        [np.ones(len(gram)), np.array([knots[k + 1 : k + 4].mean() for k in range(len(gram))])]
    )
    eigenvalues, vectors = np.linalg.eigh(gram)
    kept = eigenvalues > _NOTHING * eigenvalues[-1]
    half = vectors[:, kept] / np.sqrt(eigenvalues[kept])
    taken = np.linalg.qr(half.T @ gram @ known)[0]
    others = np.linalg.svd(taken, full_matrices=True)[0][:, 2:]
    half = half @ others
    roughness, turned = np.linalg.eigh(half.T @ _roughness(knots) @ half)
    count = min(size, len(different) - 1) - 1
    spectrum = 1 / np.sqrt(np.maximum(roughness[:count], _NOTHING * roughness[-1]))
    return Smooth(
        knots,
        half @ turned[:, :count],
        middle,
        scale,
        np.concatenate([[1.0], spectrum / spectrum.sum()]),
    )


def _roughness(knots: np.ndarray) -> np.ndarray:
    """∫ B_i'' B_j''."""
    edges = np.unique(knots)
    half = np.diff(edges) / 2
    nodes = (edges[:-1, None] + half[:, None] * (1 + _RULE[0])).ravel()
    weights = (half[:, None] * _RULE[1]).ravel()
    second = np.column_stack(
        [BSpline(knots, unit, 3).derivative(2)(nodes) for unit in np.eye(len(knots) - 4)]
    )
    return second.T @ (weights[:, None] * second)
