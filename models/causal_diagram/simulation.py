"""Observations of a diagram with known mechanisms, hidden ones too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.simulation import Simulation
from causalstats.data import Observations
from causalstats.diagrams.networks.bayesian_network import BayesianNetwork
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import tables as tables


def simulate(model: Any, seed: int, people: int, design: str) -> Simulation:
    """As `CausalDiagram.simulate` says."""
    if design not in ("mechanisms", "prior"):
        raise ModelError(f"Expected a design 'mechanisms' or 'prior', got {design!r}.")
    if not (isinstance(people, int) and people > 0):
        raise ModelError(f"Expected a whole number of people, got {people!r}.")
    rng = np.random.default_rng(seed)
    levels = model.every_level({})
    own = model.tables
    if design == "prior":
        truth = tables.draw(
            tables.weights(own, levels, model.concentration, model.prior), own, levels, (1, 1), rng
        )
        network = _first(tables.network_of(truth, own, levels))
    else:
        boxes = tables.boxes_of(model.diagram)
        drawn = tables.draw(tables.weights(boxes, levels, 1.0, "cells"), boxes, levels, (1, 1), rng)
        network = _first(tables.network_of(drawn, boxes, levels))
        truth = drawn if model.route == "structural" else _observed(network, own, levels)
    frame = network.sample(people, int(rng.integers(2**32)))[list(model.diagram.observed)]
    data = Observations.from_frame(_with_every_level(frame, levels), counts="n")
    if model.route == "structural":
        truth = model.recover_marginals(truth, data, rng)
    return Simulation(data=data, truth=truth, realised={"observations": float(people)})


def _first(network: BayesianNetwork) -> BayesianNetwork:
    """The network of the first draw alone."""
    return BayesianNetwork(
        network.diagram, {name: array[0, 0] for name, array in network.mechanisms.items()}
    )


def _observed(
    network: BayesianNetwork, own: tuple[tables.Table, ...], levels: tables.Levels
) -> xr.Dataset:
    """The tables of the observed distribution that mechanisms make."""
    found: dict[str, Any] = {}
    for table in own:
        joint = np.asarray(network.query(table.axes).values)
        found[table.name] = (
            ("chain", "draw", *table.axes),
            (joint / joint.sum(axis=-1, keepdims=True))[None, None],
        )
    return xr.Dataset(
        found,
        {
            "chain": [0],
            "draw": [0],
            **{table.variable: list(levels[table.variable]) for table in own},
        },
    )


def _with_every_level(frame: pd.DataFrame, levels: tables.Levels) -> pd.DataFrame:
    """Counts of each cell, and rows with count 0 for levels that nobody has."""
    cells = frame.value_counts(sort=False).rename("n").reset_index()
    names = list(map(str, frame))
    longest = max(len(levels[name]) for name in names)
    missing = pd.DataFrame(
        {
            name: [levels[name][min(k, len(levels[name]) - 1)] for k in range(longest)]
            for name in names
        }
    ).assign(n=0)
    return pd.concat([missing, cells], ignore_index=True)
