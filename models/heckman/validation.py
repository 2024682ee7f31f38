"""Validation of the fields of `Heckman` against each other, before there are data."""

from __future__ import annotations

from typing import Any

from causalstats.core.knowledge import KnownByGroup
from causalstats.errors import ModelError
from causalstats.models.shared.feature_roles import refuse_shared_features


def refuse_senseless(model: Any) -> None:
    """Raise `ModelError` for fields that contradict each other."""
    roles = {
        "excluded": model.excluded,
        "excluded_from_decision": model.excluded_from_decision,
        "expertise": model.expertise,
    }
    refuse_shared_features(
        roles,
        "it then affects neither outcome nor decision. Leave it out of the features.",
    )
    if isinstance(model.mean, KnownByGroup):
        for field in ("excluded", "expertise"):
            refuse_shared_features(
                {field: roles[field], "mean": [model.mean.feature]},
                "groups of different means have different outcomes.",
            )
    known = model.correlation
    if known is None:
        return
    if model.selection != "any":
        raise ModelError(
            f"Expected `selection` or `correlation`, got both: {model.selection!r} and {known}."
        )
    if known.sd**2 >= 1 - known.value**2:
        raise ModelError(
            f"No distribution on (-1, 1) has mean {known.value:g} and standard deviation "
            f"{known.sd:g}, given as correlation."
        )
