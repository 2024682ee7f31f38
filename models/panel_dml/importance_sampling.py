"""Importance sampling of the posterior of `PanelDML`: its density for many points, by NumPy.

There are few parameters, so that nothing needs to be compiled to draw from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import xarray as xr

from causalstats.data import Panel
from causalstats.models.panel_dml.covariances import (
    coefficient_covariance,
    residual_covariance,
)
from causalstats.models.panel_dml.priors import Parameter, parameters_of
from causalstats.models.panel_dml.pymc_model import pairs
from causalstats.models.shared.distributions import DensityByNumPy
from causalstats.numerics.sampling.importance_sampling import (
    ImportanceSample,
    importance_sample,
)

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_MOST_PARAMETERS = 20  # of more, a Student t around the mode misses too much
_NUMBERS_AT_ONCE = 2_000_000  # of matrices over points and pieces

Drawn = tuple[xr.Dataset, np.ndarray, float, float]


def importance_draws(
    model: PanelDML, data: Panel
) -> Callable[[int, int, np.random.Generator], Drawn] | None:
    """Return a function of chains, draws and a generator that draws from the posterior.

    It gives draws, log densities, the worst shape k of the weights' tail, and what the weights
    are worth in independent draws. None where there are many parameters, or the likelihood is not
    in independent pieces.
    """
    if model.needs_cross_products:
        return None
    by_prefix = model.statistics_by_prefix(data)
    parameters = {
        prefix: parameters_of(model, statistics.sizes)
        for prefix, statistics in by_prefix.items()
    }
    if count_values(parameters[""]) > _MOST_PARAMETERS:
        return None
    effects = by_prefix[""].columns.effects
    inputs = {prefix: statistics.inputs() for prefix, statistics in by_prefix.items()}

    def draw(chains: int, draws: int, rng: np.random.Generator) -> Drawn:
        weighted = {
            prefix: _drawn(parameters[prefix], values, chains * draws, rng)
            for prefix, values in inputs.items()
        }
        named: dict[str, tuple[str, np.ndarray]] = {}
        for prefix, each in weighted.items():
            variables = _named(parameters[prefix], each.points, inputs[prefix]["units"])
            named |= {
                f"{prefix}{name}": (dim or f"{prefix}{name}_dim_0", value)
                for name, (dim, value) in variables.items()
            }
        if "between_effect" in named:
            contextual = named["between_effect"][1] - named["effect"][1]
            named["contextual_effect"] = ("treatment", contextual)
        log_densities = np.sum([each.logp for each in weighted.values()], axis=0)
        return (
            _labelled(named, effects, chains, draws),
            log_densities.reshape(chains, draws),
            max(each.pareto_k for each in weighted.values()),
            min(each.ess for each in weighted.values()),
        )

    return draw


def _drawn(
    parameters: Sequence[Parameter],
    values: Mapping[str, np.ndarray],
    wanted: int,
    rng: np.random.Generator,
) -> ImportanceSample:
    """Draw one set of parameters, in random order: it says nothing of the other set's draws."""
    start = np.zeros(count_values(parameters))
    weighted = importance_sample(
        lambda points: log_density(points, parameters, values), start, wanted, rng
    )
    order = rng.permutation(wanted)
    return ImportanceSample(
        weighted.points[order], weighted.logp[order], weighted.pareto_k, weighted.ess
    )


