"""Effects of regressions in the reader's words, where labels or units of the data give them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from causalstats.core.display_scale import (
    DIFFERENCE,
    DisplayScale,
    per_cent_of_logarithms,
    scale_of_unit,
)
from causalstats.data import Observations
from causalstats.models.causal_diagram import notation

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram


def effect_in_a_sentence(model: CausalDiagram, data: Observations) -> str:
    """Return the effect as a reader would say it, with `{value}` where the number belongs.

    Empty where a variable has more than two levels.
    """
    words = data.wording
    levels = model.levels(data)
    x = model.treatment
    y = model.outcome
    if x in levels and y in levels:
        return notation.effect_in_a_sentence(model, data)
    if len(levels.get(x, (0, 1))) > 2 or len(levels.get(y, (0, 1))) > 2:
        return ""
    subject = _one_unit_more(model, data)
    if x in levels:
        first, second = levels[x]
        subject = f"Setting {words.label(x)} to {second} in place of {first}"
    outcome = words.label(y)
    if y in levels:
        outcome = f"the probability of {notation.event(outcome, {outcome: levels[y]})}"
    verb = "{raises}" if words else "{changes}"
    return f"{subject} {verb} {outcome} by about {{value}} on average."


def _one_unit_more(model: CausalDiagram, data: Observations) -> str:
    words = data.wording
    unit = words.unit(model.treatment)
    if words.is_log(model.treatment) or not unit:
        unit = "unit"
    return f"One {unit} more of {words.label(model.treatment)}"


def effect_scale(model: CausalDiagram, data: Observations) -> DisplayScale:
    """Return the scale of differences of the outcome.

    Probabilities are in percentage points, and differences of a logarithm in per cent.
    """
    words = data.wording
    y = model.outcome
    if y in model.levels(data):
        return replace(scale_of_unit(DIFFERENCE), raw_unit=DIFFERENCE)
    change = f"change of {words.label(y)}"
    if words.is_log(y):
        return DisplayScale(
            unit=f"{change}, %",
            suffix=" %",
            convert=per_cent_of_logarithms,
            raw_unit=change,
        )
    return _scale_in_units_of_outcome(change, words.unit(y))


def level_scale(model: CausalDiagram, data: Observations) -> DisplayScale:
    """Return the scale of the outcome itself under an intervention: a mean, or probabilities."""
    words = data.wording
    y = model.outcome
    if y in model.levels(data):
        return replace(scale_of_unit("probability"), raw_unit="probability")
    return _scale_in_units_of_outcome(f"mean of {words.label(y)}", words.unit(y))


def _scale_in_units_of_outcome(name: str, unit: str) -> DisplayScale:
    return DisplayScale(
        unit=name + (f", {unit}" if unit else ""),
        suffix=f" {unit}" if unit else "",
        raw_unit=name,
    )
