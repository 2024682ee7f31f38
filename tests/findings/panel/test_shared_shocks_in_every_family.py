"""Shocks above the unit are seen in event studies, counts and dynamic panels, as in `PanelDML`.

Of 28 states of eight counties, six adopt in period 3 and six in period 5. Intervals by county cover
the effect of 1 in 9 of 20 data sets, and in 8 nothing on the answer said so.
"""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

ROLES = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
SHARED = "clusters share no shocks"
LEAST_SQUARES = {"pooling": "none", "errors": "cluster"}


def panel(seed, treatment, shock, counts=False, dynamic=False, **roles):
    """Return a panel of states whose eight units each stand next to each other."""
    rng = np.random.default_rng(seed)
    states, times = treatment.shape
    state = np.repeat(np.arange(states), 8)
    common = np.zeros((states, times))
    for t in range(times):
        common[:, t] = 0.5 * common[:, t - 1] + shock * rng.normal(size=states)
    d = treatment[state]
    unit = rng.normal(size=(len(state), 1))
    y = 0.5 * d + common[state] + 0.5 * unit
    noise = rng.normal(size=d.shape)
    if counts:
        y = rng.poisson(np.exp(1 + y))
    elif dynamic:
        y = y + noise
        for t in range(1, times):
            y[:, t] += 0.5 * y[:, t - 1]
    else:
        y = y + noise
    index = {"unit": np.repeat(np.arange(len(state)), times)}
    frame = pd.DataFrame(index | {"time": np.tile(np.arange(times), len(state))})
    frame = frame.assign(d=d.ravel(), y=y.ravel(), state=np.repeat(state, times))
    return cs.Panel.from_frame(frame, **ROLES, **roles)


def adopting(seed):
    adopted = np.random.default_rng(seed).permutation(np.repeat([3, 5, 99], [6, 6, 16]))
    return (np.arange(9) >= adopted[:, None]).astype(float)


def switching(seed):
    return (np.random.default_rng(seed).random((30, 6)) < 0.5).astype(float)


def check(model, data):
    return next(each for each in model.data_checks(data) if each.name == SHARED)


CASES = {
    "event study": (cs.EventStudy(**LEAST_SQUARES), adopting, {}),
    "AR(1) event study": (cs.EventStudy(), adopting, {}),
    "counts": (cs.PanelGLM(), switching, {"counts": True}),
    "dynamic panel": (cs.DynamicPanel(), switching, {"dynamic": True}),
}


@pytest.mark.parametrize(("model", "treatment", "kind"), CASES.values(), ids=CASES)
def test_shocks_of_states_stand_on_the_answer_until_states_are_named(
    model, treatment, kind
):
    found = check(model, panel(1, treatment(1), 0.7, **kind))
    assert found.passed is False
    assert "cluster=" in found.remedy
    clustered = (
        cs.EventStudy(**LEAST_SQUARES) if "errors='cluster'" in found.remedy else model
    )
    assert check(clustered, panel(1, treatment(1), 0.7, cluster="state", **kind)).passed


@pytest.mark.parametrize(("model", "treatment", "kind"), CASES.values(), ids=CASES)
def test_states_without_shocks_raise_no_doubt(model, treatment, kind):
    for seed in range(3):
        assert check(model, panel(seed, treatment(seed), 0.0, **kind)).passed


def test_the_check_stands_on_the_att():
    data = panel(1, adopting(1), 0.7)
    fit = cs.fit(cs.EventStudy(**LEAST_SQUARES), data, seed=1, progress=False)
    assert SHARED in [each.name for each in fit.effect("att").doubts]
