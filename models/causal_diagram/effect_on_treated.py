"""Effect of treatment on the treated (ATT, ETT): their outcome under another treatment.

P(y had x been x' | x, w) = P(y, w had x been x' | x) / P(w had x been x' | x)

where the treatment does not act on w, the groups that the answer is within.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.display_scale import DIFFERENCE
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.diagrams.bounds.probabilities_of_causation import treated
from causalstats.diagrams.identification.evaluation import Aliased, evaluate
from causalstats.diagrams.identification.expression import Expression
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import notation
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.checks.mediator_variation import (
    refuse_constant_mediators,
)
from causalstats.models.causal_diagram.checks.positivity import positivity
from causalstats.models.causal_diagram.interventional_query import shown_levels
from causalstats.models.causal_diagram.levels import level_index, level_indices
from causalstats.models.causal_diagram.query_arguments import worlds_of
from causalstats.models.causal_diagram.tables import ObservedDistribution

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.base import Query
    from causalstats.models.causal_diagram.routes.tables import TableRoute


@dataclass(frozen=True)
class _Counterfactual:
    """The formula of the outcome of those who had another value of the treatment."""

    formula: Expression
    outcome: str
    treatment: str
    groups: tuple[str, ...]

    @property
    def set_treatment(self) -> str:
        """The name of the treatment in the world where it is set: x'."""
        return f"{self.treatment}'"

    @property
    def aliases(self) -> dict[str, str]:
        return {self.set_treatment: self.treatment}

    @property
    def conditions(self) -> tuple[str, ...]:
        return (self.set_treatment, self.treatment, *self.groups)


def effect_on_treated_query(
    route: TableRoute,
    outcome: str,
    do: Mapping[str, Any],
    factual: Mapping[str, Any],
    data: Observations,
) -> Query:
    """Return the notation and the estimand of the outcome of the treated under another treatment.

    Parameters
    ----------
    route : TableRoute
    outcome : str
    do : mapping of the treatment to a level, or to two whose answers are compared
    factual : mapping of variable to level
        The level that the treatment really had, and groups that it does not act on: see
        `is_effect_on_treated`.
    data : Observations

    Raises
    ------
    ModelError
        Where it is not identified, or more than two values are given.
    """
    model = route.model
    levels = route.model.levels(data)
    treatment, values = _treatment_and_values(do)
    groups = tuple(name for name in factual if name != treatment)
    refuse_constant_mediators(model.graph, treatment, outcome, levels, data)
    formula = treated(model.diagram, (outcome, *groups), treatment)
    event = notation.event(outcome, levels)
    worlds = worlds_of(do)
    name = " - ".join(
        notation.counterfactual("P", event, world, factual) for world in worlds
    )
    if formula is None:
        raise ModelError(
            f"{name} is not identified; ask for its bounds, "
            f"`fit.bounds({outcome!r}, do={{{treatment!r}: {values[0]!r}}}, "
            f"factual={{{treatment!r}: {factual[treatment]!r}}})`."
        )
    question = _Counterfactual(formula, outcome, treatment, groups)
    seen = level_indices(factual, levels)
    indices = [
        {question.set_treatment: level_index(treatment, value, levels), **seen}
        for value in values
    ]
    compute = partial(_answer, route, question, indices)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        names = (outcome, *question.conditions)
        support = positivity(
            model, formula, data, names, indices, aliases=question.aliases
        )
        return (support, *route.prior_checks(compute, draws, data, (treatment,)))

    pair = len(values) == 2
    within = f", within {', '.join(groups)}" if groups else ""
    contrast = f"the first value of {treatment} against the second" if pair else "none"
    return name, Estimand(
        compute=compute,
        description=f"By the formula {formula}, {question.set_treatment} what {treatment} would "
        f"have been set to{within}.",
        unit=DIFFERENCE if pair else "probability",
        contrast=contrast,
        kind="causal",
        assumptions=assumption_names(model),
        checks=checks,
    )


def is_effect_on_treated(
    model: CausalDiagram, do: Mapping[str, Any], factual: Mapping[str, Any]
) -> bool:
    """Return whether one variable is set of people of whom it and what it does not act on is known.

    Parameters
    ----------
    model : CausalDiagram
    do : mapping of variable to a level, or to several
    factual : mapping of variable to level

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.CausalDiagram("x -> m -> y")
    >>> is_effect_on_treated(model, {"x": 0}, {"x": 1})
    True
    >>> is_effect_on_treated(model, {"x": 0}, {"x": 1, "m": 1})
    False
    """
    if len(do) != 1 or next(iter(do)) not in factual:
        return False
    (treatment,) = do
    return not set(factual).intersection(model.graph.descendants(treatment)) - {
        treatment
    }


def _treatment_and_values(do: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Return the one variable that is set, and the one or two values that it is set to."""
    ((treatment, asked),) = do.items()
    values = list(asked) if isinstance(asked, list | tuple) else [asked]
    if len(values) > 2:
        raise ModelError(
            f"Expected one value to set {treatment!r} to, or two whose answers are compared, got "
            f"{asked!r}."
        )
    return treatment, values


def _answer(
    route: TableRoute,
    question: _Counterfactual,
    worlds: Sequence[Mapping[str, int]],
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the probability in one world, or the difference of two."""
    levels = route.model.levels(data)
    outcome = question.outcome
    observed = ObservedDistribution(route.network(draws, data))
    axes = (*question.conditions, outcome)
    values = evaluate(
        question.formula, Aliased(observed, question.aliases), axes
    ).values
    values = np.asarray(values) / np.sum(values, axis=-1, keepdims=True)
    batch = (draws.sizes["chain"], draws.sizes["draw"])
    table = xr.DataArray(
        np.broadcast_to(values, (*batch, *values.shape[2:])),
        dims=("chain", "draw", *axes),
        coords={name: draws[name] for name in ("chain", "draw")},
    )
    first, *second = (table.isel(world, drop=True) for world in worlds)
    answer = first - second[0] if second else first
    return shown_levels(answer, outcome, levels[outcome])
