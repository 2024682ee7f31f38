"""Effects of deciders (leniency, response to risk), by the name that users write.

A new way is a file beside these, and a line in `DECIDERS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from causalstats.data import Decisions
from causalstats.errors import ModelError
from causalstats.models.selective_labels.deciders.decider_effect import DeciderEffect
from causalstats.models.selective_labels.deciders.leniency import LENIENCY
from causalstats.models.selective_labels.deciders.response import RESPONSE

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

DecidersName = Literal["alike", "leniency", "response"]
DECIDERS: Mapping[DecidersName, tuple[DeciderEffect, ...]] = {
    "alike": (),
    "leniency": (LENIENCY,),
    "response": (LENIENCY, RESPONSE),
}
EFFECTS: Mapping[str, DeciderEffect] = {
    effect.estimand: effect for effects in DECIDERS.values() for effect in effects
}
"""The effects of deciders that some way has, by the variable of the posterior."""

__all__ = [
    "DECIDERS",
    "EFFECTS",
    "DecidersName",
    "decider_information",
    "refuse_too_few_deciders",
]


def refuse_too_few_deciders(model: SelectiveLabels, data: Decisions) -> None:
    """Raise `ModelError` where deciders are to differ and the data do not name at least two."""
    if not DECIDERS[model.deciders]:
        return
    if data.decider is None:
        raise ModelError(
            f"deciders={model.deciders!r} needs to know who decided: expected "
            "`Decisions.from_frame(..., decider='column')`."
        )
    if len(data.deciders) < 2:
        raise ModelError(
            f"deciders={model.deciders!r} compares deciders: expected at least 2, got "
            f"{data.deciders[0]!r} alone. Use deciders='alike'."
        )


def decider_information(data: Decisions) -> np.ndarray:
    """Return the Fisher information of the data on the leniency of each decider, (J,)."""
    decisions = np.bincount(np.asarray(data.decider), minlength=len(data.deciders))
    return decisions * data.tested * (1 - data.tested)
