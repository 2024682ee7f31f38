"""Checks of an event study by its draws: parallel trends, and the one coefficient beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.core.estimand import answers_except
from causalstats.models.event_study.additive_changes import changes_add
from causalstats.models.event_study.aggregations import overall
from causalstats.models.event_study.baselines import (
    one_coefficient,
    one_coefficient_weights,
)
from causalstats.models.event_study.parallel_trends import parallel_trends

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Panel
    from causalstats.models.event_study.model import EventStudy

_MOST_NUMBERS = 50_000_000  # rows times columns
_NOT_EFFECTS = ("lead", "breakdown_value")


def posterior_checks(
    model: EventStudy, draws: xr.Dataset, data: Panel
) -> tuple[Check, ...]:
    """Return the checks, in the order in which the report shows them.

    Parameters
    ----------
    model : EventStudy
    draws : Dataset
    data : Panel
    """
    checks = [*parallel_trends(model, draws, data)]
    study = model.adoption(data)
    if len(study.rows) * len(study.periods) <= _MOST_NUMBERS:
        checks.append(_one_coefficient(model, draws, data))
    att = _att(model, draws, data)
    lower, upper = np.quantile(att, [0.025, 0.975])
    summary = (float(att.mean()), float(lower), float(upper))
    estimands = answers_except(model, _NOT_EFFECTS)
    return (*checks, *changes_add(model, data, summary, estimands))


def _att(model: EventStudy, draws: xr.Dataset, data: Panel) -> np.ndarray:
    """Return the draws of the ATT, (chain, draw)."""
    share = overall(model.effect_cells(data), model.cell_sizes(data))[0]
    return np.asarray(draws["effect"].to_numpy() @ share)


def _one_coefficient(model: EventStudy, draws: xr.Dataset, data: Panel) -> Check:
    """Return what the one coefficient of two-way fixed effects would say."""
    study = model.adoption(data)
    estimate = one_coefficient(model, data)
    coefficient = float(estimate.mean()[0])
    lower, upper = (float(estimate.quantile(q)[0]) for q in (0.025, 0.975))
    weights = one_coefficient_weights(data, study)
    negative = float((weights < 0).mean())
    weight = float(np.maximum(-weights, 0).sum() / np.abs(weights).sum())
    att = float(_att(model, draws, data).mean())
    close = lower <= att <= upper
    return Check(
        name="one coefficient in place of the event study",
        passed=True if close else None,
        value=coefficient - att,
        expected="an ATT within its interval",
        finding=f"two-way fixed effects have {coefficient:.3g} ({lower:.3g} to {upper:.3g}), and "
        f"negative weights on {negative:.0%} of the treated rows, {weight:.0%} of all weight",
        remedy=""
        if close
        else "Effects differ by cohort or event time, so that one coefficient is not the mean "
        "effect on the treated: report the ATT.",
        estimands=("att",),
    )
