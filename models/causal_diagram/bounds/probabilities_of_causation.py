"""Bounds of the probabilities of causation: necessity (PN), sufficiency (PS), and both (PNS).

PNS  the share of all cases that have the event with the cause and not without it
PN   of those with cause and event, the share that would not have the event without the cause
PS   of those with neither, the share that would have the event with the cause

References
----------
Tian & Pearl (2000), Probabilities of causation: bounds and identification, Annals of Mathematics
and Artificial Intelligence 28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams import EffectBounds, causation_bounds
from causalstats.diagrams.bounds.probabilities_of_causation import (
    ProbabilitiesOfCausation,
)
from causalstats.diagrams.identification.identification import identify
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.bounds.partial_identification import (
    bounds_checks,
    joint_draws,
    labelled_sides,
    monotone_among,
    outward_sides,
)
from causalstats.models.causal_diagram.levels import Levels, level_index

if TYPE_CHECKING:
    from causalstats.core.argument_types import Level
    from causalstats.models.causal_diagram.routes.base import Query
    from causalstats.models.causal_diagram.routes.tables import TableRoute


def causation_query(
    route: TableRoute,
    outcome: str,
    cause: str | Mapping[str, tuple[Level, Level]] | None,
    data: Observations,
) -> Query:
    """Return the notation and the estimand of bounds of the probabilities of causation.

    Parameters
    ----------
    route : TableRoute
    outcome : str
        Its last level is the event.
    cause : str, or mapping of it to the levels that are its absence and its presence
    data : Observations

    Raises
    ------
    ModelError
        If the cause is not one variable with two levels, or these are not named.
    """
    model = route.model
    levels = route.model.levels(data)
    name, pair = _cause_and_levels(outcome, cause, levels, model.graph)
    absent, present = pair
    indices = {
        name: (level_index(name, absent, levels), level_index(name, present, levels)),
        outcome: (0, len(levels[outcome]) - 1),
    }

    def answer(joint: np.ndarray) -> ProbabilitiesOfCausation:
        return causation_bounds(
            model.diagram,
            outcome,
            name,
            joint,
            model.graph.nodes,
            assumptions=monotone_among(model, (outcome,)),
            levels=indices,
        )

    def ask(joint: np.ndarray) -> list[EffectBounds]:
        bounded = answer(joint)
        return [
            bounded.necessary_and_sufficient,
            bounded.necessary,
            bounded.sufficient,
        ]

    def compute(draws: xr.Dataset, data: Observations) -> xr.DataArray:
        joint = joint_draws(route, draws, data, lambda joint: answer(joint).necessary)
        labels = ("necessary and sufficient", "necessary", "sufficient")
        return labelled_sides(outward_sides(model, ask, joint, 0.0), labels)

    event = f"{outcome}={levels[outcome][-1]}"
    off = f"{name}={absent}"
    on = f"{name}={present}"
    return f"bounds of {on} as the cause of {event}", Estimand(
        compute=compute,
        description=f"Smallest and largest share: of all cases, of those that have {event} with "
        f"{on} and not with {off} (necessary and sufficient); of those with both, of those that "
        f"would not have it with {off} (necessary); of those with neither, of those that would "
        f"with {on} (sufficient).",
        unit="probability",
        kind="causal",
        assumptions=assumption_names(model),
        checks=partial(bounds_checks, route, ask, (outcome, name)),
    )


def _cause_and_levels(
    outcome: str,
    cause: str | Mapping[str, tuple[Level, Level]] | None,
    levels: Levels,
    graph: Any,
) -> tuple[str, Sequence[Any]]:
    """Return the cause, and its levels of absence and presence."""
    named: Sequence[Any] | None = None
    name = cause
    if isinstance(cause, Mapping) and len(cause) == 1:
        ((name, named),) = cause.items()
    if not isinstance(name, str):
        raise ModelError(
            "Expected a variable as the cause, or a mapping of one to two of its levels, got "
            f"cause={cause!r}."
        )
    identify(graph, outcome, name)  # refuses one that is unknown, hidden or the outcome
    pair = levels[name] if named is None else named
    if not isinstance(pair, list | tuple) or len(pair) != 2 or pair[0] == pair[1]:
        raise ModelError(
            f"Expected the levels that are the absence and the presence of {name!r}, such as "
            f"cause={{{name!r}: {levels[name][:2]!r}}}; got {pair}."
        )
    return name, tuple(pair)
