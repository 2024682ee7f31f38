"""Whether trends depend on covariates by straight lines: a score test on untreated rows.

Rows before adoption, and those of units that never adopt, hold no effect. With unit means, periods
and the covariates of each period partialled out, curves in a covariate that grow or fall with time
have no part in the residuals where trends are linear in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.event_study.adoption import Adoption
from causalstats.models.event_study.assumptions import COVARIATES
from causalstats.models.event_study.cross_products import first_covariates
from causalstats.models.shared.covariate_form import (
    LackOfFit,
    linear_covariates,
    score_test_p,
)
from causalstats.numerics.panel.within_transformation import demeaned

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy

_MOST_NUMBERS = 20_000_000  # of rows by columns
_LARGEST = 3.0  # standard deviations
_CURVED_TRENDS = LackOfFit(
    "before adoption trends differ by the square of {name},",
    "Adopters whose covariates lie otherwise than those of their controls then have other trends: "
    "take splines, `basis_size=4`, or add the square to the covariates.",
)


def covariate_form(
    model: EventStudy, data: Panel, study: Adoption
) -> tuple[Check, ...]:
    """Return whether trends are linear in the covariates; nothing where it cannot be told.

    Parameters
    ----------
    model : EventStudy
    data : Panel
    study : Adoption
    """
    return linear_covariates(
        form_p_values(model, data, study), (), COVARIATES, _CURVED_TRENDS
    )


def form_p_values(model: EventStudy, data: Panel, study: Adoption) -> dict[str, float]:
    """Return the p-value of lack of fit of each numeric covariate.

    Parameters
    ----------
    model : EventStudy
    data : Panel
    study : Adoption
    """
    added = _squares(data)
    if not added:
        return {}
    untreated = ~(study.event_time >= -study.anticipation)
    unit, period = study.unit[untreated], study.period[untreated]
    rows = study.rows[untreated]
    covariates = first_covariates(model, data, study)[0]
    periods, codes = np.unique(period, return_inverse=True)
    if len(rows) * covariates.shape[1] * len(periods) > _MOST_NUMBERS:
        return {}
    dummies = np.eye(len(periods))[codes]
    starts = np.flatnonzero(np.diff(unit, prepend=-1) != 0)
    held = (dummies[:, :, None] * covariates[unit][:, None, :]).reshape(len(rows), -1)
    held = demeaned(held, starts)
    outcome = demeaned(data.outcome[rows][:, None], starts)[:, 0]
    residual = outcome - held @ np.linalg.lstsq(held, outcome, rcond=None)[0]
    time = (codes - codes.mean())[:, None]
    first = study.rows[study.starts]
    cluster = data.cluster[data.unit[rows]]
    return {
        name: score_test_p(
            residual, demeaned(time * columns[first][unit], starts), held, cluster
        )
        for name, columns in added.items()
    }


def _squares(data: Panel) -> dict[str, np.ndarray]:
    """Return the square about the mean, capped, of each numeric covariate of many values, (n, 1).

    One curve alone has more power than several where units are few: bends are nearly squares.
    """
    columns = {}
    for name in data.covariates:
        column = data.source[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            continue
        values = column.to_numpy(float)
        if len(np.unique(values)) > 2:
            scaled = (values - values.mean()) / values.std()
            columns[name] = scaled.clip(-_LARGEST, _LARGEST)[:, None] ** 2
    return columns
