"""Checks of the rows of `Decisions`: independence, copies, and values as they were measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.models.shared.independent_rows import (
    INDEPENDENT_PEOPLE,
    Scores,
    is_table_of_counts,
    least_squares_residuals,
    no_row_twice,
    rows_independent,
)
from causalstats.models.shared.measurement import recorded_values
from causalstats.numerics.regression.ridge_logistic import fitted_probabilities

_RIDGE = 1.0
_MOST_PEOPLE = 50_000  # the first of them
_ROWS_A_DECIDER = 20


def people_checks(data: Decisions, *, numeric_outcome: bool) -> tuple[Check, ...]:
    """Return checks of rows, by the residuals of the decision, and of the outcomes that are seen.

    Parameters
    ----------
    data : Decisions
    numeric_outcome : bool
        Whether the outcome is a number, else it is 0 or 1.
    """
    arguments: Any = data.arguments
    outcome = arguments["outcome"] if numeric_outcome else None
    seen = data.source.loc[data.decision] if numeric_outcome else data.source
    return (
        *_neighbours(data, numeric_outcome),
        *no_row_twice(data.source, INDEPENDENT_PEOPLE, "person"),
        *recorded_values(data.source, [*data.design.variables]),
        *recorded_values(seen, [] if outcome is None else [outcome], outcome),
    )


def _neighbours(data: Decisions, numeric_outcome: bool) -> tuple[Check, ...]:
    if is_table_of_counts(data.source):
        return ()
    decision = data.decision[:_MOST_PEOPLE]
    outcome = data.outcome[:_MOST_PEOPLE]
    features = _features(data)
    of_outcome = (
        least_squares_residuals(features[decision], outcome[decision][:, None])
        if numeric_outcome
        else _residuals(features[decision], outcome[decision])
    )
    equations = [Scores(of_outcome, outcome[decision][:, None])]
    if not decision.all():
        of_decision = _residuals(features, decision * 1.0)
        equations.append(Scores(of_decision, decision[:, None] * 1.0))
    return rows_independent(
        equations,
        remedy="Name what they share as a feature, or the `decider=`; keep one row of each person.",
        assumption=INDEPENDENT_PEOPLE,
    )


def _features(data: Decisions) -> np.ndarray:
    """Standardised features, with a column for each decider where these have enough rows."""
    matrix = data.matrix[:_MOST_PEOPLE]
    spread = matrix.std(axis=0)
    columns = (matrix - matrix.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    if data.decider is None or len(matrix) < _ROWS_A_DECIDER * len(data.deciders):
        return np.asarray(columns)
    deciders = pd.get_dummies(data.decider[:_MOST_PEOPLE]).to_numpy(float)
    return np.column_stack([columns, deciders[:, 1:]])


def _residuals(features: np.ndarray, event: np.ndarray) -> np.ndarray:
    design = np.column_stack([np.ones(len(features)), features])
    return np.asarray(event - fitted_probabilities(design, event, _RIDGE))[:, None]
