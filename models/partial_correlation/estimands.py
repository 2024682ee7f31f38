"""Estimands of a composition: quantities that follow from Θ, drawn or in closed form."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.effect import MarginalDistributions
from causalstats.core.estimand import Estimand
from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation import covariates, student_rows
from causalstats.models.partial_correlation.answer_checks import (
    answer_checks,
    determined_pairs,
)
from causalstats.models.partial_correlation.bayes_factors import bayes_factors
from causalstats.models.partial_correlation.priors.base import (
    AnswerText,
    ExactPrior,
    ShrinkagePrior,
)
from causalstats.models.partial_correlation.priors.conjugate import (
    posterior_scale,
    posterior_scatter,
)
from causalstats.models.partial_correlation.quantities import QUANTITIES, Quantity
from causalstats.numerics.compositions import inverse_wishart, log_ratios

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

# An exact posterior whose draws were not kept is drawn again with up to so many parts, and so
# many numbers.
_LARGEST_SIZE = 158
_LARGEST_NUMBER = 5e6
_NUMBERS_AT_ONCE = 4_000_000  # of draws of Θ, from which a quantity is computed
_LINKS = (
    "At a false discovery rate of 5 %, {selected} of {total} pairs of parts are linked beyond what "
    "closure alone makes[: {surest}]. Of the 95 % intervals, {count} leave that out, as about "
    "{chance} would without any link; among few parts one link moves other pairs too."
)
_OF_STUDENT_ROWS = {
    student_rows.WEIGHT: AnswerText(
        "Weight of a row, about 1 where it lies as far out as a normal one; a row of weight g "
        "counts for √g of its residual.",
        "weight",
    ),
    student_rows.DEGREES: AnswerText(
        "Degrees of freedom of the Student t distribution of the rows: 30 and more are as good "
        "as normal.",
        "degrees of freedom",
    ),
}
_DIMS = ("chain", "draw", "part", "other_part")


def estimands(model: PartialCorrelation) -> dict[str, Estimand]:
    """Return the questions by name, with closed-form marginals where the posterior is exact."""
    assumptions = tuple(assumption.name for assumption in model.assumptions())
    prior = model.covariance_prior
    questions = {
        name: _estimand(model, name, quantity, assumptions)
        for name, quantity in QUANTITIES.items()
    }
    exact = isinstance(prior, ExactPrior)
    closed = partial(covariates.marginals, model) if exact else None
    questions |= covariates.estimands(closed, assumptions)
    answers = dict(prior.answers)
    if model.errors == "student":
        answers |= _OF_STUDENT_ROWS
    for name, answer in answers.items():
        questions[name] = Estimand(
            compute=partial(_variable, name),
            description=answer.description,
            unit=answer.unit,
            kind="associational",
            assumptions=assumptions,
            unavailable_reason=answer.unavailable,
        )
    return questions


def _estimand(
    model: PartialCorrelation,
    name: str,
    quantity: Quantity,
    assumptions: tuple[str, ...],
) -> Estimand:
    """Return the question about one quantity.

    Parameters
    ----------
    model : PartialCorrelation
    name : str
    quantity : Quantity
    assumptions : tuple of str
        Names of those that the answer stands on.
    """
    prior = model.covariance_prior
    headline = name == "partial_correlation"
    closed = isinstance(prior, ExactPrior) and quantity.marginals is not None
    reason = prior.withheld.get(name)
    factors = headline and isinstance(prior, ShrinkagePrior)
    return Estimand(
        compute=partial(_compute, model, quantity),
        at=partial(_compute_at, model, quantity),
        description=quantity.description + _of_scale(model, quantity),
        unit=quantity.unit,
        kind="associational",
        assumptions=assumptions,
        marginals=partial(_marginals, model, quantity) if closed else None,
        marginals_at=partial(_marginals_at, model, quantity)
        if closed and not quantity.approximate
        else None,
        unavailable_reason=None if reason is None else partial(_withheld, reason),
        companion="excess" if headline else "",
        over_null="excess" if headline else "",
        sentence=_LINKS if headline else "",
        checks=partial(answer_checks, model, name)
        if headline or name == "excess"
        else None,
        savage_dickey=partial(bayes_factors, model) if factors else None,
        determined=partial(determined_pairs, model)
        if headline or name == "excess"
        else None,
        approximate=quantity.approximate,
    )


def _of_scale(model: PartialCorrelation, quantity: Quantity) -> str:
    """Return what a variance is of where rows are of a Student t distribution."""
    if model.errors == "normal" or "squared" not in quantity.unit:
        return ""
    return " It is that of a row of weight 1 (the scale matrix)."


def _variable(name: str, draws: xr.Dataset, data: Composition) -> xr.DataArray:
    return draws[name]


def _withheld(reason: str, data: Composition) -> str:
    return reason


def _scale(model: PartialCorrelation, data: Composition) -> tuple[np.ndarray, float]:
    """Return B and ν of the exact posterior Θ ~ Wishart(ν, B)."""
    prior = model.covariance_prior
    assert isinstance(prior, ExactPrior)
    return posterior_scale(prior.conjugate(model, data), data)


def _marginals(
    model: PartialCorrelation, quantity: Quantity, data: Composition
) -> MarginalDistributions:
    assert quantity.marginals is not None
    return quantity.marginals(*_scale(model, data), data.parts)


def _marginals_at(
    model: PartialCorrelation, quantity: Quantity, data: Composition, part: Composition
) -> MarginalDistributions:
    """Return the marginals of a subcomposition.

    Its Θ is a Schur complement, with as many degrees fewer as parts. A prior that depends on the
    parts is that of the parts that are asked about.

    Parameters
    ----------
    model : PartialCorrelation
    quantity : Quantity
    data, part : Composition
        All the parts, and some of them.
    """
    assert quantity.marginals is not None
    if _depends_on_parts(model):
        return quantity.marginals(*_scale(model, part), part.parts)
    scale, degrees = _scale(model, data)
    inside = log_ratios.subcomposition(scale, data.positions(part.parts))
    fewer = len(data.parts) - len(part.parts)
    return quantity.marginals(inside, degrees - fewer, part.parts)


def _depends_on_parts(model: PartialCorrelation) -> bool:
    prior = model.covariance_prior
    return isinstance(prior, ExactPrior) and prior.depends_on_parts


def _compute(
    model: PartialCorrelation, quantity: Quantity, draws: xr.Dataset, data: Composition
) -> xr.DataArray:
    """Return draws of a quantity, dims (chain, draw, ...).

    Parameters
    ----------
    model : PartialCorrelation
    quantity : Quantity
    draws : Dataset
        Posterior draws.
    data : Composition
    """
    exact = isinstance(model.covariance_prior, ExactPrior)
    if "precision" not in draws and exact and len(data.parts) <= _LARGEST_SIZE:
        draws = _draw_again(model, data, draws.sizes["chain"])
    return _labelled(draws, _theta(draws), data.parts, quantity.values)


def _compute_at(
    model: PartialCorrelation, quantity: Quantity, draws: xr.Dataset, part: Composition
) -> xr.DataArray:
    """Return draws of a quantity of a subcomposition, dims (chain, draw, ...).

    Parameters
    ----------
    model : PartialCorrelation
    quantity : Quantity
    draws : Dataset
        Posterior draws of all the parts.
    part : Composition
        Some of the parts.
    """
    if _depends_on_parts(model):
        draws = _draw_again(model, part, draws.sizes["chain"])
        return _labelled(draws, _theta(draws), part.parts, quantity.values)
    names = list(draws["part"].to_numpy()) if "part" in draws.coords else []
    theta = _theta(draws)
    keep = np.array([names.index(name) for name in part.parts])
    inside = log_ratios.subcomposition(theta, keep)
    return _labelled(draws, inside, part.parts, quantity.values)


def _draw_again(
    model: PartialCorrelation, data: Composition, chains: int
) -> xr.Dataset:
    """Return draws of Θ from its exact posterior on these data, as many as memory allows."""
    prior = model.covariance_prior
    assert isinstance(prior, ExactPrior)
    count = int(np.clip(_LARGEST_NUMBER / chains / len(data.parts) ** 2, 50, 1000))
    scatter, degrees = posterior_scatter(prior.conjugate(model, data), data)
    rng = np.random.default_rng(0)
    theta = inverse_wishart.draw_precisions(scatter, degrees, chains * count, rng)
    return xr.Dataset(
        {"precision": (_DIMS, theta.reshape(chains, count, *scatter.shape))}
    )


def _theta(draws: xr.Dataset) -> np.ndarray:
    """Return draws of Θ, (chain, draw, D, D)."""
    if "precision" not in draws:
        raise ModelError(
            "There are too many parts to keep draws of all their pairs. What is in closed form "
            "has a summary, such as `fit.effect('partial_correlation').summary()`; for the rest, "
            "fit a part of the composition, `data.subcomposition([...])`."
        )
    return draws["precision"].transpose(*_DIMS).to_numpy()


def _labelled(
    draws: xr.Dataset,
    theta: np.ndarray,
    parts: tuple[str, ...],
    values: Callable[..., Any],
) -> xr.DataArray:
    """Return a quantity at draws of Θ with its labels.

    Parameters
    ----------
    draws : Dataset
        With the coordinates of chains and draws, where they have any.
    theta : array, shape (chain, draw, D, D)
    parts : tuple of str
    values : callable
        That of a `Quantity`.
    """
    flat = theta.reshape(-1, *theta.shape[2:])
    at_once = max(1, _NUMBERS_AT_ONCE // max(flat[0].size, 1))
    dim, labels, one = values(flat[:1], parts)
    # Of a thousand parts the answer has half the memory of the draws: it is never copied.
    every = np.empty((len(flat), *one.shape[1:]), one.dtype)
    for first in range(0, len(flat), at_once):
        block = slice(first, first + at_once)
        every[block] = values(flat[block], parts)[2]
    array = every.reshape(*theta.shape[:2], *every.shape[1:])
    coords: dict[str, Any] = {
        name: draws[name] for name in ("chain", "draw") if name in draws.coords
    }
    if not dim:
        return xr.DataArray(array, coords, dims=("chain", "draw"))
    return xr.DataArray(array, {**coords, dim: labels}, dims=("chain", "draw", dim))
