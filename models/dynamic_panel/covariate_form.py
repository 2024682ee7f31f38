"""Whether covariates of a dynamic panel act by straight lines: a score test within units.

With unit means taken out, and lags, treatments, covariates and periods partialled out, a curve in a
covariate has no part in the residuals where the outcome is linear in it. The within estimate of
persistence is biased (Nickell 1981), which moves the test only as far as curves in a covariate are
correlated with the past outcome beside all else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.data import Panel
from causalstats.models.dynamic_panel.design import Design, design_of
from causalstats.models.shared.covariate_form import omitted_columns, score_test_p
from causalstats.numerics.panel.within_transformation import demeaned

if TYPE_CHECKING:
    from causalstats.models.dynamic_panel.model import DynamicPanel

_MOST_UNITS = 2_000  # of the same periods


def form_p_values(model: DynamicPanel, data: Panel) -> dict[str, float]:
    """Return the p-value of lack of fit of each numeric covariate."""
    added = omitted_columns(data)
    if not added:
        return {}
    design = design_of(model, data)
    rows, held, outcome = _within(design)
    residual = outcome - held @ np.linalg.lstsq(held, outcome, rcond=None)[0]
    starts = np.flatnonzero(np.diff(data.unit[rows], prepend=-1) != 0)
    cluster = data.cluster[data.unit[rows]]
    return {
        name: score_test_p(residual, demeaned(columns[rows], starts), held, cluster)
        for name, columns in added.items()
    }


def _within(design: Design) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows (n,), and their columns (n, k) and outcome (n,) less the means of units."""
    history = sum(label.startswith("history") for label in design.labels)
    lags = design.values.lags
    rows, columns = [], []
    for run in design.runs:
        part = slice(0, _MOST_UNITS)
        values = design.values.columns(run, part)
        without_history = np.delete(
            values, np.s_[values.shape[2] - 1 - history : -1], axis=2
        )
        centred = without_history - without_history.mean(axis=1, keepdims=True)
        columns.append(centred.reshape(-1, centred.shape[2]))
        rows.append(run.rows[part, lags:].ravel())
    stacked = np.vstack(columns)
    return np.concatenate(rows), stacked[:, :-1], stacked[:, -1]
