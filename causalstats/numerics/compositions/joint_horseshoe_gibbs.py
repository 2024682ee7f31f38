"""Gibbs sampler of the graphical horseshoe on k groups with a common network.

Group g has the precision K_g = d_g R_g d_g of its log amounts, d_gj = ω_gj^(-1/2), and each entry
above the diagonal of R_g is what the groups have in common plus a difference of the group,

    R_gij = c_ij + δ_gij,  c_ij ~ Normal(0, (τ λ_ij)²),  δ_gij ~ Normal(0, (ρ κ_gij τ λ_ij)²)

cut to positive definite R_1, ..., R_k, with half-Cauchy λ and κ of scale 1, τ of scale τ₀ and ρ of
scale ρ₀. A pair has one λ in all groups, so that what differs is looked for among the links of any
of them; where groups agree ρ is small and c is learned from the rows of all, and the heavy tails of
κ leave what differs as it is. The variances share their part means,

    log ω_gj ~ Normal(μ_j, σ_δ²),  μ_j ~ Normal(μ, σ²),  with half-Normal σ and σ_δ.

Given c an entry of R_g has the conditional density of `horseshoe_gibbs`, with the prior mean c and
the standard deviation ρ κ τ λ. Where that is small the step moves little, and the entries of all
groups move together with c, their differences given: a change d has the density

    Π_g (a_g - 2 d b_g - d² A_gkk)^(m_g/2) exp(-d Σ_g S̃_gjk - (c + d)² / 2 τ² λ²)

with a = 1 - r'A r and b = (A r)_k, which is log-concave on an interval (interweaving). λ is
proposed along with d, with δ as it is or in proportion to λ. The columns j of all groups are swept
in step, at k times the cost of one group.

References
----------
Danaher, Wang & Witten (2014), The joint graphical lasso for inverse covariance estimation across
multiple classes, Journal of the Royal Statistical Society B 76: entries drawn towards each other.
Carvalho, Polson & Scott (2010), The horseshoe estimator for sparse signals, Biometrika 97.
Yu & Meng (2011), To center or not to center, Journal of Computational and Graphical Statistics 20.
"""

from typing import NamedTuple

import numba
import numpy as np

from causalstats.numerics.compositions.correlation_entries import (
    SMALLEST_VARIANCE,
    draw_entry,
    draw_entry_and_scale,
    draw_local_variance,
    log_prior_to_proposal,
)
from causalstats.numerics.compositions.horseshoe_gibbs import (
    KNOWN_LINK,
    State,
    rescaled,
    update_log_precisions,
    update_spread,
)
from causalstats.numerics.compositions.symmetric_matrices import (
    column_of_lower,
    inner_product,
    log_determinant,
    replace_column,
)

_NEWTON_STEPS = 15
_ACCURACY = 0.02  # of a mode, in standard deviations of the proposal
_LARGEST_STEP = 0.9  # of the way to the end of the interval
_NEAREST_START = 0.05  # of the width of the interval, to one of its ends
_SCALINGS = 4  # random-walk steps of log τ, and of log ρ, with entries in a sweep
_LARGEST_SCALING = 1.0  # standard deviation of the longest of them
# Positions in `JointState.scalars`
GLOBAL, RATIO, MEAN, SPREAD, GROUP_SPREAD = range(5)
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


class JointState(NamedTuple):
    """The state of a chain, which sweeps change in place.

    Attributes
    ----------
    correlations, inverses : array, shape (k, D, D)
        R and R⁻¹ of each group.
    log_precisions : array, shape (k, D)
        -log ω.
    common : array, shape (D, D)
        c, with a diagonal of 0.
    common_variances : array, shape (D, D)
        λ².
    difference_variances : array, shape (k, D, D)
        κ².
    part_means : array, shape (D,)
        Minus the μ_j: the means of -log ω.
    scalars : array, shape (5,)
        τ², ρ², μ, σ and σ_δ.
    """

    correlations: np.ndarray
    inverses: np.ndarray
    log_precisions: np.ndarray
    common: np.ndarray
    common_variances: np.ndarray
    difference_variances: np.ndarray
    part_means: np.ndarray
    scalars: np.ndarray


