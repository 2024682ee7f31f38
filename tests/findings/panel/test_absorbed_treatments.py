"""A treatment that effects of units and times explain is refused, and for that reason."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


def _fit(seed, treatment, times=6, **fields):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"id": np.repeat(np.arange(30), times), "t": np.tile(np.arange(times), 30)}
    )
    frame["d"], frame["y"] = treatment(frame) * 1.0, rng.normal(size=len(frame))
    panel = cs.Panel.from_frame(frame, unit="id", time="t", outcome="y", treatment="d")
    return cs.fit(cs.PanelDML(**fields), panel, seed=1, progress=False)


@pytest.mark.parametrize(
    "treatment",
    [
        lambda f: f["t"] > 3,
        lambda f: f["id"] + 2.5 * f["t"],
        lambda f: np.sin(f["t"]) - f["id"],
    ],
    ids=["the same for all units", "unit and time", "a wave in time"],
)
@pytest.mark.parametrize("times", [6, 11])
def test_the_reason_is_the_effects_of_units_and_times(treatment, times):
    with pytest.raises(
        cs.ModelError, match="'d' is collinear with the effects of units"
    ) as raised:
        _fit(0, treatment, times, time_effects=True)
    assert "within any unit" not in str(raised.value)
    assert "heterogeneity='pooled'" not in str(raised.value)


def test_a_treatment_that_never_changes_is_still_refused_as_that():
    with pytest.raises(cs.ModelError, match="does not vary within any unit"):
        _fit(1, lambda f: f["id"], time_effects=True)


def test_without_effects_of_times_as_the_message_says_there_is_an_answer():
    assert np.isfinite(
        _fit(2, lambda f: f["t"] > 3).effect("effect").numbers()["mean"].iloc[0]
    )
