"""Outcome and treatment with covariates partialled out, the fitted treatment, and robust scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from causalstats.data import Instrumented


class PartialledOut(NamedTuple):
    """What two-stage least squares of one treatment is made of.

    Parameters
    ----------
    outcome, treatment, fitted : array, shape (n,)
        Given the covariates; `fitted` is the treatment as the instruments move it.
    slopes : array, shape (k,)
        Of the first stage.
    strength : float
        Its F statistic, but for degrees of freedom.
    """

    outcome: np.ndarray
    treatment: np.ndarray
    fitted: np.ndarray
    slopes: np.ndarray
    strength: float


def partialled_out(data: Instrumented) -> PartialledOut:
    """Return outcome, treatment and first stage, given the covariates."""
    columns = np.column_stack([data.outcome, data.treatment.reshape(len(data), -1)])
    outcome, treatment = data.partialled_out(columns).T
    instruments = data.partialled_out(data.instruments)
    slopes = np.linalg.lstsq(instruments, treatment, rcond=None)[0]
    fitted = instruments @ slopes
    rest = ((treatment - fitted) ** 2).mean()
    strength = (fitted @ fitted) / max(rest * instruments.shape[1], 1e-300)
    return PartialledOut(outcome, treatment, fitted, slopes, float(strength))


def score_size(data: Instrumented, scores: np.ndarray) -> float:
    """Return the standard deviation of the sum of scores (n,), robust or by clusters.

    Parameters
    ----------
    data : Instrumented
    scores : array, shape (n,)
    """
    if data.cluster is not None:
        scores = np.bincount(data.cluster, scores)
    return float(np.sqrt((scores**2).sum()))
