"""Every variant of `PanelDML` owns its parameters, priors and words, and all of them are listed."""

import gc
import weakref
from typing import get_args

import numpy as np
import pytest

import causalstats as cs
from causalstats.models.panel_dml.bases import BASES, BasisName
from causalstats.models.panel_dml.coefficients import COEFFICIENTS, CoefficientsName
from causalstats.models.panel_dml.effects import EFFECTS, EffectsName
from causalstats.models.panel_dml.error_models import ERRORS, ErrorsName
from causalstats.models.panel_dml.heterogeneity import HETEROGENEITY, HeterogeneityName
from causalstats.models.panel_dml.priors import parameters_of
from causalstats.models.panel_dml.shrinkage import SHRINKAGE, ShrinkageName
from causalstats.models.shared.cached_by_data import cached_by_data

pytestmark = pytest.mark.usefixtures("without_trees")

TABLES = [
    (BASES, BasisName),
    (COEFFICIENTS, CoefficientsName),
    (EFFECTS, EffectsName),
    (ERRORS, ErrorsName),
    (HETEROGENEITY, HeterogeneityName),
    (SHRINKAGE, ShrinkageName),
]
VARIANTS = {
    "default": {},
    "independent coefficients": {"coefficients": "independent"},
    "global-local": {"shrinkage": "global-local"},
    "Gaussian processes": {"basis": "hsgp"},
    "straight lines of Gaussian processes": {"basis": "hsgp", "basis_size": 1},
    "Fourier features": {"basis": "fourier"},
    "AR(1)": {"errors": "ar1"},
}


@pytest.mark.parametrize(("table", "names"), TABLES)
def test_the_names_that_a_field_takes_are_those_of_its_table(table, names):
    assert get_args(names) == tuple(table)


@pytest.fixture(scope="module")
def panel():
    return cs.PanelDML().simulate(1, units=20, times=4, covariates=2).data


@pytest.mark.parametrize("name", VARIANTS)
def test_graph_and_simulator_have_the_parameters_of_the_table(panel, name):
    model = cs.PanelDML(**{"basis_size": 4, "scale": (1.0, 1.0), **VARIANTS[name]})
    table = [each.name for each in parameters_of(model, model.statistics(panel).sizes)]
    graph = model.build(panel)
    assert [variable.name for variable in graph.free_RVs] == table
    truth = model.simulate(1, units=6, times=4, covariates=2, design="prior").truth
    assert set(table) <= set(truth.data_vars)
    reported = {variable.name for variable in graph.deterministics}
    assert set(truth.data_vars) == set(table) | reported


@pytest.mark.parametrize("name", VARIANTS)
def test_prior_draws_have_the_standard_deviation_of_the_table(panel, name):
    model = cs.PanelDML(**{"basis_size": 4, **VARIANTS[name]})
    rng = np.random.default_rng(1)
    for parameter in parameters_of(model, model.statistics(panel).sizes):
        shape = (4_000, *parameter.shape)
        draws = [parameter.prior.draw(rng, parameter.shape) for _ in range(shape[0])]
        sd = np.broadcast_to(parameter.prior.sd, parameter.shape)
        np.testing.assert_allclose(np.std(draws, axis=0), sd, rtol=0.12)


def test_a_narrow_prior_of_the_effect_shrinks_it(panel):
    means = []
    for effect_sd in (5.0, 0.01):
        draw = cs.PanelDML(basis_size=4, effect_sd=effect_sd).importance_draws(panel)
        means.append(float(draw(2, 200, np.random.default_rng(1))[0]["effect"].mean()))
    assert abs(means[1]) < 0.1 * abs(means[0])


def test_more_prior_degrees_bring_more_degrees_of_freedom(panel):
    rng = np.random.default_rng(1)
    widths = []
    for degrees in (0.5, 30.0):
        model = cs.PanelDML(basis_size=4, variance_prior_degrees=degrees)
        draws = model.importance_draws(panel)(2, 500, rng)[0]
        effect = model.recover_marginals(draws, panel, rng)["effect"].to_numpy().ravel()
        tails = np.diff(np.quantile(effect, [0.01, 0.99])) / np.diff(
            np.quantile(effect, [0.2, 0.8])
        )
        widths.append(float(tails[0]))
    assert widths[0] > widths[1]


def test_fields_that_no_variant_uses_are_named(panel):
    unused = cs.PanelDML(errors="iid", coefficients="independent").unused_fields(panel)
    assert set(unused) == {
        "length_scale_median",
        "length_scale_log_sd",
        "correlation_eta",
        "variance_prior_degrees",
    }
    assert not cs.PanelDML(basis="hsgp").unused_fields(panel)


class Data:
    """Stands for a panel."""


def test_kept_results_are_released_with_their_data():
    computed = []

    @cached_by_data
    def result(model, data):
        computed.append(model)
        return [model]

    data = Data()
    assert result(1, data) is result(1, data)
    for model in (2, 3, 4, 5, 1):
        result(model, data)
    assert computed == [1, 2, 3, 4, 5, 1], "the last four are kept"
    alive = weakref.ref(data)
    del data
    gc.collect()
    assert alive() is None


def test_a_sensitivity_analysis_bends_the_scales_of_priors(panel):
    fit = cs.fit(cs.PanelDML(basis_size=4), panel, seed=1, progress=False)
    means = fit.sensitivity(effect_sd=[0.05])["mean"]
    assert abs(means[0.05]) < abs(means[5.0])
    with pytest.raises(cs.ModelError, match="basis='splines' does not use it"):
        fit.sensitivity(length_scale_median=[2.0])
