"""Validation of the fields of `SelectiveLabels` against each other, before there are data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.knowledge import Known, KnownByGroup, Penalty, as_known
from causalstats.errors import ModelError
from causalstats.models.selective_labels.imperfect_test import RATES
from causalstats.models.selective_labels.prevalences import prevalence_of
from causalstats.models.shared.feature_roles import refuse_shared_features

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels


def refuse_senseless(model: SelectiveLabels) -> None:
    """Raise `ModelError` for fields that contradict each other or that nothing can identify."""
    for known in prevalence_of(model).known().values():
        _refuse_prevalence(known)
    _refuse_roles(model)
    if model.response is None and model.unobserved_scale is None:
        raise ModelError(
            "The data cannot tell a wide unobservable from a steep response to risk: only their "
            "product shows. Give one of them, `unobserved_scale=2.0` or `response=1.0`, and look "
            "at the sensitivity to it."
        )
    for rate in RATES:
        _refuse_spread(rate, getattr(model, rate))
    sensitivity = as_known(model.sensitivity).value
    specificity = as_known(model.specificity).value
    if sensitivity + specificity <= 1:
        raise ModelError(
            f"A test with sensitivity {sensitivity:g} and specificity "
            f"{specificity:g} finds no more cases than a coin: expected a sum above 1. "
            "If positive and negative were exchanged, exchange them in the frame."
        )


def _refuse_roles(model: SelectiveLabels) -> None:
    roles = {
        "excluded": model.excluded,
        "excluded_from_decision": model.excluded_from_decision,
        "expertise": model.expertise,
    }
    refuse_shared_features(
        roles,
        "it then affects neither outcome nor decision. Leave it out of the features.",
    )
    refuse_shared_features(
        {"excluded": model.excluded, "negative_controls": model.negative_controls},
        "an exclusion is used and checked, a negative control only checked. Choose one.",
    )
    if isinstance(model.prevalence, KnownByGroup):
        refuse_shared_features(
            {"excluded": model.excluded, "prevalence": [model.prevalence.feature]},
            "groups of different prevalence have different risks.",
        )


def _refuse_prevalence(known: Known) -> None:
    if not 0 < known.value < 1:
        raise ModelError(
            f"Expected a prevalence between 0 and 1, got {known.value:g}. Give it as a proportion: "
            "2 % is 0.02."
        )
    if not isinstance(known, Penalty):
        _refuse_spread("prevalence", known)


def _refuse_spread(name: str, known: Known) -> None:
    """Refuse a standard deviation that no Beta distribution of this mean has."""
    most = known.value * (1 - known.value)
    if known.sd > 0 and known.sd**2 >= most:
        raise ModelError(
            f"No distribution on (0, 1) has mean {known.value:g} and standard deviation "
            f"{known.sd:g}, given as {name}; expected less than {np.sqrt(most):.3g}."
        )
