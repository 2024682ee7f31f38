"""Beside the partial correlations: what others compute for each pair, what the model expects of the log-ratios, and pictures of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

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
from causalstats.models.partial_correlation.estimands import estimands
from causalstats.models.partial_correlation.marginal_posteriors import pair_labels, pairs
from causalstats.models.partial_correlation.priors.base import ExactPrior
from causalstats.models.partial_correlation.priors.conjugate import posterior_scale
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.numerics.compositions import log_ratios

_REPLICATIONS = 400
_MOST_PARTS = 30
_STRONGEST = 4
_REACH = 1.5  # of a log-ratio in the ternary
_REMEDY = {
    "spread": "The normal distribution of the log-ratios does not fit: look for groups of rows, and name them as covariates.",
    "skewness": "Log-ratios are skewed: look for outliers, rounding or groups of rows.",
    "tails": "Some rows lie too far out: look at them in the biplot, and see what the answer is without them.",
}


def baselines(data: Composition) -> Mapping[str, Callable]:
    """Numbers that others give for each pair of parts, in the order of `pairs`; where there are different rows enough, Erb's estimate and its t-test."""
    gamma, size = data.covariance, len(data.parts)
    where = pairs(size)
    found = {
        "basis shrinkage": log_ratios.partial_correlations(
            log_ratios.pseudo_inverse(_basis_shrinkage(data))
        )[where],
        "proportionality": log_ratios.proportionality(gamma)[where],
        "symmetric balances": log_ratios.symmetric_balances(gamma)[where],
        "correlation of the parts": np.corrcoef(data.values, rowvar=False)[where],
    }
    with suppress(np.linalg.LinAlgError):
        r = log_ratios.partial_correlations(log_ratios.pseudo_inverse(gamma))[where]
        found = {"sample estimate": r} | found
        freedom = data.degrees - size + 2
        if freedom > 0:
            p = 2 * stats.t.sf(np.abs(r) * np.sqrt(freedom / (1 - r**2)), freedom)
            found["q-value of the t-test"] = stats.false_discovery_control(p)
    return {name: lambda rng, values=values: (values, None) for name, values in found.items()}


def _basis_shrinkage(data: Composition) -> np.ndarray:
    """Γ of Jin, Notredame & Erb (2022): the shrunk covariance of log-proportions, about what covariates explain."""
    values = data.values + 0.5 * data.counts
    logs = np.log(values / values.sum(axis=1, keepdims=True))
    basis = np.linalg.qr(data.matrix)[0]
    return log_ratios.centre(log_ratios.shrunk_covariance(logs - basis @ (basis.T @ logs))[0])


def predictions(
    model: Any, draws: xr.Dataset, data: Composition, rng: np.random.Generator
) -> tuple[Prediction, ...]:
    """Return spread, skewness and tails of the parts, beside replications of the rows.

    They are the standard deviation, skewness and kurtosis of the centred log-ratio of each part,
    of the first 30 parts.
    """
    remedies = dict(_REMEDY)
    remedies["spread"] = model.covariance_prior.spread_remedy or remedies["spread"]
    theta = draws["precision"].to_numpy()
    theta = theta.reshape(-1, *theta.shape[-2:])
    count = len(theta)
    chosen = rng.choice(count, min(_REPLICATIONS, count), replace=False)
    theta = theta[chosen]
    covariates = np.linalg.qr(data.matrix)[0]
    replicated = []
    dependence = row_dependence_of(data)
    correlations = np.broadcast_to(dependence.correlations(draws), count)
    for correlation, root in zip(correlations[chosen], log_ratios.root(theta), strict=True):
        noise = rng.standard_normal((len(data), root.shape[1]))
        noise = dependence.correlate(noise, correlation, rng)
        rows = noise @ root[:_MOST_PARTS].T
        replicated.append(_shapes(rows - covariates @ (covariates.T @ rows)))
    observed = _shapes(data.residuals[:, :_MOST_PARTS])
    return tuple(
        Prediction(
            name=f"{name} of each part",
            groups=data.parts[:_MOST_PARTS],
            observed=observed[k],
            size=np.full(len(observed[k]), len(data)),
            replicated=np.array([each[k] for each in replicated]),
            remedy=remedy,
        )
        for k, (name, remedy) in enumerate(remedies.items())
    )


