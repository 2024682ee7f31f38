"""Baselines of a composition, posterior predictive statistics, and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from causalstats.core.abilities import Baseline
from causalstats.core.prediction import Prediction
from causalstats.core.views import (
    BaselineView,
    BiplotView,
    MatrixView,
    NetworkView,
    ScatterView,
    TernaryView,
    View,
)
from causalstats.data import Composition
from causalstats.models.partial_correlation import student_rows
from causalstats.models.partial_correlation.answer_checks import determined_pairs
from causalstats.models.partial_correlation.estimands import estimands
from causalstats.models.partial_correlation.marginal_posteriors import (
    pair_labels,
    pairs,
)
from causalstats.models.partial_correlation.priors.base import ExactPrior
from causalstats.models.partial_correlation.priors.conjugate import posterior_scale
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.partial_correlations import (
    closure_baseline,
    partial_correlations,
    partial_variances,
)
from causalstats.numerics.testing.false_discovery import q_values, tail_probability

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

_REPLICATIONS = 400
_PARTS_PREDICTED = 30
_PAIRS_SHOWN = 4
_LARGEST_LOG_RATIO = 1.5  # to the mean of the three parts of the ternary diagram
_REMEDIES = {
    "spread": "The normal distribution of the log-ratios does not fit: look for groups of rows, "
    "and name them as covariates.",
    "skewness": "Log-ratios are skewed: look for outliers, rounding or groups of rows.",
    "tails": "Some rows lie too far out: look at them in the biplot, and take errors='student', "
    "which gives such rows little weight.",
}
_REMEDY_OF_STUDENT = (
    "Single parts are far out where the others of the row are not, for which a row has no weight: "
    "look at these values, and see the answer without them."
)


def baselines(data: Composition) -> Mapping[str, Baseline]:
    """Return the estimates of other methods for each pair of parts, in the order of `pairs`.

    Erb's sample estimate and the q-values (false discovery rate, Benjamini & Hochberg) of its
    t-test are among them where different rows are enough. None of them knows of parts that
    are declared absent.
    """
    if data.present is not None:
        return {}
    gamma = data.covariance
    values = data.values if data.exposures is None else data.values / data.exposures
    size = len(data.parts)
    upper = pairs(size)
    shrunk = log_ratios.precision_from_covariance(_basis_shrinkage(data))
    estimates = {
        "basis shrinkage": partial_correlations(shrunk)[upper],
        "proportionality": log_ratios.proportionality(gamma)[upper],
        "symmetric balances": log_ratios.symmetric_balances(gamma)[upper],
        "correlation of the parts": np.corrcoef(values, rowvar=False)[upper],
    }
    with suppress(np.linalg.LinAlgError):
        r = partial_correlations(log_ratios.precision_from_covariance(gamma))[upper]
        estimates = {"sample estimate": r, **estimates}
        freedom = data.degrees - size + 2
        if freedom > 0:
            t = np.abs(r) * np.sqrt(freedom / (1 - r**2))
            p = 2 * stats.t.sf(t, freedom)
            estimates["q-value of the t-test"] = stats.false_discovery_control(p)
    return {
        name: partial(_without_people, values) for name, values in estimates.items()
    }


def _without_people(
    values: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, None]:
    """Return an estimate, which needs no generator, and no number a person."""
    return values, None


def _basis_shrinkage(data: Composition) -> np.ndarray:
    """Return Γ of Jin, Notredame & Erb (2022), about the covariates.

    It is the shrinkage estimate of the covariance of log-proportions, centred.
    """
    values = data.positive_values
    logs = np.log(values / values.sum(axis=1, keepdims=True))
    basis = np.linalg.qr(data.matrix)[0]
    return log_ratios.centre(
        log_ratios.shrunk_covariance(logs - basis @ (basis.T @ logs))[0]
    )


def predictions(
    model: PartialCorrelation,
    draws: xr.Dataset,
    data: Composition,
    rng: np.random.Generator,
) -> tuple[Prediction, ...]:
    """Return posterior predictive checks of spread, skewness and tails of the parts.

    They are the standard deviation, skewness and kurtosis of the centred log-ratio of each part,
    of the first 30 parts, beside those of replicated rows.

    Parameters
    ----------
    model : PartialCorrelation
    draws : Dataset
        Posterior draws.
    data : Composition
    rng : Generator
    """
    remedies = dict(_REMEDIES)
    remedies["spread"] = model.covariance_prior.spread_remedy or remedies["spread"]
    if model.errors == "student":
        remedies["tails"] = _REMEDY_OF_STUDENT
    theta = draws["precision"].to_numpy()
    theta = theta.reshape(-1, *theta.shape[-2:])
    count = len(theta)
    chosen = rng.choice(count, min(_REPLICATIONS, count), replace=False)
    degrees = student_rows.degrees_of(draws)
    weights = np.ones((len(chosen), len(data)))
    if degrees is not None:
        weights = student_rows.draw_weights(degrees[chosen], len(data), rng)
    theta = theta[chosen]
    covariates = np.linalg.qr(data.matrix)[0]
    replicated = []
    dependence = row_dependence_of(data)
    correlations = np.broadcast_to(dependence.correlations(draws), count)
    roots = log_ratios.covariance_root(theta)
    for correlation, weight, root in zip(
        correlations[chosen], weights, roots, strict=True
    ):
        noise = rng.standard_normal((len(data), root.shape[1]))
        noise /= np.sqrt(weight)[:, None]
        noise = dependence.correlate(noise, correlation, rng)
        rows = noise @ root[:_PARTS_PREDICTED].T
        replicated.append(_shapes(rows - covariates @ (covariates.T @ rows)))
    observed = _shapes(data.residuals[:, :_PARTS_PREDICTED])
    return tuple(
        Prediction(
            name=f"{name} of each part",
            groups=data.parts[:_PARTS_PREDICTED],
            observed=observed[k],
            size=np.full(len(observed[k]), len(data)),
            replicated=np.array([each[k] for each in replicated]),
            remedy=remedy,
        )
        for k, (name, remedy) in enumerate(remedies.items())
    )


def _shapes(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the standard deviation, skewness and kurtosis of each column."""
    centred = rows - rows.mean(axis=0)
    sd = centred.std(axis=0)
    return sd, (centred**3).mean(axis=0) / sd**3, (centred**4).mean(axis=0) / sd**4


