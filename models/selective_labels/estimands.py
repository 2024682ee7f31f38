"""What can be asked of a selective-labels fit: functions of posterior draws and data."""

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
from causalstats.models.shared.population import Compute, average, blocks, flat, per_person, total
from causalstats.numerics.selection.unobservable import (
    Unobservable,
    inverse_link,
    log_likelihood,
    probability,
)

_SHARES = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


def estimands(of: Unobservable, prevalence: Any) -> Mapping[str, Estimand]:
    """Every question by name, for one family of unobservable and link; `prevalence` is what is known of it."""

    def chance(what: str) -> Compute:
        if what in ("true_positive", "false_negative"):
            return partial(_case_behind, of, what)
        return lambda draws, people: probability(
            of, what, *logits(draws, people, testing=what != "positive")
        )

    def by_group(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        """Draws (chain, draw, group)."""
        people = data.population
        levels, codes = data.levels_of(prevalence.feature, people.matrix)
        members = [
            replace(people, matrix=people.matrix[codes == g], weights=people.weights[codes == g])
            for g in range(len(levels))
        ]
        parts = [average(draws, group, chance("positive")) for group in members]
        return xr.concat(parts, xr.DataArray(list(levels), dims="group", name="group")).transpose(
            ..., "group"
        )

    def missed(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        return total(draws, data.people(~data.decision), chance("untested_positive"))

    def missed_people(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        """In people: weights have mean 1, and a row stands for as many as they had before."""
        return missed(draws, data) * data.people_per_row

    def share_found(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        """Found are the cases among those with a positive result; with an imperfect test there are more among the negative."""
        if "test_sensitivity" not in draws:
            found: Any = float(data.weights[data.outcome == 1].sum())
            cases = found
        else:
            found, overlooked = (
                total(draws, data.people(data.outcome == seen), chance(what))
                for seen, what in ((1, "true_positive"), (0, "false_negative"))
            )
            cases = found + overlooked
        return found / (cases + missed(draws, data))

    def allocation(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        shares = np.append(_SHARES, tested_share(data))
        coords = {
            "chain": draws["chain"],
            "draw": draws["draw"],
            "share_tested": [*(f"{share:.0%}" for share in _SHARES), "as many as were tested"],
        }
        return xr.DataArray(
            found_among_riskiest(of, draws, data, shares), dims=tuple(coords), coords=coords
        )

    def excess(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        """P(T=1 | x) with the policy as it is, less that with everybody's x'Δ at its mean."""
        centre = np.average(data.matrix, axis=0, weights=data.weights)

        def compute(draws: xr.Dataset, people: People) -> np.ndarray:
            risk, testing, scale, response = logits(draws, people)
            own = flat(draws, "policy_coefficient") @ (people.matrix - centre).T + _leniency(
                draws, people
            )
            return probability(of, "untested", risk, testing - own, scale, response) - probability(
                of, "untested", risk, testing, scale, response
            )

        return per_person(draws, data.people(), compute)

    def threshold(draws: xr.Dataset, people: People) -> np.ndarray:
        """h(-(Δ_0 + x'Δ) / α)."""
        risk, testing, _, response = logits(draws, people)
        with np.errstate(divide="ignore"):
            return inverse_link(of, risk - testing / response)

    def of_person(what: str) -> dict[str, Any]:
        """Of a question about a person: `compute`, for the people of the data that it is about, and `at`, for others."""

        def about(data: Decisions) -> People:
            return data.people(
                None if what == "positive" else data.decision == (what == "tested_positive")
            )

        return {
            "per_person": True,
            "compute": lambda draws, data: per_person(draws, about(data), chance(what)),
            "at": lambda draws, people: per_person(draws, people, chance(what)),
        }

    unit = "log-odds" if of.link == "logit" else "probits"
    slope = f"{unit} of testing per {'log-odds' if of.link == 'logit' else 'probit'} of risk"

    return {
        "risk": Estimand(
            **of_person("positive"),
            description="P(Y=1 | x) of every person, tested or not.",
            unit="probability",
        ),
        "untested_risk": Estimand(
            **of_person("untested_positive"),
            description="P(Y=1 | T=0, x) of every person who was not tested.",
            unit="probability",
        ),
        "tested_risk": Estimand(
            **of_person("tested_positive"),
            description="P(Y=1 | T=1, x) of every person who was tested.",
            unit="probability",
        ),
        "prevalence": Estimand(
            compute=lambda draws, data: average(draws, data.population, chance("positive")),
            averages_people=True,
            of_population=True,
            description="Mean of P(Y=1 | x) over everybody: the reference population where there is one.",
            unit="probability",
        ),
        "prevalence_by_group": Estimand(
            compute=by_group,
            description="Mean of P(Y=1 | x) over everybody in each group whose prevalence is given.",
            unit="probability",
        ),
        "untested_prevalence": Estimand(
            compute=lambda draws, data: average(
                draws, data.people(~data.decision), chance("untested_positive")
            ),
            averages_people=True,
            description="Mean of P(Y=1 | T=0, x) over the people who were not tested.",
            unit="probability",
        ),
        "missed_cases": Estimand(
            compute=missed_people,
            averages_people=True,
            description="Expected number of cases among the people who were not tested: the sum of P(Y=1 | T=0, x), each row counted "
            "as the people that it stands for.",
            unit="people",
        ),
        "share_found": Estimand(
            compute=share_found,
            averages_people=True,
            description="Cases found among all cases, found and expected missed.",
            unit="proportion",
        ),
        "allocation": Estimand(
            compute=allocation,
            averages_people=True,
            description="Share of all cases that would be found by testing the riskiest people by their features. Testing at random finds the share "
            "tested; share_found is what the actual decisions found.",
            unit="proportion of cases",
        ),
        "excess_testing": Estimand(
            compute=excess,
            per_person=True,
            description="How much more often a person is tested than somebody of the same risk under the average policy: over-testing where it is "
            "positive, under-testing where it is negative.",
            unit="probability of being tested",
            contrast="the policy as it is, against x'Δ at its mean",
        ),
        "testing_threshold": Estimand(
            per_person=True,
            compute=lambda draws, data: per_person(draws, data.people(), threshold),
            at=lambda draws, people: per_person(draws, people, threshold),
            description="The risk at which a person with these features has an even chance of being tested.",
            unit="probability of the outcome",
        ),
        "testing_policy": Estimand(
            compute=lambda draws, data: draws["policy_coefficient"],
            description="Δ: how testing depends on each feature among people of the same risk.",
            unit=f"{unit} per unit of the coded feature",
            contrast="one unit more of the coded feature, at the same risk",
        ),
        "risk_coefficient": Estimand(
            compute=lambda draws, data: draws["risk_coefficient"],
            description="β_Y: how risk depends on each feature.",
            unit=f"{unit} per unit of the coded feature",
            contrast="one unit more of the coded feature",
        ),
        "unobserved_scale": Estimand(
            compute=lambda draws, data: draws["unobserved_width"],
            description="σ: the scale of what only the decision-maker sees; for the uniform, its range.",
            unit=unit,
        ),
        "response": Estimand(
            compute=lambda draws, data: draws["testing_response"],
            description="α: how steeply testing rises with risk.",
            unit=slope,
        ),
        "leniency": Estimand(
            compute=lambda draws, data: draws["leniency"],
            description="λ_j: how much more readily each decider tests, at the same risk and features.",
            unit=unit,
            contrast="the decider, against the mean of all deciders there might be",
        ),
        "decider_response": Estimand(
            compute=lambda draws, data: draws["decider_response"],
            description="α_j: how steeply each decider's testing rises with risk.",
            unit=slope,
        ),
    }


def tested_share(data: Decisions) -> float:
    """Weighted share of the people who were tested."""
    return float(data.weights[data.decision].sum() / data.weights.sum())


def found_among_riskiest(
    of: Unobservable, draws: xr.Dataset, data: Decisions, shares: np.ndarray
) -> np.ndarray:
    """Share of all expected cases that tests of the riskiest people would find, by posterior mean risk, up to each share of the people.

    Of the cases among them, an imperfect test finds its sensitivity. Returns (chain, draw, share).
    """

    def chance(draws: xr.Dataset, people: People) -> np.ndarray:
        return probability(of, "positive", *logits(draws, people, testing=False))

    size, everybody = draws.sizes["chain"] * draws.sizes["draw"], data.people()
    risk = sum(block.sum(axis=(0, 1)) for block in blocks(draws, everybody, chance)) / size
    order = np.argsort(-risk, kind="stable")
    people = np.cumsum(data.weights[order]) / data.weights.sum()
    last = np.minimum(np.searchsorted(people, shares - 1e-12), len(order) - 1)
    found = []
    for block in blocks(draws, everybody, chance):
        cases = (block * data.weights)[..., order].cumsum(axis=2)
        found.append(cases[..., last] / cases[..., -1:])
    shares_of_cases = np.concatenate(found, axis=1)
    if "test_sensitivity" not in draws:
        return shares_of_cases
    return shares_of_cases * draws["test_sensitivity"].to_numpy()[..., None]


def logits(
    draws: xr.Dataset, people: People, testing: bool = True
) -> tuple[np.ndarray, Any, np.ndarray, np.ndarray]:
    """Risk and testing at ζ = 0, (draws, N), or 0 for a testing not asked for; σ, (draws, 1), and α, (draws, 1 or N), chain by chain."""
    scale, response = flat(draws, "unobserved_width"), flat(draws, "testing_response")
    middle = flat(draws, "risk_middle") + flat(draws, "risk_coefficient") @ people.matrix.T
    if not testing:
        return middle, 0.0, scale, response
    if "decider_response" in draws:
        response = flat(draws, "decider_response")[:, _deciders(people)]
    policy = (
        flat(draws, "policy_intercept")
        + flat(draws, "policy_coefficient") @ people.matrix.T
        + _leniency(draws, people)
    )
    return middle, response * middle + policy, scale, response


def _case_behind(of: Unobservable, what: str, draws: xr.Dataset, people: People) -> np.ndarray:
    """P(Y=1 | T=1, R, x) behind a positive or a negative report."""
    sensitivity, specificity = test_of(draws)
    case = probability(of, "tested_positive", *logits(draws, people))
    given = (
        (sensitivity, 1 - specificity)
        if what == "true_positive"
        else (1 - sensitivity, specificity)
    )
    return given[0] * case / (given[0] * case + given[1] * (1 - case))


def _leniency(draws: xr.Dataset, people: People) -> Any:
    return flat(draws, "leniency")[:, _deciders(people)] if "leniency" in draws else 0.0


def _deciders(people: People) -> np.ndarray:
    if people.decider is None:
        raise DataError(
            "Deciders differ in this model, and this question depends on who decides: expected the column of the decider in the frame."
        )
    return people.decider


def test_of(draws: xr.Dataset) -> tuple[np.ndarray, ...]:
    """Sensitivity and specificity, (draws, 1), where results are reports of an imperfect test."""
    names = ("test_sensitivity", "test_specificity")
    return tuple(flat(draws, name) for name in names) if names[0] in draws else ()


def pointwise(of: Unobservable, draws: xr.Dataset, data: Decisions) -> np.ndarray:
    """Σ_i log P(what was seen of person i) of every draw, (chain, draw)."""
    parts, test = [], test_of(draws)
    for seen, rows in seen_rows(data).items():
        name, given = (f"reported_{seen}", test) if test and seen != "untested" else (seen, ())
        parts.append(
            log_likelihood(of, name, *logits(draws, data.people(rows)), *given).sum(axis=-1)
        )
    return np.reshape(np.sum(parts, axis=0), (draws.sizes["chain"], draws.sizes["draw"]))


def seen_rows(data: Decisions) -> dict[str, np.ndarray]:
    """Who was seen how: not tested, tested negative, tested positive."""
    return {
        "untested": ~data.decision,
        "negative": data.outcome == 0,
        "positive": data.outcome == 1,
    }
