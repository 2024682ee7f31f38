"""Multiple imputation: which regressions draw missing values, and completions that fits share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from causalstats.data import Observations
from causalstats.models.causal_diagram.missing_values.imputation_order import (
    imputation_tables,
)
from causalstats.models.causal_diagram.missing_values.incomplete import (
    Incomplete,
    incomplete_data,
    with_source,
)
from causalstats.models.causal_diagram.missing_values.regression_sampler import (
    Completion,
    Sweeps,
    completions,
)
from causalstats.models.causal_diagram.regression.conditionals import (
    Conditional,
    HierarchicalLogistic,
    conditionals_of,
    usual_kind,
)
from causalstats.models.causal_diagram.routes.hierarchical import Hierarchical
from causalstats.models.causal_diagram.tables import Table
from causalstats.models.causal_diagram.validation import refuse_other_variables

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.routes.regression import Regression

_SWEEPS_OF_CHECKS = 10
_SEED_OF_CHECKS = 0
_MOST_NUMBERS = 20_000_000  # filled in, over all completions
_FEWEST_COMPLETIONS = 10


@dataclass(frozen=True)
class Effort:
    """How long a Gibbs sampler runs, of one chain.

    Parameters
    ----------
    burn_in, thin : int
        Sweeps before the first completion, and from one to the next.
    draws : int
        Of the answer's regressions, given each completion.
    pilot, most_thin : int
        As in `Sweeps`.
    """

    burn_in: int
    thin: int
    draws: int
    pilot: int = 0
    most_thin: int = 1

    def number(self, incomplete: Incomplete, chains: int, draws: int) -> int:
        """Return the number of completions of a chain.

        Parameters
        ----------
        incomplete : Incomplete
        chains, draws : int
            That are asked for.
        """
        gaps = sum(int(mask.sum()) for mask in incomplete.masks.values())
        held = _MOST_NUMBERS // max(gaps * chains, 1)
        most = max(_FEWEST_COMPLETIONS, held)
        return int(min(draws, most, max(1, draws // self.draws)))


OF_REGRESSIONS = Effort(burn_in=20, thin=4, draws=5, pilot=100, most_thin=12)
OF_HIERARCHICAL = Effort(burn_in=8, thin=1, draws=200)


def is_incomplete(model: CausalDiagram, data: Observations) -> bool:
    """Return whether values have to be filled in, or indicators added, before a route is taken."""
    return data.filled is None and bool(data.gaps or model.indicators)


@dataclass(frozen=True, eq=False)
class Imputation:
    """The missing values of a study, and the regressions by which they are drawn.

    Parameters
    ----------
    model : CausalDiagram
    incomplete : Incomplete
        A row for each observation that lacks a value.
    """

    model: CausalDiagram
    incomplete: Incomplete

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The conditional distributions that tell of missing values."""
        indicators = set(self.model.indicators.values())
        return imputation_tables(self.model.graph, self.incomplete.masks, indicators)

    @cached_property
    def levels(self) -> dict[str, tuple[object, ...]]:
        return dict(self.incomplete.data.levels)

    def usual(self, data: Observations) -> dict[Table, Conditional]:
        """Return the regressions on completed data: lines, tables, or logistic."""
        return {
            table: usual_kind(table, data)(self.model, table, number, data, self.levels)
            for number, table in enumerate(self.tables)
        }

    def hierarchical(
        self, route: Regression, data: Observations
    ) -> dict[Table, Conditional]:
        """Return the regressions with those of the formula as the route has them.

        Parameters
        ----------
        route : Hierarchical
        data : Observations
            Completed.
        """
        drawn = self.usual(data)
        asked = {
            (table.variable, frozenset(table.given)): table for table in route.tables
        }
        for number, table in enumerate(self.tables):
            treated = table.variable == self.model.treatment
            same = asked.get((table.variable, frozenset(table.given)))
            labels = table.variable in data.levels and table.given
            if labels and (treated or same):
                drawn[table] = HierarchicalLogistic(
                    route.model, same or table, number, data, self.levels
                )
        return drawn

    def completed(self, completion: Completion) -> Observations:
        """Return the observations of a completion."""
        return self.incomplete.completed(completion.values)

    def draw(
        self,
        route: Regression,
        seed: int,
        chains: int,
        number: int,
        draws: int,
    ) -> list[list[Completion]]:
        """Return completions of each chain.

        Parameters
        ----------
        route : Regression or Hierarchical
            That answers the question.
        seed, chains : int
        number, draws : int
            Completions of each chain, and draws given each.
        """
        hierarchical = isinstance(route, Hierarchical)
        effort = OF_HIERARCHICAL if hierarchical else OF_REGRESSIONS

        def imputing(data: Observations) -> Mapping[Table, Conditional]:
            return self.hierarchical(route, data)

        def answering(data: Observations) -> Mapping[Table, Conditional]:
            return conditionals_of(route.model, route.tables, data)

        return [
            completions(
                self.incomplete,
                self.usual,
                imputing if hierarchical else self.usual,
                answering,
                Sweeps(
                    effort.burn_in,
                    effort.thin,
                    number,
                    draws,
                    effort.pilot,
                    effort.most_thin,
                ),
                np.random.default_rng([seed, chain]),
            )
            for chain in range(chains)
        ]


