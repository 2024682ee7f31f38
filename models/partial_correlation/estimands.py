"""What can be asked about a composition: all of it follows from Θ, drawn or in closed form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from scipy import special

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation import covariates as covariates
from causalstats.models.partial_correlation.marginal_posteriors import (
    Coefficients,
    Correlations,
    Variances,
    pair_labels,
    pairs,
)
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.priors.base import ExactPrior, ShrinkagePrior
from causalstats.models.partial_correlation.priors.conjugate import (
    posterior_scale,
    posterior_scatter,
)
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.numerics.compositions import inverse_wishart, log_ratios
from causalstats.numerics.compositions.correlation_posterior import log_density_at_zero
from causalstats.numerics.compositions.shrunk_links import drawn_in

_PRIOR_DRAWS, _MOST_DENSITIES = 4000, 1e7
_MOST_PARTS, _MOST_AT_ONCE = 158, 5e6  # that Θ is drawn of when asked, and numbers in these draws
_OF_PAIRS = ("partial_correlation", "excess")
_MANY_PARTS = 20  # of which a link leaves little in other pairs
_DRAWN_IN = 1.0  # posterior standard deviation of a link, which it may be drawn in by


def estimands(model: Any) -> dict[str, Estimand]:
    """By name, with the assumptions of this model, and margins where its posterior is exact."""
    stands_on = tuple(assumption.name for assumption in model.assumptions())
    prior = model.covariance_prior
    exact = isinstance(prior, ExactPrior)
    shrinks = isinstance(prior, ShrinkagePrior)
    found = {}
    for name, (of_theta, description, unit, margins) in _QUESTIONS.items():
        found[name] = Estimand(
            compute=_of_precision(model, of_theta),
            at=_of_subcomposition(model, of_theta),
            description=description,
            unit=unit,
            kind="associational",
            assumptions=stands_on,
            marginals=_margins(model, margins) if exact and margins else None,
            marginals_at=partial(_marginals_at, model, margins)
            if exact and margins and margins is not _excess_margins
            else None,
            unavailable_reason=partial(_withheld, prior.withheld[name])
            if name in prior.withheld
            else None,
            companion="excess" if name == "partial_correlation" else "",
            over_null="excess" if name == "partial_correlation" else "",
            checks=partial(_question_checks, model, name) if name in _OF_PAIRS else None,
            savage_dickey=partial(bayes_factors, model)
            if name == "partial_correlation" and shrinks
            else None,
            approximate=margins is _excess_margins,
        )
    found |= covariates.estimands(
        partial(covariates.marginals, model) if exact else None, stands_on
    )
    for name, answer in prior.answers.items():
        found[name] = Estimand(
            compute=partial(_drawn, name),
            description=answer.description,
            unit=answer.unit,
            kind="associational",
            assumptions=stands_on,
        )
    return found


def _question_checks(
    model: Any, name: str, draws: xr.Dataset, data: Composition
) -> tuple[Check, ...]:
    """Return what a list of pairs cannot tell: links from what they leave, and strong links."""
    size, found = len(data.parts), []
    if name == "excess" and size < _MANY_PARTS:
        found.append(
            Check(
                name="excess of pairs without a link",
                passed=None,
                value=1 / size,
                expected=f"at least {_MANY_PARTS} parts",
                finding=f"among {size} parts a link leaves an excess of about {1 / size:.2f} in "
                "pairs that have none",
                remedy="Read it as a departure from independence and not as a list of links; "
                "prior='sparse' asks about links of the amounts, `basis_correlation`.",
                caution=True,
            )
        )
    shrinks = isinstance(model.covariance_prior, ShrinkagePrior)
    if shrinks and "precision" in draws and draws.sizes["draw"]:
        found += _strong_links(model, draws, data)
    return tuple(found)


def _strong_links(model: Any, draws: xr.Dataset, data: Composition) -> list[Check]:
    """Return the caution that a strong link is drawn in by the prior, where one is."""
    weight = _weight(model, draws, data)
    theta = _theta(draws).reshape(-1, len(data.parts), len(data.parts))
    known = observation_of(data).exact and row_dependence_of(data).independent
    shift = drawn_in(theta, weight, data.scatter if known else None, data.degrees)
    most = int(shift.argmax())
    if shift[most] <= _DRAWN_IN:
        return []
    return [
        Check(
            name="shrinkage of strong links",
            passed=None,
            value=float(shift[most]),
            expected=f"no link drawn in by more than {_DRAWN_IN:g} posterior standard deviation",
            finding=f"the prior, of weight {weight:.2f}, draws {pair_labels(data.parts)[most]} "
            f"by {shift[most]:.1f} posterior standard deviations towards independence",
            remedy="Few strong links among many pairs are understated, and their intervals "
            "cover less than they say: compare prior='sparse', or prior='matching' where "
            "rows are many.",
            caution=True,
        )
    ]


def _weight(model: Any, draws: xr.Dataset, data: Composition) -> float:
    """Return the posterior mean of the weight of the prior."""
    return float(model.covariance_prior.shrinkage_draws(model, draws, data)[1].mean())


def _drawn(name: str, draws: xr.Dataset, data: Composition) -> xr.DataArray:
    return draws[name]


def _margins(model: Any, make: Callable) -> Callable[[Composition], Any]:
    def margins(data: Composition) -> Any:
        return make(*_posterior_scale(model, data), data.parts)

    return margins


def _marginals_at(model: Any, make: Callable, data: Composition, part: Composition) -> Any:
    """MarginalDistributions of a subcomposition: its Θ is a Schur complement, with as many degrees fewer as parts.

    A prior that depends on the parts is that of the parts that are asked about.
    """
    if model.covariance_prior.depends_on_parts:
        return make(*_posterior_scale(model, part), part.parts)
    scale, degrees = _posterior_scale(model, data)
    inside = log_ratios.subcomposition(scale, data.positions(part.parts))
    return make(inside, degrees - (len(data.parts) - len(part.parts)), part.parts)


def _posterior_scale(model: Any, data: Composition) -> tuple[np.ndarray, float]:
    return posterior_scale(model.covariance_prior.conjugate(model, data), data)


def _withheld(reason: str, data: Composition) -> str:
    return reason


def _of_precision(
    model: Any,
    function: Callable[[np.ndarray, tuple[str, ...]], tuple[str, list[str], np.ndarray]],
) -> Callable[[xr.Dataset, Any], xr.DataArray]:
    def compute(draws: xr.Dataset, data: Composition) -> xr.DataArray:
        exact = isinstance(model.covariance_prior, ExactPrior)
        if "precision" not in draws and exact and len(data.parts) <= _MOST_PARTS:
            draws = _drawn_again(model, data, draws.sizes["chain"])
        return _labelled(draws, _theta(draws), data.parts, function)

    return compute


def _of_subcomposition(model: Any, function: Callable) -> Callable[[xr.Dataset, Any], xr.DataArray]:
    def compute(draws: xr.Dataset, part_of: Composition) -> xr.DataArray:
        prior = model.covariance_prior
        if isinstance(prior, ExactPrior) and prior.depends_on_parts:
            draws = _drawn_again(model, part_of, draws.sizes["chain"])
            return _labelled(draws, _theta(draws), part_of.parts, function)
        theta = _theta(draws)
        where = list(draws["part"].to_numpy())
        keep = np.array([where.index(part) for part in part_of.parts])
        return _labelled(draws, log_ratios.subcomposition(theta, keep), part_of.parts, function)

    return compute


def _drawn_again(model: Any, data: Composition, chains: int) -> xr.Dataset:
    """Return draws of Θ from its exact posterior on these data, as many as memory allows."""
    count = int(np.clip(_MOST_AT_ONCE / chains / len(data.parts) ** 2, 50, 1000))
    posterior = model.covariance_prior.conjugate(model, data)
    scatter, degrees = posterior_scatter(posterior, data)
    rng = np.random.default_rng(0)
    theta = inverse_wishart.draw_precisions(scatter, degrees, chains * count, rng)
    dims = ("chain", "draw", "part", "other_part")
    return xr.Dataset({"precision": (dims, theta.reshape(chains, count, *scatter.shape))})


def _theta(draws: xr.Dataset) -> np.ndarray:
    if "precision" not in draws:
        raise ModelError(
            "There are too many parts to keep draws of all their pairs. What is in closed form has "
            "a summary, such as "
            "`fit.effect('partial_correlation').summary()`; for the rest, fit a part of the "
            "composition, `data.subcomposition([...])`."
        )
    return draws["precision"].transpose("chain", "draw", "part", "other_part").to_numpy()


def _labelled(
    draws: xr.Dataset, theta: np.ndarray, parts: tuple[str, ...], function: Callable
) -> xr.DataArray:
    dim, labels, values = function(theta, parts)
    coords: dict[str, Any] = {
        name: draws[name] for name in ("chain", "draw") if name in draws.coords
    }
    return xr.DataArray(
        values,
        dims=("chain", "draw", *([dim] if dim else [])),
        coords=coords | ({dim: labels} if dim else {}),
    )


def _pair_values(matrix: Callable[[np.ndarray], np.ndarray]) -> Callable:
    def values(theta: np.ndarray, parts: tuple[str, ...]) -> tuple[str, list[str], np.ndarray]:
        return "pair", pair_labels(parts), matrix(theta)[(..., *pairs(len(parts)))]

    return values


def _part_values(vector: Callable[[np.ndarray], np.ndarray]) -> Callable:
    return lambda theta, parts: ("part", list(parts), vector(theta))


def _baseline(theta: np.ndarray) -> np.ndarray:
    return log_ratios.closure_baseline(log_ratios.partial_variances(theta))


def _excess(theta: np.ndarray, parts: tuple[str, ...]) -> tuple[str, list[str], np.ndarray]:
    where = (..., *pairs(len(parts)))
    r, baseline = log_ratios.partial_correlations(theta)[where], _baseline(theta)[where]
    return "pair", pair_labels(parts), np.tanh(np.arctanh(r) - np.arctanh(baseline))


def _coefficients(theta: np.ndarray, parts: tuple[str, ...]) -> tuple[str, list[str], np.ndarray]:
    off = ~np.eye(len(parts), dtype=bool)
    return "coefficient", _on(parts), log_ratios.regression_coefficients(theta)[..., off]


def _r_squared_by_reference(
    theta: np.ndarray, parts: tuple[str, ...]
) -> tuple[str, list[str], np.ndarray]:
    off = ~np.eye(len(parts), dtype=bool)
    labels = [f"{one} / {other}" for one in parts for other in parts if one != other]
    return (
        "log_ratio",
        labels,
        log_ratios.r_squared_by_reference(log_ratios.covariance(theta), theta)[..., off],
    )


def _entries(matrix: Callable[[np.ndarray], np.ndarray]) -> Callable:
    """On and above the diagonal."""

    def values(theta: np.ndarray, parts: tuple[str, ...]) -> tuple[str, list[str], np.ndarray]:
        rows, columns = np.triu_indices(len(parts))
        return (
            "element",
            [f"{parts[i]} ~ {parts[j]}" for i, j in zip(rows, columns, strict=True)],
            matrix(theta)[..., rows, columns],
        )

    return values


def _on(parts: tuple[str, ...]) -> list[str]:
    return [f"{one} on {other}" for one in parts for other in parts if one != other]


def _correlation_margins(scale: np.ndarray, degrees: float, parts: tuple[str, ...]) -> Correlations:
    return Correlations(
        pair_labels(parts), log_ratios.partial_correlations(scale)[pairs(len(parts))], degrees
    )


def _excess_margins(scale: np.ndarray, degrees: float, parts: tuple[str, ...]) -> Correlations:
    found = _correlation_margins(scale, degrees, parts)
    return replace(found, baseline=_baseline(scale)[pairs(len(parts))])


def _variance_margins(scale: np.ndarray, degrees: float, parts: tuple[str, ...]) -> Variances:
    return Variances(list(parts), np.diagonal(scale), degrees)


def _coefficient_margins(scale: np.ndarray, degrees: float, parts: tuple[str, ...]) -> Coefficients:
    off, own = ~np.eye(len(parts), dtype=bool), np.diagonal(scale)
    spread = np.sqrt(
        np.maximum(own[None, :] - scale**2 / own[:, None], 0) / (degrees * own[:, None])
    )
    return Coefficients(_on(parts), (-scale / own[:, None])[off], spread[off], degrees)


def bayes_factors(model: Any, draws: xr.Dataset, data: Composition) -> np.ndarray | None:
    """p(r = 0 | data) / p(r = 0) of each pair, from the density given the hyperparameters, averaged over theirs; None where log-ratios are not known."""
    if not (observation_of(data).exact and row_dependence_of(data).independent):
        return None
    size = len(data.parts)
    rng = np.random.default_rng(0)
    count = int(np.clip(_MOST_DENSITIES / len(pairs(size)[0]), 100, _PRIOR_DRAWS))
    omega, weights = model.covariance_prior.shrinkage_draws(model, draws, data)
    chosen = np.linspace(0, len(weights) - 1, min(count, len(weights))).astype(int)
    omega = omega[chosen]
    weights = weights[chosen]
    before_omega, before_weights = model.covariance_prior.shrinkage_prior_draws(
        model, data, count, rng
    )
    strength, before = (data.degrees * share / (1 - share) for share in (weights, before_weights))
    posterior = _density_at_zero(
        inverse_wishart.scatter_of(data.scatter, omega, strength), strength + size + data.degrees
    )
    prior = _density_at_zero(
        inverse_wishart.scatter_of(np.zeros((size, size)), before_omega, before), before + size
    )
    return np.exp(
        posterior - special.logsumexp(prior) + np.log(len(prior))
    )  # a priori all pairs are alike


def _density_at_zero(scatter: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Log of the mean density of each pair's r at 0, of Wishart distributions with B⁻¹ = `scatter` (count, D, D)."""
    where = pairs(scatter.shape[-1])
    total = np.full(len(where[0]), -np.inf)
    for inverse, freedom in zip(scatter, degrees, strict=True):
        rho = log_ratios.partial_correlations(log_ratios.pseudo_inverse(inverse))[where]
        total = np.logaddexp(total, log_density_at_zero(rho, freedom))
    return total - np.log(len(scatter))


