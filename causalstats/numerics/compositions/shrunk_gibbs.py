"""Gibbs sampler of the shrinkage prior of compositions: variances of parts, and their weight.

With S the cross-products of log-ratios, of m degrees of freedom, V an orthonormal basis of the
vectors that sum to 0, p = D - 1, k = m α / (1 - α), and Σ ~ IW(k + D, k V' diag(ω) V) integrated
out,

    p(S | ω, k) ∝ Γ_p((k+D+m)/2) / Γ_p((k+D)/2) |Ψ|^((k+D)/2) |Ψ + V'SV|^(-(k+D+m)/2)
    Ψ = k V' diag(ω) V
    log ω_j ~ Normal(μ, σ²),  μ ~ Normal(μ₀, s²),  σ ~ half-Normal(σ₀),  α ~ Uniform(0, 1)

A sweep is O(D³). For any s > 0 and A = k diag(ω) + S + s 11', |V'AV| = |A| 1'A⁻¹1 / D, and
V'AV = Ψ + V'SV: with a = (A⁻¹)_jj, b = (A⁻¹1)_j and t = 1'A⁻¹1, a change d of k ω_j multiplies this
determinant by 1 + d (a - b²/t). The conditional density of each log ω_j is hence known in closed
form, and is drawn from by slice sampling. With λ the eigenvalues of V'SV relative to
V' diag(ω) V, |Ψ + V'SV| ∝ Π (k e^c + λ_i) where all ω are multiplied by e^c: k and c are moved by
random walks at O(D) each. Last, σ is moved with all (log ω_j - μ) / σ given (interweaving).

References
----------
Neal (2003), Slice sampling, Annals of Statistics 31. Yu & Meng (2011), To center or not to center:
ancillarity-sufficiency interweaving, Journal of Computational and Graphical Statistics 20.
"""

import math
from typing import NamedTuple

import numba
import numpy as np

from causalstats.numerics.compositions import horseshoe_gibbs
from causalstats.numerics.compositions.horseshoe_gibbs import row_sums, update_spread

LARGEST_LOG_ODDS = (
    20.0  # of α; beyond, determinants are inaccurate, and the prior is 2e-9
)
_LARGEST_LOG_RATIO = 25.0  # of two ω; the same holds beyond
_SLICE_WIDTH = 1.0  # of log ω
_MOST_STEPS = 50
_TRIES = 6  # random-walk steps of k and the level of ω in a sweep
_LARGEST_STEP = 1.5  # standard deviation of the longest of them
_SCALINGS = 3  # random-walk steps of log σ with all ω in a sweep
_LARGEST_SCALING = 2.0  # standard deviation of the longest of them
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


class ShrunkState(NamedTuple):
    """The state of a chain, which sweeps change in place.

    Attributes
    ----------
    log_variances : array, shape (D,)
        log ω.
    scalars : array, shape (3,)
        μ, σ and the log odds of α.
    """

    log_variances: np.ndarray
    scalars: np.ndarray


class ShrunkScales(NamedTuple):
    """Constants of the prior.

    Attributes
    ----------
    log_variance, log_variance_sd : float
        μ₀ and s.
    variance_spread : float
        σ₀.
    degrees : float
        m.
    weight_known : bool
        Whether α is given.
    """

    log_variance: float
    log_variance_sd: float
    variance_spread: float
    degrees: float
    weight_known: bool


def initial_state(
    variances: np.ndarray, weight: float | None, rng: np.random.Generator
) -> ShrunkState:
    """Return a state about these variances of the logarithms of parts.

    Parameters
    ----------
    variances : array, shape (D,)
    weight : float or None
        α where it is given.
    rng : Generator
        Chains start apart from each other.
    """
    logs = np.log(variances) + 0.3 * rng.standard_normal(len(variances))
    odds = rng.standard_normal() if weight is None else np.log(weight / (1 - weight))
    spread = logs.std() + 0.1 * rng.standard_exponential()
    return ShrunkState(logs, np.array([logs.mean(), spread, odds]))


