"""Gibbs sampler of the graphical horseshoe on amounts before closure.

With the precision K = d R d of the log amounts, d_j = ω_j^(-1/2) and R of unit diagonal,

    R_jk ~ Normal(0, (τ h_jk λ_jk)²),  λ_jk ~ half-Cauchy(1),  R positive definite
    τ ~ half-Cauchy(τ₀), cut to τ >= τ_min;  log h_jk = -β x_jk,  β ~ Normal(0, b²)
    log ω_j ~ Normal(μ, σ²),  μ ~ Normal(μ₀, s²),  σ ~ half-Normal(σ₀)

with the distances x_jk of the parts about their mean, where there are any; otherwise h_jk = 1.

and amounts z ~ Normal(0, K⁻¹), a sweep updates one R_jk after the other (`correlation_columns`),
all pairs at a cost of O(D³). Two steps go where single entries do not: `link_exchange`, and those
of τ together with most R_jk.

A composition lacks the direction 1 of z, which is drawn given the rest, Normal(-1'K r / κ, 1 / κ)
with κ = 1'K1.

References
----------
Li, Craig & Bhadra (2019), The graphical horseshoe estimator for inverse covariance matrices,
Journal of Computational and Graphical Statistics 28: the prior, and updates of a column at once.
Makalic & Schmidt (2016), A simple sampler for the horseshoe estimator, IEEE Signal Processing
Letters 23: λ and τ as scale mixtures.
"""

from typing import NamedTuple

import numba
import numpy as np

from causalstats.numerics.compositions.correlation_columns import update_columns
from causalstats.numerics.compositions.correlation_entries import (
    NO_MIXTURE,
    SMALLEST_VARIANCE,
)
from causalstats.numerics.compositions.link_exchange import exchange_links
from causalstats.numerics.compositions.symmetric_matrices import (
    log_determinant,
    put_inverse,
    put_lower,
    scaled_by,
    sum_of_logs,
)

_NEWTON_STEPS = 12
_ACCURACY = 0.02  # of a mode, in standard deviations of the proposal
_PROPOSAL_DEGREES = 5.0
_SCALINGS = 4  # random-walk steps of log τ with most R_jk in a sweep
_LARGEST_SCALING = 1.0  # standard deviation of the longest of them
KNOWN_LINK = 1.5  # an R_jk of so many standard errors, 1 / √m, is known well with probability 1/2
_TRIES = 3  # random-walk steps of a scale in a sweep
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


class State(NamedTuple):
    """The state of a chain, which sweeps change in place.

    Attributes
    ----------
    correlations : array, shape (D, D)
        R; the partial correlations are -R_jk.
    inverse : array, shape (D, D)
        R⁻¹.
    log_precisions : array, shape (D,)
        -log ω.
    local_variances : array, shape (D, D)
        λ².
    scalars : array, shape (4,)
        τ², μ, σ and β.
    relative_variances : array, shape (D, D)
        h².
    """

    correlations: np.ndarray
    inverse: np.ndarray
    log_precisions: np.ndarray
    local_variances: np.ndarray
    scalars: np.ndarray
    relative_variances: np.ndarray


class Scales(NamedTuple):
    """Constants of the prior.

    Attributes
    ----------
    log_variance, log_variance_sd : float
        μ₀ and s.
    variance_spread : float
        σ₀.
    global_shrinkage : float
        τ₀.
    least_shrinkage : float
        τ_min.
    distance_effect_sd : float
        b; 0 without distances.
    distances : array, shape (D, D)
        x; not read where b is 0.
    """

    log_variance: float
    log_variance_sd: float
    variance_spread: float
    global_shrinkage: float
    least_shrinkage: float = 0.0
    distance_effect_sd: float = 0.0
    distances: np.ndarray = np.zeros((0, 0))


def initial_state(
    variances: np.ndarray, rng: np.random.Generator, least_shrinkage: float = 0.0
) -> State:
    """Return a state of nearly independent amounts about these variances of their logarithms.

    Parameters
    ----------
    variances : array, shape (D,)
    rng : Generator
        Chains start apart from each other.
    least_shrinkage : float
        τ_min.
    """
    size = len(variances)
    log_precisions = -np.log(variances) + 0.3 * rng.standard_normal(size)
    local_variances = np.exp(rng.standard_normal((size, size)))
    local_variances = np.minimum(local_variances, local_variances.T)
    scalars = np.array([0.05 * np.exp(rng.standard_normal()), 0.0, 1.0, 0.0])
    scalars[0] = max(scalars[0], (1.1 * least_shrinkage) ** 2)
    scalars[1] = -log_precisions.mean()
    return State(
        np.eye(size),
        np.eye(size),
        log_precisions,
        local_variances,
        scalars,
        np.ones((size, size)),
    )


