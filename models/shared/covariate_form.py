"""Curves in the covariates of a panel, and their single values, that lines leave out.

A score test of lack of fit, for panel families whose covariates act by straight lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import square_and_bends
from causalstats.numerics.bases.omitted_terms import indicators_of_codes

LINEAR_COVARIATES = "covariates act by straight lines"
_LEVEL = 0.01
_BENDS = (0.25, 0.5, 0.75)  # quantiles
_MOST_CODES = 16
_CLUSTERS_A_CODE = 6


def omitted_columns(data: Panel) -> dict[str, np.ndarray]:
    """Return for each numeric covariate the columns (n, r) of a test of lack of fit."""
    most = min(_MOST_CODES, len(data.clusters) // _CLUSTERS_A_CODE)
    columns = {}
    for name in data.covariates:
        column = data.source[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            continue
        values = column.to_numpy(float)
        if len(np.unique(values)) > 2:
            curves = square_and_bends(values, _BENDS)
            codes = indicators_of_codes(values, most)[1]
            columns[name] = _independent(np.hstack([curves, codes]), values)
    return {name: added for name, added in columns.items() if added.shape[1]}


def _independent(columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of columns less their line in the values, of unit variance."""
    line = np.column_stack([np.ones_like(values), values - values.mean()])
    rest = columns - line @ np.linalg.lstsq(line, columns, rcond=None)[0]
    left, sizes, _ = np.linalg.svd(rest, full_matrices=False)
    return left[
        :, sizes > 1e-6 * max(float(np.linalg.norm(columns)), 1e-300)
    ] * np.sqrt(len(values))


@dataclass(frozen=True)
class LackOfFit:
    """What a failed test of straight lines says, with `{name}` for the covariate.

    Parameters
    ----------
    finding : str
        Before its p-value.
    remedy : str
    """

    finding: str = "curves in {name} and its single values add to a line with"
    remedy: str = (
        "If the numbers of {name} are codes of categories, make them text, "
        "`frame['{name}'].astype(str)`; otherwise add columns such as its square, or whether it is "
        "above a threshold, to the covariates."
    )


def linear_covariates(
    p_values: Mapping[str, float],
    estimands: tuple[str, ...],
    assumption: str,
    words: LackOfFit | None = None,
) -> tuple[Check, ...]:
    """Return the check of p-values by covariate, without those that are NaN.

    Parameters
    ----------
    p_values : mapping of covariate to p-value
    estimands : tuple of str
        The answers that a failure stands on; all of them where it is empty.
    assumption : str
        The name of the assumption that a failure contradicts.
    words : LackOfFit, optional
    """
    known = {name: p for name, p in p_values.items() if np.isfinite(p)}
    if not known:
        return ()
    words = words or LackOfFit()
    worst = min(known, key=lambda name: known[name])
    p_value = min(1.0, known[worst] * len(known))
    passed = p_value > _LEVEL
    return (
        Check(
            name=LINEAR_COVARIATES,
            passed=passed,
            value=p_value,
            expected=f"p above {_LEVEL:g}, multiplied by the number of covariates",
            finding=f"{words.finding.replace('{name}', worst)} p = {p_value:.2g}",
            remedy="" if passed else words.remedy.replace("{name}", worst),
            estimands=estimands,
            assumption=assumption,
        ),
    )


def score_test_p(
    residual: np.ndarray, added: np.ndarray, held: np.ndarray, cluster: np.ndarray
) -> float:
    """Return the p-value of the cluster-robust score test of added columns; NaN with few clusters.

    Parameters
    ----------
    residual : array, shape (n,)
        Of the regression on the columns held.
    added : array, shape (n, r)
    held : array, shape (n, k)
    cluster : int array, shape (n,)
    """
    left = added - held @ np.linalg.lstsq(held, added, rcond=None)[0]
    codes = np.unique(cluster, return_inverse=True)[1]
    scores = np.zeros((codes.max() + 1, added.shape[1]))
    np.add.at(scores, codes, left * residual[:, None])
    if len(scores) <= 2 * added.shape[1]:
        return float("nan")
    total, spread = scores.sum(axis=0), scores.T @ scores
    statistic = float(total @ np.linalg.pinv(spread, hermitian=True) @ total)
    return float(
        stats.chi2.sf(statistic, np.linalg.matrix_rank(spread, hermitian=True))
    )
