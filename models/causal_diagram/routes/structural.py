"""The structural form: a table for each mechanism, with hidden variables summed out.

θ_box ~ Dirichlet in every row, log likelihood Σ_cells n log Σ_hidden Π_boxes θ_box, over the cells
that were seen. Hidden variables have a given number of levels. An intervention is surgery on the
mechanisms (truncated factorisation): those of the variables set give way to the values set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.assumption import Assumption
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.estimands import prior_dependent_effect
from causalstats.models.causal_diagram.levels import Levels
from causalstats.models.causal_diagram.observed_counts import add_counts_of_seen_cells
from causalstats.models.causal_diagram.routes.tables import TableRoute
from causalstats.models.causal_diagram.tables import Table, mechanism_tables

if TYPE_CHECKING:
    import pymc as pm


@dataclass(frozen=True)
class Structural(TableRoute):
    """Tables of all mechanisms, those of hidden variables too; sampled by NUTS."""

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        return mechanism_tables(self.model.diagram)

    def refuse(self, data: Observations) -> None:
        if self.model.diagram.roles.selected:
            raise ModelError(
                "The structural route models everybody, and the data are of the selected alone. "
                "Use route='reduced'."
            )
        super().refuse(data)

    def inputs(self, data: Observations) -> dict[str, np.ndarray]:
        levels = self.model.levels(data)
        weights = self.prior_weights(levels)
        codes = [
            data.places(name, levels[name]) for name in self.model.diagram.observed
        ]
        return {
            **{f"prior {name}": array for name, array in weights.items()},
            "cells": np.column_stack(codes),
            "counts": data.counts,
        }

    def build(self, data: Observations) -> pm.Model:
        """Mixtures of the mechanisms over the levels of hidden variables."""
        import pymc as pm
        import pytensor.tensor as pt

        inputs = self.inputs(data)
        levels = self.model.levels(data)
        coords = {table.variable: list(levels[table.variable]) for table in self.tables}
        with pm.Model(coords=coords) as graph:
            cells = pm.Data("cells", inputs["cells"])
            counts = pm.Data("counts", inputs["counts"])
            index = self._indices(cells, levels)
            terms = []
            for table in self.tables:
                weights = pm.Data(f"prior {table.name}", inputs[f"prior {table.name}"])
                theta = pm.Dirichlet(table.name, a=weights, dims=table.axes)
                terms.append(pt.log(theta)[tuple(index[name] for name in table.axes)])
            logarithm = sum(terms)
            if hidden := len(self.model.diagram.hidden):
                logarithm = pt.logsumexp(logarithm, axis=tuple(range(1, hidden + 1)))
            add_counts_of_seen_cells("seen cells", counts, logarithm)
        return graph

    def _indices(self, cells: Any, levels: Levels) -> dict[str, Any]:
        """Return the level of each variable in every cell: axis 0, then one for each hidden one."""
        observed = self.model.diagram.observed
        hidden = [
            table.variable for table in self.tables if table.variable not in observed
        ]
        shape = (-1, *[1] * len(hidden))
        index: dict[str, Any] = {
            name: cells[:, column].reshape(shape)
            for column, name in enumerate(observed)
        }
        for position, name in enumerate(hidden):
            axis = [1] * (len(hidden) + 1)
            axis[position + 1] = -1
            index[name] = np.arange(len(levels[name])).reshape(axis)
        return index

    def exact_posterior(self, data: Observations) -> None:
        return None

    def recover_marginals(
        self,
        draws: xr.Dataset,
        data: Observations,
        rng: np.random.Generator,
    ) -> xr.Dataset:
        """Add P(outcome | do(treatment)), which no relabelling of hidden levels changes.

        Parameters
        ----------
        draws : Dataset
        data : Observations
        rng : numpy Generator
        """
        model = self.model
        answer = self.probabilities(draws, data, (model.outcome,), (model.treatment,))
        return draws.assign({self._answer_name: answer})

    @property
    def _answer_name(self) -> str:
        """The name of P(outcome | do(treatment)) among the draws."""
        return (
            "interventional"
            if self.model.identification.identified
            else "prior_dependent"
        )

    def parameters(self, data: Observations) -> tuple[str, ...]:
        """Leave out tables of hidden variables, whose levels can change places: label switching."""
        hidden = set(self.model.diagram.hidden)
        observed = [table.name for table in self.tables if not set(table.axes) & hidden]
        return (self._answer_name, *observed)

    def assumptions(self) -> tuple[Assumption, ...]:
        diagram = self.model.diagram
        if not diagram.hidden:
            return ()
        levels = self.model.default_levels({})
        counts = [
            f"{name} {len(levels[name])}" for name in levels if name in diagram.hidden
        ]
        return (
            Assumption(
                name="levels of hidden variables",
                statement=f"Hidden variables have few levels: {', '.join(counts)}.",
                if_wrong="With too few, the model leaves out distributions that the diagram "
                "allows.",
                formula="p(v) = Σ_u p(u) Π_i p(v_i | parents, u), u of few levels",
                checks=("possible under the diagram",),
                fields=("hidden_levels",),
            ),
        )

    def extra_estimands(self) -> dict[str, Estimand]:
        if self.model.identification.identified:
            return {}
        return {"prior_dependent": prior_dependent_effect(self)}

    def probabilities(
        self,
        draws: xr.Dataset,
        data: Observations,
        outcome: Sequence[str],
        do: Sequence[str] = (),
        given: Sequence[str] = (),
    ) -> xr.DataArray:
        query = self.network(draws, data).query((*given, *outcome), do=list(do) or None)
        joint = np.asarray(query.values)
        first = 2 + len(do) + len(given)
        values = joint / joint.sum(axis=tuple(range(first, joint.ndim)), keepdims=True)
        coords = {name: draws[name] for name in ("chain", "draw")}
        dims = ("chain", "draw", *do, *given, *outcome)
        return xr.DataArray(values, dims=dims, coords=coords)

    def log_probabilities(self, draws: xr.Dataset, data: Observations) -> np.ndarray:
        names = self.model.diagram.observed
        levels = self.model.levels(data)
        joint = np.asarray(self.network(draws, data).query(names).values)
        codes = [data.places(name, levels[name]) for name in names]
        cells = np.ravel_multi_index(codes, joint.shape[2:])
        return np.log(joint.reshape(*joint.shape[:2], -1)[..., cells])

    def true_tables(self, mechanisms: xr.Dataset, levels: Levels) -> xr.Dataset:
        return mechanisms

    def unused_fields(self, data: Observations) -> dict[str, str]:
        unused = super().unused_fields(data)
        if not self.model.diagram.hidden:
            unused["hidden_levels"] = "no variable is hidden."
        return unused
