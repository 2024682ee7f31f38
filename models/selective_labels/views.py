"""The allocation curve: the share of cases found if the people at highest risk were tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.views import CurveView, View
from causalstats.data import Decisions
from causalstats.models.selective_labels.estimands import (
    found_among_riskiest,
    share_found,
    tested_share,
)
from causalstats.models.selective_labels.imperfect_test import is_imperfect

_DRAWS = 400
_SHARES = np.linspace(0.02, 1, 50)


def views(
    model: Any, draws: xr.Dataset, data: Decisions
) -> Mapping[str, Callable[[], View]]:
    """Return functions that gather what each figure shows, by name.

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
        The posterior.
    data : Decisions
    """
    return {"allocation_curve": partial(_allocation_curve, model, draws, data)}


def _allocation_curve(model: Any, draws: xr.Dataset, data: Decisions) -> CurveView:
    step = -(-draws.sizes["chain"] * draws.sizes["draw"] // _DRAWS)
    thin = draws.isel(draw=slice(None, None, step))
    shares = np.append(0.0, _SHARES)
    found = found_among_riskiest(model.law, thin, data, _SHARES).reshape(
        -1, len(_SHARES)
    )
    found = np.column_stack([np.zeros(len(found)), found])
    actual = share_found(model.law, draws, data).to_numpy().ravel()
    lower, upper = np.quantile(actual, [0.025, 0.975])
    at_random = shares * float(
        thin["test_sensitivity"].mean() if is_imperfect(model) else 1
    )
    return CurveView(
        x=shares,
        curve=found.mean(axis=0),
        interval=np.quantile(found, [0.025, 0.975], axis=0).T,
        curve_label="the riskiest by their features first",
        line=at_random,
        line_label="at random",
        point=(tested_share(data), float(actual.mean()), float(lower), float(upper)),
        point_label="as it was decided",
        axes=("share of the people tested", "share of all cases found"),
        note="Who decides may see more than the features: the point can lie above the curve.",
    )
