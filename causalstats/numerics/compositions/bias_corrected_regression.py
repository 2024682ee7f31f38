"""Differential abundance by least squares, with the change that unchanged parts share taken out.

Logarithms y_ij of part j in row i are regressed on covariates, each part alone. The coefficients of
a covariate have one bias in common, since the size of a specimen is not seen:

    b_j = β_j + δ + error,   error variance ν_j² = σ_j² [(X'X)⁻¹]_kk

and δ is estimated from the parts that do not change, β_j = 0:

- by the mode of the b_j (LinDA), with intervals b_j - δ ± t_{n-q} ν_j;
- by E-M on a mixture of three normal distributions (ANCOM-BC), of unchanged parts about δ, and of
  parts that fall and rise,

      b_j ~ π₀ N(δ, ν_j²) + π₁ N(δ + l₁, ν_j² + κ₁) + π₂ N(δ + l₂, ν_j² + κ₂),   l₁ ≤ 0 ≤ l₂,

  with normal intervals of the variance ν_j² + Var(δ) + 2 √(ν_j² Var(δ)), a bound whatever the
  correlation of the two errors is.

Coefficients on logarithms and on centred log-ratios differ by a constant, which δ takes out. Of
LinDA, the bandwidth of the kernel is Silverman's instead of Sheather and Jones's; of ANCOM-BC, ν_j²
is that of least squares instead of a sandwich, about the mean of the row, to which its iteration
for the sizes of specimens converges in one step where no value is missing.

References
----------
Zhou, He, Chen & Zhang (2022), LinDA: linear models for differential abundance analysis of
microbiome compositional data, Genome Biology 23:95. Lin & Peddada (2020), Analysis of compositions
of microbiomes with bias correction, Nature Communications 11:3514.
"""

from typing import NamedTuple

import numpy as np
from scipy import optimize

_MOST_STEPS = 500
_CLOSE = (
    1e-10  # change of the mode, in bandwidths, and of δ, in standard deviations of b
)
_OUTER = 0.125  # share of the parts from which falls, and rises, start
_LEAST_SHARE = 1e-6  # of a component of the mixture
_LARGEST_VARIANCE = 100.0  # κ, by the variance of the coefficients


class Regressions(NamedTuple):
    """Least squares of each part on the covariates.

    Attributes
    ----------
    coefficients, errors : array, shape (q, D)
        b_j and ν_j.
    degrees : int
        n - q.
    """

    coefficients: np.ndarray
    errors: np.ndarray
    degrees: int


class Mixture(NamedTuple):
    """The mixture of coefficients of unchanged, falling and rising parts.

    Attributes
    ----------
    shares : array, shape (3,)
        π.
    bias : float
        δ.
    shifts, variances : array, shape (3,)
        0, l₁, l₂ and 0, κ₁, κ₂.
    bias_variance : float
        Of the weighted mean of all parts, each about its likeliest component.
    """

    shares: np.ndarray
    bias: float
    shifts: np.ndarray
    variances: np.ndarray
    bias_variance: float


def regressions(log_ratios: np.ndarray, design: np.ndarray) -> Regressions:
    """Return the regressions of centred log-ratios (n, D) on a design (n, q) of full rank."""
    spread = np.linalg.inv(design.T @ design)
    coefficients = spread @ (design.T @ log_ratios)
    degrees = len(design) - design.shape[1]
    squares = ((log_ratios - design @ coefficients) ** 2).sum(axis=0)
    errors = np.sqrt(np.outer(np.diagonal(spread), squares / degrees))
    return Regressions(coefficients, errors, degrees)


def mode(values: np.ndarray) -> float:
    """Return the mode of a Gaussian kernel density, by mean shift from its highest value.

    Parameters
    ----------
    values : array, shape (D,)

    Examples
    --------
    >>> round(mode(np.array([0.0, 0.1, -0.1, 0.02, -0.05, 0.03, 0.0, 5.0, 6.0])), 2)
    0.01
    """
    quartiles = np.quantile(values, [0.25, 0.75])
    spread = min(values.std(ddof=1), np.diff(quartiles)[0] / 1.34) or values.std()
    bandwidth = 0.9 * spread * len(values) ** -0.2
    if bandwidth == 0:
        return float(values[0])

    def kernels(at: np.ndarray) -> np.ndarray:
        return np.exp(-(((at[..., None] - values) / bandwidth) ** 2) / 2)

    here = values[kernels(values).sum(axis=-1).argmax()]
    for _ in range(_MOST_STEPS):
        weights = kernels(here)
        there = weights @ values / weights.sum()
        close = abs(there - here) < _CLOSE * bandwidth
        here = there
        if close:
            break
    return float(here)


