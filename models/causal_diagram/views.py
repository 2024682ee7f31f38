"""Other people's numbers, what the model says of the observed, and the pictures of `CausalDiagram`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
import xarray as xr

from causalstats.core.prediction import Prediction
from causalstats.core.views import DrawnView
from causalstats.data import Observations
from causalstats.diagrams.drawing.picture import child_within
from causalstats.diagrams.formats.causal_graph import root_name
from causalstats.models.causal_diagram.estimands import against_first
from causalstats.models.causal_diagram.tables import network_of
from causalstats.numerics.discrete import dirichlet

_DRAWS = 1000
_REPLICATIONS = 200
_MOST_NUMBERS = 2e7
_MOST_CELLS = 32  # of a picture


def baselines(model: Any, data: Observations) -> Mapping[str, Callable]:
    """What is done without a diagram: nothing is adjusted for, or everything that was observed is."""
    levels, x, y = model.levels(data), model.treatment, model.outcome
    others = [name for name in model.graph.nodes if name not in (x, y)]
    found = {"unadjusted": partial(_adjusted, model, data, levels, [])}
    if (
        others
        and _DRAWS * np.prod([len(levels[name]) for name in model.graph.nodes], dtype=float)
        <= _MOST_NUMBERS
    ):
        found["adjusted for all observed"] = partial(_adjusted, model, data, levels, others)
    return found


def _adjusted(
    model: Any,
    data: Observations,
    levels: Mapping[str, Sequence[Any]],
    others: list[str],
    rng: np.random.Generator,
) -> tuple[np.ndarray, None]:
    """Σ_w P(w) P(y | x, w), each level of the treatment against the first; draws of one number, and the means of several."""
    counts = data.table([*others, model.treatment, model.outcome], levels)
    given = dirichlet.draw(counts + model.concentration, (_DRAWS,), rng)
    strata = counts.sum(axis=(-2, -1))
    share = (
        dirichlet.draw(strata.ravel() + model.concentration, (_DRAWS,), rng).reshape(
            _DRAWS, *strata.shape
        )
        if others
        else np.ones(_DRAWS)
    )
    table = (share[..., None, None] * given).reshape(_DRAWS, -1, *counts.shape[-2:]).sum(axis=1)
    found = against_first(
        model,
        xr.DataArray(table[None], dims=("chain", "draw", model.treatment, model.outcome)),
        levels,
    ).to_numpy()[0]
    if model.headline == "bounds":  # beside which it stands twice
        return np.repeat(found.reshape(_DRAWS, -1).mean(axis=0), 2), None
    return (found, None) if found.ndim == 1 else (found.mean(axis=0), None)


def predictions(
    model: Any, draws: xr.Dataset, data: Observations, rng: np.random.Generator
) -> tuple[Prediction, ...]:
    """The share of every cell of the observed variables, beside replications; none where they are too many to look at."""
    levels, names = model.levels(data), model.diagram.observed
    counts = (
        data.table(names, levels)
        if np.prod([len(levels[name]) for name in names], dtype=float) <= _MOST_CELLS
        else None
    )
    if counts is None:
        return ()
    keep = np.linspace(0, draws.sizes["draw"] - 1, min(_REPLICATIONS, draws.sizes["draw"])).astype(
        int
    )
    joint = np.asarray(
        network_of(draws.isel(chain=[0], draw=keep), model.tables, levels).query(names).values
    )[0]
    total = len(data)
    replicated = rng.multinomial(total, joint.reshape(len(keep), -1)) / total
    labels = [
        ", ".join(str(levels[name][place]) for name, place in zip(names, cell, strict=True))
        for cell in np.ndindex(counts.shape)
    ]
    return (
        Prediction(
            name="shares of cells",
            groups=tuple(labels),
            observed=counts.ravel() / total,
            size=np.full(counts.size, float(total)),
            replicated=replicated,
            remedy="The diagram implies an independence that the data do not have: an arrow or a shared cause is missing.",
        ),
    )


def surgery(model: Any) -> DrawnView:
    """The diagram, and what is left of it when the treatment is cut; what the treatment shares hidden causes with is tinted, unless it acts within that."""
    apart = None if child_within(model.diagram, model.treatment) else model.treatment
    return DrawnView(
        draw=lambda: model.diagram.cut(model.treatment).draw(model.diagram, comb=apart)
    )


def pictured(diagram: Any) -> nx.DiGraph:
    """Nodes with `role`, hidden causes that nobody named with a label of their own."""
    graph = nx.DiGraph()
    for name in diagram.variables:
        unnamed = name in diagram.hidden and name == root_name(diagram.children(name))
        graph.add_node(
            name,
            role="hidden" if name in diagram.hidden else "observed",
            **({"label": "?"} if unnamed else {}),
        )
    graph.add_edges_from(
        (cause, name) for name in diagram.variables for cause in diagram.parents(name)
    )
    return graph
