"""The horseshoe prior of amounts before closure, and its Gibbs sampler."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.models.partial_correlation.hyperpriors import HalfCauchyAbove
from causalstats.numerics.compositions import (
    count_gibbs,
    horseshoe_gibbs,
    link_exchange,
    row_gibbs,
    symmetric_matrices,
)
from causalstats.numerics.compositions.horseshoe_gibbs import Scales, State
from causalstats.numerics.compositions.partial_correlations import (
    partial_correlations,
)
from causalstats.numerics.compositions.truncated_normal import draw_within
from causalstats.numerics.regression.row_correlation import about_covariates

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

PARTS = 4
SCALES = Scales(0.0, 2.0, 1.0, 0.5)
UPPER = np.triu_indices(PARTS, 1)
CLADES = np.array(
    [[0.0, 0.2, 1.0, 1.0], [0.2, 0, 1, 1], [1, 1, 0, 0.5], [1, 1, 0.5, 0]]
)
# Scale at least .2, and falling with the distance of parts
OF_RELATIVES = SCALES._replace(
    least_shrinkage=0.2,
    distance_effect_sd=2.0,
    distances=CLADES - CLADES[UPPER].mean(),
)


def symmetric(above):
    """Return the matrix with these entries above a diagonal of 1."""
    matrix = np.eye(PARTS)
    matrix[UPPER] = above
    return np.triu(matrix) + np.triu(matrix, 1).T


def from_the_prior(rng, scales):
    """Draw a state from the prior, by rejection of what is not positive definite."""
    while True:
        scale = abs(scales.global_shrinkage * rng.standard_cauchy())
        local = symmetric(abs(rng.standard_cauchy(6)))
        effect = scales.distance_effect_sd * rng.standard_normal()
        relative = np.ones((PARTS, PARTS))
        if effect:
            relative = np.exp(-effect * scales.distances)
        entries = scale * (relative * local)[UPPER] * rng.standard_normal(6)
        correlations = symmetric(entries)
        inside = scale >= scales.least_shrinkage
        if inside and np.linalg.eigvalsh(correlations)[0] > 0:
            break
    typical = rng.normal(scales.log_variance, scales.log_variance_sd)
    spread = abs(scales.variance_spread * rng.standard_normal())
    log_variances = typical + spread * rng.standard_normal(PARTS)
    return State(
        correlations,
        np.linalg.inv(correlations),
        -log_variances,
        local**2,
        np.array([scale**2, typical, spread, effect]),
        relative**2,
    )


def log_ratio_rows(state, rows, rng):
    """Draw centred rows of log-ratios given the state.

    Parameters
    ----------
    state : State
        Of the Gibbs sampler.
    rows : int
    rng : Generator

    Returns
    -------
    array, shape (rows, PARTS)
    """
    covariance = np.linalg.inv(horseshoe_gibbs.basis_precision(state))
    amounts = rng.standard_normal((rows, PARTS)) @ np.linalg.cholesky(covariance).T
    return np.ascontiguousarray(amounts - amounts.mean(axis=1, keepdims=True))


STATISTICS_OF_DISTANCES = 3


def statistics(state):
    """Functions of a state with finite moments, three of them of the effect of distances."""
    variance, typical, spread, effect = state.scalars
    r = state.correlations
    theta = horseshoe_gibbs.compositional_precision(state)
    return [
        np.arctan(np.sqrt(variance)),
        typical,
        typical**2,
        spread,
        state.log_precisions[0],
        np.tanh(state.log_precisions[1] - state.log_precisions[2]),
        r[0, 1],
        r[0, 1] ** 2,
        r[2, 3] ** 2,
        r[0, 1] * r[1, 2],
        effect,
        effect**2,
        effect * r[0, 1] ** 2,
        np.arctan(np.sqrt(state.local_variances[0, 1])),
        partial_correlations(theta)[0, 1],
        partial_correlations(theta)[1, 3] ** 2,
    ]


@pytest.mark.parametrize(
    ("rows", "rotated", "scales"),
    [(2, False, SCALES), (15, True, SCALES), (4, False, OF_RELATIVES)],
    ids=["few rows", "rotated", "relatives"],
)
def test_sweeps_leave_the_posterior_as_it_is(rows, rotated, scales):
    """Geweke (2004): parameters from the prior, data given them, sweeps given the data.

    The state after the sweeps has the distribution of the prior again.
    """
    rng = np.random.default_rng(11)
    count = 2000
    before, after = [], []
    for _ in range(count):
        state = from_the_prior(rng, scales)
        root = log_ratio_rows(state, rows, rng)
        if rotated:  # log-ratios are then 0 on all but three rows
            root = np.linalg.qr(root, mode="r")[: PARTS - 1]
            root = np.ascontiguousarray(root - root.mean(axis=1, keepdims=True))
        before.append(statistics(state))
        horseshoe_gibbs.sweeps_of_known_log_ratios(
            5, root, rows - len(root), state, scales, rng
        )
        after.append(statistics(state))
    change = np.array(after) - np.array(before)
    error = np.maximum(change.std(axis=0) / np.sqrt(count), 1e-12)
    z = change.mean(axis=0) / error
    assert np.abs(z).max() < stats.norm.isf(0.0005 / len(z)), z.round(2)


def test_exchanged_links_have_their_conditional_distribution():
    """Against quadrature over the two entries, given either order of their scales."""
    rng = np.random.default_rng(0)
    degrees, least, variances = 12.0, 0.1, (0.3, 0.002)
    correlations = np.eye(PARTS)
    correlations[0, 1] = correlations[1, 0] = 0.6
    correlations[2, :2] = correlations[:2, 2] = (-0.3, 0.02)
    scatter = np.eye(PARTS)
    scatter[2, :2] = scatter[:2, 2] = (5.0, -4.0)
    local = np.ones((PARTS, PARTS))
    local[2, :2] = local[:2, 2] = variances
    state = State(
        correlations.copy(),
        np.linalg.inv(correlations),
        np.zeros(PARTS),
        local,
        np.array([1.0, 0.0, 1.0, 0.0]),
        np.ones((PARTS, PARTS)),
    )
    grid = np.linspace(-1, 1, 401)
    first, second = np.meshgrid(grid, grid, indexing="ij")
    # |R| = (1 - r'A r) |R without the part|, with A the inverse of the other two
    square = (first**2 + second**2 - 1.2 * first * second) / (1 - 0.36)
    inside = (square < 1) & (np.maximum(abs(first), abs(second)) > least)
    logs = (
        degrees / 2 * np.log(np.where(inside, 1 - square, 1)) - 5 * first + 4 * second
    )
    likelihood = np.where(inside, np.exp(logs), 0)
    masses, moments = [], []
    for one, two in (variances, variances[::-1]):
        density = likelihood * np.exp(-(first**2) / 2 / one - second**2 / 2 / two)
        masses.append(density.sum())
        moments.append(np.array([(density * first).sum(), (density * second).sum()]))
    draws = np.empty((40_000, 3))
    for draw in draws:
        link_exchange._exchange(2, 0, 1, least, state, scatter, degrees, rng)
        draw[:] = [local[2, 0] > local[2, 1], *state.correlations[2, :2]]
    expected = np.append(masses[0], moments[0] + moments[1]) / sum(masses)
    batches = draws.reshape(40, -1, 3).mean(axis=1)
    error = batches.std(axis=0, ddof=1) / np.sqrt(len(batches))
    assert 0.1 < expected[0] < 0.9
    assert np.abs((draws.mean(axis=0) - expected) / error).max() < 4
    lower = np.tril(np.linalg.inv(state.correlations))
    np.testing.assert_allclose(np.tril(state.inverse), lower, atol=1e-8)


@pytest.mark.parametrize("size", [5, 64, 150])
def test_the_log_determinant_is_that_of_numpy(size):
    rows = np.random.default_rng(3).standard_normal((2 * size, size))
    matrix = np.corrcoef(rows.T)
    ours = symmetric_matrices.log_determinant(matrix)
    np.testing.assert_allclose(ours, np.linalg.slogdet(matrix)[1], rtol=1e-9)
    matrix[-1, -2] = matrix[-2, -1] = 1.5
    assert symmetric_matrices.log_determinant(matrix) == -np.inf


@pytest.fixture(scope="module")
def data():
    return cs.PartialCorrelation().simulate(seed=1, rows=30, parts=5).data


def drawn(fit, name):
    if name == "partial_correlation":
        return fit.effect(name).draws
    values = fit.draws["posterior"][name]
    positive = name in ("global_shrinkage", "degrees_of_freedom")
    return np.log(values) if positive else values


@pytest.mark.slow
@pytest.mark.parametrize(
    "rows",
    [
        {},
        {"depth": 60},
        {"depth": 60, "exposure": True},
        {"depth": 60, "absent": True},
        {"depth": 60, "absent": True, "repeated": "subject"},
        {"resolution": 1.0},
        {"repeated": "subject"},
        {"repeated": "time"},
        {"repeated": "time", "depth": 60},
        {"repeated": "subject", "resolution": 1.0},
        {"errors": "student"},
        {"errors": "student", "depth": 60},
        {"related": True},
        {"related": True, "depth": 60},
    ],
)
def test_gibbs_sampling_agrees_with_nuts_on_the_graph(rows):
    """Divergences of NUTS are at the boundary of positive definite matrices."""
    import arviz as az

    rows = dict(rows)
    errors = rows.pop("errors", "normal")
    model = cs.PartialCorrelation(prior="horseshoe", errors=errors)
    data = model.simulate(3, rows=20, parts=4, covariate=True, **rows).data
    ours = cs.fit(model, data, seed=1, progress=False)
    nuts = cs.Nuts(tune=1500, draws=4000, target_accept=0.97)
    theirs = cs.fit(model, data, seed=2, sampler=nuts, progress=False)
    for name in (
        "log_typical_variance",
        "variance_spread",
        "basis_variance",
        "global_shrinkage",
        "basis_correlation",
        "partial_correlation",
        "covariate_coefficient",
        *(["row_correlation"] if "repeated" in rows else []),
        *(["distance_effect"] if "related" in rows else []),
        *(["degrees_of_freedom", "row_weight"] if errors == "student" else []),
    ):
        one, other = (drawn(fit, name) for fit in (ours, theirs))
        errors = [
            values.var(("chain", "draw")) / az.ess(values, method="mean")
            for values in (one, other)
        ]
        difference = one.mean(("chain", "draw")) - other.mean(("chain", "draw"))
        assert np.abs(difference / np.sqrt(sum(errors))).max() < 4, name


def test_the_default_sampler_is_gibbs_and_repeats_by_its_seed(data):
    model = cs.PartialCorrelation(prior="horseshoe")
    problem = cs.Problem(model, data)
    assert cs.Auto(draws=60).choose(problem) == cs.Gibbs(draws=60)
    sampler = cs.Gibbs(chains=2, draws=60, tune=20, thin=1)
    one, same, other = (sampler(problem, seed)["posterior"] for seed in (1, 1, 2))
    assert one.to_dataset().equals(same.to_dataset())
    assert not one.to_dataset().equals(other.to_dataset())
    with pytest.raises(cs.SamplingError, match="no blocks of its parameters"):
        sampler(cs.Problem(cs.PartialCorrelation(prior="invariant"), data), 1)


def test_without_an_effect_of_distances_sweeps_are_those_of_data_without_any():
    """The scale of every link is multiplied by exp(-β x), which is 1 where β is 0."""
    rng = np.random.default_rng(8)
    root = rng.standard_normal((3, PARTS))
    root = np.ascontiguousarray(root - root.mean(axis=1, keepdims=True))
    states = []
    for scales in (SCALES, SCALES._replace(distances=OF_RELATIVES.distances)):
        rng = np.random.default_rng(9)
        state = horseshoe_gibbs.initial_state(root.var(axis=0) + 0.1, rng)
        horseshoe_gibbs.sweeps_of_known_log_ratios(20, root, 9, state, scales, rng)
        states.append(state)
    for one, other in zip(*states, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (states[1].relative_variances == 1).all()


def test_the_effect_of_distances_is_an_answer_of_data_that_have_them(data):
    model = cs.PartialCorrelation()
    related = model.simulate(1, rows=40, parts=5, related=True).data
    assert model.for_data(related).prior == "horseshoe"
    assert "distance_effect" in model.parameters(related)
    assert "distance_effect" not in model.parameters(data)
    estimand = cs.PartialCorrelation(prior="horseshoe").estimands()["distance_effect"]
    assert estimand.unavailable_reason(data)
    assert not estimand.unavailable_reason(related)


def test_prior_draws_have_scales_of_at_least_the_least_one_and_effects_of_distances():
    """Its median is that of a half-Cauchy above a: s tan((atan(a / s) + π/2) / 2)."""
    prior = HalfCauchyAbove(scale=1.0, least=0.5)
    draws = prior.draw(np.random.default_rng(2), 4000)
    median = np.tan((np.arctan(0.5) + np.pi / 2) / 2)
    assert draws.min() >= 0.5
    assert abs((draws > median).mean() - 0.5) < 4 * 0.5 / np.sqrt(4000)
    model = cs.PartialCorrelation(
        prior="horseshoe", basis_variance=1.0, least_global_shrinkage=0.1
    )
    rng = np.random.default_rng(3)
    prior = model.covariance_prior
    drawn = [prior.simulate(model, 9, PARTS, rng, CLADES) for _ in range(100)]
    assert min(each["global_shrinkage"] for each in drawn) >= 0.1
    assert 0.5 < np.std([each["distance_effect"] for each in drawn]) < 2.6


def test_the_remedy_for_poor_mixing_is_more_sweeps_than_were_made(data):
    sampler = cs.Gibbs(chains=2, draws=60, tune=5, thin=1)
    model = cs.PartialCorrelation(prior="horseshoe")
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    failed = [check for check in fit.sampling() if check.passed is False]
    assert failed and "`cs.Gibbs(thin=4, tune=20)`" in failed[0].remedy


def test_few_draws_of_many_parts_are_kept():
    model = cs.PartialCorrelation(prior="horseshoe")
    data = cs.PartialCorrelation().simulate(seed=1, rows=30, parts=100).data
    kernel = model.gibbs_kernel(data)
    numbers = (
        4
        * kernel.draws
        * sum(
            np.prod([len(kernel.coords[dim]) for dim in dims])
            for dims in kernel.dims.values()
        )
    )
    assert kernel.draws * kernel.thin >= 2000 and 8 * numbers < 130e6


@pytest.mark.parametrize(
    ("count", "mean", "precision"),
    [(0, -4.0, 0.5), (0, 1.0, 2.0), (3, 0.0, 0.1), (40, 6.0, 1.0), (5000, 8.0, 9.0)],
)
def test_a_step_of_a_log_abundance_draws_from_its_density(count, mean, precision):
    """The moments of a chain of steps against those by quadrature.

    Parameters
    ----------
    count : int
        Observed count of the part.
    mean, precision : float
        Of the Normal prior of the log abundance.
    """
    rng = np.random.default_rng(4)
    grid = np.linspace(-40, 20, 60_001)
    density = count * grid - np.exp(grid) - precision * (grid - mean) ** 2 / 2
    weights = np.exp(density - density.max())
    weights /= weights.sum()
    centre = weights @ grid
    spread = np.sqrt(weights @ (grid - centre) ** 2)
    value = centre
    values = []
    for _ in range(20_000):
        value, _ = count_gibbs.draw_log(
            float(count), value, np.exp(value), mean, precision, np.log(precision), rng
        )
        values.append(value)
    standard = (np.array(values) - centre) / spread
    assert len(np.unique(values)) > 0.9 * len(values)  # accepted
    for power, expected in (
        (1, 0.0),
        (2, 1.0),
        (3, weights @ ((grid - centre) / spread) ** 3),
    ):
        powers = standard**power
        batches = powers.reshape(100, -1).mean(axis=1)
        error = batches.std() / 10
        assert abs(powers.mean() - expected) < 4 * error, power


def test_shifts_leave_totals_at_their_conditional_distribution():
    """Σ_i e_ij exp(w_ij) ~ Gamma(Y_j), given everything but the intercept of part j."""
    rng = np.random.default_rng(5)
    exposures = rng.uniform(0.5, 2, (12, 4))
    counts = rng.poisson(3.0 * exposures).astype(float)
    covariates = np.ones((12, 1))
    logs = np.log(counts + 0.5)
    coefficients = logs.mean(axis=0, keepdims=True)
    residuals = logs - coefficients
    totals = []
    for _ in range(4000):
        count_gibbs.shift_columns(
            counts, np.log(exposures), covariates, logs, coefficients, rng
        )
        totals.append((exposures * np.exp(logs)).sum(axis=0))
    np.testing.assert_allclose(logs - coefficients, residuals, atol=1e-9)
    for column, total in zip(np.array(totals).T, counts.sum(axis=0), strict=True):
        assert stats.kstest(column, stats.gamma(total).cdf).pvalue > 0.001


def test_cross_products_of_amounts_about_covariates():
    """Those of rows with covariates have the distribution of those by a root of the scatter."""
    rng = np.random.default_rng(6)
    covariates = np.column_stack([np.ones(9), rng.standard_normal(9)])
    covariance = from_the_prior(rng, SCALES)
    logs = rng.standard_normal((9, PARTS))
    ratios = logs - logs.mean(axis=1, keepdims=True)
    free = np.linalg.qr(covariates, mode="complete")[0][:, 2:]
    root = np.ascontiguousarray(free.T @ ratios)
    basis = row_gibbs.solution(covariates).basis
    ours, theirs = [], []
    for _ in range(3000):
        ours.append(row_gibbs.amounts_scatter(logs, basis, covariance, rng))
        theirs.append(horseshoe_gibbs.amounts_scatter(root, 0, covariance, rng))
    for entry in ((0, 0), (0, 1), (2, 3)):
        one, other = (np.array(draws)[:, *entry] for draws in (ours, theirs))
        assert stats.ks_2samp(one, other).pvalue > 0.001


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        (-np.inf, np.inf),
        (-1.0, 3.0),
        (-0.2, 0.3),
        (2.0, np.inf),
        (3.0, 3.1),
        (-np.inf, -1.5),
        (0.5, 9.0),
    ],
)
def test_draws_within_bounds_have_the_truncated_normal_distribution(lower, upper):
    rng = np.random.default_rng(1)
    values = [draw_within(lower, upper, rng) for _ in range(4000)]
    assert stats.kstest(values, stats.truncnorm(lower, upper).cdf).pvalue > 0.001


def linked_rows(kind):
    """Rows of subjects, or in time, and their correlation matrix at φ = .4.

    Parameters
    ----------
    kind : str
        "member" or "gap".
    """
    rng = np.random.default_rng(2)
    subject = np.array([0, 0, 0, 1, 2, 2, 2, 2])
    same = subject[:, None] == subject
    if kind == "member":
        links = {"member": (subject == np.arange(3)[:, None]).astype(float)}
        matrix = np.where(same, 0.4, 0.0)
    else:
        time = rng.exponential(1, 8).cumsum()
        gap = np.diff(time, prepend=0)
        links = {"gap": gap, "linked": np.diff(subject, prepend=-1) == 0}
        matrix = np.where(same, 0.4 ** abs(time[:, None] - time), 0.0)
    np.fill_diagonal(matrix, 1.0)
    return row_gibbs.links_of(8, links), matrix, links


@pytest.mark.parametrize("kind", ["member", "gap"])
def test_rows_given_the_others_follow_from_the_inverse_of_their_correlations(kind):
    links, matrix, _ = linked_rows(kind)
    inverse = np.linalg.inv(matrix)
    values = np.random.default_rng(3).standard_normal((8, 3))
    white = row_gibbs.whiten(values, links, 0.4)
    np.testing.assert_allclose(white.T @ white, values.T @ inverse @ values)
    np.testing.assert_allclose(
        row_gibbs.log_determinant(links, 0.4), np.linalg.slogdet(matrix)[1]
    )
    for row in range(8):
        weight, shift = row_gibbs.given_other_rows(row, values, links, 0.4)
        others = np.delete(inverse[row], row) @ np.delete(values, row, axis=0)
        np.testing.assert_allclose(weight, inverse[row, row])
        np.testing.assert_allclose(shift, others / inverse[row, row], atol=1e-12)


@pytest.mark.parametrize("kind", ["member", "gap"])
def test_density_of_the_row_correlation_is_that_of_generalised_least_squares(kind):
    links, _, named = linked_rows(kind)
    rng = np.random.default_rng(4)
    ratios = rng.standard_normal((8, 3))
    ratios -= ratios.mean(axis=1, keepdims=True)
    covariates = np.column_stack([np.ones(8), rng.standard_normal(8)])
    theta = np.cov(rng.standard_normal((9, 3)), rowvar=False)
    empty = np.zeros((0, 0))
    rows = row_gibbs.rows_of_one_type(
        False, empty, empty, empty, covariates, links, empty, empty
    )
    ours, theirs = [], []
    for correlation in (0.1, 0.4, 0.9):
        ours.append(
            row_gibbs.log_density_of_correlation(ratios, rows, theta, correlation)
        )
        basis = np.linalg.qr(covariates)[0]
        scatter, determinant = about_covariates(ratios, basis, correlation, named)
        theirs.append(-determinant - (scatter * theta).sum() / 2)
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs))


def linked_amounts(seed, rows, parts):
    """Rows of amounts with an inverse Wishart covariance, so that most are linked.

    Parameters
    ----------
    seed, rows, parts : int

    Returns
    -------
    Composition
    """
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((parts + 5, parts))
    root = np.linalg.cholesky(np.linalg.inv(factor.T @ factor))
    names = [f"p{k}" for k in range(parts)]
    logs = rng.standard_normal((rows, parts)) @ root.T
    return cs.Composition.from_frame(
        pd.DataFrame(np.exp(logs), columns=names), parts=names
    )


@pytest.mark.slow
@pytest.mark.parametrize("linked", [False, True])
def test_the_caution_on_many_links_tells_them_from_few(linked):
    model = cs.PartialCorrelation(prior="horseshoe")
    cautioned = 0
    for seed in range(8):
        data = model.simulate(seed, rows=40, parts=20).data
        if linked:
            data = linked_amounts(seed, rows=100, parts=20)
        sampler = cs.Gibbs(chains=2, draws=200, thin=5)
        fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
        doubts = fit.effect("partial_correlation").doubts
        cautioned += "few links among the amounts" in [each.name for each in doubts]
    assert cautioned >= 7 if linked else cautioned <= 1


def test_sweeps_are_compiled_once_for_every_kind_of_rows():
    """Numba compiles them for half a minute for each combination of types."""
    rng = np.random.default_rng(5)
    kinds = [{"depth": 300}, {"resolution": 1.0}, {"repeated": "subject"}]
    for kind in kinds:
        model = cs.PartialCorrelation(prior="horseshoe", basis_variance_sd=1)
        kernel = model.gibbs_kernel(model.simulate(1, rows=9, parts=4, **kind).data)
        kernel.advance(kernel.start(rng), 1, rng)
    assert len(row_gibbs.sweeps_of_rows.signatures) == 1


def test_rows_that_are_alike_but_one_are_named_and_not_an_error_of_numpy():
    values = np.r_[np.ones((30, 3)), [[1.0, 2.0, 5.0]]]
    parts = ["a", "b", "c"]
    frame = pd.DataFrame(values, columns=parts)
    data = cs.Composition.from_frame(frame, parts=parts)
    model = cs.PartialCorrelation(prior="matching")
    with pytest.raises(cs.ModelError, match="linear combinations of others"):
        cs.fit(model, data, seed=1, progress=False)
