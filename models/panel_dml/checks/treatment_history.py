"""Columns of a panel that say when its treatments changed, and residuals without what they explain.

Effects that grow or fade, that are anticipated or carried over, or that differ by the time of
adoption, and outcomes that move the next treatment, all leave residuals that are alike in units
with the same treatments. An event study (Sun & Abraham 2021, equation 20), by rows since and until
a change of the treatment, takes them out; shocks that such units share remain.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from causalstats.data import Panel
from causalstats.models.panel_dml.robust_errors import Residuals
from causalstats.numerics.panel.within_transformation import demeaned

_LONGEST = 8  # rows since or until a change that have a column each
_MOST_PATHS = 20  # whose effects have a column each
_NOTHING = 1e-8  # of the largest eigenvalue


def without_history(model: Any, data: Panel, found: Residuals) -> np.ndarray:
    """Return the residuals (n,) without what columns of the treatments' history explain of them."""
    count = len(found.unit)
    columns = np.hstack([*(_events(data, each) for each in data.treatment.T), _by_path(data)])
    if model.inside:
        columns = demeaned(columns, data.starts, data.weights)
    columns = (columns * np.sqrt(data.weights)[:, None])[:count]
    columns = columns - found.others @ (found.others.T @ columns)
    values, vectors = np.linalg.eigh(columns.T @ columns)
    kept = values > _NOTHING * max(values.max(initial=0.0), 1e-300)
    columns = columns @ (vectors[:, kept] / np.sqrt(values[kept]))
    left: np.ndarray = found.residuals - columns @ (columns.T @ found.residuals)
    return left


def paths(data: Panel) -> np.ndarray:
    """Return a number for each unit: the same for units with the same treatments at the same times."""
    starts = data.starts[1:]
    pairs = zip(np.split(data.time, starts), np.split(data.treatment, starts), strict=True)
    found: np.ndarray = pd.factorize(
        np.array([hash((time.tobytes(), treatment.tobytes())) for time, treatment in pairs])
    )[0]
    return found


def _events(data: Panel, treatment: np.ndarray) -> np.ndarray:
    """Rows since and until a change, each also times the treatment, and the treatments beside (n, m)."""
    same = np.diff(data.unit) == 0
    row, count = np.arange(len(data)), len(data)
    changes = np.zeros(count, bool)
    changes[1:] = same & (np.diff(treatment) != 0)
    last = np.maximum.accumulate(np.where(changes, row, -1))
    since = np.where(last >= data.starts[data.unit], row - last, -1)
    upcoming = np.minimum.accumulate(np.where(changes, row, count)[::-1])[::-1]
    upcoming = np.append(upcoming[1:], count)
    end = (data.starts + data.sizes)[data.unit]
    until = np.where(upcoming < end, upcoming - row, -1)
    dummies = [
        np.minimum(gap, _LONGEST) == length
        for gap in (since, until)
        for length in range(_LONGEST + 1)
    ]
    beside = [
        np.append(np.where(same, treatment[1:], 0.0), 0.0),
        np.insert(np.where(same, treatment[:-1], 0.0), 0, 0.0),
    ]
    columns = np.column_stack([*dummies, *beside])
    return np.hstack([columns, columns * treatment[:, None]])


def _by_path(data: Panel) -> np.ndarray:
    """Treatments of units with each of the most frequent paths (n, m)."""
    path = paths(data)
    sizes = np.bincount(path)
    frequent = np.argsort(-sizes, kind="stable")[:_MOST_PATHS]
    own = path[data.unit]
    columns = [(own == one)[:, None] * data.treatment for one in frequent if sizes[one] > 1]
    return np.hstack([np.empty((len(data), 0)), *columns])
