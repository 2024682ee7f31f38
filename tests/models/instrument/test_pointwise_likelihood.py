"""The likelihood of each row of an instrumental-variables design."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import causalstats as cs
from causalstats.models.instrument import observed_units as pointwise
from causalstats.models.instrument.posterior import effect_prior_sd, moments_of
from causalstats.numerics.instruments.effect_posterior import log_density
from causalstats.numerics.instruments.moments import orthonormal_basis

ROWS = 60


@pytest.mark.parametrize("confounding", ["uniform", "any"])
@pytest.mark.parametrize("direct", [None, {"z1": cs.Known(0.1, sd=0.2)}])
def test_rows_times_prior_by_posterior_of_what_is_drawn_is_the_marginal_likelihood(
    confounding, direct
):
    """Chib's identity: log p(x | θ) + log p(θ) - log p(θ | x) is the same at every θ."""
    model = cs.Instrument(errors="iid", confounding=confounding, direct=direct)
    data = model.simulate(seed=2, rows=ROWS, instruments=2, covariates=2).data
    rng = np.random.default_rng(3)
    draws = model.exact_posterior(data)(1, 40, rng)
    parameters = pointwise.parameters_given(model, draws, data, rng)
    errors, moments = parameters.errors, moments_of(model, data)
    rows = pointwise.log_likelihood(model, parameters, data, seed=4).sum(axis=1)
    (drawn,) = pointwise.row_errors(model, parameters, data, np.random.default_rng(4))

    s2 = np.exp(draws["log_first_stage_variance"].to_numpy()[0])
    kappa = s2 / (1 + s2)
    n = moments.degrees
    variance, slope = errors.variance, errors.slope[:, 0]
    residual = errors.root[:, 0, 0] ** 2
    c = np.column_stack([np.ones(len(s2)), -parameters.effect, -parameters.direct])
    scores = c @ moments.projections.T
    size = np.einsum("na,ab,nb->n", c, moments.products, c)
    inside = size - kappa * (scores**2).sum(axis=1)
    cross = c @ moments.products[1] - kappa * (scores @ moments.projections[:, 1])
    treatment = moments.products[1, 1] - kappa * moments.explained[1, 1]
    left = treatment - cross**2 / inside

    def normal(values, mean, var):
        return stats.norm.logpdf(values, mean, np.sqrt(var))

    first_stage = errors.first_stage[:, :, 0]
    prior = normal(first_stage, 0.0, (s2 * residual)[:, None]).sum(axis=1)
    if confounding == "uniform":  # the density of ρ, with flat scales
        shapes = (n / 2, (n - 2) / 2)
        prior += -np.log(variance) / 2
    else:  # 1 / |Σ|
        shapes = ((n - 1) / 2, n / 2)
        prior += -np.log(residual)
    centre = kappa[:, None] * (moments.projections[:, 1] - slope[:, None] * scores)
    spread = (kappa * residual)[:, None]
    posterior = normal(first_stage, centre, spread).sum(axis=1)
    posterior += normal(slope, cross / inside, residual / inside)
    posterior += stats.invgamma.logpdf(variance, shapes[0], scale=size / 2)
    posterior += stats.invgamma.logpdf(residual, shapes[1], scale=left / 2)
    held = np.column_stack([np.ones(ROWS), data.covariates])
    basis = orthonormal_basis(held)
    u, v = basis.T @ drawn.outcome, basis.T @ drawn.treatment[:, :, 0]
    posterior += normal(u, 0.0, variance).sum(axis=0)
    posterior += normal(v - slope * u, 0.0, residual).sum(axis=0)

    marginal = model.log_likelihood(draws, data).to_numpy()[0]
    identity = rows + prior - posterior - marginal
    np.testing.assert_allclose(identity, identity[0], atol=1e-6)


def test_replicated_outcomes_have_the_spread_of_the_reduced_form():
    model = cs.Instrument(errors="iid")
    data = model.simulate(seed=2, rows=ROWS, instruments=2, covariates=2).data
    fit = cs.fit(model, data, seed=1, progress=False)
    tree = fit.idata(["observed_data", "posterior_predictive"])
    replicated = tree["posterior_predictive"]["y"].stack(sample=("chain", "draw"))
    score = (data.outcome - replicated.mean("sample")) / replicated.std("sample")
    assert 0.7 < float(score.std()) < 1.3
    assert float(abs(score).max()) < 4