@_compiled
def row_sums(matrix: np.ndarray) -> np.ndarray:
    """Return the sum of each row of a matrix, (n, D) -> (n,)."""
    sums = np.zeros(matrix.shape[0])
    for row in range(matrix.shape[0]):
        for column in range(matrix.shape[1]):
            sums[row] += matrix[row, column]
    return sums


@_compiled
def basis_precision(state: State) -> np.ndarray:
    """Return K (D, D), the precision of the log amounts."""
    return scaled_by(state.correlations, np.exp(state.log_precisions / 2))


@_compiled
def compositional_precision(state: State) -> np.ndarray:
    """Return Θ = K - K11'K / 1'K1, the precision of the log-ratios."""
    precision = basis_precision(state)
    sums = row_sums(precision)
    total = sums.sum()
    for row in range(len(sums)):
        for column in range(len(sums)):
            precision[row, column] -= sums[row] * sums[column] / total
    return precision


@_compiled
def amounts_scatter(
    root: np.ndarray, spare: int, state: State, rng: np.random.Generator
) -> np.ndarray:
    """Return the cross-products of log amounts, with their direction 1 drawn given log-ratios.

    Parameters
    ----------
    root : array, shape (q, D)
        Its cross-products are those of the log-ratios; rows sum to 0.
    spare : int
        m - q, the rows on which log-ratios are 0.
    state : State
    rng : Generator

    Returns
    -------
    array, shape (D, D)
    """
    precision = basis_precision(state)
    sums = row_sums(precision)
    total = sums.sum()
    levels = -(root @ sums) / total
    for row in range(len(levels)):
        levels[row] += rng.standard_normal() / np.sqrt(total)
    square = (levels**2).sum()
    for _ in range(spare):
        square += rng.standard_normal() ** 2 / total
    across = root.T @ levels
    scatter = root.T @ root
    for row in range(len(across)):
        for column in range(len(across)):
            scatter[row, column] += across[row]
            scatter[row, column] += across[column]
            scatter[row, column] += square
    return scatter


@_compiled
def sweep(
    scatter: np.ndarray,
    degrees: float,
    state: State,
    scales: Scales,
    rng: np.random.Generator,
) -> None:
    """Update K and the parameters of its prior, given the cross-products of the log amounts.

    Parameters
    ----------
    scatter : array, shape (D, D)
        S.
    degrees : float
        m.
    state : State
    scales : Scales
    rng : Generator
    """
    roots = np.exp(state.log_precisions / 2)
    scaled = scaled_by(scatter, roots)
    update_columns(state, scaled, degrees, NO_MIXTURE, rng)
    exchange_links(state, scaled, degrees, rng)
    _scale_correlations(state, scaled, degrees, scales, rng)
    put_inverse(state.inverse, state.correlations)
    update_log_precisions(
        state.correlations,
        state.log_precisions,
        scatter,
        degrees,
        np.full(len(roots), -state.scalars[1]),
        state.scalars[2],
        rng,
    )
    update_variance_prior(state, scales, rng)
    _update_shrinkage(state, scales, rng)
    if scales.distance_effect_sd > 0:
        _update_distance_effect(state, scales, rng)


@_compiled
def sweeps_of_known_log_ratios(
    count: int,
    root: np.ndarray,
    spare: int,
    state: State,
    scales: Scales,
    rng: np.random.Generator,
) -> None:
    """Update the state so many times, given log-ratios.

    Parameters
    ----------
    count : int
    root : array, shape (q, D)
    spare : int
        As in `amounts_scatter`.
    state : State
    scales : Scales
    rng : Generator
    """
    degrees = float(len(root) + spare)
    for _ in range(count):
        scatter = amounts_scatter(root, spare, state, rng)
        sweep(scatter, degrees, state, scales, rng)


