"""Estimands of an instrumental-variables fit: the effect, and what to compare it with.

Where effects differ, the effect is the local average treatment effect (LATE): the mean over the
compliers, whose treatment the instruments move (Imbens & Angrist 1994).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Instrumented
from causalstats.models.instrument.assumptions import LINEARITY
from causalstats.models.instrument.designed_first_stage import design_of
from causalstats.models.shared.slope_sentences import (
    change_in_a_sentence,
    change_with_labels,
    slope_scale,
)
from causalstats.numerics.instruments.anchor_regression import anchor_regression
from causalstats.numerics.instruments.several_treatments import least_squares

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
            compute=_least_squares_bias,
            description="Least squares less the effect: the bias of a regression that takes the "
            "treatment as given.",
            unit=_UNIT,
            assumptions=names,
        ),
        "first_stage_f": Estimand(
            compute=lambda draws, data: draws["first_stage_f"],
            description="Strength of the instruments: the expected F statistic of the regression "
            "of the treatment on them, 1 + Π'Π / (k Var v); with several treatments, of the "
            "combination that they move least (Cragg & Donald).",
            unit="F statistic",
            assumptions=names,
        ),
        "multiple_correlation": Estimand(
            compute=lambda draws, data: draws["multiple_correlation"],
            description="Multiple correlation of what treatments leave open of the outcome with "
            "what instruments and covariates leave open of the treatments.",
            unit="correlation",
            assumptions=names,
            unavailable_reason=_reason_of_one_treatment,
        ),
    }
    if model.first_stage == "designed":
        del answers["first_stage_f"]
        return answers
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


def _least_squares_bias(draws: xr.Dataset, data: Instrumented) -> xr.DataArray:
    if data.original is not None:
        estimates = design_of(data).least_squares
    else:
        estimates = least_squares(data.moments)
    if "treatment" not in draws["effect"].dims:
        return data.moments.least_squares - draws["effect"]
    coords = {"treatment": list(data.treatments)}
    bias = xr.DataArray(estimates, dims="treatment", coords=coords) - draws["effect"]
    return bias.transpose("chain", "draw", "treatment")


def _reason_of_one_treatment(data: Instrumented) -> str:
    if len(data.treatments) > 1 or data.original is not None:
        return ""
    return "With one treatment the multiple correlation is |ρ|, `confounding`."


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
        array = getattr(values, name)
        dims = ["chain", "draw", "shift"]
        coords: dict[str, Any] = {"shift": list(model.shifts)}
        if array.ndim > 2:
            dims.append("treatment")
            coords["treatment"] = list(data.treatments)
        return xr.DataArray(
            array.reshape(chains, count, *array.shape[1:]), coords, dims
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
    instruments = "the instruments " + ", ".join(map(words.label, given["instruments"]))
    if data.original is not None:
        before = ", ".join(map(words.label, given["original"]))
        instruments = f"an augmentation of {before} that leaves the outcome as it is"
    treatments = ", ".join(map(words.label, data.treatments))
    several = len(data.treatments) > 1
    description = (
        f"Effect of {treatments} on {words.label(given['outcome'])}"
        f"{', each with the others held' if several else _among(model)}, with {instruments}."
    )
    if words:
        return change_with_labels(description, data)
    if several:
        return description, "one unit more of a treatment, the others held"
    return description, f"one unit more of {treatments}"


def correlation_beyond(draws: xr.Dataset, limit: float) -> float:
    """Return the posterior probability that |ρ| is above a limit.

    With q treatments it is the q-th power of the multiple correlation, which has the same prior.
    """
    if "multiple_correlation" not in draws:
        return float((abs(draws["correlation"]) > limit).mean())
    count = draws.sizes["treatment"]
    return float((draws["multiple_correlation"] ** count > limit).mean())
