"""How wide the priors of `PanelDML` are, in the units of the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.data import Panel
from causalstats.models.panel_dml.graph import COEFFICIENT_SD
from causalstats.numerics.panel.serial_correlation import HIGHEST

_NOTHING = 1e-10


def prior_sds(model: Any, data: Panel) -> dict[str, Any]:
    """Standard deviations of what `model.parameters()` names.

    Correlations of coefficients are left out, which nothing can be learned of where these are
    small, and so are scales of coefficients where no column of covariates varies.
    """
    half = np.sqrt(1 - 2 / np.pi)
    found: dict[str, Any] = {}
    for prefix, form in model.forms(data).items():
        units = form.units
        found[f"{prefix}effect"] = model.effect_sd * units[-1] / units[:-1]
        found[f"{prefix}error_sd"] = half * units
        if np.diagonal(form.gram[0])[: -len(units)].max(initial=0.0) > _NOTHING * form.rows:
            found[f"{prefix}coefficient_sd"] = half * COEFFICIENT_SD * units
        if form.lowest is not None:
            found[f"{prefix}serial_correlation"] = np.full(
                len(units), (HIGHEST - form.lowest) / np.sqrt(12)
            )
    return found
