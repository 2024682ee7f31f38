"""Centred log-ratios with an inverse-Wishart covariance: evidence, posterior and draws.

All in closed form, in D x D or n x n matrices, whichever is smaller. With C the centred log-ratios
(n, D) about what covariates explain, m their degrees of freedom, p = D - 1, V an orthonormal basis
of the vectors that sum to 0 (isometric log-ratios), and S = C'C:

    Σ ~ IW(ν, (ν - p - 1) V' diag(ω) V)     E Σ is the covariance of independent parts
    Θ | C ~ Wishart(ν + m, B),  B = V (Ψ + V'SV)⁻¹ V',  Ψ = (ν - p - 1) V' diag(ω) V

and the evidence (marginal likelihood) is a matrix t (Dickey 1967). The prior shrinks the
covariance towards that of independent parts; it does not depend on V or on a reference part and,
with equal ω, on nothing but the order of magnitude of the variances: by Schur's lemma the only
inverse-Wishart priors that no relabelling of the parts changes have equal ω.

References
----------
Dickey (1967), Matricvariate generalizations of the multivariate t distribution, Annals of
Mathematical Statistics 38:511-518.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, special

from causalstats.numerics.compositions import log_ratios

_WEIGHTS = (1e-3, 1 - 1e-6)  # bounds of α: beyond, the prior is nothing, or all
_GRID_SIZE = 200  # of the log odds of α
_NEGLIGIBLE_LOG_DENSITY = 30.0  # below the highest: the density there is nothing
_BISECTIONS = 60
_SMALLEST_CURVATURE = 1e-3
_LOG_VARIANCES = (-50.0, 50.0)  # bounds of log ω, relative to the observed variance


def posterior_scale(
    residuals: np.ndarray, variances: np.ndarray, degrees: float
) -> np.ndarray:
    """Return B of the posterior Θ ~ Wishart(ν + m, B).

    Parameters
    ----------
    residuals : array, shape (n, D)
        C.
    variances : array, shape (D,)
        ω.
    degrees : float
        ν > D.

    Returns
    -------
    array, shape (D, D)

    Examples
    --------
    >>> residuals = np.array([[1.0, -1.0, 0.0], [-1.0, 0.0, 1.0]])
    >>> posterior_scale(residuals, np.ones(3), degrees=6.0).round(3)
    array([[ 0.111, -0.056, -0.056],
           [-0.056,  0.153, -0.097],
           [-0.056, -0.097,  0.153]])
    """
    rows, size = residuals.shape
    strength = degrees - size
    if rows >= size:
        return log_ratios.precision_from_covariance(
            log_ratios.centre(np.diag(strength * variances)) + residuals.T @ residuals
        )
    prior = log_ratios.basis_laplacian(variances) / strength
    across = residuals @ prior
    lower = np.linalg.cholesky(np.eye(rows) + across @ residuals.T)
    half = np.linalg.solve(lower, across)
    return prior - half.T @ half


def log_evidence(
    residuals: np.ndarray, rows_free: int, variances: np.ndarray, degrees: float
) -> float:
    """Return the log evidence log p(C | ω, ν), a density of log-ratios in an orthonormal basis.

    log Γ_p((ν+m)/2) - log Γ_p(ν/2) - (mp/2) log π - (m/2) log|Ψ| - ((ν+m)/2) log|I + Ψ⁻¹ V'SV|

    Parameters
    ----------
    residuals : array, shape (n, D)
        C.
    rows_free : int
        m: n less the columns that covariates take.
    variances : array, shape (D,)
        ω.
    degrees : float
        ν > D.

    Returns
    -------
    float

    Examples
    --------
    >>> residuals = np.array([[1.0, -1.0, 0.0], [-1.0, 0.0, 1.0]])
    >>> round(log_evidence(residuals, 1, np.ones(3), degrees=6.0), 3)
    -4.76
    """
    rows, size = residuals.shape
    p, strength = size - 1, degrees - size
    prior_determinant = float(_prior_determinant(variances, strength))
    prior = log_ratios.basis_laplacian(variances) / strength
    if rows < size:
        growth = np.linalg.slogdet(np.eye(rows) + residuals @ prior @ residuals.T)[1]
    else:
        whole = (
            log_ratios.centre(np.diag(strength * variances)) + residuals.T @ residuals
        )
        growth = np.linalg.slogdet(whole + 1 / size)[1] - prior_determinant
    gammas = _log_gamma_ratio(degrees, rows_free, p)
    return float(
        gammas
        - rows_free * p / 2 * np.log(np.pi)
        - rows_free / 2 * prior_determinant
        - (degrees + rows_free) / 2 * growth
    )


def log_evidences(
    scatter: np.ndarray, rows_free: float, variances: np.ndarray, strength: np.ndarray
) -> np.ndarray:
    """Return `log_evidence` up to a constant, at many points.

    By |I + R'Θ₀R / k| of S = RR', in which nothing large cancels.

    Parameters
    ----------
    scatter : array, shape (D, D) or (points, D, D)
        S.
    rows_free : float
        m.
    variances : array, shape (points, D)
        ω.
    strength : array, shape (points,)
        k = ν - D.

    Returns
    -------
    array, shape (points,)
    """
    size = variances.shape[1]
    spectrum, vectors = np.linalg.eigh(scatter)
    root = vectors[..., 1:] * np.sqrt(spectrum[..., None, 1:].clip(0))
    inner = (
        root.swapaxes(-1, -2)
        @ log_ratios.basis_laplacian(variances)
        @ root
        / strength[:, None, None]
    )
    growth = np.linalg.slogdet(np.eye(size - 1) + inner)[1]
    gammas = _log_gamma_ratio(strength + size, rows_free, size - 1)
    return (
        gammas
        - rows_free / 2 * _prior_determinant(variances, strength)
        - (strength + size + rows_free) / 2 * growth
    )


def draw_precisions(
    scatter: np.ndarray,
    degrees: np.ndarray | float,
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return draws of Θ ~ Wishart(ν, B), by Bartlett's decomposition in an orthonormal basis.

    Parameters
    ----------
    scatter : array, shape (D, D) or (count, D, D)
        B⁻¹ = Ψ + V'SV as a matrix of centred log-ratios: its rows sum to 0.
    degrees : float or array, shape (count,)
        ν > D - 2.
    count : int
    rng : Generator

    Returns
    -------
    array, shape (count, D, D)
        Rows sum to 0.

    Examples
    --------
    The mean is ν B.

    >>> scatter = log_ratios.centre(np.diag([1.0, 2.0, 3.0]))
    >>> draws = draw_precisions(scatter, 8.0, 20_000, np.random.default_rng(1))
    >>> (draws.mean(axis=0) / (8 * log_ratios.precision_from_covariance(scatter))).round(1)
    array([[1., 1., 1.],
           [1., 1., 1.],
           [1., 1., 1.]])
    """
    basis = log_ratios.ilr_basis(scatter.shape[-1])
    p = basis.shape[1]
    root = np.linalg.inv(np.linalg.cholesky(basis.T @ scatter @ basis)).swapaxes(-1, -2)
    lower = np.tril(rng.standard_normal((count, p, p)), -1)
    lower[:, np.arange(p), np.arange(p)] = np.sqrt(
        rng.chisquare(np.reshape(degrees, (-1, 1)) - np.arange(p), (count, p))
    )
    half = basis @ (root @ lower)
    return half @ half.swapaxes(-1, -2)


