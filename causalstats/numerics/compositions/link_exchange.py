"""Exchange of a part's links with two other parts that can stand for each other.

Which of two strongly linked parts a third one is linked with is known badly, and Gibbs steps of one
entry at a time do not pass from one answer to the other: a step of `exchange_links` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from causalstats.numerics.compositions.correlation_entries import SMALLEST_VARIANCE
from causalstats.numerics.compositions.symmetric_matrices import (
    column_of_lower,
    replace_column,
)

if TYPE_CHECKING:
    from causalstats.numerics.compositions.horseshoe_gibbs import State

_NEWTON_STEPS = 12
_ACCURACY = 0.02  # of a mode, in standard deviations of the proposal
_LARGEST_STEP = 0.9  # square of the way to the end of the ellipse
_STRONG_LINK = 0.25  # between two parts, one of which can stand for the other
Pair = tuple[float, float]
Symmetric = tuple[float, float, float]
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


@_compiled
def exchange_links(
    state: State, scatter: np.ndarray, degrees: float, rng: np.random.Generator
) -> None:
    """Exchange λ_jk and λ_jl where k and l are strongly linked, and draw R_jk and R_jl anew.

    Proposals of the two entries are normal about their mode given the exchanged λ, and do not
    depend on the present entries.

    Parameters
    ----------
    state : State
    scatter : array, shape (D, D)
        S̃, the cross-products of amounts in units of their ω.
    degrees : float
        m.
    rng : Generator
    """
    correlations = state.correlations
    size = len(correlations)
    least = 1 / np.sqrt(degrees)
    for one in range(size):
        for two in range(one):
            if abs(correlations[one, two]) < _STRONG_LINK:
                continue
            for part in range(size):
                if part in (one, two):
                    continue
                strongest = abs(correlations[part, one])
                strongest = max(strongest, abs(correlations[part, two]))
                if strongest > least:
                    _exchange(part, one, two, least, state, scatter, degrees, rng)


@_compiled
def _exchange(
    part: int,
    one: int,
    two: int,
    least: float,
    state: State,
    scatter: np.ndarray,
    degrees: float,
    rng: np.random.Generator,
) -> None:
    """Propose to exchange λ_jk and λ_jl; one of the two entries stays above the least.

    Parameters
    ----------
    part, one, two : int
        j, k and l.
    least : float
    state, scatter, degrees, rng
        As in `exchange_links`.
    """
    inverse = state.inverse
    local = state.local_variances
    half = degrees / 2
    entries = (state.correlations[part, one], state.correlations[part, two])
    linear = (scatter[part, one], scatter[part, two])
    weights = (
        _prior_precision(state, part, one, local[part, one]),
        _prior_precision(state, part, two, local[part, two]),
    )
    exchanged = (
        _prior_precision(state, part, one, local[part, two]),
        _prior_precision(state, part, two, local[part, one]),
    )
    # A = R⁻¹ - across across' / pivot without part j, and A r = -across / pivot
    pivot = inverse[part, part]
    beside = (
        inverse[max(part, one), min(part, one)],
        inverse[max(part, two), min(part, two)],
    )
    shape = (
        inverse[one, one] - beside[0] ** 2 / pivot,
        inverse[max(one, two), min(one, two)] - beside[0] * beside[1] / pivot,
        inverse[two, two] - beside[1] ** 2 / pivot,
    )
    if not shape[0] * shape[2] > shape[1] ** 2:
        return
    shift = _solved(shape, (-beside[0] / pivot, -beside[1] / pivot))
    centre = (entries[0] - shift[0], entries[1] - shift[1])
    radius = 1 / pivot + _square(shape, shift)
    mode, curvature = _pair_mode(half, centre, radius, shape, linear, exchanged)
    back, bend = _pair_mode(half, centre, radius, shape, linear, weights)
    root = np.sqrt(curvature[0])
    across = curvature[1] / root
    rest = np.sqrt(curvature[2] - across**2)
    noise = (rng.standard_normal(), rng.standard_normal())
    second = noise[1] / rest
    first = (noise[0] - across * second) / root
    proposed = (mode[0] + first, mode[1] + second)
    remainder = radius - _square(
        shape, (proposed[0] - centre[0], proposed[1] - centre[1])
    )
    if max(abs(proposed[0]), abs(proposed[1])) <= least or not remainder > 0:
        return
    change = (proposed[0] - entries[0], proposed[1] - entries[1])
    gain = half * np.log(remainder * pivot)
    gain -= linear[0] * change[0] + linear[1] * change[1]
    # The priors, of which those of λ are exchanged too
    gain += (weights[0] * entries[0] ** 2 + weights[1] * entries[1] ** 2) / 2
    gain -= (exchanged[0] * proposed[0] ** 2 + exchanged[1] * proposed[1] ** 2) / 2
    gain += np.log(exchanged[0] * exchanged[1] / (weights[0] * weights[1])) / 2
    # The proposals
    gain += (noise[0] ** 2 + noise[1] ** 2) / 2 - np.log(root * rest)
    gain -= _square(bend, (entries[0] - back[0], entries[1] - back[1])) / 2
    gain += np.log(bend[0] * bend[2] - bend[1] ** 2) / 2
    if not (gain >= 0 or rng.standard_exponential() > -gain):
        return
    column = column_of_lower(inverse, part)
    product = -column / pivot
    for place in range(2):
        end = two if place else one
        weight = change[place] * beside[place] / pivot
        along = column_of_lower(inverse, end)
        for row in range(len(product)):
            product[row] += change[place] * along[row] - weight * column[row]
        state.correlations[part, end] = proposed[place]
        state.correlations[end, part] = proposed[place]
    product[part] = 0.0
    replace_column(inverse, part, column, product, remainder)
    kept = local[part, one]
    local[part, one] = local[part, two]
    local[one, part] = local[part, two]
    local[part, two] = kept
    local[two, part] = kept


@_compiled
def _prior_precision(state: State, part: int, other: int, local: float) -> float:
    """Return 1 / (τ h_jk λ)² of an entry R_jk."""
    common = state.scalars[0] * state.relative_variances[part, other]
    return 1 / max(common * local, SMALLEST_VARIANCE)


@_compiled
def _solved(matrix: Symmetric, values: Pair) -> Pair:
    """Return M⁻¹v of a symmetric matrix (M_11, M_12, M_22)."""
    determinant = matrix[0] * matrix[2] - matrix[1] ** 2
    first = matrix[2] * values[0] - matrix[1] * values[1]
    second = matrix[0] * values[1] - matrix[1] * values[0]
    return first / determinant, second / determinant


@_compiled
def _square(matrix: Symmetric, values: Pair) -> float:
    """Return v'M v of a symmetric matrix (M_11, M_12, M_22)."""
    cross = 2 * matrix[1] * values[0] * values[1]
    return matrix[0] * values[0] ** 2 + cross + matrix[2] * values[1] ** 2


