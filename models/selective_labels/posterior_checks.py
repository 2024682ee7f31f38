"""Checks of a selective-labels fit: form of testing and risk, weights and deciders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Decisions
from causalstats.models.selective_labels.decider_checks import deciders_as_assumed
from causalstats.models.selective_labels.predictions import chances_seen
from causalstats.models.shared.functional_form import functional_form, some_people
from causalstats.models.shared.population import some_draws
from causalstats.models.shared.weights_within_features import weights_within_features
from causalstats.numerics.testing.score_tests import binary_equation

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

_DRAWS = 200


def posterior_checks(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions, rng: np.random.Generator
) -> tuple[Check, ...]:
    """Return score tests of terms that testing and risk leave out, of weights and of deciders.

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
        The posterior.
    data : Decisions
    rng : Generator
    """
    data = some_people(data, rng)
    draws = some_draws(draws, _DRAWS, rng)
    chance_of_test, positive = chances_seen(model, draws, data)
    people = np.arange(len(data))
    tested = data.decision
    results = data.outcome[tested] == 1
    decision = binary_equation("who is tested", people, tested, chance_of_test)
    result = binary_equation(
        "the results of the tested", people[tested], results, positive
    )
    equations = (result,) if tested.all() else (decision, result)
    return (
        functional_form(data, equations, f"linear {model.link}", rng),
        *weights_within_features(data, equations, rng),
        *deciders_as_assumed(model.deciders, data, equations, rng),
    )
