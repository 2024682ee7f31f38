"""What can be asked of a Heckman fit: functions of posterior draws and data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from causalstats.data import Decisions, People
from causalstats.model import Estimand
from causalstats.numerics.heckman import expected_outcome, response_and_policy


def each(draws: xr.Dataset, name: str) -> np.ndarray:
    """(chain, draw, 1), or (chain, draw, feature)."""
    values = draws[name].to_numpy()
    return values[..., None] if values.ndim == 2 else values


def indices(draws: xr.Dataset, people: People) -> tuple[np.ndarray, np.ndarray]:
    """x'β and x'γ with their intercepts, (chain, draw, person)."""
    parts = [each(draws, f"{which}_intercept") + each(draws, f"{which}_coefficient") @ people.matrix.T for which in ("outcome", "selection")]
    return parts[0], parts[1]


def _policy(draws: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    names = ("outcome_coefficient", "selection_coefficient", "outcome_sd", "correlation")
    alpha, delta = response_and_policy(*(draws[name].to_numpy() for name in names))
    return draws["outcome_sd"].copy(data=alpha), draws["outcome_coefficient"].copy(data=delta)


def estimands() -> Mapping[str, Estimand]:
    def of(what: str, draws: xr.Dataset, people: People) -> np.ndarray:
        mean, index = indices(draws, people)
        covariance = each(draws, "outcome_sd") * each(draws, "correlation")
        return mean if what == "everybody" else expected_outcome(mean, index, covariance, what == "seen")

    def about(what: str, data: Decisions) -> People:
        return data.population if what == "everybody" else data.people(data.decision == (what == "seen"))

    def per_person(what: str) -> dict[str, Any]:
        def at(draws: xr.Dataset, people: People) -> xr.DataArray:
            coords = {"chain": draws["chain"], "draw": draws["draw"], "person": people.rows}
            return xr.DataArray(of(what, draws, people), dims=tuple(coords), coords=coords)

        return {
            "per_person": True,
            "at": at,
            "compute": lambda draws, data: at(draws, data.people(None if what == "everybody" else data.decision == (what == "seen"))),
        }

    def average(what: str) -> dict[str, Any]:
        def compute(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
            people = about(what, data)
            coords = {"chain": draws["chain"], "draw": draws["draw"]}
            return xr.DataArray(of(what, draws, people) @ people.weights / people.weights.sum(), dims=tuple(coords), coords=coords)

        return {"compute": compute, "over_people": True}

    unit, coefficient = "units of the outcome", "units of the outcome per unit of the coded feature"
    return {
        "outcome": Estimand(description="E[Y | x] of every person, seen or not.", unit=unit, **per_person("everybody")),
        "unseen_outcome": Estimand(description="E[Y | T=0, x] of every person whose outcome was not seen.", unit=unit, **per_person("unseen")),
        "seen_outcome": Estimand(description="E[Y | T=1, x] of every person whose outcome was seen.", unit=unit, **per_person("seen")),
        "mean": Estimand(description="Mean of E[Y | x] over everybody: the reference population where there is one.", unit=unit, **average("everybody")),
        "unseen_mean": Estimand(description="Mean of E[Y | T=0, x] over those whose outcome was not seen.", unit=unit, **average("unseen")),
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
            compute=lambda draws, data: draws["correlation"], description="κ: of what the features leave open of both.", unit="correlation"
        ),
        "covariance": Estimand(
            compute=lambda draws, data: draws["outcome_sd"] * draws["correlation"],
            description="κσ: the coefficient of the inverse Mills ratio.",
            unit=unit,
        ),
        "response": Estimand(
            compute=lambda draws, data: _policy(draws)[0],
            description="α: how steeply the decision rises with the outcome.",
            unit="probit of the decision per unit of the outcome",
        ),
        "policy": Estimand(
            compute=lambda draws, data: _policy(draws)[1],
            description="Δ: how the decision depends on each feature among people of the same outcome.",
            unit="probit of the decision per unit of the coded feature",
            contrast="one unit more of the coded feature, at the same outcome",
        ),
    }
