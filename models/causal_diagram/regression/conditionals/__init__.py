"""Conditional distributions of the g-formula: linear, logistic or a table, chosen by the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from causalstats.models.causal_diagram.regression.conditionals.base import Conditional
from causalstats.models.causal_diagram.regression.conditionals.hierarchical import (
    HierarchicalLogistic,
)
from causalstats.models.causal_diagram.regression.conditionals.linear import (
    LinearRegression,
)
from causalstats.models.causal_diagram.regression.conditionals.logistic import (
    LogisticRegression,
)
from causalstats.models.causal_diagram.regression.conditionals.table import (
    TableOfLabels,
)

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.tables import Table

_ROWS_PER_CELL = 10  # on average, in each cell of what a table is given

__all__ = [
    "Conditional",
    "HierarchicalLogistic",
    "LinearRegression",
    "LogisticRegression",
    "TableOfLabels",
    "conditionals_of",
    "hierarchical_kind",
    "usual_kind",
]


def usual_kind(table: Table, data: Observations) -> type[Conditional]:
    """Return the kind of a conditional distribution: linear, a table, or logistic.

    A categorical variable given categorical ones is a table where its rows have ten observations or
    more on average. With fewer it is a logistic regression, which borrows strength between cells.
    """
    if table.variable in data.continuous:
        return LinearRegression
    if set(table.given) & set(data.continuous):
        return LogisticRegression
    cells = float(
        np.prod([len(data.levels[name]) for name in table.given], dtype=float)
    )
    full = not table.given or len(data) >= _ROWS_PER_CELL * cells
    return TableOfLabels if full else LogisticRegression


def hierarchical_kind(table: Table, data: Observations) -> type[Conditional]:
    """Return the kind of a conditional distribution: linear, or hierarchical logistic."""
    return (
        LinearRegression if table.variable in data.continuous else HierarchicalLogistic
    )


def conditionals_of(
    model: CausalDiagram,
    tables: Sequence[Table],
    data: Observations,
) -> dict[Table, Conditional]:
    """Return each conditional distribution of a formula on these data.

    Parameters
    ----------
    model : CausalDiagram
    tables : sequence of Table
    data : Observations
    """
    levels = model.levels(data)
    return {
        table: model.kind_of(table, data)(model, table, number, data, levels)
        for number, table in enumerate(tables)
    }
