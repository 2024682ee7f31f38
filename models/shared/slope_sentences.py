"""Effects of one unit more in the reader's words: sentences, and the scales that units ask for.

θ is the change of the outcome for one unit more of a treatment. Where one of them is a logarithm:

    log outcome                100 (exp(θ) - 1) per cent for one unit more (semi-elasticity)
    log treatment              θ / 100 for a rise by 1 %
    both                       θ per cent for a rise by 1 % (elasticity)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from causalstats.core.display_scale import (
    DisplayScale,
    per_cent_of_logarithms,
    unchanged,
)
from causalstats.core.wording import Wording


class HasTreatments(Protocol):
    """Data with an outcome and treatments that are columns."""

    @property
    def wording(self) -> Wording:
        """Labels and units of the columns."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The arguments by which the frame was read, with `outcome`."""

    @property
    def treatments(self) -> tuple[str, ...]:
        """Names of the treatments."""

    @property
    def treatment(self) -> np.ndarray:
        """Their values."""


def change_in_a_sentence(data: HasTreatments) -> str:
    """Return the effect as a reader would say it, with `{value}` where the number belongs."""
    words = data.wording
    outcome = words.label(data.arguments["outcome"])
    if not words:
        treatment = data.treatments[0] if len(data.treatments) == 1 else "{entry}"
        return f"One unit more of {treatment} {{changes}} {outcome} by {{value}}."
    return f"{change_of_treatment(data)} {{raises}} {outcome} by about {{value}}."


def slope_scale(data: HasTreatments) -> DisplayScale | None:
    """Return the scale on which slopes are shown; None where no units were given.

    Treatments of different scales have none in common, and stay as they are.
    """
    words = data.wording
    if not words.units:
        return None
    outcome = data.arguments["outcome"]
    logarithms = [words.is_log(name) for name in data.treatments]
    unit = words.unit(outcome)
    per = _per_treatment(data)
    raw_unit = f"{words.units.get(outcome, 'outcome')} {per}"
    if any(logarithms) and not all(logarithms):
        return DisplayScale(unit=raw_unit, raw_unit=raw_unit)
    label = words.label(outcome)
    if words.is_log(outcome):
        convert = unchanged if any(logarithms) else per_cent_of_logarithms
        return DisplayScale(
            unit=f"change of {label}, %",
            suffix=" %",
            convert=convert,
            raw_unit=raw_unit,
        )
    convert = _for_one_per_cent if any(logarithms) else unchanged
    return DisplayScale(
        unit=f"change of {label}, {unit}" if unit else f"change of {label}",
        suffix=f" {unit}" if unit else "",
        convert=convert,
        raw_unit=raw_unit,
    )


def change_with_labels(text: str, data: HasTreatments) -> tuple[str, str]:
    """Return the description of an effect, and its contrast in the words of the data.

    Parameters
    ----------
    text : str
        The description.
    data : HasTreatments
    """
    words = data.wording
    if not words:
        return text, "one unit more of the treatment"
    if len(data.treatments) == 1 and _is_binary(data):
        return text, f"{words.label(data.treatments[0])}: 1 against 0"
    if all(words.is_log(name) for name in data.treatments):
        return text, "a rise of the treatment by 1 %"
    return text, "one unit more of the treatment"


def change_of_treatment(data: HasTreatments) -> str:
    """Return the subject of the sentence: the change of the treatment, or of each of several."""
    words = data.wording
    several = len(data.treatments) > 1
    first = data.treatments[0]
    label = "{entry}" if several else words.label(first)
    if all(words.is_log(name) for name in data.treatments):
        return f"A rise of {label} by 1 %"
    if not several and first in words.labels and _is_binary(data):
        return label
    units = {words.unit(name) for name in data.treatments}
    unit = units.pop() if len(units) == 1 else ""
    return f"One {unit} more of {label}" if unit else f"One unit more of {label}"


def _is_binary(data: HasTreatments) -> bool:
    return bool(np.isin(data.treatment, [0, 1]).all())


def _per_treatment(data: HasTreatments) -> str:
    units = {data.wording.units.get(name, "") for name in data.treatments}
    unit = units.pop() if len(units) == 1 else ""
    return f"per {unit}" if unit else "per unit of treatment"


def _for_one_per_cent(numbers: Any) -> Any:
    return numbers / 100
