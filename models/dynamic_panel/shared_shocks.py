"""Whether units next to each other, or treated alike, share shocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.dynamic_panel.density import (
    Scales,
    coefficient_moments,
    constrained,
    sample_scales,
)
from causalstats.models.dynamic_panel.design import design_of, unit_columns
from causalstats.models.shared.shared_shocks import (
    groupings,
    shared_by,
    shared_shocks_check,
)

if TYPE_CHECKING:
    from causalstats.models.dynamic_panel.model import DynamicPanel

_DRAWS = 400
_SEED = 19910401


def shared_shocks(
    model: DynamicPanel, data: Panel, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the check of clusters next to each other, and of units alike; nothing of one period.

    Parameters
    ----------
    model : DynamicPanel
    data : Panel
    estimands : tuple of str
    """
    design = design_of(model, data)
    if len(design.periods) < 2:
        return ()
    found = groupings(data)
    treatments, errors = unit_series(model, data)
    rng = np.random.default_rng(0)
    return (
        shared_shocks_check(
            data,
            shared_by(treatments, errors, found, rng),
            found,
            estimands=estimands,
            assumption=model.assumptions()[-1].name,
        ),
    )


def unit_series(model: DynamicPanel, data: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Return the first treatment and residuals about unit means, by cluster and period, (G, T)."""
    design = design_of(model, data)
    points = sample_scales(model, design, _DRAWS, np.random.default_rng(_SEED)).points
    scales = Scales(*constrained(model, points))
    coefficients = coefficient_moments(scales, design)[0].mean(axis=0)
    treatments, errors = np.zeros((2, len(data.clusters), len(design.periods)))
    for block in unit_columns(model, data):
        residuals = block.columns[:, :, -1] - block.columns[:, :, :-1] @ coefficients
        cells = np.ix_(data.cluster[block.unit], block.periods)
        for sums, values in (
            (errors, residuals),
            (treatments, block.columns[:, :, model.lags]),
        ):
            apart = values - values.mean(axis=1, keepdims=True)
            np.add.at(sums, cells, block.weights[:, None] * apart)
    return treatments, errors
