"""Coefficients in units of the user's own columns."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import causalstats as cs
from causalstats.core.estimand import answerable


def read(kind, standardise):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "age": rng.normal(50, 10, 200),
            "region": rng.choice(["north", "south"], 200),
            "seen": rng.integers(0, 2, 200),
        }
    )
    outcome = rng.integers(0, 2, 200) if kind == "binary" else rng.normal(size=200)
    return cs.Decisions.from_frame(
        frame.assign(y=np.where(frame["seen"], outcome, np.nan)),
        outcome="y",
        decision="seen",
        features=["age", "region"],
        standardise=standardise,
        kind=kind,
    )


@pytest.mark.parametrize(
    ("model", "kind", "name"),
    [
        (cs.SelectiveLabels(), "binary", "risk_coefficient"),
        (cs.Heckman(), "continuous", "outcome_coefficient"),
    ],
)
def test_coefficients_are_told_per_unit_of_the_column(model, kind, name):
    data = read(kind, standardise=True)
    draws = xr.Dataset(
        {name: (("chain", "draw", "feature"), np.ones((1, 3, 2)))},
        coords={"feature": list(data.features)},
    )
    estimand = answerable(model, data)[f"{name}_per_unit"]
    values = estimand.compute(draws, data).to_numpy()[0, 0]
    np.testing.assert_allclose(values, [1 / data.source["age"].std(ddof=0), 1.0])
    assert "as it is in the frame" in estimand.unit
    assert f"{name}_per_unit" not in answerable(model, read(kind, standardise=False))
