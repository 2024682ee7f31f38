"""Least-squares estimators of the ATT beside an event study, with clustered standard errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from causalstats.core.abilities import Baseline
from causalstats.data import Panel
from causalstats.models.event_study import aggregations
from causalstats.models.event_study.adoption import Adoption, adoption
from causalstats.models.event_study.event_study_regression import (
    average,
    cell_dummies,
    least_squares,
    period_columns,
    saturated_by_rows,
)
from causalstats.numerics.panel.linear_estimators import Estimate
from causalstats.numerics.panel.placebo_errors import placebo_errors
from causalstats.numerics.panel.within_transformation import demeaned

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy

_FEWEST_DONORS = 30  # clusters never treated; with 24 intervals of PanelDML cover .92
_PLACEBO_DRAWS = 4_000
_MOST_NUMBERS = 50_000_000  # rows times columns


def baselines(model: EventStudy, data: Panel) -> Mapping[str, Baseline]:
    """Return two-way fixed effects, imputation and Callaway-Sant'Anna, by name.

    Imputation has the errors of units never treated too, where 30 or more are. None of large
    panels, whose rows least squares would need at once.
    """
    study = adoption(_plain(model), data)
    if len(study.rows) * (len(study.cells) + len(study.periods)) > _MOST_NUMBERS:
        return {}
    estimates: dict[str, Callable[[], Estimate]] = {
        "one coefficient (two-way fixed effects)": partial(
            one_coefficient, model, data
        ),
        "saturated, not yet treated as controls (imputation)": partial(
            _saturated, model, data, "not_yet"
        ),
        "saturated, never treated as controls (Callaway-Sant'Anna)": partial(
            _saturated, model, data, "never"
        ),
    }
    rules: dict[str, Callable[..., Any]] = {
        name: (lambda rng, estimate=estimate: (estimate(), None))
        for name, estimate in estimates.items()
    }
    if len(never_treated_clusters(data, study)) >= _FEWEST_DONORS:
        rules["imputation, errors of those never treated (Conley-Taber)"] = lambda rng: (
            placebo_att(model, data, rng),
            None,
        )
    return rules


def _plain(model: EventStudy) -> EventStudy:
    """The model as far as least squares depends on it."""
    return replace(model.rows_model, controls="not_yet")


def one_coefficient(model: EventStudy, data: Panel) -> Estimate:
    """Return the coefficient of the treatment with effects of units and periods."""
    study = adoption(model.rows_model, data)
    treated = (study.event_time >= 0).astype(float)
    return least_squares(model, data, study, treated[:, None])


def _saturated(
    model: EventStudy, data: Panel, controls: Literal["not_yet", "never"]
) -> Estimate:
    chosen = replace(model.rows_model, controls=controls)
    effects, _ = saturated_by_rows(chosen, data)
    cells, size = chosen.effect_cells(data), chosen.cell_sizes(data)
    return average(effects, aggregations.overall(cells, size))


def never_treated_clusters(data: Panel, study: Adoption) -> np.ndarray:
    """Return the clusters no unit of which adopts, int (m,)."""
    cluster = data.cluster[data.unit[study.rows[study.starts]]]
    adopts = study.cohort < len(study.cohorts)
    return np.setdiff1d(cluster[~adopts], cluster[adopts])


def placebo_att(model: EventStudy, data: Panel, rng: np.random.Generator) -> np.ndarray:
    """Return draws of the imputation ATT less placebo errors, shape (4000,).

    The ATT is a sum c'y over rows. Where few clusters adopt their errors do not average out; here
    they are drawn from those of clusters that never do (`numerics.panel.placebo_errors`).

    Parameters
    ----------
    model : EventStudy
    data : Panel
    rng : Generator
    """
    chosen = replace(model.rows_model, controls="not_yet")
    study = adoption(chosen, data)
    mask = chosen.in_effect(study)
    weights = data.weights[study.rows]
    others = period_columns(chosen, data, study)
    every = np.column_stack(
        [cell_dummies(study, mask), others, data.outcome[study.rows]]
    )
    every = demeaned(every, study.starts, weights) * np.sqrt(weights)[:, None]
    count = int(mask.sum())
    fixed = every[:, count:-1]
    rest = np.delete(every, np.s_[count:-1], axis=1)
    rest = rest - fixed @ np.linalg.lstsq(fixed, rest, rcond=1e-10)[0]
    columns, outcome = rest[:, :-1], rest[:, -1]
    effects = np.linalg.lstsq(columns, outcome, rcond=1e-10)[0]
    shares = aggregations.overall(chosen.effect_cells(data), chosen.cell_sizes(data))
    contrast = columns @ np.linalg.pinv(columns.T @ columns) @ shares.ravel()
    cluster = data.cluster[data.unit[study.rows]]
    errors = placebo_errors(
        contrast[:, None],
        outcome - columns @ effects,
        np.column_stack([cluster, study.period]),
        never_treated_clusters(data, study),
        _PLACEBO_DRAWS,
        rng,
    )[:, 0]
    errors = errors * (contrast @ contrast)
    return np.asarray(shares.ravel() @ effects - (errors - errors.mean()))


def one_coefficient_weights(data: Panel, study: Adoption) -> np.ndarray:
    """Return the weight of every treated row in the one coefficient; negative weights are possible.

    They sum to 1.

    With V the residual of the treatment after units and periods, V_it / Σ V D (de Chaisemartin &
    D'Haultfœuille 2020, theorem 1).

    Parameters
    ----------
    data : Panel
    study : Adoption
    """
    treated = (study.event_time >= 0).astype(float)
    weights = data.weights[study.rows]
    dummies = (study.period[:, None] == np.arange(1, len(study.periods))).astype(float)
    columns = demeaned(np.column_stack([treated, dummies]), study.starts, weights)
    root = np.sqrt(weights)[:, None]
    slopes = np.linalg.lstsq(root * columns[:, 1:], root[:, 0] * columns[:, 0])[0]
    residual = weights * (columns[:, 0] - columns[:, 1:] @ slopes)
    return residual[treated > 0] / (residual @ treated)
