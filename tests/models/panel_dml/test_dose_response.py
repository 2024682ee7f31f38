"""Tests of the check that an effect is in proportion to its treatment."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

pytestmark = pytest.mark.usefixtures("without_trees")

NAME = "effect in proportion to the treatment"


def panel(seed: int, shape, treatments=("d",), skewed: bool = False) -> cs.Panel:
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(60), 6)
    x = rng.normal(size=360)
    d = 0.5 * x + rng.normal(size=60)[unit] + rng.normal(size=360)
    d = np.exp(0.7 * d) if skewed else d
    noise = d * rng.normal(size=360) if skewed else rng.normal(size=360)
    y = shape(d) + x + rng.normal(size=60)[unit] + noise
    frame = pd.DataFrame(
        {"id": unit, "t": np.tile(np.arange(6), 60), "x": x, "d": d, "y": y}
    ).assign(square=d**2)
    return cs.Panel.from_frame(
        frame,
        unit="id",
        time="t",
        outcome="y",
        treatment=list(treatments),
        covariates=["x"],
    )


def verdicts(shape, data_sets: int, **options) -> list[bool | None]:
    checks = [
        cs.PanelDML().data_checks(panel(seed, shape, **options))
        for seed in range(data_sets)
    ]
    return [
        next((check.passed for check in each if check.name == NAME), None)
        for each in checks
    ]


@pytest.mark.parametrize(
    "shape", [lambda d: d**2 / 3, lambda d: np.maximum(d, 0)], ids=["square", "bend"]
)
def test_curves_are_seen(shape):
    assert verdicts(shape, 6).count(False) >= 5


@pytest.mark.parametrize("skewed", [False, True])
def test_lines_pass(skewed):
    assert verdicts(lambda d: d, 10, skewed=skewed).count(False) <= 1


def test_the_square_as_a_treatment_ends_it():
    assert False not in verdicts(lambda d: d**2 / 3, 6, treatments=("d", "square"))


def test_a_treatment_of_0_and_1_has_no_curve():
    data = panel(1, lambda d: d).source.assign(d=lambda frame: (frame["d"] > 0) * 1)
    roles = {"unit": "id", "time": "t", "outcome": "y", "treatment": "d"}
    checks = cs.PanelDML().data_checks(cs.Panel.from_frame(data, **roles))
    assert NAME not in [check.name for check in checks]
