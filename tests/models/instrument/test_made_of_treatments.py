"""A mean treatment that holds the row itself is no instrument; one that leaves it out is."""

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.models.instrument.made_of_treatments import NAME


def cases(seed, judges=60, each=10):
    """Return cases of judges who differ in leniency, where the effect is 1.

    Parameters
    ----------
    seed : int
    judges, each : int
        How many judges, and cases of each.
    """
    rng = np.random.default_rng(seed)
    judge = rng.permutation(judges * each) % judges
    lenient = 0.3 * rng.normal(size=judges)
    u, v, e = rng.normal(size=(3, judges * each))
    x = (lenient[judge] + u + v > 0).astype(float)
    sums = np.bincount(judge, x)[judge]
    return pd.DataFrame(
        {
            "y": x + u + e,
            "x": x,
            "with_itself": (100 * sums / each).round(1),
            "without": (sums - x) / (each - 1),
            "leniency": lenient[judge],
            "judge": judge,
        }
    )


def check(table, instrument):
    data = cs.Instrumented.from_frame(
        table, outcome="y", treatment="x", instruments=[instrument], cluster="judge"
    )
    checks = cs.Instrument().data_checks(data)
    return next((each for each in checks if each.name == NAME), None)


def test_a_mean_that_holds_the_row_itself_is_named():
    """The answer was 1.75 (1.24 to 2.25) for 1, with no word but that one instrument is one."""
    found = check(cases(1), "with_itself")
    assert found.passed is False
    assert "with_itself" in found.finding


def test_means_without_the_row_and_leniency_itself_pass():
    for seed in range(10):
        table = cases(seed)
        for instrument in ("without", "leniency"):
            found = check(table, instrument)
            assert found is None or found.passed
