"""Bounds of an answer, of each draw of the observed distribution: partial identification.

The smallest and the largest answer is a linear program over response types for each draw (Balke &
Pearl 1997). Draws are thinned where programs are large, and moved to the nearest distribution that
the diagram allows where hardly any draw obeys its inequalities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.diagrams import EffectBounds, bounds
from causalstats.diagrams.bounds.probabilities_of_causation import (
    ProbabilitiesOfCausation,
)
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.checks.instrumental_inequalities import (
    SIGNIFICANCE_LEVEL,
    inequalities_p,
    nearest_allowed,
)

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.tables import TableRoute

_MOST_DRAWS = 1000
_FEWEST_DRAWS = 50
_MOST_ENTRIES_OF_ALL_DRAWS = 10**7  # of the matrices of the linear programs
_DRAWS_TRIED_FIRST = 25
_SMALLEST_SHARE_ALLOWED = 0.2  # of the draws tried first
SIDES = ("lower", "upper")

Answer = Callable[[np.ndarray], EffectBounds]
"""Bounds of a joint distribution with axes (chain, draw, levels of each observed variable...)."""
_REMEDY = (
    "The interval is not to be trusted. Join levels, leave out variables that the bounds do not "
    "need, or observe more."
)


def bounds_of(model: CausalDiagram, **options: Any) -> Answer:
    """Return the function that bounds P(outcome | do, given) for observed distributions.

    Parameters
    ----------
    model : CausalDiagram
    options
        As for `causalstats.diagrams.bounds`: outcome, do, given, at, weights.
    """

    def answer(joint: np.ndarray) -> EffectBounds:
        variables = model.graph.nodes
        return bounds(
            model.diagram,
            joint=joint,
            variables=variables,
            assumptions=model.monotone,
            **options,
        )

    return answer


def joint_draws(
    route: TableRoute,
    draws: xr.Dataset,
    data: Observations,
    answer: Answer,
) -> np.ndarray:
    """Return draws of P(observed variables), as many as are answered in about a minute.

    Parameters
    ----------
    route : TableRoute
    draws : Dataset
    data : Observations
    answer : function of draws
        Whose linear programs decide how many draws are taken, and which draws are allowed.

    Returns
    -------
    array, shape (chain, draw, levels of each observed variable...)
    """
    model = route.model
    thin = max(1, draws.sizes["chain"] * draws.sizes["draw"] // _MOST_DRAWS)
    network = route.network(draws.isel(draw=slice(None, None, thin)), data)
    joint = np.asarray(network.query(model.graph.nodes).values)
    chains, count = joint.shape[:2]
    entries = max(answer(joint[:1, :1]).entries, 1)
    wanted = max(_MOST_ENTRIES_OF_ALL_DRAWS // entries, _FEWEST_DRAWS) // chains
    joint = joint[:, :: max(1, count // max(wanted, 1))]
    allowed = answer(joint[:, :_DRAWS_TRIED_FIRST]).compatible.mean()
    # Draws know nothing of the inequalities: near their boundary hardly one obeys all of them.
    outside = allowed < _SMALLEST_SHARE_ALLOWED and not model.identification.identified
    if outside and inequalities_p(model, data) > SIGNIFICANCE_LEVEL:
        return nearest_allowed(model, joint)
    return joint


def both_sides(bounded: EffectBounds) -> xr.DataArray:
    """Return lower and upper bounds of the draws that some model of the diagram gives.

    Returns
    -------
    DataArray
        Dims (chain, draw, ..., bound), as many draws of every chain.

    Raises
    ------
    ModelError
        If a chain has no draw that the diagram allows.
    """
    values = np.stack([bounded.lower, bounded.upper], axis=-1)
    kept = bounded.compatible
    fewest = int(kept.sum(axis=1).min())
    if not fewest:
        raise ModelError(
            "No model of the diagram, under its assumptions, gives the observed distribution: "
            f"{bounded.query} has no bounds. Something in them is wrong."
        )
    chains = [chain[mask][:fewest] for chain, mask in zip(values, kept, strict=True)]
    dims = ("chain", "draw", *bounded.axes, "bound")
    return xr.DataArray(np.stack(chains), dims=dims, coords={"bound": list(SIDES)})


def labelled_sides(
    parts: Sequence[xr.DataArray], labels: Sequence[str]
) -> xr.DataArray:
    """Return the bounds of several answers along `bound`, each under its label."""
    if len(parts) == 1:
        return parts[0]
    named = [
        part.assign_coords(bound=[f"{label}: {side}" for side in SIDES])
        for part, label in zip(parts, labels, strict=True)
    ]
    return xr.concat(named, "bound")


def state_labels(outcome: str, levels: Sequence[Any]) -> list[str]:
    """Return a label for each level of the outcome."""
    return [f"{outcome}={level}" for level in levels]


def bounds_checks(
    route: TableRoute,
    answer: Callable[[np.ndarray], EffectBounds | ProbabilitiesOfCausation],
    names: Sequence[str],
    draws: xr.Dataset,
    data: Observations,
) -> tuple[Check, ...]:
    """Return whether bounds are those of the diagram, and whether the prior decides them.

    Bounds are made of shares of the people. The prior is weighed by the shares of all levels of
    the variables asked about, and of instruments.

    Parameters
    ----------
    route : TableRoute
    answer : function of draws of the observed distribution
    names : sequence of str
        The outcome, what is set, and what is given.
    draws : Dataset
    data : Observations
    """
    instruments = [
        criterion.variables[0]
        for criterion in route.model.identification.criteria
        if criterion.name == "instrument"
    ]
    asked = tuple(dict.fromkeys((*names, *instruments)))

    def shares(draws: xr.Dataset, data: Observations) -> xr.DataArray:
        return route.probabilities(draws, data, asked)

    weight = [
        replace(
            check,
            finding=f"of the shares that the bounds are made of, {check.finding}",
            remedy="" if check.passed else _REMEDY,
        )
        for check in route.prior_checks(shares, draws, data, ())
    ]
    return (*sharpness_check(route, answer, draws, data), *weight)


def sharpness_check(
    route: TableRoute,
    answer: Callable[[np.ndarray], EffectBounds | ProbabilitiesOfCausation],
    draws: xr.Dataset,
    data: Observations,
) -> tuple[Check, ...]:
    """Return a caution where bounds are wider than those of the diagram.

    They are outer (natural) bounds where the linear program is too large.

    Parameters
    ----------
    route : TableRoute
    answer : function of draws of the observed distribution
    draws : Dataset
    data : Observations
    """

    def one_answer(joint: np.ndarray) -> EffectBounds:
        bounded = answer(joint)
        return (
            bounded.necessary
            if isinstance(bounded, ProbabilitiesOfCausation)
            else bounded
        )

    first = draws.isel(chain=[0], draw=[0])
    bounded = one_answer(joint_draws(route, first, data, one_answer))
    if bounded.entries or bounded.sharp:
        return ()
    return (
        Check(
            name="sharpness of the bounds",
            passed=None,
            value=None,
            expected="the smallest and the largest that a model of the diagram gives",
            finding="outer bounds: " + bounded.remarks[0],
            remedy="Join levels, or leave out causes that confound little, and the bounds are "
            "those of the diagram, which can be narrower.",
            caution=True,
        ),
    )
