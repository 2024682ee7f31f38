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
from causalstats.models.event_study import aggregations
from causalstats.models.event_study.adoption import Adoption, adoption
from causalstats.models.event_study.cross_products import first_covariates
from causalstats.models.shared.cached_by_data import cached_by_data
from causalstats.numerics.panel import linear_estimators
from causalstats.numerics.panel.grouped_clusters import (
    ClusteredRows,
    GroupedEstimate,
    grouped_estimate,
)
from causalstats.numerics.panel.linear_estimators import Estimate, orthonormal
from causalstats.numerics.panel.within_transformation import demeaned

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


@cached_by_data
def grouped_by_cohort(
    model: EventStudy, data: Panel
) -> tuple[GroupedEstimate, GroupedEstimate]:
    """Return the effects and the leads of `saturated_by_rows`, with errors that cohorts add.

    Raises
    ------
    ModelError
        If the data do not determine the effect of some cell.
    """
    saturated_by_rows(model, data)
    study = adoption(model, data)
    masks = (model.in_effect(study), model.saturated(study))
    effects, leads = (_grouped(model, data, study, mask) for mask in masks)
    return effects, leads


def _grouped(
    model: EventStudy, data: Panel, study: Adoption, mask: np.ndarray
) -> GroupedEstimate:
    """Return the coefficients of the cells of a mask, with errors that cohorts add.

    Parameters
    ----------
    model : EventStudy
    data : Panel
    study : Adoption
    mask : bool array, shape (m,)
    """
    coefficients, rows = clustered_rows(model, data, study, mask)
    row_weights = data.weights[study.rows]
    ever = study.cell >= 0
    size = np.bincount(study.cell[ever], row_weights[ever], len(mask))[mask]
    contrast = aggregations.overall(study.cells.part(mask), size)[0]
    return grouped_estimate(coefficients, rows, contrast, model.variance_prior_degrees)


def clustered_rows(
    model: EventStudy, data: Panel, study: Adoption, mask: np.ndarray
) -> tuple[np.ndarray, ClusteredRows]:
    """Return the coefficients of the cells of a mask, and the rows that they are estimated from.

    Parameters
    ----------
    model : EventStudy
    data : Panel
    study : Adoption
    mask : bool array, shape (m,)

    Raises
    ------
    ModelError
        If the rows do not determine the coefficient of some cell.
    """
    weights = data.weights[study.rows]
    cells, others = cell_dummies(study, mask), period_columns(model, data, study)
    columns = np.column_stack([data.outcome[study.rows], cells, others])
    repeated = np.repeat(study.sizes > 1, study.sizes)
    columns = demeaned(columns, study.starts, weights) * np.sqrt(weights)[:, None]
    columns = columns[repeated]
    count = int(mask.sum())
    basis = orthonormal(columns[:, 1 + count :])
    left = columns[:, : 1 + count]
    left = left - basis @ (basis.T @ left)
    y, v = left[:, 0], left[:, 1:]
    gram = v.T @ v
    sizes = np.linalg.eigvalsh(gram)
    if sizes[0] <= _RANK_TOLERANCE * sizes[-1]:
        raise ModelError(
            "Expected rows that determine every lead and lag of every cohort; some are not "
            "determined. Leave out the periods in which few units were seen, or take "
            "errors='ar1' with pooling='shape'."
        )
    coefficients = np.linalg.solve(gram, v.T @ y)
    kept, unit = np.unique(study.unit[repeated], return_inverse=True)
    cluster = data.cluster[data.unit[study.rows[study.starts]]]
    rows = ClusteredRows(
        regressors=v,
        residuals=y - v @ coefficients,
        others=basis,
        unit=unit,
        period=study.period[repeated],
        cluster=cluster[kept],
        group=_cohorts_of_clusters(study, cluster)[kept],
        groups=len(study.groups),
    )
    return coefficients, rows


def _cohorts_of_clusters(study: Adoption, cluster: np.ndarray) -> np.ndarray:
    """Return the cohort that most units of its cluster are in, for each unit, int (N,).

    Parameters
    ----------
    study : Adoption
    cluster : int array, shape (N,)
    """
    codes = np.unique(cluster, return_inverse=True)[1]
    counts = np.zeros((codes.max() + 1, len(study.groups)))
    np.add.at(counts, (codes, study.cohort), 1)
    return np.asarray(counts.argmax(axis=1)[codes])


def average(estimate: Estimate, weights: np.ndarray) -> Estimate:
    """Return weighted averages of coefficients, (k,), of weights (k, m)."""
    return Estimate(
        weights @ estimate.coefficients,
        weights @ estimate.covariance @ weights.T,
        estimate.degrees,
    )
