"""Event studies say where a trend before adoption explains the effect, and only there."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.event_study.parallel_trends import Trend

QUICK = cs.Auto(chains=1, draws=400)
NAME = "parallel trends before adoption"


def study(seed, effect):
    """40 units of 80 adopt at time 5 of 8; errors are independent, with variance 1."""
    rng = np.random.default_rng(seed)
    since = np.arange(8) - np.where(np.arange(80) < 40, 5, 99)[:, None]
    adopts = (np.arange(80) < 40)[:, None]
    outcome = rng.normal(size=since.shape) + effect(since) * adopts
    columns = {
        "unit": np.repeat(np.arange(80), 8),
        "time": np.tile(np.arange(8), 80),
        "d": (since >= 0).astype(float).ravel(),
        "y": outcome.ravel(),
    }
    roles = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
    return cs.Panel.from_frame(pd.DataFrame(columns), **roles)


def verdicts(effect, seeds):
    model = cs.EventStudy(pooling="none", errors="cluster")
    for seed in seeds:
        fit = cs.fit(
            model, study(seed, effect), seed=seed, sampler=QUICK, progress=False
        )
        yield next(check for check in fit.check() if check.name == NAME)


@pytest.mark.parametrize(("att", "explains"), [(0.45, True), (0.5, False)])
def test_a_trend_explains_an_effect_that_its_interval_reaches(att, explains):
    """.45 needs a slope of .15 over 3 periods, .5 one of .167; the interval is .05 to .15."""
    trend = Trend(slope=0.1, half=0.05 + 1e-9, detectable=0.2, distance_after=3.0)
    assert trend.explains(att) is explains


def test_an_effect_that_is_all_trend_is_doubted():
    doubted = [
        check.stands_on("att")
        for check in verdicts(lambda since: 0.4 * since, range(6))
    ]
    assert sum(doubted) >= 5


def test_an_effect_far_above_any_trend_before_is_not_doubted():
    found = list(verdicts(lambda since: 1.5 * (since >= 0), range(6)))
    assert sum(check.stands_on("att") for check in found) <= 1
    assert all("would explain the whole ATT" in check.finding for check in found)
