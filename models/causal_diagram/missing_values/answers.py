"""Estimands on data with missing values: each completion is answered as complete data are.

Draws of a fit by regressions say which completion they belong to, by coordinates of the posterior;
the completions are drawn again by the same seed where they are not kept. Answers by tables need the
draws alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.models.causal_diagram.missing_values.completion import (
    completions_of,
    first_completion,
    imputation_of,
    is_incomplete,
)
from causalstats.models.causal_diagram.missing_values.regression_sampler import (
    Completion,
    chain_means,
)
from causalstats.models.causal_diagram.regression.g_computation import SIMULATION

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.regression import Regression

_COMPLETION = "completion"
_PLACE = "draw_of_completion"
_SIZES = ("completion_seed", "completions_of_chain", "draws_of_completion")
_LARGEST_SEED = 2**31

MakeEstimand = Callable[[Observations], Estimand]
"""An estimand of complete data."""


def draw_completions(
    route: Regression,
    data: Observations,
    chains: int,
    draws: int,
    rng: np.random.Generator,
    number: int,
) -> xr.Dataset:
    """Return the posterior of what was filled in, with the completion of each draw.

    Parameters
    ----------
    route : Regression or Hierarchical
    data : Observations
    chains, draws : int
    rng : numpy Generator
    number : int
        Completions of a chain.
    """
    seed = int(rng.integers(_LARGEST_SEED))
    each = -(-draws // number)
    found = completions_of(route, data, seed, chains, number, each)
    incomplete = imputation_of(route.model, data).incomplete
    place = np.arange(draws)
    position = np.arange(chains)[:, None] * number + place // each
    arrays = _parameters(
        [one for chain in found for one in chain], position, place % each
    )
    for chain, kept in enumerate(found):
        for name, means in chain_means(kept, incomplete).items():
            dims, values = arrays.setdefault(
                name, (("chain", "draw"), np.empty((chains, draws)))
            )
            values[chain] = means[place // each]
    two = ("chain", "draw")
    coords = {
        "chain": np.arange(chains),
        "draw": place,
        _COMPLETION: (two, position),
        _PLACE: (two, np.broadcast_to(place % each, position.shape)),
        **dict(zip(_SIZES, (seed, number, each), strict=True)),
    }
    return xr.Dataset(arrays, coords)


def _parameters(
    found: list[Completion], position: np.ndarray, place: np.ndarray
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Return the parameters that have one shape in all completions, (chain, draw, ...).

    Parameters
    ----------
    found : list of Completion
    position : int array (chain, draw)
        Of the completion in the list.
    place : int array (draw,)
        Of the draw among those of its completion.
    """
    arrays = {}
    for name, first in found[0].posterior.data_vars.items():
        shapes = {one.posterior[name].shape for one in found if name in one.posterior}
        if len(shapes) > 1 or any(name not in one.posterior for one in found):
            continue
        stacked = np.stack([one.posterior[name].to_numpy()[0] for one in found])
        arrays[str(name)] = (
            tuple(map(str, first.dims)),
            stacked[position, np.broadcast_to(place, position.shape)],
        )
    return arrays


def answered(
    model: CausalDiagram,
    route_on_data: Callable[[Observations], Regression | None],
    estimand: Estimand,
    make: MakeEstimand,
    refuse: Callable[[], None],
) -> Estimand:
    """Return an estimand that also answers data with missing values.

    Parameters
    ----------
    model : CausalDiagram
    route_on_data : function of complete data
        The route by regressions that is taken on them; None where tables are.
    estimand : Estimand
        Of complete data.
    make : function of complete data
        The same estimand on a completion.
    refuse : function
        Raises where what was seen does not tell the answer.
    """

    def completion(data: Observations) -> Observations:
        return first_completion(model, data) if is_incomplete(model, data) else data

    def compute(draws: xr.Dataset, data: Observations) -> xr.DataArray:
        if not is_incomplete(model, data):
            return estimand.compute(draws, data)
        refuse()
        first = completion(data)
        route = route_on_data(first)
        if route is None or _COMPLETION not in draws.coords:
            return make(first).compute(draws, first)
        return _over_completions(route, make, draws, data)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        complete = make(completion(data)).checks
        if complete is None:
            return ()
        if not is_incomplete(model, data):
            return complete(draws, data)
        route = route_on_data(completion(data))
        if route is None or _COMPLETION not in draws.coords:
            return complete(draws, completion(data))
        one = _found(route, draws, data)[0]
        filled = imputation_of(model, data).completed(one)
        return complete(one.posterior, filled)

    def in_words(data: Observations) -> tuple[str, str]:
        whole = completion(data)
        this = make(whole)
        if this.in_words is None:
            return this.description, this.contrast
        return this.in_words(whole)

    def assumptions_with(data: Observations) -> tuple[str, ...]:
        whole = completion(data)
        this = make(whole)
        if this.assumptions_with is None:
            return this.assumptions
        return this.assumptions_with(whole)

    def sentence(data: Observations) -> str:
        whole = completion(data)
        words = make(whole).sentence
        return words if isinstance(words, str) else words(whole)

    def unavailable(data: Observations) -> str:
        whole = completion(data)
        reason = make(whole).unavailable_reason
        return reason(whole) if reason is not None else ""

    return replace(
        estimand,
        compute=compute,
        checks=checks if estimand.checks is not None else None,
        in_words=in_words,
        assumptions_with=assumptions_with,
        sentence=sentence if estimand.sentence else "",
        unavailable_reason=unavailable,
    )


def _found(
    route: Regression, draws: xr.Dataset, data: Observations
) -> list[Completion]:
    """Return the completions that draws were made with, those of all chains in a row."""
    seed, number, each = (int(draws.coords[name]) for name in _SIZES)
    chains = int(draws.coords[_COMPLETION].max()) // number + 1
    by_chain = completions_of(route, data, seed, chains, number, each)
    return [one for chain in by_chain for one in chain]


def _over_completions(
    route: Regression, make: MakeEstimand, draws: xr.Dataset, data: Observations
) -> xr.DataArray:
    """Return the answer of each draw, computed on its completion.

    Parameters
    ----------
    route : Regression or Hierarchical
    make : function of complete data
    draws : Dataset
    data : Observations
    """
    found = _found(route, draws, data)
    imputation = imputation_of(route.model, data)
    position = draws.coords[_COMPLETION].transpose("chain", "draw").to_numpy()
    place = draws.coords[_PLACE].transpose("chain", "draw").to_numpy()
    values: np.ndarray | None = None
    answer = xr.DataArray()
    for number in np.unique(position):
        filled = imputation.completed(found[number])
        part = found[number].posterior.assign_attrs({SIMULATION: int(number)})
        answer = make(filled).compute(part, filled).transpose("chain", "draw", ...)
        inside = position == number
        if values is None:
            values = np.empty((*position.shape, *answer.shape[2:]))
        values[inside] = answer.to_numpy()[0][place[inside]]
    assert values is not None
    other = {
        name: coord
        for name, coord in answer.coords.items()
        if not {"chain", "draw"} & {*coord.dims, name}
    }
    coords = {name: draws.coords[name] for name in ("chain", "draw")}
    return xr.DataArray(values, dims=answer.dims, coords={**coords, **other})
