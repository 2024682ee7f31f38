"""Association and confounding of labels, by the regressions that give the effect.

P(y | x) = Σ_z P(z | x) P(y | x, z), with the rows of each level of x weighted by the same draw of
the Bayesian bootstrap as in the effect.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.display_scale import DIFFERENCE
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.contrasts import contrasts_with_first
from causalstats.models.causal_diagram.notation import words_with_levels
from causalstats.models.causal_diagram.regression.g_computation import mean_outcomes
from causalstats.models.causal_diagram.regression.g_formula import simulation_order

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram


def association_estimands(model: CausalDiagram) -> dict[str, Estimand]:
    """Return the association and the confounding, of labels whose confounders are seen together."""
    x = model.treatment
    y = model.outcome
    contrast = f"each level of {x} against the first"
    words = "The association of {x} and {y}, without any intervention"
    bias = "The confounding bias of the association of {x} and {y}: the association less the effect"
    why_not = partial(_unavailable, model)
    association = Estimand(
        compute=partial(_association, model),
        description=f"{words.format(x=x, y=y)}: P({y} | {x}), {contrast}.",
        unit=DIFFERENCE,
        contrast=contrast,
        in_words=partial(words_with_levels, model, words, False),
        unavailable_reason=why_not,
    )
    confounding = Estimand(
        compute=partial(_confounding, model),
        description=f"{bias.format(x=x, y=y)}.",
        unit=DIFFERENCE,
        contrast=contrast,
        assumptions=assumption_names(model),
        in_words=partial(words_with_levels, model, f"{bias}, which is", True),
        unavailable_reason=why_not,
    )
    return {"association": association, "confounding": confounding}


def _unavailable(model: CausalDiagram, data: Observations) -> str:
    if {model.treatment, model.outcome} & set(data.continuous):
        return "Treatment and outcome are not both labels."
    if len(simulation_order(model.identification).groups) > 1:
        return "The formula draws confounders apart from each other."
    return ""


def effect_contrasts(
    model: CausalDiagram, draws: xr.Dataset, data: Observations
) -> xr.DataArray:
    """Return P(y | do(x)) at each level of x against the first, as tables give it.

    Parameters
    ----------
    model : CausalDiagram
    draws : Dataset
    data : Observations
    """
    order = simulation_order(model.identification)
    arms = [
        {model.treatment: float(k)}
        for k in range(len(model.levels(data)[model.treatment]))
    ]
    table = mean_outcomes(model, order, draws, data, arms)
    return _contrasts(model, data, table)


def _association(
    model: CausalDiagram, draws: xr.Dataset, data: Observations
) -> xr.DataArray:
    order = simulation_order(model.identification)
    levels = model.levels(data)
    position = data.places(model.treatment, levels[model.treatment])
    parts = []
    for level in range(len(levels[model.treatment])):
        inside = position == level
        if not (inside & (data.counts > 0)).any():
            inside = np.ones(len(inside), bool)
        arm = {model.treatment: float(level)}
        parts.append(mean_outcomes(model, order, draws, data, [arm], inside))
    return _contrasts(model, data, xr.concat(parts, "arm"))


def _confounding(
    model: CausalDiagram, draws: xr.Dataset, data: Observations
) -> xr.DataArray:
    association = _association(model, draws, data)
    return association - effect_contrasts(model, draws, data)


def _contrasts(
    model: CausalDiagram, data: Observations, table: xr.DataArray
) -> xr.DataArray:
    renamed = table.rename(arm=model.treatment, event=model.outcome)
    renamed = renamed.transpose("chain", "draw", model.treatment, model.outcome)
    levels = model.levels(data)
    return contrasts_with_first(renamed, model.treatment, model.outcome, levels)
