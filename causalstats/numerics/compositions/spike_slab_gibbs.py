"""Gibbs sampler of the spike-and-slab prior on amounts before closure.

The precision K = d R d of the log amounts, d_j = ω_j^(-1/2), has entries of R from a mixture,

    R_jk ~ (1-π) Normal(0, s²) + π Normal(0, S²),  π ~ Beta(a, b),

each cut to (-1, 1), and R to positive definite matrices; log ω_j ~ Normal(μ, σ²). A sweep updates
one R_jk after the other as that of `horseshoe_gibbs`, whose state it uses: λ² is the variance s² or
S² of the component that an entry is in, and τ is 1. An entry moves along with its component, by a
joint Metropolis step, and components are drawn again given the entries. Without the normalising
constant of the cut to positive definite matrices, π given the components is Beta.

References
----------
George & McCulloch (1993), Variable selection via Gibbs sampling, Journal of the American
Statistical Association 88. Wang (2015), Scaling it up: stochastic search structure learning in
graphical models, Bayesian Analysis 10: the mixture for a precision matrix.
"""

from typing import NamedTuple

import numba
import numpy as np

from causalstats.numerics.compositions.correlation_columns import update_columns
from causalstats.numerics.compositions.correlation_entries import Mixture
from causalstats.numerics.compositions.horseshoe_gibbs import (
    Scales,
    State,
    amounts_scatter,
    update_log_precisions,
    update_variance_prior,
)
from causalstats.numerics.compositions.symmetric_matrices import (
    put_inverse,
    scaled_by,
)

_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


class Components(NamedTuple):
    """Constants of the mixture.

    Attributes
    ----------
    spike_variance, slab_variance : float
        s² and S².
    log_cut : float
        The logarithm of P(|x| < 1) under the spike, less that under the slab.
    one, other : float
        a and b.
    """

    spike_variance: float
    slab_variance: float
    log_cut: float
    one: float
    other: float


@_compiled
def sweeps_of_known_log_ratios(
    count: int,
    root: np.ndarray,
    spare: int,
    state: State,
    share: np.ndarray,
    components: Components,
    scales: Scales,
    rng: np.random.Generator,
) -> None:
    """Update the state so many times, given log-ratios.

    Parameters
    ----------
    count : int
    root : array, shape (q, D)
    spare : int
        As in `horseshoe_gibbs.amounts_scatter`.
    state : State
    share : array, shape (1,)
        π.
    components : Components
    scales : Scales
        Those of variances are used.
    rng : Generator
    """
    degrees = float(len(root) + spare)
    for _ in range(count):
        scatter = amounts_scatter(root, spare, state, rng)
        _sweep(scatter, degrees, state, share, components, scales, rng)


@_compiled
def _sweep(
    scatter: np.ndarray,
    degrees: float,
    state: State,
    share: np.ndarray,
    components: Components,
    scales: Scales,
    rng: np.random.Generator,
) -> None:
    """Update K, the components of its entries and the parameters of its prior.

    Parameters
    ----------
    scatter : array, shape (D, D)
        S, the cross-products of the log amounts.
    degrees : float
        m.
    state, share, components, scales, rng
        As in `sweeps_of_known_log_ratios`.
    """
    size = len(scatter)
    scaled = scaled_by(scatter, np.exp(state.log_precisions / 2))
    odds = np.log(share[0] / (1 - share[0])) + components.log_cut
    mixture = Mixture(components.spike_variance, components.slab_variance, odds)
    update_columns(state, scaled, degrees, mixture, rng)
    _update_components(state, share, components, odds, rng)
    put_inverse(state.inverse, state.correlations)
    update_log_precisions(
        state.correlations,
        state.log_precisions,
        scatter,
        degrees,
        np.full(size, -state.scalars[1]),
        state.scalars[2],
        rng,
    )
    update_variance_prior(state, scales, rng)


@_compiled
def _update_components(
    state: State,
    share: np.ndarray,
    components: Components,
    log_odds: float,
    rng: np.random.Generator,
) -> None:
    """Draw the component of each entry given R and π, and then π.

    Parameters
    ----------
    state : State
    share : array, shape (1,)
        π.
    components : Components
    log_odds : float
        Of the slab to the spike before the entry is seen, but for the width of their densities.
    rng : Generator
    """
    spike, slab = components.spike_variance, components.slab_variance
    gap = (1 / spike - 1 / slab) / 2
    odds = log_odds + np.log(spike / slab) / 2
    size = len(state.correlations)
    in_slab = 0
    for one in range(size):
        for other in range(one):
            logit = odds + gap * state.correlations[one, other] ** 2
            local = spike
            if rng.random() * (1 + np.exp(-logit)) < 1:
                local = slab
                in_slab += 1
            state.local_variances[one, other] = local
            state.local_variances[other, one] = local
    pairs = size * (size - 1) / 2
    one_part = rng.standard_gamma(components.one + in_slab)
    share[0] = one_part / (
        one_part + rng.standard_gamma(components.other + pairs - in_slab)
    )
