"""Questions that are written alike, as policies by two functions are, have answers of their own."""

import numpy as np
import pandas as pd

import causalstats as cs


def _fit() -> cs.Fit:
    rng = np.random.default_rng(1)
    age = rng.integers(0, 3, 600)
    drug = (rng.random(600) < 0.2 + 0.3 * age).astype(int)
    cured = (rng.random(600) < 0.2 + 0.2 * drug + 0.1 * age).astype(int)
    drug[age == 0] = 0  # nobody so young has it
    frame = pd.DataFrame({"age": age, "drug": drug, "cured": cured})
    model = cs.CausalDiagram(
        "age -> drug; age -> cured; drug -> cured", treatment="drug", outcome="cured"
    )
    data = cs.Observations.from_frame(frame)
    return cs.fit(model, data, seed=1, progress=False)


def test_policies_by_two_functions_are_the_policies_of_their_tables():
    fit = _fit()
    rules = [
        (lambda age: (age > 0) * 1, {0: 0, 1: 1, 2: 1}),
        (lambda age: (age > 1) * 1, {0: 0, 1: 0, 2: 1}),
        (lambda age: (age >= 0) * 1, {0: 1, 1: 1, 2: 1}),
    ]
    for function, table in rules:
        asked, expected = (
            fit.effect("cured", do={"drug": cs.Policy(rule, reads="age")})
            for rule in (function, table)
        )
        np.testing.assert_array_equal(asked.draws, expected.draws)
        assert asked.warnings == expected.warnings


def test_a_policy_by_a_function_has_doubts_of_its_own():
    fit = _fit()
    seen, unseen = (
        fit.effect("cured", do={"drug": cs.Policy(rule, reads="age")})
        for rule in (lambda age: (age > 1) * 1, lambda age: (age >= 0) * 1)
    )
    assert "positivity" not in {check.name for check in seen.doubts}
    assert any(check.name.startswith("positivity") for check in unseen.doubts)