@_compiled
def _scale_correlations(
    state: State,
    scatter: np.ndarray,
    degrees: float,
    scales: Scales,
    rng: np.random.Generator,
) -> None:
    """Update τ together with most R_jk, by random walks of log τ.

    Most R_jk are known hardly better than by their prior, and hold τ where it is when they are
    given. These are moved along with it, given λ: about R₀, the strong ones alone, and with
    A₀ = R₀⁻¹, the likelihood of an entry is nearly that of a normal one with the precision
    p = m (A₀_jj A₀_kk + A₀_jk²) and the slope m A₀_jk - S̃_jk at 0, so that given τ

        R_jk ~ Normal(b² (m A₀_jk - S̃_jk), b²),  b⁻² = p + (τ h_jk λ_jk)⁻²,  nearly,

    and the standardised deviation is what a step leaves unchanged. Where the approximation holds,
    a step is as long as if all these R_jk were integrated out. Strong ones are well known, and
    would hold τ: they are kept, with λ divided by the factor f of τ. Which are kept is drawn anew
    for each sweep, with the probability q(R_jk) = R_jk⁴ / (R_jk⁴ + c⁴), so that the density
    changes by 1 - q of those that are moved, and by the half-Cauchy density of λ of those kept.

    Parameters
    ----------
    state : State
    scatter : array, shape (D, D)
        S̃, the cross-products of amounts in units of their ω.
    degrees : float
        m.
    scales : Scales
    rng : Generator
    """
    correlations = state.correlations
    size = len(correlations)
    prior = scales.global_shrinkage**2
    fourth = (KNOWN_LINK / np.sqrt(degrees)) ** 4
    kept = np.zeros((size, size), np.bool_)
    strong = np.eye(size)
    for one in range(size):
        for other in range(one):
            power = correlations[one, other] ** 4
            if rng.random() * (power + fourth) < power:
                kept[one, other] = True
                strong[one, other] = correlations[one, other]
                strong[other, one] = correlations[one, other]
    if not put_inverse(strong, strong):
        strong = np.eye(size)
    proposed = np.eye(size)
    present = log_determinant(correlations)
    for _ in range(_SCALINGS):
        step = _LARGEST_SCALING * np.exp(-4 * rng.random()) * rng.standard_normal()
        factor = np.exp(step)
        variance = state.scalars[0]
        if variance * factor**2 < scales.least_shrinkage**2:
            continue
        gain = step - np.log((prior + variance * factor**2) / (prior + variance))
        for one in range(size):
            gain += _scale_row(
                one,
                factor,
                fourth,
                kept,
                strong,
                state,
                scatter,
                degrees,
                proposed,
            )
        determinant = log_determinant(proposed)
        gain += degrees / 2 * (determinant - present)
        if not (gain >= 0 or rng.standard_exponential() > -gain):
            continue
        present = determinant
        state.scalars[0] = variance * factor**2
        put_lower(correlations, proposed)
        for one in range(size):
            for other in range(one):
                if kept[one, other]:
                    local = state.local_variances[one, other] / factor**2
                    state.local_variances[one, other] = local
                    state.local_variances[other, one] = local


@numba.njit(
    nogil=True,
    cache=True,
    error_model="numpy",
    fastmath={"reassoc", "contract"},
)
def _scale_row(
    one: int,
    factor: float,
    fourth: float,
    kept: np.ndarray,
    strong: np.ndarray,
    state: State,
    scatter: np.ndarray,
    degrees: float,
    proposed: np.ndarray,
) -> float:
    """Propose the entries of a row below the diagonal when τ is multiplied by a factor.

    Returns by how much the log density changes, with the proposals, but for the determinant.

    Parameters
    ----------
    one : int
        j.
    factor : float
        f.
    fourth : float
        c⁴.
    kept : bool array, shape (D, D)
        Which entries are, below the diagonal.
    strong : array, shape (D, D)
        A₀.
    state, scatter, degrees
        As in `_scale_correlations`.
    proposed : array, shape (D, D)
        Of which the row is written.
    """
    square = factor**2
    global_variance = state.scalars[0]
    corner = strong[one, one]
    ratios = np.empty(one)
    gain = 0.0
    # Without branches, so that several entries are computed at once
    for other in range(one):
        entry = state.correlations[one, other]
        local = state.local_variances[one, other]
        link = strong[one, other]
        known = degrees * (corner * strong[other, other] + link * link)
        cross = scatter[one, other]
        slope = degrees * link - cross
        before = global_variance * local * state.relative_variances[one, other]
        before = max(before, SMALLEST_VARIANCE)
        after = before * square
        less = 1 + known * before
        more = 1 + known * after
        ratio = 1 / (less * more)
        moved = entry - before * more * ratio * slope
        moved *= factor * less * np.sqrt(ratio)
        moved += after * less * ratio * slope
        power, other_power = entry * entry, moved * moved
        weight = (power * power + fourth) / (other_power * other_power + fourth)
        rest = (square * power - other_power) / (2 * after) - (moved - entry) * cross
        heavy = (1 + local) / (square + local)
        stays = kept[one, other]
        proposed[one, other] = entry if stays else moved
        ratios[other] = (
            square * heavy * heavy if stays else less * less * ratio * weight * weight
        )
        gain += 0.0 if stays else rest
    return gain + sum_of_logs(ratios) / 2


