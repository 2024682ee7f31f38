"""Estimators of a dynamic panel beside its posterior: least squares, within, GMM.

Least squares is biased upwards by unit effects, within downwards by 1/T (Nickell bias).
Difference GMM has weak instruments where persistence is near 1, system GMM assumes that units
started from their stationary mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.models.dynamic_panel.design import Design, design_of, unit_columns
from causalstats.numerics.panel.difference_gmm import DynamicUnits, difference_gmm
from causalstats.numerics.panel.linear_estimators import Estimate, clustered
from causalstats.numerics.panel.system_gmm import SystemUnits, system_gmm

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.dynamic_panel.model import DynamicPanel

_ALL_LAGS_UP_TO = 8  # periods; of more, the latest levels alone are instruments
_LATEST_LEVELS = 4


def baselines(model: DynamicPanel, data: Panel) -> Mapping[str, Callable[..., Any]]:
    """Return estimators of the effect in the same period, by name.

    GMM is left out where units have different weights.
    """
    design = design_of(model, data)
    named: dict[str, Callable[[], Estimate]] = {
        "pooled OLS, lagged outcome": partial(
            _least_squares, model, data, within=False
        ),
        "fixed effects, lagged outcome (Nickell bias)": partial(
            _least_squares, model, data, within=True
        ),
    }
    equal = np.ptp(data.weights) == 0  # GMM takes no weights here
    if equal and max(len(each.periods) for each in design.histories) > 1:
        named["difference GMM (Arellano-Bond)"] = partial(_gmm, model, data)
        named["system GMM, predetermined (Blundell-Bond)"] = partial(
            _system_gmm, model, data
        )

    def rule(
        estimate: Callable[[], Estimate], rng: np.random.Generator
    ) -> tuple[Estimate, None]:
        return _effect(estimate(), model, data), None

    return {name: partial(rule, estimate) for name, estimate in named.items()}


def _effect(estimate: Estimate, model: DynamicPanel, data: Panel) -> Estimate:
    """Return the treatments' part of an estimate of all slopes, in units of the data."""
    design = design_of(model, data)
    part = slice(model.lags, model.lags + len(data.treatments))
    ratio = design.unit / design.treatment_units
    covariance = estimate.covariance[part, part] * np.outer(ratio, ratio)
    return Estimate(estimate.coefficients[part] * ratio, covariance, estimate.degrees)


def _without_history(design: Design) -> int:
    """Return how many columns come before those of a unit's history."""
    return sum(not label.startswith("history") for label in design.labels)


def _least_squares(model: DynamicPanel, data: Panel, within: bool) -> Estimate:
    design = design_of(model, data)
    stop = _without_history(design)
    rows: list[np.ndarray] = []
    clusters: list[np.ndarray] = []
    weights: list[np.ndarray] = []
    for block in unit_columns(model, data):
        columns = block.columns[:, :, [*range(stop), -1]]
        if within:
            columns = columns - columns.mean(axis=1, keepdims=True)
        rows.append(columns.reshape(-1, stop + 1))
        clusters.append(np.repeat(data.cluster[block.unit], columns.shape[1]))
        weights.append(np.repeat(block.weights, columns.shape[1]))
    every = np.concatenate(rows)
    return clustered(
        every[:, -1],
        every[:, : design.slopes],
        every[:, design.slopes : -1],
        np.concatenate(clusters),
        np.concatenate(weights),
    )


def _gmm(model: DynamicPanel, data: Panel) -> Estimate:
    design = design_of(model, data)
    stop = _without_history(design)
    units = []
    for block in unit_columns(model, data):
        initial = block.columns[:, 0, : model.lags][:, ::-1]
        # Not centred: where a level is missing the instrument is 0.
        levels = np.hstack([initial, block.columns[:, :, -1]])
        levels = levels + design.centre / design.unit
        units.append(
            DynamicUnits(
                int(block.periods[0]),
                levels,
                block.columns[:, :, :stop],
                data.cluster[block.unit],
            )
        )
    return difference_gmm(units, model.lags, _most_lags(design))


def _system_gmm(model: DynamicPanel, data: Panel) -> Estimate:
    """Treatments and covariates may depend on earlier errors (feedback), not on present ones."""
    design = design_of(model, data)
    values, stop = design.values, _without_history(design)
    level = values.outcome[:, None] + design.centre / design.unit
    variables = np.hstack([level, values.regressors])
    units = []
    for run in design.runs:
        columns = values.columns(run, slice(None))[:, :, :stop]
        cluster = data.cluster[data.unit[run.rows[:, 0]]]
        units.append(SystemUnits(run.first, variables[run.rows], columns, cluster))
    own = stop - model.lags - values.regressors.shape[1]
    return system_gmm(units, own, latest=1, most_lags=_most_lags(design))


def _most_lags(design: Design) -> int:
    return 99 if len(design.periods) <= _ALL_LAGS_UP_TO else _LATEST_LEVELS
