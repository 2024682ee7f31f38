"""Whether effects of a dynamic panel differ with the weight that units have in the answer.

Units weigh by the variance of their treatment: where outcomes and treatments are in levels, as
turnover is, a few large units make the answer. With persistence ρ from the model, the outcome less
ρ times its past is that of a panel without a past,

    y_it - ρ y_i,t-1 = D_it'θ + x_it'β + λ_t + α_i + e_it,

in which the checks of `PanelDML` for effects that differ hold as they are: there is no lag among
the regressors, and so no Nickell bias. That ρ is estimated moves the slopes of all units alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.dynamic_panel.assumptions import SAME_EFFECT
from causalstats.models.dynamic_panel.density import (
    Scales,
    coefficient_moments,
    constrained,
    sample_scales,
)
from causalstats.models.dynamic_panel.design import design_of, unit_columns
from causalstats.models.panel_dml.checks.effect_heterogeneity import one_effect
from causalstats.models.panel_dml.checks.effect_over_time import (
    OVER_TIME,
    effect_over_time,
)
from causalstats.models.panel_dml.checks.score_tests import (
    Adjusted,
    rows_of,
    some_units,
)
from causalstats.models.panel_dml.model import PanelDML
from causalstats.models.panel_dml.row_blocks import columns_of

if TYPE_CHECKING:
    from causalstats.models.dynamic_panel.model import DynamicPanel

_DRAWS = 200
_SEED = 19950601
_REMEDY = (
    "The answer is not the mean effect over units. Divide outcome, treatment and covariates of "
    "each unit by the standard deviation of its treatment: slopes stay as they are, units weigh "
    "alike, and period effects are then in proportion to it. Where effects are in proportion, "
    "take logarithms; where they go with a covariate, add the treatment times that covariate less "
    "its mean to the treatments, or fit groups of units apart."
)


def one_effect_of_units(
    model: DynamicPanel, data: Panel, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the check of effects that differ together with the weight of rows.

    Parameters
    ----------
    model : DynamicPanel
    data : Panel
    estimands : tuple of str
        The answers that a failure stands on.
    """
    without_past = some_units(_less_the_past(model, data))
    static = PanelDML(time_effects=model.time_effects, basis_size=1)
    adjusted = Adjusted(without_past, columns_of(static, without_past), within=True)
    found = (
        *one_effect(static, adjusted, without_past, estimands),
        *effect_over_time(static, adjusted, estimands),
    )
    return tuple(
        replace(
            check,
            remedy=_REMEDY if _failed_by_unit(check) else check.remedy,
            assumption=SAME_EFFECT,
        )
        for check in found
    )


def _failed_by_unit(check: Check) -> bool:
    """Whether effects differ between units, and not between periods."""
    return check.passed is False and check.name != OVER_TIME


def _less_the_past(model: DynamicPanel, data: Panel) -> Panel:
    """Return the rows that have a likelihood, with outcomes less persistence times their past."""
    design = design_of(model, data)
    rng = np.random.default_rng(_SEED)
    points = sample_scales(model, design, _DRAWS, rng).points
    scales = Scales(*constrained(model, points))
    persistence = coefficient_moments(scales, design)[0].mean(axis=0)[: model.lags]
    # Blocks have the rows of their runs, one after the other.
    rows = [run.rows[:, model.lags :].ravel() for run in design.runs]
    left = [
        (
            block.columns[:, :, -1] - block.columns[:, :, : model.lags] @ persistence
        ).ravel()
        for block in unit_columns(model, data)
    ]
    outcome = np.full(len(data), np.nan)
    outcome[np.concatenate(rows)] = design.unit * np.concatenate(left)
    kept = np.flatnonzero(np.isfinite(outcome))
    part = rows_of(data, kept)
    return replace(part, outcome=outcome[kept])
