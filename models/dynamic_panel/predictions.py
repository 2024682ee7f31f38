"""Correlation of residuals by lag: unit effects make it the same at every lag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.prediction import Prediction
from causalstats.models.dynamic_panel.density import scales_of
from causalstats.models.dynamic_panel.design import design_of, unit_columns

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

    Residuals are those at the mean of the coefficients, and replicated ones are of the same size in
    each unit, since units may differ in variance. Nothing with fewer than three periods.

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
    own = [_size(each) for each in observed]
    scales = scales_of(draws)
    replicated = []
    for k in rng.integers(len(scales.unit), size=_REPLICATIONS):
        sd = np.broadcast_to(scales.error[k], (len(design.periods),))
        drawn = [
            sd[periods] * rng.standard_normal(each.shape)
            + scales.unit[k] * rng.standard_normal((len(each), 1))
            for (periods, _), each in zip(blocks, observed, strict=True)
        ]
        scaled = [
            each * (sizes / _size(each)) for each, sizes in zip(drawn, own, strict=True)
        ]
        replicated.append(_by_lag(scaled, lags))
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


def _size(residuals: np.ndarray) -> np.ndarray:
    """Return the root mean square of each unit's residuals, (n, 1)."""
    return np.sqrt(np.maximum((residuals**2).mean(axis=1, keepdims=True), 1e-300))


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
