"""Event-study columns: residuals with the treatments' history partialled out.

Effects that grow or fade, that are anticipated or carried over, or that differ by the time of
adoption, and outcomes that move the next treatment, all leave residuals that are alike in units
with the same treatments. An event study (Sun & Abraham 2021, equation 20), by rows since and until
a change of the treatment, partials them out; shocks that such units share remain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.data import Panel
from causalstats.models.panel_dml.robust_errors import Residuals
from causalstats.models.shared.treatment_paths import paths
from causalstats.numerics.panel.within_transformation import demeaned

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_LONGEST = 8  # rows since or until a change that have a column each
_MOST_PATHS = 20  # whose effects have a column each
_RANK_TOLERANCE = 1e-8  # of the largest eigenvalue


def without_history(model: PanelDML, data: Panel, residuals: Residuals) -> np.ndarray:
    """Return the residuals (n,) with columns of the treatments' history partialled out.

    Parameters
    ----------
    model : PanelDML
    data : Panel
    residuals : Residuals
    """
    count = len(residuals.unit)
    events = [_events(data, treatment) for treatment in data.treatment.T]
    columns = np.hstack([*events, _by_path(data)])
    if model.within_units:
        columns = demeaned(columns, data.starts, data.weights)
    columns = (columns * np.sqrt(data.weights)[:, None])[:count]
    columns = columns - residuals.others @ (residuals.others.T @ columns)
    values, vectors = np.linalg.eigh(columns.T @ columns)
    kept = values > _RANK_TOLERANCE * max(values.max(initial=0.0), 1e-300)
    orthonormal = columns @ (vectors[:, kept] / np.sqrt(values[kept]))
    explained = orthonormal @ (orthonormal.T @ residuals.residuals)
    return np.asarray(residuals.residuals - explained)


def _events(data: Panel, treatment: np.ndarray) -> np.ndarray:
    """Dummies of rows since and until a change of the treatment (n,), leads and lags (n, m).

    Each column stands beside itself times the treatment.
    """
    same_unit = np.diff(data.unit) == 0
    row, count = np.arange(len(data)), len(data)
    changes = np.zeros(count, bool)
    changes[1:] = same_unit & (np.diff(treatment) != 0)
    last = np.maximum.accumulate(np.where(changes, row, -1))
    start = data.starts[data.unit]
    since = np.where(last >= start, row - last, -1)
    backwards = np.where(changes, row, count)[::-1]
    upcoming = np.minimum.accumulate(backwards)[::-1]
    upcoming = np.append(upcoming[1:], count)
    end = start + data.sizes[data.unit]
    until = np.where(upcoming < end, upcoming - row, -1)
    dummies = [
        np.minimum(gap, _LONGEST) == length
        for gap in (since, until)
        for length in range(_LONGEST + 1)
    ]
    lead = np.append(np.where(same_unit, treatment[1:], 0.0), 0.0)
    lag = np.insert(np.where(same_unit, treatment[:-1], 0.0), 0, 0.0)
    columns = np.column_stack([*dummies, lead, lag])
    return np.hstack([columns, columns * treatment[:, None]])


def _by_path(data: Panel) -> np.ndarray:
    """Treatments of units with each of the most frequent paths (n, m)."""
    path = paths(data)
    sizes = np.bincount(path)
    frequent = np.argsort(-sizes, kind="stable")[:_MOST_PATHS]
    path_of_row = path[data.unit]
    columns = [
        (path_of_row == one)[:, None] * data.treatment
        for one in frequent
        if sizes[one] > 1
    ]
    return np.hstack([np.empty((len(data), 0)), *columns])
