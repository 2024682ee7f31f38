"""A Gaussian process of each covariate, in its Hilbert-space approximation.

The length-scale of each covariate in each equation is a parameter, in standard deviations of the
covariate: LogNormal with the fields `length_scale_median` and `length_scale_log_sd`
(`numerics.bases.hilbert_space_gp`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.panel_dml.bases.base import BasisFamily, CovariateBasis
from causalstats.models.panel_dml.priors import Parameter, Sizes
from causalstats.models.shared.distributions import LogNormal
from causalstats.numerics.bases.hilbert_space_gp import (
    Hilbert,
    hilbert,
    spectral_density,
)
from causalstats.numerics.bases.splines import smooth

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML
    from causalstats.models.panel_dml.shrinkage.base import ColumnScale

_ROWS_FOR_LEVELS = 100_000  # that say whether a number has more than two values


def spectral_scales(xp: Any, given: Mapping[str, Any], length_scale: Any) -> Any:
    """Return the factor (q, p) of the columns' standard deviations: √S(ω), 1 for straight lines.

    Parameters
    ----------
    xp : module
        `numpy` or `pytensor.tensor`.
    given : mapping
        `terms` (p, T) and `frequencies` (p,), 0 for columns that are no sines.
    length_scale : array or node, shape (q, T)
    """
    lengths = xp.dot(length_scale, given["terms"].T)
    frequencies = given["frequencies"]
    return xp.sqrt(
        xp.where(frequencies > 0, spectral_density(frequencies, lengths), 1.0)
    )


class HilbertSpaceGP(BasisFamily):
    """Sines, whose prior variances are the spectral density of a Matérn-5/2 kernel."""

    fields: tuple[str, ...] = ("length_scale_median", "length_scale_log_sd")
    needs_cross_products = True
    funnel = True
    column_scales: Mapping[str, ColumnScale] = {"length_scale": spectral_scales}
    description = "a Gaussian process of each"

    def covariate_basis(self, values: np.ndarray, size: int) -> CovariateBasis:
        some = values[:: -(-len(values) // _ROWS_FOR_LEVELS)]
        if size > 1 and len(np.unique(some)) > 2:
            return hilbert(values, size)
        return smooth(values, 1)

    def frequencies(self, basis: CovariateBasis) -> np.ndarray:
        return (
            basis.frequencies
            if isinstance(basis, Hilbert)
            else super().frequencies(basis)
        )

    def parameters(self, model: PanelDML, sizes: Sizes) -> tuple[Parameter, ...]:
        if not sizes.sines:
            return ()
        length_scale = Parameter(
            "length_scale",
            LogNormal(model.length_scale_median, model.length_scale_log_sd),
            sizes.by_term,
            dims=("equation", "term"),
            typical=1.0,
        )
        return (length_scale,)
