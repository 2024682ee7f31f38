"""Weights of rows with heavy tails: the Student t distribution as a scale mixture of normal ones.

    x_i = μ_i + e_i / √g_i,  e_i ~ Normal(0, Σ),  g_i ~ Gamma(ν/2, ν/2)

is a row of the multivariate t distribution with ν degrees of freedom and the scale matrix Σ. Given
the weights g, rows times √g are those of a normal model. With the squared distance
d_i² = (x_i - μ_i)'Σ⁻¹(x_i - μ_i) of a row and the rank p of Σ,

    g_i | d_i, ν ~ Gamma((ν + p)/2, (ν + d_i²)/2)
    p(d | ν) ∝ Π Γ((ν+p)/2) / Γ(ν/2) ν^(-p/2) (1 + d_i²/ν)^(-(ν+p)/2)

so that ν is drawn with g integrated out, and g then from its own conditional distribution.

References
----------
Lange, Little & Taylor (1989), Robust statistical modeling using the t distribution, Journal of the
American Statistical Association 84. Juárez & Steel (2010), Model-based clustering of non-Gaussian
panel data based on skew-t distributions, Journal of Business & Economic Statistics 28: the prior
ν ~ Gamma(2, 0.1). Liu & Wu (1999), Parameter expansion for data augmentation, Journal of the
American Statistical Association 94: a step of all weights and the scale of Σ at once.
"""

import math
from typing import NamedTuple

import numba
import numpy as np

SHAPE = 2.0  # of the Gamma prior of ν
RATE = 0.1
_TRIES = 3  # random-walk steps of log ν in a sweep
_START_DEGREES = 10.0
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


class Tails(NamedTuple):
    """The weights of the rows, which sweeps change in place.

    Attributes
    ----------
    student, degrees_known : bool
        Whether rows have weights, and whether ν is given.
    weights : array, shape (n,)
        g; 1 where rows are normal.
    degrees : array, shape (1,)
        ν; infinite where rows are normal.
    """

    student: bool
    degrees_known: bool
    weights: np.ndarray
    degrees: np.ndarray


def normal_tails(rows: int) -> Tails:
    """Return the weights of normal rows.

    Examples
    --------
    >>> normal_tails(3).weights
    array([1., 1., 1.])
    """
    return Tails(False, True, np.ones(rows), np.array([np.inf]))


def student_tails(rows: int, degrees: float | None, rng: np.random.Generator) -> Tails:
    """Return weights where a chain starts.

    Parameters
    ----------
    rows : int
    degrees : float or None
        ν where it is given.
    rng : Generator
        Chains start apart from each other.

    Examples
    --------
    >>> student_tails(3, 4.0, np.random.default_rng(1)).degrees
    array([4.])
    """
    start = degrees or _START_DEGREES * np.exp(0.5 * rng.standard_normal())
    return Tails(True, degrees is not None, np.ones(rows), np.array([start]))


@_compiled
def squared_distances(residuals: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return e_i'Θe_i of each row, (n, D) and (D, D) -> (n,)."""
    slopes = residuals @ theta
    distances = np.zeros(len(residuals))
    for row in range(len(residuals)):
        for part in range(len(theta)):
            distances[row] += slopes[row, part] * residuals[row, part]
    return distances


@_compiled
def log_density_of_degrees(degrees: float, distances: np.ndarray, rank: int) -> float:
    """Return the log density of ν given distances, weights integrated out, and of its prior.

    Parameters
    ----------
    degrees : float
        ν.
    distances : array, shape (n,)
        d².
    rank : int
        p.
    """
    rows = len(distances)
    total = rows * (math.lgamma((degrees + rank) / 2) - math.lgamma(degrees / 2))
    total -= rows * rank / 2 * np.log(degrees)
    total -= (degrees + rank) / 2 * np.log1p(distances / degrees).sum()
    return total + (SHAPE - 1) * np.log(degrees) - RATE * degrees


@_compiled
def draw_weights(
    distances: np.ndarray, rank: int, tails: Tails, rng: np.random.Generator
) -> None:
    """Draw ν with the weights integrated out, by random walks of its logarithm, and then them.

    Parameters
    ----------
    distances : array, shape (n,)
        d².
    rank : int
        p.
    tails : Tails
    rng : Generator
    """
    if not tails.degrees_known:
        present = tails.degrees[0]
        density = log_density_of_degrees(present, distances, rank) + np.log(present)
        for _ in range(_TRIES):
            step = np.exp(0.7 - 3 * rng.random()) * rng.standard_normal()
            proposed = present * np.exp(step)
            new = log_density_of_degrees(proposed, distances, rank) + np.log(proposed)
            if np.log(rng.random()) < new - density:
                present = proposed
                density = new
        tails.degrees[0] = present
    shape = (tails.degrees[0] + rank) / 2
    for row in range(len(distances)):
        rate = (tails.degrees[0] + distances[row]) / 2
        tails.weights[row] = rng.standard_gamma(shape) / rate


@_compiled
def rescale(
    tails: Tails,
    log_precisions: np.ndarray,
    scalars: np.ndarray,
    log_variance: float,
    log_variance_sd: float,
    rng: np.random.Generator,
) -> None:
    """Multiply all weights and variances by one factor, which changes no g_i K, in a random walk.

    Parameters
    ----------
    tails : Tails
    log_precisions, scalars : array
        Of the `State` of `horseshoe_gibbs`.
    log_variance, log_variance_sd : float
        Of the prior of μ.
    rng : Generator
    """
    degrees = tails.degrees[0]
    rows = len(tails.weights)
    step = 2.4 * np.sqrt(2 / (degrees * rows)) * rng.standard_normal()
    factor = np.exp(step)
    gain = degrees / 2 * (rows * step - (factor - 1) * tails.weights.sum())
    before = scalars[1] - log_variance
    gain -= ((before + step) ** 2 - before**2) / (2 * log_variance_sd**2)
    if np.log(rng.random()) < gain:
        for row in range(rows):
            tails.weights[row] *= factor
        log_precisions -= step
        scalars[1] += step
