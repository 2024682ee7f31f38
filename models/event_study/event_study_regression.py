"""Event-study regression: a dummy for every lead and lag of every cohort (leads and lags).

Least squares with a coefficient for every cell of cohort and period, which are the group-time
average treatment effects ATT(g, t), and its cluster-robust covariance.

With rows not yet treated as controls it is Wooldridge's extended two-way fixed effects, equal to
the imputation estimator; with a coefficient for leads too, that of Callaway & Sant'Anna and of
Sun & Abraham without covariates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.data import Panel
from causalstats.errors import ModelError
from causalstats.models.event_study.adoption import Adoption, adoption
from causalstats.models.event_study.cross_products import first_covariates
from causalstats.models.shared.cached_by_data import cached_by_data
from causalstats.numerics.panel import linear_estimators
from causalstats.numerics.panel.linear_estimators import Estimate

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy

_RANK_TOLERANCE = 1e-9  # of the largest eigenvalue


def least_squares(
    model: EventStudy, data: Panel, study: Adoption, columns: np.ndarray
) -> Estimate:
    """Return the coefficients of columns (n, m), beside units, and periods times covariates.

    Parameters
    ----------
    model : EventStudy
    data : Panel
    study : Adoption
    columns : array, shape (n, m)
        Of the rows of the study.
    """
    return linear_estimators.within(
        data.outcome[study.rows],
        columns,
        period_columns(model, data, study),
        study.unit,
        data.weights[study.rows],
        data.cluster[data.unit[study.rows]],
    )


def period_columns(model: EventStudy, data: Panel, study: Adoption) -> np.ndarray:
    """Return dummies of periods, and these times each covariate, (n, p).

    Parameters
    ----------
    model : EventStudy
    data : Panel
    study : Adoption
    """
    covariates, _ = first_covariates(model, data, study)
    dummies = (study.period[:, None] == np.arange(1, len(study.periods))).astype(float)
    by_row = covariates[study.unit]
    others = [dummies * by_row[:, [j]] for j in range(by_row.shape[1])]
    return np.hstack(others)


def cell_dummies(study: Adoption, mask: np.ndarray) -> np.ndarray:
    """Return a dummy of each cell of a mask, (n, m)."""
    return (study.cell[:, None] == np.flatnonzero(mask)).astype(float)


@cached_by_data
def saturated_by_rows(model: EventStudy, data: Panel) -> tuple[Estimate, Estimate]:
    """Return the effects of `model.effect_cells`, and with leads of all cells but the base.

    Raises
    ------
    ModelError
        If the data do not determine the effect of some cell.
    """
    study = adoption(model, data)
    effects = least_squares(
        model, data, study, cell_dummies(study, model.in_effect(study))
    )
    variances = np.diag(effects.covariance)
    if (variances <= _RANK_TOLERANCE * variances.max(initial=0.0)).any():
        raise ModelError(
            "Expected rows that determine the effect of every cohort at every event time; some are "
            "not determined. Take pooling='shape', or leave out the cohort."
        )
    leads = least_squares(
        model, data, study, cell_dummies(study, model.saturated(study))
    )
    return effects, leads


def average(estimate: Estimate, weights: np.ndarray) -> Estimate:
    """Return weighted averages of coefficients, (k,), of weights (k, m)."""
    return Estimate(
        weights @ estimate.coefficients,
        weights @ estimate.covariance @ weights.T,
        estimate.degrees,
    )