def log_density(
    points: np.ndarray,
    parameters: Sequence[Parameter],
    values: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Return log posterior densities (n,) of unconstrained points (n, d), but for a constant.

    Parameters
    ----------
    points : array, shape (n, d)
        The graph's free variables, in the order of the parameters.
    parameters : sequence of Parameter
    values : mapping
        `eigenvalues`, `pieces` and `weights` of the likelihood.
    """
    step = max(1, _NUMBERS_AT_ONCE // len(values["weights"]))
    parts = [points[start : start + step] for start in range(0, len(points), step)]
    return np.concatenate([_log_density(part, parameters, values) for part in parts])


def _log_density(
    points: np.ndarray,
    parameters: Sequence[Parameter],
    values: Mapping[str, np.ndarray],
) -> np.ndarray:
    with np.errstate(all="ignore"):
        total = np.zeros(len(points))
        scales: dict[str, np.ndarray] = {}
        for parameter, prior, free in _split(points, parameters):
            total = total + prior.log_density(free)
            scales[parameter.name] = prior.constrain(free)
        sd = scales["standard_error_sd"]
        covariance = residual_covariance(
            np, scales["standard_effect"], scales.get("standard_link"), sd
        )
        coefficients = coefficient_covariance(
            np,
            scales["standard_coefficient_sd"],
            scales.get("standard_association"),
            sd.shape[1],
        )
        total = total + _log_likelihood(covariance, coefficients, values)
    return np.where(np.isfinite(total), total, -np.inf)


def _log_likelihood(
    covariance: np.ndarray, prior: np.ndarray, values: Mapping[str, np.ndarray]
) -> np.ndarray:
    """`canonical_regression.log_likelihood` for Σ and T (n, q, q).

    By a Cholesky factor of V whose entries are arrays over points and pieces.
    """
    factor: dict[tuple[int, int], np.ndarray] = {}
    whitened: list[np.ndarray] = []
    eigenvalues, pieces = values["eigenvalues"], values["pieces"]
    total = np.zeros(len(covariance))
    for j in range(covariance.shape[1]):
        variance = covariance[:, j, j, None] + prior[:, j, j, None] * eigenvalues
        pivot = variance - sum(factor[j, k] ** 2 for k in range(j))
        root = np.sqrt(pivot)
        for i in range(j + 1, covariance.shape[1]):
            joint = covariance[:, i, j, None] + prior[:, i, j, None] * eigenvalues
            explained = sum(factor[i, k] * factor[j, k] for k in range(j))
            factor[i, j] = (joint - explained) / root
        explained = sum(factor[j, k] * whitened[k] for k in range(j))
        whitened.append((pieces[:, j] - explained) / root)
        total -= (
            np.log(pivot) @ values["weights"] + (whitened[j] ** 2).sum(axis=1)
        ) / 2
    return total


def count_values(parameters: Sequence[Parameter]) -> int:
    """Return how many numbers a point has."""
    return int(sum(np.prod(parameter.shape, dtype=int) for parameter in parameters))


def _split(
    points: np.ndarray, parameters: Sequence[Parameter]
) -> Iterator[tuple[Parameter, DensityByNumPy, np.ndarray]]:
    """Yield each parameter with its prior and its unconstrained values (n, d)."""
    edges = np.cumsum([parameter.shape[0] for parameter in parameters])[:-1]
    parts = np.split(points, edges, axis=1)
    for parameter, free in zip(parameters, parts, strict=True):
        yield parameter, cast(DensityByNumPy, parameter.prior), free


def _named(
    parameters: Sequence[Parameter], points: np.ndarray, units: np.ndarray
) -> dict[str, tuple[str, np.ndarray]]:
    """The variables of the graph, each with its dim, or "" for one of its own."""
    named: dict[str, tuple[str, np.ndarray]] = {}
    for parameter, prior, free in _split(points, parameters):
        value = prior.constrain(free)
        named[parameter.name] = ("", value)
        if parameter.in_data_units is not None:
            reported = parameter.in_data_units(value, units)
            named[parameter.reported] = (parameter.reported_dim, reported)
    if "standard_association" in named:
        association, equations = named["standard_association"][1], len(units)
        ones = np.ones((len(points), equations))
        correlation = coefficient_covariance(np, ones, association, equations)
        rows, columns = np.tril_indices(equations, -1)
        named["coefficient_correlation"] = ("pair", correlation[:, rows, columns])
    return named


def _labelled(
    named: Mapping[str, tuple[str, np.ndarray]],
    effects: Sequence[str],
    chains: int,
    draws: int,
) -> xr.Dataset:
    """Return the draws with the dims of the graph."""
    equations = [*effects, "outcome"]
    coords: dict[str, Any] = {
        "chain": np.arange(chains),
        "draw": np.arange(draws),
        "treatment": list(effects),
        "equation": equations,
    }
    if "coefficient_correlation" in named:
        coords["pair"] = pairs(equations)
    variables = {
        name: (("chain", "draw", dim), value.reshape(chains, draws, -1))
        for name, (dim, value) in named.items()
    }
    return xr.Dataset(variables, coords)
