"""The answers of a panel of counts or of outcomes of 0 and 1: ratios, and mean changes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.display_scale import DisplayScale
from causalstats.core.estimand import Estimand
from causalstats.core.wording import capitalised
from causalstats.data import Panel
from causalstats.models.panel_dml.estimands import one_or_many
from causalstats.models.panel_glm.average_effects import average_effect
from causalstats.models.shared.slope_sentences import change_of_treatment, slope_scale

if TYPE_CHECKING:
    from causalstats.models.panel_glm.model import PanelGLM

_CONTRAST = "treatment + 1 / treatment"


def estimands(model: PanelGLM) -> dict[str, Estimand]:
    """Return the answers of a model, by name."""
    names = tuple(assumption.name for assumption in model.assumptions())
    answer = partial(Estimand, kind="causal", assumptions=names)
    family = model.outcome_family
    return {
        "ratio": answer(
            compute=_ratio,
            description=f"Factor by which one unit more of the treatment multiplies the "
            f"{family.ratio}.",
            unit="ratio",
            null=1.0,
            centre="median",
            contrast=_CONTRAST,
            sentence=partial(_in_a_sentence, family.ratio),
        ),
        "effect": answer(
            compute=lambda draws, data: one_or_many(draws["effect"]),
            description=f"Change of the logarithm of the {family.ratio} for one unit more of the "
            "treatment.",
            unit="logarithm of a ratio",
            contrast="treatment + 1 - treatment",
        ),
        "average_effect": answer(
            compute=partial(average_effect, model),
            description="Mean change of the outcome (average partial effect) for one unit more of "
            "the treatment, over all rows.",
            unit="units of the outcome per unit of treatment",
            contrast="treatment + 1 - treatment",
            sentence=_change_in_a_sentence,
            scale=_scale_of_change,
            unavailable_reason=lambda data: family.average_unavailable,
            own_posterior=True,
            centre="median",
        ),
    }


def _ratio(draws: xr.Dataset, data: Panel) -> xr.DataArray:
    effect = one_or_many(draws["effect"])
    return effect.copy(data=np.exp(effect.to_numpy()))


def _in_a_sentence(ratio: str, data: Panel) -> str:
    outcome = data.wording.label(data.arguments["outcome"])
    what = ratio.replace("the outcome", outcome)
    return f"{_one_more(data)} {{multiplies}} the {what} by {{value}}."


def _change_in_a_sentence(data: Panel) -> str:
    outcome = data.wording.label(data.arguments["outcome"])
    return f"{_one_more(data)} {{raises}} {outcome} by about {{value}} on average."


def _one_more(data: Panel) -> str:
    """Return the subject of a sentence; ratios are of one unit more of a logarithm too."""
    words = data.wording
    if not any(words.is_log(name) for name in data.treatments):
        return capitalised(change_of_treatment(data))
    several = len(data.treatments) > 1
    return (
        f"One unit more of {'{entry}' if several else words.label(data.treatments[0])}"
    )


def _scale_of_change(data: Panel) -> DisplayScale | None:
    """Return the scale in the outcome's unit; None for logarithms, whose change is no slope."""
    columns = (data.arguments["outcome"], *data.treatments)
    if any(data.wording.is_log(name) for name in columns):
        return None
    return slope_scale(data)