_QUESTIONS: Mapping[str, tuple[Callable, str, str, Callable | None]] = {
    "partial_correlation": (
        _pair_values(log_ratios.partial_correlations),
        "Partial correlation of two parts given all the others, the same for every reference.",
        "correlation",
        _correlation_margins,
    ),
    "excess": (
        _excess,
        "Partial correlation beyond what closure alone would make of parts with these partial "
        "variances: tanh(atanh r - atanh r⁰). It is 0 where no parts are "
        "linked, and only there: a link leaves an excess of order 1/D in other pairs, and a part "
        "linked alike to all others has none: "
        "among few parts it is no list of links. Three positively correlated parts have no excess.",
        "correlation",
        _excess_margins,
    ),
    "closure_baseline": (
        _pair_values(_baseline),
        "Partial correlation r⁰ that closure alone makes of parts with these partial variances.",
        "correlation",
        None,
    ),
    "partial_variance": (
        _part_values(log_ratios.partial_variances),
        "Variance of a part's logarithm about its best log-contrast in the others.",
        "squared log-ratio",
        _variance_margins,
    ),
    "r_squared": (
        _part_values(lambda theta: log_ratios.r_squared(log_ratios.covariance(theta), theta)),
        "Share of the variance of a part's log-ratio to the mean of the others that the others "
        "explain.",
        "share",
        None,
    ),
    "r_squared_by_reference": (
        _r_squared_by_reference,
        "Share of the variance of the log-ratio of one part to another that the other log-ratios "
        "explain; the second part is the reference.",
        "share",
        None,
    ),
    "regression_coefficient": (
        _coefficients,
        "Coefficient of one part's logarithm on another's, all the others held; those of one part "
        "sum to 1.",
        "log per log",
        _coefficient_margins,
    ),
    "clr_covariance": (
        _entries(log_ratios.covariance),
        "Γ: covariance of the centred log-ratios, each part's to the mean of all. Its rows sum to "
        "0, so that some entries must be negative.",
        "squared log-ratio",
        None,
    ),
    "clr_precision": (
        _entries(lambda theta: theta),
        "Θ: pseudo-inverse of the covariance of the centred log-ratios, from which everything "
        "follows. Its rows sum to 0.",
        "inverse squared log-ratio",
        None,
    ),
    "log_ratio_variance": (
        _pair_values(lambda theta: log_ratios.variation(log_ratios.covariance(theta))),
        "Variance of the log-ratio of two parts.",
        "squared log-ratio",
        None,
    ),
    "total_variance": (
        lambda theta, parts: ("", [], np.trace(log_ratios.covariance(theta), axis1=-2, axis2=-1)),
        "Total log-ratio variance: the sum of the variances of the centred log-ratios.",
        "squared log-ratio",
        None,
    ),
}
