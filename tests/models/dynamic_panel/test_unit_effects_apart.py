"""A random walk without unit effects: the answer says that the data cannot tell them apart."""

import numpy as np
import pandas as pd

import causalstats as cs

NAME = "unit effects apart from persistence"


def cautioned(seed: int, persistence: float, unit_sd: float) -> bool:
    rng = np.random.default_rng(seed)
    units, times, before = 100, 6, 30
    treatment = rng.integers(0, 2, (units, times)).astype(float)
    effects = unit_sd * rng.normal(size=units)
    y = np.zeros((units, before + times))
    for time in range(1, before + times):
        push = 0.5 * treatment[:, time - before] if time >= before else 0.0
        noise = rng.normal(size=units)
        y[:, time] = persistence * y[:, time - 1] + push + effects + noise
    frame = pd.DataFrame(
        {
            "id": np.repeat(np.arange(units), times),
            "t": np.tile(np.arange(times), units),
            "d": treatment.ravel(),
            "y": y[:, before:].ravel(),
        }
    )
    panel = cs.Panel.from_frame(frame, unit="id", time="t", outcome="y", treatment="d")
    fit = cs.fit(cs.DynamicPanel(), panel, seed=seed, progress=False)
    return NAME in [check.name for check in fit.effect("persistence").doubts]


def test_a_random_walk_is_doubted_and_differing_units_are_not():
    assert sum(cautioned(seed, 1.0, 0.0) for seed in range(6)) >= 4
    assert sum(cautioned(seed, 0.5, 1.0) for seed in range(6)) <= 2
