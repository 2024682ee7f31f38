"""What can be asked of a Heckman fit: functions of posterior draws and data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Decisions, People
from causalstats.models.shared.population import Compute, average, flat, per_person
from causalstats.numerics.selection.heckman_likelihood import expected_outcome


def indices(draws: xr.Dataset, people: People) -> tuple[np.ndarray, np.ndarray]:
    """x'β and x'γ with their intercepts, (draws, person), chain by chain."""
    parts = [
        flat(draws, f"{which}_intercept") + flat(draws, f"{which}_coefficient") @ people.matrix.T
        for which in ("outcome", "selection")
    ]
    return parts[0], parts[1]


def estimands() -> Mapping[str, Estimand]:
    def expected(what: str) -> Compute:
        def compute(draws: xr.Dataset, people: People) -> np.ndarray:
            mean, index = indices(draws, people)
            if what == "everybody":
                return mean
            return expected_outcome(
                mean, index, flat(draws, "outcome_sd") * flat(draws, "correlation"), what == "seen"
            )

        return compute

    def of_person(what: str) -> dict[str, Any]:
        """Of a question about a person: `compute`, for the people of the data that it is about, and `at`, for others."""

        def about(data: Decisions) -> People:
            return data.people(None if what == "everybody" else data.decision == (what == "seen"))

        return {
            "per_person": True,
            "compute": lambda draws, data: per_person(draws, about(data), expected(what)),
            "at": lambda draws, people: per_person(draws, people, expected(what)),
        }

    unit, coefficient = "units of the outcome", "units of the outcome per unit of the coded feature"
    return {
        "outcome": Estimand(
            description="E[Y | x] of every person, seen or not.",
            unit=unit,
            **of_person("everybody"),
        ),
        "unseen_outcome": Estimand(
            description="E[Y | T=0, x] of every person whose outcome was not seen.",
            unit=unit,
            **of_person("unseen"),
        ),
        "seen_outcome": Estimand(
            description="E[Y | T=1, x] of every person whose outcome was seen.",
            unit=unit,
            **of_person("seen"),
        ),
        "mean": Estimand(
            description="Mean of E[Y | x] over everybody: the reference population where there is one.",
            unit=unit,
            averages_people=True,
            of_population=True,
            compute=lambda draws, data: average(draws, data.population, expected("everybody")),
        ),
        "unseen_mean": Estimand(
            description="Mean of E[Y | T=0, x] over those whose outcome was not seen.",
            unit=unit,
            averages_people=True,
            compute=lambda draws, data: average(
                draws, data.people(~data.decision), expected("unseen")
            ),
        ),
        "outcome_coefficient": Estimand(
            compute=lambda draws, data: draws["outcome_coefficient"],
            description="β: how the outcome depends on each feature, among everybody.",
            unit=coefficient,
            contrast="one unit more of the coded feature",
        ),
        "selection_coefficient": Estimand(
            compute=lambda draws, data: draws["selection_coefficient"],
            description="γ: how the decision depends on each feature.",
            unit="standard deviations of the index per unit of the coded feature",
            contrast="one unit more of the coded feature",
        ),
        "correlation": Estimand(
            compute=lambda draws, data: draws["correlation"],
            description="κ: of what the features leave open of both.",
            unit="correlation",
        ),
        "covariance": Estimand(
            compute=lambda draws, data: draws["outcome_sd"] * draws["correlation"],
            description="κσ: the coefficient of the inverse Mills ratio.",
            unit=unit,
        ),
        "response": Estimand(
            compute=lambda draws, data: (
                draws["correlation"]
                / (draws["outcome_sd"] * np.sqrt(1 - draws["correlation"] ** 2))
            ),
            description="α: how steeply the decision rises with the outcome.",
            unit="probit of the decision per unit of the outcome",
        ),
        "policy": Estimand(
            compute=lambda draws, data: draws["policy_coefficient"],
            description="Δ: how the decision depends on each feature among people of the same outcome.",
            unit="probit of the decision per unit of the coded feature",
            contrast="one unit more of the coded feature, at the same outcome",
        ),
    }