class JointScales(NamedTuple):
    """Constants of the prior.

    Attributes
    ----------
    log_variance, log_variance_sd : float
        Mean and standard deviation of μ.
    variance_spread, group_spread : float
        Scales of σ and σ_δ.
    global_shrinkage, difference_ratio : float
        τ₀ and ρ₀.
    least_shrinkage : float
        τ_min, at which the prior of τ is cut.
    """

    log_variance: float
    log_variance_sd: float
    variance_spread: float
    group_spread: float
    global_shrinkage: float
    difference_ratio: float
    least_shrinkage: float = 0.0


def initial_state(
    variances: np.ndarray, rng: np.random.Generator, least_shrinkage: float = 0.0
) -> JointState:
    """Return a state of nearly independent amounts about these variances of their logarithms.

    Parameters
    ----------
    variances : array, shape (k, D)
    rng : Generator
        Chains start apart from each other.
    least_shrinkage : float
        τ_min.
    """
    groups, size = variances.shape
    log_precisions = -np.log(variances) + 0.3 * rng.standard_normal(variances.shape)
    local = np.exp(rng.standard_normal((groups + 1, size, size)))
    local = np.minimum(local, local.transpose(0, 2, 1))
    identity = np.ascontiguousarray(np.tile(np.eye(size), (groups, 1, 1)))
    part_means = log_precisions.mean(axis=0)
    shrinkage = 0.05 * np.exp(rng.standard_normal(2))
    shrinkage[GLOBAL] = max(shrinkage[GLOBAL], (1.1 * least_shrinkage) ** 2)
    return JointState(
        identity,
        identity.copy(),
        log_precisions,
        np.zeros((size, size)),
        local[0].copy(),
        local[1:].copy(),
        part_means,
        np.array([*shrinkage, -part_means.mean(), 1.0, 0.3]),
    )


@_compiled
def group_state(state: JointState, group: int) -> State:
    """Return the state of one group: views, but for the copies of τ², μ and σ."""
    scalars = np.array(
        [state.scalars[GLOBAL], state.scalars[MEAN], state.scalars[SPREAD], 0.0]
    )
    return State(
        state.correlations[group],
        state.inverses[group],
        state.log_precisions[group],
        state.difference_variances[group],
        scalars,
        np.ones(state.common.shape),
    )


@_compiled
def sweep(
    scatters: np.ndarray,
    degrees: np.ndarray,
    state: JointState,
    scales: JointScales,
    rng: np.random.Generator,
) -> None:
    """Update all K_g and the parameters of their prior, given cross-products of log amounts.

    Parameters
    ----------
    scatters : array, shape (k, D, D)
        S of each group.
    degrees : array, shape (k,)
        m of each group.
    state : JointState
    scales : JointScales
    rng : Generator
    """
    groups, size = state.log_precisions.shape
    scaled = np.empty_like(scatters)
    for group in range(groups):
        roots = np.exp(state.log_precisions[group] / 2)
        for row in range(size):
            for column in range(size):
                scale = roots[row] * roots[column]
                scaled[group, row, column] = scatters[group, row, column] * scale
    for part in range(size):
        _update_columns(part, state, scaled, degrees, rng)
    _exchange_differences(state, rng)
    least = scales.least_shrinkage
    _scale_together(GLOBAL, scales.global_shrinkage, least, state, scaled, degrees, rng)
    _scale_together(RATIO, scales.difference_ratio, 0.0, state, scaled, degrees, rng)
    for group in range(groups):
        state.inverses[group] = np.linalg.inv(state.correlations[group])
    _update_variances(scatters, degrees, state, scales, rng)
    _update_shrinkage(state, scales, rng)


