"""The remedy for poor sampling is never the setting that was in force, in any family."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import causalstats as cs
from causalstats.checks.convergence import answer_sampling, sampling

pytestmark = pytest.mark.usefixtures("without_hidden_groups")


def poor_draws(sampler):
    """Two chains apart, with divergences, and the settings that made them."""
    rng = np.random.default_rng(0)
    values = rng.normal(np.array([[0.0], [3.0]]), 1, (2, 500))
    stats = {
        "diverging": (("chain", "draw"), rng.uniform(size=(2, 500)) < 0.01),
        "energy": (("chain", "draw"), rng.normal(size=(2, 500))),
    }
    posterior = xr.Dataset({"shrinkage": (("chain", "draw"), values)})
    tree = xr.DataTree.from_dict(
        {"posterior": posterior, "sample_stats": xr.Dataset(stats)}
    )
    if sampler is not None:
        tree.attrs["sampler"] = repr(sampler)
    return tree


def advised(text, name):
    """Return the value that a remedy advises for an option of the sampler, or None."""
    match = re.search(rf"{name}=([0-9.]+[0-9])", text)
    return float(match.group(1)) if match else None


@pytest.mark.parametrize("accept", [0.8, 0.9, 0.95, 0.97, 0.99, 0.995])
@pytest.mark.parametrize("tune", [500, 1500])
def test_smaller_steps_are_smaller_than_those_taken(accept, tune):
    used = cs.Nuts(target_accept=accept, tune=tune)
    checks = {check.name: check for check in sampling(poor_draws(used), ("shrinkage",))}
    assert checks["divergences"].passed is False
    assert advised(checks["divergences"].remedy, "target_accept") > accept
    assert advised(checks["divergences"].remedy, "tune") >= tune


def test_where_steps_cannot_be_smaller_none_are_advised():
    used = cs.Nuts(target_accept=0.999)
    checks = {check.name: check for check in sampling(poor_draws(used), ("shrinkage",))}
    assert "target_accept" not in checks["divergences"].remedy
    assert "Simplify the model" in checks["divergences"].remedy


@pytest.mark.parametrize(
    "used", [None, cs.Nuts(), cs.Nuts(draws=4000, tune=2000), cs.Nuts(draws=8000)]
)
def test_longer_is_longer_than_it_was(used):
    draws, had = poor_draws(used), used or cs.Nuts()
    checks = [
        check for check in sampling(draws, ("shrinkage",)) if check.name == "R-hat"
    ]
    checks += answer_sampling(draws["posterior"]["shrinkage"], draws.attrs)
    for check in checks:
        assert check.passed is False
        assert advised(check.remedy, "draws") > had.draws
        assert advised(check.remedy, "tune") > had.tune


def test_the_model_s_own_settings_are_known():
    """Compositions ask for 0.95 or more by themselves; the remedy is above that."""
    model = cs.PartialCorrelation(prior="sparse")
    asked = model.nuts_options(model.simulate(1, rows=20, parts=4).data)
    checks = sampling(poor_draws(cs.Nuts(**asked)), ("shrinkage",))
    remedy = next(check.remedy for check in checks if check.name == "divergences")
    assert advised(remedy, "target_accept") > asked["target_accept"]


@pytest.mark.slow
def test_well_behaved_data_without_links_pass_every_check():
    """Ten independent parts: at target_accept 0.95 three of eight data sets had a divergence."""
    failed = 0
    for seed in range(8):
        logs = np.random.default_rng(seed).normal(0, 0.5, (60, 10))
        names = [f"p{k}" for k in range(10)]
        data = cs.Composition.from_frame(
            pd.DataFrame(np.exp(logs), columns=names), parts=names
        )
        fit = cs.fit(
            cs.PartialCorrelation(prior="shrunk"), data, seed=seed, progress=False
        )
        failed += any(check.passed is False for check in fit.check())
    assert failed <= 1
