"""Covariates of instruments that the treatment moves: the answer was wrong without a word."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.shared.bad_controls import AS_OUTCOMES


def cautions(kind, seed):
    """Return the cautions on data whose covariate w is of a kind."""
    rng = np.random.default_rng(seed)
    u, v, w, e = rng.normal(size=(4, 800))
    z = rng.normal(size=(800, 2))
    if kind == "cause of the instruments":
        z += w[:, None] * np.array([0.6, 0.1])
    d = z @ np.array([0.5, 0.4]) + u + v
    held = {"mediator": w + 0.7 * d, "collider": w + d + u}.get(kind, w)
    frame = pd.DataFrame({"d": d, "z1": z[:, 0], "z2": z[:, 1], "w": held})
    frame["y"] = d + u + e + (0 if kind == "collider" else held)
    data = cs.Instrumented.from_formula("y ~ w | d ~ z1 + z2", frame)
    checks = cs.Instrument().data_checks(data)
    return [check for check in checks if check.name == AS_OUTCOMES]


@pytest.mark.parametrize("kind", ["mediator", "collider"])
def test_a_covariate_that_the_treatment_moves_is_a_caution(kind):
    (caution,) = cautions(kind, 1)
    assert caution.caution
    assert "leave it out" in caution.remedy


@pytest.mark.parametrize("kind", ["cause of the instruments", "cause of the outcome"])
def test_a_covariate_that_was_there_before_is_none(kind):
    assert cautions(kind, 1) == []


def test_of_one_instrument_nothing_is_said():
    rng = np.random.default_rng(1)
    z, u, e = rng.normal(size=(3, 300))
    d = z + u
    frame = pd.DataFrame({"y": d + u, "d": d, "z": z, "w": d + e})
    data = cs.Instrumented.from_formula("y ~ w | d ~ z", frame)
    assert all(check.name != AS_OUTCOMES for check in cs.Instrument().data_checks(data))