def log_components(
    coefficients: np.ndarray, errors: np.ndarray, mixture: Mixture
) -> np.ndarray:
    """Return the log density of each coefficient under each component, with its share.

    Parameters
    ----------
    coefficients, errors : array, shape (D,)
        b and ν.
    mixture : Mixture

    Returns
    -------
    array, shape (3, D)
    """
    total = errors**2 + mixture.variances[:, None]
    distance = coefficients - mixture.bias - mixture.shifts[:, None]
    return np.log(mixture.shares)[:, None] - (distance**2 / total + np.log(total)) / 2


def bias_by_mixture(coefficients: np.ndarray, errors: np.ndarray) -> Mixture:
    """Return the mixture of largest likelihood that E-M finds from outer and inner parts.

    Parameters
    ----------
    coefficients, errors : array, shape (D,)
        b and ν.

    Examples
    --------
    >>> errors = np.full(12, 0.1)
    >>> b = np.array([0.9, 1.0, 1.1, 1.0, 1.05, 0.95, 1.0, 0.98, 1.02, 3.0, 2.8, -1.5])
    >>> round(bias_by_mixture(b, errors).bias, 2)
    1.0
    """
    low, high = np.quantile(coefficients, [_OUTER, 1 - _OUTER])
    quartiles = np.quantile(coefficients, [0.25, 0.75])
    inner = (coefficients >= quartiles[0]) & (coefficients <= quartiles[1])
    bias = coefficients[inner].mean()
    outer = (coefficients[coefficients <= low], coefficients[coefficients >= high])
    mixture = Mixture(
        shares=np.array([1 - 2 * _OUTER, _OUTER, _OUTER]),
        bias=bias,
        shifts=np.array([0.0, *(each.mean() - bias for each in outer)]),
        variances=np.array([0.0, *(each.var() for each in outer)]),
        bias_variance=0.0,
    )
    for _ in range(_MOST_STEPS):
        logs = log_components(coefficients, errors, mixture)
        chances = np.exp(logs - np.logaddexp.reduce(logs))
        new = _maximised(coefficients, errors, chances, mixture)
        close = abs(new.bias - mixture.bias) < _CLOSE * coefficients.std()
        mixture = new
        if close:
            break
    likeliest = log_components(coefficients, errors, mixture).argmax(axis=0)
    weights = 1 / (errors**2 + mixture.variances[likeliest])
    return mixture._replace(bias_variance=1 / weights.sum())


def _maximised(
    coefficients: np.ndarray,
    errors: np.ndarray,
    chances: np.ndarray,
    mixture: Mixture,
) -> Mixture:
    """Return the mixture after a conditional maximisation of each parameter in turn (ECM).

    Parameters
    ----------
    coefficients, errors : array, shape (D,)
    chances : array, shape (3, D)
        Of the components, given each coefficient.
    mixture : Mixture
    """
    weights = chances / (errors**2 + mixture.variances[:, None])
    about = coefficients - mixture.shifts[:, None]
    bias = float((weights * about).sum() / weights.sum())
    distance = coefficients - bias
    shifts = (weights @ distance) / np.maximum(weights.sum(axis=1), 1e-300)
    shifts = np.array([0.0, min(shifts[1], 0.0), max(shifts[2], 0.0)])
    most = _LARGEST_VARIANCE * coefficients.var()
    variances = np.zeros(3)
    for k in (1, 2):
        squares = (distance - shifts[k]) ** 2
        variances[k] = optimize.minimize_scalar(
            _lost,
            bounds=(0.0, most),
            method="bounded",
            args=(squares, errors**2, chances[k]),
        ).x
    shares = np.maximum(chances.mean(axis=1), _LEAST_SHARE)
    return Mixture(shares / shares.sum(), bias, shifts, variances, 0.0)


def _lost(
    variance: float, squares: np.ndarray, errors: np.ndarray, chances: np.ndarray
) -> float:
    """Return minus the expected log density of a component at its κ.

    Parameters
    ----------
    variance : float
        κ.
    squares, errors : array, shape (D,)
        About its mean, and ν².
    chances : array, shape (D,)
    """
    total = errors + variance
    return float((chances * (squares / total + np.log(total))).sum() / 2)
