"""A second study of as many people, drawn at given tables of probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Observations

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.routes.tables import TableRoute


def with_replication(
    route: TableRoute, draws: xr.Dataset, data: Observations, rng: np.random.Generator
) -> Simulation:
    """Return the study with a second one behind it, drawn at the one draw given.

    Parameters
    ----------
    route : TableRoute
    draws : Dataset
        Tables.
    data : Observations
    rng : Generator
    """
    levels = route.model.levels(data)
    names = route.model.diagram.observed
    shape = tuple(len(levels[name]) for name in names)
    cells = route.observed_units(draws, data, rng).replicate()[0]
    places = dict(zip(names, np.unravel_index(cells, shape), strict=True))
    columns = []
    for name, known in data.levels.items():
        position = [list(levels[name]).index(level) for level in known]
        back = np.full(shape[names.index(name)], -1)
        back[position] = np.arange(len(known))
        columns.append(back[places[name]])
    both = data.with_second_study(np.column_stack(columns))
    return Simulation(data=both, truth=draws, realised={})
