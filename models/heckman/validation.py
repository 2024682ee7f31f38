"""Validation of the fields of `Heckman` against each other, before there are data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.knowledge import KnownByGroup, as_known
from causalstats.errors import ModelError
from causalstats.models.heckman.shape_priors import errors_of
from causalstats.models.shared.feature_roles import refuse_shared_features

if TYPE_CHECKING:
    from causalstats.models.heckman.model import Heckman


def refuse_senseless(model: Heckman) -> None:
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
    _refuse_shape_without_meaning(model)
    if model.correlation is None:
        return
    known = as_known(model.correlation)
    if model.selection != "any":
        raise ModelError(
            f"Expected `selection` or `correlation`, got both: {model.selection!r} and {known}."
        )
    if known.sd**2 >= 1 - known.value**2:
        raise ModelError(
            f"No distribution on (-1, 1) has mean {known.value:g} and standard deviation "
            f"{known.sd:g}, given as correlation."
        )


def _refuse_shape_without_meaning(model: Heckman) -> None:
    joint = errors_of(model)
    if joint.copula.needs_normal_scores and not joint.shape.has_normal_score:
        raise ModelError(
            f"errors={model.errors!r} has the dependence of jointly Student t errors: expected "
            f"copula='elliptical', got {model.copula!r}. Heavy tails with another copula have "
            "errors='skewed'."
        )
    if model.expertise and not joint.is_normal:
        raise ModelError(
            "`expertise` says that the decision follows the outcome in a probit, which holds for "
            f"jointly Normal errors; got errors={model.errors!r} and copula={model.copula!r}. "
            "Leave `expertise` out, or the shape."
        )