@_compiled
def _shift_mode(
    halves: np.ndarray,
    offsets: np.ndarray,
    widths: np.ndarray,
    linear: float,
    centre: float,
    variance: float,
) -> tuple[float, float]:
    """Return the mode of a log-concave density of a shift, and its curvature there.

    f(d) = Σ_g h_g log(1 - ((d + o_g) / w_g)²) - l d - (c + d)² / 2 v

    Newton's steps start from a point that does not depend on the present entries.

    Parameters
    ----------
    halves, offsets, widths : array, shape (k,)
        h, o and w.
    linear, centre, variance : float
        l, c and v.
    """
    low, high = -np.inf, np.inf
    slope = -linear - centre / variance
    curvature = 1 / variance
    for group in range(len(halves)):
        low = max(low, -widths[group] - offsets[group])
        high = min(high, widths[group] - offsets[group])
        weight = 2 * halves[group] / widths[group] ** 2
        slope -= weight * offsets[group]
        curvature += weight
    margin = _NEAREST_START * (high - low)
    mode = min(max(slope / curvature, low + margin), high - margin)
    for _ in range(_NEWTON_STEPS):
        slope = -linear - (centre + mode) / variance
        curvature = 1 / variance
        for group in range(len(halves)):
            place = (mode + offsets[group]) / widths[group]
            rest = 1 - place * place
            pull = 2 * halves[group] / (rest * widths[group])
            slope -= pull * place
            curvature += pull * (1 + place * place) / (rest * widths[group])
        step = slope / curvature
        if step > 0:
            step = min(step, _LARGEST_STEP * (high - mode))
        else:
            step = max(step, _LARGEST_STEP * (low - mode))
        mode += step
        if step * step * curvature < _ACCURACY**2:
            break
    return mode, curvature


@_compiled
def _draw_shift(
    halves: np.ndarray,
    offsets: np.ndarray,
    widths: np.ndarray,
    crossing: np.ndarray,
    centre: float,
    variance: float,
    rng: np.random.Generator,
) -> float:
    """Return by how much the entries of all groups change with c, in a Metropolis step.

    Parameters
    ----------
    halves, offsets, widths, centre, variance
        As in `_shift_mode`; the present shift is 0.
    crossing : array, shape (k,)
        S̃_gjk.
    rng : Generator
    """
    linear = crossing.sum()
    mode, curvature = _shift_mode(halves, offsets, widths, linear, centre, variance)
    proposed = mode + rng.standard_normal() / np.sqrt(curvature)
    gain = _log_density(halves, offsets, widths, proposed)
    gain -= _log_density(halves, offsets, widths, 0.0)
    gain -= linear * proposed
    gain -= ((centre + proposed) ** 2 - centre**2) / (2 * variance)
    gain += curvature * ((proposed - mode) ** 2 - mode**2) / 2
    if gain >= 0 or rng.standard_exponential() > -gain:
        return proposed
    return 0.0


@_compiled
def _log_density(
    halves: np.ndarray, offsets: np.ndarray, widths: np.ndarray, shift: float
) -> float:
    """Return Σ_g h_g log(1 - ((d + o_g) / w_g)²), -inf outside the interval."""
    total = 0.0
    for group in range(len(halves)):
        place = (shift + offsets[group]) / widths[group]
        if abs(place) >= 1:
            return -np.inf
        total += halves[group] * np.log(1 - place * place)
    return total


