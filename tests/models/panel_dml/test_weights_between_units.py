"""Weights of units in Mundlak's model: they count between units too."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.panel_dml.heterogeneity.mundlak import statistics_between

pytestmark = pytest.mark.usefixtures("without_trees")


def slope(frame, weights=None):
    data = cs.Panel.from_frame(
        frame, unit="u", time="t", outcome="y", treatment="d", weights=weights
    )
    statistics = statistics_between(cs.PanelDML(heterogeneity="mundlak"), data)
    gram = statistics.gram[0] * np.outer(statistics.units, statistics.units)
    return gram[0, 1] / gram[0, 0]


def test_a_unit_of_weight_three_counts_between_units_as_three_copies_do():
    rng = np.random.default_rng(0)
    units, times = 40, 3
    weight = np.where(np.arange(units) < 20, 1, 3)
    level = rng.standard_normal(units)
    d = level[:, None] + rng.standard_normal((units, times))
    y = d + (weight * level)[:, None]
    frame = pd.DataFrame(
        {
            "u": np.repeat(np.arange(units), times),
            "t": np.tile(np.arange(times), units),
            "d": d.ravel(),
            "y": y.ravel(),
            "w": np.repeat(weight, times),
        }
    )
    copies = [
        frame[frame["w"] > k].assign(u=lambda rows, k=k: rows["u"] + 100 * k)
        for k in range(3)
    ]
    repeated = slope(pd.concat(copies))
    assert slope(frame, "w") == pytest.approx(repeated, rel=1e-9)
    assert abs(slope(frame) - repeated) > 0.1
