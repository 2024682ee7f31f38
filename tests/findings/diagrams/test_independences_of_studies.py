"""A study that contradicts the diagram, or its own randomisation, is named on the answer."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.causal_diagram.checks.independences_of_studies import (
    INDEPENDENCES_OF_STUDIES,
)

TEXT = "a, b -> x, y; x -> y; x <-> y"
PAIR = ("a", "b")


def frame(**columns):
    return cs.Observations.from_frame(pd.DataFrame(columns).astype(int))


def answer(seed, diagram=TEXT, *, alike=0.5, assigned_by_a=0.0):
    """x helps where a equals b, which in the target is so with the probability `alike`."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 2, (2, 600))
    x = rng.random(600) < 0.5 + assigned_by_a * (a - 0.5)
    trial = frame(a=a, b=b, x=x, y=rng.random(600) < 0.3 + 0.4 * x * (a == b))
    old = rng.integers(0, 2, 800)
    survey = frame(a=old, b=np.where(rng.random(800) < alike, old, 1 - old))
    studies = {
        "trial": (cs.Study(randomised="x", changed=PAIR), trial),
        "survey": (cs.Study(observed=PAIR), survey),
    }
    effect = cs.transported_effect(diagram, "y", {"x": [1, 0]}, studies, seed=seed)
    found = [each for each in effect.doubts if each.name == INDEPENDENCES_OF_STUDIES]
    return effect.numbers().iloc[0], found


def z_score(row, truth):
    return (row["mean"] - truth) / row["sd"]


def test_a_survey_in_which_independent_variables_go_together_is_named():
    biased, right = [], []
    for seed in range(4):
        row, [check] = answer(seed, alike=0.9)
        assert "a and b in survey" in check.finding
        biased.append(z_score(row, 0.4 * 0.9))
        drawn, left = answer(seed, f"a <-> b; {TEXT}", alike=0.9)
        assert left == []
        right.append(z_score(drawn, 0.4 * 0.9))
    assert abs(np.mean(right)) < 3 / np.sqrt(4)
    assert np.mean(biased) < -2


def test_a_trial_that_a_covariate_assigns_is_named():
    _, [check] = answer(1, assigned_by_a=0.4)
    assert "a and x" in check.finding
    assert "in trial" in check.finding


@pytest.mark.parametrize("seed", range(8))
def test_studies_that_agree_with_the_diagram_raise_no_doubt(seed):
    assert answer(seed)[1] == []


def test_an_instrumental_chain_of_which_one_study_sees_the_direct_effect():
    rng = np.random.default_rng(1)
    a = rng.integers(0, 2, 800)
    b = rng.random(800) < 0.2 + 0.6 * a
    y = rng.random(800) < 0.2 + 0.2 * b + 0.3 * a
    studies = {
        "first": (cs.Study(observed=["a", "b"], changed="y"), frame(a=a, b=b)),
        "second": (cs.Study(), frame(a=a, b=b, y=y)),
    }
    effect = cs.transported_effect("a -> b -> y", "y", {"a": [1, 0]}, studies)
    [check] = [e for e in effect.doubts if e.name == INDEPENDENCES_OF_STUDIES]
    assert "a and y given b in second" in check.finding
