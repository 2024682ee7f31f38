"""The headline of a fit beside baselines: standard estimates from the same data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalstats.core.abilities import (
    AnnotatesComparison,
    Baseline,
    ClosedForm,
    HasAnswerBaselines,
    HasBaselines,
    HasWorstCaseBounds,
)
from causalstats.errors import ModelError
from causalstats.inference.withheld_outcomes import held_out_rate
from causalstats.numerics.sampling.centre import centre_of, estimate_columns

if TYPE_CHECKING:
    from causalstats.inference.fit import Fit


def compare(fit: Fit, prob: float, name: str) -> pd.DataFrame:
    """Return an answer beside the baselines, as `Fit.compare` says.

    Parameters
    ----------
    fit : Fit
    prob : float
    name : str
        The estimand.
    """
    answer = fit.effect(name)
    if name == fit.headline:
        baselines = fit.once("baselines", lambda: _baselines(fit))
    else:
        baselines = fit.once(f"baselines of {name}", lambda: _of_answer(fit, name))
    tails = ((1 - prob) / 2, (1 + prob) / 2)
    if answer.draws.ndim > 2:
        columns: dict[str, Any] = {}
        for name, estimate in baselines.items():
            columns |= _columns(name, estimate, tails)
        numbers = answer.numbers(prob)
        return numbers[estimate_columns(numbers)].assign(**columns)
    draws = answer.draws.to_numpy().ravel()
    rows = {type(fit.model).__name__: [draws.mean(), *np.quantile(draws, tails)]}
    rows |= {name: baseline_row(each, tails) for name, each in baselines.items()}
    medians = [np.median(draws), *map(_median, baselines.values())]
    if isinstance(fit.model, HasWorstCaseBounds):
        bounds = fit.model.worst_case_bounds(fit.data)
        rows |= {name: [np.nan, *ends] for name, ends in bounds.items()}
        medians += [np.nan] * len(bounds)
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["mean", "lower", "upper"]
    )
    if centre_of(answer.numbers(prob)) == "median":
        table.insert(0, "median", medians)
    if isinstance(fit.model, AnnotatesComparison):
        table = table.assign(**fit.model.comparison_columns(table, fit.data))
    truth = held_out_rate(fit)
    return (
        table
        if truth is None
        else table.assign(truth=truth, error=table[centre_of(table)] - truth)
    )


def _baselines(fit: Fit) -> dict[str, np.ndarray | ClosedForm]:
    if not isinstance(fit.model, HasBaselines):
        return {}
    rng = np.random.default_rng(fit.seed)
    return {name: rule(rng)[0] for name, rule in fit.model.baselines(fit.data).items()}


def _of_answer(fit: Fit, name: str) -> dict[str, np.ndarray | ClosedForm]:
    """Return the baselines of another answer than the headline.

    Raises
    ------
    ModelError
        If there are none.
    """
    rules: Mapping[str, Baseline] = {}
    if isinstance(fit.model, HasAnswerBaselines):
        rules = fit.model.answer_baselines(name, fit.data)
    if not rules:
        raise ModelError(
            f"No other method is at hand for {name!r}: `fit.compare()` compares the headline, "
            f"{fit.headline!r}."
        )
    rng = np.random.default_rng(fit.seed)
    return {label: rule(rng)[0] for label, rule in rules.items()}


def baseline_row(
    estimate: np.ndarray | ClosedForm, tails: tuple[float, float]
) -> list[float]:
    """Return mean and interval of draws, or of an estimate with quantiles in closed form.

    An estimator without moments, such as Heckman's two steps without an exclusion, has bootstrap
    draws of which a few make the mean: one outside the interval. It is then the median.

    Parameters
    ----------
    estimate : array, shape (draws,), or ClosedForm
    tails : tuple of float
        The probabilities below the ends of the interval.

    Returns
    -------
    list of float
        The number, and the ends of its interval.
    """
    if isinstance(estimate, ClosedForm):
        lower, upper = map(estimate.quantile, tails)
        numbers = (estimate.mean(), lower, upper)
        return [float(np.atleast_1d(values)[0]) for values in numbers]
    lower, upper = np.quantile(estimate, tails)
    mean = float(estimate.mean())
    within = lower <= mean <= upper
    return [mean if within else float(np.median(estimate)), float(lower), float(upper)]


def _median(estimate: np.ndarray | ClosedForm) -> float:
    """Return the median of draws, or of an estimate with quantiles in closed form."""
    if isinstance(estimate, ClosedForm):
        return float(np.atleast_1d(estimate.quantile(0.5))[0])
    return float(np.median(estimate))


def _columns(
    name: str, estimate: np.ndarray | ClosedForm, tails: tuple[float, float]
) -> dict[str, Any]:
    """Return the numbers of a baseline, a row an entry, with its interval where it has one."""
    if not isinstance(estimate, ClosedForm):
        return {name: estimate}
    lower, upper = map(estimate.quantile, tails)
    return {name: estimate.mean(), f"{name}, lower": lower, f"{name}, upper": upper}
