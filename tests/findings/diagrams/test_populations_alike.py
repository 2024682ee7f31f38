"""Studies that do not name a variable in `changed` say that its distribution is the target's."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.causal_diagram.checks.populations_alike import POPULATIONS_ALIKE

TEXT = "old -> given, ill; given -> ill; given <-> ill"


def answer(seed, target_old, changed=()):
    rng = np.random.default_rng(seed)
    old, given = rng.random(600) < 0.2, rng.random(600) < 0.5
    ill = rng.random(600) < 0.5 - 0.1 * given - 0.2 * given * old
    trial = pd.DataFrame({"old": old, "given": given, "ill": ill}).astype(int)
    survey = pd.DataFrame({"old": rng.random(400) < target_old}).astype(int)
    studies = {
        "trial": (
            cs.Study(randomised="given", changed=changed),
            cs.Observations.from_frame(trial),
        ),
        "survey": (cs.Study(observed=["old"]), cs.Observations.from_frame(survey)),
    }
    effect = cs.transported_effect(TEXT, "ill", {"given": [1, 0]}, studies)
    return effect, [check.name for check in effect.doubts if check.passed is False]


def test_an_older_target_is_seen_until_it_is_declared():
    effect, failed = answer(1, 0.7)
    [check] = [each for each in effect.doubts if each.name == POPULATIONS_ALIKE]
    assert failed == [POPULATIONS_ALIKE]
    assert "'old' is distributed otherwise in trial and survey" in check.finding
    declared, left = answer(1, 0.7, changed="old")
    assert left == []
    truth = -0.1 - 0.2 * 0.7
    row = declared.numbers().iloc[0]
    assert row["lower"] < truth < row["upper"]


@pytest.mark.parametrize("seed", range(8))
def test_one_population_raises_no_doubt(seed):
    assert answer(seed, 0.2)[1] == []
