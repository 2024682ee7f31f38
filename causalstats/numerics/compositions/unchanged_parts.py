"""The change of log-ratios that all unchanged parts share: a mixture of them and of changed ones.

A part whose amount does not change with a covariate changes its centred log-ratio all the same, by
-1 times the mean change of all parts. With estimates b_j of the changes of centred log-ratios and
their variances s_j², and fewer than half of the parts changed,

    b_j ~ (1 - π) Normal(c, s_j²) + π Normal(c + μ, s_j² + t²),  π ~ Uniform(0, 1/2)

so that b_j - c is the change of the log amount of part j. Changed parts have a mean change μ of
their own: they may all go one way, as the median of all b_j does not allow.

References
----------
Lin & Peddada (2020), Analysis of compositions of microbiomes with bias correction, Nature
Communications 11 (ANCOM-BC): c as the bias of all parts, by a mixture. Zhou, He, Chen & Zhang
(2022), LinDA: linear models for differential abundance analysis of microbiome compositional data,
Genome Biology 23: c as the mode of the estimates.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

_MOST_CHANGED = 0.5  # share of parts
_FIRST_DRAWS = 100  # dropped
_SWEEPS_A_DRAW = 4
_STEP = 0.6  # of log t


class SharedChange(NamedTuple):
    """Posterior draws.

    Attributes
    ----------
    change : array, shape (count,)
        c.
    changed : array, shape (count,)
        The share of the parts that are changed.
    """

    change: np.ndarray
    changed: np.ndarray


def draw_shared_change(
    estimates: np.ndarray,
    variances: np.ndarray,
    count: int,
    rng: np.random.Generator,
) -> SharedChange:
    """Return posterior draws of the change that unchanged parts share, by Gibbs sampling.

    μ ~ Normal(0, (2 S)²) and t ~ half-Normal(2 S), with S the root mean square of the estimates
    about their median: no scale of the covariate matters.

    Parameters
    ----------
    estimates, variances : array, shape (D,)
        b_j and s_j².
    count : int
        Draws, each after a few sweeps.
    rng : Generator

    Returns
    -------
    SharedChange

    Examples
    --------
    Three of ten parts are changed, all upwards.

    >>> estimates = np.array([0.1, -0.1, 0.0, 0.05, -0.05, 0.02, -0.02, 1.9, 2.0, 2.1])
    >>> rng = np.random.default_rng(1)
    >>> draws = draw_shared_change(estimates, np.full(10, 0.01), 500, rng)
    >>> bool(abs(draws.change.mean()) < 0.05), bool(abs(draws.changed.mean() - 0.3) < 0.1)
    (True, True)
    """
    scale = 2 * np.sqrt(np.mean((estimates - np.median(estimates)) ** 2))
    shared = np.median(estimates)
    shift = 0.0
    spread = scale / 2
    share = 0.2
    draws = SharedChange(np.empty(count), np.empty(count))
    for sweep in range(_SWEEPS_A_DRAW * (_FIRST_DRAWS + count)):
        wide = variances + spread**2
        logits = special.logit(share) + _log_normal(estimates - shared - shift, wide)
        logits -= _log_normal(estimates - shared, variances)
        changed = rng.random(len(estimates)) < special.expit(logits)
        share = _draw_share(int(changed.sum()), len(estimates), rng)
        shared, shift = _draw_locations(
            estimates, 1 / np.where(changed, wide, variances), changed, scale, rng
        )
        spread = _step_of_spread(
            spread,
            (estimates - shared - shift)[changed],
            variances[changed],
            scale,
            rng,
        )
        draw = sweep // _SWEEPS_A_DRAW - _FIRST_DRAWS
        if draw >= 0:
            draws.change[draw] = shared
            draws.changed[draw] = changed.mean()
    return draws


def _log_normal(distance: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return -(distance**2 / variance + np.log(variance)) / 2


def _draw_share(changed: int, parts: int, rng: np.random.Generator) -> float:
    """Return π ~ Beta(1 + changed, 1 + unchanged), below one half."""
    shape = (1.0 + changed, 1.0 + parts - changed)
    below = special.betainc(*shape, _MOST_CHANGED)
    share = float(special.betaincinv(*shape, below * rng.random()))
    return min(max(share, 1e-9), _MOST_CHANGED)


def _draw_locations(
    estimates: np.ndarray,
    weights: np.ndarray,
    changed: np.ndarray,
    scale: float,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return c and μ given which parts are changed: least squares, and the prior of μ.

    Parameters
    ----------
    estimates, weights : array, shape (D,)
        b_j, and their inverse variances given c and μ.
    changed : bool array, shape (D,)
    scale : float
        Of the prior of μ.
    rng : Generator
    """
    design = np.column_stack([np.ones(len(estimates)), changed])
    precision = (design * weights[:, None]).T @ design
    precision[1, 1] += scale**-2
    factor = np.linalg.cholesky(np.linalg.inv(precision))
    mean = factor @ factor.T @ (design.T @ (weights * estimates))
    shared, shift = mean + factor @ rng.standard_normal(2)
    return float(shared), float(shift)


def _step_of_spread(
    spread: float,
    distances: np.ndarray,
    variances: np.ndarray,
    scale: float,
    rng: np.random.Generator,
) -> float:
    """Return t after a random-walk step of its logarithm.

    Parameters
    ----------
    spread : float
        t.
    distances, variances : array, shape (changed,)
        b_j - c - μ and s_j² of the changed parts.
    scale : float
        Of the prior of t.
    rng : Generator
    """
    proposed = spread * np.exp(_STEP * rng.standard_normal())
    gain = np.log(proposed / spread) - (proposed**2 - spread**2) / (2 * scale**2)
    gain += _log_normal(distances, variances + proposed**2).sum()
    gain -= _log_normal(distances, variances + spread**2).sum()
    return proposed if np.log(rng.random()) < gain else spread
