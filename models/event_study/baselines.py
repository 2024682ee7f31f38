"""Least-squares estimators of the ATT beside an event study, with clustered standard errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from causalstats.data import Panel
from causalstats.models.event_study import aggregations
from causalstats.models.event_study.adoption import Adoption, adoption
from causalstats.models.event_study.least_squares import (
    average,
    least_squares,
    saturated_by_rows,
)
from causalstats.numerics.panel.linear_estimators import Estimate
from causalstats.numerics.panel.within_transformation import demeaned

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy

_MOST_NUMBERS = 50_000_000  # rows times columns


def baselines(model: EventStudy, data: Panel) -> Mapping[str, Callable[..., Any]]:
    """Return two-way fixed effects, imputation and Callaway-Sant'Anna, by name.

    None of large panels, whose rows least squares would need at once.
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
    return {
        name: (lambda rng, estimate=estimate: (estimate(), None))
        for name, estimate in estimates.items()
    }


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


def one_coefficient_weights(data: Panel, study: Adoption) -> np.ndarray:
    """Return the weight of every treated row in the one coefficient; they sum to 1.

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
