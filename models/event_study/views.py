"""The figure of an event study: leads and effects by event time, pointwise and simultaneous."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.display_scale import DisplayScale
from causalstats.core.views import IntervalPathView, View
from causalstats.core.wording import wording_of
from causalstats.models.event_study.estimands import estimands, lead_count
from causalstats.models.shared.slope_sentences import slope_scale
from causalstats.numerics.sampling.posterior_summaries import simultaneous_band

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Panel
    from causalstats.models.event_study.model import EventStudy

_PROBABILITY = 0.95


def views(
    model: EventStudy, draws: xr.Dataset, data: Panel
) -> Mapping[str, Callable[[], View]]:
    """Return the figures by name.

    Parameters
    ----------
    model : EventStudy
    draws : Dataset
    data : Panel
    """
    return {"event study": lambda: event_study(model, draws, data)}


def event_study(model: EventStudy, draws: xr.Dataset, data: Panel) -> IntervalPathView:
    """Return leads against units that never adopt, and effects, by event time.

    Parameters
    ----------
    model : EventStudy
    draws : Dataset
    data : Panel
    """
    answers = estimands(model)
    names = ["event_time"]
    if lead_count(model, data):
        names.insert(0, "lead")
    parts = [answers[name].compute(draws, data) for name in names]
    base = model.adoption(data).base
    x = np.concatenate([part["event_time"].to_numpy() for part in parts])
    values = np.concatenate(
        [part.to_numpy().reshape(-1, part.sizes["event_time"]) for part in parts],
        axis=1,
    )
    kept = np.r_[[True] * len(x)]
    if len(parts) > 1:
        first = len(parts[0]["event_time"])
        kept[first:] = x[first:] > base
    x, values = x[kept], values[:, kept]
    tail = (1 - _PROBABILITY) / 2
    scale = slope_scale(data) or DisplayScale(unit=_effect_label(data))
    return IntervalPathView(
        x=x,
        mean=scale.convert(values.mean(axis=0)),
        interval=scale.convert(np.quantile(values, [tail, 1 - tail], axis=0).T),
        band=scale.convert(simultaneous_band(values, _PROBABILITY)),
        base=float(base),
        axes=("periods since adoption", scale.unit),
        note="Mean, 95 % interval of each (dark), and 95 % band of all together (light). Left of "
        "the base period (hollow) differences in trends, against units that never adopt.",
    )


def _effect_label(data: Panel) -> str:
    """Return the vertical axis of an outcome without a unit: its label."""
    return f"effect on {wording_of(data).label(data.arguments['outcome'])}"
