"""A covariate that hardly differs from the outcome leaves next to nothing of an effect."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.shared.bad_controls import NO_COPY

pytestmark = pytest.mark.usefixtures("without_trees")

ROLES = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}


def frame_of(noise):
    """Return a panel with an effect of .5, and a covariate that is the outcome but for noise."""
    rng = np.random.default_rng(1)
    unit = np.repeat(np.arange(60), 6)
    a = rng.normal(size=60)[unit]
    d = a + rng.normal(size=360)
    y = a + 0.5 * d + rng.normal(size=360)
    return pd.DataFrame(
        {
            "unit": unit,
            "time": np.tile(np.arange(6), 60),
            "d": d,
            "y": y,
            "w": 0.9 * y + noise * rng.normal(size=360),
            "z": d + rng.normal(size=360),
        }
    )


def seen(model, data):
    return [check for check in model.data_checks(data) if check.name == NO_COPY]


@pytest.mark.parametrize(("noise", "cautioned"), [(0.1, True), (0.5, False)])
def test_a_covariate_that_repeats_the_outcome_is_a_caution(noise, cautioned):
    frame = frame_of(noise)
    panel = cs.Panel.from_frame(frame, covariates=["w"], **ROLES)
    rows = cs.Instrumented.from_formula("y ~ w | d ~ z", frame)
    for model, data in ((cs.DynamicPanel(), panel), (cs.Instrument(), rows)):
        checks = seen(model, data)
        assert bool(checks) is cautioned
        assert all(check.caution and "w shares" in check.finding for check in checks)


@pytest.mark.parametrize(
    "model", [cs.PanelDML(), cs.DynamicPanel(), cs.PanelGLM(), cs.Instrument()]
)
def test_that_nothing_moves_a_covariate_is_an_assumption(model):
    stated = " ".join(each.statement for each in model.assumptions())
    assert "Neither the treatment nor the outcome moves a covariate" in stated


def test_that_rows_are_not_selected_by_treatment_and_outcome_is_an_assumption():
    independence = cs.Instrument().assumptions()[1]
    assert (
        "no row is in the data for its treatment or outcome" in independence.statement
    )
    assert "the rows do not show it" in independence.if_wrong
