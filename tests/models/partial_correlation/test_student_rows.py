"""Rows of a multivariate Student t distribution, `errors="student"`."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.models.partial_correlation import student_rows
from causalstats.numerics.compositions import row_gibbs, row_weights
from causalstats.numerics.compositions.hidden_batches import two_groups
from causalstats.numerics.compositions.log_ratios import ilr_basis
from tests.models.partial_correlation.test_horseshoe import (
    PARTS,
    SCALES,
    STATISTICS_OF_DISTANCES,
    from_the_prior,
    log_ratio_rows,
    statistics,
)

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

SHORT = cs.Gibbs(chains=2, draws=500, thin=5, tune=500)


def test_density_of_degrees_of_freedom_is_that_of_the_multivariate_t():
    rng = np.random.default_rng(1)
    root = rng.standard_normal((3, 3))
    shape = root @ root.T
    rows = rng.standard_normal((7, 3))
    squares = np.einsum("ij,jk,ik->i", rows, np.linalg.inv(shape), rows)
    ours, theirs = [], []
    for degrees in (1.5, 4.0, 40.0):
        ours.append(row_weights.log_density_of_degrees(degrees, squares, 3))
        density = stats.multivariate_t(np.zeros(3), shape, degrees).logpdf(rows)
        np.testing.assert_allclose(
            student_rows.log_density(squares, -np.linalg.slogdet(shape)[1], degrees, 3),
            density,
        )
        prior = stats.gamma(row_weights.SHAPE, scale=1 / row_weights.RATE)
        theirs.append(density.sum() + prior.logpdf(degrees))
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs))


@pytest.mark.parametrize("known", [False, True])
def test_sweeps_leave_the_posterior_as_it_is(known):
    """Geweke (2004): parameters and weights from the prior, rows given them, sweeps given the rows.

    With flat coefficients the posterior depends on the differences between rows alone, whose
    distribution has no coefficients in it.

    Parameters
    ----------
    known : bool
        Whether the degrees of freedom are given.
    """
    rng = np.random.default_rng(12)
    count, rows = 1500, 9
    covariates = np.column_stack([np.ones(rows), rng.standard_normal(rows)])
    empty = np.zeros((0, 0))
    links = row_gibbs.links_of(rows, {})
    before, after = [], []
    for _ in range(count):
        covariance = from_the_prior(rng, SCALES)
        degrees = 3.0 if known else rng.gamma(row_weights.SHAPE, 1 / row_weights.RATE)
        weights = student_rows.draw_weights(degrees, rows, rng)
        ratios = log_ratio_rows(covariance, rows, rng) / np.sqrt(weights)[:, None]
        tails = row_weights.Tails(True, known, weights, np.array([degrees]))
        state = row_gibbs.RowState(
            covariance, ratios, np.zeros((2, PARTS)), np.array([0.2]), tails
        )
        seen = row_gibbs.rows_of_one_type(
            False, empty, ratios, ratios, covariates, links, empty, empty
        )

        def functions(covariance=covariance, tails=tails):
            return [
                *statistics(covariance),
                tails.degrees[0] / (5 + tails.degrees[0]),
                np.tanh(tails.weights[0]),
                np.tanh(tails.weights[1] * tails.weights[2]),
                np.tanh(tails.weights.mean()),
                np.tanh(tails.weights[0] * covariance.log_precisions[0]),
            ]

        before.append(functions())
        row_gibbs.sweeps_of_rows(5, seen, state, SCALES, True, rng)
        after.append(functions())
    change = np.array(after) - np.array(before)
    moved = change.std(axis=0) > 0
    z = change[:, moved].mean(axis=0) / (change[:, moved].std(axis=0) / np.sqrt(count))
    fixed = known + STATISTICS_OF_DISTANCES  # parts have no distances here
    assert moved.sum() == len(moved) - fixed
    assert np.abs(z).max() < stats.norm.isf(0.0005 / len(z)), z.round(2)


def contaminated(seed, rows=80, outlying=5):
    """Rows of a band of links, of which some lie ten times as far out in all log-ratios.

    Parameters
    ----------
    seed, rows, outlying : int
    """
    simulation = cs.PartialCorrelation().simulate(seed, rows=rows, parts=6)
    logs = np.log(simulation.data.values)
    logs -= logs.mean(axis=1, keepdims=True)
    rng = np.random.default_rng(seed)
    logs[:outlying] = 10 * rng.standard_normal((outlying, 6)) * logs.std()
    names = list(simulation.data.parts)
    frame = pd.DataFrame(np.exp(logs), columns=names)
    return cs.Composition.from_frame(frame, parts=names), simulation.truth


def errors_of(fit, truth):
    """Mean absolute error of the partial correlations."""
    theta = truth["precision"].to_numpy()[0, 0]
    r = -theta / np.sqrt(np.outer(np.diag(theta), np.diag(theta)))
    estimate = fit.effect("partial_correlation").numbers()["mean"].to_numpy()
    return np.abs(estimate - r[np.triu_indices(6, 1)]).mean()


def test_the_remedy_for_outlying_rows_helps():
    data, truth = contaminated(1)
    normal = cs.fit(cs.PartialCorrelation(), data, seed=1, progress=False)
    [tails] = [c for c in normal.check() if c.name == "predicts the tails of each part"]
    assert tails.passed is False and "errors='student'" in tails.remedy
    model = cs.PartialCorrelation(errors="student")
    robust = cs.fit(model, data, seed=1, sampler=SHORT, progress=False)
    named = {c.name: c for c in robust.check()}
    assert named["predicts the tails of each part"].passed is not False
    assert errors_of(robust, truth) < errors_of(normal, truth) / 3
    weights = robust.effect("row_weight").numbers()["mean"]
    assert set(weights.nsmallest(5).index) == set("01234")


@pytest.mark.slow
def test_many_degrees_of_freedom_are_normal_rows():
    data = cs.PartialCorrelation().simulate(seed=2, rows=40, parts=4).data
    means = []
    for model in (
        cs.PartialCorrelation(prior="horseshoe"),
        cs.PartialCorrelation(errors="student", degrees_of_freedom=1e6),
    ):
        fit = cs.fit(model, data, seed=1, sampler=SHORT, progress=False)
        numbers = fit.effect("partial_correlation").numbers()
        errors = numbers["sd"] / np.sqrt(numbers["ess_bulk"])
        means.append((numbers["mean"], errors))
    (one, e1), (other, e2) = means
    assert (np.abs(one - other) / np.hypot(e1, e2)).max() < 4


def test_rows_of_heavy_tails_are_no_groups():
    rng = np.random.default_rng(3)
    design = np.ones((60, 1))
    found = 0
    for _ in range(6):
        rows = rng.standard_normal((60, 5)) / np.sqrt(rng.gamma(1.0, 1.0, (60, 1)))
        found += two_groups(rows, design, rng, True)[0] <= 0.01
    assert found <= 1  # 1 % nominal; .999 binomial quantile
    rows = rng.standard_normal((60, 3))
    rows[:20] += 5
    assert two_groups(rows, design, rng, True)[0] <= 0.01


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"prior": "matching"}, "closed form for normal rows only"),
        ({"prior": "invariant"}, "expected prior='horseshoe' or 'shrunk' or 'sparse'"),
    ],
)
def test_priors_in_closed_form_are_refused(fields, message):
    with pytest.raises(cs.ModelError, match=message):
        cs.PartialCorrelation(errors="student", **fields)


def test_degrees_of_freedom_without_student_errors_and_dependent_rows_are_refused():
    with pytest.raises(cs.ModelError, match="normal errors have none"):
        cs.PartialCorrelation(degrees_of_freedom=4)
    model = cs.PartialCorrelation(errors="student")
    data = (
        cs.PartialCorrelation().simulate(1, rows=20, parts=4, repeated="subject").data
    )
    with pytest.raises(cs.ModelError, match="expected independent rows"):
        cs.fit(model, data, seed=1, progress=False)


def test_the_density_of_a_row_is_the_multivariate_t_at_its_coefficients():
    model = cs.PartialCorrelation(errors="student")
    data = model.simulate(4, rows=25, parts=4, covariate=True).data
    fit = cs.fit(model, data, seed=1, sampler=SHORT, progress=False)
    posterior = fit.draws["posterior"].to_dataset()
    units = model.observed_units(posterior, data, np.random.default_rng(1))
    # The mean weight of a row is (ν + p) / (ν + d²), averaged over the posterior of all else.
    density = units.log_likelihood()
    assert density.shape == (1000, 25)
    far = posterior["row_weight"].mean(("chain", "draw")).to_numpy()
    assert stats.spearmanr(density.mean(axis=0), far).statistic > 0.9


def test_the_graph_has_the_restricted_likelihood_of_weighted_rows():
    """Against that of all log-ratios stacked, coefficients integrated out (Harville 1974)."""
    import pytensor

    model = cs.PartialCorrelation(prior="horseshoe", errors="student")
    data = model.simulate(5, rows=7, parts=3, covariate=True).data
    graph = model.build(data)
    outputs = [graph["scatter"], graph["weighted_rows"]]
    compute = pytensor.function([graph["row_weight"]], outputs, mode="FAST_COMPILE")
    basis = ilr_basis(3)
    coordinates = np.log(data.values) @ basis
    rng = np.random.default_rng(6)
    inverse = np.linalg.inv(np.cov(rng.standard_normal((9, 2)), rowvar=False))
    design = np.kron(data.matrix, np.eye(2))
    ours, theirs = [], []
    for _ in range(3):
        weights = rng.gamma(2.0, 0.5, 7)
        scatter, volume = compute(weights)
        ours.append(volume - np.trace(basis.T @ scatter @ basis @ inverse) / 2)
        precision = np.kron(np.diag(weights), inverse)
        information = design.T @ precision @ design
        score = design.T @ precision @ coordinates.ravel()
        square = coordinates.ravel() @ precision @ coordinates.ravel()
        square -= score @ np.linalg.solve(information, score)
        determinants = (
            np.linalg.slogdet(precision)[1] - np.linalg.slogdet(information)[1]
        )
        theirs.append((determinants - square) / 2)
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs))


def test_values_within_bounds_and_counts_have_weights_too():
    model = cs.PartialCorrelation(errors="student", degrees_of_freedom=4)
    for seen in ({"resolution": 1.0}, {"depth": 100}):
        data = model.simulate(6, rows=20, parts=4, **seen).data
        names = {variable.name for variable in model.build(data).free_RVs}
        assert "row_weight" in names
        sampler = cs.Gibbs(chains=2, draws=20, thin=1, tune=20)
        fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
        assert fit.effect("row_weight").draws.sizes["row"] == 20
        assert fit.draws["posterior"]["degrees_of_freedom"].to_numpy().max() == 4.0
