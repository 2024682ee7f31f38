"""Products of a unit's adjacent outcomes, which are larger where outcomes last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.prediction import Prediction
from causalstats.models.panel_glm.design import design_of

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Panel
    from causalstats.models.panel_glm.model import PanelGLM

_REPLICATIONS = 200
_MOST_UNITS = 2_000
_MOST_LAGS = 3
_ALLOWED = (
    "only the mean has to be right, and errors='cluster' allows for outcomes that last"
)


def predictions(
    model: PanelGLM, draws: xr.Dataset, data: Panel, rng: np.random.Generator
) -> tuple[Prediction, ...]:
    """Return products of outcomes by lag, beside replications with the same sums of units.

    Parameters
    ----------
    model : PanelGLM
    draws : Dataset
    data : Panel
    rng : Generator
    """
    design = design_of(model, data)
    part = slice(_MOST_UNITS)
    outcome, seen = design.outcome[part] / design.dispersion, design.seen[part]
    lags = range(1, min(_MOST_LAGS, outcome.shape[1] - 1) + 1)
    if outcome.shape[1] < 3:
        return ()
    named = draws["coefficient"].transpose("chain", "draw", "column")
    points = named.to_numpy().reshape(-1, len(design.labels))
    family = model.outcome_family
    replicated = [
        _by_lag(
            family.replicate(design.columns[part] @ points[k], outcome, seen, rng), lags
        )
        for k in rng.integers(len(points), size=_REPLICATIONS)
    ]
    robust = model.family == "poisson" and model.errors == "cluster"
    return (
        Prediction(
            name="products of adjacent outcomes",
            groups=tuple(f"lag {lag}" for lag in lags),
            observed=_by_lag(outcome, lags),
            size=np.full(len(lags), len(outcome)),
            replicated=np.array(replicated),
            remedy="Outcomes last, or depend on earlier ones, beside what the unit is like: a "
            "count takes errors='cluster'; for an outcome of 0 and 1 compare `cs.PanelDML`, whose "
            "errors may last.",
            allowed=_ALLOWED if robust else "",
        ),
    )


def _by_lag(outcome: np.ndarray, lags: range) -> np.ndarray:
    """Return the mean product of outcomes so many rows apart, over units."""
    products = [(outcome[:, lag:] * outcome[:, :-lag]).sum() for lag in lags]
    return np.array(products) / len(outcome)