@_compiled
def _pair_mode(
    half_degrees: float,
    centre: Pair,
    radius: float,
    shape: Symmetric,
    linear: Pair,
    weights: Pair,
) -> tuple[Pair, Symmetric]:
    """Return the mode of a log-concave density of two entries, nearly, and its curvature there.

    f(x) = h log(g - (x - c)'B(x - c)) - l'x - Σ_i w_i x_i² / 2, by Newton's steps from c.

    Parameters
    ----------
    half_degrees : float
        h.
    centre : pair of float
        c.
    radius : float
        g.
    shape : three floats
        B_11, B_12 and B_22.
    linear, weights : pair of float
        l and w.
    """
    mode = centre
    curvature = shape
    for _ in range(_NEWTON_STEPS):
        apart = (mode[0] - centre[0], mode[1] - centre[1])
        first = shape[0] * apart[0] + shape[1] * apart[1]
        second = shape[1] * apart[0] + shape[2] * apart[1]
        rest = radius - first * apart[0] - second * apart[1]
        pull = 2 * half_degrees / rest
        slope = (
            -pull * first - linear[0] - weights[0] * mode[0],
            -pull * second - linear[1] - weights[1] * mode[1],
        )
        curvature = (
            pull * (shape[0] + 2 * first * first / rest) + weights[0],
            pull * (shape[1] + 2 * first * second / rest),
            pull * (shape[2] + 2 * second * second / rest) + weights[1],
        )
        step = _solved(curvature, slope)
        if slope[0] * step[0] + slope[1] * step[1] < _ACCURACY**2:
            break
        # Where a step leads out of the ellipse, a part of it
        share = 1.0
        for _ in range(_NEWTON_STEPS):
            ahead = (apart[0] + share * step[0], apart[1] + share * step[1])
            if _square(shape, ahead) < _LARGEST_STEP * radius:
                mode = (centre[0] + ahead[0], centre[1] + ahead[1])
                break
            share /= 2
    return mode, curvature
