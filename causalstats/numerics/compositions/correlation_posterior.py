"""The posterior of a partial correlation under a Wishart posterior, for millions of pairs.

If a 2 x 2 block of a precision matrix is Wishart with ν degrees of freedom and scale B, the partial
correlation r has, with ρ = -B_12 / √(B_11 B_22), the density of a sample correlation (Hotelling
1953), here of the Fisher-transformed u = atanh r - atanh ρ:

    f(r) = (ν-1) Γ(ν) (1-ρ²)^{ν/2} (1-r²)^{(ν-3)/2} / [√(2π) Γ(ν+½) (1-ρr)^{ν-½}]
           · ₂F₁(½, ½; ν+½; (1+ρr)/2)

and equals (Z + χ_ν δ) / χ_{ν-1} on the scale r/√(1-r²), δ = ρ/√(1-ρ²). All pairs of one posterior
share ν, so that quantiles, moments and probabilities are smooth functions of ρ and u: they are
computed once on a grid and interpolated, to about eight digits.

References
----------
Hotelling (1953), New light on the correlation coefficient and its transforms, Journal of the Royal
Statistical Society B 15:193-232.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import interpolate, special

_ANGLES = 97  # of ρ = -cos θ, which makes polynomials of it as good as Chebyshev's
_SMALLEST_RHO = (
    -1 + 1e-10
)  # where the distribution of u has reached its limit for ρ = -1
_PANELS = 800  # of Gauss-Legendre quadrature
_RULE = np.polynomial.legendre.leggauss(8)
_LARGEST_SCORE = 8.0  # standard normal; beyond, a probability is below 1e-15


def log_density(
    u: np.ndarray, rho: np.ndarray, degrees: np.ndarray | float
) -> np.ndarray:
    """Return the log density of u = atanh r - atanh ρ.

    Parameters
    ----------
    u : array
    rho : array
        ρ in (-1, 1); broadcasts with `u`.
    degrees : float or array
        ν > 1.

    Examples
    --------
    >>> log_density(np.array([0.0]), np.array([0.3]), 10.0).round(4)
    array([0.1531])
    """
    z = np.arctanh(rho)
    r = np.tanh(z + u)
    constant = (
        np.log(degrees - 1)
        + special.gammaln(degrees)
        - special.gammaln(degrees + 0.5)
        - 0.5 * math.log(2 * math.pi)
    )
    # In logarithms of cosh: 1 - r² = cosh⁻²(z+u), 1 - ρr = cosh(u) / (cosh z cosh(z+u)), whose
    # product does not cancel.
    density = (
        -degrees * _log_cosh(z)
        - (degrees - 1) * _log_cosh(z + u)
        - (degrees - 0.5) * (_log_cosh(u) - _log_cosh(z) - _log_cosh(z + u))
    )
    return (
        constant
        + density
        + np.log(special.hyp2f1(0.5, 0.5, degrees + 0.5, (1 + rho * r) / 2))
    )


def log_density_at_zero(rho: np.ndarray, degrees: np.ndarray | float) -> np.ndarray:
    """Return the log density of r at 0, for the Savage-Dickey ratio.

    Examples
    --------
    Symmetric about ρ = 0, as for the t-test.

    >>> values = log_density_at_zero(np.array([-0.5, 0.0, 0.5]), 10.0)
    >>> bool(values[0] == values[2] < values[1])
    True
    """
    return log_density(-np.arctanh(rho), rho, degrees)


class CorrelationMargin:
    """The distributions of r for every ρ in (-1, 1), at one number of degrees of freedom.

    Parameters
    ----------
    degrees : float
        ν > 1.

    Raises
    ------
    ValueError
        If ν is not a number above 1.

    Examples
    --------
    >>> margin = CorrelationMargin(20.0)
    >>> rho = np.array([0.0, 0.5])
    >>> margin.mean(rho).round(3) + 0.0
    array([0.  , 0.49])
    >>> margin.quantile(rho, 0.975).round(3)
    array([0.433, 0.772])
    """

    def __init__(self, degrees: float):
        if not (np.isfinite(degrees) and degrees > 1):
            raise ValueError(
                f"Expected more than 1 degree of freedom, got {degrees!r}."
            )
        self.degrees: float = float(degrees)
        self._angles = np.linspace(0, np.pi, _ANGLES)
        rho = np.clip(-np.cos(self._angles), _SMALLEST_RHO, -_SMALLEST_RHO)
        width = 8 / math.sqrt(degrees) + 32 / (degrees - 1)
        edges = np.linspace(-width, width, _PANELS + 1)
        half = width / _PANELS
        nodes = (edges[:-1, None] + half * (1 + _RULE[0])).ravel()
        density = np.exp(log_density(nodes, rho[:, None], degrees))
        mass = density.reshape(len(rho), _PANELS, -1) * _RULE[1] * half
        r = np.tanh(np.arctanh(rho)[:, None] + nodes).reshape(mass.shape)
        total = mass.sum(axis=(1, 2))
        panels = mass.sum(axis=2) / total[:, None]
        below = np.concatenate(
            [np.zeros((len(rho), 1)), np.cumsum(panels, axis=1)], axis=1
        )
        above = np.concatenate(
            [np.cumsum(panels[:, ::-1], axis=1)[:, ::-1], np.zeros((len(rho), 1))],
            axis=1,
        )
        with np.errstate(divide="ignore"):
            scores = np.where(below < 0.5, special.ndtri(below), -special.ndtri(above))
        mean = (mass * r).sum(axis=(1, 2)) / total
        self._mean = self._polynomial(mean - rho)
        self._variance = self._polynomial(
            (mass * (r - mean[:, None, None]) ** 2).sum(axis=(1, 2)) / total
        )
        kept = np.all(abs(scores) < _LARGEST_SCORE, axis=0)
        self._edges, self._scores = edges[kept], scores[:, kept]
        self._quantiles: dict[
            float, Callable
        ] = {}  # of u, as functions of ρ, once asked for
        self._surface = interpolate.RectBivariateSpline(
            self._angles, self._edges, self._scores, kx=5, ky=5
        )

    def mean(self, rho: np.ndarray) -> np.ndarray:
        """Return E r for each ρ."""
        return rho + self._mean(rho)

    def sd(self, rho: np.ndarray) -> np.ndarray:
        """Return the standard deviation of r for each ρ."""
        return np.sqrt(np.maximum(self._variance(rho), 0))

    def quantile(self, rho: np.ndarray, prob: float) -> np.ndarray:
        """Return the value that r stays below with this probability, for each ρ."""
        score = special.ndtri(prob)
        if not abs(score) < _LARGEST_SCORE - 1:
            raise ValueError(
                f"Expected a probability between 1e-11 and 1 - 1e-11, got {prob!r}."
            )
        if prob not in self._quantiles:
            self._quantiles[prob] = self._polynomial(
                np.array(
                    [
                        interpolate.CubicSpline(row, self._edges)(score)
                        for row in self._scores
                    ]
                )
            )
        return np.tanh(np.arctanh(rho) + self._quantiles[prob](rho))

    def cdf(self, rho: np.ndarray, r: np.ndarray) -> np.ndarray:
        """Return P(r' ≤ r); `rho` and `r` broadcast."""
        rho, r = np.broadcast_arrays(np.asarray(rho, float), np.asarray(r, float))
        with np.errstate(divide="ignore"):
            u = np.arctanh(r) - np.arctanh(rho)
        inside = np.clip(u, self._edges[0], self._edges[-1])
        scores = self._surface.ev(np.arccos(-rho), inside)
        return np.where(
            u < self._edges[0],
            0.0,
            np.where(u > self._edges[-1], 1.0, special.ndtr(scores)),
        )

    def negative(self, rho: np.ndarray) -> np.ndarray:
        """Return P(r < 0), exactly: Student's t with ν degrees of freedom below -√ν ρ/√(1-ρ²)."""
        return special.stdtr(
            self.degrees, -math.sqrt(self.degrees) * rho / np.sqrt(1 - rho**2)
        )

    def log_density(self, rho: np.ndarray, r: np.ndarray) -> np.ndarray:
        """Return the log density of r itself."""
        return log_density(
            np.arctanh(r) - np.arctanh(rho), rho, self.degrees
        ) - np.log1p(-(r**2))

    def draw(self, rho: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return one independent draw for each ρ.

        Pairs of one posterior are dependent, so that this serves one pair at a time.
        """
        delta = rho / np.sqrt(1 - rho**2)
        scaled = (
            rng.standard_normal(np.shape(rho))
            + np.sqrt(rng.chisquare(self.degrees, np.shape(rho))) * delta
        )
        return _from_tangent(
            scaled / np.sqrt(rng.chisquare(self.degrees - 1, np.shape(rho)))
        )

    def _polynomial(self, values: np.ndarray):
        """Return a spline through values at the grid of ρ, a function of any ρ."""
        spline = interpolate.make_interp_spline(self._angles, values, k=5)
        return lambda rho: spline(np.arccos(-np.asarray(rho, float)))


@lru_cache(maxsize=64)
def margin(degrees: float) -> CorrelationMargin:
    """Return the distributions of r at this number of degrees of freedom, made once."""
    return CorrelationMargin(degrees)


def _from_tangent(t: np.ndarray) -> np.ndarray:
    return t / np.sqrt(1 + t**2)


def _log_cosh(x: np.ndarray) -> np.ndarray:
    return np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - math.log(2)
