"""Laws of ArviZ's groups: its functions take the fit of every variant of every model.

Variants that need Markov chains are given draws from their prior in place of the posterior: what is
tested is that groups are there, under ArviZ's names and dims, and not what they say of the data.
"""

import json

import arviz as az
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot

import causalstats as cs
from causalstats.core.abilities import (
    HasLogLikelihood,
    RecoversMarginals,
    WorkingPosterior,
)
from causalstats.core.draws_kind import ATTRIBUTE, DrawsKind
from causalstats.errors import ModelError
from causalstats.inference.arviz_groups import GROUPS, LEFT_OUT
from causalstats.inference.fit import Fit
from causalstats.inference.graph_densities import prior_draws
from causalstats.samplers.exact import exact_draws
from causalstats.samplers.importance import importance_draws
from tests.laws.variants import VARIANTS

SHORT = cs.Auto(chains=2, draws=60, tune=60)
# One of each family and kind of draws; the others are slow tests
QUICK = {
    "selective labels",
    "by group",
    "heckman",
    "panel",
    "dynamic panel",
    "panel of counts",
    "few rows of a composition",
    "front-door",
    "mechanisms of the front-door",
    "event study",
    "instruments",
}
CHAINS_ONLY = {"counts", "values within bounds", "sparse composition"}
WITHOUT_UNITS = {
    "counts": "not kept",
    "values within bounds": "not kept",
    "instruments with direct effects": "integrated out",
    "designed first stage": "integrated out",
}
"""Variants whose observations have no likelihood one by one, with a word of the reason."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(each, marks=[pytest.mark.slow] * (each not in QUICK))
        for each in VARIANTS
    ],
)
def name(request):
    return request.param


def _prior_as_posterior(model, data):
    """Return a fit whose draws are those of the prior with the largest likelihood.

    In place of a posterior, for models that only chains sample.
    """
    prior = prior_draws(model.build(data), 600, seed=1)
    likelihood = model.log_likelihood(prior, data).to_numpy()[0]
    best = np.sort(np.argsort(-np.nan_to_num(likelihood, nan=-np.inf))[:120])
    stacked = prior.isel(chain=0, draw=best, drop=True)
    halves = [
        stacked.isel(draw=slice(start, start + 60)).assign_coords(draw=np.arange(60))
        for start in (0, 60)
    ]
    posterior = xr.concat(halves, "chain").assign_coords(chain=[0, 1])
    if isinstance(model, RecoversMarginals):
        rng = np.random.default_rng(1)
        posterior = model.recover_marginals(posterior, data, rng)
    draws = xr.DataTree.from_dict({"posterior": posterior})
    draws.attrs = {ATTRIBUTE: DrawsKind.CHAINS.value}
    return Fit(
        model=model, data=data, draws=draws, sampler=SHORT, seed=1, provenance={}
    )


@pytest.fixture(scope="module")
def fit(name):
    variant = VARIANTS[name]
    data = variant.data(seed=3)
    problem = cs.Problem(variant.model, data)
    independent = exact_draws(problem) or importance_draws(problem)
    if independent or name in CHAINS_ONLY:
        return cs.fit(variant.model, data, seed=1, sampler=SHORT, progress=False)
    return _prior_as_posterior(variant.model, data)


@pytest.fixture(scope="module")
def tree(fit):
    return fit.idata()


def test_every_group_is_there_or_left_out_in_words(name, tree):
    left_out = json.loads(tree.attrs[LEFT_OUT])
    assert set(tree.children) | set(left_out) == set(GROUPS)
    assert "posterior" in tree.children
    assert all(reason.endswith(".") for reason in left_out.values())
    if name in WITHOUT_UNITS:
        assert WITHOUT_UNITS[name] in left_out["log_likelihood"]
    else:
        units = {"observed_data", "posterior_predictive", "log_likelihood"}
        assert units <= set(tree.children)


def test_the_posterior_has_the_parameters_and_no_internals(fit, tree):
    names = set(tree["posterior"].data_vars)
    assert set(fit.parameters()) <= names
    internal = ("standard_", "attenuated_", "sampled_", "working_")
    assert not [each for each in names if each.startswith(internal)]


def test_arviz_summarises_it(tree):
    assert len(az.summary(tree))


def test_arviz_leaves_out_each_piece(name, tree):
    if name in WITHOUT_UNITS:
        pytest.skip("its observations have no likelihood one by one")
    result = az.loo(tree)
    pieces = tree["observed_data"].to_dataset().sizes
    assert result.n_data_points == next(iter(pieces.values()))
    assert np.isfinite(result.elpd)
    pit = az.loo_pit(tree).to_array()
    assert ((pit >= 0) & (pit <= 1)).all()
    assert len(az.compare({"one": tree, "other": tree})) == 2


def test_arviz_draws_its_predictions(name, tree):
    if name in WITHOUT_UNITS:
        pytest.skip("its observations have no likelihood one by one")
    for plot in (az.plot_ppc_dist, az.plot_loo_pit, az.plot_ppc_tstat):
        assert plot(tree).viz
    pyplot.close("all")


def test_arviz_draws_the_calibration_of_positive_results(tree):
    if "result" not in tree.get("observed_data", ()):
        pytest.skip("it has no results of people")
    groups = {
        name: (tree[name]["result"] == 1).astype(int).to_dataset()
        for name in ("posterior_predictive", "observed_data")
    }
    positive = xr.DataTree.from_dict(groups)
    assert az.plot_ppc_pava(positive, data_type="binary").viz
    pyplot.close("all")


@pytest.mark.parametrize("name", ["panel of counts"], indirect=True)
def test_counts_given_their_sums_are_predicted_from_the_prior(tree):
    predicted = tree["prior_predictive"]["y"]
    assert np.issubdtype(predicted.dtype, np.integer)
    assert az.plot_ppc_rootogram(tree).viz
    assert az.plot_ppc_rootogram(tree, group="prior_predictive").viz
    pyplot.close("all")


def test_arviz_scales_prior_and_likelihood(tree):
    groups = set(tree.children)
    if not {"log_prior", "log_likelihood"} <= groups:
        pytest.skip("the prior, or the likelihood, has no density at hand")
    assert {"prior", "likelihood"} <= set(az.psense_summary(tree).columns)


def test_arviz_draws_prior_and_posterior(tree):
    if "prior" not in tree.children:
        pytest.skip("the prior cannot be drawn from")
    some = next(iter(tree["prior"].data_vars))
    assert az.plot_prior_posterior(tree, var_names=[some]).viz
    pyplot.close("all")


def test_the_pieces_add_up_to_the_likelihood_of_all_data(name, fit, tree):
    model = fit.model
    integrates = name in WITHOUT_UNITS or isinstance(
        model, WorkingPosterior | cs.PartialCorrelation | cs.EventStudy
    )
    if integrates or not isinstance(model, HasLogLikelihood):
        pytest.skip("its likelihood has coefficients integrated out")
    pieces = tree["log_likelihood"].to_dataset().to_array().squeeze("variable")
    total = pieces.sum(pieces.dims[-1])
    whole = model.log_likelihood(fit.draws["posterior"].to_dataset(), fit.data)
    np.testing.assert_allclose(total, whole, rtol=1e-9, atol=1e-6)


def test_a_group_without_a_meaning_is_refused_in_words(name, fit, tree):
    for group, reason in json.loads(tree.attrs[LEFT_OUT]).items():
        with pytest.raises(ModelError, match=group):
            fit.idata([group])
        assert reason
    with pytest.raises(ModelError, match="Did you mean 'posterior'"):
        fit.idata(["posteriors"])


def test_thinning_thins_every_group_alike(fit, tree):
    drawn = ("posterior", "log_prior", "log_likelihood", "posterior_predictive")
    groups = [name for name in drawn if name in tree.children]
    thinned = fit.idata(groups, draws=20)
    sizes = {thinned[name].to_dataset().sizes["draw"] for name in groups}
    assert sizes == {20}


def test_loo_of_tables_is_the_exact_one():
    model = cs.CausalDiagram("x -> y")
    data = model.simulate(1, people=60).data
    fit = cs.fit(model, data, seed=1, progress=False)
    elpd = az.loo(fit.idata(["posterior", "log_likelihood"])).elpd
    counts = data.table(["x", "y"])
    total = counts.sum()
    weight = model.concentration
    rows = counts.sum(axis=1, keepdims=True)
    of_x = (rows - 1 + weight) / (total - 1 + 2 * weight)
    of_y = (counts - 1 + weight) / (rows - 1 + 2 * weight)
    seen = counts > 0
    exact = (counts * np.log(np.where(seen, of_x * of_y, 1.0))).sum()
    assert abs(elpd - exact) < 0.1
