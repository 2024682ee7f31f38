"""Random Fourier features: one function of all covariates together, products included.

Straight lines and levels of text stand beside it (`numerics.bases.random_fourier_features`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.errors import ModelError
from causalstats.models.panel_dml.bases.base import BasisFamily
from causalstats.numerics.bases.random_fourier_features import Fourier, fourier
from causalstats.numerics.bases.splines import Smooth, smooth

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML


class RandomFourierFeatures(BasisFamily):
    """A Gaussian process of all covariates, averaged over its length-scale."""

    joint = True
    assumption_name = "smooth"
    description = "one smooth function of all together"

    def covariate_basis(self, values: np.ndarray, size: int) -> Smooth:
        return smooth(values, 1)

    def joint_basis(self, columns: np.ndarray, size: int) -> Fourier:
        return fourier(columns, size * columns.shape[1])

    def refuse(self, model: PanelDML) -> None:
        if model.interactions != "none":
            raise ModelError(
                "basis='fourier' has products of covariates already: leave out `interactions`."
            )
        if model.basis_size < 2 or model.shrinkage == "global-local":
            raise ModelError(
                "basis='fourier' has functions of all covariates together: expected a "
                "`basis_size` of at least 2, and shrinkage='global'."
            )

    def remedy(self, model: PanelDML) -> tuple[str, ...]:
        return ()
