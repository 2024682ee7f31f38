"""Policies of labels for those who really had some level of what the policy sets.

P(y; π | x, w) = Σ_{x', z} π(x' | z) P(y, z, w had x been x' | x) / P(w | x)

where x acts on nothing that the policy reads, z, and on no group, w. The joint counterfactual is
that of the effect on the treated, and identified by the same combs (Shpitser & Pearl 2009).
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
from causalstats.core.policy import Policy
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
from causalstats.models.causal_diagram.effect_on_treated import is_effect_on_treated
from causalstats.models.causal_diagram.interventional_query import shown_levels
from causalstats.models.causal_diagram.levels import level_indices
from causalstats.models.causal_diagram.policy_query import (
    policy_weights,
    refuse_what_is_read,
)
from causalstats.models.causal_diagram.query_arguments import worlds_of
from causalstats.models.causal_diagram.tables import ObservedDistribution

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.levels import Levels
    from causalstats.models.causal_diagram.routes.base import Query
    from causalstats.models.causal_diagram.routes.tables import TableRoute


@dataclass(frozen=True)
class _Question:
    """What is set by policy of those who had some level, and the formula of the counterfactual."""

    formula: Expression
    outcome: str
    treatment: str
    reads: tuple[str, ...]
    factual: Mapping[str, Any]
    worlds: Sequence[Mapping[str, Any]]

    @property
    def set_treatment(self) -> str:
        """The name of the treatment in the world where it is set: x'."""
        return f"{self.treatment}'"

    @property
    def conditions(self) -> tuple[str, ...]:
        """The axes of the formula but for the outcome."""
        groups = [name for name in self.factual if name != self.treatment]
        others = dict.fromkeys((*self.reads, *groups))
        return (self.set_treatment, self.treatment, *others)

    def weights(self, world: Mapping[str, Any], levels: Levels) -> xr.DataArray:
        """Return the probabilities with which the treatment is set, by what is read."""
        return policy_weights(world, levels).rename(
            {self.treatment: self.set_treatment}
        )


def policy_on_treated_query(
    route: TableRoute,
    outcome: str,
    do: Mapping[str, Any],
    factual: Mapping[str, Any],
    data: Observations,
) -> Query:
    """Return the notation and the estimand of a policy for those who had a level of the treatment.

    Parameters
    ----------
    route : TableRoute
    outcome : str
    do : mapping of the treatment to a Policy, or to two of them or of levels that are compared
    factual : mapping of variable to level
        The level that the treatment really had, and groups that it does not act on.
    data : Observations

    Raises
    ------
    ModelError
        Where it is not identified, or the question is none of this kind.
    """
    model = route.model
    levels = model.levels(data)
    worlds = worlds_of(do)
    if len(worlds) > 2:
        raise ModelError("Expected one policy, or two whose answers are compared.")
    if not is_effect_on_treated(model, do, factual):
        raise ModelError(
            "Expected a policy of one variable, and in `factual` the level that it had, with "
            f"groups that it does not act on; got do of {', '.join(do)} and "
            f"factual={dict(factual)}. Groups without it are `given`."
        )
    for world in worlds:
        refuse_what_is_read(model.graph, world)
    (treatment,) = do
    read = [
        name
        for world in worlds
        for rule in world.values()
        if isinstance(rule, Policy)
        for name in rule.reads
    ]
    if outcome in read:
        raise ModelError(
            f"Expected a policy that does not read the outcome {outcome!r}."
        )
    reads = tuple(dict.fromkeys(read))
    groups = [name for name in factual if name != treatment]
    refuse_constant_mediators(model.graph, treatment, outcome, levels, data)
    events = tuple(dict.fromkeys((outcome, *reads, *groups)))
    formula = treated(model.diagram, events, treatment)
    event = notation.event(outcome, levels)
    name = " - ".join(
        notation.counterfactual("P", event, world, factual) for world in worlds
    )
    if formula is None:
        raise ModelError(
            f"{name} is not identified: hidden causes join {treatment!r} to what it acts on, and "
            "those who had one level of it differ from others in ways that are not seen. Ask "
            "without `factual`, of everybody."
        )
    question = _Question(formula, outcome, treatment, reads, factual, worlds)
    level_indices(factual, levels)  # refuses unknown levels
    for world in worlds:
        policy_weights(world, levels)  # refuses levels that are missing
    compute = partial(_answer, route, question)

    def checks(draws: xr.Dataset, data: Observations) -> tuple[Check, ...]:
        support = _support(route, question, data)
        return (support, *route.prior_checks(compute, draws, data, (treatment,)))

    pair = len(worlds) == 2
    read_text = f" What is read: {', '.join(reads)}." if reads else ""
    return name, Estimand(
        compute=compute,
        description=f"Under a policy, by the formula {formula}, averaged over what the policy "
        f"sets, {question.set_treatment}.{read_text}",
        unit=DIFFERENCE if pair else "probability",
        contrast="the first policy against the second" if pair else "none",
        kind="causal",
        assumptions=assumption_names(model),
        checks=checks,
    )


def _answer(
    route: TableRoute,
    question: _Question,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    """Return the outcome under a policy, or the difference of two.

    Parameters
    ----------
    route : TableRoute
    question : _Question
    draws : Dataset
    data : Observations
    """
    levels = route.model.levels(data)
    outcome = question.outcome
    observed = ObservedDistribution(route.network(draws, data))
    axes = (*question.conditions, outcome)
    aliases = {question.set_treatment: question.treatment}
    values = np.asarray(
        evaluate(question.formula, Aliased(observed, aliases), axes).values
    )
    batch = (draws.sizes["chain"], draws.sizes["draw"])
    table = xr.DataArray(
        np.broadcast_to(values, (*batch, *values.shape[2:])),
        dims=("chain", "draw", *axes),
        coords={name: draws[name] for name in ("chain", "draw")},
    )
    at = level_indices(question.factual, levels)
    summed = [name for name in question.conditions if name not in at]
    answers = []
    for world in question.worlds:
        joint = (table * question.weights(world, levels)).isel(at, drop=True)
        joint = joint.sum(summed)
        answers.append((joint / joint.sum(outcome)).transpose("chain", "draw", outcome))
    answer = answers[0] - answers[1] if len(answers) == 2 else answers[0]
    return shown_levels(answer, outcome, levels[outcome])


def _support(route: TableRoute, question: _Question, data: Observations) -> Check:
    """Return whether the formula is defined on the counts wherever a policy sets something."""
    levels = route.model.levels(data)
    names = question.conditions
    at = level_indices(question.factual, levels)
    alias = {question.set_treatment: question.treatment}
    cells: dict[tuple[int, ...], None] = {}
    for world in question.worlds:
        weights = question.weights(world, levels)
        for name in names:
            allowed = np.ones(len(levels[alias.get(name, name)]))
            if name in at:
                allowed = (np.arange(len(allowed)) == at[name]).astype(float)
            weights = weights * xr.DataArray(allowed, dims=(name,))
        chosen = np.argwhere(weights.transpose(*names).to_numpy() > 0)
        cells |= dict.fromkeys(map(tuple, chosen.tolist()))
    worlds = [dict(zip(names, cell, strict=True)) for cell in cells]
    return positivity(
        route.model,
        question.formula,
        data,
        (question.outcome, *names),
        worlds,
        aliases=alias,
    )
