"""What was observed of each person of a causal diagram, and the density of its priors.

The likelihood of a person is the probability of the cell of all observed variables; in the
regression route, the density of those variables that the formula has a regression of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import gammaln

from causalstats.core.observed_units import ObservedUnits
from causalstats.data import Observations
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.regression.terms import values_of
from causalstats.models.causal_diagram.tables import Table

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.levels import Levels
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.regression.conditionals import Conditional
    from causalstats.models.causal_diagram.routes.tables import TableRoute

_MOST_PEOPLE = 50_000  # listed one by one


def cells_of_people(
    route: TableRoute, draws: xr.Dataset, data: Observations, rng: np.random.Generator
) -> ObservedUnits:
    """Return the cell of each person, as its number in the table of all observed variables.

    Parameters
    ----------
    route : TableRoute
    draws : Dataset
        Draws of the tables.
    data : Observations
    rng : Generator
    """
    levels = route.model.levels(data)
    names = route.model.diagram.observed
    shape = tuple(len(levels[name]) for name in names)
    person = _cells_of_each_person(data)
    codes = [data.places(name, levels[name])[person] for name in names]

    def log_likelihood() -> np.ndarray:
        values = route.log_probabilities(draws, data)
        return values.reshape(-1, values.shape[-1])[:, person]

    def replicate() -> np.ndarray:
        drawn = _sampled_codes(route.tables, levels, draws, len(person), rng)
        return np.ravel_multi_index([drawn[name] for name in names], shape)

    return ObservedUnits(
        name="cell",
        dim="person",
        labels=np.arange(len(person)),
        observed=np.ravel_multi_index(codes, shape),
        meaning=f"Number of the cell of {', '.join(names)}, the last of which counts first.",
        log_likelihood=log_likelihood,
        replicate=replicate,
        table=_variables_of(data, person),
    )


def outcomes_of_people(
    model: CausalDiagram,
    conditionals: Sequence[Conditional],
    draws: xr.Dataset,
    data: Observations,
    rng: np.random.Generator,
) -> ObservedUnits:
    """Return the outcome of each person, a number or the number of its level.

    The likelihood is that of all variables with a regression; replications of the outcome are
    those of people with the causes that were observed.

    Parameters
    ----------
    model : CausalDiagram
    conditionals : sequence of Conditional
        That of the outcome last.
    draws : Dataset
        Draws of the regressions.
    data : Observations
    rng : Generator
    """
    levels = model.levels(data)
    person = _cells_of_each_person(data)
    flat = {
        str(name): values.to_numpy().reshape(-1, *values.shape[2:])
        for name, values in draws.transpose("chain", "draw", ...).data_vars.items()
    }
    outcome = conditionals[-1]

    def means(conditional: Conditional) -> np.ndarray:
        causes = {
            name: values_of(name, data, levels)[None]
            for name in conditional.table.given
        }
        return conditional.mean(flat, causes)

    def log_likelihood() -> np.ndarray:
        parts = []
        for each in conditionals:
            values = values_of(each.table.variable, data, levels)
            parts.append(each.log_density(means(each), flat, values))
        return np.sum(np.broadcast_arrays(*parts), axis=0)[:, person]

    def replicate() -> np.ndarray:
        rows = len(data.counts)
        mean = means(outcome)
        mean = np.broadcast_to(mean, (len(mean), rows, mean.shape[-1]))[:, person]
        return outcome.sample(mean, flat, len(person), rng)

    return ObservedUnits(
        name=outcome.table.variable,
        dim="person",
        labels=np.arange(len(person)),
        observed=values_of(outcome.table.variable, data, levels)[person],
        meaning="Outcome; the likelihood is that of "
        + ", ".join(each.table.name for each in conditionals),
        log_likelihood=log_likelihood,
        replicate=replicate,
        table=_variables_of(data, person),
    )


def log_prior_of_tables(
    tables: Sequence[Table], weights: Mapping[str, np.ndarray], draws: xr.Dataset
) -> xr.Dataset:
    """Return the log density of the Dirichlet prior of each table, summed over its rows.

    Parameters
    ----------
    tables : sequence of Table
    weights : mapping of table name to array (given..., variable)
    draws : Dataset
    """
    densities = {}
    for table in tables:
        weight = xr.DataArray(weights[table.name], dims=table.axes)
        theta = np.maximum(draws[table.name], np.finfo(float).tiny)
        rows = ((weight - 1) * np.log(theta)).sum(table.variable)
        constant = gammaln(weight.sum(table.variable)) - gammaln(weight).sum(
            table.variable
        )
        total = (rows + constant).sum(table.given)
        densities[table.name] = total.transpose("chain", "draw")
    return xr.Dataset(densities)


def log_prior_of_regressions(
    conditionals: Sequence[Conditional], draws: xr.Dataset
) -> xr.Dataset:
    """Return the log prior density of each regression."""
    return xr.Dataset({each.table.name: each.log_prior(draws) for each in conditionals})


def _cells_of_each_person(data: Observations) -> np.ndarray:
    """Return the row of the data that each person is in.

    Raises
    ------
    ModelError
        With more people than can be listed.
    """
    if len(data) > _MOST_PEOPLE:
        raise ModelError(
            f"{len(data):,} people are too many to list one by one, at most {_MOST_PEOPLE:,}: "
            "take a sample of the rows."
        )
    return np.repeat(np.arange(len(data.counts)), data.counts.astype(int))


def _variables_of(data: Observations, person: np.ndarray) -> pd.DataFrame:
    columns = {}
    for name in data.variables:
        column = data.column(name)[person]
        levels = data.levels.get(name)
        columns[name] = (
            column if levels is None else np.array(levels, dtype=object)[column]
        )
    return pd.DataFrame(columns)


def _sampled_codes(
    tables: Sequence[Table],
    levels: Levels,
    draws: xr.Dataset,
    people: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return the level of every variable of replicated people, (draws, person), causes first.

    Parameters
    ----------
    tables : sequence of Table
    levels : mapping of variable to its levels
    draws : Dataset
    people : int
    rng : Generator
    """
    size = draws.sizes["chain"] * draws.sizes["draw"]
    draw = np.arange(size)[:, None]
    codes: dict[str, np.ndarray] = {}
    waiting = list(tables)
    while waiting:
        table = next(each for each in waiting if set(each.given) <= set(codes))
        waiting.remove(table)
        shape = [len(levels[name]) for name in table.axes]
        theta = draws[table.name].transpose("chain", "draw", *table.axes).to_numpy()
        below = np.cumsum(theta.reshape(size, *shape), axis=-1)[..., :-1]
        index = tuple(codes[name] for name in table.given)
        uniform = rng.random((size, people, 1))
        codes[table.variable] = (uniform >= below[(draw, *index)]).sum(axis=-1)
    return codes
