"""Posterior predictive check of tables: cell frequencies of all observed variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.prediction import Prediction
from causalstats.data import Observations

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.routes.tables import TableRoute

_REPLICATIONS = 200
_MOST_CELLS_OF_A_PICTURE = 32


def cell_shares(
    route: TableRoute,
    draws: xr.Dataset,
    data: Observations,
    rng: np.random.Generator,
) -> tuple[Prediction, ...]:
    """Return the share of every cell beside replications; none where the cells are too many.

    Parameters
    ----------
    route : TableRoute
    draws : Dataset
        Draws of the posterior.
    data : Observations
    rng : numpy Generator
    """
    levels = route.model.levels(data)
    names = route.model.diagram.observed
    if (
        np.prod([len(levels[name]) for name in names], dtype=float)
        > _MOST_CELLS_OF_A_PICTURE
    ):
        return ()
    counts = data.table(names, levels)
    size = draws.sizes["draw"]
    kept = np.linspace(0, size - 1, min(_REPLICATIONS, size)).astype(int)
    network = route.network(draws.isel(chain=[0], draw=kept), data)
    joint = np.asarray(network.query(names).values)[0]
    total = len(data)
    replicated = rng.multinomial(total, joint.reshape(len(kept), -1)) / total
    labels = []
    for cell in np.ndindex(counts.shape):
        states = [levels[name][index] for name, index in zip(names, cell, strict=True)]
        labels.append(", ".join(map(str, states)))
    return (
        Prediction(
            name="shares of cells",
            groups=tuple(labels),
            observed=counts.ravel() / total,
            size=np.full(counts.size, float(total)),
            replicated=replicated,
            remedy="The diagram implies an independence that the data do not have: an arrow or a "
            "shared cause is missing.",
        ),
    )
