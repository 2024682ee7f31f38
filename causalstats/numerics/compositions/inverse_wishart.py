"""Centred log-ratios with an inverse-Wishart covariance: everything in closed form, in D x D or n x n matrices, whichever is smaller.

With C the centred log-ratios (n, D) about what covariates explain, m their degrees of freedom, p = D - 1, V an orthonormal basis of the
vectors that sum to zero, and S = C'C:

    Σ ~ IW(ν, (ν - p - 1) V' diag(ω) V)          in the basis V; E Σ is the covariance of independent parts with variances ω
    Θ | C ~ Wishart(ν + m, B),  B = V (Ψ + V'SV)⁻¹ V',  Ψ = (ν - p - 1) V' diag(ω) V

and the evidence is a matrix t. The prior does not depend on V, on a reference, or, with equal ω, on anything but the order of magnitude: by Schur's
lemma the only inverse-Wishart priors that no relabelling of the parts changes have equal ω. Dickey (1967) for the evidence.
"""

import numpy as np
from scipy import optimize, special

from causalstats.numerics.compositions import log_ratios

_WEIGHTS = (1e-3, 1 - 1e-6)  # that are looked among: beyond, the prior is nothing, or all
_GRID, _NEGLIGIBLE = 200, 30.0  # log odds of α, and how far below the highest a density is nothing
_HALVINGS, _LEAST_CURVATURE = 60, 1e-3
_LOG_VARIANCES = (-50.0, 50.0)  # of that of most evidence, beside the observed one


