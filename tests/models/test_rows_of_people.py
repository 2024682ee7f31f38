"""Checks of the rows of decisions look at the first of many people, whoever these are."""

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.models.shared.rows_of_people import people_checks


def test_people_sorted_by_decision_have_checks_also_where_the_first_were_not_decided_for():
    """With 52,000 not decided for at first, a check took the range of no outcome: an error."""
    rng = np.random.default_rng(0)
    decided = np.arange(60_000) >= 52_000
    x = rng.standard_normal(len(decided))
    outcome = np.where(decided, x + rng.standard_normal(len(decided)), np.nan)
    data = cs.Decisions.from_frame(
        pd.DataFrame({"x": x, "t": decided.astype(int), "y": outcome}),
        outcome="y",
        decision="t",
        features=["x"],
        kind="continuous",
    )
    checks = people_checks(data, numeric_outcome=True)
    assert not any(check.passed is False for check in checks)
