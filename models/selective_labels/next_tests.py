"""Whom to test next: the expected yield of tests, and what they would say about the headline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.data import Decisions, People
from causalstats.errors import ModelError
from causalstats.models.selective_labels.estimands import chance_of
from causalstats.models.selective_labels.imperfect_test import rates_of
from causalstats.models.shared.population import average, blocks, per_person
from causalstats.numerics.selection.misclassification import share_positive
from causalstats.numerics.selection.value_of_information import (
    expected_variance,
    variance_taken_by_one,
)

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

_SEED = 2015
_MOST_NUMBERS = 20_000_000  # draws times tests


def next_tests(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions, budget: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the plans and the people of `NextTests`.

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
        The posterior.
    data : Decisions
    budget : int
        How many rows are tested.

    Raises
    ------
    ModelError
        If there are fewer people who were not tested.
    """
    untested = data.people(~data.decision)
    if budget > len(untested):
        raise ModelError(
            f"Only {len(untested):,} people were not tested; expected a budget of at most that, "
            f"got {budget:,}."
        )
    risk = chance_of(model.law, "untested_positive")
    headline = average(draws, untested, risk).to_numpy()
    mean, sd, covariance = _moments(draws, untested, risk, headline)
    taken = _taken(model, draws, mean, covariance)
    variance = headline.var()
    rng = np.random.default_rng(_SEED)
    plans = {
        "riskiest": np.argsort(-mean, kind="stable")[:budget],
        "most informative": np.argsort(-taken, kind="stable")[:budget],
        "at random": np.sort(rng.choice(len(untested), budget, replace=False)),
    }
    rows = {
        name: _plan(draws, untested.take(chosen), risk, headline, rng)
        for name, chosen in plans.items()
    }
    columns = ["found", "lower", "upper", "sd_now", "sd_expected", "narrowing"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    order = np.argsort(-mean, kind="stable")
    left = np.sqrt(np.maximum(1 - taken / variance, 0)) if variance > 0 else 1.0
    positions = np.arange(len(untested))
    people = pd.DataFrame(
        {
            "risk": mean,
            "sd": sd,
            "narrowing": 1 - left + np.zeros(len(untested)),
            "riskiest": np.isin(positions, plans["riskiest"]),
            "most_informative": np.isin(positions, plans["most informative"]),
        },
        index=pd.Index(untested.rows, name="row"),
    )
    return table, people.iloc[order]


def _moments(
    draws: xr.Dataset, people: People, risk: Any, headline: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean and sd of each person's risk, and its covariance with the headline, (n,) each.

    Parameters
    ----------
    draws : Dataset
    people : People
    risk : function of draws and people
    headline : array (chain, draw)
    """
    total = np.zeros(len(people))
    squares = np.zeros(len(people))
    products = np.zeros(len(people))
    centred = headline - headline.mean()
    start = 0
    for block in blocks(draws, people, risk):
        part = centred[:, start : start + block.shape[1]]
        start += block.shape[1]
        total += block.sum(axis=(0, 1))
        squares += (block**2).sum(axis=(0, 1))
        products += np.einsum("cd,cdn->n", part, block)
    size = headline.size
    mean = total / size
    return mean, np.sqrt(np.maximum(squares / size - mean**2, 0)), products / size


def _taken(
    model: SelectiveLabels, draws: xr.Dataset, mean: np.ndarray, covariance: np.ndarray
) -> np.ndarray:
    """Return by how much one result lowers the variance of the headline, (n,).

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
    mean, covariance : arrays (n,)
        Of risk, and with the headline.
    """
    rates = [float(rate.mean()) for rate in rates_of(draws)]
    if rates:
        mean = share_positive(mean, *rates)
        covariance = covariance * (sum(rates) - 1)
    return variance_taken_by_one(covariance, mean)


def _plan(
    draws: xr.Dataset,
    people: People,
    risk: Any,
    headline: np.ndarray,
    rng: np.random.Generator,
) -> list[float]:
    """Return the cases that are found, and the standard deviation of the headline after.

    Parameters
    ----------
    draws : Dataset
    people : People
        Those who are tested.
    risk : function of draws and people
    headline : array (chain, draw)
    rng : Generator
    """
    size = headline.size
    step = max(1, -(-size * len(people) // _MOST_NUMBERS))
    thin = draws.isel(draw=slice(None, None, step))
    chances = per_person(thin, people, risk).to_numpy().reshape(-1, len(people))
    answer = headline[:, ::step].ravel()
    rates = rates_of(thin)
    found = chances
    if rates:
        found = chances * rates[0]
        chances = share_positive(chances, *rates)
    # A row that stands for many people of the population is one person who is tested.
    cases = (rng.random(found.shape) < found).sum(axis=1)
    lower, upper = np.quantile(cases, [0.025, 0.975])
    now = float(headline.std())
    after = np.sqrt(expected_variance(answer, chances, rng))
    narrowing = 1 - after / now if now > 0 else 0.0
    mean = float(found.sum(axis=1).mean())
    return [mean, float(lower), float(upper), now, float(after), float(narrowing)]