def posterior_scale(residuals: np.ndarray, variances: np.ndarray, degrees: float) -> np.ndarray:
    """B of the posterior Θ ~ Wishart(ν + m, B), (D, D), for ν = `degrees` > D and ω = `variances`."""
    rows, size = residuals.shape
    strength = degrees - size
    if rows >= size:
        return log_ratios.pseudo_inverse(
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
    """log p(C | ω, ν) of m = `rows_free` degrees of freedom, as a density of the log-ratios in an orthonormal basis.

    log Γ_p((ν+m)/2) - log Γ_p(ν/2) - (mp/2) log π - (m/2) log|Ψ| - ((ν+m)/2) log|I + Ψ⁻¹ V'SV|
    """
    rows, size = residuals.shape
    p, strength = size - 1, degrees - size
    prior_determinant = float(_prior_determinant(variances, strength))
    prior = log_ratios.basis_laplacian(variances) / strength
    if rows < size:
        growth = np.linalg.slogdet(np.eye(rows) + residuals @ prior @ residuals.T)[1]
    else:
        whole = log_ratios.centre(np.diag(strength * variances)) + residuals.T @ residuals
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
    """Return the same up to a constant for many ω (n, D) and k = ν - D (n,).

    By |I + R'Θ₀R / k| of S = RR', in which nothing large cancels; S is (D, D), or (n, D, D).
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
    scatter: np.ndarray, degrees: np.ndarray | float, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Draws of Θ ~ Wishart(ν, B) with rows that sum to 0, (count, D, D), ν > D - 2, by Bartlett's decomposition in an orthonormal basis.

    `scatter` is B⁻¹ = Ψ + V'SV as a matrix of centred log-ratios (its rows sum to 0): (D, D), or (count, D, D) with as many degrees of freedom ν.
    """
    basis = log_ratios.helmert(scatter.shape[-1])
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
    """Ψ + S as a matrix of centred log-ratios: k G diag(ω) G + S, for ω (..., D) and k = ν - D of any leading shape."""
    weighted = np.asarray(strength)[..., None] * variances
    return log_ratios.centre(np.eye(variances.shape[-1]) * weighted[..., None]) + covariance_sum


def isotropic(
    eigenvalues: np.ndarray,
    rows_free: int,
    size: int,
    share: float | None = None,
    variance: float | None = None,
) -> tuple[float, float]:
    """The weight α = k / (k + m) of the prior and the variance ω, equal for all parts, of most evidence; S = C'C has these non-zero eigenvalues.

    One of the two may be given.

    Up to a constant, with ν = k + D, the evidence is log Γ_p((ν+m)/2) - log Γ_p(ν/2) + p ν/2 log(kω) - (ν+m)/2 Σ_j log(kω + λ_j) over all p directions.
    """
    p, m = size - 1, rows_free
    values = np.zeros(p)
    values[: len(eigenvalues)] = np.sort(eigenvalues)[::-1][:p]
    typical, halves = values.sum() / m / p, np.arange(p) / 2

    def parts(at: np.ndarray) -> tuple[float, float]:
        weight = float(special.expit(at[0])) if share is None else share
        return m * weight / (1 - weight), float(
            typical * np.exp(at[1])
        ) if variance is None else variance

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        strength, omega = parts(at)
        degrees, scale = strength + size, strength * omega
        logs, shares = np.log(scale + values).sum(), (scale / (scale + values)).sum()
        value = (
            _log_gamma_ratio(degrees, m, p)
            + p * degrees / 2 * np.log(scale)
            - (degrees + m) / 2 * logs
        )
        digammas = (
            special.digamma((degrees + m) / 2 - halves) - special.digamma(degrees / 2 - halves)
        ).sum()
        in_scale = p * degrees / 2 - (degrees + m) / 2 * shares
        in_strength = strength / 2 * (digammas + p * np.log(scale) - logs) + in_scale
        return -float(value), -np.array(
            [in_strength if share is None else 0.0, in_scale if variance is None else 0.0]
        )

    bounds = np.array([special.logit(_WEIGHTS), _LOG_VARIANCES])
    options = {"gtol": 1e-9, "ftol": 1e-15, "maxiter": 500}
    found = [
        optimize.minimize(
            loss, [start, 0.0], jac=True, method="L-BFGS-B", bounds=bounds, options=options
        )
        for start in (-3.0, 0.0, 3.0)
    ]
    at = min(found, key=lambda each: each.fun).x
    exact = optimize.root(
        lambda x: (
            loss(np.clip(x, *bounds.T))[1] + (x - at) * [share is not None, variance is not None]
        ),
        at,
        tol=1e-13,
    )
    if (
        exact.success
        and (bounds[:, 0] < exact.x).all()
        and (exact.x < bounds[:, 1]).all()
        and loss(exact.x)[0] <= loss(at)[0] + 1e-6
    ):
        at = exact.x
    strength, omega = parts(at)
    return strength / (strength + m), omega


def isotropic_cautious(
    eigenvalues: np.ndarray, rows_free: int, size: int, variance: float | None = None
) -> tuple[float, float]:
    """α one standard deviation below its posterior mean under Uniform(0, 1), and the ω of most evidence at it unless given; otherwise as `isotropic`.

    The α of most evidence is often 1 with few rows, where nothing would vary. Both the mean of Σ and its spread are nearly linear in α: its mean would
    average them, but leave out that α itself is uncertain, so that a link that it weakens is missed; one standard deviation less makes intervals cover,
    and matters less the more rows there are. ω is integrated out by Laplace's method, with a flat prior of its logarithm.
    """
    p = size - 1
    values = np.sort(eigenvalues)[::-1][:p]

    def log_density(odds: np.ndarray) -> np.ndarray:
        strength = rows_free * np.exp(odds)
        log_scale, width = _log_scale(values, rows_free, p, strength, variance)
        degrees, seen = strength + size, np.logaddexp(log_scale[:, None], _logarithms(values))
        logs = seen.sum(axis=1) + (p - len(values)) * log_scale
        evidence = (
            _log_gamma_ratio(degrees, rows_free, p)
            + p * degrees / 2 * log_scale
            - (degrees + rows_free) / 2 * logs
        )
        return evidence + width - np.logaddexp(0, odds) - np.logaddexp(0, -odds)

    least, most = special.logit(_WEIGHTS)
    odds = np.linspace(least, most, _GRID)
    for _ in range(2):
        density = log_density(odds)
        inside = np.flatnonzero(density > density.max() - _NEGLIGIBLE)
        ends = odds[max(inside[0] - 1, 0)], odds[min(inside[-1] + 1, _GRID - 1)]
        odds = np.linspace(*ends, _GRID)
    weights = special.softmax(log_density(odds))
    shares = special.expit(odds)
    mean = weights @ shares
    share = max(float(mean - np.sqrt(weights @ (shares - mean) ** 2)), _WEIGHTS[0])
    return share, isotropic(eigenvalues, rows_free, size, share, variance)[1]


def _log_scale(
    values: np.ndarray, rows_free: int, p: int, strength: np.ndarray, variance: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """log kω of most evidence for each k, by bisection of its slope, which falls; and the logarithm of the width of its peak."""
    if variance is not None:
        return np.log(strength * variance), np.zeros(len(strength))
    degrees, zeros = strength + p + 1, p - len(values)
    typical = np.log(values.sum() / rows_free / p) + np.log(strength)
    low, high = typical + _LOG_VARIANCES[0], typical + _LOG_VARIANCES[1]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        shares = special.expit(middle[:, None] - _logarithms(values))
        rising = p * degrees > (degrees + rows_free) * (shares.sum(axis=1) + zeros)
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    curvature = (degrees + rows_free) / 2 * (shares * (1 - shares)).sum(axis=1)
    return middle, -np.log(np.maximum(curvature, _LEAST_CURVATURE)) / 2


def _logarithms(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(values)


def _prior_determinant(variances: np.ndarray, strength: np.ndarray | float) -> np.ndarray:
    """log |k V' diag(ω) V| for ω (..., D) and k (...)."""
    size = variances.shape[-1]
    return (
        (size - 1) * np.log(strength)
        + np.log(variances).sum(axis=-1)
        + np.log((1 / variances).sum(axis=-1))
        - np.log(size)
    )


def _log_gamma_ratio(degrees: np.ndarray | float, rows_free: float, p: int) -> np.ndarray:
    """log Γ_p((ν+m)/2) - log Γ_p(ν/2) for ν (...)."""
    half, halves = np.asarray(degrees)[..., None] / 2, np.arange(p) / 2
    return (special.gammaln(half + rows_free / 2 - halves) - special.gammaln(half - halves)).sum(
        axis=-1
    )