def _shapes(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standard deviation, skewness and kurtosis of each column."""
    centred = rows - rows.mean(axis=0)
    sd = centred.std(axis=0)
    return sd, (centred**3).mean(axis=0) / sd**3, (centred**4).mean(axis=0) / sd**4


def views() -> Mapping[str, Callable[[Any, xr.Dataset, Composition], View]]:
    """By name, each a function of the model, its draws and the data."""
    return {
        "network": _network,
        "matrix": _matrix,
        "baseline": _closure,
        "residuals": _residuals,
        "biplot": _biplot,
        "ternary": _ternary,
    }


def _network(model: Any, draws: xr.Dataset, data: Composition) -> NetworkView:
    table = _means(model, draws, data, "partial_correlation")
    excess = _means(model, draws, data, "excess")
    one, other = pairs(len(data.parts))
    edges = pd.DataFrame(
        {
            "one": np.array(data.parts)[one],
            "other": np.array(data.parts)[other],
            "value": table["mean"],
            "excess": excess["mean"],
        }
    )
    return NetworkView(
        nodes=data.parts,
        edges=edges.assign(sign_probability=np.maximum(excess["positive"], 1 - excess["positive"])),
        label="partial correlation",
        note="Edges whose excess over closure has its sign with a probability of 97.5 %. Numbers "
        "and width: partial correlation; colour: sign of the excess.",
    )


def _matrix(model: Any, draws: xr.Dataset, data: Composition) -> MatrixView:
    r, excess = (_means(model, draws, data, name) for name in ("partial_correlation", "excess"))
    one, other = pairs(len(data.parts))
    values = np.eye(len(data.parts))
    values[other, one], values[one, other] = r["mean"], excess["mean"]
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


def _closure(model: Any, draws: xr.Dataset, data: Composition) -> BaselineView:
    """Each pair's partial correlation beside what closure alone makes of parts with these partial variances."""
    r, excess = (_means(model, draws, data, name) for name in ("partial_correlation", "excess"))
    baseline = log_ratios.closure_baseline(
        log_ratios.partial_variances(_centre(model, draws, data))
    )[pairs(len(data.parts))]
    return BaselineView(
        labels=tuple(pair_labels(data.parts)),
        values=r["mean"],
        lower=r["lower"],
        upper=r["upper"],
        baseline=baseline,
        certain=np.sign(excess["lower"]) == np.sign(excess["upper"]),
        axes=("partial correlation that closure alone would make", "partial correlation"),
    )


def _residuals(model: Any, draws: xr.Dataset, data: Composition) -> ScatterView:
    """Of the strongest pairs: what neither part's logarithm owes to the other parts."""
    theta, order = (
        _centre(model, draws, data),
        np.argsort(-np.abs(_means(model, draws, data, "partial_correlation")["mean"])),
    )
    panels = {}
    for place in order[:_STRONGEST]:
        pair = np.array([positions[place] for positions in pairs(len(data.parts))])
        rows = data.residuals @ theta[:, pair] @ np.linalg.inv(theta[np.ix_(pair, pair)])
        panels[(data.parts[pair[0]], data.parts[pair[1]])] = rows
    return ScatterView(
        panels=panels,
        note="Logarithms of two parts about what all the others say of them, at the posterior "
        "mean.",
    )


def _biplot(model: Any, draws: xr.Dataset, data: Composition) -> BiplotView:
    """Rows and parts on the two directions of most log-ratio variance."""
    left, sizes, right = np.linalg.svd(data.residuals, full_matrices=False)
    scale = np.sqrt(len(data) - 1)
    return BiplotView(
        points=left[:, :2] * scale,
        arrows=right[:2].T * sizes[:2] / scale,
        labels=data.parts,
        explained=(sizes**2 / (sizes**2).sum())[:2],
    )


def _ternary(model: Any, draws: xr.Dataset, data: Composition) -> TernaryView:
    """The strongest pair, and the part most correlated with either, centred and powered so that the rows fill the triangle."""
    size = len(data.parts)
    matrix = np.zeros((size, size))
    matrix[pairs(size)] = np.abs(_means(model, draws, data, "partial_correlation")["mean"])
    matrix += matrix.T
    one, other = np.unravel_index(matrix.argmax(), matrix.shape)
    beside = np.maximum(matrix[one], matrix[other])
    beside[[one, other]] = -1
    chosen = [int(one), int(other), int(beside.argmax())]
    logs = data.residuals[:, chosen]
    power = _REACH / np.abs(logs - logs.mean(axis=1, keepdims=True)).max()
    points = np.exp(power * logs)
    return TernaryView(
        points=points / points.sum(axis=1, keepdims=True),
        labels=tuple(data.parts[k] for k in chosen),
        note=f"Each part about what covariates explain of it, and to the power of {power:.1f}, so "
        "that the rows fill the triangle.",
    )


def _centre(model: Any, draws: xr.Dataset, data: Composition) -> np.ndarray:
    """Posterior mean of Θ."""
    prior = model.covariance_prior
    if isinstance(prior, ExactPrior):
        scale, degrees = posterior_scale(prior.conjugate(model, data), data)
        return degrees * scale
    return draws["precision"].mean(("chain", "draw")).to_numpy()


def _means(model: Any, draws: xr.Dataset, data: Composition, name: str) -> dict[str, np.ndarray]:
    """Mean, 95 % limits and probability of being positive of each pair: in closed form where there is one."""
    estimand = estimands(model)[name]
    if estimand.marginals is not None and not (estimand.approximate and draws.sizes["draw"]):
        margins = estimand.marginals(data)
        return {
            "mean": margins.mean(),
            "lower": margins.quantile(0.025),
            "upper": margins.quantile(0.975),
            "positive": 1 - margins.cdf(0.0),
        }
    values = estimand.compute(draws, data).to_numpy().reshape(-1, len(pairs(len(data.parts))[0]))
    lower, upper = np.quantile(values, [0.025, 0.975], axis=0)
    return {
        "mean": values.mean(axis=0),
        "lower": lower,
        "upper": upper,
        "positive": (values > 0).mean(axis=0),
    }
