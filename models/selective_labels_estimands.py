"""What can be asked of a selective-labels fit: functions of posterior draws and data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from causalstats.data import Decisions
from causalstats.model import Estimand
from causalstats.numerics.unobservable import Unobservable, log_likelihood, probability

_MOST_NUMBERS = 64_000_000
_BLOCK = 50_000
_SHARES = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


def estimands(of: Unobservable) -> Mapping[str, Estimand]:
    """Every question by name, for one family of unobservable and link."""

    def blocks(draws: xr.Dataset, matrix: np.ndarray, what: str) -> Iterator[np.ndarray]:
        """Arrays (chain, some draws, person) of a probability, small enough for the processor's cache."""
        chains, size = draws.sizes["chain"], draws.sizes["draw"]
        step = max(1, _BLOCK // (chains * max(1, len(matrix))))
        for first in range(0, size, step):
            part = draws.isel(draw=slice(first, first + step))
            yield probability(of, what, *logits(part, matrix)).reshape(chains, -1, len(matrix))

    def per_person(draws: xr.Dataset, matrix: np.ndarray, rows: np.ndarray, what: str) -> xr.DataArray:
        """Draws (chain, draw, person) of a probability; thinned alike in every chain where they would take more than half a gigabyte."""
        step = max(1, -(-draws.sizes["chain"] * draws.sizes["draw"] * len(matrix) // _MOST_NUMBERS))
        thin = draws.isel(draw=slice(None, None, step))
        values = np.concatenate(list(blocks(thin, matrix, what)), axis=1)
        return xr.DataArray(values, dims=("chain", "draw", "person"), coords={"chain": thin["chain"], "draw": thin["draw"], "person": rows})

    def average(draws: xr.Dataset, matrix: np.ndarray, weights: np.ndarray, what: str, total: bool = False) -> xr.DataArray:
        """Draws (chain, draw) of a weighted mean or total over people."""
        weights = weights if total else weights / weights.sum()
        values = np.concatenate([block @ weights for block in blocks(draws, matrix, what)], axis=1)
        return xr.DataArray(values, dims=("chain", "draw"), coords={"chain": draws["chain"], "draw": draws["draw"]})

    def everybody(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        matrix, weights = data.population
        return average(draws, matrix, weights, "positive")

    def untested(draws: xr.Dataset, data: Decisions, total: bool = False) -> xr.DataArray:
        return average(draws, data.matrix[~data.decision], data.weights[~data.decision], "untested_positive", total)

    def share_found(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        cases = data.weights[data.outcome == 1].sum()
        return cases / (cases + untested(draws, data, total=True))

    def riskiest_first(draws: xr.Dataset, data: Decisions) -> xr.DataArray:
        """Share of all expected cases among the riskiest people, by posterior mean risk, up to each share of the people."""
        size = draws.sizes["chain"] * draws.sizes["draw"]
        risk = sum(block.sum(axis=(0, 1)) for block in blocks(draws, data.matrix, "positive")) / size
        order = np.argsort(-risk, kind="stable")
        people = np.cumsum(data.weights[order]) / data.weights.sum()
        shares = np.append(_SHARES, data.weights[data.decision].sum() / data.weights.sum())
        last = np.minimum(np.searchsorted(people, shares - 1e-12), len(order) - 1)
        found = []
        for block in blocks(draws, data.matrix, "positive"):
            cases = (block * data.weights)[..., order].cumsum(axis=2)
            found.append(cases[..., last] / cases[..., -1:])
        labels = [*(f"{share:.0%}" for share in _SHARES), "as many as were tested"]
        coords = {"chain": draws["chain"], "draw": draws["draw"], "share_tested": labels}
        return xr.DataArray(np.concatenate(found, axis=1), dims=tuple(coords), coords=coords)

    def others(what: str):
        return lambda draws, matrix: per_person(draws, matrix, np.arange(len(matrix)), what)

    return {
        "risk": Estimand(
            compute=lambda draws, data: per_person(draws, data.matrix, data.rows, "positive"),
            at=others("positive"),
            description="P(Y=1 | x) of every person, tested or not.",
            unit="probability",
        ),
        "untested_risk": Estimand(
            compute=lambda draws, data: per_person(draws, data.matrix[~data.decision], data.rows[~data.decision], "untested_positive"),
            at=others("untested_positive"),
            description="P(Y=1 | T=0, x) of every person who was not tested.",
            unit="probability",
        ),
        "tested_risk": Estimand(
            compute=lambda draws, data: per_person(draws, data.matrix[data.decision], data.rows[data.decision], "tested_positive"),
            at=others("tested_positive"),
            description="P(Y=1 | T=1, x) of every person who was tested.",
            unit="probability",
        ),
        "prevalence": Estimand(
            compute=everybody,
            description="Mean of P(Y=1 | x) over everybody: the reference population where there is one.",
            unit="probability",
        ),
        "untested_prevalence": Estimand(
            compute=untested,
            description="Mean of P(Y=1 | T=0, x) over the people who were not tested.",
            unit="probability",
        ),
        "missed_cases": Estimand(
            compute=lambda draws, data: untested(draws, data, total=True),
            description="Expected number of cases among the people who were not tested: the sum of P(Y=1 | T=0, x).",
            unit="people (weighted)",
        ),
        "share_found": Estimand(
            compute=share_found,
            description="Cases found among all cases, found and expected missed.",
            unit="proportion",
        ),
        "allocation": Estimand(
            compute=riskiest_first,
            description="Share of all cases that would be found by testing the riskiest people by their features. Testing at random finds the share "
            "tested; share_found is what the actual decisions found.",
            unit="proportion of cases",
        ),
        "testing_policy": Estimand(
            compute=lambda draws, data: draws["policy_coefficient"],
            description="Δ: how testing depends on each feature among people of the same risk.",
            unit="log-odds per unit of the coded feature",
            contrast="one unit more of the coded feature, at the same risk",
        ),
        "risk_coefficient": Estimand(
            compute=lambda draws, data: draws["risk_coefficient"],
            description="β_Y: how risk depends on each feature.",
            unit="log-odds per unit of the coded feature",
            contrast="one unit more of the coded feature",
        ),
        "unobserved_scale": Estimand(
            compute=lambda draws, data: draws["unobserved_width"],
            description="σ: the scale of what only the decision-maker sees; for the uniform, its range.",
            unit="log-odds",
        ),
        "response": Estimand(
            compute=lambda draws, data: draws["testing_response"],
            description="α: how steeply testing rises with risk.",
            unit="log-odds of testing per log-odds of risk",
        ),
    }


def logits(draws: xr.Dataset, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Risk and testing at ζ = 0, (draws, N), and σ and α, (draws, 1), chain by chain."""

    def flat(name: str) -> np.ndarray:
        values = draws[name].to_numpy()  # (chain, draw) or (chain, draw, feature), as samplers and simulations give them
        return values.reshape(values.shape[0] * values.shape[1], -1)

    scale, response = flat("unobserved_width"), flat("testing_response")
    middle = flat("risk_middle") + flat("risk_coefficient") @ matrix.T
    return middle, response * middle + flat("policy_intercept") + flat("policy_coefficient") @ matrix.T, scale, response


def pointwise(of: Unobservable, draws: xr.Dataset, data: Decisions) -> np.ndarray:
    """Σ_i log P(what was seen of person i) of every draw, (chain, draw)."""
    parts = [log_likelihood(of, seen, *logits(draws, data.matrix[rows])).sum(axis=-1) for seen, rows in seen_rows(data).items()]
    return np.reshape(np.sum(parts, axis=0), (draws.sizes["chain"], draws.sizes["draw"]))


def seen_rows(data: Decisions) -> dict[str, np.ndarray]:
    """Who was seen how: not tested, tested negative, tested positive."""
    return {"untested": ~data.decision, "negative": data.outcome == 0, "positive": data.outcome == 1}
