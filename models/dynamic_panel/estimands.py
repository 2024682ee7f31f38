"""The answers of a dynamic panel: effects at once, over time and in the long run; persistence.

The course of the effect over time is the impulse response, its sum the long-run multiplier.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.estimand import Estimand
from causalstats.data import Panel
from causalstats.models.dynamic_panel.design import design_of
from causalstats.models.panel_dml.estimands import one_or_many
from causalstats.models.shared.slope_sentences import (
    change_in_a_sentence,
    change_with_labels,
    slope_scale,
)

if TYPE_CHECKING:
    from causalstats.models.dynamic_panel.model import DynamicPanel

_SLOPE = "units of the outcome per unit of treatment"
_CONTRAST = "treatment + 1 - treatment"
_LASTING = "treatment + 1 from then on - treatment"
_LEAST_QUANTILE = 0.05
_LEAST_UNIT_SD = 0.05  # of the outcome's standard deviation
_MOST_EXPLOSIVE = 0.01  # of the draws


def estimands(model: DynamicPanel) -> dict[str, Estimand]:
    """Return the answers of a model, by name."""
    names = tuple(assumption.name for assumption in model.assumptions())
    slope = partial(Estimand, unit=_SLOPE, kind="causal", assumptions=names)
    immediate = (
        "Change of the outcome in the same period, for one unit more of the treatment."
    )
    long_run = (
        "Change of the outcome in the long run, for one unit more of the treatment from then on, "
        "given that persistence is below 1."
    )
    return {
        "effect": slope(
            compute=lambda draws, data: one_or_many(draws["effect"]),
            description=immediate,
            contrast=_CONTRAST,
            sentence=change_in_a_sentence,
            scale=slope_scale,
            in_words=partial(change_with_labels, immediate),
        ),
        "effect_by_horizon": slope(
            compute=partial(effect_by_horizon, model),
            description="Change of the outcome so many periods after the treatment rose by one "
            "unit, for good; up to the number of periods that were seen.",
            contrast=_LASTING,
            scale=slope_scale,
            checks=unit_effects_apart,
        ),
        "long_run_effect": slope(
            compute=long_run_effect,
            description=long_run,
            contrast=_LASTING,
            scale=slope_scale,
            checks=persistence_checks,
            centre="median",
        ),
        "persistence": Estimand(
            compute=lambda draws, data: draws["persistence"].sum("lag"),
            description="Share of a change of the outcome that is left after a period: the sum of "
            "the coefficients of its lags.",
            unit="units of the outcome per unit of its past",
            contrast="past outcome + 1 - past outcome",
            kind="associational",
            assumptions=names,
            checks=unit_effects_apart,
        ),
    }


def effect_by_horizon(
    model: DynamicPanel, draws: xr.Dataset, data: Panel
) -> xr.DataArray:
    """Return the response of the outcome to a lasting rise of the treatment, by horizon.

    r_h = 1 + Σ_j ρ_j r_{h-j}, times the effect in the same period.

    Parameters
    ----------
    model : DynamicPanel
    draws : Dataset
    data : Panel
    """
    persistence = draws["persistence"]
    horizons = len(design_of(model, data).periods)
    responses: list[xr.DataArray] = []
    for h in range(horizons):
        past = [
            persistence.isel(lag=j, drop=True) * responses[h - 1 - j]
            for j in range(min(model.lags, h))
        ]
        first = xr.ones_like(persistence.isel(lag=0, drop=True))
        responses.append(sum(past, first))
    horizon = xr.DataArray(np.arange(horizons), dims="horizon", name="horizon")
    response = xr.concat(responses, dim=horizon)
    answer = one_or_many(draws["effect"]) * response
    return answer.transpose("chain", "draw", "horizon", ...)


def long_run_effect(draws: xr.Dataset, data: Panel) -> xr.DataArray:
    """Return β / (1 - Σρ); draws with Σρ of 1 or more are replaced by the others, in their order.

    Where no draw is below 1 it is infinite.
    """
    effect = one_or_many(draws["effect"])
    total = draws["persistence"].sum("lag")
    ratio = (effect / (1 - total)).transpose("chain", "draw", ...)
    stable = (total < 1).to_numpy().ravel()
    values = ratio.to_numpy().reshape(stable.size, -1).copy()
    if not stable.any():
        values[:] = np.inf * np.sign(values)
    else:
        kept = np.flatnonzero(stable)
        lost = np.flatnonzero(~stable)
        values[lost] = values[np.resize(kept, lost.size)]
    return ratio.copy(data=values.reshape(ratio.shape))


def persistence_checks(draws: xr.Dataset, data: Panel) -> tuple[Check, ...]:
    """Return whether persistence is below 1, so that there is a long run."""
    share = float((draws["persistence"].sum("lag") >= 1).mean())
    enough = share <= _MOST_EXPLOSIVE
    return (
        Check(
            name="persistence below 1",
            passed=True if enough else None,
            value=share,
            expected=f"persistence of 1 or more in at most {_MOST_EXPLOSIVE:.0%} of the draws",
            finding=f"P(persistence ≥ 1) = {share:.2g}",
            remedy=""
            if enough
            else "A change of the outcome may never fade, and there may be no long run: answer "
            "with `effect_by_horizon`, within the periods that were seen.",
            estimands=("long_run_effect",),
            caution=not enough,
        ),
        *unit_effects_apart(draws, data),
    )


def unit_effects_apart(draws: xr.Dataset, data: Panel) -> tuple[Check, ...]:
    """Return whether the data tell unit effects from persistence: both make outcomes last."""
    spread = float(data.outcome.std())
    least = float(draws["unit_effect_sd"].quantile(_LEAST_QUANTILE)) / spread
    apart = least >= _LEAST_UNIT_SD
    check = Check(
        name="unit effects apart from persistence",
        passed=True if apart else None,
        value=least,
        expected=f"a standard deviation of unit effects above {_LEAST_UNIT_SD:g}, in that of "
        "the outcome, with probability .95",
        finding=f"its 5 % quantile is {least:.2f}",
        remedy=""
        if apart
        else "These data cannot tell whether outcomes last because units differ or because of "
        "their past. Where units hardly differ, persistence is larger than this answer: set the "
        "pooled regression in `compare()` beside it.",
        estimands=("persistence", "long_run_effect", "effect_by_horizon"),
        caution=not apart,
    )
    return (check,)
