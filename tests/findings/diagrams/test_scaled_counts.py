"""Counts that were multiplied have intervals that are too short, and the answer says so."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.shared.scaled_counts import COMMON_FACTOR, no_common_factor

MODEL = cs.CausalDiagram("z -> x, y; x -> y", treatment="x")
CELLS = pd.DataFrame({"z": [0, 0, 0, 0, 1, 1, 1, 1], "x": [0, 0, 1, 1] * 2})
CELLS = CELLS.assign(y=[0, 1] * 4, people=[171, 44, 62, 37, 90, 59, 71, 103])


def answered(cells, counts="people"):
    data = cs.Observations.from_frame(cells, counts=counts)
    effect = cs.fit(MODEL, data, seed=1, progress=False).effect("effect")
    row = effect.numbers().iloc[0]
    return row["upper"] - row["lower"], [check.name for check in effect.doubts]


def test_a_table_in_hundreds_carries_the_caution_until_it_is_divided():
    width, doubts = answered(CELLS.assign(people=100 * CELLS["people"]))
    remedied, left = answered(CELLS)
    assert remedied / width == pytest.approx(10, rel=0.1)
    assert COMMON_FACTOR in doubts
    assert COMMON_FACTOR not in left


def test_labels_whose_rows_were_copied_ten_times_carry_it_too():
    rows = CELLS.loc[CELLS.index.repeat(10 * CELLS["people"])].drop(columns="people")
    assert COMMON_FACTOR in answered(rows, counts=None)[1]


@pytest.mark.parametrize("arm", [50, 100, 1000])
def test_arms_of_round_sizes_are_no_common_factor(arm):
    rng = np.random.default_rng(1)
    cured = rng.binomial(arm, 0.4, (2_000, 4))
    tables = np.hstack([cured, arm - cured])
    cautions = sum(bool(no_common_factor(table, "rows")) for table in tables)
    assert cautions <= 6  # a rate of .001 has 7 or more with a probability of .005
