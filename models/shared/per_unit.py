"""Coefficients per unit of the user's own columns, where features were standardised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Decisions

_CODED = "coded feature"
_OF_THE_FRAME = "feature as it is in the frame"


def per_unit(estimand: Estimand) -> Estimand:
    """Return an estimand of a coefficient a coded feature, per unit of the frame's column.

    A standardised feature has its standard deviation as unit; its coefficient is divided by it.
    """

    def compute(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        scale = xr.DataArray(
            data.design.scale, dims="feature", coords={"feature": list(data.features)}
        )
        return estimand.compute(draws, data) / scale

    return replace(
        estimand,
        compute=compute,
        unit=estimand.unit.replace(_CODED, _OF_THE_FRAME),
        contrast=estimand.contrast.replace(_CODED, _OF_THE_FRAME),
        unavailable_reason=_already,
    )


def _already(data: Decisions) -> str:
    if np.all(data.design.scale == 1):
        return "no feature was standardised, so that coefficients are per unit already."
    return ""
