"""The likelihood of each unit of an event study: closed forms, refits, and what is refused."""

from __future__ import annotations

import arviz as az
import numpy as np
import pytest
from scipy import stats

import causalstats as cs
from causalstats.errors import ModelError
from causalstats.inference.influence import without
from causalstats.models.event_study import density
from causalstats.models.event_study.observed_units import (
    log_likelihood_by_unit,
    parameter_draws,
    unit_rows,
)

MODEL = cs.EventStudy()


def gappy_panel() -> cs.Panel:
    """Some units miss a year, one was seen once, and one covariate acts on the trend."""
    simulated = cs.EventStudy().simulate(3, units=40, times=6, cohorts=2).data
    frame = simulated.source.copy()
    rng = np.random.default_rng(1)
    frame["size"] = np.repeat(rng.normal(size=40), 6)
    unit, time = frame["unit"].to_numpy(), frame["time"].to_numpy()
    units, times = np.unique(unit), np.unique(time)
    missing = np.isin(unit, units[::5]) & (time == times[3])
    once = (unit == units[-1]) & (time > times[0])
    roles = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
    kept = frame[~(missing | once)]
    return cs.Panel.from_frame(kept, **roles, covariates=["size"])


@pytest.fixture(scope="module")
def panel():
    return gappy_panel()


@pytest.fixture(scope="module")
def fit(panel):
    return cs.fit(MODEL, panel, seed=1, progress=False)


def test_units_add_up_to_the_quadratic_form_of_the_cross_products(panel, fit):
    posterior = fit.draws["posterior"].to_dataset().isel(draw=slice(0, 5))
    rng = np.random.default_rng(1)
    rows = unit_rows(MODEL, panel)
    drawn = parameter_draws(MODEL, posterior, panel, rng)
    by_unit = log_likelihood_by_unit(rows, drawn)
    scales = density.scales_of(posterior, MODEL.sampled(panel))
    system, volume = density.normal_equations(scales, MODEL.inputs(panel))
    shape = (len(volume), -1)
    effects = posterior["effect"].to_numpy().reshape(shape) / rows.scale
    coefficients = drawn.coefficients[:, :, 1:].reshape(shape)
    joint = np.hstack([-coefficients, -effects, np.ones((len(volume), 1))])
    whole = volume - np.einsum("ni,nij,nj->n", joint, system, joint) / 2
    sizes = rows.study.sizes
    freedom = (sizes - 1).sum()
    constant = -freedom * (np.log(2 * np.pi) / 2 + np.log(rows.scale))
    constant += np.log(sizes).sum() / 2
    np.testing.assert_allclose(by_unit.sum(axis=1), whole + constant, rtol=1e-7)


def test_a_unit_has_the_normal_density_of_its_contrasts(panel, fit):
    posterior = fit.draws["posterior"].to_dataset().isel(draw=slice(0, 1))
    rows = unit_rows(MODEL, panel)
    drawn = parameter_draws(MODEL, posterior, panel, np.random.default_rng(1))
    by_unit = log_likelihood_by_unit(rows, drawn)[0]
    (expected, *_) = rows.expected(drawn)
    for unit in (0, 1, 5):
        start, size = rows.study.starts[unit], rows.study.sizes[unit]
        own = slice(start, start + size)
        times = np.append(0.0, np.cumsum(rows.gap[own][1:]))
        distance = abs(times[:, None] - times)
        sd = np.exp(drawn.log_sds[0, rows.study.cohort[unit]]) * rows.scale
        rho = drawn.correlations[0]
        covariance = sd**2 / (1 - rho**2) * rho**distance
        contrasts = np.linalg.svd(np.ones((1, size)))[2][1:]
        residual = contrasts @ (rows.outcome - expected)[own] * rows.scale
        spread = contrasts @ covariance @ contrasts.T
        density_of_unit = stats.multivariate_normal.logpdf(residual, cov=spread)
        assert by_unit[unit] == pytest.approx(density_of_unit, rel=1e-9)


def test_replicated_changes_have_the_spread_of_the_outcomes(fit):
    tree = fit.idata(["observed_data", "posterior_predictive"])
    observed = tree["observed_data"].to_dataset().to_array().to_numpy().ravel()
    replicated = tree["posterior_predictive"].to_dataset().to_array().to_numpy()
    replicated = replicated.reshape(-1, len(observed))
    scores = (observed - replicated.mean(axis=0)) / replicated.std(axis=0)
    p = stats.chi2.cdf((scores**2).sum(), len(scores))
    assert 0.001 < p < 0.999


def test_influence_is_that_of_refits_without_the_unit(panel, fit):
    table = fit.influence(refits=0)
    assert (table["pareto_k"] < 0.7).mean() > 0.95
    unit = table.index[0]
    rest = without(panel, np.array(table.index) == unit, np.array(table.index))
    assert unit not in rest.units
    refitted = cs.fit(MODEL, rest, seed=1, progress=False)
    change = refitted.effect("att").numbers() - fit.effect("att").numbers()
    sd = float(fit.effect("att").numbers()["sd"].iloc[0])
    error = 4 * sd / np.sqrt(1000)
    assert table["change"].iloc[0] == pytest.approx(
        float(change["mean"].iloc[0]), abs=error
    )


def test_arviz_prefers_the_errors_that_made_the_data(panel, fit):
    independent = cs.fit(cs.EventStudy(errors="iid"), panel, seed=1, progress=False)
    groups = ["posterior", "log_likelihood"]
    table = az.compare({"ar1": fit.idata(groups), "iid": independent.idata(groups)})
    assert list(table.index) == ["ar1", "iid"]


def test_estimates_with_clustered_errors_have_no_likelihood_by_unit(panel):
    model = cs.EventStudy(errors="cluster", pooling="none")
    fit = cs.fit(model, panel, seed=1, progress=False)
    with pytest.raises(ModelError, match="clustered covariance"):
        fit.influence()
