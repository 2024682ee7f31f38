"""Test of spillovers between units of a cluster: untreated rows beside treated units.

Rows before adoption, and those of units that never adopt, hold no effect of their own. With unit
means, periods and the covariates of each period partialled out, the share of the cluster's other
units that have adopted has no part in their outcomes, unless adoption spills over, or trends differ
between clusters by how many adopt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.core.estimand import answers_except
from causalstats.data import Panel
from causalstats.models.event_study.adoption import Adoption
from causalstats.models.event_study.cross_products import first_covariates
from causalstats.models.shared.covariate_form import score_test_p
from causalstats.models.shared.interference import (
    can_show_interference,
    interference_check,
    mean_of_others,
    strongest_of,
)
from causalstats.numerics.panel.within_transformation import demeaned

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy

NO_INTERFERENCE = "no interference"
_MOST_NUMBERS = 20_000_000  # of rows by columns
_LEAST_LEFT = 1e-6  # of the variance of the others' treatment


def no_interference(
    model: EventStudy, data: Panel, study: Adoption
) -> tuple[Check, ...]:
    """Return the check of treatments of other units; nothing where it cannot be told.

    Parameters
    ----------
    model : EventStudy
    data : Panel
    study : Adoption
    """
    untreated = ~(study.event_time >= -study.anticipation)
    rows, unit = study.rows[untreated], study.unit[untreated]
    cluster = data.cluster[data.unit[rows]]
    if not can_show_interference(data, len(np.unique(cluster))):
        return ()
    others = mean_of_others(data)[rows]
    covariates = first_covariates(model, data, study)[0]
    periods, codes = np.unique(study.period[untreated], return_inverse=True)
    if len(rows) * covariates.shape[1] * len(periods) > _MOST_NUMBERS:
        return ()
    dummies = np.eye(len(periods))[codes]
    starts = np.flatnonzero(np.diff(unit, prepend=-1) != 0)
    held = (dummies[:, :, None] * covariates[unit][:, None, :]).reshape(len(rows), -1)
    held = demeaned(held, starts)
    within = demeaned(np.column_stack([data.outcome[rows], others]), starts)
    left = within - held @ np.linalg.lstsq(held, within, rcond=None)[0]
    residual, exposure = left[:, 0], left[:, 1:]
    if (exposure**2).sum() <= _LEAST_LEFT * max(
        ((others - others.mean()) ** 2).sum(), 1e-300
    ):
        return ()
    p = score_test_p(residual, exposure, held, cluster)
    return interference_check(
        data,
        strongest_of(data, [p]),
        answers_except(model, ()),
        NO_INTERFERENCE,
        remedy="Leave out units beside adopters, or make",
    )
