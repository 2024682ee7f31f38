"""Test of effects that differ between periods, such as where the outcome's unit changes midway.

One coefficient is the mean of the effects of all periods by the variance that the treatment has in
each. With v the residuals of the treatment, v times an indicator of each span of periods is added
to the outcome's equation. Effects of treatments that never end differ by the time since adoption,
which has a test of its own (`staggered_adoption`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import (
    FEWEST_CLUSTERS,
    Adjusted,
    varies,
)
from causalstats.models.shared.treatment_paths import absorbing

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

OVER_TIME = "the same effect in all periods"
_LEVEL = 0.002
_MOST_SPANS = 4
_LEAST_SHIFT = 0.1  # of the effect: between the largest and the smallest of spans
_CLUSTERS_A_SPAN = 10


def effect_over_time(
    model: PanelDML, adjusted: Adjusted, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the check that the effect of each treatment is the same in all periods.

    Parameters
    ----------
    model : PanelDML
    adjusted : Adjusted
        The residuals of the panel, or of some of its units.
    estimands : tuple of str
        The answers that a failure stands on.
    """
    data = adjusted.data
    if model.effect_form.by_unit or adjusted.count < FEWEST_CLUSTERS:
        return ()
    times, period = np.unique(data.time, return_inverse=True)
    most = min(_MOST_SPANS, len(times), adjusted.count // _CLUSTERS_A_SPAN)
    asked = np.arange(len(data.treatments))
    if model.within_units:
        asked = np.flatnonzero(~absorbing(data))
    if most < 2 or len(asked) == 0:
        return ()
    span = period * most // len(times)
    inside = (span[:, None] == np.arange(most)).astype(float)
    found = []
    for k in asked:
        products = adjusted.treatment[:, [k]] * inside
        added = adjusted.residuals(products / np.sqrt(data.weights)[:, None])
        kept = varies(adjusted.without_treatment(added), products)
        if kept.sum() < 2:
            continue
        test = adjusted.score_test(added[:, np.flatnonzero(kept)[:-1]])
        others = np.delete(adjusted.treatment, k, axis=1)
        design = np.column_stack([added[:, kept], others])
        effects = np.linalg.lstsq(design, adjusted.outcome, rcond=1e-10)[0]
        found.append((test.p, int(k), effects[: kept.sum()], np.flatnonzero(kept)))
    if not found:
        return ()
    p, worst, effects, spans = min(found, key=lambda each: each[0])
    p = min(1.0, len(found) * p)
    apart = float(np.ptp(effects)) > _LEAST_SHIFT * float(np.abs(effects).max())
    passed = p >= _LEVEL or not apart
    listed = "; ".join(
        f"{effect:.3g} in {_written(data, times[np.unique(period[span == s])])}"
        for effect, s in zip(effects, spans, strict=True)
    )
    return (
        Check(
            name=OVER_TIME,
            passed=passed,
            value=p,
            expected=f"the same effect in {most} spans of periods, p above {_LEVEL:g}",
            finding=f"effects of {data.treatments[worst]}: {listed}; p = {p:.2g}",
            remedy=""
            if passed
            else "The answer is a mean of different effects, weighted by how much the treatment "
            "varies in each period. Look whether the outcome or the treatment is recorded in the "
            "same unit, prices and coverage at all times; if it is, fit each span of periods by "
            "itself.",
            estimands=estimands,
            assumption=model.effect_form.assumption(model).name,
        ),
    )


def _written(data: Panel, times: np.ndarray) -> str:
    """Return the first and the last of some times, as the frame has them."""
    first, last = data.times_as_written(times[[0, -1]])
    return first if first == last else f"{first} to {last}"
