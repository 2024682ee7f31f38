"""Correlation of residuals by lag: unit effects make it the same at every lag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.prediction import Prediction
from causalstats.models.dynamic_panel.density import scales_of
from causalstats.models.dynamic_panel.design import design_of, unit_columns
from causalstats.models.shared.sizes_of_units import (
    root_mean_squares,
    size_factors,
)

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Panel
    from causalstats.models.dynamic_panel.model import DynamicPanel

_REPLICATIONS = 200
_MOST_UNITS = 2_000
_MOST_LAGS = 4


def predictions(
    model: DynamicPanel, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> tuple[Prediction, ...]:
    """Return correlations of residuals by lag, beside those of replicated errors and unit effects.

    Residuals are those at the mean of the coefficients, and replicated ones differ in size between
    units as these do (`size_factors`). Nothing with fewer than three periods.

    Parameters
    ----------
    model : DynamicPanel
    draws : Dataset
    data : Panel
    rng : Generator
    """
    design = design_of(model, data)
    lags = range(1, min(_MOST_LAGS, len(design.periods) - 1) + 1)
    if len(lags) < 2:
        return ()
    blocks = [
        (block.periods, block.columns[:_MOST_UNITS])
        for block in unit_columns(model, data)
    ]
    coefficients = draws["coefficient"].mean(("chain", "draw")).to_numpy()
    observed = [
        columns[:, :, -1] - columns[:, :, :-1] @ coefficients for _, columns in blocks
    ]
    scales = scales_of(draws)
    drawn = []
    for k in rng.integers(len(scales.unit), size=_REPLICATIONS):
        sd = np.broadcast_to(scales.error[k], (len(design.periods),))
        drawn.append(
            [
                sd[periods] * rng.standard_normal(each.shape)
                + scales.unit[k] * rng.standard_normal((len(each), 1))
                for (periods, _), each in zip(blocks, observed, strict=True)
            ]
        )
    factors = size_factors(_sizes(observed), np.array([_sizes(each) for each in drawn]))
    ends = np.cumsum([len(each) for each in observed])[:-1]
    of_blocks = np.split(factors[:, None], ends)
    replicated = [
        _by_lag(
            [part * factor for part, factor in zip(each, of_blocks, strict=True)], lags
        )
        for each in drawn
    ]
    units = sum(map(len, observed))
    return (
        Prediction(
            name="correlation of residuals by lag",
            groups=tuple(f"lag {lag}" for lag in lags),
            observed=_by_lag(observed, lags),
            size=np.full(len(lags), units),
            replicated=np.array(replicated),
            remedy="Errors are correlated beside unit effects: add a lag with `lags=`.",
        ),
    )


def _sizes(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Return the size of the residuals of each unit of some blocks."""
    return np.concatenate([root_mean_squares(each) for each in blocks])


def _by_lag(blocks: Sequence[np.ndarray], lags: Sequence[int]) -> np.ndarray:
    """Return the mean product of residuals so many periods apart, over the mean square."""
    square = sum((each**2).sum() for each in blocks)
    square = square / sum(each.size for each in blocks)
    values = []
    for lag in lags:
        apart = [
            each[:, lag:] * each[:, :-lag] for each in blocks if each.shape[1] > lag
        ]
        total = sum(each.sum() for each in apart)
        values.append(total / sum(each.size for each in apart) / square)
    return np.array(values)
