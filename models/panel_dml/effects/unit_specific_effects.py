"""Random slopes (partial pooling): each unit has its own effect, from one normal distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.core.estimand import Estimand
from causalstats.errors import ModelError
from causalstats.models.panel_dml.effects.base import EffectForm
from causalstats.models.panel_dml.estimands import (
    CHANGE,
    causal_slope,
    drawn,
)
from causalstats.models.panel_dml.random_slopes import with_random_slopes
from causalstats.models.panel_dml.unobserved_confounding import partial_r2_estimands
from causalstats.models.shared.slope_sentences import change_in_a_sentence

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Panel
    from causalstats.models.panel_dml.model import PanelDML

_MEAN_OF_UNITS = f"{CHANGE}, as a mean of the distribution of units."


class UnitEffects(EffectForm):
    """Y_it(d) - Y_it(0) = θ_i d, θ_i ~ Normal(θ, σ²)."""

    by_unit = True

    def assumption(self, model: PanelDML) -> Assumption:
        return Assumption(
            name="random slopes",
            statement="The treatment does the same to a unit at every time, in proportion to its "
            "change; effects of units are normally distributed.",
            if_wrong="Single units are drawn to the mean too much or too little. The "
            "treatment's nuisance function is partialled out as if it were known.",
            formula="Y_it(d) - Y_it(0) = θ_i d, θ_i ~ Normal(θ, σ²)",
            checks=("no carry-over",),
            fields=("effects",),
        )

    def estimands(self, model: PanelDML) -> dict[str, Estimand]:
        answers = {
            "average_effect": _MEAN_OF_UNITS,
            "effect_spread": "Standard deviation of units' effects.",
            "unit_effect": f"{CHANGE}, of each unit.",
        }
        return {
            "effect": causal_slope(
                model, drawn("effect"), _MEAN_OF_UNITS, sentence=change_in_a_sentence
            ),
            **partial_r2_estimands(model),
            **{
                name: causal_slope(
                    model, drawn(name), text, is_change=name != "effect_spread"
                )
                for name, text in answers.items()
            },
        }

    def refuse(self, model: PanelDML) -> None:
        if (
            not model.error_model.allows_unit_effects
            or model.moderators is not None
            or not model.within_units
        ):
            raise ModelError(
                "effects='unit' goes with errors='cluster' or 'iid', no `moderators`, and "
                "heterogeneity='within' or 'mundlak'."
            )

    def refuse_data(self, data: Panel) -> None:
        if len(data.treatments) > 1:
            raise ModelError(
                f"effects='unit' has the effect of one treatment in each unit, got "
                f"{len(data.treatments)} treatments: {', '.join(data.treatments)}. Fit one model "
                "for each, with the other treatments among the covariates, or say "
                "effects='common'."
            )

    def recover_draws(
        self, model: PanelDML, draws: xr.Dataset, data: Panel, rng: np.random.Generator
    ) -> xr.Dataset:
        return with_random_slopes(model, draws, data, rng)
