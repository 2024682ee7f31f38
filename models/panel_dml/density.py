"""The posterior of `PanelDML` for many points at once, by NumPy: few parameters, so that nothing need be compiled to draw from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from causalstats.data import Panel
from causalstats.models.panel_dml.graph import COEFFICIENT_SD, pairs
from causalstats.models.panel_dml.parameters import (
    association_shapes,
    coefficient_covariance,
    residual_covariance,
)
from causalstats.numerics.sampling.importance_sampling import ImportanceSample, importance_sample

_MOST = 20  # parameters: of more, a Student t around the mode misses too much
_AT_ONCE = 2_000_000  # numbers, of matrices over points and pieces

Drawn = tuple[xr.Dataset, np.ndarray, float, float]


def importance_draws(
    model: Any, data: Panel
) -> Callable[[int, int, np.random.Generator], Drawn] | None:
    """A function of chains, draws and a generator: draws, log densities, the worst shape of the weights' tail and what the weights are worth.

    None where there are many parameters, or the likelihood is not in independent pieces.
    """
    if model.dense:
        return None
    effects = model.prepared(data).columns.effects
    forms, count = (
        {prefix: form.inputs() for prefix, form in model.forms(data).items()},
        len(effects),
    )
    if size(count, model.correlated) > _MOST:
        return None

    def draw(chains: int, draws: int, rng: np.random.Generator) -> Drawn:
        found = {
            prefix: _drawn(model, values, count, chains * draws, rng)
            for prefix, values in forms.items()
        }
        named = {
            f"{prefix}{name}": value
            for prefix, each in found.items()
            for name, value in _named(each.points, forms[prefix]["units"]).items()
        }
        if "between_effect" in named:
            named["contextual_effect"] = named["between_effect"] - named["effect"]
        posterior = _labelled(named, effects, chains, draws)
        logp = np.sum([each.logp for each in found.values()], axis=0).reshape(chains, draws)
        return (
            posterior,
            logp,
            max(each.pareto_k for each in found.values()),
            min(each.ess for each in found.values()),
        )

    return draw


def _drawn(
    model: Any, values: Mapping[str, np.ndarray], count: int, wanted: int, rng: np.random.Generator
) -> ImportanceSample:
    """In an order of their own: draws of one set of parameters say nothing of those of another."""
    start = np.zeros(size(count, model.correlated))
    found = importance_sample(
        lambda points: log_density(points, values, count, model.effect_sd), start, wanted, rng
    )
    order = rng.permutation(wanted)
    return ImportanceSample(found.points[order], found.logp[order], found.pareto_k, found.ess)


def log_density(
    points: np.ndarray, values: Mapping[str, np.ndarray], count: int, effect_sd: float
) -> np.ndarray:
    """Of θ, the links of treatments, log s, the inverse softplus of τ and the log odds of associations, where there are any, points (n, d) -> (n,), up to a
    constant: that of the graph's free variables.
    """
    step = max(1, _AT_ONCE // len(values["weights"]))
    return np.concatenate(
        [
            _part(points[at : at + step], values, count, effect_sd)
            for at in range(0, len(points), step)
        ]
    )


def _part(
    points: np.ndarray, values: Mapping[str, np.ndarray], count: int, effect_sd: float
) -> np.ndarray:
    theta, links, log_sd, free, odds = _split(points, count)
    with np.errstate(all="ignore"):
        sd, tau = np.exp(log_sd), np.logaddexp(0, free)
        prior = -((theta**2).sum(axis=1) + (links**2).sum(axis=1)) / (2 * effect_sd**2) - (
            sd**2 / 2 - log_sd
        ).sum(axis=1)
        prior += (-(tau**2) / (2 * COEFFICIENT_SD**2) - np.logaddexp(0, -free)).sum(axis=1)
        prior -= (np.logaddexp(0, odds) + np.logaddexp(0, -odds)) @ association_shapes(count + 1)[
            : odds.shape[1]
        ]
        covariance = coefficient_covariance(np, tau, _association(odds), count + 1)
        value = prior + _likelihood(residual_covariance(np, theta, links, sd), covariance, values)
    return np.where(np.isfinite(value), value, -np.inf)


def _likelihood(
    covariance: np.ndarray, prior: np.ndarray, values: Mapping[str, np.ndarray]
) -> np.ndarray:
    """`canonical_regression.log_likelihood` for Σ and T (n, q, q), by a Cholesky factor of V whose entries are arrays over points and pieces."""
    factor: dict[tuple[int, int], np.ndarray] = {}
    whitened: list[np.ndarray] = []
    found = np.zeros(len(covariance))
    for j in range(covariance.shape[1]):
        pivot = (
            covariance[:, j, j, None]
            + prior[:, j, j, None] * values["eigenvalues"]
            - sum(factor[j, k] ** 2 for k in range(j))
        )
        root = np.sqrt(pivot)
        for i in range(j + 1, covariance.shape[1]):
            joint = covariance[:, i, j, None] + prior[:, i, j, None] * values["eigenvalues"]
            factor[i, j] = (joint - sum(factor[i, k] * factor[j, k] for k in range(j))) / root
        whitened.append(
            (values["pieces"][:, j] - sum(factor[j, k] * whitened[k] for k in range(j))) / root
        )
        found -= (np.log(pivot) @ values["weights"] + (whitened[j] ** 2).sum(axis=1)) / 2
    return found


def size(count: int, correlated: bool) -> int:
    """How many parameters there are, for so many effects."""
    return (
        count + count * (count - 1) // 2 + 2 * (count + 1) + correlated * count * (count + 1) // 2
    )


def _split(points: np.ndarray, count: int) -> list[np.ndarray]:
    return np.split(
        points, np.cumsum([count, count * (count - 1) // 2, count + 1, count + 1]), axis=1
    )


def _association(odds: np.ndarray) -> np.ndarray | None:
    return 1 / (1 + np.exp(-odds)) if odds.shape[1] else None


def _named(points: np.ndarray, units: np.ndarray) -> dict[str, np.ndarray]:
    """The variables of the graph."""
    count = len(units) - 1
    theta, links, log_sd, free, odds = _split(points, count)
    sd, tau, association = np.exp(log_sd), np.logaddexp(0, free), _association(odds)
    named = {"standard_effect": theta, "standard_error_sd": sd, "standard_coefficient_sd": tau}
    named |= {"standard_link": links} if count > 1 else {}
    if association is not None:
        correlation = coefficient_covariance(np, np.ones_like(tau), association, count + 1)
        rows, columns = np.tril_indices(count + 1, -1)
        named |= {
            "standard_association": association,
            "coefficient_correlation": correlation[:, rows, columns],
        }
    return named | {
        "error_sd": sd * units,
        "coefficient_sd": tau * units,
        "effect": theta * units[-1] / units[:-1],
    }


def _labelled(
    named: Mapping[str, np.ndarray], effects: Sequence[str], chains: int, draws: int
) -> xr.Dataset:
    """With the dims of the graph."""
    equations = [*effects, "outcome"]
    coords: dict[str, Any] = {
        "chain": np.arange(chains),
        "draw": np.arange(draws),
        "treatment": list(effects),
        "equation": equations,
    }
    coords |= {"pair": pairs(equations)} if "coefficient_correlation" in named else {}

    def dim(name: str) -> str:
        if "standard" in name:
            return f"{name}_dim_0"
        return (
            "treatment"
            if name.endswith("effect")
            else "pair"
            if name.endswith("correlation")
            else "equation"
        )

    return xr.Dataset(
        {
            name: (("chain", "draw", dim(name)), value.reshape(chains, draws, -1))
            for name, value in named.items()
        },
        coords,
    )
