"""A fit as ArviZ's groups: posterior, posterior predictive, prior predictive, log likelihood.

Names and dims are those of ArviZ's schema, so that its functions take the tree as it is. A group
without a meaning for a model, its data or its kind of draws is left out, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from causalstats.core.abilities import (
    HasLogPrior,
    HasObservedUnits,
    WorkingPosterior,
)
from causalstats.core.draws_kind import draws_kind
from causalstats.core.model import Problem
from causalstats.core.observed_units import ObservedUnits
from causalstats.core.readable_text import without_slash
from causalstats.errors import ModelError

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from causalstats.inference.fit import Fit

Group = Literal[
    "posterior",
    "sample_stats",
    "observed_data",
    "posterior_predictive",
    "log_likelihood",
    "log_prior",
    "prior",
    "prior_predictive",
]
GROUPS: tuple[Group, ...] = get_args(Group)
_MOST_NUMBERS = 40_000_000  # of one group: 320 MB
_FEWEST_DRAWS = 100  # of each chain, that thinning keeps
_PRIOR_DRAWS = 500
LEFT_OUT = "left_out"
"""The attribute of the tree that says, as JSON, which groups are left out, each with the reason."""


def groups_of(
    fit: Fit, groups: Sequence[Group] | None = None, draws: int | None = None
) -> xr.DataTree:
    """Return the groups of a fit, as `Fit.idata` says.

    Parameters
    ----------
    fit : Fit
    groups : sequence of str, optional
        All that have a meaning, unless given.
    draws : int, optional
        The most draws of each chain.

    Raises
    ------
    ModelError
        If a group that was asked for has no meaning.
    """
    import xarray as xr

    asked = GROUPS if groups is None else tuple(groups)
    source = Source(fit, draws)
    made: dict[str, xr.Dataset] = {}
    reasons: dict[str, str] = {}
    for name in asked:
        try:
            group = _MAKERS[name](source)
            made[name] = group.rename(
                {each: without_slash(str(each)) for each in group.data_vars}
            )
        except ModelError as error:
            if groups is not None:
                raise ModelError(f"There is no group {name!r}: {error}") from error
            reasons[name] = str(error)
    tree = xr.DataTree.from_dict(made)
    tree.attrs = {**fit.draws.attrs, LEFT_OUT: json.dumps(reasons)}
    return tree


@dataclass(frozen=True, eq=False)
class Source:
    """Draws of a fit, thinned, with what several groups are made of.

    Parameters
    ----------
    fit : Fit
    most : int or None
        The most draws of each chain.
    """

    fit: Fit
    most: int | None = None
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def thin(self) -> slice:
        """Which draws of each chain are kept: all, unless a group would not fit into memory."""
        posterior = self.fit.draws["posterior"].to_dataset()
        size, chains = posterior.sizes["draw"], posterior.sizes["chain"]
        most = size if self.most is None else self.most
        pieces = max(1, len(self.fit.data))
        fitting = max(_FEWEST_DRAWS, _MOST_NUMBERS // (chains * pieces))
        return slice(None, None, max(1, -(-size // min(most, fitting))))

    @cached_property
    def draws(self) -> xr.Dataset:
        """Every variable of the posterior, internals included."""
        return self.fit.draws["posterior"].to_dataset().isel(draw=self.thin)

    @cached_property
    def working_draws(self) -> xr.Dataset:
        """The draws under the likelihood alone, where robust standard errors widen them."""
        model = self.fit.model
        if isinstance(model, WorkingPosterior):
            return model.working_draws(self.draws, self.fit.data)
        return self.draws

    @cached_property
    def graph(self) -> pm.Model:
        """The PyMC graph of the model on its data."""
        return Problem(self.fit.model, self.fit.data).graph

    @cached_property
    def is_exact(self) -> bool:
        """Whether the posterior has a closed form."""
        return draws_kind(self.fit.draws).is_independent

    @cached_property
    def units(self) -> ObservedUnits:
        """What was observed of each person, unit or row."""
        model = self.fit.model
        if not isinstance(model, HasObservedUnits):
            return _units_of_graph(self)
        if self.draws.sizes["draw"] == 0:
            raise ModelError("The answers are in closed form, and there are no draws.")
        rng = np.random.default_rng(self.fit.seed)
        return model.observed_units(self.working_draws, self.fit.data, rng)

    @cached_property
    def prior(self) -> xr.Dataset:
        """Draws of every variable of the graph from the prior."""
        from causalstats.inference.graph_densities import prior_draws

        return prior_draws(self.graph, _PRIOR_DRAWS, self.fit.seed)

    @property
    def has_units(self) -> bool:
        """Whether the model itself lists what was observed."""
        return isinstance(self.fit.model, HasObservedUnits)


def internals(source: Source) -> set[str]:
    """Return the names of variables that only sampling needs, not users."""
    if source.is_exact:
        return set()
    shown = set(source.fit.model.parameters(source.fit.data))
    names = {each.name for each in source.graph.free_RVs} - shown
    return names | {
        str(name)
        for name, values in source.draws.data_vars.items()
        if "draw" not in values.dims or name == "working_effect"
    }


def _posterior(source: Source) -> xr.Dataset:
    posterior = source.draws.drop_vars(internals(source), errors="ignore")
    if not posterior.data_vars or posterior.sizes["draw"] == 0:
        raise ModelError(
            "The answers are in closed form, and there are no draws: use `fit.effect(...)`."
        )
    return posterior


def _sample_stats(source: Source) -> xr.Dataset:
    tree = source.fit.draws
    if "sample_stats" not in tree.children:
        raise ModelError(
            "The draws are independent, of a posterior in closed form: no sampler has anything "
            "to say of them."
        )
    return tree["sample_stats"].to_dataset().isel(draw=source.thin)


def _observed_data(source: Source) -> xr.Dataset:
    import xarray as xr

    if not source.has_units:
        return _observed_in_graph(source)
    units = source.units
    values = (units.dim, units.observed, {"meaning": units.meaning})
    return xr.Dataset({units.name: values}, {units.dim: units.labels})


def _posterior_predictive(source: Source) -> xr.Dataset:
    if source.has_units:
        return _of_units(source.units, source.units.replicate(), source.draws)
    return _predictive_of_graph(source, source.draws)


def _log_likelihood(source: Source) -> xr.Dataset:
    if source.has_units:
        values = source.units.log_likelihood()
        return _of_units(source.units, values, source.draws)
    from causalstats.inference.graph_densities import log_likelihood_of_graph

    return log_likelihood_of_graph(source.graph, source.draws)


def _log_prior(source: Source) -> xr.Dataset:
    return log_prior(source)


def log_prior(source: Source) -> xr.Dataset:
    """Return the log prior density of the parameters, by the model itself or by its graph."""
    model = source.fit.model
    if isinstance(model, HasLogPrior):
        own = model.log_prior(source.working_draws, source.fit.data)
        if own is not None:
            return own
    if source.is_exact:
        raise ModelError(
            f"{type(model).__name__} does not say the density of its prior."
        )
    from causalstats.inference.graph_densities import log_prior_of_graph

    return log_prior_of_graph(source.graph, source.working_draws)


def _prior(source: Source) -> xr.Dataset:
    names = set(map(str, _posterior(source).data_vars))
    shown = [name for name in source.prior.data_vars if name in names]
    if not shown:
        raise ModelError("The graph has no variable of the posterior.")
    return source.prior[shown]


def _prior_predictive(source: Source) -> xr.Dataset:
    if not source.has_units:
        return _predictive_of_graph(source, source.prior)
    model, data = source.fit.model, source.fit.data
    rng = np.random.default_rng(source.fit.seed)
    if source.units.given_data:
        raise ModelError(
            "Coefficients that the data are partialled out of have no draws from the prior."
        )
    assert isinstance(model, HasObservedUnits)
    units = model.observed_units(source.prior, data, rng)
    return _of_units(units, units.replicate(), source.prior)


def _observed_in_graph(source: Source) -> xr.Dataset:
    import xarray as xr

    from causalstats.inference.graph_densities import refuse_potentials

    graph = source.graph
    refuse_potentials(graph)
    values = {}
    for variable in graph.observed_RVs:
        data = np.asarray(graph.rvs_to_values[variable].eval())
        values[variable.name] = (_dims(graph, variable.name, data.ndim), data)
    return _with_labels(graph, xr.Dataset(values))


def _units_of_graph(source: Source) -> ObservedUnits:
    """Return the observations of a graph with one observed variable, a row of a frame each.

    Raises
    ------
    ModelError
        If the graph has another number of observed variables, or they are not one a row.
    """
    import pandas as pd

    from causalstats.inference.graph_densities import (
        log_likelihood_of_graph,
        replications,
    )

    observed = _observed_in_graph(source)
    data = source.fit.data
    shapes = [values.shape for values in observed.data_vars.values()]
    if shapes != [(len(data),)] or not isinstance(data, pd.DataFrame):
        raise ModelError(
            f"Expected one observed variable with an entry for each of the {len(data):,} rows of "
            f"a DataFrame, got {', '.join(map(str, observed.data_vars))}. Give the model the "
            "method `observed_units` of `causalstats.core.abilities.HasObservedUnits`."
        )
    (name,) = map(str, observed.data_vars)
    values = observed[name]
    dim = str(values.dims[0])

    def flat(drawn: xr.DataArray) -> np.ndarray:
        array = drawn.to_numpy()
        return array.reshape(array.shape[0] * array.shape[1], -1)

    return ObservedUnits(
        name=name,
        dim=dim,
        labels=values[dim].to_numpy(),
        observed=values.to_numpy(),
        meaning=f"{name} of each row.",
        log_likelihood=lambda: flat(
            log_likelihood_of_graph(source.graph, source.draws)[name]
        ),
        replicate=lambda: flat(
            replications(source.graph, source.draws, source.fit.seed)[name]
        ),
        table=data.reset_index(drop=True),
    )


def _with_labels(graph: pm.Model, dataset: xr.Dataset) -> xr.Dataset:
    """Return the data with the labels that the graph gives to their dims."""
    known = {name: list(labels) for name, labels in graph.coords.items() if labels}
    return dataset.assign_coords(
        {name: labels for name, labels in known.items() if name in dataset.dims}
    )


def _predictive_of_graph(source: Source, draws: xr.Dataset) -> xr.Dataset:
    import xarray as xr

    from causalstats.inference.graph_densities import replications

    graph = source.graph
    drawn = replications(graph, draws, source.fit.seed)
    renamed = {}
    for name, values in drawn.items():
        dims = _dims(graph, name, values.ndim - 2)
        renamed[name] = (("chain", "draw", *dims), values.to_numpy())
    coords = {"chain": draws["chain"], "draw": draws["draw"]}
    return _with_labels(graph, xr.Dataset(renamed, coords))


def _dims(graph: pm.Model, name: str, count: int) -> tuple[str, ...]:
    dims = graph.named_vars_to_dims.get(name)
    unnamed = [f"{name}_dim_{axis}" for axis in range(count)]
    return tuple(str(dim) for dim in dims) if dims else tuple(unnamed)


def _of_units(
    units: ObservedUnits, values: np.ndarray, draws: xr.Dataset
) -> xr.Dataset:
    """Return an array (draws, n) with the dims chain, draw and that of the pieces.

    Parameters
    ----------
    units : ObservedUnits
    values : array, shape (draws, n)
    draws : Dataset
    """
    import xarray as xr

    shape = (draws.sizes["chain"], draws.sizes["draw"], len(units))
    dims = ("chain", "draw", units.dim)
    coords = {"chain": draws["chain"], "draw": draws["draw"], units.dim: units.labels}
    return xr.Dataset({units.name: (dims, values.reshape(shape))}, coords)


_MAKERS: dict[Group, Callable[[Source], Any]] = {
    "posterior": _posterior,
    "sample_stats": _sample_stats,
    "observed_data": _observed_data,
    "posterior_predictive": _posterior_predictive,
    "log_likelihood": _log_likelihood,
    "log_prior": _log_prior,
    "prior": _prior,
    "prior_predictive": _prior_predictive,
}
