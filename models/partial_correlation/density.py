"""The posterior of the shrunk prior for many points at once, by NumPy: of few parts, so that nothing need be compiled to draw from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from scipy import special

from causalstats.data import Composition
from causalstats.numerics.compositions.inverse_wishart import log_evidences
from causalstats.numerics.sampling.importance_sampling import weighed_draws

_MOST = 8  # parts: of more, a Student t around the mode misses too much
_FREEDOM, _WIDER = 8.0, 1.5  # of that t: the posterior of α and of τ has heavy tails
_FAR = (
    20.0,
    25.0,
)  # log odds of α, and logarithms of the ratio of two variances, that neither prior nor data come near: beyond, numbers are inaccurate

Drawn = tuple[xr.Dataset, np.ndarray, float, float]


def importance_draws(
    model: Any, data: Composition
) -> Callable[[int, int, np.random.Generator], Drawn] | None:
    """A function of chains, draws and a generator: draws, log densities, the shape of the weights' tail and what the weights are worth.

    None of other priors, of many parts, and where log-ratios are hidden or rows depend on each other.
    """
    if (
        model.prior != "shrunk"
        or len(data.parts) > _MOST
        or data.counts
        or data.bounds is not None
        or data.dependence is not None
    ):
        return None
    values = model.inputs(data)

    def draw(chains: int, draws: int, rng: np.random.Generator) -> Drawn:
        start = np.zeros(len(data.parts) + 2 + ("weight" not in values))
        start[0] = values["log_variance"]
        found = weighed_draws(
            partial(log_density, values=values),
            start,
            chains * draws,
            rng,
            freedom=_FREEDOM,
            wider=_WIDER,
        )
        return (
            _labelled(_named(found.points, values), data.parts, chains, draws),
            found.logp.reshape(chains, draws),
            found.pareto_k,
            found.ess,
        )

    return draw


def log_density(points: np.ndarray, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Of the typical logarithm of a variance, the inverse softplus of their spread τ, the deviations and, unless it is given, the log odds of α, points (n, d)
    -> (n,), up to a constant: that of the graph's free variables.
    """
    typical, free, deviation, odds = _split(points, values)
    with np.errstate(all="ignore"):
        spread = np.logaddexp(0, free)
        prior = -(
            ((typical - values["log_variance"]) / 2) ** 2 + (deviation**2).sum(axis=1) + spread**2
        ) / 2 - np.logaddexp(0, -free)
        prior -= np.logaddexp(0, odds) + np.logaddexp(0, -odds)
        logarithms = typical[:, None] + spread[:, None] * deviation
        near = (
            np.isfinite(prior)
            & (np.ptp(logarithms, axis=1) < _FAR[1])
            & (abs(logarithms).max(axis=1) < 10 * _FAR[1])
            & (abs(odds) < _FAR[0])
        )
    value = np.full(len(points), -np.inf)
    m = float(values["rows_free"])
    value[near] = prior[near] + log_evidences(
        values["scatter"], m, np.exp(logarithms[near]), m * np.exp(odds[near])
    )
    return value


def _split(
    points: np.ndarray, values: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    given = "weight" in values
    odds = np.full(len(points), special.logit(float(values["weight"]))) if given else points[:, -1]
    return points[:, 0], points[:, 1], points[:, 2 : None if given else -1], odds


def _named(points: np.ndarray, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The variables of the graph."""
    typical, free, deviation, odds = _split(points, values)
    spread = np.logaddexp(0, free)
    omega = np.exp(typical[:, None] + spread[:, None] * deviation)
    named = {
        "log_typical_variance": typical,
        "variance_spread": spread,
        "variance_deviation": deviation,
    }
    return named | {"shrinkage": special.expit(odds), "basis_variance": omega}


def _labelled(
    named: Mapping[str, np.ndarray], parts: tuple[str, ...], chains: int, draws: int
) -> xr.Dataset:
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "part": list(parts)}
    variables = {
        name: (
            ("chain", "draw", "part")[: 1 + value.ndim],
            value.reshape(chains, draws, *value.shape[1:]),
        )
        for name, value in named.items()
    }
    return xr.Dataset(variables, coords)