def scatter_of(
    covariance_sum: np.ndarray, variances: np.ndarray, strength: np.ndarray | float
) -> np.ndarray:
    """Return Ψ + S as a matrix of centred log-ratios, k G diag(ω) G + S.

    Parameters
    ----------
    covariance_sum : array, shape (..., D, D)
        S.
    variances : array, shape (..., D)
        ω.
    strength : float or array, shape (...)
        k = ν - D.

    Returns
    -------
    array, shape (..., D, D)

    Examples
    --------
    >>> scatter_of(np.zeros((3, 3)), np.ones(3), 3.0)
    array([[ 2., -1., -1.],
           [-1.,  2., -1.],
           [-1., -1.,  2.]])
    """
    weighted = np.asarray(strength)[..., None] * variances
    return (
        log_ratios.centre(np.eye(variances.shape[-1]) * weighted[..., None])
        + covariance_sum
    )


@dataclass(frozen=True, eq=False)
class _IsotropicEvidence:
    """The evidence as a function of the log odds of α and of log ω, equal for all parts.

    With ν = k + D it is, up to a constant and over all p directions,

        log Γ_p((ν+m)/2) - log Γ_p(ν/2) + p ν/2 log(kω) - (ν+m)/2 Σ_j log(kω + λ_j)

    Parameters
    ----------
    values : array, shape (p,)
        λ, the eigenvalues of S.
    rows_free : int
        m.
    share, variance : float or None
        α and ω where they are given.
    """

    values: np.ndarray
    rows_free: int
    share: float | None
    variance: float | None

    def strength_and_variance(self, point: np.ndarray) -> tuple[float, float]:
        """Return k and ω at a point: log odds of α, and log ω less that of the observed."""
        weight = float(special.expit(point[0])) if self.share is None else self.share
        typical = self.values.sum() / self.rows_free / len(self.values)
        variance = self.variance
        if variance is None:
            variance = float(typical * np.exp(point[1]))
        return self.rows_free * weight / (1 - weight), variance

    def loss(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """Return minus the log evidence and its gradient."""
        p = len(self.values)
        m = self.rows_free
        halves = np.arange(p) / 2
        strength, omega = self.strength_and_variance(point)
        degrees = strength + (p + 1)
        scale = strength * omega
        logs = np.log(scale + self.values).sum()
        shares = (scale / (scale + self.values)).sum()
        value = (
            _log_gamma_ratio(degrees, m, p)
            + p * degrees / 2 * np.log(scale)
            - (degrees + m) / 2 * logs
        )
        digammas = (
            special.digamma((degrees + m) / 2 - halves)
            - special.digamma(degrees / 2 - halves)
        ).sum()
        in_scale = p * degrees / 2 - (degrees + m) / 2 * shares
        in_strength = strength / 2 * (digammas + p * np.log(scale) - logs) + in_scale
        gradient = [
            in_strength if self.share is None else 0.0,
            in_scale if self.variance is None else 0.0,
        ]
        return -float(value), -np.array(gradient)


def isotropic(
    eigenvalues: np.ndarray,
    rows_free: int,
    size: int,
    share: float | None = None,
    variance: float | None = None,
) -> tuple[float, float]:
    """Return the weight α of the prior and the variance ω that maximise the evidence.

    Empirical Bayes for the prior with one variance ω of all parts, α = k / (k + m).

    Parameters
    ----------
    eigenvalues : array
        The non-zero ones of S = C'C.
    rows_free : int
        m.
    size : int
        D.
    share : float, optional
        α, where it is given.
    variance : float, optional
        ω, where it is given.

    Returns
    -------
    share, variance : float

    Examples
    --------
    >>> share, variance = isotropic(np.array([9.0, 2.0, 1.0]), rows_free=12, size=4)
    >>> round(share, 3), round(variance, 3)
    (0.324, 0.346)
    """
    values = np.zeros(size - 1)
    values[: len(eigenvalues)] = np.sort(eigenvalues)[::-1][: size - 1]
    evidence = _IsotropicEvidence(values, rows_free, share, variance)
    loss = evidence.loss
    bounds = np.array([special.logit(_WEIGHTS), _LOG_VARIANCES])
    options = {"gtol": 1e-9, "ftol": 1e-15, "maxiter": 500}
    optima = [
        optimize.minimize(
            loss,
            [start, 0.0],
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options=options,
        )
        for start in (-3.0, 0.0, 3.0)
    ]
    point = min(optima, key=lambda optimum: optimum.fun).x
    polished = _root_of_gradient(
        loss, point, bounds, [share is not None, variance is not None]
    )
    if polished is not None and loss(polished)[0] <= loss(point)[0] + 1e-6:
        point = polished
    strength, omega = evidence.strength_and_variance(point)
    return strength / (strength + rows_free), omega


def _root_of_gradient(
    loss: Callable[..., Any], point: np.ndarray, bounds: np.ndarray, given: list[bool]
) -> np.ndarray | None:
    """Return the root of the gradient near an optimum; None where there is none inside.

    Parameters
    ----------
    loss : callable
        Gives the value and the gradient (2,).
    point : array, shape (2,)
        The optimum.
    bounds : array, shape (2, 2)
        The least and the largest value of each coordinate.
    given : list of bool
        Which coordinates are fixed.
    """

    def gradient(x: np.ndarray) -> np.ndarray:
        return loss(np.clip(x, *bounds.T))[1] + (x - point) * given

    root = optimize.root(gradient, point, tol=1e-13)
    inside = (bounds[:, 0] < root.x).all() and (root.x < bounds[:, 1]).all()
    return root.x if root.success and inside else None


def isotropic_cautious(
    eigenvalues: np.ndarray, rows_free: int, size: int, variance: float | None = None
) -> tuple[float, float]:
    """Return α one standard deviation below its posterior mean, and the ω of most evidence.

    α has the prior Uniform(0, 1). The α of most evidence is often 1 with few rows, where nothing
    would vary. The mean and the spread of Σ are nearly linear in α: at its mean they are averaged,
    but the uncertainty of α is left out, so that a link that a large α weakens is missed; one
    standard deviation less makes intervals cover, and matters less the more rows there are. ω is
    integrated out by Laplace's method, with a flat prior of its logarithm.

    Parameters
    ----------
    eigenvalues : array
        The non-zero ones of S = C'C.
    rows_free : int
        m.
    size : int
        D.
    variance : float, optional
        ω, where it is given.

    Returns
    -------
    share, variance : float

    Examples
    --------
    >>> share, variance = isotropic_cautious(np.array([9.0, 2.0, 1.0]), rows_free=12, size=4)
    >>> round(share, 3), round(variance, 3)
    (0.149, 0.547)
    """
    p = size - 1
    values = np.sort(eigenvalues)[::-1][:p]

    def log_density(odds: np.ndarray) -> np.ndarray:
        strength = rows_free * np.exp(odds)
        log_scale, width = _log_scale(values, rows_free, p, strength, variance)
        degrees = strength + size
        logarithms = np.logaddexp(log_scale[:, None], _logarithms(values))
        logs = logarithms.sum(axis=1) + (p - len(values)) * log_scale
        evidence = (
            _log_gamma_ratio(degrees, rows_free, p)
            + p * degrees / 2 * log_scale
            - (degrees + rows_free) / 2 * logs
        )
        return evidence + width - np.logaddexp(0, odds) - np.logaddexp(0, -odds)

    least, most = special.logit(_WEIGHTS)
    odds = np.linspace(least, most, _GRID_SIZE)
    for _ in range(2):
        density = log_density(odds)
        inside = np.flatnonzero(density > density.max() - _NEGLIGIBLE_LOG_DENSITY)
        first = odds[max(inside[0] - 1, 0)]
        last = odds[min(inside[-1] + 1, _GRID_SIZE - 1)]
        odds = np.linspace(first, last, _GRID_SIZE)
    weights = special.softmax(log_density(odds))
    shares = special.expit(odds)
    mean = weights @ shares
    share = max(float(mean - np.sqrt(weights @ (shares - mean) ** 2)), _WEIGHTS[0])
    return share, isotropic(eigenvalues, rows_free, size, share, variance)[1]


def _log_scale(
    values: np.ndarray,
    rows_free: int,
    p: int,
    strength: np.ndarray,
    variance: float | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return log kω of most evidence for each k, and the log width of the peak of evidence.

    Parameters
    ----------
    values : array
        Non-zero eigenvalues of S.
    rows_free : int
        m.
    p : int
        D - 1.
    strength : array, shape (k,)
    variance : float or None
        ω, where it is given.

    Returns
    -------
    log_scale, log_width : array, shape (k,)
        By bisection of the slope, which falls.
    """
    if variance is not None:
        return np.log(strength * variance), np.zeros(len(strength))
    degrees = strength + p + 1
    zeros = p - len(values)
    typical = np.log(values.sum() / rows_free / p) + np.log(strength)
    low = typical + _LOG_VARIANCES[0]
    high = typical + _LOG_VARIANCES[1]
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        shares = special.expit(middle[:, None] - _logarithms(values))
        rising = p * degrees > (degrees + rows_free) * (shares.sum(axis=1) + zeros)
        low = np.where(rising, middle, low)
        high = np.where(rising, high, middle)
    curvature = (degrees + rows_free) / 2 * (shares * (1 - shares)).sum(axis=1)
    return middle, -np.log(np.maximum(curvature, _SMALLEST_CURVATURE)) / 2


def _logarithms(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(values)


def _prior_determinant(
    variances: np.ndarray, strength: np.ndarray | float
) -> np.ndarray:
    """Return log |k V' diag(ω) V| for ω (..., D) and k (...)."""
    size = variances.shape[-1]
    return (
        (size - 1) * np.log(strength)
        + np.log(variances).sum(axis=-1)
        + np.log((1 / variances).sum(axis=-1))
        - np.log(size)
    )


def _log_gamma_ratio(
    degrees: np.ndarray | float, rows_free: float, p: int
) -> np.ndarray:
    """Return log Γ_p((ν+m)/2) - log Γ_p(ν/2) for ν (...); m is `rows_free`."""
    half = np.asarray(degrees)[..., None] / 2
    halves = np.arange(p) / 2
    posterior = special.gammaln(half + rows_free / 2 - halves)
    return (posterior - special.gammaln(half - halves)).sum(axis=-1)
