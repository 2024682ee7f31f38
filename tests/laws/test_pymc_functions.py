"""PyMC's own functions on `model.build(data)`, where the likelihood is of observed variables."""

import numpy as np
import pymc as pm
import pytest
import xarray as xr

from tests.laws.variants import VARIANTS

OBSERVED = {
    "selective labels": ("untested", "negative", "positive"),
    "imperfect test": ("untested", "negative", "positive"),
    "deciders": ("untested", "negative", "positive"),
    "heckman": ("seen", "unseen"),
    "front-door": ("cells P(smoking)",),
    "mechanisms of the front-door": ("seen cells",),
}
QUICK = {"compile_kwargs": {"mode": "FAST_COMPILE"}}


@pytest.mark.parametrize("name", OBSERVED)
def test_it_predicts_and_says_the_likelihood_of_what_was_observed(name):
    variant = VARIANTS[name]
    data = variant.data(seed=3)
    with variant.model.build(data):
        drawn = pm.sample_prior_predictive(10, random_seed=1, **QUICK)
        posterior = drawn["prior"].to_dataset()
        predicted = pm.sample_posterior_predictive(
            posterior, progressbar=False, random_seed=1, **QUICK
        )
        tree = xr.DataTree.from_dict({"posterior": posterior})
        pm.compute_log_likelihood(tree, progressbar=False, **QUICK)
        pm.stats.compute_log_prior(tree, progressbar=False, **QUICK)
    likelihood = tree["log_likelihood"].to_dataset()
    for variable in OBSERVED[name]:
        assert variable in drawn["prior_predictive"]
        assert variable in predicted["posterior_predictive"]
    others = [dim for dim in likelihood.dims if dim not in ("chain", "draw")]
    total = sum(
        values.sum([dim for dim in others if dim in values.dims])
        for values in likelihood.data_vars.values()
    )
    whole = variant.model.log_likelihood(posterior, data)
    np.testing.assert_allclose(total, whole, rtol=1e-6, atol=1e-4)
