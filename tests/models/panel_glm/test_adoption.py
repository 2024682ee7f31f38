"""Counts of units that adopt a treatment and keep it: ratios that grow, and other trends."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.panel_glm.assumptions import LATER


def panel(growing: float, trend: float) -> cs.Panel:
    """Return means of counts, of 60 units, a third of which adopt in periods 3 and 6 each.

    Means of the model itself have no residuals; those of others have what the model leaves out.
    """
    units, times = 60, np.arange(9)
    adopted = np.repeat([3, 6, 99], units // 3)[:, None]
    treated = (times >= adopted).astype(int)
    since = np.where(treated == 1, times - adopted, 0)
    level = np.linspace(-1, 1, units // 3)[np.arange(units) % (units // 3)][:, None]
    predictor = (
        3 + level + 0.5 * treated + growing * since + trend * times * (adopted < 99)
    )
    noise = np.random.default_rng(1).standard_normal(since.shape)
    counts = np.exp(predictor) + 0.5 * np.exp(predictor / 2) * noise
    return cs.Panel.from_frame(
        pd.DataFrame(
            {
                "unit": np.repeat(np.arange(units), len(times)),
                "time": np.tile(times, units),
                "d": treated.ravel(),
                "y": np.maximum(counts, 0).round().ravel(),
            }
        ),
        unit="unit",
        time="time",
        outcome="y",
        treatment="d",
    )


@pytest.mark.parametrize(
    ("growing", "trend", "failed"),
    [
        (0.0, 0.0, set()),
        (0.15, 0.0, {LATER}),
        (0.0, 0.15, {LATER, "strict exogeneity"}),
    ],
)
def test_what_one_ratio_leaves_out_is_seen(growing, trend, failed):
    checks = cs.PanelGLM().data_checks(panel(growing, trend))
    seen = {check.name for check in checks if check.passed is False}
    assert seen & {LATER, "strict exogeneity"} == failed
