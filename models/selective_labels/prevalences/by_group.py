"""A prevalence known for each level of a categorical feature: an intercept for each group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.assumption import Relaxation
from causalstats.core.knowledge import Known, KnownByGroup
from causalstats.errors import ModelError
from causalstats.models.selective_labels.graph_context import GraphContext
from causalstats.models.selective_labels.prevalences.prevalence import (
    PARAMETER,
    Prevalence,
    assumed,
    constraint_inputs,
    solved_intercept,
)

if TYPE_CHECKING:
    from causalstats.core.assumption import Assumption
    from causalstats.data import Decisions
    from causalstats.models.selective_labels.model import SelectiveLabels


@dataclass(frozen=True)
class PrevalenceByGroup(Prevalence):
    """The intercept of each group is solved, and with it the coefficients of the levels."""

    value: KnownByGroup

    by_group = True

    def known(self) -> Mapping[str, Known]:
        return dict(self.value.values)

    def known_in(self, data: Decisions) -> Mapping[str, Known]:
        levels, _ = data.levels_of(self.value.feature, data.matrix)
        if set(levels) != set(self.value.values):
            raise ModelError(
                f"Expected a prevalence for each level of {self.value.feature!r}, "
                f"{', '.join(map(repr, levels))}; got {', '.join(map(repr, self.value.values))}."
            )
        return {level: self.value.values[level] for level in levels}

    def solved_columns(self, data: Decisions) -> np.ndarray:
        return np.array(data.columns_of(self.value.feature), int)

    def group_rows(self, data: Decisions) -> list[np.ndarray]:
        levels, codes = data.levels_of(self.value.feature, data.population.matrix)
        groups = [np.flatnonzero(codes == position) for position in range(len(levels))]
        for level, rows in zip(levels, groups, strict=True):
            if not len(rows):
                raise ModelError(
                    f"Nobody in the reference population has {self.value.feature} {level!r}, whose "
                    "prevalence is given."
                )
        return groups

    def group_codes(self, data: Decisions) -> np.ndarray:
        return data.levels_of(self.value.feature, data.matrix)[1]

    def coords(self, data: Decisions) -> dict[str, list[str]]:
        known = self.known_in(data)
        return {
            "prevalence_group": [
                level for level, value in known.items() if not value.exact
            ]
        }

    def inputs(self, data: Decisions) -> dict[str, Any]:
        return constraint_inputs(self, data)

    def intercept_and_risk(self, context: GraphContext) -> tuple[Any, Any]:
        import pymc as pm
        import pytensor.tensor as pt

        data = context.data
        known = self.known_in(context.data)
        prevalence = [
            context.given["known_prevalence"][position]
            for position in range(len(known))
        ]
        uncertain = [
            position for position, value in enumerate(known.values()) if not value.exact
        ]
        if uncertain:
            mean = context.given["prior_prevalence"]
            sd = context.given["prior_prevalence_sd"]
            drawn = pm.Beta(PARAMETER, mu=mean, sigma=sd, dims="prevalence_group")
            for order, position in enumerate(uncertain):
                prevalence[position] = drawn[order]
        free = self.free_columns(data)
        sampled = context.prior.risk_coefficients(context, free)
        middles = [
            solved_intercept(context, value, sampled, position)
            for position, value in enumerate(prevalence)
        ]
        risk = pt.zeros(len(data.features))[free].set(sampled)
        for column, middle in zip(self.solved_columns(data), middles[1:], strict=True):
            risk = risk[column].set(middle - middles[0])
        return middles[0], pm.Deterministic("risk_coefficient", risk, dims="feature")

    def parameters(self) -> tuple[str, ...]:
        return () if self.value.exact else (PARAMETER,)

    @property
    def declared(self) -> tuple[str, ...]:
        return self.parameters()

    def prior_sd(self, data: Decisions) -> Any:
        return [value.sd for value in self.known_in(data).values() if not value.exact]

    def assumptions(self) -> tuple[Assumption, ...]:
        return assumed(self.value, ", within each group")

    def relaxation(
        self, model: SelectiveLabels, data: Decisions
    ) -> tuple[Relaxation, ...]:
        known = self.known_in(data)
        anything = dict.fromkeys(self.value.values, Known.beta(1, 1))
        return (
            Relaxation(
                name="prevalence",
                model=replace(
                    model, prevalence=KnownByGroup(self.value.feature, anything)
                ),
                estimand="prevalence_by_group",
                known=known,
                labels=tuple(known),
            ),
        )
