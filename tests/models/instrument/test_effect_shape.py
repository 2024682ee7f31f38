"""An outcome that is a curve in the treatment, or effects that differ with it, are seen."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.instrument.effect_shape import NAME


def curve(rng, rows=800):
    """Return y = x²/2 + u, whose mean slope is 1, with an exponential instrument."""
    z = rng.exponential(size=rows)
    u, v, e = rng.normal(size=(3, rows))
    x = z + u + v
    return pd.DataFrame({"z": z, "x": x, "y": 0.5 * x**2 + u + e})


def gains(rng, rows=3000):
    """Return a treatment of 0 and 1, which those choose who gain most."""
    z, u, e = rng.normal(size=(3, rows))
    x = (u + z > 0).astype(int)
    return pd.DataFrame({"z": z, "x": x, "y": (1 + u) * x + u + e / 2})


def straight(rng, rows=800):
    """Return y = x + u with a curved first stage, unequal variances and heavy tails."""
    z = rng.exponential(size=rows)
    u = rng.standard_t(3, size=rows)
    x = np.exp(0.5 * z) + u + rng.normal(size=rows)
    return pd.DataFrame({"z": z, "x": x, "y": x + u * z})


def read(table, treatment="x", instruments=("z",)):
    return cs.Instrumented.from_frame(
        table, outcome="y", treatment=treatment, instruments=list(instruments)
    )


def failed(table):
    checks = cs.Instrument().data_checks(read(table))
    return next(each for each in checks if each.name == NAME).passed is False


@pytest.mark.parametrize(("draw", "least"), [(curve, 16), (gains, 12)])
def test_effects_that_differ_with_the_instruments_are_seen(draw, least):
    """The answer to the curve was 2.1 (1.6 to 2.5) for a mean slope of 1, without a word."""
    assert sum(failed(draw(np.random.default_rng(seed))) for seed in range(20)) >= least


def test_it_passes_where_the_effect_is_one():
    """Of 20 data sets at the level of .005, two have a chance of .005."""
    assert sum(failed(straight(np.random.default_rng(seed))) for seed in range(20)) < 2


def test_the_square_of_the_treatment_as_a_second_one_has_the_mean_slope():
    table = curve(np.random.default_rng(3), rows=2000)
    table["square"] = table["x"] ** 2 - (table["x"] ** 2).mean()
    table["z2"] = np.maximum(table["z"] - table["z"].median(), 0)
    data = read(table, ["x", "square"], ["z", "z2"])
    fit = cs.fit(cs.Instrument(), data, seed=1, progress=False)
    effect = fit.effect("effect")
    slope = effect.linear_combination({"x": 1, "square": 2 * table["x"].mean()})
    low, high = np.quantile(slope.draws, (0.005, 0.995))
    assert low < table["x"].mean() < high


def test_curves_are_left_to_the_answer_about_those_who_are_moved():
    checks = cs.Instrument(effects="compliers").data_checks(
        read(curve(np.random.default_rng(1)))
    )
    assert NAME not in {each.name for each in checks}
