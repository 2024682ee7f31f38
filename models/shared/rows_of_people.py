"""Checks of the rows of `Decisions`: independence, copies, and values as they were measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.models.shared.bad_controls import no_copy_of_outcome
from causalstats.models.shared.independent_rows import (
    INDEPENDENT_PEOPLE,
    Scores,
    is_table_of_counts,
    least_squares_residuals,
    no_row_twice,
    rows_independent,
)
from causalstats.models.shared.measurement import recorded_values
from causalstats.models.shared.overlap_of_decisions import overlap_of_decisions
from causalstats.models.shared.reference_within_data import (
    reference_like_the_study,
    reference_within_data,
)
from causalstats.models.shared.rows_of_groups import Residuals, groups_independent
from causalstats.models.shared.weights_of_rows import no_rows_outweigh
from causalstats.numerics.regression.ridge_logistic import fitted_probabilities

_AFTERWARDS = (
    "If it was recorded after the decision, or made from what was seen then, leave it out: those "
    "not decided for have another value of it because nobody decided for them."
)
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
    return (
        *_neighbours(data, numeric_outcome),
        *_features_of_before(data),
        *overlap_of_decisions(data),
        *reference_within_data(data),
        *reference_like_the_study(data),
        *no_rows_outweigh(data.population.weights),
        *no_row_twice(_read(data), INDEPENDENT_PEOPLE, "person"),
        *recorded_values(data.source, [*data.design.variables]),
        *(() if outcome is None else _outcomes_seen(data, outcome)),
    )


def _read(data: Decisions) -> pd.DataFrame:
    """Return the columns that the model reads: those kept besides may number the rows."""
    besides = [*{*data.kept_columns} - {*data.design.variables}]
    return data.source.drop(columns=besides, errors="ignore")


def _outcomes_seen(data: Decisions, outcome: str) -> tuple[Check, ...]:
    """Return checks of the recorded outcomes of those decided for."""
    return recorded_values(
        data.source.loc[data.decision, [outcome]], [outcome], outcome
    )


def _neighbours(data: Decisions, numeric_outcome: bool) -> tuple[Check, ...]:
    if is_table_of_counts(data.source):
        return ()
    decision = data.decision[:_MOST_PEOPLE]
    outcome = data.outcome[:_MOST_PEOPLE]
    features = _features(data)
    equations, groups = [], []
    columns = dict(zip(data.features, data.matrix[:_MOST_PEOPLE].T, strict=True))
    seen = outcome[decision]
    if len(seen) and np.ptp(seen) > 0:
        of_outcome = (
            least_squares_residuals(features[decision], seen[:, None])
            if numeric_outcome
            else _residuals(features[decision], seen)
        )
        equations.append(Scores(of_outcome, seen[:, None]))
        of_seen = {name: values[decision] for name, values in columns.items()}
        groups.append(Residuals(of_outcome[:, 0], of_seen))
    if decision.any() and not decision.all():
        of_decision = _residuals(features, decision * 1.0)
        equations.append(Scores(of_decision, decision[:, None] * 1.0))
        groups.append(Residuals(of_decision[:, 0], columns))
    return (
        *rows_independent(
            equations,
            remedy="Name what they share as a feature, or the `decider=`; keep one row of each "
            "person.",
            assumption=INDEPENDENT_PEOPLE,
        ),
        *groups_independent(
            groups,
            remedy="Make the groups a feature, as text: `frame['group'].astype(str)`.",
            assumption=INDEPENDENT_PEOPLE,
        ),
    )


def _features_of_before(data: Decisions) -> tuple[Check, ...]:
    """Return the cautions that a feature repeats the decision, or the outcome where it is seen."""
    decision = data.decision[:_MOST_PEOPLE]
    seen = np.flatnonzero(decision)
    columns = data.matrix[:_MOST_PEOPLE].T
    everybody = dict(zip(data.features, columns, strict=True))
    decided = dict(zip(data.features, columns[:, seen], strict=True))
    return (
        *no_copy_of_outcome(
            decision * 1.0, everybody, (), "", repeated="decision", remedy=_AFTERWARDS
        ),
        *no_copy_of_outcome(data.outcome[seen], decided, (), "", remedy=_AFTERWARDS),
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
