"""An effect that goes with a covariate, as the first stage does, is no mean effect: it is seen."""

import numpy as np
import pandas as pd

import causalstats as cs

_NAME = "one effect"


def frame(seed, differs, rows=800):
    """Return data of the mean effect 1, in which the instrument moves people by 1 + .8 w².

    Parameters
    ----------
    seed : int
    differs : float
        By how much the effect changes with w².
    rows : int
    """
    rng = np.random.default_rng(seed)
    z, w, u, v, e = rng.normal(size=(5, rows))
    x = z * (1 + 0.8 * w**2) + w + u + v
    y = x * (1 + differs * (w**2 - 1)) + w + u + e
    return pd.DataFrame({"z": z, "w": w, "x": x, "y": y})


def read(table):
    return cs.Instrumented.from_frame(
        table, outcome="y", treatment="x", instruments=["z"], covariates=["w"]
    )


def check(table):
    checks = cs.Instrument().data_checks(read(table))
    return next(each for each in checks if each.name == _NAME)


def test_an_effect_along_a_curve_of_a_covariate_is_seen_and_the_remedy_helps():
    """The answer was 1.7 (1.5 to 2.0) for 1, with no word but that one instrument is one."""
    table = frame(seed=1, differs=0.8)
    fit = cs.fit(cs.Instrument(), read(table), seed=1, progress=False)
    answer = fit.effect("effect")
    assert float(answer.draws.mean()) - 1 > 3 * float(answer.draws.std())
    failed = next(each for each in answer.doubts if each.name == _NAME)
    assert failed.passed is False
    assert "**2, less its mean, as a covariate h" in failed.remedy
    table["h"] = table["w"] ** 2 - (table["w"] ** 2).mean()
    table = table.assign(xh=table["x"] * table["h"], zh=table["z"] * table["h"])
    data = cs.Instrumented.from_frame(
        table,
        outcome="y",
        treatment=["x", "xh"],
        instruments=["z", "zh"],
        covariates=["w", "h"],
    )
    better = cs.fit(cs.Instrument(), data, seed=1, progress=False).effect("effect")
    of_x = better.draws.isel({better.draws.dims[-1]: 0})
    assert abs(float(of_x.mean()) - 1) < 3 * float(of_x.std())
    assert float(of_x.mean()) - 1 < 0.5 * (float(answer.draws.mean()) - 1)


def test_one_effect_passes_where_it_is_one():
    """Of 20 data sets at the level of .005, two have a chance of .005."""
    checks = [check(frame(seed, differs=0.0)) for seed in range(20)]
    assert sum(each.passed is False for each in checks) < 2


def test_clusters_weights_and_labels_are_taken():
    table = frame(seed=2, differs=0.8, rows=600)
    table["village"] = np.repeat([f"v{k}" for k in range(60)], 10)
    table["region"] = np.where(np.arange(600) % 2, "north", "south")
    table["share"] = 1.0 + np.arange(600) % 3
    data = cs.Instrumented.from_frame(
        table,
        outcome="y",
        treatment="x",
        instruments=["z"],
        covariates=["w", "region"],
        cluster="village",
        weights="share",
    )
    checks = cs.Instrument().data_checks(data)
    assert next(each for each in checks if each.name == _NAME).passed is False
