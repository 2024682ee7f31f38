"""Whether units next to each other, or treated alike, share shocks.

The series of a unit are derivatives of its log likelihood by the linear predictor of each row,
y_it - E(y_it | Σ_t y_it), over the root of their expected sum of squares: large counts weigh
as much as small ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_glm.design import Design
from causalstats.models.panel_glm.score_test import mode_of
from causalstats.models.shared.shared_shocks import (
    by_period,
    groupings,
    shared_by,
    shared_shocks_check,
)

if TYPE_CHECKING:
    from causalstats.models.panel_glm.model import PanelGLM

_MOST_UNITS = 20_000
_STEP = 1e-2


def shared_shocks(
    model: PanelGLM, data: Panel, design: Design, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the check of clusters next to each other, and of units alike; nothing of one period.

    Parameters
    ----------
    model : PanelGLM
    data : Panel
    design : Design
    estimands : tuple of str
    """
    found = groupings(data)
    rng = np.random.default_rng(0)
    suspects = shared_by(*_series(model, data, design), found, rng)
    return (
        shared_shocks_check(
            data,
            suspects,
            found,
            estimands=estimands,
            assumption=model.assumptions()[-1].name,
        ),
    )


def _series(
    model: PanelGLM, data: Panel, design: Design
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first treatment and residuals by cluster and period, shape (G, T) each.

    Parameters
    ----------
    model : PanelGLM
    data : Panel
    design : Design
    """
    family = model.outcome_family
    part = slice(0, _MOST_UNITS)
    seen, columns = design.seen[part], design.columns[part]
    treated = columns[:, :, 0]
    means = (treated * seen).sum(axis=1, keepdims=True) / seen.sum(
        axis=1, keepdims=True
    )
    predictor = (columns @ mode_of(model, data))[:, :, None]
    outcome = design.outcome[part]
    at = family.by_unit(predictor, outcome, seen)[:, 0]
    residuals, information = np.zeros(seen.shape), np.zeros(len(seen))
    for period in range(seen.shape[1]):
        step = np.zeros((1, seen.shape[1], 1))
        step[0, period] = _STEP
        up, down = (
            family.by_unit(moved, outcome, seen)[:, 0]
            for moved in (predictor + step, predictor - step)
        )
        residuals[:, period] = (up - down) / (2 * _STEP)
        information += np.maximum(2 * at - up - down, 0) / _STEP**2
    residuals = seen * residuals / np.sqrt(np.maximum(information, 1e-12))[:, None]
    row, position = _rows(data, design, len(seen))
    cluster = data.cluster[data.unit[row]]
    time = data.time[row]
    return (
        by_period(data, time, cluster, ((treated - means) * seen)[position]),
        by_period(data, time, cluster, residuals[position]),
    )


def _rows(
    data: Panel, design: Design, units: int
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return rows of the panel, and where the first units of a design have them.

    Parameters
    ----------
    data : Panel
    design : Design
    units : int
    """
    order = np.full(len(data.units), -1)
    order[design.unit[:units]] = np.arange(units)
    rows = np.flatnonzero(order[data.unit] >= 0)
    return rows, (order[data.unit[rows]], rows - data.starts[data.unit[rows]])
