"""Residual covariance of treatment and outcome: confounding that a kernel has left.

T = Σ_{i ≠ j} K(z_i, z_j) (x_i - e_i) (y_j - p_j)

with e the propensity and p the probability of the outcome. K is 1 for two people of one stratum, or
the inner product of their third-order products of confounders: T is then the sum over these
products of the score in one equation times the score in the other, which is large where many small
interactions confound together although none of them shows by itself. T is a score test of the
column Σ_j K(z_i, z_j) (x_j - e_j) in the equation of the outcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from causalstats.models.causal_diagram.regression.hierarchical.coding import Term

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.regression.hierarchical.logistic_regression import (
        KernelData,
        Propensity,
    )
    from causalstats.numerics.regression.hierarchical_logistic import Mode

_MOST_COLUMNS = 3000  # of third-order products


def residual_covariance(
    data: KernelData, propensity: Propensity, outcome: Mode
) -> float:
    """Return the largest |T| in standard errors, over both K and all levels.

    Parameters
    ----------
    data : KernelData
    propensity : Propensity
    outcome : Mode
        Of the equation of the variable, without random effects.
    """
    rows = outcome.rows
    levels = rows.counts.shape[1]
    tested = [1] if levels == 2 else range(levels)
    largest = 0.0
    for column in _columns(data, propensity):
        for level in tested:
            largest = max(largest, abs(_score_z(outcome, column, level)))
    return largest


def _columns(data: KernelData, propensity: Propensity) -> Iterator[np.ndarray]:
    """Yield the column of each K and of each level of the treatment, shape (rows,)."""
    expected = propensity.probabilities(data.codings, data.stratum_values)
    counts = data.treatment_counts()
    arm = data.values[data.treatment].astype(int)
    third = _third_order_products(data)
    arms = [1] if data.arms == 2 else range(data.arms)
    for level in arms:
        totals = counts[:, level] - counts.sum(axis=1) * expected[:, level]
        own = (arm == level) - expected[data.strata, level]
        yield totals[data.strata] - own
        if third.shape[1]:
            size = (third**2).sum(axis=1)
            together = third @ (third.T @ totals)
            yield together[data.strata] - size[data.strata] * own


def _third_order_products(data: KernelData) -> np.ndarray:
    """Return the columns of products of three confounders over strata."""
    values = data.stratum_values
    parts = []
    total = 0
    for triple in combinations(data.confounders, 3):
        term = Term(triple)
        total += term.width(data.codings)
        if total > _MOST_COLUMNS:
            break
        parts.append(term.columns(data.codings, values))
    return np.column_stack(parts) if parts else np.empty((len(data.first_rows), 0))


def _score_z(mode: Mode, column: np.ndarray, level: int) -> float:
    """Return the score of one column in standard errors.

    Parameters
    ----------
    mode : Mode
    column : array, shape (rows,)
    level : int
        Of the outcome.
    """
    rows = mode.rows
    shares = mode.probabilities[:, level]
    weight = rows.totals * shares * (1 - shares)
    score = column @ (rows.counts[:, level] - rows.totals * shares)
    weighted = rows.design * weight[:, None]
    prior = np.diag(1 / rows.column_sds(mode.log_scales) ** 2)
    root = linalg.cholesky(weighted.T @ rows.design + prior, lower=True)
    explained = linalg.solve_triangular(root, weighted.T @ column, lower=True)
    variance = weight @ column**2 - explained @ explained
    return float(score / np.sqrt(variance)) if variance > 0 else 0.0
