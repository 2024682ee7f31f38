"""Counts of units of very different sizes: intervals do not collapse, and the answer says so."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.shared.leverage import Shares, moderated

QUICK = cs.Auto(chains=1, draws=400)


def counts(seed, sizes, times=5):
    """Poisson counts with means of these sizes, and an effect of .1."""
    rng = np.random.default_rng(seed)
    d = rng.normal(size=(len(sizes), times))
    y = rng.poisson(np.asarray(sizes)[:, None] * np.exp(0.1 * d))
    grid = {
        "unit": np.repeat(np.arange(len(sizes)), times),
        "time": np.tile(np.arange(times), len(sizes)),
    }
    frame = pd.DataFrame({**grid, "d": d.ravel(), "y": y.ravel()})
    roles = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
    return cs.Panel.from_frame(frame, **roles)


def test_clusters_of_equal_shares_count_each_and_one_of_all_counts_one():
    """Scores of ±√3 in a third and 0 elsewhere have the kurtosis of a normal distribution, 3."""
    scores = np.tile([np.sqrt(3), -np.sqrt(3), 0, 0, 0, 0], 10)[:, None]
    equal = Shares(np.full((60, 1), 1 / 60), scores)
    assert equal.effective == pytest.approx(60)
    assert Shares(np.array([[1.0], [0.0]]), np.ones((2, 1))).effective == 1


def test_many_equal_clusters_have_their_sandwich():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(2000, 1)) * 2
    shares = Shares(np.full((2000, 1), 1 / 2000), scores / np.sqrt(2000))
    covariance = np.array([[1 / 2000]])
    plain = covariance @ (scores.T @ scores) @ covariance
    ours = moderated(scores, shares, covariance, 3.0)
    np.testing.assert_allclose(ours, plain, rtol=0.01)


def test_one_unit_with_nearly_all_counts_leaves_the_interval_as_long_as_the_likelihood_says():
    """Its score is 0 at the estimate: the sandwich alone made the interval a tenth as long."""
    panel = counts(1, [1e5, *[2.0] * 60])
    spread = {}
    for errors in ("iid", "cluster"):
        fit = cs.fit(
            cs.PanelGLM(errors=errors, time_effects=False),
            panel,
            seed=1,
            sampler=QUICK,
            progress=False,
        )
        spread[errors] = fit.effect("effect").summary()["sd"].iloc[0]
    assert spread["cluster"] > 0.8 * spread["iid"]
    assert any(
        "which say as much as 1 alike" in check.finding
        for check in fit.effect("effect").doubts
    )


def test_units_of_equal_size_are_not_doubted():
    checks = cs.PanelGLM().data_checks(counts(2, [5.0] * 60))
    check = next(each for each in checks if each.name == "units whose outcome changes")
    assert check.passed is True
