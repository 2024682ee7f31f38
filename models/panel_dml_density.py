"""The posterior of `PanelDML` for many points at once, by NumPy: few parameters, so that nothing need be compiled to draw from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from causalstats.data import Panel
from causalstats.models.panel_dml_graph import COEFFICIENT_SD
from causalstats.models.panel_dml_scales import residual_covariance
from causalstats.numerics.weighed_draws import Weighed, weighed_draws

_MOST = 9  # parameters: of more, a Student t around the mode misses too much
_AT_ONCE = 2_000_000  # numbers, of matrices over points and pieces

Drawn = tuple[xr.Dataset, np.ndarray, float, float]


def weighed(model: Any, data: Panel) -> Callable[[int, int, np.random.Generator], Drawn] | None:
    """A function of chains, draws and a generator: draws, log densities, the worst shape of the weights' tail and what the weights are worth.

    None where there are many parameters, or the likelihood is not in independent pieces.
    """
    if model.dense:
        return None
    effects = model.prepared(data).columns.effects
    forms, count = {prefix: form.inputs() for prefix, form in model.forms(data).items()}, len(effects)
    if _size(count) > _MOST:
        return None

    def draw(chains: int, draws: int, rng: np.random.Generator) -> Drawn:
        found = {prefix: _drawn(values, count, model.effect_sd, chains * draws, rng) for prefix, values in forms.items()}
        named = {f"{prefix}{name}": value for prefix, each in found.items() for name, value in _named(each.points, forms[prefix]["units"]).items()}
        if "between_effect" in named:
            named["contextual_effect"] = named["between_effect"] - named["effect"]
        posterior = _labelled(named, effects, chains, draws)
        logp = np.sum([each.logp for each in found.values()], axis=0).reshape(chains, draws)
        return posterior, logp, max(each.pareto_k for each in found.values()), min(each.ess for each in found.values())

    return draw


def _drawn(values: Mapping[str, np.ndarray], count: int, effect_sd: float, size: int, rng: np.random.Generator) -> Weighed:
    """In an order of their own: draws of one set of parameters say nothing of those of another."""
    found = weighed_draws(lambda points: log_density(points, values, count, effect_sd), np.zeros(_size(count)), size, rng)
    order = rng.permutation(size)
    return Weighed(found.points[order], found.logp[order], found.pareto_k, found.ess)


def log_density(points: np.ndarray, values: Mapping[str, np.ndarray], count: int, effect_sd: float) -> np.ndarray:
    """Of θ, the links of treatments, log s and the inverse softplus of τ, points (n, d) -> (n,), up to a constant: that of the graph's free variables."""
    step = max(1, _AT_ONCE // len(values["weights"]))
    return np.concatenate([_part(points[at : at + step], values, count, effect_sd) for at in range(0, len(points), step)])


def _part(points: np.ndarray, values: Mapping[str, np.ndarray], count: int, effect_sd: float) -> np.ndarray:
    theta, links, log_sd, free = _split(points, count)
    with np.errstate(all="ignore"):
        sd, tau = np.exp(log_sd), np.logaddexp(0, free)
        prior = -((theta**2).sum(axis=1) + (links**2).sum(axis=1)) / (2 * effect_sd**2) - (sd**2 / 2 - log_sd).sum(axis=1)
        prior += (-(tau**2) / (2 * COEFFICIENT_SD**2) - np.logaddexp(0, -free)).sum(axis=1)
        value = prior + _likelihood(residual_covariance(np, theta, links, sd), tau**2, values)
    return np.where(np.isfinite(value), value, -np.inf)


def _likelihood(covariance: np.ndarray, prior: np.ndarray, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """`canonical_regression.log_likelihood` for Σ (n, q, q) and τ² (n, q), by a Cholesky factor of V whose entries are arrays over points and pieces."""
    factor: dict[tuple[int, int], np.ndarray] = {}
    whitened: list[np.ndarray] = []
    found = np.zeros(len(covariance))
    for j in range(covariance.shape[1]):
        pivot = covariance[:, j, j, None] + prior[:, j, None] * values["eigenvalues"] - sum(factor[j, k] ** 2 for k in range(j))
        root = np.sqrt(pivot)
        for i in range(j + 1, covariance.shape[1]):
            factor[i, j] = (covariance[:, i, j, None] - sum(factor[i, k] * factor[j, k] for k in range(j))) / root
        whitened.append((values["pieces"][:, j] - sum(factor[j, k] * whitened[k] for k in range(j))) / root)
        found -= (np.log(pivot) @ values["weights"] + (whitened[j] ** 2).sum(axis=1)) / 2
    return found


def _size(count: int) -> int:
    return count + count * (count - 1) // 2 + 2 * (count + 1)


def _split(points: np.ndarray, count: int) -> list[np.ndarray]:
    return np.split(points, np.cumsum([count, count * (count - 1) // 2, count + 1]), axis=1)


def _named(points: np.ndarray, units: np.ndarray) -> dict[str, np.ndarray]:
    """The variables of the graph."""
    count = len(units) - 1
    theta, links, log_sd, free = _split(points, count)
    sd, tau = np.exp(log_sd), np.logaddexp(0, free)
    named = {"standard_effect": theta, "standard_error_sd": sd, "standard_coefficient_sd": tau}
    named |= {"standard_link": links} if count > 1 else {}
    return named | {"error_sd": sd * units, "coefficient_sd": tau * units, "effect": theta * units[-1] / units[:-1]}


def _labelled(named: Mapping[str, np.ndarray], effects: Sequence[str], chains: int, draws: int) -> xr.Dataset:
    """With the dims of the graph."""
    coords: dict[str, Any] = {"chain": np.arange(chains), "draw": np.arange(draws), "treatment": list(effects), "equation": [*effects, "outcome"]}

    def dim(name: str) -> str:
        if "standard" in name:
            return f"{name}_dim_0"
        return "treatment" if name.endswith("effect") else "equation"

    return xr.Dataset({name: (("chain", "draw", dim(name)), value.reshape(chains, draws, -1)) for name, value in named.items()}, coords)
