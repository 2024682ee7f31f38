"""Whether units next to each other share shocks, such as counties in the order of their states.

Cohorts have effects of their own in every period, which take in what all units of a cohort share:
the residuals show what some of them share, and units of one state that do not adopt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.core.estimand import answers_except
from causalstats.data import Panel
from causalstats.models.event_study.adoption import Adoption
from causalstats.models.event_study.assumptions import ERRORS
from causalstats.models.event_study.residuals import first_units, saturated_residuals
from causalstats.models.shared.shared_shocks import (
    by_period,
    neighbours,
    shared_by,
    shared_shocks_check,
)
from causalstats.numerics.panel.within_transformation import demeaned

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy


def shared_shocks(model: EventStudy, data: Panel, study: Adoption) -> tuple[Check, ...]:
    """Return the check of clusters next to each other.

    Parameters
    ----------
    model : EventStudy
    data : Panel
    study : Adoption
    """
    stop = first_units(study)
    starts = study.starts[study.starts < stop]
    cluster = data.cluster[data.unit[study.rows[:stop]]]
    treated = demeaned((study.event_time[:stop] >= 0)[:, None].astype(float), starts)
    residuals = saturated_residuals(model, data, study)(data.outcome[study.rows[:stop]])
    time = data.time[study.rows[:stop]]
    treatments = by_period(data, time, cluster, treated[:, 0])
    errors = by_period(data, time, cluster, residuals)
    found = neighbours(data)
    return (
        shared_shocks_check(
            data,
            shared_by(treatments, errors, found, np.random.default_rng(0)),
            found,
            estimands=answers_except(model, ()),
            assumption=ERRORS[model.errors].name,
            remedy=_remedy(model, data),
        ),
    )


def _remedy(model: EventStudy, data: Panel) -> str:
    wider = f"wider than {data.cluster_name!r}" if data.cluster_name else "of units"
    remedy = f"Give the panel the group {wider}, `Panel.from_frame(cluster='...')`"
    if model.clustered:
        return remedy
    return f"{remedy}, and take errors='cluster' with pooling='none'"
