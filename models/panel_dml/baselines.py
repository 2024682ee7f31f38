"""Baselines: the usual least-squares estimators of panels, each with its source of bias."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.abilities import Baseline
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.outcome_kind import is_count
from causalstats.models.panel_dml.nuisance_basis import basis_of
from causalstats.numerics.panel import linear_estimators
from causalstats.numerics.panel.conditional_poisson import conditional_poisson
from causalstats.numerics.panel.linear_estimators import Estimate, clustered
from causalstats.numerics.panel.within_transformation import demeaned

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_MOST_ROWS = 1_000_000  # beyond, the rows of every estimator would not fit into memory
_CURVES = "where covariates act in curves"


@dataclass(frozen=True)
class LinearEstimator:
    """A least-squares estimator: where it is biased, and the function that computes it."""

    biased: str
    estimate: Callable[[], Estimate]


def baselines(model: PanelDML, data: Panel) -> Mapping[str, Baseline]:
    """Return least squares in the ways of Fuhr & Papies (2024), Tables 3 and 4.

    Intervals are exact: Student's t with cluster-robust standard errors. Simple OLS and pooled OLS
    leave out the units. Fixed effects and first differences take covariates as linear. Early
    demeaning computes the basis from demeaned covariates, which differs from demeaning the basis.
    The pooled basis leaves out the units. Counts have Poisson regression with unit effects beside
    them.
    """
    if len(data) > _MOST_ROWS:
        return {}
    by_name = {
        name: estimator.estimate
        for name, estimator in linear(data, model.time_effects).items()
    }
    chosen: dict[str, Callable[[], Estimate]] = {
        "simple OLS": by_name.pop("simple OLS"),
        "pooled OLS": by_name.pop("pooled OLS"),
        "pooled basis": partial(_pooled_basis, model, data),
    }
    if not data.constant_within_units(data.treatment).all(axis=0).any():
        chosen |= {**by_name, "early demeaning": partial(_early_demeaning, model, data)}
    if is_count(data) and np.ptp(data.weights) == 0:
        chosen["Poisson with unit effects"] = partial(_poisson, model, data)
    return {
        name: partial(_without_people, estimate) for name, estimate in chosen.items()
    }


def _without_people(
    estimate: Callable[[], Estimate], rng: np.random.Generator
) -> tuple[Estimate, None]:
    """Return an estimate, which needs no generator, and no number a person."""
    return estimate(), None


def _poisson(model: PanelDML, data: Panel) -> Estimate:
    """Coefficients times the mean count: the mean change for one unit of treatment, if small."""
    others = [linear_columns(data), time_columns(data, model.time_effects)]
    estimate = conditional_poisson(
        data.outcome,
        np.hstack([data.treatment, *others]),
        data.starts,
        data.cluster[data.unit],
    )
    count = len(data.treatments)
    mean = data.outcome.mean()
    covariance = estimate.covariance[:count, :count]
    coefficients = estimate.coefficients[:count]
    return Estimate(mean * coefficients, mean**2 * covariance, estimate.degrees)


def linear_columns(data: Panel) -> np.ndarray:
    """Return the covariates as they are, (n, p): numbers standardised, dummies of text."""
    return basis_of(data, 1, "none").columns(data.source)


def time_columns(data: Panel, time_effects: bool) -> np.ndarray:
    """Return dummies of periods, and of crossed fixed effects, but the first of each."""
    columns = [np.empty((len(data), 0))]
    if time_effects or data.absorbs_time:
        columns.append(data.time_dummies())
    for name in data.crossed_effects:
        codes = data.codes(name)
        levels = np.arange(1, int(codes.max()) + 1)
        columns.append((codes[:, None] == levels).astype(float))
    return np.hstack(columns)


def _pooled_basis(model: PanelDML, data: Panel) -> Estimate:
    columns = basis_of(data, model.basis_size, model.interactions).columns(data.source)
    others = [np.ones((len(data), 1)), columns, time_columns(data, model.time_effects)]
    return clustered(
        data.outcome,
        data.treatment,
        np.hstack(others),
        data.cluster[data.unit],
        data.weights,
    )


def _early_demeaning(model: PanelDML, data: Panel) -> Estimate:
    moved = data.source.copy()
    names = list(basis_of(data, model.basis_size, model.interactions).covariates)
    if names:
        moved[names] = demeaned(moved[names].to_numpy(float), data.starts, data.weights)
    basis = basis_of(replace(data, source=moved), model.basis_size, model.interactions)
    return linear_estimators.within(
        data.outcome,
        data.treatment,
        np.hstack([basis.columns(moved), time_columns(data, model.time_effects)]),
        data.unit,
        data.weights,
        data.cluster[data.unit],
    )


def linear(data: Panel, time_effects: bool) -> Mapping[str, LinearEstimator]:
    """Return the estimators that take covariates as linear, by name."""
    x = np.hstack([linear_columns(data), time_columns(data, time_effects)])
    one, cluster = np.ones((len(data), 1)), data.cluster[data.unit]
    pooled = partial(clustered, data.outcome, data.treatment)
    return {
        "simple OLS": LinearEstimator(
            "where anything acts on treatment and outcome",
            lambda: pooled(one, cluster, data.weights),
        ),
        "pooled OLS": LinearEstimator(
            f"where units act on treatment and outcome, and {_CURVES}",
            lambda: pooled(np.hstack([one, x]), cluster, data.weights),
        ),
        "fixed effects": LinearEstimator(
            _CURVES,
            lambda: linear_estimators.within(
                data.outcome, data.treatment, x, data.unit, data.weights, cluster
            ),
        ),
        "first differences": LinearEstimator(
            f"{_CURVES}; changes have twice the noise",
            lambda: _first_differences(data, x),
        ),
    }


def _first_differences(data: Panel, x: np.ndarray) -> Estimate:
    columns = np.column_stack([data.outcome, data.treatment, x])
    changes, unit = linear_estimators.differences(columns, data.unit)
    last = 1 + data.treatment.shape[1]
    others = np.hstack([np.ones((len(changes), 1)), changes[:, last:]])
    later = data.weights[1:][np.diff(data.unit) == 0]
    return clustered(
        changes[:, 0], changes[:, 1:last], others, data.cluster[unit], later
    )
