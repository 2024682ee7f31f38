"""Log prior, pointwise log likelihood, and forward draws, from the PyMC graph of a model.

Densities are those of the parameters as users see them, without the Jacobians of the unconstrained
space. All draws are evaluated by one call of a vectorised graph, which needs no compiler.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.errors import ModelError

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

_PRIOR = "prior"


def is_prior(potential: str) -> bool:
    """Return whether a `pm.Potential` belongs to the prior: its name has the word."""
    return _PRIOR in potential.replace("_", " ").split()


def log_prior_of_graph(graph: pm.Model, draws: xr.Dataset) -> xr.Dataset:
    """Return the log prior density of every free variable, dims (chain, draw, ...).

    A `pm.Potential` with the word "prior" in its name is part of it.

    Parameters
    ----------
    graph : pm.Model
    draws : Dataset
        With every free variable of the graph.

    Raises
    ------
    ModelError
        If a free variable is not among the draws, or flat without a density beside it.
    """
    missing = [each.name for each in graph.free_RVs if each.name not in draws]
    if missing:
        raise ModelError(
            f"The draws have no {', '.join(missing)}, which the prior is about."
        )
    potentials = [each for each in graph.potentials if is_prior(each.name)]
    if _is_flat(graph) and not potentials:
        raise ModelError(
            "The prior is flat, and no distribution: nothing can be scaled."
        )
    return _densities(graph, draws, graph.free_RVs, potentials)


def log_likelihood_of_graph(graph: pm.Model, draws: xr.Dataset) -> xr.Dataset:
    """Return the log likelihood of every observation of a graph, dims (chain, draw, ...).

    Parameters
    ----------
    graph : pm.Model
    draws : Dataset

    Raises
    ------
    ModelError
        If the likelihood is a `pm.Potential`, or there is none.
    """
    refuse_potentials(graph)
    return _densities(graph, draws, graph.observed_RVs, [])


def refuse_potentials(graph: pm.Model) -> None:
    """Raise `ModelError` where the likelihood of a graph is not that of observed variables."""
    potentials = [each.name for each in graph.potentials if not is_prior(each.name)]
    if potentials or not graph.observed_RVs:
        named = ", ".join(potentials) or "nothing observed"
        raise ModelError(
            f"The graph has {named} in place of observed variables. Write the likelihood as a "
            "distribution with `observed=`, such as `pm.CustomDist`, or give the model the method "
            "`observed_units` of `causalstats.core.abilities.HasObservedUnits`."
        )


def _is_flat(graph: pm.Model) -> bool:
    return any(
        type(each.owner.op).__name__ in ("FlatRV", "HalfFlatRV")
        for each in graph.free_RVs
    )


def _densities(
    graph: pm.Model, draws: xr.Dataset, variables: Any, potentials: Any
) -> xr.Dataset:
    """Return log densities of variables and the values of potentials, by name.

    Parameters
    ----------
    graph : pm.Model
    draws : Dataset
    variables : list of variables
    potentials : list of variables
    """
    import pytensor
    import pytensor.tensor as pt
    import xarray as xr
    from pymc.model.transform.conditioning import remove_value_transforms
    from pytensor.graph.replace import vectorize_graph

    plain = remove_value_transforms(graph)
    wanted = [plain[each.name] for each in variables]
    terms = plain.logp(vars=wanted, sum=False)
    terms += plain.replace_rvs_by_values([plain[each.name] for each in potentials])
    names = [each.name for each in (*variables, *potentials)]
    chains, size = draws.sizes["chain"], draws.sizes["draw"]
    batched, arguments = {}, []
    for variable in plain.free_RVs:
        value = plain.rvs_to_values[variable]
        shape = (None,) * (1 + value.ndim)
        batched[value] = pt.tensor(variable.name, dtype=value.dtype, shape=shape)
        drawn = draws[variable.name].to_numpy().astype(value.dtype)
        arguments.append(drawn.reshape(chains * size, *drawn.shape[2:]))
    outputs = vectorize_graph(terms, replace=batched)
    evaluate = pytensor.function(
        list(batched.values()), outputs, mode="FAST_COMPILE", on_unused_input="ignore"
    )
    densities = {}
    for name, values in zip(names, evaluate(*arguments), strict=True):
        values = np.asarray(values)
        if not values.ndim or len(values) != chains * size:  # depends on no draw
            values = np.broadcast_to(values, (chains * size, *np.shape(values)))
        shaped = values.reshape(chains, size, *values.shape[1:])
        dims = plain.named_vars_to_dims.get(name, ())
        axes = [f"{name}_dim_{axis}" for axis in range(shaped.ndim - 2)]
        if len(dims) == len(axes):
            axes = [str(dim or axis) for dim, axis in zip(dims, axes, strict=True)]
        densities[name] = (("chain", "draw", *axes), shaped)
    known = {name: list(values) for name, values in plain.coords.items() if values}
    used = {axis for dims, _ in densities.values() for axis in dims}
    coords = {name: values for name, values in known.items() if name in used}
    return xr.Dataset(
        densities, {"chain": draws["chain"], "draw": draws["draw"], **coords}
    )


def prior_draws(graph: pm.Model, count: int, seed: int) -> xr.Dataset:
    """Return draws of every variable of a graph from its prior, one chain.

    Parameters
    ----------
    graph : pm.Model
    count : int
    seed : int

    Raises
    ------
    ModelError
        If a variable is flat, or a `pm.Potential` belongs to the prior.
    """
    import pymc as pm

    unusual = [each.name for each in graph.potentials if is_prior(each.name)]
    if _is_flat(graph) or unusual:
        reason = ", ".join(unusual) or "a flat variable"
        raise ModelError(f"No draws from the prior: it has {reason}.")
    observed = {each.name for each in graph.observed_RVs}
    names = [
        each.name
        for each in (*graph.free_RVs, *graph.deterministics)
        if each.name not in observed
    ]
    with quiet_pymc():
        tree = pm.sample_prior_predictive(
            count,
            model=graph,
            var_names=names,
            random_seed=seed,
            compile_kwargs={"mode": "FAST_COMPILE"},
        )
    return tree["prior"].to_dataset()


def replications(
    graph: pm.Model, draws: xr.Dataset, seed: int
) -> Mapping[str, xr.DataArray]:
    """Return posterior predictive draws of the observed variables of a graph, by name.

    Parameters
    ----------
    graph : pm.Model
    draws : Dataset
    seed : int
    """
    import pymc as pm

    refuse_potentials(graph)
    names = [each.name for each in graph.free_RVs]
    with quiet_pymc():
        tree = pm.sample_posterior_predictive(
            draws[names],
            model=graph,
            random_seed=seed,
            progressbar=False,
            compile_kwargs={"mode": "FAST_COMPILE"},
        )
    predictive = tree["posterior_predictive"].to_dataset()
    return {str(name): values for name, values in predictive.data_vars.items()}


@contextmanager
def quiet_pymc() -> Iterator[None]:
    """Silence what PyMC logs and warns of while it draws: potentials are likelihoods here."""
    logger = logging.getLogger("pymc")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        logger.setLevel(level)
