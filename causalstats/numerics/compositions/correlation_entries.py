"""Metropolis draws of one entry of a matrix of correlations whose others are given.

With A the inverse of R without part j, r its column j and S̃ the cross-products of rows of the
precision R, the conditional density of an entry of r under the prior Normal(c, v) is

    (1 - r'A r)^(m/2) exp(-S̃_jk r_k - (r_k - c)² / 2 v)

which is log-concave on an interval: an independence step about its mode is accepted nearly always.
"""

from typing import NamedTuple

import numba
import numpy as np

_NEWTON_STEPS = 12
_ACCURACY = 0.02  # of a mode, in standard deviations of the proposal
_LARGEST_STEP = 0.9  # of the way to the end of the interval
_FARTHEST_START = 0.9  # of a mode, from 0
# Proposals of the variance of a strong link: its median logarithm, and standard deviation
_LOG_LINK = np.log(0.1)
_LINK_SPREAD = 1.5
SMALLEST_VARIANCE = 1e-15  # of a partial correlation, against underflow
_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


class Mixture(NamedTuple):
    """A prior of an entry with two components, the spike and the slab.

    Attributes
    ----------
    spike_variance, slab_variance : float
        0 where the prior is another one.
    log_odds : float
        Of the slab to the spike.
    """

    spike_variance: float
    slab_variance: float
    log_odds: float


NO_MIXTURE = Mixture(0.0, 0.0, 0.0)


@_compiled
def _entry_mode(
    half_degrees: float, linear: float, centre: float, width: float, variance: float
) -> tuple[float, float]:
    """Return the mode of a log-concave density on (-1, 1), and its curvature there.

    f(y) = h log(1 - y²) - l y - (c + w y)² / 2 v

    Parameters
    ----------
    half_degrees, linear, centre, width, variance : float
        h, l, c, w and v.
    """
    flat = width * width / variance
    tilt = linear + width * centre / variance
    # The mode if the logarithm ended with its quadratic term
    mode = -tilt / (2 * half_degrees + flat)
    mode = min(max(mode, -_FARTHEST_START), _FARTHEST_START)
    curvature = 1.0
    for _ in range(_NEWTON_STEPS):
        square = mode * mode
        pull = 2 * half_degrees / (1 - square)
        curvature = pull * (1 + square) / (1 - square) + flat
        step = -(pull * mode + tilt + flat * mode) / curvature
        if step > 0:
            step = min(step, _LARGEST_STEP * (1 - mode))
        else:
            step = max(step, -_LARGEST_STEP * (1 + mode))
        mode += step
        if step * step * curvature < _ACCURACY**2:
            break
    return mode, curvature


@_compiled
def draw_entry(
    entry: float,
    remainder: float,
    product: float,
    diagonal: float,
    half_degrees: float,
    cross: float,
    mean: float,
    variance: float,
    rng: np.random.Generator,
) -> float:
    """Return by how much an entry of R changes in a Metropolis step.

    The density of a change d is (g - 2 d b - d² a)^h exp(-s d - (r - c + d)² / 2 v). Proposals are
    normal about its mode, which does not depend on the present entry.

    Parameters
    ----------
    entry : float
        r_k.
    remainder, product, diagonal : float
        g = 1 - r'A r, b = (A r)_k and a = A_kk.
    half_degrees, cross : float
        h = m/2 and s = S̃_jk.
    mean, variance : float
        Of the prior of the entry: c, 0 but for groups that are fitted jointly, and v = τ² λ².
    rng : Generator
    """
    shift = product / diagonal
    width = np.sqrt((remainder + product * shift) / diagonal)
    centre = entry - shift - mean
    linear = cross * width
    mode, curvature = _entry_mode(half_degrees, linear, centre, width, variance)
    present = shift / width
    proposed = mode + rng.standard_normal() / np.sqrt(curvature)
    if abs(proposed) >= 1:
        return 0.0
    gain = half_degrees * np.log((1 - proposed**2) / (1 - present**2))
    gain -= linear * (proposed - present)
    gain -= ((centre + width * proposed) ** 2 - (centre + width * present) ** 2) / (
        2 * variance
    )
    gain += curvature * ((proposed - mode) ** 2 - (present - mode) ** 2) / 2
    if gain >= 0 or rng.standard_exponential() > -gain:
        return width * (proposed - present)
    return 0.0


@_compiled
def draw_local_variance(global_variance: float, rng: np.random.Generator) -> float:
    """Return a proposal of λ²: from its prior, or so that τ λ is the size of a strong link."""
    if rng.random() < 0.5:
        return (rng.standard_normal() / rng.standard_normal()) ** 2
    spread = _LINK_SPREAD * rng.standard_normal()
    return np.exp(_LOG_LINK + spread) / global_variance


