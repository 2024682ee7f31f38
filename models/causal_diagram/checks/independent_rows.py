"""Independence of the rows of `Observations`, by the scores of the arrows that carry the effect.

For an arrow from P to V the score of a row is the product of two residuals: of V given its parents,
and of P given the other parents of V. Its sum is what the coefficient of P is estimated from
(Frisch-Waugh-Lovell).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pandas as pd

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.models.causal_diagram.assumptions import INDEPENDENT_OBSERVATIONS
from causalstats.models.shared.independent_rows import (
    Scores,
    is_table_of_counts,
    least_squares_residuals,
    no_row_twice,
    rows_independent,
)
from causalstats.models.shared.labels_written_alike import labels_written_alike
from causalstats.models.shared.measurement import MEASUREMENT, recorded_values
from causalstats.models.shared.rows_of_groups import Residuals, groups_independent
from causalstats.models.shared.scaled_counts import no_common_factor

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram

_MOST_ARROWS = 20
_MOST_CELLS = 256
_ROWS_A_CELL = 10


def row_checks(model: CausalDiagram, data: Observations) -> tuple[Check, ...]:
    """Return checks of rows: codes for missing values, copies, and likeness to neighbours.

    Parameters
    ----------
    model : CausalDiagram
    data : Observations
    """
    scaled: tuple[Check, ...] = ()
    if not data.continuous:
        scaled = no_common_factor(data.counts, INDEPENDENT_OBSERVATIONS)
    if data.arguments["counts"] is not None:
        return (*labels_written_alike(data.source, MEASUREMENT), *scaled)
    outcome = model.outcome if model.outcome in data.continuous else None
    numeric = [name for name in data.variables if name in data.continuous]
    return (
        *_order(model, data),
        *no_row_twice(data.source[list(data.variables)], INDEPENDENT_OBSERVATIONS),
        *scaled,
        *recorded_values(data.source, numeric, outcome),
    )


def _order(model: CausalDiagram, data: Observations) -> tuple[Check, ...]:
    arrows = _arrows(model)
    if not arrows or is_table_of_counts(data.source[list(data.variables)]):
        return ()
    scores = []
    groups = {}
    for cause, effect, others in arrows:
        columns = _design(data, [*others, cause], len(data.source))
        of_effect = least_squares_residuals(columns, _numbers(data, effect)[:, None])
        given = _design(data, others, len(data.source))
        of_cause = least_squares_residuals(given, _numbers(data, cause)[:, None])
        scores.append(of_effect * of_cause)
        numbers = {
            name: _numbers(data, name)
            for name in (*others, cause)
            if name in data.continuous
        }
        groups[effect] = Residuals(of_effect[:, 0], numbers)
    explained = dict.fromkeys(effect for _, effect, _ in arrows)
    return (
        *rows_independent(
            [
                Scores(
                    np.column_stack(scores),
                    np.column_stack([_numbers(data, name) for name in explained]),
                )
            ],
            remedy="Draw what they share as a variable of the diagram; or keep one row of each "
            "cluster. Rows of the same units over time are a `Panel`.",
            assumption=INDEPENDENT_OBSERVATIONS,
        ),
        *groups_independent(
            list(groups.values()),
            remedy="Take a row a group, the means of its rows.",
            assumption=INDEPENDENT_OBSERVATIONS,
        ),
    )


def _arrows(model: CausalDiagram) -> list[tuple[str, str, list[str]]]:
    """Cause, effect and other observed parents, of arrows between treatment and outcome."""
    graph = model.graph
    if not model.treatment or not model.outcome:
        return []
    directed = nx.DiGraph(graph.directed)
    directed.add_nodes_from(graph.nodes)
    after = nx.descendants(directed, model.treatment)
    before = {*nx.ancestors(directed, model.outcome), model.outcome}
    between = after & before
    arrows = []
    for effect in graph.nodes:
        if effect not in between:
            continue
        parents = [
            name for name in graph.nodes if (name, effect) in set(graph.directed)
        ]
        for cause in parents:
            if cause == model.treatment or cause in between:
                others = [name for name in parents if name != cause]
                arrows.append((cause, effect, others))
    return arrows[:_MOST_ARROWS]


def _numbers(data: Observations, name: str) -> np.ndarray:
    """Values of a number; positions of the levels of a label."""
    column = data.source[name]
    if name in data.continuous:
        return column.to_numpy(float)
    return pd.factorize(column, sort=True)[0].astype(float)


def _design(data: Observations, names: list[str], rows: int) -> np.ndarray:
    """Numbers as they are, labels by cell where cells hold enough rows, else by level."""
    numbers = [_numbers(data, name) for name in names if name in data.continuous]
    labels = [name for name in names if name not in data.continuous]
    parts = [np.empty((rows, 0)), *(column[:, None] for column in numbers)]
    if labels:
        cells = data.source[labels].groupby(labels, observed=True, sort=False).ngroup()
        if cells.nunique() <= min(_MOST_CELLS, rows / _ROWS_A_CELL):
            parts.append(pd.get_dummies(cells).to_numpy(float)[:, 1:])
        else:
            parts += [
                pd.get_dummies(data.source[name].astype(str)).to_numpy(float)[:, 1:]
                for name in labels
            ]
    return np.column_stack(parts)
