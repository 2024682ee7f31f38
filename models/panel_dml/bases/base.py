"""Interface of basis functions: columns of a covariate, their priors, and the assumption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML
    from causalstats.models.panel_dml.priors import Parameter, Sizes
    from causalstats.models.panel_dml.shrinkage.base import ColumnScale
    from causalstats.numerics.bases.random_fourier_features import Fourier


class CovariateBasis(Protocol):
    """The columns of one covariate, with the relative prior variances of their coefficients."""

    @property
    def spectrum(self) -> np.ndarray:
        """Relative prior variances κ (r,)."""

    def columns(self, values: np.ndarray) -> np.ndarray:
        """Return the columns (n, r) of values (n,)."""


class BasisFamily:
    """Columns of each covariate alone, with independent pieces of the likelihood.

    `fields` are the fields of `PanelDML` that only this family uses; `pair_columns` is how many
    columns of each covariate enter a product that is asked for by name; `joint` says that columns
    are of all covariates together.
    """

    fields: tuple[str, ...] = ()
    needs_cross_products = False
    funnel = False
    joint = False
    pair_columns = 1
    column_scales: Mapping[str, ColumnScale] = {}
    assumption_name = "smooth and additive"
    description = ""

    def covariate_basis(self, values: np.ndarray, size: int) -> CovariateBasis:
        """Return at most `size` columns of a number, made from values (n,)."""
        raise NotImplementedError

    def frequencies(self, basis: CovariateBasis) -> np.ndarray:
        """Return the frequencies (r,) of sines whose prior variance has a length-scale, or 0."""
        return np.zeros(len(basis.spectrum))

    def joint_basis(self, columns: np.ndarray, size: int) -> Fourier | None:
        """Return functions of all columns (n, J) together, `size` for each; None for most."""
        return None

    def parameters(self, model: PanelDML, sizes: Sizes) -> tuple[Parameter, ...]:
        """Return the parameters that this basis adds."""
        return ()

    def refuse(self, model: PanelDML) -> None:
        """Raise `ModelError` where another field of the model excludes this basis."""

    def remedy(self, model: PanelDML) -> tuple[str, ...]:
        """Return the remedy for functions of covariates beyond the span of the columns."""
        if model.interactions != "none":
            return ()
        return (
            "products may be missing: say `interactions='pairs'`, or name the pairs",
        )