@_compiled
def _draw_shift_and_scale(
    halves: np.ndarray,
    offsets: np.ndarray,
    widths: np.ndarray,
    crossing: np.ndarray,
    centre: float,
    differences: np.ndarray,
    variances: np.ndarray,
    local: float,
    global_variance: float,
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    """Return the shift of c, the factor of all δ, and λ², in a joint Metropolis step.

    Given λ, an entry near 0 stays there. λ² is proposed independently; the differences are either
    as they are or in proportion to λ, and the shift is normal about its mode given both.

    Parameters
    ----------
    halves, offsets, widths, crossing, centre
        As in `_draw_shift`.
    differences, variances : array, shape (k,)
        δ, and their prior variances (ρ κ τ λ)².
    local, global_variance : float
        λ² and τ².
    rng : Generator
    """
    proposed_local = draw_local_variance(global_variance, rng)
    variance = max(global_variance * local, SMALLEST_VARIANCE)
    proposed_variance = global_variance * proposed_local
    in_proportion = rng.random() < 0.5
    if not SMALLEST_VARIANCE < proposed_variance < 1 / SMALLEST_VARIANCE:
        return 0.0, 1.0, local
    ratio = proposed_variance / variance
    factor = np.sqrt(ratio) if in_proportion else 1.0
    moved = (factor - 1) * differences
    if not _overlap(offsets + moved, widths):
        return 0.0, 1.0, local
    gain = log_prior_to_proposal(proposed_local, global_variance)
    gain -= log_prior_to_proposal(local, global_variance)
    if not in_proportion:
        gain += (differences**2 / variances).sum() * (1 - 1 / ratio) / 2
        gain -= len(halves) * np.log(ratio) / 2
    linear = crossing.sum()
    mode, curvature = _shift_mode(
        halves, offsets + moved, widths, linear, centre, proposed_variance
    )
    old_mode, old_curvature = _shift_mode(
        halves, offsets, widths, linear, centre, variance
    )
    proposed = mode + rng.standard_normal() / np.sqrt(curvature)
    gain += _log_density(halves, offsets + moved, widths, proposed)
    gain -= _log_density(halves, offsets, widths, 0.0)
    gain -= linear * proposed + (crossing * moved).sum()
    gain -= (centre + proposed) ** 2 / (2 * proposed_variance)
    gain += centre**2 / (2 * variance)
    gain += np.log(old_curvature / (ratio * curvature)) / 2
    gain += curvature * (proposed - mode) ** 2 / 2 - old_curvature * old_mode**2 / 2
    if gain >= 0 or rng.standard_exponential() > -gain:
        return proposed, factor, proposed_local
    return 0.0, 1.0, local


@_compiled
def _overlap(offsets: np.ndarray, widths: np.ndarray) -> bool:
    """Return whether any shift leaves all groups positive definite."""
    return (widths - offsets).min() > (-widths - offsets).max()


@_compiled
def _update_columns(
    part: int,
    state: JointState,
    scatters: np.ndarray,
    degrees: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Update the entries of one part j in all groups, and c, λ, κ and R⁻¹ with them.

    Parameters
    ----------
    part : int
        j.
    state : JointState
    scatters : array, shape (k, D, D)
        S̃, the cross-products of amounts in units of their ω.
    degrees : array, shape (k,)
        m.
    rng : Generator
    """
    groups, size = state.log_precisions.shape
    inverses = state.inverses
    across = np.empty((groups, size))
    # A r as in `horseshoe_gibbs`
    product = np.empty((groups, size))
    changes = np.zeros((groups, size))
    along = np.zeros(groups)
    remainder = np.empty(groups)
    for group in range(groups):
        across[group] = column_of_lower(inverses[group], part)
        pivot = across[group, part]
        product[group] = -across[group] / pivot
        product[group, part] = 0.0
        remainder[group] = 1 / pivot
    slope = np.empty(groups)
    diagonal = np.empty(groups)
    change = np.empty(groups)
    halves = degrees / 2
    for other in range(size):
        if other == part:
            continue
        for group in range(groups):
            beside = across[group, other]
            weight = beside / across[group, part]
            diagonal[group] = inverses[group, other, other] - beside * weight
            product[group, other] += inner_product(
                inverses[group, other], changes[group], other
            )
            slope[group] = product[group, other] - along[group] * beside
        crossing = scatters[:, part, other].copy()
        offsets = slope / diagonal
        widths = np.sqrt((remainder + slope * offsets) / diagonal)
        centre = state.common[part, other]
        differences = state.correlations[:, part, other] - centre
        local = state.common_variances[part, other]
        kappa = state.difference_variances[:, part, other]
        # A pair is visited twice, and once with its scales.
        rescale = other < part
        shift, factor = 0.0, 1.0
        if rescale:
            variances = np.maximum(
                state.scalars[RATIO] * state.scalars[GLOBAL] * local * kappa,
                SMALLEST_VARIANCE,
            )
            shift, factor, local = _draw_shift_and_scale(
                halves,
                offsets,
                widths,
                crossing,
                centre,
                differences,
                variances,
                local,
                state.scalars[GLOBAL],
                rng,
            )
            state.common_variances[part, other] = local
            state.common_variances[other, part] = local
        else:
            variance = max(state.scalars[GLOBAL] * local, SMALLEST_VARIANCE)
            shift = _draw_shift(
                halves, offsets, widths, crossing, centre, variance, rng
            )
        centre += shift
        common_variance = max(state.scalars[GLOBAL] * local, SMALLEST_VARIANCE)
        global_variance = state.scalars[RATIO] * common_variance
        common_weight = 1 / common_variance
        pulled = 0.0
        for group in range(groups):
            moved = shift + (factor - 1) * differences[group]
            change[group] = moved
            if moved != 0.0:
                remainder[group] -= moved * (2 * slope[group] + moved * diagonal[group])
                slope[group] += moved * diagonal[group]
            entry = state.correlations[group, part, other] + moved
            local = kappa[group]
            if rescale:
                step, local = draw_entry_and_scale(
                    entry,
                    remainder[group],
                    slope[group],
                    diagonal[group],
                    halves[group],
                    scatters[group, part, other],
                    centre,
                    local,
                    global_variance,
                    rng,
                )
                state.difference_variances[group, part, other] = local
                state.difference_variances[group, other, part] = local
            else:
                step = draw_entry(
                    entry,
                    remainder[group],
                    slope[group],
                    diagonal[group],
                    halves[group],
                    scatters[group, part, other],
                    centre,
                    max(global_variance * local, SMALLEST_VARIANCE),
                    rng,
                )
            if step != 0.0:
                remainder[group] -= step * (2 * slope[group] + step * diagonal[group])
                change[group] += step
            state.correlations[group, part, other] = entry + step
            state.correlations[group, other, part] = entry + step
            weight = 1 / max(global_variance * local, SMALLEST_VARIANCE)
            common_weight += weight
            pulled += weight * (entry + step)
            if change[group] != 0.0:
                along[group] += (
                    change[group] * across[group, other] / across[group, part]
                )
                changes[group, other] = change[group]
                for row in range(other + 1):
                    product[group, row] += change[group] * inverses[group, other, row]
        centre = pulled / common_weight
        centre += rng.standard_normal() / np.sqrt(common_weight)
        state.common[part, other] = centre
        state.common[other, part] = centre
    for group in range(groups):
        product[group] -= along[group] * across[group]
        product[group, part] = 0.0
        replace_column(
            inverses[group], part, across[group], product[group], remainder[group]
        )


@_compiled
def _exchange_differences(state: JointState, rng: np.random.Generator) -> None:
    """Let c follow another group: exchange the differences of two groups, entries unchanged.

    With c' = R_g + R_h - c, δ_g and δ_h change their places and signs, and κ_g and κ_h too.

    Parameters
    ----------
    state : JointState
    rng : Generator
    """
    groups, size = state.log_precisions.shape
    if groups < 2:
        return
    entries = state.correlations
    kappa = state.difference_variances
    for part in range(size):
        for other in range(part):
            one = rng.integers(0, groups)
            two = rng.integers(0, groups - 1)
            if two >= one:
                two += 1
            present = state.common[part, other]
            proposed = entries[one, part, other] + entries[two, part, other] - present
            local = state.common_variances[part, other]
            variance = max(state.scalars[GLOBAL] * local, SMALLEST_VARIANCE)
            gain = (present**2 - proposed**2) / variance
            for group in range(groups):
                if group != one and group != two:
                    entry = entries[group, part, other]
                    squares = (entry - present) ** 2 - (entry - proposed) ** 2
                    width = variance * state.scalars[RATIO] * kappa[group, part, other]
                    gain += squares / max(width, SMALLEST_VARIANCE)
            gain /= 2
            if gain >= 0 or rng.standard_exponential() > -gain:
                first = kappa[one, part, other]
                second = kappa[two, part, other]
                for row, column in ((part, other), (other, part)):
                    state.common[row, column] = proposed
                    kappa[one, row, column] = second
                    kappa[two, row, column] = first


@_compiled
def _scale_together(
    which: int,
    prior_scale: float,
    least: float,
    state: JointState,
    scatters: np.ndarray,
    degrees: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Update τ with most c and δ, or ρ with most δ, given the rest, by random walks of its log.

    What is well known would hold τ or ρ where it is: strong links, and large differences, are kept,
    with λ or κ divided by the factor f. Which are kept is drawn with the probability
    s² / (s² + c⁴) of `horseshoe_gibbs`, where s is the mean of R_gjk² over the groups, or δ_gjk².

    Parameters
    ----------
    which : int
        GLOBAL or RATIO.
    prior_scale : float
        τ₀ or ρ₀.
    least : float
        The least value of τ or ρ.
    state : JointState
    scatters : array, shape (k, D, D)
        S̃, the cross-products of amounts in units of their ω.
    degrees : array, shape (k,)
        m.
    rng : Generator
    """
    groups, size = state.log_precisions.shape
    present = state.correlations
    # Of τ one λ a pair, of ρ one κ a pair and group
    sets = 1 if which == GLOBAL else groups
    kept = np.zeros((sets, size, size), np.bool_)
    fourth = (KNOWN_LINK**2 / degrees.mean()) ** 2
    for one in range(size):
        for other in range(one):
            for each in range(sets):
                power = _strength(state, which, each, one, other) ** 2
                kept[each, one, other] = rng.random() * (power + fourth) < power
    proposed = np.ones_like(present)
    determinants = np.empty(groups)
    for group in range(groups):
        determinants[group] = log_determinant(present[group])
    for _ in range(_SCALINGS):
        step = _LARGEST_SCALING * np.exp(-4 * rng.random()) * rng.standard_normal()
        factor = np.exp(step)
        variance = state.scalars[which]
        if variance * factor**2 < least**2:
            continue
        prior = prior_scale**2
        gain = step - np.log((prior + variance * factor**2) / (prior + variance))
        for one in range(size):
            for other in range(one):
                for each in range(sets):
                    if kept[each, one, other]:
                        local = _local_variances(state, which, each)[one, other]
                        gain += np.log((1 + local) / (1 + local / factor**2)) - step
                    else:
                        power = _strength(state, which, each, one, other) ** 2
                        gain -= np.log((factor**4 * power + fourth) / (power + fourth))
                for group in range(groups):
                    before = present[group, one, other]
                    after = before
                    if not kept[min(group, sets - 1), one, other]:
                        fixed = 0.0 if which == GLOBAL else state.common[one, other]
                        after = fixed + factor * (before - fixed)
                    proposed[group, one, other] = after
                    proposed[group, other, one] = after
                    gain -= (after - before) * scatters[group, one, other]
        after = np.empty(groups)
        for group in range(groups):
            after[group] = log_determinant(proposed[group])
            gain += degrees[group] / 2 * (after[group] - determinants[group])
        if not (gain >= 0 or rng.standard_exponential() > -gain):
            continue
        determinants = after
        state.scalars[which] = variance * factor**2
        for one in range(size):
            for other in range(one):
                for each in range(sets):
                    if kept[each, one, other]:
                        locals_of_set = _local_variances(state, which, each)
                        local = locals_of_set[one, other] / factor**2
                        locals_of_set[one, other] = local
                        locals_of_set[other, one] = local
                if which == GLOBAL and not kept[0, one, other]:
                    centre = state.common[one, other] * factor
                    state.common[one, other] = centre
                    state.common[other, one] = centre
        for group in range(groups):
            for row in range(size):
                for column in range(size):
                    present[group, row, column] = proposed[group, row, column]


@_compiled
def _strength(state: JointState, which: int, group: int, one: int, other: int) -> float:
    """Return the mean of R_gjk² over the groups, or δ_gjk² of one."""
    if which == RATIO:
        entry = state.correlations[group, one, other]
        return (entry - state.common[one, other]) ** 2
    groups = len(state.correlations)
    total = 0.0
    for each in range(groups):
        total += state.correlations[each, one, other] ** 2
    return total / groups


@_compiled
def _local_variances(state: JointState, which: int, group: int) -> np.ndarray:
    """Return λ², or κ² of a group."""
    if which == RATIO:
        return state.difference_variances[group]
    return state.common_variances


@_compiled
def _update_shrinkage(
    state: JointState, scales: JointScales, rng: np.random.Generator
) -> None:
    """Update λ², κ², τ² and ρ² given c and δ, and then τ and ρ given the products τ λ and ρ κ.

    Parameters
    ----------
    state : JointState
    scales : JointScales
    rng : Generator
    """
    groups, size = state.log_precisions.shape
    variance = state.scalars[GLOBAL]
    ratio = state.scalars[RATIO]
    kappa = state.difference_variances
    total = 0.0
    away = 0.0
    for one in range(size):
        for other in range(one):
            common = state.common[one, other]
            local = state.common_variances[one, other]
            square = common**2 / 2
            for group in range(groups):
                difference = state.correlations[group, one, other] - common
                own = difference**2 / (2 * ratio)
                width = kappa[group, one, other]
                rate = rng.standard_exponential() / (1 + 1 / width)
                width = (rate + own / (variance * local)) / rng.standard_exponential()
                width = max(width, SMALLEST_VARIANCE)
                kappa[group, one, other] = width
                kappa[group, other, one] = width
                square += own / width
            rate = rng.standard_exponential() / (1 + 1 / local)
            local = (rate + square / variance) / rng.standard_gamma((groups + 2) / 2)
            local = max(local, SMALLEST_VARIANCE)
            state.common_variances[one, other] = local
            state.common_variances[other, one] = local
            total += square / local
            away += (square - common**2 / 2) / local
    pairs = size * (size - 1) / 2
    rate = rng.standard_exponential() / (scales.difference_ratio**-2 + 1 / ratio)
    away *= ratio / variance
    new_ratio = (rate + away) / rng.standard_gamma((groups * pairs + 1) / 2)
    total += (ratio / new_ratio - 1) * away * variance / ratio
    rate = rng.standard_exponential() / (scales.global_shrinkage**-2 + 1 / variance)
    # The conditional of τ² without the cut, as a proposal
    proposed = (rate + total) / rng.standard_gamma(((groups + 1) * pairs + 1) / 2)
    if proposed >= scales.least_shrinkage**2:
        variance = proposed
    state.scalars[RATIO] = rescaled(kappa, new_ratio, scales.difference_ratio, 0.0, rng)
    state.scalars[GLOBAL] = rescaled(
        state.common_variances.reshape((1, size, size)),
        variance,
        scales.global_shrinkage,
        scales.least_shrinkage,
        rng,
    )


@_compiled
def _update_variances(
    scatters: np.ndarray,
    degrees: np.ndarray,
    state: JointState,
    scales: JointScales,
    rng: np.random.Generator,
) -> None:
    """Update all ω and the μ_j, μ, σ and σ_δ of their prior.

    Parameters
    ----------
    scatters : array, shape (k, D, D)
        S of each group.
    degrees : array, shape (k,)
        m of each group.
    state : JointState
    scales : JointScales
    rng : Generator
    """
    groups, size = state.log_precisions.shape
    scalars = state.scalars
    means = state.part_means
    logs = state.log_precisions
    for group in range(groups):
        update_log_precisions(
            state.correlations[group],
            logs[group],
            scatters[group],
            degrees[group],
            means,
            scalars[GROUP_SPREAD],
            rng,
        )
    _shift_log_precisions(scatters, degrees, state, rng)
    weight = groups / scalars[GROUP_SPREAD] ** 2
    above = 1 / scalars[SPREAD] ** 2
    for part in range(size):
        centre = weight * logs[:, part].mean() - above * scalars[MEAN]
        means[part] = centre / (weight + above)
        means[part] += rng.standard_normal() / np.sqrt(weight + above)
    squares = ((logs - means) ** 2).sum()
    scalars[GROUP_SPREAD] = update_spread(
        squares, groups * size, scalars[GROUP_SPREAD], scales.group_spread, rng
    )
    weight = size / scalars[SPREAD] ** 2
    above = 1 / scales.log_variance_sd**2
    centre = (above * scales.log_variance - weight * means.mean()) / (weight + above)
    scalars[MEAN] = centre + rng.standard_normal() / np.sqrt(weight + above)
    squares = ((means + scalars[MEAN]) ** 2).sum()
    scalars[SPREAD] = update_spread(
        squares, size, scalars[SPREAD], scales.variance_spread, rng
    )


@_compiled
def _shift_log_precisions(
    scatters: np.ndarray,
    degrees: np.ndarray,
    state: JointState,
    rng: np.random.Generator,
) -> None:
    """Shift the log ω_gj of all groups with their mean μ_j, differences given (interweaving).

    Parameters
    ----------
    scatters : array, shape (k, D, D)
        S of each group.
    degrees : array, shape (k,)
        m of each group.
    state : JointState
    rng : Generator
    """
    groups, size = state.log_precisions.shape
    logs = state.log_precisions
    width = 2.4 * np.sqrt(2 / degrees.sum())
    for part in range(size):
        step = width * rng.standard_normal()
        gain = 0.0
        for group in range(groups):
            roots = np.exp(logs[group] / 2)
            square = scatters[group, part, part] * roots[part] ** 2
            row = state.correlations[group, part] * scatters[group, part] * roots
            cross = row.sum() * roots[part] - square
            gain += degrees[group] * step / 2 - square * (np.exp(step) - 1) / 2
            gain -= cross * (np.exp(step / 2) - 1)
        before = state.part_means[part] + state.scalars[MEAN]
        change = (before + step) ** 2 - before**2
        gain -= change / (2 * state.scalars[SPREAD] ** 2)
        if gain >= 0 or rng.standard_exponential() > -gain:
            logs[:, part] += step
            state.part_means[part] += step
