"""Estimands of an instrumental-variables fit: the effect, and what to compare it with.

Where effects differ, the effect is the local average treatment effect (LATE): the mean over the
compliers, whose treatment the instruments move (Imbens & Angrist 1994).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Instrumented
from causalstats.models.instrument.assumptions import LINEARITY
from causalstats.models.shared.slope_sentences import (
    change_in_a_sentence,
    change_with_labels,
    slope_scale,
)
from causalstats.numerics.instruments.anchor_regression import anchor_regression

if TYPE_CHECKING:
    from causalstats.models.instrument.model import Instrument

_ANCHOR_SEED = 2018  # of draws of the reduced form, which impose no exclusion
_UNIT = "units of the outcome per unit of the treatment"


def estimands(model: Instrument) -> Mapping[str, Estimand]:
    """Return every estimand by name."""
    names = tuple(assumption.name for assumption in model.assumptions())
    answers = {
        "effect": Estimand(
            compute=lambda draws, data: draws["effect"],
            description="Effect of the treatment on the outcome, by instrumental variables.",
            unit=_UNIT,
            contrast="one unit more of the treatment",
            kind="causal",
            assumptions=names,
            sentence=partial(_sentence, model),
            in_words=partial(_effect_in_words, model),
            scale=slope_scale,
        ),
        "confounding": Estimand(
            compute=lambda draws, data: draws["correlation"],
            description="ρ: correlation of what covariates and instruments leave open of the "
            "treatment with what covariates and treatment leave open of the outcome.",
            unit="correlation",
            assumptions=names,
        ),
        "least_squares_bias": Estimand(
            compute=lambda draws, data: data.moments.least_squares - draws["effect"],
            description="Least squares less the effect: the bias of a regression that takes the "
            "treatment as given.",
            unit=_UNIT,
            assumptions=names,
        ),
        "first_stage_f": Estimand(
            compute=lambda draws, data: draws["first_stage_f"],
            description="Strength of the instruments: the expected F statistic of the regression "
            "of the treatment on them, 1 + Π'Π / (k Var v).",
            unit="F statistic",
            assumptions=names,
        ),
    }
    answers |= _predictions(model)
    if model.direct:
        answers["direct_effect"] = Estimand(
            compute=lambda draws, data: draws["direct_effect"],
            description="Direct effects of instruments on the outcome.",
            unit="units of the outcome per unit of the instrument",
            contrast="one unit more of the instrument",
            kind="causal",
            assumptions=names,
        )
    if model.learns_direct:
        answers["direct_effect_sd"] = Estimand(
            compute=lambda draws, data: draws["direct_effect_sd"],
            description="Standard deviation τ of the direct effects of instruments on the outcome.",
            unit="units of the outcome per standard deviation of an instrument",
            assumptions=names,
        )
    return answers


def _predictions(model: Instrument) -> dict[str, Estimand]:
    """Return the questions of anchor regression, for which instruments need not be valid."""

    def drawn(name: str, draws: xr.Dataset, data: Instrumented) -> xr.DataArray:
        chains, count = draws.sizes["chain"], draws.sizes["draw"]
        values = anchor_regression(
            data.moments,
            model.shifts,
            chains * count,
            np.random.default_rng(_ANCHOR_SEED),
            model.first_stage_prior_scale,
        )
        array = getattr(values, name).reshape(chains, count, -1)
        return xr.DataArray(
            array, dims=("chain", "draw", "shift"), coords={"shift": list(model.shifts)}
        )

    return {
        "prediction_coefficient": Estimand(
            compute=partial(drawn, "coefficient"),
            description="Coefficient of the treatment that predicts the outcome best where the "
            "instruments' part of both has so many times its variance (anchor regression). It is "
            "a prediction and no effect; instruments need not be valid.",
            unit=_UNIT,
            assumptions=(LINEARITY,),
            own_posterior=True,
        ),
        "worst_risk": Estimand(
            compute=partial(drawn, "risk"),
            description="Mean square error of that prediction there: the largest for shifts of the "
            "instruments up to this size.",
            unit="squared units of the outcome",
            assumptions=(LINEARITY,),
            own_posterior=True,
        ),
    }


def _sentence(model: Instrument, data: Instrumented) -> str:
    return change_in_a_sentence(data).removesuffix(".") + f"{_among(model)}."


def _among(model: Instrument) -> str:
    if model.effects == "one":
        return ""
    return ", on average over those whose treatment the instruments move"


def _effect_in_words(model: Instrument, data: Instrumented) -> tuple[str, str]:
    """Return the description of the effect and its contrast, in the names of the columns."""
    words = data.wording
    given = data.arguments
    instruments = ", ".join(map(words.label, given["instruments"]))
    description = (
        f"Effect of {words.label(given['treatment'])} on {words.label(given['outcome'])}"
        f"{_among(model)}, with the instruments {instruments}."
    )
    if words:
        return change_with_labels(description, data)
    return description, f"one unit more of {given['treatment']}"


def correlation_beyond(draws: xr.Dataset, limit: float) -> float:
    """Return the posterior probability that |ρ| is above a limit."""
    return float((abs(draws["correlation"]) > limit).mean())