@dataclass(eq=False)
class _Kept:
    """What was computed of a study for one diagram."""

    imputation: Imputation
    first: Observations | None = None
    drawn: dict[tuple[str, int, int, int, int], list[list[Completion]]] | None = None


_KEPT: WeakKeyDictionary[Observations, dict[str, _Kept]] = WeakKeyDictionary()


def _kept(model: CausalDiagram, data: Observations) -> _Kept:
    by_model = _KEPT.setdefault(data, {})
    plain = replace(model, route="auto")
    key = repr(plain)
    if key not in by_model:
        _refuse_other_columns(model, data)
        incomplete = incomplete_data(model, data).by_row
        by_model[key] = _Kept(Imputation(plain, incomplete))
    return by_model[key]


def _refuse_other_columns(model: CausalDiagram, data: Observations) -> None:
    """Raise unless data and diagram have the same variables, indicators aside."""
    made = [name for name in model.indicators.values() if name not in data.variables]
    whole = replace(data, variables=(*data.variables, *made))
    refuse_other_variables(model.diagram, whole)


def imputation_of(model: CausalDiagram, data: Observations) -> Imputation:
    """Return the missing values of a study, kept for questions that come later."""
    return _kept(model, data).imputation


def first_completion(model: CausalDiagram, data: Observations) -> Observations:
    """Return one completion of the data, for all but estimates.

    It has the rows, the levels and the columns of every completion: routes choose by it, questions
    are put into words, and checks of complete data are made on it.

    Parameters
    ----------
    model : CausalDiagram
    data : Observations
    """
    kept = _kept(model, data)
    if kept.first is None:
        imputation = kept.imputation
        rng = np.random.default_rng(_SEED_OF_CHECKS)
        (completion,) = completions(
            imputation.incomplete,
            imputation.usual,
            imputation.usual,
            lambda data: {},
            Sweeps(_SWEEPS_OF_CHECKS, 1, 1, 1),
            rng,
        )
        kept.first = with_source(data, imputation.completed(completion))
    return kept.first


def completions_of(
    route: Regression,
    data: Observations,
    seed: int,
    chains: int,
    number: int,
    draws: int,
) -> list[list[Completion]]:
    """Return completions and draws of a fit, computed again where they are not kept.

    Parameters
    ----------
    route : Regression or Hierarchical
    data : Observations
        With missing values.
    seed, chains, number, draws : int
        As in `Imputation.draw`.
    """
    kept = _kept(route.model, data)
    key = (route.model.route, seed, chains, number, draws)
    if kept.drawn is None or key not in kept.drawn:
        found = kept.imputation.draw(route, seed, chains, number, draws)
        kept.drawn = {key: found}
    return kept.drawn[key]