@_compiled
def log_prior_to_proposal(local: float, global_variance: float) -> float:
    """Return the log ratio of the prior density of λ² to that of its proposals."""
    distance = (np.log(local * global_variance) - _LOG_LINK) / _LINK_SPREAD
    link = np.exp(-(distance**2) / 2) / (_LINK_SPREAD * np.sqrt(2 * np.pi))
    prior = np.sqrt(local) / (np.pi * (1 + local))  # of log λ²
    return -np.log(1 + link / prior)


@_compiled
def draw_entry_and_scale(
    entry: float,
    remainder: float,
    product: float,
    diagonal: float,
    half_degrees: float,
    cross: float,
    mean: float,
    local: float,
    global_variance: float,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return by how much an entry of R changes, and its λ², in a joint Metropolis step.

    Given λ an entry near 0 stays there, and a strong one strong: only together do they change
    between the two. Proposals of both are independent of the present ones.

    Parameters
    ----------
    entry, remainder, product, diagonal, half_degrees, cross, mean : float
        As in `draw_entry`.
    local, global_variance : float
        λ² and τ².
    rng : Generator
    """
    proposed_local = draw_local_variance(global_variance, rng)
    variance = max(global_variance * local, SMALLEST_VARIANCE)
    proposed_variance = global_variance * proposed_local
    if not SMALLEST_VARIANCE < proposed_variance < 1 / SMALLEST_VARIANCE:
        return 0.0, local
    odds = log_prior_to_proposal(proposed_local, global_variance)
    odds -= log_prior_to_proposal(local, global_variance)
    change, accepted = draw_entry_given_other_variance(
        entry,
        remainder,
        product,
        diagonal,
        half_degrees,
        cross,
        mean,
        variance,
        proposed_variance,
        odds,
        rng,
    )
    return change, proposed_local if accepted else local


@_compiled
def draw_entry_given_other_variance(
    entry: float,
    remainder: float,
    product: float,
    diagonal: float,
    half_degrees: float,
    cross: float,
    mean: float,
    variance: float,
    proposed_variance: float,
    log_odds: float,
    rng: np.random.Generator,
) -> tuple[float, bool]:
    """Return by how much an entry changes with another prior variance, and whether both do.

    Parameters
    ----------
    entry, remainder, product, diagonal, half_degrees, cross, mean, variance : float
        As in `draw_entry`.
    proposed_variance : float
    log_odds : float
        Of the proposed variance to the present one in its prior, with its proposals.
    rng : Generator
    """
    shift = product / diagonal
    width = np.sqrt((remainder + product * shift) / diagonal)
    centre = entry - shift - mean
    linear = cross * width
    mode, curvature = _entry_mode(
        half_degrees, linear, centre, width, proposed_variance
    )
    proposed = mode + rng.standard_normal() / np.sqrt(curvature)
    if abs(proposed) >= 1:
        return 0.0, False
    present = shift / width
    old_mode, old_curvature = _entry_mode(half_degrees, linear, centre, width, variance)
    gain = half_degrees * np.log((1 - proposed**2) / (1 - present**2))
    gain -= linear * (proposed - present)
    gain -= (centre + width * proposed) ** 2 / (2 * proposed_variance)
    gain += (centre + width * present) ** 2 / (2 * variance)
    gain += np.log(variance * old_curvature / (proposed_variance * curvature)) / 2
    gain += curvature * (proposed - mode) ** 2 / 2
    gain -= old_curvature * (present - old_mode) ** 2 / 2
    gain += log_odds
    if gain >= 0 or rng.standard_exponential() > -gain:
        return width * (proposed - present), True
    return 0.0, False


@_compiled
def draw_entry_and_component(
    entry: float,
    remainder: float,
    product: float,
    diagonal: float,
    half_degrees: float,
    cross: float,
    variance: float,
    mixture: Mixture,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return by how much an entry of R changes, and the variance of its component, the other one.

    Parameters
    ----------
    entry, remainder, product, diagonal, half_degrees, cross : float
        As in `draw_entry`.
    variance : float
        Of the present component.
    mixture : Mixture
    rng : Generator
    """
    in_slab = variance == mixture.slab_variance
    other = mixture.spike_variance if in_slab else mixture.slab_variance
    change, accepted = draw_entry_given_other_variance(
        entry,
        remainder,
        product,
        diagonal,
        half_degrees,
        cross,
        0.0,
        variance,
        other,
        -mixture.log_odds if in_slab else mixture.log_odds,
        rng,
    )
    return change, other if accepted else variance
