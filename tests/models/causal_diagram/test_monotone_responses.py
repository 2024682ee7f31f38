"""The check of monotonicity where the data alone could contradict it."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.causal_diagram.checks.monotone_responses import dominance_p


def observations(seed, slope, rows=400):
    """Return a confounder of three levels, a treatment, and an outcome that it moves by `slope`."""
    rng = np.random.default_rng(seed)
    z = rng.integers(0, 3, rows)
    x = (rng.random(rows) < 0.3 + 0.2 * z).astype(int)
    y = (rng.random(rows) < 0.35 + 0.15 * z + slope * x).astype(int)
    return cs.Observations.from_frame(pd.DataFrame({"z": z, "x": x, "y": y}))


def verdict(data, monotone, diagram="z -> x, y; x -> y"):
    model = cs.CausalDiagram(diagram, treatment="x", outcome="y", monotone=[monotone])
    checks = {check.name: check for check in model.data_checks(data)}
    return checks.get("monotonicity of y in x")


def test_an_outcome_that_falls_contradicts_that_it_never_does():
    data = observations(1, -0.25)
    check = verdict(data, ("x", "y"))
    assert check.passed is False
    assert check.assumption == "monotone y"
    assert verdict(data, cs.Monotone("x", "y", increasing=False)).passed
    assert verdict(data, cs.Monotone("x", "y", exceptions=0.3)).passed


def test_a_hidden_cause_leaves_it_open():
    data = observations(1, -0.25)
    assert verdict(data, ("x", "y"), "z -> x, y; x -> y; x <-> y") is None


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_responses_in_one_direction_pass(slope):
    """At the level of 1 % two of 40 data sets fail with a probability of 6 %."""
    failed = [
        verdict(observations(s, slope), ("x", "y")).passed is False for s in range(40)
    ]
    assert sum(failed) <= 2


def test_few_people_in_many_strata_are_no_evidence():
    """Counts of 0 and 1 in 300 strata, no response at all."""
    rng = np.random.default_rng(3)
    counts = np.zeros((300, 2, 2))
    for _ in range(400):
        counts[rng.integers(300), rng.integers(2), int(rng.random() < 0.1)] += 1
    assert dominance_p(counts) > 0.01


def test_strata_of_few_people_with_the_low_level_are_no_evidence():
    """Two against 50 people with the same share of 10 %, in each of 50 strata."""
    rng = np.random.default_rng(4)
    failed = 0
    for _ in range(100):
        above = rng.binomial([2, 50], 0.1, size=(50, 2))
        counts = np.stack([np.array([2, 50]) - above, above], axis=-1)
        failed += dominance_p(counts) <= 0.01
    assert failed <= 4
    fewer = rng.binomial([2, 50], [0.5, 0.2], size=(50, 2))
    falls = np.stack([np.array([2, 50]) - fewer, fewer], axis=-1)
    assert dominance_p(falls) < 0.001
