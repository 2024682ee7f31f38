"""Estimands of a Heckman fit: functions of posterior draws and data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.display_scale import DisplayScale, exponential, unchanged
from causalstats.core.estimand import Estimand
from causalstats.core.knowledge import KnownByGroup
from causalstats.data import Decisions, People
from causalstats.models.heckman.shape_priors import errors_of
from causalstats.models.shared.per_unit import per_unit
from causalstats.models.shared.population import (
    Compute,
    average,
    feature_columns,
    flat,
    per_person,
)
from causalstats.models.shared.sentences import those_not_decided_for
from causalstats.numerics.selection.joint_errors import JointErrors

if TYPE_CHECKING:
    from causalstats.models.heckman.model import Heckman


def indices(draws: xr.Dataset, people: People) -> tuple[np.ndarray, np.ndarray]:
    """Return x'β and x'γ with their intercepts, (draws, person), chain by chain."""
    outcome, selection = (
        flat(draws, f"{which}_intercept")
        + flat(draws, f"{which}_coefficient") @ people.matrix.T
        for which in ("outcome", "selection")
    )
    return outcome, selection


def shape_parameters(joint: JointErrors, draws: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the parameters of the errors' shape, (draws, 1) each, chain by chain."""
    return {name: flat(draws, name) for name in joint.shape.parameters}


def _expected(joint: JointErrors, whose: str) -> Compute:
    """Return the function of draws and people that gives E[Y | x], or E[Y | T, x]."""

    def compute(draws: xr.Dataset, people: People) -> np.ndarray:
        mean, index = indices(draws, people)
        if whose == "everybody":
            return mean
        kappa = flat(draws, "correlation")
        given = shape_parameters(joint, draws)
        error, _ = joint.moments(index, kappa, given, selected=whose == "seen")
        return mean + flat(draws, "outcome_sd") * error

    return compute


def _of_person(joint: JointErrors, whose: str) -> dict[str, Any]:
    """Return the arguments of an estimand with a value for each person.

    `compute` is for the people of the data that the estimand is about, `at` for others.
    """
    expected = _expected(joint, whose)

    def about(data: Decisions) -> People:
        return data.people(
            None if whose == "everybody" else data.decision == (whose == "seen")
        )

    return {
        "per_person": True,
        "compute": lambda draws, data: per_person(draws, about(data), expected),
        "at": lambda draws, people: per_person(draws, people, expected),
        "at_reads": feature_columns,
    }


