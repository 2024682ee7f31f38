"""Interface of prevalence constraints; without one, the intercept of risk has a prior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.assumption import Assumption, Relaxation
from causalstats.core.knowledge import Known
from causalstats.data import Decisions

if TYPE_CHECKING:
    from causalstats.models.selective_labels.graph_context import GraphContext
    from causalstats.models.selective_labels.model import SelectiveLabels

PARAMETER = "population_prevalence"


@dataclass(frozen=True)
class Prevalence:
    """A prevalence that is not known: the intercept of risk has a prior.

    Parameters
    ----------
    value : None, Known, KnownByGroup or Penalty
        As the user gave it.
    """

    value: Any

    by_group = False

    @property
    def declared(self) -> tuple[str, ...]:
        """The variables of the graph whose prior is the user's knowledge."""
        return ()

    def known(self) -> Mapping[str, Known]:
        """Return the known prevalence of each group, of one without a name where all are one."""
        return {}

    def known_in(self, data: Decisions) -> Mapping[str, Known]:
        """Return the same in the order of the levels of the data."""
        return self.known()

    def solved_columns(self, data: Decisions) -> np.ndarray:
        """Return the columns whose risk coefficients follow from the prevalences of groups."""
        return np.array([], int)

    def free_columns(self, data: Decisions) -> np.ndarray:
        """Return the columns whose risk coefficients are sampled."""
        return np.setdiff1d(np.arange(len(data.features)), self.solved_columns(data))

    def group_rows(self, data: Decisions) -> list[np.ndarray]:
        """Return masks of the population by group."""
        return [np.arange(len(data.population))]

    def group_codes(self, data: Decisions) -> np.ndarray:
        """Return the group of each row of the data, as a position."""
        return np.zeros(len(data), int)

    def coords(self, data: Decisions) -> dict[str, list[str]]:
        """Return the names that the graph gives to groups with an uncertain prevalence."""
        return {}

    def inputs(self, data: Decisions) -> dict[str, Any]:
        """Return the numbers that the constraint takes, by name."""
        return {}

    def intercept_and_risk(self, context: GraphContext) -> tuple[Any, Any]:
        """Add to the graph the intercept of risk at ζ = 0 and the coefficients of risk."""
        import pymc as pm

        risk = context.prior.risk_coefficients(context)
        middle = context.prior.middle(context, risk)
        return pm.Deterministic("middle_intercept", middle), risk

    def parameters(self) -> tuple[str, ...]:
        """Return the names in the posterior that the constraint adds."""
        return ("middle_intercept",)

    def prior_sd(self, data: Decisions) -> Any:
        """Return the standard deviation of `population_prevalence`, of each group if by group."""
        return 0

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return the assumption about the prevalence."""
        return ()

    def relaxation(
        self, model: SelectiveLabels, data: Decisions
    ) -> tuple[Relaxation, ...]:
        """Return the model that knows nothing of the prevalence, where that is comparable."""
        return ()


def constraint_inputs(constraint: Prevalence, data: Decisions) -> dict[str, Any]:
    """Return the known prevalences, and the people over whom each is the mean risk."""
    known = list(constraint.known_in(data).values())
    uncertain = [value for value in known if not value.exact]
    people = data.population
    free = constraint.free_columns(data)
    values: dict[str, Any] = {"known_prevalence": [value.value for value in known]}
    if uncertain:
        values["prior_prevalence"] = [value.value for value in uncertain]
        values["prior_prevalence_sd"] = [value.sd for value in uncertain]
    for position, rows in enumerate(constraint.group_rows(data)):
        values[f"everybody_{position}"] = people.matrix[np.ix_(rows, free)]
        values[f"weights_{position}"] = (
            people.weights[rows] / people.weights[rows].sum()
        )
    return values


def assumed(value: Any, where: str = "") -> tuple[Assumption, ...]:
    """Return the assumption that a prevalence is known."""
    return (
        Assumption(
            name="prevalence",
            statement=f"The prevalence of the outcome in the population is {value}.",
            if_wrong="Every risk of the untested moves with it, in full.",
            formula="Σ w_i P(Y_i=1 | x_i) = π" + where,
            checks=(
                "agrees with the data: prevalence",
                "prevalence as declared",
                "direction of the decision",
                "room for the cases found",
            ),
            fields=("prevalence",),
        ),
    )


def solved_intercept(
    context: GraphContext, prevalence: Any, risk: Any, position: int = 0
) -> Any:
    """Return the intercept at which the people of a group have a prevalence.

    Parameters
    ----------
    context : GraphContext
    prevalence : variable
    risk : vector
        Coefficients of the free columns.
    position : int
        The position of the group.
    """
    from causalstats.numerics.selection.selective_labels_ops import prevalence_intercept

    index = context.given[f"everybody_{position}"] @ risk
    weights = context.given[f"weights_{position}"]
    return prevalence_intercept(
        context.law, prevalence, index, context.unobserved_scale, weights
    )
