"""Estimands of regressions by name: the effect and the interventional means, by g-computation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.core.display_scale import DisplayScale
from causalstats.core.estimand import Estimand
from causalstats.data import Observations
from causalstats.errors import ModelError
from causalstats.models.causal_diagram import notation
from causalstats.models.causal_diagram.assumptions import assumption_names
from causalstats.models.causal_diagram.mediation import (
    World,
    contrasts_of_labels,
    mediation_estimands,
    pairs_of_worlds,
)
from causalstats.models.causal_diagram.regression.counterfactuals import (
    checks_by_arrow,
    means_by_arrow,
    tables_by_arrow,
)
from causalstats.models.causal_diagram.regression.event_labels import (
    UNIT,
    labelled_events,
)
from causalstats.models.causal_diagram.regression.g_computation import mean_outcomes
from causalstats.models.causal_diagram.regression.g_formula import simulation_order
from causalstats.models.causal_diagram.regression.sentences import (
    effect_in_a_sentence,
    effect_scale,
    level_scale,
)

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram

_QUARTILES = (0.25, 0.5, 0.75)


def regression_estimands(model: CausalDiagram) -> dict[str, Estimand]:
    """Return the estimands about the treatment and the outcome of the model, by name."""
    x = model.treatment
    y = model.outcome

    def estimand(
        compute: Callable[..., Any],
        description: str,
        contrast: str,
        in_words: Callable[..., Any] | None = None,
        sentence: Callable[[Observations], str] | str = "",
        scale: Callable[..., DisplayScale] = effect_scale,
    ) -> Estimand:
        return Estimand(
            compute=partial(compute, model),
            description=description,
            unit=UNIT,
            contrast=contrast,
            kind="causal",
            assumptions=assumption_names(model),
            in_words=in_words,
            sentence=sentence,
            scale=partial(scale, model),
        )

    return {
        "effect": estimand(
            _effect,
            f"The effect of {x} on the mean of {y}, or on the probability of its levels.",
            f"one unit of {x}, between its quartiles; of a label, each level against the first",
            partial(_words_with_levels, model),
            partial(effect_in_a_sentence, model),
        ),
        "interventional": estimand(
            _interventional,
            f"The mean of {y}, or the probability of its levels, with {x} set to its quartiles, "
            "or to each level.",
            "none",
            scale=level_scale,
        ),
        **mediation_estimands(
            model,
            UNIT,
            partial(_part_of_effect, model),
            partial(_mediation_checks, model),
            partial(_words_of_parts, model),
            partial(_mediation_unavailable, model),
            partial(effect_scale, model),
        ),
    }


def _words_of_parts(model: CausalDiagram, data: Observations) -> tuple[str, str]:
    """Return the first level of the treatment or its lower quartile, and the contrast."""
    _, names = _arms(model, data)
    return f"{model.treatment}={names[0]}", _words_with_levels(model, data)[1]


def _mediation_checks(
    model: CausalDiagram, draws: xr.Dataset, data: Observations
) -> tuple[Check, ...]:
    return checks_by_arrow(model, draws, data)


def _mediation_unavailable(model: CausalDiagram, data: Observations) -> str:
    """Return why natural effects cannot be simulated on these data; empty where they can."""
    try:
        tables_by_arrow(model, data)
    except ModelError as error:
        return str(error)
    return ""


def _part_of_effect(
    model: CausalDiagram, part: str, draws: xr.Dataset, data: Observations
) -> xr.DataArray:
    """Return the natural direct or indirect effect, of one unit of a number.

    Parameters
    ----------
    model : CausalDiagram
    part : "direct" or "indirect"
    draws : Dataset
    data : Observations
    """

    def means(
        worlds: Sequence[World], draws: xr.Dataset, data: Observations
    ) -> list[xr.DataArray]:
        return means_by_arrow(model, worlds, draws, data)

    levels = model.levels(data)
    if model.treatment in levels and model.outcome in levels:
        return contrasts_of_labels(model, means, part, draws, data)
    values, names = _arms(model, data)
    width = 1.0
    arms: list[Any] = list(levels.get(model.treatment, ()))
    if not arms:
        width = values[-1] - values[0]
        arms = [values[0], values[-1]]
        _refuse_equal_quartiles(model, values[0], values[-1])
    parts = []
    for arm in arms[1:]:
        one, other = means(pairs_of_worlds(part, arm, arms[0]), draws, data)
        difference = (one - other) / width
        parts.append(labelled_events(difference, model.outcome, levels, "contrast"))
    if len(parts) == 1:
        return parts[0]
    labels = [f"{name} against {names[0]}" for name in names[1:]]
    along = xr.DataArray(labels, dims="contrast", name="contrast")
    return xr.concat(parts, along).transpose("chain", "draw", "contrast")


def _words_with_levels(model: CausalDiagram, data: Observations) -> tuple[str, str]:
    """Return description and contrast of the effect with the levels, or quartiles, of the data."""
    x = model.treatment
    y = model.outcome
    levels = model.levels(data)
    words = notation.named_in("The effect of {x} on {y}", model, data)
    if x in levels:
        text = f"{words}: {notation.difference(y, x, levels)}."
        return text, notation.compared_in_words(model, data)
    _, (low, _, high) = _arms(model, data)
    symbol = "P" if y in levels else "E"
    event = notation.event(y, levels)
    terms = [
        notation.interventional(symbol, event, {x: value}, {}) for value in (high, low)
    ]
    return (
        f"{words}: [{' - '.join(terms)}] / ({high} - {low}).",
        f"one unit of {x}, on average between its quartiles {low} and {high}",
    )


def _arms(model: CausalDiagram, data: Observations) -> tuple[list[float], list[str]]:
    """Return every level of a label, or the quartiles of a number, and how they are written."""
    x = model.treatment
    levels = model.levels(data)
    if x in levels:
        return [float(level) for level in range(len(levels[x]))], list(
            map(str, levels[x])
        )
    quartiles = [
        float(value) for value in np.quantile(data.seen_numbers(x), _QUARTILES)
    ]
    return quartiles, [f"{value:.4g}" for value in quartiles]


def _mean_outcomes(
    model: CausalDiagram,
    draws: xr.Dataset,
    data: Observations,
    values: Sequence[float],
) -> xr.DataArray:
    """Return the outcome with the treatment set to each value, dims (chain, draw, arm, event)."""
    arms = [{model.treatment: value} for value in values]
    return mean_outcomes(
        model, simulation_order(model.identification), draws, data, arms
    )


def _effect(
    model: CausalDiagram,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    values, names = _arms(model, data)
    if model.treatment not in model.levels(data):
        return _effect_of_one_unit(model, draws, data, values[0], values[-1])
    table = _mean_outcomes(model, draws, data, values)
    contrasts = table.isel(arm=slice(1, None)) - table.isel(arm=0)
    arms = [f"{name} against {names[0]}" for name in names[1:]]
    levels = model.levels(data)
    parts = [
        labelled_events(contrasts.isel(arm=k), model.outcome, levels, "contrast")
        for k in range(len(arms))
    ]
    if "contrast" not in parts[0].dims:
        if len(arms) == 1:
            return parts[0]
        along = xr.DataArray(arms, dims="contrast", name="contrast")
        return xr.concat(parts, along).transpose("chain", "draw", "contrast")
    named = []
    for part, arm in zip(parts, arms, strict=True):
        labels = [f"{event}: {arm}" for event in part["contrast"].values]
        named.append(part.assign_coords(contrast=labels))
    return named[0] if len(named) == 1 else xr.concat(named, "contrast")


def _effect_of_one_unit(
    model: CausalDiagram,
    draws: xr.Dataset,
    data: Observations,
    low: float,
    high: float,
) -> xr.DataArray:
    """Return the average slope of the outcome between two values of a number.

    Parameters
    ----------
    model : CausalDiagram
    draws : Dataset
    data : Observations
    low, high : float
        The quartiles of the treatment.
    """
    _refuse_equal_quartiles(model, low, high)
    table = _mean_outcomes(model, draws, data, [low, high])
    slope = (table.isel(arm=1) - table.isel(arm=0)) / (high - low)
    return labelled_events(slope, model.outcome, model.levels(data), "contrast")


def _refuse_equal_quartiles(model: CausalDiagram, low: float, high: float) -> None:
    if low == high:
        raise ModelError(
            f"The quartiles of {model.treatment!r} are both {low:g}: ask for values, "
            f"`fit.effect({model.outcome!r}, do=...)`."
        )


def _interventional(
    model: CausalDiagram,
    draws: xr.Dataset,
    data: Observations,
) -> xr.DataArray:
    x = model.treatment
    y = model.outcome
    levels = model.levels(data)
    values, names = _arms(model, data)
    table = _mean_outcomes(model, draws, data, values)
    events = [f"{y}={level}" for level in levels[y]] if y in levels else [y]
    labels = [f"{event} | do({x}={name})" for name in names for event in events]
    flat = table.to_numpy().reshape(*table.shape[:2], -1)
    return xr.DataArray(
        flat, dims=("chain", "draw", "answer"), coords={"answer": labels}
    )