@_compiled
def update_log_precisions(
    correlations: np.ndarray,
    logs: np.ndarray,
    scatter: np.ndarray,
    degrees: float,
    means: np.ndarray,
    spread_of_logs: float,
    rng: np.random.Generator,
) -> None:
    """Update u_j = -log ω_j by independence steps about their modes.

    f(u) = m u / 2 - S_jj e^u / 2 - c e^(u/2) - (u - a_j)² / 2 σ²,  c = Σ_k R_jk S_jk e^(u_k / 2)

    Parameters
    ----------
    correlations : array, shape (D, D)
        R.
    logs : array, shape (D,)
        u.
    scatter : array, shape (D, D)
        S, the cross-products of the log amounts.
    degrees : float
        m.
    means : array, shape (D,)
        a, the prior means of u.
    spread_of_logs : float
        σ.
    rng : Generator
    """
    roots = np.exp(logs / 2)
    weight = 1 / spread_of_logs**2
    for part in range(len(logs)):
        mean = means[part]
        square = scatter[part, part]
        cross = 0.0
        for other in range(len(logs)):
            cross += correlations[part, other] * scatter[part, other] * roots[other]
        cross -= square * roots[part]
        mode = np.log(degrees / square)
        curvature = weight
        for _ in range(_NEWTON_STEPS):
            one = square * np.exp(mode) / 2
            other = cross * np.exp(mode / 2) / 2
            slope = degrees / 2 - one - other - (mode - mean) * weight
            curvature = max(one + other / 2, one / 4) + weight
            step = min(max(slope / curvature, -1.0), 1.0)
            mode += step
            if step * step * curvature < _ACCURACY**2:
                break
        spread = 1 / np.sqrt(curvature)
        present = (logs[part] - mode) / spread
        proposed = rng.standard_t(_PROPOSAL_DEGREES)
        new = mode + spread * proposed
        gain = degrees / 2 * (new - logs[part])
        gain -= square / 2 * (np.exp(new) - np.exp(logs[part]))
        gain -= cross * (np.exp(new / 2) - np.exp(logs[part] / 2))
        gain -= ((new - mean) ** 2 - (logs[part] - mean) ** 2) * weight / 2
        gain += (
            (_PROPOSAL_DEGREES + 1)
            / 2
            * np.log(
                (_PROPOSAL_DEGREES + proposed**2) / (_PROPOSAL_DEGREES + present**2)
            )
        )
        if np.log(rng.random()) < gain:
            logs[part] = new
            roots[part] = np.exp(new / 2)


@_compiled
def update_variance_prior(
    state: State, scales: Scales, rng: np.random.Generator
) -> None:
    """Update μ from its normal conditional, and σ by random walks of its logarithm.

    Parameters
    ----------
    state : State
        Changed in place.
    scales : Scales
        Of the priors of μ and σ.
    rng : Generator
    """
    logs = -state.log_precisions
    size = len(logs)
    spread = state.scalars[2]
    weight = size / spread**2
    prior_weight = 1 / scales.log_variance_sd**2
    mean = (weight * logs.mean() + prior_weight * scales.log_variance) / (
        weight + prior_weight
    )
    state.scalars[1] = mean + rng.standard_normal() / np.sqrt(weight + prior_weight)
    squares = ((logs - state.scalars[1]) ** 2).sum()
    state.scalars[2] = update_spread(
        squares, size, state.scalars[2], scales.variance_spread, rng
    )


@_compiled
def update_spread(
    squares: float, count: int, spread: float, scale: float, rng: np.random.Generator
) -> float:
    """Return a draw of σ given normal deviations, by random walks of its logarithm.

    Parameters
    ----------
    squares : float
        The sum of their squares.
    count : int
    spread : float
        The present σ.
    scale : float
        Of its half-normal prior.
    rng : Generator
    """
    for _ in range(_TRIES):
        step = 2.4 / np.sqrt(2 * count) * rng.standard_normal()
        proposed = spread * np.exp(step)
        gain = (1 - count) * step - squares / 2 * (proposed**-2 - spread**-2)
        gain -= (proposed**2 - spread**2) / (2 * scale**2)
        if np.log(rng.random()) < gain:
            spread = proposed
    return spread


