"""A contrast within a group that the treatment makes compares other people, and says so."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.causal_diagram.checks.same_people import SAME_PEOPLE


@pytest.fixture(scope="module")
def labels():
    """x moves m and nothing else; a hidden u moves m and y: y is the same whatever x."""
    rng = np.random.default_rng(1)
    w, u, x = rng.integers(0, 2, (3, 2000))
    m = rng.random(2000) < 0.05 + 0.45 * x + 0.45 * u
    y = rng.random(2000) < 0.1 + 0.7 * u
    frame = pd.DataFrame({"w": w, "x": x, "m": m, "y": y}).astype(int)
    model = cs.CausalDiagram("w -> y; x -> m, y; m <-> y", treatment="x", outcome="y")
    return cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)


def cautions(effect):
    return [check for check in effect.doubts if check.name == SAME_PEOPLE]


def test_the_contrast_within_a_group_after_treatment_is_no_effect(labels):
    within = labels.effect("y", do={"x": [1, 0]}, given={"m": 1})
    among_m = 0.1 + 0.7 * 0.95 / (0.95 + 0.5) - (0.1 + 0.7 * 0.5 / 0.55)
    assert float(within.draws.mean()) == pytest.approx(
        among_m, abs=0.08
    )  # the effect is 0
    [check] = cautions(within)
    assert "x acts on m" in check.finding
    assert check.finding in within.text()


@pytest.mark.parametrize("scale", ["ratio", "odds ratio", "number needed to treat"])
def test_every_scale_carries_it(labels, scale):
    asked = labels.effect("y", do={"x": [1, 0]}, given={"m": 1}, scale=scale)
    assert len(cautions(asked)) == 1


def test_bounds_carry_it(labels):
    assert len(cautions(labels.bounds("y", do={"x": [1, 0]}, given={"m": 1}))) == 1


@pytest.mark.parametrize(
    "question",
    [
        {"do": {"x": [1, 0]}},
        {"do": {"x": [1, 0]}, "given": {"w": 1}},
        {"do": {"x": 1}, "given": {"m": 1}},
        {"do": {"x": [1, 0]}, "factual": {"x": 1}},
    ],
)
def test_other_questions_do_not(labels, question):
    assert cautions(labels.effect("y", **question)) == []


def test_numbers_carry_it_too():
    rng = np.random.default_rng(2)
    x, m = rng.integers(0, 2, 300), rng.normal(size=300)
    frame = pd.DataFrame({"x": x, "m": m + x, "y": m + rng.normal(size=300)})
    model = cs.CausalDiagram(
        "x -> m -> y; x -> y", treatment="x", outcome="y", route="regression"
    )
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    asked = fit.effect("y", do={"x": [1, 0]}, given={"m": (0, 1)})
    assert len(cautions(asked)) == 1
