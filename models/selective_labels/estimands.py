"""Estimands of a selective-labels fit: functions of posterior draws and data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Decisions, People
from causalstats.errors import DataError
from causalstats.models.selective_labels.deciders import EFFECTS
from causalstats.models.selective_labels.imperfect_test import rates_of
from causalstats.models.shared.per_unit import per_unit
from causalstats.models.shared.population import (
    Compute,
    average,
    blocks,
    feature_columns,
    flat,
    per_person,
    total,
)
from causalstats.models.shared.sentences import (
    label_of_outcome,
    those_decided_for,
    those_not_decided_for,
)
from causalstats.numerics.selection.misclassification import risk_given_result
from causalstats.numerics.selection.selective_labels_likelihood import (
    log_likelihood,
    probability,
)
from causalstats.numerics.selection.unobservable import Unobservable

_OF_SELECTION = (
    "untested_risk",
    "untested_prevalence",
    "missed_cases",
    "share_found",
    "allocation",
    "excess_testing",
    "testing_threshold",
    "testing_policy",
    "testing_policy_per_unit",
    "testing_coefficient",
)
_SHARES = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


def estimands(law: Unobservable, prevalence: Any) -> Mapping[str, Estimand]:
    """Return every estimand by name.

    Parameters
    ----------
    law : Unobservable
        Family and link.
    prevalence : Known, KnownByGroup, Penalty or None
        Whose groups have a question of their own.
    """
    parameters = _parameters(law)
    every = {
        **_risks(law),
        **_totals(law, prevalence),
        **_decisions(law),
        **parameters,
        **{
            f"{name}_per_unit": per_unit(parameters[name])
            for name in ("testing_policy", "risk_coefficient")
        },
    }
    return {
        name: _where_some_are_untested(estimand) if name in _OF_SELECTION else estimand
        for name, estimand in every.items()
    }


def _where_some_are_untested(estimand: Estimand) -> Estimand:
    """Return an answer that there is only where some people were not tested."""
    other = estimand.unavailable_reason

    def reason(data: Decisions) -> str:
        if data.decision.all():
            return "everybody was tested."
        return other(data) if other is not None else ""

    return replace(estimand, unavailable_reason=reason)


def _risks(law: Unobservable) -> dict[str, Estimand]:
    return {
        "risk": Estimand(
            **_of_person(law, "positive"),
            description="P(Y=1 | x) of every person, tested or not.",
            unit="probability",
        ),
        "untested_risk": Estimand(
            **_of_person(law, "untested_positive"),
            description="P(Y=1 | T=0, x) of every person who was not tested.",
            unit="probability",
        ),
        "tested_risk": Estimand(
            **_of_person(law, "tested_positive"),
            description="P(Y=1 | T=1, x) of every person who was tested.",
            unit="probability",
        ),
    }


def _totals(law: Unobservable, prevalence: Any) -> dict[str, Estimand]:
    risk = chance_of(law, "positive")
    untested_risk = chance_of(law, "untested_positive")
    return {
        "prevalence": Estimand(
            compute=lambda draws, data: average(draws, data.population, risk),
            averages_people=True,
            of_population=True,
            sentence=lambda data: (
                f"About {{value}} of everybody have {_outcome(data)}."
            ),
            description="Mean of P(Y=1 | x) over everybody: the reference population where there "
            "is one.",
            unit="probability",
        ),
        "prevalence_by_group": Estimand(
            compute=partial(_prevalence_by_group, law, prevalence),
            description="Mean of P(Y=1 | x) over everybody in each group whose prevalence is "
            "given.",
            unit="probability",
        ),
        "untested_prevalence": Estimand(
            compute=lambda draws, data: average(draws, _untested(data), untested_risk),
            averages_people=True,
            sentence=lambda data: (
                f"About {{value}} of {_untested_people(data)} have {_outcome(data)}."
            ),
            description="Mean of P(Y=1 | T=0, x) over the people who were not tested.",
            unit="probability",
        ),
        "missed_cases": Estimand(
            # Weights have mean 1, and a row stands for as many people as they had before.
            compute=lambda draws, data: _missed(law, draws, data) * data.people_per_row,
            averages_people=True,
            sentence=lambda data: (
                f"About {{value}} cases{_of_outcome(data)} are expected among "
                f"{_untested_people(data)}."
            ),
            description="Expected number of cases among the people who were not tested: the sum of "
            "P(Y=1 | T=0, x), each row counted as the people that it stands for.",
            unit="people",
        ),
        "share_found": Estimand(
            compute=partial(share_found, law),
            averages_people=True,
            sentence=_share_found_in_words,
            description="Cases found among all cases, found and expected missed.",
            unit="proportion",
        ),
        "allocation": Estimand(
            compute=partial(_allocation, law),
            averages_people=True,
            description="Share of all cases that would be found by testing the riskiest people by "
            "their features. Testing at random finds the share tested; share_found is what the "
            "actual decisions found.",
            unit="proportion of cases",
            own_posterior=True,  # people are ranked by their mean risk over all draws
        ),
    }


def _outcome(data: Decisions) -> str:
    return label_of_outcome(data, f"{data.arguments['outcome']} = 1")


def _of_outcome(data: Decisions) -> str:
    label = label_of_outcome(data, "")
    return f" of {label}" if label else ""


def _untested_people(data: Decisions) -> str:
    decision = data.arguments["decision"]
    return those_not_decided_for(data, f"the people with {decision} = 0")


def _share_found_in_words(data: Decisions) -> str:
    decision = data.arguments["decision"]
    tested = those_decided_for(data, f"the people with {decision} = 1")
    return f"About {{value}} of all cases{_of_outcome(data)} are among {tested}."


def _decisions(law: Unobservable) -> dict[str, Estimand]:
    threshold = partial(_threshold, law)
    return {
        "excess_testing": Estimand(
            compute=partial(_excess_testing, law),
            per_person=True,
            description="How much more often a person is tested than somebody of the same risk "
            "under the average policy: over-testing where it is positive, under-testing where it "
            "is negative.",
            unit="probability of being tested",
            contrast="the policy as it is, against x'Δ at its mean and a decider of the middle",
        ),
        "testing_threshold": Estimand(
            per_person=True,
            compute=lambda draws, data: per_person(draws, data.people(), threshold),
            at=lambda draws, people: per_person(draws, people, threshold),
            at_reads=feature_columns,
            description="The risk at which a person with these features has an even chance of "
            "being tested. Thresholds compare how groups are treated, and rates of positive "
            "results do not: where risks are spread differently these differ at equal thresholds "
            "(infra-marginality; Simoiu, Corbett-Davies & Goel 2017).",
            unit="probability of the outcome",
        ),
    }


def _parameters(law: Unobservable) -> dict[str, Estimand]:
    link = law.link_function
    slope = f"{link.unit} of testing per {link.singular} of risk"
    coefficient = f"{link.unit} per unit of the coded feature"
    return {
        "testing_policy": Estimand(
            compute=lambda draws, data: draws["policy_coefficient"],
            description="Δ: how testing depends on each feature among people of the same risk.",
            unit=coefficient,
            contrast="one unit more of the coded feature, at the same risk",
        ),
        "testing_coefficient": Estimand(
            compute=lambda draws, data: (
                draws["testing_response"] * draws["risk_coefficient"]
                + draws["policy_coefficient"]
            ),
            description="αβ_Y + Δ: how testing depends on each feature, at the same unobservable.",
            unit=coefficient,
            contrast="one unit more of the coded feature",
        ),
        "risk_coefficient": Estimand(
            compute=lambda draws, data: draws["risk_coefficient"],
            description="β_Y: how risk depends on each feature.",
            unit=coefficient,
            contrast="one unit more of the coded feature",
        ),
        "unobserved_scale": Estimand(
            compute=lambda draws, data: draws["unobserved_width"],
            description="σ: the scale of what only the decision-maker sees; for the uniform, its "
            "range.",
            unit=link.unit,
        ),
        "response": Estimand(
            compute=lambda draws, data: draws["testing_response"],
            description="α: how steeply testing rises with risk.",
            unit=slope,
        ),
        **{name: effect.answer(link) for name, effect in EFFECTS.items()},
    }


def chance_of(law: Unobservable, event: str) -> Compute:
    """Return the function of draws and people that gives the probability of an event."""

    def compute(draws: xr.Dataset, people: People) -> np.ndarray:
        predictors = linear_predictors(draws, people, testing=event != "positive")
        return probability(law, event, *predictors)

    return compute


def _chance_given_result(law: Unobservable, positive: bool) -> Compute:
    """Return the function that gives P(Y=1 | T=1, R, x) for a result of an imperfect test."""

    def compute(draws: xr.Dataset, people: People) -> np.ndarray:
        case = probability(law, "tested_positive", *linear_predictors(draws, people))
        sensitivity, specificity = rates_of(draws)
        return risk_given_result(case, positive, sensitivity, specificity)

    return compute


def _of_person(law: Unobservable, event: str) -> dict[str, Any]:
    """Return the arguments of an estimand with a value for each person.

    `compute` is for the people of the data that the estimand is about, `at` for others.
    """
    chance = chance_of(law, event)

    def about(data: Decisions) -> People:
        if event == "positive":
            return data.people()
        return data.people(data.decision == (event == "tested_positive"))

    return {
        "per_person": True,
        "compute": lambda draws, data: per_person(draws, about(data), chance),
        "at": lambda draws, people: per_person(draws, people, chance),
        "at_reads": feature_columns,
    }


def _untested(data: Decisions) -> People:
    return data.people(~data.decision)


def _prevalence_by_group(
    law: Unobservable, prevalence: Any, draws: xr.Dataset, data: Decisions
) -> xr.DataArray:
    """Return draws (chain, draw, group).

    Parameters
    ----------
    law : Unobservable
    prevalence : KnownByGroup
    draws : Dataset
    data : Decisions
    """
    people = data.population
    levels, codes = data.levels_of(prevalence.feature, people.matrix)
    parts = []
    for group in range(len(levels)):
        rows = codes == group
        members = replace(
            people, matrix=people.matrix[rows], weights=people.weights[rows]
        )
        parts.append(average(draws, members, chance_of(law, "positive")))
    groups = xr.DataArray(list(levels), dims="group", name="group")
    return xr.concat(parts, groups).transpose(..., "group")


def _missed(law: Unobservable, draws: xr.Dataset, data: Decisions) -> xr.DataArray:
    """Return the expected cases among the untested, (chain, draw)."""
    return total(draws, _untested(data), chance_of(law, "untested_positive"))


def share_found(law: Unobservable, draws: xr.Dataset, data: Decisions) -> xr.DataArray:
    """Return the cases with a positive result among all cases, (chain, draw).

    With an imperfect test there are more cases among those with a negative result.

    Parameters
    ----------
    law : Unobservable
    draws : Dataset
    data : Decisions
    """
    missed = _missed(law, draws, data)
    if not rates_of(draws):
        known = float(data.weights[data.outcome == 1].sum())
        return known / (known + missed)
    true_positive = total(
        draws, data.people(data.outcome == 1), _chance_given_result(law, positive=True)
    )
    false_negative = total(
        draws, data.people(data.outcome == 0), _chance_given_result(law, positive=False)
    )
    return true_positive / (true_positive + false_negative + missed)


def _allocation(law: Unobservable, draws: xr.Dataset, data: Decisions) -> xr.DataArray:
    """Return draws (chain, draw, share_tested)."""
    shares = np.append(_SHARES, tested_share(data))
    coords = {
        "chain": draws["chain"],
        "draw": draws["draw"],
        "share_tested": [
            *(f"{share:.0%}" for share in _SHARES),
            "as many as were tested",
        ],
    }
    found = found_among_riskiest(law, draws, data, shares)
    return xr.DataArray(found, dims=tuple(coords), coords=coords)


def _excess_testing(
    law: Unobservable, draws: xr.Dataset, data: Decisions
) -> xr.DataArray:
    """Return P(T=1 | x) with the policy as it is, less that of the average policy.

    This has everybody's x'Δ at its mean, and a decider of no leniency and the common response.
    """
    centre = np.average(data.matrix, axis=0, weights=data.weights)

    def compute(draws: xr.Dataset, people: People) -> np.ndarray:
        actual = linear_predictors(draws, people)
        risk, testing, scale, response = linear_predictors(
            draws, people, deciders=False
        )
        own = flat(draws, "policy_coefficient") @ (people.matrix - centre).T
        average_policy = probability(
            law, "untested", risk, testing - own, scale, response
        )
        return average_policy - probability(law, "untested", *actual)

    return per_person(draws, data.people(), compute)


def _threshold(law: Unobservable, draws: xr.Dataset, people: People) -> np.ndarray:
    """Return h(-(Δ_0 + x'Δ) / α), (draws, person)."""
    risk, testing, _, response = linear_predictors(draws, people)
    with np.errstate(divide="ignore"):
        return law.link_function.inverse(risk - testing / response)


def tested_share(data: Decisions) -> float:
    """Return the weighted share of the people who were tested."""
    return float(data.weights[data.decision].sum() / data.weights.sum())


def found_among_riskiest(
    law: Unobservable, draws: xr.Dataset, data: Decisions, shares: np.ndarray
) -> np.ndarray:
    """Return the share of all expected cases that tests of the riskiest people would find.

    People are taken by posterior mean risk, up to each share of them. Among the cases tested, an
    imperfect test finds its sensitivity.

    Parameters
    ----------
    law : Unobservable
    draws : Dataset
    data : Decisions
    shares : array (S,)
        Shares of the people, between 0 and 1.

    Returns
    -------
    array (chain, draw, S)
    """
    chance = chance_of(law, "positive")
    size = draws.sizes["chain"] * draws.sizes["draw"]
    everybody = data.people()
    risk = (
        sum(block.sum(axis=(0, 1)) for block in blocks(draws, everybody, chance)) / size
    )
    order = np.argsort(-risk, kind="stable")
    people = np.cumsum(data.weights[order]) / data.weights.sum()
    last = np.minimum(np.searchsorted(people, shares - 1e-12), len(order) - 1)
    parts = []
    for block in blocks(draws, everybody, chance):
        cases = (block * data.weights)[..., order].cumsum(axis=2)
        parts.append(cases[..., last] / cases[..., -1:])
    shares_of_cases = np.concatenate(parts, axis=1)
    if not rates_of(draws):
        return shares_of_cases
    return shares_of_cases * draws["test_sensitivity"].to_numpy()[..., None]


def linear_predictors(
    draws: xr.Dataset, people: People, testing: bool = True, deciders: bool = True
) -> tuple[np.ndarray, Any, np.ndarray, np.ndarray]:
    """Return risk and testing at ζ = 0, σ and α, chain by chain.

    Parameters
    ----------
    draws : Dataset
    people : People
    testing : bool
        Whether testing is needed; 0 stands for it otherwise.
    deciders : bool
        Whether with the effects of the deciders, where they differ.

    Returns
    -------
    risk, testing : arrays (draws, N)
    scale : array (draws, 1)
    response : array (draws, 1), or (draws, N) where deciders differ in it
    """
    scale = flat(draws, "unobserved_width")
    response = flat(draws, "testing_response")
    middle = (
        flat(draws, "risk_middle") + flat(draws, "risk_coefficient") @ people.matrix.T
    )
    if not testing:
        return middle, 0.0, scale, response
    policy = (
        flat(draws, "policy_intercept")
        + flat(draws, "policy_coefficient") @ people.matrix.T
    )
    testing_index = response * middle + policy
    for name, effect in EFFECTS.items():
        if deciders and name in draws:
            of_person = flat(draws, name)[:, _deciders(people)]
            testing_index, response = effect.act(
                of_person, middle, testing_index, response
            )
    return middle, testing_index, scale, response


def _deciders(people: People) -> np.ndarray:
    if people.decider is None:
        raise DataError(
            "Deciders differ in this model, and this question depends on who decides: expected the "
            "column of the decider in the frame."
        )
    return people.decider


def pointwise_log_likelihood(
    law: Unobservable, draws: xr.Dataset, data: Decisions
) -> np.ndarray:
    """Return log P(what was seen of person i) of every draw, (draws, person), chain by chain.

    Parameters
    ----------
    law : Unobservable
        Family and link.
    draws : Dataset
        The posterior.
    data : Decisions
    """
    size = draws.sizes["chain"] * draws.sizes["draw"]
    values = np.empty((size, len(data)))
    rates = rates_of(draws)
    for event, rows in seen_rows(data).items():
        given = rates if event != "untested" else ()
        name = f"reported_{event}" if given else event
        predictors = linear_predictors(draws, data.people(rows))
        values[:, rows] = log_likelihood(law, name, *predictors, *given)
    return values


def seen_rows(data: Decisions) -> dict[str, np.ndarray]:
    """Return masks of the people not tested, tested negative and tested positive."""
    return {
        "untested": ~data.decision,
        "negative": data.outcome == 0,
        "positive": data.outcome == 1,
    }
