"""A constant effect: the treatment does the same to every unit at every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.assumption import Assumption
from causalstats.core.estimand import Estimand
from causalstats.models.panel_dml.effects.base import EffectForm
from causalstats.models.panel_dml.estimands import (
    CHANGE,
    causal_slope,
    drawn,
)
from causalstats.models.panel_dml.unobserved_confounding import partial_r2_estimands
from causalstats.models.shared.slope_sentences import change_in_a_sentence

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_NEGATIVE_WEIGHTS = (
    ": some weights are negative where a treatment is adopted at different times (staggered "
    "adoption; Goodman-Bacon 2021), and the answer may have the wrong sign."
)


class CommonEffect(EffectForm):
    """Y_it(d) - Y_it(0) = θ d."""

    def assumption(self, model: PanelDML) -> Assumption:
        weighting = "The answer is an average that weighs rows by the residuals of their treatment"
        return Assumption(
            name="constant effect",
            statement="The treatment does the same to every unit at every time, in proportion to "
            "its change.",
            if_wrong=weighting + (_NEGATIVE_WEIGHTS if model.time_effects else "."),
            formula="Y_it(d) - Y_it(0) = θ d",
            checks=(
                "one effect",
                "the same effect in all periods",
                "effect in proportion to the treatment",
                "no carry-over",
                "effects add to the outcome",
            ),
            fields=("effects", "moderators"),
        )

    def estimands(self, model: PanelDML) -> dict[str, Estimand]:
        effect = causal_slope(
            model, drawn("effect"), f"{CHANGE}.", sentence=change_in_a_sentence
        )
        return {"effect": effect, **partial_r2_estimands(model)}