@_compiled
def strength_of(state: ShrunkState, scales: ShrunkScales) -> float:
    """Return k = m α / (1 - α)."""
    return scales.degrees * np.exp(state.scalars[2])


@_compiled
def prior_and_scatter(
    scatter: np.ndarray, strength: float, log_variances: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return V (Ψ + V'SV) V' + f 11' / D, a matrix of full rank, and f, that of its direction 1.

    Parameters
    ----------
    scatter : array, shape (D, D)
        S; rows sum to 0.
    strength : float
        k.
    log_variances : array, shape (D,)
        log ω.
    """
    size = len(log_variances)
    weighted = strength * np.exp(log_variances)
    mean = weighted.mean()
    level = mean
    for part in range(size):
        level += scatter[part, part] / size
    whole = np.empty((size, size))
    for row in range(size):
        for column in range(size):
            whole[row, column] = scatter[row, column] + (level + mean) / size
            whole[row, column] -= (weighted[row] + weighted[column]) / size
        whole[row, row] += weighted[row]
    return whole, level


@_compiled
def _log_evidence_of_variances(
    scatter: np.ndarray, strength: float, degrees: float, log_variances: np.ndarray
) -> float:
    """Return log p(S | ω, k) as a function of ω, up to a constant.

    Parameters
    ----------
    scatter : array, shape (D, D)
        S.
    strength, degrees : float
        k and m.
    log_variances : array, shape (D,)
        log ω.
    """
    size = len(log_variances)
    whole, level = prior_and_scatter(scatter, strength, log_variances)
    growth = horseshoe_gibbs.log_determinant(whole) - np.log(level)
    if growth == -np.inf:  # singular but for rounding
        return -np.inf
    prior = log_variances.sum() + np.log(np.exp(-log_variances).sum())
    return ((strength + size) * prior - (strength + size + degrees) * growth) / 2


@_compiled
def _log_density(
    value: float, numbers: tuple[float, float, float, float, float, float, float]
) -> float:
    """Return the log density of x = log ω_j given all others.

    (k+D)/2 log(1 + h e^x) - (k+D+m)/2 log(g + c e^x) - (x - μ)² / 2 σ²

    Parameters
    ----------
    value : float
        x.
    numbers : tuple of float
        (k+D)/2, (k+D+m)/2, h, g, c, μ and σ.
    """
    prior, posterior, rest, floor, slope, mean, spread = numbers
    variance = np.exp(value)
    density = prior * np.log1p(rest * variance)
    density -= posterior * np.log(floor + slope * variance)
    return density - ((value - mean) / spread) ** 2 / 2


@_compiled
def _draw_by_slice(
    present: float,
    numbers: tuple[float, float, float, float, float, float, float],
    rng: np.random.Generator,
) -> float:
    """Return a draw of log ω_j by slice sampling with stepping out (Neal 2003).

    Parameters
    ----------
    present : float
    numbers : tuple of float
        As in `_log_density`.
    rng : Generator
    """
    height = _log_density(present, numbers) - rng.standard_exponential()
    lower = present - _SLICE_WIDTH * rng.random()
    upper = lower + _SLICE_WIDTH
    down = int(_MOST_STEPS * rng.random())
    up = _MOST_STEPS - 1 - down
    while down > 0 and _log_density(lower, numbers) > height:
        lower -= _SLICE_WIDTH
        down -= 1
    while up > 0 and _log_density(upper, numbers) > height:
        upper += _SLICE_WIDTH
        up -= 1
    for _ in range(10 * _MOST_STEPS):
        proposed = lower + (upper - lower) * rng.random()
        if _log_density(proposed, numbers) >= height:
            return proposed
        if proposed < present:
            lower = proposed
        else:
            upper = proposed
    return present


@_compiled
def _update_variances(
    scatter: np.ndarray,
    state: ShrunkState,
    scales: ShrunkScales,
    rng: np.random.Generator,
) -> None:
    """Update every ω_j given all others.

    Parameters
    ----------
    scatter : array, shape (D, D)
        S.
    state : ShrunkState
    scales : ShrunkScales
    rng : Generator
    """
    logs = state.log_variances
    size = len(logs)
    strength = strength_of(state, scales)
    prior = (strength + size) / 2
    whole = scatter.copy()
    level = 0.0
    for part in range(size):
        whole[part, part] += strength * np.exp(logs[part])
        level += whole[part, part] / size**2
    for row in range(size):
        for column in range(size):
            whole[row, column] += level
    inverse = np.linalg.inv(whole)
    sums = row_sums(inverse)
    total = sums.sum()
    reciprocals = np.exp(-logs).sum()
    for part in range(size):
        across = inverse[part].copy()
        own = across[part]
        along = sums[part]
        slope = strength * (own * total - along * along)
        variance = np.exp(logs[part])
        rest = max(reciprocals - 1 / variance, 0.0)
        numbers = (
            prior,
            prior + scales.degrees / 2,
            rest,
            max(total - variance * slope, 0.0),
            slope,
            state.scalars[0],
            state.scalars[1],
        )
        logs[part] = _draw_by_slice(logs[part], numbers, rng)
        change = strength * (np.exp(logs[part]) - variance)
        factor = change / (1 + change * own)
        for row in range(size):
            lost = factor * across[row]
            for column in range(size):
                inverse[row, column] -= lost * across[column]
            sums[row] -= lost * along
        total -= factor * along * along
        reciprocals = rest + np.exp(-logs[part])


@_compiled
def _relative_spectrum(scatter: np.ndarray, log_variances: np.ndarray) -> np.ndarray:
    """Return λ, the p eigenvalues of V'SV relative to V' diag(ω) V.

    They are those of (I - uu') W S W (I - uu') but for a 0, with W = diag(ω)^(-1/2) and u ∝ W 1.

    Parameters
    ----------
    scatter : array, shape (D, D)
        S.
    log_variances : array, shape (D,)
        log ω.
    """
    size = len(log_variances)
    roots = np.exp(-log_variances / 2)
    unit = roots / np.sqrt((roots**2).sum())
    scaled = np.empty((size, size))
    for row in range(size):
        for column in range(size):
            scaled[row, column] = scatter[row, column] * roots[row] * roots[column]
    along = np.zeros(size)
    for row in range(size):
        for column in range(size):
            along[row] += scaled[row, column] * unit[column]
    both = 0.0
    for row in range(size):
        both += along[row] * unit[row]
    for row in range(size):
        for column in range(size):
            scaled[row, column] -= along[row] * unit[column] + unit[row] * along[column]
            scaled[row, column] += both * unit[row] * unit[column]
    return np.maximum(np.linalg.eigvalsh(scaled)[1:], 0.0)


@_compiled
def _log_density_of_strength(
    odds: float,
    level: float,
    spectrum: np.ndarray,
    state: ShrunkState,
    scales: ShrunkScales,
) -> float:
    """Return the log density of the log odds of α and of c, by which μ and all log ω are shifted.

    Parameters
    ----------
    odds, level : float
        The log odds of α, and c.
    spectrum : array, shape (p,)
        λ at c = 0.
    state : ShrunkState
    scales : ShrunkScales
    """
    p = len(spectrum)
    size = p + 1
    degrees = scales.degrees
    strength = degrees * np.exp(odds)
    growth = 0.0
    gammas = 0.0
    for place in range(p):
        growth += np.log1p(spectrum[place] * np.exp(-level) / strength)
        gammas += math.lgamma((strength + size + degrees - place) / 2)
        gammas -= math.lgamma((strength + size - place) / 2)
    density = gammas - degrees / 2 * p * (np.log(strength) + level)
    density -= (strength + size + degrees) / 2 * growth
    density -= np.log1p(np.exp(odds)) + np.log1p(np.exp(-odds))
    shifted = (state.scalars[0] + level - scales.log_variance) / scales.log_variance_sd
    return density - shifted**2 / 2


@_compiled
def _update_strength(
    scatter: np.ndarray,
    state: ShrunkState,
    scales: ShrunkScales,
    rng: np.random.Generator,
) -> None:
    """Update k, and μ with all log ω, by random walks: each alone, and with k ω as it is.

    Parameters
    ----------
    scatter : array, shape (D, D)
        S.
    state : ShrunkState
    scales : ShrunkScales
    rng : Generator
    """
    spectrum = _relative_spectrum(scatter, state.log_variances)
    odds = state.scalars[2]
    level = 0.0
    density = _log_density_of_strength(odds, level, spectrum, state, scales)
    for _ in range(_TRIES):
        for direction in range(1 if scales.weight_known else 3):
            size = _LARGEST_STEP * np.exp(-4 * rng.random())
            step = size * rng.standard_normal()
            new_odds = odds if direction == 0 else odds + step
            new_level = level
            if direction == 0:
                new_level += step
            elif direction == 1:
                new_level -= step
            if abs(new_odds) > LARGEST_LOG_ODDS:
                continue
            proposed = _log_density_of_strength(
                new_odds, new_level, spectrum, state, scales
            )
            if np.log(rng.random()) < proposed - density:
                odds = new_odds
                level = new_level
                density = proposed
    state.scalars[2] = odds
    state.scalars[0] += level
    for part in range(len(state.log_variances)):
        state.log_variances[part] += level


@_compiled
def _update_variance_prior(
    scatter: np.ndarray,
    state: ShrunkState,
    scales: ShrunkScales,
    rng: np.random.Generator,
) -> None:
    """Update μ and σ given ω, and then σ with ω given (log ω - μ) / σ.

    Parameters
    ----------
    scatter : array, shape (D, D)
        S.
    state : ShrunkState
    scales : ShrunkScales
    rng : Generator
    """
    logs = state.log_variances
    size = len(logs)
    weight = size / state.scalars[1] ** 2
    prior_weight = 1 / scales.log_variance_sd**2
    mean = weight * logs.mean() + prior_weight * scales.log_variance
    both = weight + prior_weight
    state.scalars[0] = mean / both + rng.standard_normal() / np.sqrt(both)
    squares = ((logs - state.scalars[0]) ** 2).sum()
    spread = update_spread(squares, size, state.scalars[1], scales.variance_spread, rng)
    strength = strength_of(state, scales)
    degrees = scales.degrees
    present = _log_evidence_of_variances(scatter, strength, degrees, logs)
    for _ in range(_SCALINGS):
        step = _LARGEST_SCALING * np.exp(-4 * rng.random()) * rng.standard_normal()
        factor = np.exp(step)
        proposed = state.scalars[0] + factor * (logs - state.scalars[0])
        if proposed.max() - proposed.min() > _LARGEST_LOG_RATIO:
            continue
        density = _log_evidence_of_variances(scatter, strength, degrees, proposed)
        gain = density - present + step
        gain -= (spread * factor) ** 2 / (2 * scales.variance_spread**2)
        gain += spread**2 / (2 * scales.variance_spread**2)
        if np.log(rng.random()) < gain:
            spread *= factor
            present = density
            for part in range(size):
                logs[part] = proposed[part]
    state.scalars[1] = spread


@_compiled
def sweep(
    scatter: np.ndarray,
    state: ShrunkState,
    scales: ShrunkScales,
    rng: np.random.Generator,
) -> None:
    """Update ω, α and the parameters of the prior of ω, with Σ integrated out.

    Parameters
    ----------
    scatter : array, shape (D, D)
        S; rows sum to 0.
    state : ShrunkState
    scales : ShrunkScales
    rng : Generator
    """
    _update_variances(scatter, state, scales, rng)
    _update_strength(scatter, state, scales, rng)
    _update_variance_prior(scatter, state, scales, rng)


@_compiled
def sweeps_of_known_log_ratios(
    count: int,
    scatter: np.ndarray,
    state: ShrunkState,
    scales: ShrunkScales,
    rng: np.random.Generator,
) -> None:
    """Update the state so many times, given log-ratios.

    Parameters
    ----------
    count : int
    scatter : array, shape (D, D)
        S; rows sum to 0.
    state : ShrunkState
    scales : ShrunkScales
    rng : Generator
    """
    for _ in range(count):
        sweep(scatter, state, scales, rng)