def views() -> Mapping[str, Callable[[Any, xr.Dataset, Composition], View]]:
    """Return the views by name, each a function of the model, its draws and the data."""
    return {
        "network": _network,
        "matrix": _matrix,
        "baseline": _closure,
        "residuals": _residuals,
        "biplot": _biplot,
        "ternary": _ternary,
    }


def _network(
    model: PartialCorrelation, draws: xr.Dataset, data: Composition
) -> NetworkView:
    table = _pair_summary(model, draws, data, "partial_correlation")
    excess = _pair_summary(model, draws, data, "excess")
    one, other = pairs(len(data.parts))
    edges = pd.DataFrame(
        {
            "one": np.array(data.parts)[one],
            "other": np.array(data.parts)[other],
            "value": table["mean"],
            "excess": excess["mean"],
        }
    )
    note = (
        "Edges at a false discovery rate of 5 %, as `fit.network()` has them. Numbers and width: "
        "partial correlation; colour: sign of its excess over closure."
    )
    error = _error_of_sign(model, draws, data)
    determined = determined_pairs(model, draws, data)
    if determined is None:
        determined = np.ones(len(edges), bool)
    edges = edges[determined].assign(q_value=q_values(error[determined]))
    if not determined.all():
        few = int((~determined).sum())
        note += (
            f" {few:,} pairs are not determined: their parts are counted too seldom, or chains "
            "disagree."
        )
    return NetworkView(
        nodes=data.parts, edges=edges, label="partial correlation", note=note
    )


def _matrix(
    model: PartialCorrelation, draws: xr.Dataset, data: Composition
) -> MatrixView:
    r = _pair_summary(model, draws, data, "partial_correlation")
    excess = _pair_summary(model, draws, data, "excess")
    one, other = pairs(len(data.parts))
    values = np.eye(len(data.parts))
    values[other, one] = r["mean"]
    values[one, other] = excess["mean"]
    certain = np.ones_like(values, dtype=bool)
    for (first, second), table in (((other, one), r), ((one, other), excess)):
        certain[first, second] = np.sign(table["lower"]) == np.sign(table["upper"])
    return MatrixView(
        labels=data.parts,
        values=values,
        certain=certain,
        lower="partial correlation",
        upper="excess over closure",
    )


def _closure(
    model: PartialCorrelation, draws: xr.Dataset, data: Composition
) -> BaselineView:
    """Return each partial correlation beside that which closure alone makes."""
    r = _pair_summary(model, draws, data, "partial_correlation")
    excess = _pair_summary(model, draws, data, "excess")
    variances = partial_variances(_posterior_mean(model, draws, data))
    baseline = closure_baseline(variances)[pairs(len(data.parts))]
    return BaselineView(
        labels=tuple(pair_labels(data.parts)),
        values=r["mean"],
        lower=r["lower"],
        upper=r["upper"],
        baseline=baseline,
        certain=np.sign(excess["lower"]) == np.sign(excess["upper"]),
        axes=(
            "partial correlation that closure alone would make",
            "partial correlation",
        ),
    )