@_compiled
def _update_shrinkage(state: State, scales: Scales, rng: np.random.Generator) -> None:
    """Update λ² and τ² given R, and then τ given the products τ λ (interweaving)."""
    size = len(state.log_precisions)
    pairs = size * (size - 1) / 2
    variance = state.scalars[0]
    total = 0.0
    for one in range(size):
        for other in range(one):
            square = state.correlations[one, other] ** 2 / 2
            square /= state.relative_variances[one, other]
            local = state.local_variances[one, other]
            rate = rng.standard_exponential() / (1 + 1 / local)
            local = (rate + square / variance) / rng.standard_exponential()
            local = max(local, SMALLEST_VARIANCE)
            state.local_variances[one, other] = local
            state.local_variances[other, one] = local
            total += square / local
    prior = scales.global_shrinkage
    rate = rng.standard_exponential() / (prior**-2 + 1 / variance)
    # The conditional of τ² without the cut, as a proposal
    proposed = (rate + total) / rng.standard_gamma((pairs + 1) / 2)
    if proposed >= scales.least_shrinkage**2:
        variance = proposed
    stack = state.local_variances.reshape((1, size, size))
    state.scalars[0] = rescaled(stack, variance, prior, scales.least_shrinkage, rng)


@_compiled
def rescaled(
    local_variances: np.ndarray,
    variance: float,
    prior_scale: float,
    least: float,
    rng: np.random.Generator,
) -> float:
    """Return τ² drawn again given the products τ λ, by random walks of log τ² (interweaving).

    Parameters
    ----------
    local_variances : array, shape (k, D, D)
        λ², of which those below the diagonals count; changed in place.
    variance : float
        τ².
    prior_scale : float
        Of the half-Cauchy prior of τ.
    least : float
        τ_min, at which it is cut.
    rng : Generator
    """
    size = local_variances.shape[1]
    count = len(local_variances) * size * (size - 1) / 2
    width = 2.4 * np.sqrt(8 / count)
    ratio = 1.0
    ratios = np.empty(size)
    prior = prior_scale**2
    for _ in range(_TRIES):
        step = width * rng.standard_normal()
        proposed = ratio * np.exp(step)
        gain = -count / 2 * step
        for matrix in range(len(local_variances)):
            for one in range(size):
                for other in range(one):
                    local = local_variances[matrix, one, other]
                    ratios[other] = (proposed + local) / (ratio + local)
                gain -= sum_of_logs(ratios[:one]) + one * np.log(ratio / proposed)
        gain += step / 2 - np.log(
            (prior + variance * proposed) / (prior + variance * ratio)
        )
        inside = variance * proposed >= least**2
        if np.log(rng.random()) < gain and inside:
            ratio = proposed
    for matrix in range(len(local_variances)):
        for one in range(size):
            for other in range(size):
                local_variances[matrix, one, other] /= ratio
    return variance * ratio


@_compiled
def _update_distance_effect(
    state: State, scales: Scales, rng: np.random.Generator
) -> None:
    """Update β given λ and R, and then given the products h λ and R (interweaving).

    Both are random walks. With d the change of β and h' = h exp(-d x), the density changes by

        Σ d x_jk - R_jk² (exp(2 d x_jk) - 1) / 2 τ² h_jk² λ_jk²      given λ,
        -Σ log((1 + λ_jk² exp(2 d x_jk)) / (1 + λ_jk²)) + Σ d x_jk    given h λ,

    and by the normal prior of β.

    Parameters
    ----------
    state : State
    scales : Scales
    rng : Generator
    """
    size = len(state.log_precisions)
    squares = 0.0
    for one in range(size):
        for other in range(one):
            squares += scales.distances[one, other] ** 2
    # Of log λ² the standard deviation is about 2, and that of log R² given λ about 1.4
    steps = (1.7 / np.sqrt(squares), 3.4 / np.sqrt(squares))
    for _ in range(_TRIES):
        for given_products in range(2):
            change = steps[given_products] * rng.standard_normal()
            present = state.scalars[3]
            gain = (present**2 - (present + change) ** 2) / (
                2 * scales.distance_effect_sd**2
            )
            for one in range(size):
                for other in range(one):
                    distance = scales.distances[one, other]
                    local = state.local_variances[one, other]
                    factor = np.exp(2 * change * distance)
                    gain += change * distance
                    if given_products == 1:
                        gain -= np.log((1 + local * factor) / (1 + local))
                        continue
                    variance = state.scalars[0] * local
                    variance *= state.relative_variances[one, other]
                    variance = max(variance, SMALLEST_VARIANCE)
                    square = state.correlations[one, other] ** 2
                    gain -= square * (factor - 1) / (2 * variance)
            if np.log(rng.random()) >= gain:
                continue
            state.scalars[3] = present + change
            for one in range(size):
                for other in range(size):
                    factor = np.exp(2 * change * scales.distances[one, other])
                    state.relative_variances[one, other] /= factor
                    if given_products == 1:
                        state.local_variances[one, other] *= factor
