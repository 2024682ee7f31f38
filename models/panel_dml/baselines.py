"""What people would do with a panel instead, each with where it goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from causalstats.data import Panel
from causalstats.models.panel_dml.nuisance_basis import basis_of
from causalstats.numerics.panel import linear_estimators as estimators
from causalstats.numerics.panel.within_transformation import demeaned

_MOST_ROWS = 1_000_000  # beyond, the rows of every estimator would not fit into memory


def baselines(model: Any, data: Panel) -> Mapping[str, Callable]:
    """Least squares in the ways of Fuhr & Papies (2024), Tables 3 and 4, without machine learning.

    Intervals are exact: Student's t with cluster-robust standard errors.

    Simple OLS and POLS leave out the units; fixed effects and first differences take covariates as linear; early demeaning makes the basis of demeaned
    covariates, which is not the demeaned basis; of the pooled basis units are left out.
    """
    if len(data) > _MOST_ROWS:
        return {}
    smooth = basis_of(data, model.basis_size, model.interactions)
    one, unit, weights = np.ones((len(data), 1)), data.unit, data.weights
    cluster = data.cluster[unit]
    times = data.time_dummies() if model.time_effects else np.empty((len(data), 0))
    treatment, outcome = data.treatment, data.outcome

    def early() -> estimators.Estimate:
        moved = data.source.copy()
        names = list(smooth.smooths)
        if names:
            moved[names] = demeaned(moved[names].to_numpy(float), data.starts, weights)
        again = basis_of(replace(data, source=moved), model.basis_size, model.interactions).columns(
            moved
        )
        return estimators.within(
            outcome, treatment, np.hstack([again, times]), unit, weights, cluster
        )

    def pooled() -> estimators.Estimate:
        return estimators.clustered(
            outcome,
            treatment,
            np.hstack([one, smooth.columns(data.source), times]),
            cluster,
            weights,
        )

    changes = not data.constant_within_units(treatment).all(axis=0).any()
    straight = {name: estimate for name, (_, estimate) in linear(data, model.time_effects).items()}
    several = {
        "simple OLS": straight.pop("simple OLS"),
        "pooled OLS": straight.pop("pooled OLS"),
        "pooled basis": pooled,
    }
    if changes:
        several |= {**straight, "early demeaning": early}
    return {
        name: (lambda rng, estimate=estimate: (estimate(), None))
        for name, estimate in several.items()
    }


def straight_columns(data: Panel) -> np.ndarray:
    """Covariates as they are, numbers in standard units and a column a level of text but the first, (n, p)."""
    return basis_of(data, 1, "none").columns(data.source)


def linear(
    data: Panel, time_effects: bool
) -> Mapping[str, tuple[str, Callable[[], estimators.Estimate]]]:
    """Estimators that take covariates as linear: where each is biased, and its estimate."""
    times = data.time_dummies() if time_effects else np.empty((len(data), 0))
    x, one = np.hstack([straight_columns(data), times]), np.ones((len(data), 1))
    outcome, treatment, unit, weights = data.outcome, data.treatment, data.unit, data.weights
    cluster = data.cluster[unit]

    def first_differences() -> estimators.Estimate:
        changes, whose = estimators.differences(np.column_stack([outcome, treatment, x]), unit)
        whose = data.cluster[whose]
        k, later = treatment.shape[1], weights[1:][np.diff(unit) == 0]
        return estimators.clustered(
            changes[:, 0],
            changes[:, 1 : 1 + k],
            np.hstack([np.ones((len(changes), 1)), changes[:, 1 + k :]]),
            whose,
            later,
        )

    curves = "where covariates act in curves"
    return {
        "simple OLS": (
            "where anything acts on treatment and outcome",
            lambda: estimators.clustered(outcome, treatment, one, cluster, weights),
        ),
        "pooled OLS": (
            f"where units act on treatment and outcome, and {curves}",
            lambda: estimators.clustered(outcome, treatment, np.hstack([one, x]), cluster, weights),
        ),
        "fixed effects": (
            curves,
            lambda: estimators.within(outcome, treatment, x, unit, weights, cluster),
        ),
        "first differences": (f"{curves}; changes have twice the noise", first_differences),
    }
