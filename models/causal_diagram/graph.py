"""The PyMC graphs of `CausalDiagram`: tables of the observed distribution, or the mechanisms with what is hidden summed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.causal_diagram.tables import Levels, Table

if TYPE_CHECKING:
    import pymc as pm


def reduced(inputs: Mapping[str, np.ndarray], tables: Sequence[Table], levels: Levels) -> pm.Model:
    """θ_table ~ Dirichlet in every row, log likelihood Σ n log θ: what `exact` draws from in closed form."""
    import pymc as pm
    import pytensor.tensor as pt

    with _model(tables, levels) as graph:
        for table in tables:
            weights, counts = (
                pm.Data(f"{what} {table.name}", inputs[f"{what} {table.name}"])
                for what in ("prior", "counts")
            )
            theta = pm.Dirichlet(table.name, a=weights, dims=table.axes)
            pm.Potential(f"likelihood {table.name}", (counts * pt.log(theta)).sum())
    return graph


def structural(
    inputs: Mapping[str, np.ndarray],
    tables: Sequence[Table],
    levels: Levels,
    observed: Sequence[str],
) -> pm.Model:
    """θ_box ~ Dirichlet in every row, log likelihood Σ_cells n log Σ_hidden Π_boxes θ_box, over the cells that were seen."""
    import pymc as pm
    import pytensor.tensor as pt

    hidden = [table.variable for table in tables if table.variable not in observed]
    with _model(tables, levels) as graph:
        cells, counts = (pm.Data(name, inputs[name]) for name in ("cells", "counts"))
        place: dict[str, Any] = {
            name: cells[:, k].reshape((-1, *[1] * len(hidden))) for k, name in enumerate(observed)
        }
        for k, name in enumerate(hidden):
            place[name] = np.arange(len(levels[name])).reshape(
                [-1 if axis == k + 1 else 1 for axis in range(len(hidden) + 1)]
            )
        terms = []
        for table in tables:
            theta = pm.Dirichlet(
                table.name,
                a=pm.Data(f"prior {table.name}", inputs[f"prior {table.name}"]),
                dims=table.axes,
            )
            terms.append(pt.log(theta)[tuple(place[name] for name in table.axes)])
        logarithm = sum(terms)
        if hidden:
            logarithm = pt.logsumexp(logarithm, axis=tuple(range(1, len(hidden) + 1)))
        pm.Potential("likelihood", (counts * logarithm).sum())
    return graph


def _model(tables: Sequence[Table], levels: Levels) -> pm.Model:
    import pymc as pm

    return pm.Model(coords={table.variable: list(levels[table.variable]) for table in tables})
