"""Averages of the group-time effects ATT(g, t): overall, by event time, cohort or calendar time.

Cells are weighed by their treated rows, so that the overall average is the average treatment
effect on the treated (ATT) of the rows that are kept. The effects are drawn in
`group_time_effects`. Weights are those of the sample: the
interval is that of the units seen, and not of a population with other shares of cohorts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.models.event_study.adoption import Adoption, Cells

Weights = tuple[np.ndarray, list[Any]]


def overall(cells: Cells, size: np.ndarray) -> np.ndarray:
    """Return the weights (1, m) of the ATT: cells from adoption on, by treated rows.

    Parameters
    ----------
    cells : Cells
    size : array, shape (m,)
        The weight of the rows of each cell.
    """
    treated = size * (cells.event_time >= 0)
    return treated[None] / treated.sum()


def by_event_time(cells: Cells, size: np.ndarray) -> Weights:
    """Return weights (k, m) for each event time, and the event times."""
    return _by(cells.event_time, size)


def by_cohort(study: Adoption, cells: Cells, size: np.ndarray) -> Weights:
    """Return weights (G, m) of the cells from adoption on of each cohort, and its name.

    Parameters
    ----------
    study : Adoption
    cells : Cells
    size : array, shape (m,)
        As in `overall`.
    """
    weights, codes = _by(cells.cohort, size * (cells.event_time >= 0))
    return weights, [study.cohorts[code] for code in codes]


def by_calendar_time(study: Adoption, cells: Cells, size: np.ndarray) -> Weights:
    """Return weights of the cells from adoption on in each period, and the period.

    Parameters
    ----------
    study : Adoption
    cells : Cells
    size : array, shape (m,)
        As in `overall`.
    """
    time = study.adopted[cells.cohort] + cells.event_time
    weights, codes = _by(time, size * (cells.event_time >= 0))
    return weights, [study.times[code] for code in codes]


def mean_of_event_times(cells: Cells, size: np.ndarray) -> np.ndarray:
    """Return weights (1, m) of the mean over event times from adoption on."""
    weights, event_times = by_event_time(cells, size)
    after = np.array(event_times) >= 0
    return weights[after].mean(axis=0, keepdims=True)


def _by(labels: np.ndarray, size: np.ndarray) -> Weights:
    values = [int(value) for value in np.unique(labels[size > 0])]
    weights = np.array([size * (labels == value) for value in values])
    return weights / weights.sum(axis=1, keepdims=True), values
