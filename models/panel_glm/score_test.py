"""Cluster-robust score test of columns that are left out, at the posterior mode.

The scores of added columns, less their regression on those of the model's columns, sum to 0 where
the added columns have no effect (Wooldridge 2010, section 12.6.2).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, stats

from causalstats.models.panel_glm.design import design_of
from causalstats.models.panel_glm.posterior import log_density
from causalstats.models.shared.cached_by_data import cached_by_data

if TYPE_CHECKING:
    from causalstats.data import Panel
    from causalstats.models.panel_glm.design import Design
    from causalstats.models.panel_glm.families.base import OutcomeFamily
    from causalstats.models.panel_glm.model import PanelGLM

_STEP = 1e-4


def score_test(
    family: OutcomeFamily, design: Design, added: np.ndarray, cluster: np.ndarray
) -> float:
    """Return the p-value of no effect of the added columns.

    Parameters
    ----------
    family : OutcomeFamily
    design : Design
    added : array, shape (N, T, r)
    cluster : int array, shape (N,)
    """
    wider = replace(
        design,
        columns=np.concatenate([design.columns, added], axis=2),
        sds=np.append(design.sds, np.ones(added.shape[2])),
    )
    width = design.columns.shape[2]
    mode = np.append(posterior_mode(family, design), np.zeros(added.shape[2]))
    scores = _scores(family, wider, mode)
    information = information_of(family, wider, mode)
    inner = information[:width, :width] + np.diag(1 / design.sds**2)
    slopes = np.linalg.solve(inner, information[:width, width:])
    left = scores[:, width:] - scores[:, :width] @ slopes
    codes = np.unique(cluster, return_inverse=True)[1]
    by_cluster = np.zeros((codes.max() + 1, left.shape[1]))
    np.add.at(by_cluster, codes, left)
    total = by_cluster.sum(axis=0)
    covariance = by_cluster.T @ by_cluster
    statistic = float(total @ np.linalg.pinv(covariance, hermitian=True) @ total)
    return float(stats.chi2.sf(statistic, left.shape[1]))


@cached_by_data
def mode_of(model: PanelGLM, data: Panel) -> np.ndarray:
    """Return the mode of the coefficients of a panel, (k,)."""
    return posterior_mode(model.outcome_family, design_of(model, data))


def posterior_mode(family: OutcomeFamily, design: Design) -> np.ndarray:
    """Return the mode of the coefficients, (k,)."""
    size = design.columns.shape[2]
    steps = _STEP * np.vstack([np.eye(size), -np.eye(size)])

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        values = log_density(np.vstack([x, x + steps]), family, design)
        up, down = np.split(values[1:], 2)
        return -float(values[0]), (down - up) / (2 * _STEP)

    found = optimize.minimize(loss, np.zeros(size), jac=True, method="BFGS")
    return np.asarray(found.x)


def _values(family: OutcomeFamily, design: Design, points: np.ndarray) -> np.ndarray:
    predictor = design.columns @ points.T
    by_unit = family.by_unit(predictor, design.outcome, design.seen)
    return design.weights[:, None] * by_unit


def _scores(family: OutcomeFamily, design: Design, point: np.ndarray) -> np.ndarray:
    """Return the score of each unit, (N, k), by central differences."""
    steps = _STEP * np.eye(len(point))
    values = _values(family, design, np.vstack([point + steps, point - steps]))
    up, down = np.split(values, 2, axis=1)
    return (up - down) / (2 * _STEP)


def information_of(
    family: OutcomeFamily, design: Design, point: np.ndarray
) -> np.ndarray:
    """Return minus the Hessian of the log likelihood, (k, k), by differences of scores."""
    columns = []
    for step in 1e-3 * np.eye(len(point)):
        up = _scores(family, design, point + step).sum(axis=0)
        down = _scores(family, design, point - step).sum(axis=0)
        columns.append((down - up) / 2e-3)
    matrix = np.array(columns)
    return (matrix + matrix.T) / 2
