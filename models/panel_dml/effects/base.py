"""Interface of effects: assumption, estimands, and how the effect is drawn.

Y_it(d) is the potential outcome of unit i at time t under the treatment d."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.core.assumption import Assumption
    from causalstats.core.estimand import Estimand
    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML


class EffectForm:
    """One θ for all rows, unless a form says otherwise; `by_unit` says that units differ."""

    by_unit = False

    def assumption(self, model: PanelDML) -> Assumption:
        """Return the assumption about effects."""
        raise NotImplementedError

    def estimands(self, model: PanelDML) -> dict[str, Estimand]:
        """Return the questions about the effect, by name."""
        raise NotImplementedError

    def refuse(self, model: PanelDML) -> None:
        """Raise `ModelError` where another field of the model excludes this form."""

    def refuse_data(self, data: Panel) -> None:
        """Raise `ModelError` where the data exclude this form."""

    def recover_draws(
        self, model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> xr.Dataset:
        """Return the draws with the spread of θ that the error model gives, and units' effects.

        Parameters
        ----------
        model : PanelDML
        draws : Dataset
            The posterior under independent errors and one effect.
        data : Panel
        rng : Generator
        """
        return model.error_model.recover_spread(model, draws, data, rng)
