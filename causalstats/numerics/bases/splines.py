"""Smoothing splines of one number: a few columns that independent normal priors make smooth.

f(x) = a_1 u_1(x) + a_2 u_2(x) + ...; u_1 is the standardised x itself, the others are cubic splines
that are orthogonal to it, to 1 and to each other over the sample, with mean square 1, in order of
roughness μ = ∫ u''² (the basis of Demmler & Reinsch 1975). Under the prior a_k ~ Normal(0, τ² κ_k),
κ_1 = 1 and the other κ sum to 1, in proportion to 1/√μ_k: rougher than a cubic smoothing spline
(1/μ), for functions with kinks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from scipy.interpolate import BSpline

_RULE = np.polynomial.legendre.leggauss(
    4
)  # exact for products of second derivatives of cubics
# Share of the largest eigenvalue: below it a function counts as 0
_RANK_TOLERANCE = 1e-9
# Below, importing a compiler takes longer than NumPy
_ROUNDING = 1e-14  # of the largest value
_COMPILING_PAYS_FROM_VALUES = 6_000
# From which the columns are made; of more, every second, third, ...
_MOST_VALUES = 200_000


@dataclass(frozen=True, eq=False)
class Smooth:
    """Spline columns of a number.

    Parameters
    ----------
    knots : array
    coefficients : array, shape (B-splines, r - 1)
        Coefficients of all columns but the first.
    middle, scale : float
        Mean and standard deviation of the sample.
    spectrum : array, shape (r,)
        Relative prior variances κ.
    """

    knots: np.ndarray
    coefficients: np.ndarray
    middle: float
    scale: float
    spectrum: np.ndarray

    def columns(self, values: np.ndarray) -> np.ndarray:
        """Return the columns u (n, r) of values (n,).

        Beyond the sample's range they are those of its nearest end, but the first, which goes on.
        """
        if len(self.spectrum) == 1:
            return ((values - self.middle) / self.scale)[:, None]
        edges, cubics = self._cubics
        if len(values) <= _COMPILING_PAYS_FROM_VALUES:
            inside = np.clip(values, edges[0], edges[-1])
            piece = np.clip(
                np.searchsorted(edges, inside, side="right") - 1, 0, len(edges) - 2
            )
            after = (inside - edges[piece])[:, None]
            first, second, third, fourth = np.moveaxis(cubics[piece], 1, 0)
            straight = (values - self.middle) / self.scale
            curved = first + after * (second + after * (third + after * fourth))
            return np.column_stack([straight, curved])
        columns = np.empty((len(values), len(self.spectrum)))
        values = np.ascontiguousarray(values, float)
        _compiled_evaluation()(values, edges, cubics, self.middle, self.scale, columns)
        return columns

    @cached_property
    def _cubics(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the cubics meet, and the coefficients of 1, h, h² and h³ after each left edge.

        The second has shape (pieces, 4, r - 1).
        """
        edges = np.unique(self.knots)
        spline = BSpline(self.knots, self.coefficients, 3)
        derivatives = [spline(edges[:-1])]
        for k in (1, 2, 3):
            derivatives.append(spline.derivative(k)(edges[:-1]) / max(k * (k - 1), 1))
        return edges, np.stack(derivatives, axis=1)


@lru_cache
def _compiled_evaluation() -> Callable[..., Any]:
    """Compiled: twenty covariates of ten million rows are some two billion cubics.

    It lets other threads run.
    """
    import numba

    @numba.njit(nogil=True, cache=True, error_model="numpy")
    def evaluate(values, edges, cubics, middle, scale, columns):
        last, width = len(edges) - 2, cubics.shape[2]
        for i in range(len(values)):
            inside = min(max(values[i], edges[0]), edges[-1])
            piece = 0
            while piece < last and inside >= edges[piece + 1]:
                piece += 1
            after = inside - edges[piece]
            columns[i, 0] = (values[i] - middle) / scale
            for k in range(width):
                columns[i, k + 1] = cubics[piece, 0, k] + after * (
                    cubics[piece, 1, k]
                    + after * (cubics[piece, 2, k] + after * cubics[piece, 3, k])
                )

    return evaluate


def smooth(values: np.ndarray, size: int) -> Smooth:
    """Return at most `size` columns of values (n,), and fewer than there are different values.

    Examples
    --------
    >>> x = np.linspace(0, 1, 40)
    >>> basis = smooth(x, 5)
    >>> columns = basis.columns(x)
    >>> columns.shape, (columns.T @ columns / 40).round(6).diagonal().tolist()
    ((40, 5), [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    middle, scale = float(values.mean()), float(values.std())
    if scale <= _ROUNDING * np.abs(values).max():
        scale = 1.0  # the same number everywhere: columns of 0
    ends = (values.min(), values.max())
    straight = Smooth(np.empty(0), np.empty((0, 0)), middle, scale, np.ones(1))
    values = values[:: -(-len(values) // _MOST_VALUES)]
    different = np.unique(values)
    if min(size, len(different) - 1) < 2:
        return straight
    spaced = different if len(different) <= size else values
    inner = np.quantile(spaced, np.linspace(0, 1, size - 1))
    inner = np.unique(np.concatenate([ends, inner[1:-1]]))
    knots = np.concatenate([np.repeat(inner[0], 3), inner, np.repeat(inner[-1], 3)])
    design = BSpline.design_matrix(values, knots, 3)
    gram = (design.T @ design).toarray() / len(values)
    # The coefficients of 1 and of x: 1 everywhere, and the means of three knots each.
    means = np.array([knots[k + 1 : k + 4].mean() for k in range(len(gram))])
    known = np.column_stack([np.ones(len(gram)), means])
    eigenvalues, vectors = np.linalg.eigh(gram)
    kept = eigenvalues > _RANK_TOLERANCE * eigenvalues[-1]
    whitening = vectors[:, kept] / np.sqrt(eigenvalues[kept])
    straight_part = np.linalg.qr(whitening.T @ gram @ known)[0]
    complement = np.linalg.svd(straight_part, full_matrices=True)[0][:, 2:]
    whitening = whitening @ complement
    penalty = whitening.T @ _roughness(knots) @ whitening
    roughness, rotation = np.linalg.eigh(penalty)
    count = min(size, len(different) - 1) - 1
    smallest = _RANK_TOLERANCE * roughness[-1]
    spectrum = 1 / np.sqrt(np.maximum(roughness[:count], smallest))
    return Smooth(
        knots=knots,
        coefficients=whitening @ rotation[:, :count],
        middle=middle,
        scale=scale,
        spectrum=np.concatenate([[1.0], spectrum / spectrum.sum()]),
    )


def _roughness(knots: np.ndarray) -> np.ndarray:
    """∫ B_i'' B_j''."""
    edges = np.unique(knots)
    half = np.diff(edges) / 2
    nodes = edges[:-1, None] + half[:, None] * (1 + _RULE[0])
    weights = (half[:, None] * _RULE[1]).ravel()
    splines = [BSpline(knots, unit, 3) for unit in np.eye(len(knots) - 4)]
    curvatures = [spline.derivative(2)(nodes.ravel()) for spline in splines]
    second = np.column_stack(curvatures)
    return second.T @ (weights[:, None] * second)
