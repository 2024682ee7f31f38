"""Cubic splines of each covariate, in order of roughness (`numerics.bases.splines`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.models.panel_dml.bases.base import BasisFamily
from causalstats.numerics.bases.splines import Smooth, smooth

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_DEFAULT_SIZE = 12  # columns, beyond which more follow no curve that fewer miss


class Splines(BasisFamily):
    """A straight line and splines about it, whose coefficients shrink with their roughness."""

    pair_columns = 3
    description = "smooth functions of each"

    def covariate_basis(self, values: np.ndarray, size: int) -> Smooth:
        return smooth(values, size)

    def remedy(self, model: PanelDML) -> tuple[str, ...]:
        products = super().remedy(model)
        if model.basis_size >= _DEFAULT_SIZE:
            return products
        return (*products, "curves may be missing: take a larger `basis_size`")
