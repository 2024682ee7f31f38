"""Least-squares baselines without a diagram: unadjusted, and adjusted for everything observed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.abilities import Baseline
from causalstats.data import Observations
from causalstats.models.causal_diagram.levels import Levels
from causalstats.numerics.panel.linear_estimators import clustered

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram


def regression_baselines(
    model: CausalDiagram, data: Observations
) -> Mapping[str, Baseline]:
    """Return least-squares estimates with robust standard errors, by name.

    There are none where treatment or outcome is a label of more than two levels.
    """
    levels = model.levels(data)
    asked = (model.treatment, model.outcome)
    if any(name in levels and len(levels[name]) > 2 for name in asked):
        return {}
    rows = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
    columns = {name: _columns(name, data, levels)[rows] for name in model.graph.nodes}
    intercept = np.ones((len(rows), 1))
    others = [columns[name] for name in model.graph.nodes if name not in asked]
    outcome = columns[model.outcome][:, 0]
    treatment = columns[model.treatment]
    estimates = {"unadjusted": partial(_least_squares, outcome, treatment, intercept)}
    held = np.hstack([intercept, *others])
    if held.shape[1] > 1:
        estimates["adjusted for all observed"] = partial(
            _least_squares, outcome, treatment, held
        )
    return estimates


def _least_squares(
    outcome: np.ndarray,
    treatment: np.ndarray,
    held: np.ndarray,
    rng: np.random.Generator,
) -> tuple[Any, None]:
    """Return the slope on the treatment, heteroskedasticity-robust: each row is a cluster.

    Parameters
    ----------
    outcome : array, shape (rows,)
    treatment : array, shape (rows, 1)
    held : array, shape (rows, columns)
        The covariates and a column of ones.
    rng : numpy Generator
        Not used: the interval is in closed form.
    """
    return clustered(outcome, treatment, held, np.arange(len(outcome))), None


def _columns(
    name: str,
    data: Observations,
    levels: Levels,
) -> np.ndarray:
    """Return a number, or an indicator for each level but the first, shape (rows, columns)."""
    if name in data.continuous:
        return data.column(name)[:, None]
    codes = data.places(name, levels[name])[:, None]
    return (codes == np.arange(1, len(levels[name]))).astype(float)