def test_weights_divide_the_variance_of_a_row():
    model = cs.Instrument(errors="iid")
    frame = model.simulate(seed=2, rows=ROWS, covariates=0).data.source.copy()
    frame["w"] = np.tile([1.0, 3.0], ROWS // 2)
    data = cs.Instrumented.from_formula("y ~ 1 | t ~ z1 + z2", frame, weights="w")
    rng = np.random.default_rng(3)
    draws = model.exact_posterior(data)(1, 20, rng)
    parameters = pointwise.parameters_given(model, draws, data, rng)
    values = pointwise.log_likelihood(model, parameters, data, seed=4)
    (rows,) = pointwise.row_errors(model, parameters, data, np.random.default_rng(4))
    weights = data.weights[:, None]
    u, v = (each / np.sqrt(weights) for each in (rows.outcome, rows.treatment[:, :, 0]))
    errors = parameters.errors
    expected = stats.norm.logpdf(u, 0, np.sqrt(errors.variance / weights))
    given_u = v - errors.slope[:, 0] * u
    residual = errors.root[:, 0, 0] ** 2
    expected += stats.norm.logpdf(given_u, 0, np.sqrt(residual / weights))
    np.testing.assert_allclose(values, expected.T)


def test_robust_draws_are_replaced_by_those_of_the_likelihood_in_their_order():
    model = cs.Instrument()
    data = model.simulate(seed=2, rows=ROWS).data
    draws = model.exact_posterior(data)(2, 500, np.random.default_rng(1))
    working = model.working_draws(draws, data)
    one, other = (each["effect"].to_numpy().ravel() for each in (draws, working))
    np.testing.assert_array_equal(np.argsort(one), np.argsort(other))
    exact = replace(model, errors="iid").exact_posterior(data)
    again = exact(1, 4000, np.random.default_rng(2))["effect"]
    middle = np.quantile(other, 0.5) - float(again.quantile(0.5))
    assert abs(middle) < 0.1 * float(again.std())


def test_fits_of_formulas_give_the_influence_of_a_row_by_refits():
    model = cs.Instrument()
    data = model.simulate(seed=2, rows=ROWS, instruments=1).data
    frame = data.source.copy()
    frame.loc[0, ["y", "t", "z1"]] = [60.0, -9.0, 9.0]
    formula = cs.Instrumented.from_formula("y ~ x1 | t ~ z1", frame)
    fit = cs.fit(model, formula, seed=1, progress=False)
    table = fit.influence()
    assert table.index[0] == 0
    assert table["refitted"].iloc[0]
    kept = cs.Instrumented.from_formula("y ~ x1 | t ~ z1", frame.drop(index=0))
    without = cs.fit(model, kept, seed=1, progress=False).effect("effect")
    mean = float(without.numbers()["mean"].iloc[0])
    assert abs(table["mean"].iloc[0] - mean) < 0.5 * without.numbers()["sd"].iloc[0]


@pytest.mark.parametrize("confounding", ["uniform", "any"])
def test_prior_and_likelihood_make_up_the_posterior(confounding):
    """log p(β, s | data) is the log prior and the log likelihood, but for a constant."""
    model = cs.Instrument(errors="iid", confounding=confounding)
    data = model.simulate(seed=2, rows=ROWS, instruments=2).data
    draws = model.exact_posterior(data)(1, 50, np.random.default_rng(1))
    moments = moments_of(model, data)
    ours = sum(model.log_prior(draws, data).data_vars.values())
    ours = (ours + model.log_likelihood(draws, data)).to_numpy()[0]
    theirs = [
        log_density(
            moments,
            draws["effect"].to_numpy()[0, [k]],
            draws["log_first_stage_variance"].to_numpy()[0, [k]],
            np.empty(0),
            confounding=confounding,
            effect_sd=effect_prior_sd(model, moments),
            first_stage_scale=model.first_stage_prior_scale,
            robust=False,
        ).item()
        for k in range(50)
    ]
    difference = ours - theirs
    np.testing.assert_allclose(difference, difference[0], atol=1e-8)


def test_the_check_of_power_scaling_says_that_a_weak_instrument_leaves_it_to_the_prior():
    model = cs.Instrument(confounding="any")
    simulated = model.simulate(seed=2, rows=100, instruments=1, design="weak").data
    frame = simulated.source.copy()
    frame["z1"] = np.random.default_rng(5).permutation(frame["z1"])
    data = cs.Instrumented.from_formula("y ~ x1 | t ~ z1", frame)
    fit = cs.fit(model, data, seed=1, progress=False)
    (check,) = [
        each for each in fit.check() if each.name == "power-scaling of the prior"
    ]
    assert check.passed is None
    assert check.value > 0.05
