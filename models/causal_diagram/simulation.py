"""Simulated observations of a diagram, with the true tables of every mechanism."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Observations
from causalstats.diagrams.networks.bayesian_network import BayesianNetwork
from causalstats.models.causal_diagram.levels import Levels
from causalstats.models.causal_diagram.table_priors import TABLE_PRIORS
from causalstats.models.causal_diagram.tables import (
    Table,
    draw_tables,
    mechanism_tables,
    network_of_draws,
    prior_weights,
)

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.routes.tables import TableRoute


def simulate(
    route: TableRoute,
    seed: int,
    people: int,
    design: str,
) -> Simulation:
    """Return observations of a diagram, with the tables of the route that made them.

    Parameters
    ----------
    route : TableRoute
    seed : int
    people : int
    design : "mechanisms" or "prior"
        As for `CausalDiagram.simulate`.
    """
    model = route.model
    rng = np.random.default_rng(seed)
    levels = model.default_levels({})
    if design == "prior":
        tables = route.tables
        weights = route.prior_weights(levels)
    else:
        tables = mechanism_tables(model.diagram)
        weights = prior_weights(tables, levels, 1.0, TABLE_PRIORS["cells"])
    drawn = draw_tables(weights, tables, levels, (1, 1), rng)
    truth = drawn if design == "prior" else route.true_tables(drawn, levels)
    network = _single_network(drawn, tables, levels)
    frame = network.sample(people, int(rng.integers(2**32)))[
        list(model.diagram.observed)
    ]
    cells = _with_unseen_levels(frame, levels)
    if model.indicators:
        cells = _with_gaps(cells, levels, model.indicators)
    data = Observations.from_frame(cells, counts="n", missing="keep")
    truth = route.recover_marginals(truth, data, rng)
    return Simulation(data=data, truth=truth, realised={"observations": float(people)})


def _single_network(
    drawn: xr.Dataset,
    tables: tuple[Table, ...],
    levels: Levels,
) -> BayesianNetwork:
    """Return the network of the first draw alone."""
    network = network_of_draws(drawn, tables, levels)
    first = {name: array[0, 0] for name, array in network.mechanisms.items()}
    return BayesianNetwork(network.diagram, first)


def _with_unseen_levels(frame: pd.DataFrame, levels: Levels) -> pd.DataFrame:
    """Return counts of each cell, and rows with count 0 for levels that nobody has."""
    cells = frame.value_counts(sort=False).rename("n").reset_index()
    names = list(map(str, frame))
    most = max(len(levels[name]) for name in names)
    columns = {}
    for name in names:
        last = len(levels[name]) - 1
        columns[name] = [levels[name][min(k, last)] for k in range(most)]
    return pd.concat([pd.DataFrame(columns).assign(n=0), cells], ignore_index=True)


def _with_gaps(
    cells: pd.DataFrame, levels: Levels, indicators: Mapping[str, str]
) -> pd.DataFrame:
    """Return cells without the values that were not seen, and without indicators.

    Parameters
    ----------
    cells : DataFrame
        With counts n, of which those of cells that only name levels are 0.
    levels : mapping of variable to its levels
    indicators : mapping of variable to its indicator
    """
    frame = cells.drop(columns=list(indicators.values()))
    for variable, indicator in indicators.items():
        hidden = (cells[indicator] == levels[indicator][0]) & (cells["n"] > 0)
        frame[variable] = frame[variable].mask(hidden)
    return frame