def _response(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
    spread = np.sqrt(1 - draws["correlation"] ** 2)
    return draws["correlation"] / (draws["outcome_sd"] * spread)


def _mean_by_group(model: Heckman, draws: xr.Dataset, data: Decisions) -> xr.DataArray:
    """Return draws (chain, draw, group)."""
    people = data.population
    assert isinstance(model.mean, KnownByGroup)
    levels, codes = data.levels_of(model.mean.feature, people.matrix)
    parts = []
    for position in range(len(levels)):
        rows = codes == position
        members = replace(
            people, matrix=people.matrix[rows], weights=people.weights[rows]
        )
        expected = _expected(errors_of(model), "everybody")
        parts.append(average(draws, members, expected))
    groups = xr.DataArray(list(levels), dims="group", name="group")
    return xr.concat(parts, groups).transpose(..., "group")


def estimands(model: Heckman) -> Mapping[str, Estimand]:
    """Return every estimand by name; the means of groups where they are known."""
    joint = errors_of(model)
    parameters = _of_parameters()
    every = {**_of_people(model), **parameters, **_of_shape(joint)}
    if not joint.is_normal:
        for name in ("covariance", "response", "policy"):
            del every[name]
    for name in ("outcome_coefficient", "selection_coefficient"):
        every[f"{name}_per_unit"] = per_unit(parameters[name])
    if not isinstance(model.mean, KnownByGroup):
        del every["mean_by_group"]
    return every


def _of_people(model: Heckman) -> dict[str, Estimand]:
    unit = "units of the outcome"
    joint = errors_of(model)
    return {
        "outcome": Estimand(
            description="E[Y | x] of every person, seen or not.",
            unit=unit,
            **_of_person(joint, "everybody"),
        ),
        "unseen_outcome": Estimand(
            description="E[Y | T=0, x] of every person whose outcome was not seen.",
            unit=unit,
            **_of_person(joint, "unseen"),
        ),
        "seen_outcome": Estimand(
            description="E[Y | T=1, x] of every person whose outcome was seen.",
            unit=unit,
            **_of_person(joint, "seen"),
        ),
        "mean": Estimand(
            sentence=lambda data: _mean_in_words(data, "everybody"),
            scale=_outcome_scale,
            description="Mean of E[Y | x] over everybody: the reference population where there is "
            "one.",
            unit=unit,
            averages_people=True,
            of_population=True,
            compute=lambda draws, data: average(
                draws, data.population, _expected(joint, "everybody")
            ),
        ),
        "mean_by_group": Estimand(
            description="Mean of E[Y | x] over everybody in each group whose mean is given.",
            unit=unit,
            compute=lambda draws, data: _mean_by_group(model, draws, data),
        ),
        "unseen_mean": Estimand(
            sentence=_unseen_mean_in_words,
            scale=_outcome_scale,
            description="Mean of E[Y | T=0, x] over those whose outcome was not seen.",
            unit=unit,
            averages_people=True,
            compute=lambda draws, data: average(
                draws, data.people(~data.decision), _expected(joint, "unseen")
            ),
        ),
    }


def _unseen_mean_in_words(data: Decisions) -> str:
    if not data.wording:
        return "The mean of the outcomes that were not seen is about {value}."
    return _mean_in_words(data, those_not_decided_for(data, "those not seen"))


def _mean_in_words(data: Decisions, people: str) -> str:
    words = data.wording
    if not words:
        return f"The mean outcome of {people} is about {{value}}."
    outcome = data.arguments["outcome"]
    kind = "geometric mean" if words.is_log(outcome) else "mean"
    return f"The {kind} of {words.label(outcome)} of {people} is about {{value}}."


def _outcome_scale(data: Decisions) -> DisplayScale | None:
    """Return the scale of means of the outcome: of a logarithm, that of the number itself."""
    words = data.wording
    outcome = data.arguments["outcome"]
    if outcome not in words.units:
        return None
    unit = words.unit(outcome)
    label = words.label(outcome)
    return DisplayScale(
        unit=f"{label}, {unit}" if unit else label,
        suffix=f" {unit}" if unit else "",
        convert=exponential if words.is_log(outcome) else unchanged,
        raw_unit=words.units[outcome],
    )


def _of_parameters() -> dict[str, Estimand]:
    unit = "units of the outcome"
    coefficient = "units of the outcome per unit of the coded feature"
    return {
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
            description="κ: of what the features leave open of both. Where the errors are not "
            "jointly Normal, that of their scores; with a copula that is not elliptical, that of "
            "the elliptical one with the same Blomqvist β.",
            unit="correlation",
        ),
        "covariance": Estimand(
            compute=lambda draws, data: draws["outcome_sd"] * draws["correlation"],
            description="κσ: the coefficient of the inverse Mills ratio.",
            unit=unit,
        ),
        "response": Estimand(
            compute=_response,
            description="α: how steeply the decision rises with the outcome.",
            unit="probit of the decision per unit of the outcome",
        ),
        "policy": Estimand(
            compute=lambda draws, data: draws["policy_coefficient"],
            description="Δ: how the decision depends on each feature among people of the same "
            "outcome.",
            unit="probit of the decision per unit of the coded feature",
            contrast="one unit more of the coded feature, at the same outcome",
        ),
    }


def _of_shape(joint: JointErrors) -> dict[str, Estimand]:
    """Return the estimands of the parameters of the errors' shape."""
    described = {
        "degrees_of_freedom": ("ν: the fewer, the heavier the tails.", "number"),
        "skewness": ("ε: 0 of symmetric errors, positive with a long right tail.", ""),
        "tail_weight": ("w: 1 of Normal tails, above 1 of heavier ones.", "ratio"),
    }
    return {
        name: Estimand(
            compute=partial(_parameter, name),
            description=described[name][0],
            unit=described[name][1],
            null=1.0 if name == "tail_weight" else 0.0,
        )
        for name in joint.shape.parameters
    }


def _parameter(name: str, draws: xr.Dataset, data: Decisions) -> xr.DataArray:
    return draws[name]
