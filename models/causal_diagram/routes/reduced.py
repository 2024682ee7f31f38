"""The reduced form: tables of the observed distribution, put into the identified formula.

θ ~ Dirichlet(w) in every row of P(v_i | pillow of v_i), whose posterior is Dirichlet(w + counts).
Each draw of the tables is a draw of the observed distribution, and the formula that the diagram
identifies (a back-door or front-door adjustment, or any that the ID algorithm gives) makes a draw
of the effect out of it. Draws are independent, and nothing is sampled by Markov chains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.abilities import DrawExactly
from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.diagrams.identification.evaluation import evaluate
from causalstats.diagrams.identification.identification import identify
from causalstats.models.causal_diagram.checks.instrumental_inequalities import (
    instrumental_inequalities,
)
from causalstats.models.causal_diagram.checks.prior_sensitivity import (
    Compute,
    prior_sensitivity,
)
from causalstats.models.causal_diagram.levels import Levels
from causalstats.models.causal_diagram.observed_counts import add_counts
from causalstats.models.causal_diagram.routes.tables import TableRoute
from causalstats.models.causal_diagram.tables import (
    ObservedDistribution,
    Table,
    cell_counts,
    draw_tables,
    mechanism_tables,
    network_of_draws,
    reduced_form_tables,
    tables_as_draws,
)
from causalstats.models.causal_diagram.validation import refuse_unidentified

if TYPE_CHECKING:
    import pymc as pm


@dataclass(frozen=True)
class ReducedForm(TableRoute):
    """Tables of the observed distribution alone, with a posterior in closed form."""

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        return reduced_form_tables(self.model.graph)

    def refuse(self, data: Observations) -> None:
        if self.model.diagram.roles.selected:
            refuse_unidentified(self.model.identification)
        super().refuse(data)

    def inputs(self, data: Observations) -> dict[str, np.ndarray]:
        levels = self.model.levels(data)
        weights = self.prior_weights(levels)
        counts = cell_counts(self.tables, levels, data)
        return {
            **{f"prior {name}": array for name, array in weights.items()},
            **{f"counts {name}": array for name, array in counts.items()},
        }

    def build(self, data: Observations) -> pm.Model:
        """θ_table ~ Dirichlet in every row, log likelihood Σ n log θ."""
        import pymc as pm

        inputs = self.inputs(data)
        levels = self.model.levels(data)
        coords = {table.variable: list(levels[table.variable]) for table in self.tables}
        with pm.Model(coords=coords) as graph:
            for table in self.tables:
                name = table.name
                weights = pm.Data(f"prior {name}", inputs[f"prior {name}"])
                counts = pm.Data(f"counts {name}", inputs[f"counts {name}"])
                theta = pm.Dirichlet(name, a=weights, dims=table.axes)
                add_counts(f"cells {name}", counts, theta)
        return graph

    def exact_posterior(self, data: Observations) -> DrawExactly:
        levels = self.model.levels(data)
        weights = self.prior_weights(levels)  # refuses tables that cannot be held
        counts = cell_counts(self.tables, levels, data)
        posterior = {name: weight + counts[name] for name, weight in weights.items()}

        def draw(
            chains: int,
            draws: int,
            rng: np.random.Generator,
        ) -> xr.Dataset:
            return draw_tables(posterior, self.tables, levels, (chains, draws), rng)

        return draw

    def recover_marginals(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> xr.Dataset:
        return draws

    def parameters(self, data: Observations) -> tuple[str, ...]:
        return ()

    def probabilities(
        self,
        draws: xr.Dataset,
        data: Observations,
        outcome: Sequence[str],
        do: Sequence[str] = (),
        given: Sequence[str] = (),
    ) -> xr.DataArray:
        identification = identify(self.model.graph, outcome, do, given)
        assert identification.expression is not None
        names = (*do, *given, *outcome)
        source = ObservedDistribution(self.network(draws, data))
        answer = evaluate(
            identification.expression, source, names, identification.irrelevant
        )
        coords = {name: draws[name] for name in ("chain", "draw")}
        return xr.DataArray(
            answer.values, dims=("chain", "draw", *names), coords=coords
        )

    def log_likelihood(self, draws: xr.Dataset, data: Observations) -> xr.DataArray:
        counts = cell_counts(self.tables, self.model.levels(data), data)
        total = xr.zeros_like(draws["draw"], float) + xr.zeros_like(
            draws["chain"], float
        )
        for table in self.tables:
            cells = xr.DataArray(counts[table.name], dims=table.axes)
            logarithm = np.log(draws[table.name].where(cells > 0, 1.0))
            total = total + (cells * logarithm).sum(table.axes)
        return total.transpose("chain", "draw")

    def log_probabilities(self, draws: xr.Dataset, data: Observations) -> np.ndarray:
        levels = self.model.levels(data)
        shape = (draws.sizes["chain"], draws.sizes["draw"], len(data.counts))
        total = np.zeros(shape)
        for table in self.tables:
            codes = [data.places(name, levels[name]) for name in table.axes]
            theta = draws[table.name].transpose("chain", "draw", *table.axes)
            cell = np.ravel_multi_index(codes, theta.shape[2:])
            flat = theta.to_numpy().reshape(*shape[:2], -1)
            total += np.log(flat[..., cell])
        return total

    def true_tables(self, mechanisms: xr.Dataset, levels: Levels) -> xr.Dataset:
        boxes = mechanism_tables(self.model.diagram)
        network = network_of_draws(mechanisms, boxes, levels)
        arrays = {}
        for table in self.tables:
            joint = np.asarray(network.query(table.axes).values)
            arrays[table.name] = joint / joint.sum(axis=-1, keepdims=True)
        return tables_as_draws(arrays, self.tables, levels)

    def prior_checks(
        self,
        compute: Compute,
        draws: xr.Dataset,
        data: Observations,
        do: Sequence[str],
    ) -> tuple[Check, ...]:
        return (prior_sensitivity(self, compute, draws, data, do),)

    def data_checks(self, data: Observations) -> tuple[Check, ...]:
        return instrumental_inequalities(self.model, data)

    def unused_fields(self, data: Observations) -> dict[str, str]:
        reason = (
            f"route={self.model.route!r} does not use it: "
            "hidden variables have no mechanism in it."
        )
        return super().unused_fields(data) | {"hidden_levels": reason}