def _residuals(
    model: PartialCorrelation, draws: xr.Dataset, data: Composition
) -> ScatterView:
    """Return residuals of the strongest pairs after partialling out the other parts."""
    theta = _posterior_mean(model, draws, data)
    r = _pair_summary(model, draws, data, "partial_correlation")["mean"]
    one, other = pairs(len(data.parts))
    panels = {}
    for k in np.argsort(-np.abs(r))[:_PAIRS_SHOWN]:
        pair = np.array([one[k], other[k]])
        rows = (
            data.residuals @ theta[:, pair] @ np.linalg.inv(theta[np.ix_(pair, pair)])
        )
        panels[(data.parts[pair[0]], data.parts[pair[1]])] = rows
    return ScatterView(
        panels=panels,
        note="Logarithms of two parts about what all the others say of them, at the posterior "
        "mean.",
    )


def _biplot(
    model: PartialCorrelation, draws: xr.Dataset, data: Composition
) -> BiplotView:
    """Return rows and parts on the first two principal components of the log-ratios."""
    left, sizes, right = np.linalg.svd(data.residuals, full_matrices=False)
    scale = np.sqrt(len(data) - 1)
    return BiplotView(
        points=left[:, :2] * scale,
        arrows=right[:2].T * sizes[:2] / scale,
        labels=data.parts,
        explained=(sizes**2 / (sizes**2).sum())[:2],
    )


def _ternary(
    model: PartialCorrelation, draws: xr.Dataset, data: Composition
) -> TernaryView:
    """Return a ternary diagram of the strongest pair and the part most correlated with either.

    Centred and powered so that the rows fill the triangle.
    """
    size = len(data.parts)
    r = _pair_summary(model, draws, data, "partial_correlation")["mean"]
    matrix = np.zeros((size, size))
    matrix[pairs(size)] = np.abs(r)
    matrix += matrix.T
    one, other = np.unravel_index(matrix.argmax(), matrix.shape)
    third = np.maximum(matrix[one], matrix[other])
    third[[one, other]] = -1
    chosen = [int(one), int(other), int(third.argmax())]
    logs = data.residuals[:, chosen]
    power = _LARGEST_LOG_RATIO / np.abs(logs - logs.mean(axis=1, keepdims=True)).max()
    points = np.exp(power * logs)
    return TernaryView(
        points=points / points.sum(axis=1, keepdims=True),
        labels=tuple(data.parts[k] for k in chosen),
        note="Each part about what covariates explain of it, and to the power of "
        f"{power:.1f}, so that the rows fill the triangle.",
    )


def _posterior_mean(
    model: PartialCorrelation, draws: xr.Dataset, data: Composition
) -> np.ndarray:
    """Return the posterior mean of Θ."""
    prior = model.covariance_prior
    if isinstance(prior, ExactPrior):
        scale, degrees = posterior_scale(prior.conjugate(model, data), data)
        return degrees * scale
    return draws["precision"].mean(("chain", "draw")).to_numpy()


def _error_of_sign(
    model: PartialCorrelation, draws: xr.Dataset, data: Composition
) -> np.ndarray:
    """Return the probability that the excess of each pair has not the sign that it mostly has."""
    estimand = estimands(model)["excess"]
    if estimand.marginals is not None and not (
        estimand.approximate and draws.sizes["draw"]
    ):
        below = estimand.marginals(data).cdf(0.0)
        return np.minimum(below, 1 - below)
    size = len(pairs(len(data.parts))[0])
    values = estimand.compute(draws, data).to_numpy().reshape(-1, size).T
    return np.minimum(tail_probability(values, 0.0), tail_probability(-values, 0.0))


def _pair_summary(
    model: PartialCorrelation, draws: xr.Dataset, data: Composition, name: str
) -> dict[str, np.ndarray]:
    """Return the mean and the 95 % limits of each pair.

    In closed form where there is one.

    Parameters
    ----------
    model : PartialCorrelation
    draws : Dataset
        Posterior draws.
    data : Composition
    name : str
        An estimand by pair.
    """
    estimand = estimands(model)[name]
    if estimand.marginals is not None and not (
        estimand.approximate and draws.sizes["draw"]
    ):
        marginals = estimand.marginals(data)
        return {
            "mean": marginals.mean(),
            "lower": marginals.quantile(0.025),
            "upper": marginals.quantile(0.975),
        }
    values = (
        estimand.compute(draws, data)
        .to_numpy()
        .reshape(-1, len(pairs(len(data.parts))[0]))
    )
    lower, upper = np.quantile(values, [0.025, 0.975], axis=0)
    return {
        "mean": values.mean(axis=0),
        "lower": lower,
        "upper": upper,
    }
