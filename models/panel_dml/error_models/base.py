"""Interface of error models: likelihood, standard error, assumption, and simulated noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.core.assumption import Assumption
    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML
    from causalstats.models.panel_dml.priors import Parameter, Sizes
    from causalstats.numerics.panel.ar1_errors import Correlations


class ErrorModel:
    """Independent normal errors in the likelihood, unless a model says otherwise.

    `robust` says that the interval allows for any dependence within clusters, `fewest_clusters`
    how many of them it needs, `two_way` that they may be of two kinds, and `allows_unit_effects`
    that `effects="unit"` goes with it.
    `correlations_are_sampled` says that rows are whitened with a serial correlation of each draw.
    `checked_parameters` are names in the posterior whose sampling is checked, and `fields` the
    fields of `PanelDML` that only this error model uses.
    """

    fields: tuple[str, ...] = ()
    robust = False
    two_way = False
    fewest_clusters = 0
    needs_cross_products = False
    allows_unit_effects = False
    correlations_are_sampled = False
    checked_parameters: tuple[str, ...] = ()

    def parameters(self, model: PanelDML, sizes: Sizes) -> tuple[Parameter, ...]:
        """Return the parameters that this error model adds."""
        return ()

    def assumption(self, model: PanelDML) -> Assumption:
        """Return the assumption of the interval."""
        raise NotImplementedError

    def correlations(
        self, model: PanelDML, data: Panel
    ) -> tuple[Correlations | None, np.ndarray | None]:
        """Return the serial correlations that errors may have, and each row's gap to the last."""
        return None, None

    def cross_products(
        self, xp: Any, given: Mapping[str, Any], scales: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        """Return cross-products of whitened rows, and log volumes of their correlation.

        Parameters
        ----------
        xp : module
            `numpy` or `pytensor.tensor`.
        given : mapping
            `gram` (K, p+q, p+q) and `volume` (K,), K of `numerics.panel.ar1_errors`.
        scales : mapping
            Parameters in standard units, by name.

        Returns
        -------
        grams : array or node, shape (q, p+q, p+q)
        volumes : array or node, shape (q,)
        """
        sd = scales["standard_error_sd"]
        equations = len(sd) if xp is np else sd.type.shape[0]
        return xp.stack([given["gram"][0]] * equations), given["volume"][0] * xp.ones(
            equations
        )

    def recover_spread(
        self, model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> xr.Dataset:
        """Return the draws with the spread of the effect under these errors.

        Parameters
        ----------
        model : PanelDML
        draws : Dataset
            The posterior under independent errors.
        data : Panel
        rng : Generator
        """
        return draws

    def dependent(
        self,
        noise: np.ndarray,
        gap: np.ndarray | None,
        starts: np.ndarray,
        correlation: float,
    ) -> np.ndarray:
        """Return errors (n,) from independent standard normal noise (n,).

        Parameters
        ----------
        noise : array, shape (n,)
        gap : array, shape (n,), or None
            Time since the row before; NaN in the first row of a unit.
        starts : int array, shape (N,)
            First row of each unit.
        correlation : float
            Serial correlation at a gap of 1.
        """
        return noise
