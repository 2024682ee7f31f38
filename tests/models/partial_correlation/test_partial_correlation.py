"""Partial correlations of compositions.

Closed forms, draws and NUTS agree; nothing depends on order, reference, basis or units.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import causalstats as cs
from causalstats.core.estimand import answerable
from causalstats.models.partial_correlation.priors.conjugate import posterior_scatter
from causalstats.numerics.compositions import inverse_wishart as iw
from causalstats.numerics.compositions import log_ratios as lr
from causalstats.numerics.compositions.partial_correlations import partial_correlations
from causalstats.samplers import same_program
from tests.samplers.test_numba_callbacks import density_and_gradient

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

CUPS = Path(__file__).resolve().parents[4] / "shared" / "data" / "cups.csv"
EXACT = [
    cs.PartialCorrelation(prior="matching"),
    cs.PartialCorrelation(prior="invariant"),
    cs.PartialCorrelation(prior="invariant", shrinkage=0.3),
]


@pytest.fixture(scope="module")
def simulation():
    return cs.PartialCorrelation().simulate(3, rows=40, parts=5)


@pytest.fixture(scope="module")
def shrunk(simulation):
    return cs.fit(
        cs.PartialCorrelation(prior="shrunk"), simulation.data, seed=1, progress=False
    )


def frame_of(data):
    return pd.DataFrame(data.values, columns=data.parts)


def exact(model, data, **options):
    return cs.fit(model, data, seed=1, sampler=cs.Exact(**options), progress=False)


@pytest.mark.parametrize("model", EXACT)
def test_closed_forms_are_those_of_the_draws(model, simulation):
    fit = exact(model, simulation.data, draws=5000)
    for name in ("partial_correlation", "partial_variance", "regression_coefficient"):
        effect = fit.effect(name)
        closed, size = (
            effect.summary(),
            effect.draws.sizes["chain"] * effect.draws.sizes["draw"],
        )
        values = effect.draws.to_numpy().reshape(size, -1)
        np.testing.assert_array_less(
            abs(values.mean(axis=0) - closed["mean"]),
            5 * values.std(axis=0) / np.sqrt(size),
        )
        np.testing.assert_allclose(values.std(axis=0), closed["sd"], rtol=0.05)
        for prob, column in ((0.025, "lower"), (0.975, "upper")):
            share = (values < closed[column].to_numpy()).mean(axis=0)
            np.testing.assert_allclose(
                share, prob, atol=5 * np.sqrt(prob * (1 - prob) / size)
            )
        table = effect.decide(rope=0.1).loc[closed.index]
        np.testing.assert_allclose(
            (values > 0).mean(axis=0), table["positive"], atol=0.02
        )
        np.testing.assert_allclose(
            (abs(values) < 0.1).mean(axis=0), table["negligible"], atol=0.02
        )


def test_the_excess_of_many_parts_is_nearly_closed():
    """Its closed form takes the baseline as known, which hardly matters among many parts.

    With few it is not used.
    """
    fit = exact(
        cs.PartialCorrelation(prior="invariant"),
        cs.PartialCorrelation().simulate(1, rows=80, parts=60).data,
    )
    drawn, closed = (
        fit.effect("excess"),
        fit.model.estimands()["excess"].marginals(fit.data),
    )
    assert drawn.marginals is None
    table = drawn.summary()
    np.testing.assert_allclose(closed.mean(), table["mean"], atol=0.01)
    np.testing.assert_allclose(closed.sd(), table["sd"], rtol=0.1)
    np.testing.assert_allclose(closed.quantile(0.975), table["upper"], atol=0.03)


@pytest.mark.parametrize("model", EXACT[:2])
def test_nuts_on_the_graph_agrees_with_the_exact_posterior(model, simulation):
    problem = cs.Problem(model, simulation.data)
    draws = cs.Nuts(draws=2000)(problem, 2)["posterior"]["precision"]
    theta = draws.to_numpy()
    posterior = model.covariance_prior.conjugate(model, simulation.data)
    scatter, degrees = posterior_scatter(posterior, simulation.data)
    import arviz as az

    error = np.array(
        [
            [
                theta[..., i, j].std() / np.sqrt(float(az.ess(theta[..., i, j])))
                for j in range(5)
            ]
            for i in range(5)
        ]
    )
    z = (
        theta.mean(axis=(0, 1)) - degrees * lr.precision_from_covariance(scatter)
    ) / error
    assert abs(z).max() < 4.5


def test_the_shrunk_evidence_is_that_of_numpy(simulation):
    """The graph's log density less its priors', at points, against the matrix-t evidence written in
    arrays.
    """
    model, data = cs.PartialCorrelation(prior="shrunk", shrinkage=0.4), simulation.data
    graph = model.build(data)
    compiled = graph.compile_logp(sum=False, mode="FAST_COMPILE")
    rng = np.random.default_rng(4)
    differences = []
    for _ in range(5):
        point = {
            "log_typical_variance": rng.normal(),
            "variance_spread_softplus__": rng.normal(),
            "variance_deviation": rng.standard_normal(5),
        }
        potential = float(compiled(point)[-1])
        omega = np.exp(
            point["log_typical_variance"]
            + np.logaddexp(0, point["variance_spread_softplus__"])
            * point["variance_deviation"]
        )
        differences.append(
            potential
            - iw.log_evidence(
                data.residuals, data.degrees, omega, data.degrees * 0.4 / 0.6 + 5
            )
        )
    np.testing.assert_allclose(differences, differences[0], atol=1e-8)


@pytest.mark.parametrize("rows", [4, 40])
@pytest.mark.parametrize(
    "fields",
    [{}, {"shrinkage": 0.4}, {"basis_variance_sd": 0.7, "variance_spread_scale": 2.0}],
)
def test_the_density_by_numpy_is_that_of_the_graph(fields, rows):
    """At points, but for one constant; so that importance sampling draws from the posterior."""
    model, data = (
        cs.PartialCorrelation(prior="shrunk", **fields),
        cs.PartialCorrelation().simulate(3, rows=rows, parts=5).data,
    )
    graph = model.build(data)
    points = np.random.default_rng(4).normal(0, 1, (6, 7 + ("shrinkage" not in fields)))
    points[0, -1] = (
        8.0 if not fields else 0.0
    )  # nearly all prior, where determinants are large and nearly equal
    theirs = graph.compile_fn(
        graph.logp(), inputs=graph.value_vars, mode="FAST_COMPILE"
    )
    values = [[point[0], point[1], point[2:7], *point[7:]] for point in points]
    difference = model.covariance_prior.posterior(model, data).log_density(points) - [
        float(
            theirs(
                {
                    var.name: value
                    for var, value in zip(graph.value_vars, each, strict=True)
                }
            )
        )
        for each in values
    ]
    np.testing.assert_allclose(difference, difference[0], atol=1e-7)


SCALES = {"basis_variance_sd": 0.5, "variance_spread_scale": 2.0}
SPIKE_AND_SLAB = {"spike_sd": 0.05, "slab_sd": 0.4, "prior_inclusion_probability": 0.1}


@pytest.mark.parametrize(
    ("prior", "fields"),
    [
        ("shrunk", SCALES),
        ("sparse", SCALES | SPIKE_AND_SLAB),
        ("horseshoe", SCALES | {"global_shrinkage_scale": 0.3}),
    ],
)
def test_one_compiled_program_serves_every_scale_of_a_prior(prior, fields, simulation):
    default, other = (
        cs.PartialCorrelation(prior=prior, **given).build(simulation.data)
        for given in ({}, fields)
    )
    assert same_program(default, other)
    point = default.initial_point()
    densities = [
        graph.compile_logp(mode="FAST_COMPILE")(point) for graph in (default, other)
    ]
    assert densities[0] != densities[1]


def test_sensitivity_to_the_scales_of_a_prior(shrunk):
    table = shrunk.sensitivity(variance_spread_scale=[0.2])
    assert list(table.index.levels[0]) == [0.2, 1.0] and table["healthy"].all()
    with pytest.raises(cs.ModelError, match="prior='sparse' does"):
        shrunk.sensitivity(slab_sd=[0.4])


@pytest.mark.parametrize("parts", [3, 8])
def test_importance_draws_agree_with_nuts(parts):
    data = cs.PartialCorrelation().simulate(5, rows=30, parts=parts).data
    ours, theirs = (
        cs.fit(
            cs.PartialCorrelation(prior="shrunk"),
            data,
            seed=2,
            sampler=each,
            progress=False,
        )
        for each in (cs.Auto(), cs.Nuts(chains=2, tune=1000, target_accept=0.99))
    )
    assert "ImportanceSampler" in ours.draws.attrs["sampler"] and all(
        check.passed for check in ours.sampling()
    )
    for table, other in (
        (ours.summary(), theirs.summary()),
        *((fit.effect("excess").summary() for fit in (ours, theirs)),),
    ):
        error = np.sqrt(
            table["sd"] ** 2 / table["ess_bulk"] + other["sd"] ** 2 / other["ess_bulk"]
        )
        assert (abs(table["mean"] - other["mean"]) <= 4.5 * error + 1e-12).all()
    correlations = [
        fit.effect("partial_correlation").summary()["sd"] for fit in (ours, theirs)
    ]
    np.testing.assert_allclose(*correlations, rtol=0.1)


def by_numba(problem):
    """Return the log density and gradient that nutpie calls, compiled for NUTS above."""
    program = cs.Nuts().compile(problem).compiled
    read = {variable.name for variable in program.shared_var_keys}
    inputs = {name: value for name, value in problem.inputs.items() if name in read}
    bound = program.with_data(**inputs)
    return lambda x: density_and_gradient(bound, x)[1:]


def by_jax(problem):
    return problem.graph.logp_dlogp_function(ravel_inputs=True, mode="JAX")


@pytest.mark.parametrize("compiled", [by_numba, by_jax])
def test_the_gradient_of_the_evidence(compiled):
    model = cs.PartialCorrelation(prior="shrunk")
    function = compiled(cs.Problem(model, model.simulate(3, rows=40, parts=3).data))
    x = np.random.default_rng(5).normal(0, 0.3, 6)
    _, gradient = function(x)
    for k in range(6):
        step = np.eye(6)[k] * 1e-5
        slope = (float(function(x + step)[0]) - float(function(x - step)[0])) / 2e-5
        assert gradient[k] == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_hyperparameters_alone_are_sampled_and_the_rest_is_exact(shrunk, simulation):
    """E[Θ | C] = E[ν B(ω, α)]: the draws of Θ against their conditional means."""
    posterior, data = shrunk.draws["posterior"], simulation.data
    omega, weight = (
        posterior["basis_variance"].to_numpy().reshape(-1, 5),
        posterior["shrinkage"].to_numpy().ravel(),
    )
    strength = data.degrees * weight / (1 - weight)
    scatter = iw.scatter_of(data.residuals.T @ data.residuals, omega, strength)
    conditional = (strength + 5 + data.degrees)[
        :, None, None
    ] * lr.precision_from_covariance(scatter)
    theta = posterior["precision"].to_numpy().reshape(-1, 5, 5)
    z = (theta - conditional).mean(axis=0) / (
        (theta - conditional).std(axis=0) / np.sqrt(len(theta))
    )
    assert abs(z).max() < 4.5
    assert all(check.passed for check in shrunk.sampling())


def test_order_units_and_reference_change_nothing(simulation):
    frame, rng = frame_of(simulation.data), np.random.default_rng(6)
    order = ["p3", "p1", "p5", "p2", "p4"]
    moved = frame[order].mul(rng.uniform(0.1, 10, len(frame)), axis=0) * [
        1e3,
        1,
        1e-2,
        5,
        1,
    ]
    here, there = simulation.data, cs.Composition.from_frame(moved, parts=order)
    for model in (*EXACT, cs.PartialCorrelation(prior="shrunk")):
        if model.prior == "shrunk":
            first, second = (
                model.build(data).compile_logp(mode="FAST_COMPILE")
                for data in (here, there)
            )
            deviation = rng.standard_normal(5)
            point = {
                "log_typical_variance": -1.0,
                "variance_spread_softplus__": 0.2,
                "shrinkage_interval__": -0.7,
            }
            names = list(here.parts)
            other = deviation[[names.index(name) for name in order]]
            assert first(point | {"variance_deviation": deviation}) == pytest.approx(
                second(point | {"variance_deviation": other}), abs=1e-8
            )
            continue
        one, other = (
            exact(model, data).effect("partial_correlation").numbers()
            for data in (here, there)
        )
        for label, row in one.iterrows():
            names = label.split(" ~ ")
            entries = other.loc[
                label if label in other.index else " ~ ".join(names[::-1])
            ]
            np.testing.assert_allclose(entries, row, atol=1e-8)


def test_the_matching_prior_is_the_t_test(simulation):
    data = simulation.data
    fit = exact(cs.PartialCorrelation(prior="matching"), data)
    table = fit.effect("partial_correlation").decide()
    r = partial_correlations(lr.precision_from_covariance(data.covariance))
    freedom = len(data) - 5 + 1
    for label, (i, j) in {"p1 ~ p2": (0, 1), "p2 ~ p5": (1, 4)}.items():
        p = stats.t.sf(r[i, j] * np.sqrt(freedom / (1 - r[i, j] ** 2)), freedom)
        assert table.loc[label, "positive"] == pytest.approx(1 - p, abs=1e-10)


def test_intervals_of_the_matching_prior_cover():
    """At every pair, whatever the truth, over 200 data sets with 20 rows of 4 parts and of 9."""
    for parts, rows in ((4, 20), (9, 20)):
        inside = []
        for seed in range(200):
            simulation = cs.PartialCorrelation().simulate(seed, rows=rows, parts=parts)
            truth = partial_correlations(
                simulation.truth["precision"].to_numpy()[0, 0]
            )[np.triu_indices(parts, 1)]
            margins = (
                cs.PartialCorrelation(prior="matching")
                .estimands()["partial_correlation"]
                .marginals(simulation.data)
            )
            inside.append(
                (margins.quantile(0.025) < truth) & (truth < margins.quantile(0.975))
            )
        shares = np.array(inside).mean(axis=1)
        assert (
            abs(shares.mean() - 0.95) < 4 * shares.std() / np.sqrt(len(shares)) + 1e-3
        )


def test_given_fewer_parts(simulation):
    """`at` names the parts that alone are held.

    The same as the subcomposition's own partial correlation.
    """
    data, keep = simulation.data, ["p4", "p1", "p2"]
    fit = exact(cs.PartialCorrelation(prior="invariant"), data, draws=5000)
    effect = fit.effect("partial_correlation", at=keep)
    theta = fit.draws["posterior"]["precision"].to_numpy()[0, 7]
    gamma = lr.centre(lr.precision_from_covariance(theta)[np.ix_([3, 0, 1], [3, 0, 1])])
    np.testing.assert_allclose(
        effect.draws.to_numpy()[0, 7],
        partial_correlations(lr.precision_from_covariance(gamma))[
            np.triu_indices(3, 1)
        ],
        atol=1e-9,
    )
    assert list(effect.draws["pair"].to_numpy()) == ["p4 ~ p1", "p4 ~ p2", "p1 ~ p2"]
    values = effect.draws.to_numpy().reshape(-1, 3)
    np.testing.assert_allclose(values.mean(axis=0), effect.numbers()["mean"], atol=0.01)
    np.testing.assert_allclose(values.std(axis=0), effect.numbers()["sd"], rtol=0.04)


def test_three_parts_leave_no_excess():
    """Where every partial correlation is positive, three independent parts have these partial
    variances and correlations.
    """
    theta = lr.basis_laplacian(
        np.exp(np.random.default_rng(11).standard_normal((50, 3)))
    )
    draws = xr.Dataset(
        {"precision": (("chain", "draw", "part", "other_part"), theta[None])}
    )
    excess = (
        cs.PartialCorrelation(prior="shrunk")
        .estimands()["excess"]
        .compute(draws, cs.PartialCorrelation().simulate(1, parts=3).data)
    )
    np.testing.assert_allclose(excess, 0, atol=1e-6)


def test_independent_amounts_lie_on_their_baseline():
    """The picture of partial correlations over what closure makes of them.

    The diagonal, where amounts are independent, whatever their variances.
    """
    amounts = np.exp(
        np.random.default_rng(9).standard_normal((5_000, 5)) * [1.0, 0.5, 0.3, 2.0, 0.7]
    )
    data = cs.Composition.from_frame(
        pd.DataFrame(amounts, columns=list("abcde")), parts=list("abcde")
    )
    fit = exact(cs.PartialCorrelation(prior="matching"), data, draws=100)
    view = fit.views()["baseline"]()
    np.testing.assert_allclose(view.values, view.baseline, atol=0.06)
    np.testing.assert_allclose(
        view.values, fit.effect("partial_correlation").summary()["mean"]
    )
    assert (
        (view.lower < view.baseline) & (view.baseline < view.upper)
    ).mean() >= 0.7 and not view.certain.all()


def test_many_parts_have_tables_without_draws(tmp_path):
    data = cs.PartialCorrelation().simulate(1, rows=100, parts=170).data
    fit = cs.fit(cs.PartialCorrelation(prior="invariant"), data, seed=1, progress=False)
    effect = fit.effect("partial_correlation")
    assert effect.draws.sizes["draw"] == 0 and len(effect.summary()) == 170 * 169 // 2
    assert "first 10 of 14,365" in repr(effect)
    chosen = effect.decide()
    assert chosen["error"].is_monotonic_increasing and chosen["selected"].any()
    with pytest.raises(cs.ModelError, match="too many parts to keep draws"):
        fit.effect("r_squared")
    assert fit.plot("partial_correlation")
    # The report draws these.
    assert {"network", "matrix", "baseline", "comparison"} <= {*fit.figures()}
    page = fit.report(
        tmp_path / "many.html", sensitivity={"shrinkage": [0.5]}
    ).read_text()
    assert "The first 20 of 14,365 rows" in page and "r_squared" not in page


def test_the_figure_of_a_network_has_the_edges_that_are_selected():
    model = cs.PartialCorrelation(prior="matching")
    data = model.simulate(3, rows=40, parts=8).data
    fit = cs.fit(model, data, seed=1, progress=False)
    network = fit.network()
    apart = fit.effect("excess").numbers()
    apart = (apart["lower"] > 0) | (apart["upper"] < 0)
    edges = fit.views()["network"]().edges
    drawn = edges[edges["q_value"] <= 0.05]
    assert {*zip(drawn["one"], drawn["other"], strict=True)} == {
        *zip(network.edges["one"], network.edges["other"], strict=True)
    }
    assert 0 < len(drawn) < apart.sum()  # without a correction there would be more
    assert f"{len(drawn)} of 28 pairs" in fit.answer()


def test_a_network_without_edges_says_so():
    frame = pd.DataFrame(
        np.random.default_rng(1).lognormal(size=(30, 4)), columns=list("abcd")
    )
    fit = cs.fit(
        cs.PartialCorrelation(prior="invariant"),
        cs.Composition.from_frame(frame, parts=list("abcd")),
        seed=1,
        progress=False,
    )
    decided = fit.effect("excess").summary()
    assert ((decided["lower"] < 0) & (decided["upper"] > 0)).all()
    assert "there are none" in fit.plot("network").axes[0].get_title(
        loc="left"
    ).replace("\n", " ")


@pytest.mark.slow
@pytest.mark.parametrize("prior", ["matching", "invariant"])
@pytest.mark.parametrize(("parts", "rows"), [(6, 30), (9, 60)])
def test_the_rate_of_false_discoveries_is_what_it_says(prior, parts, rows):
    # A discovery is false where the true excess is 0 or has the other sign. Half the data sets
    # have links.
    model = cs.PartialCorrelation(prior=prior)
    shares = []
    right_discoveries = 0
    for seed in range(150):
        simulation = cs.PartialCorrelation().simulate(seed, rows=rows, parts=parts)
        truth, data = simulation.truth, simulation.data
        if seed % 2:
            logs = np.random.default_rng(seed).normal(0, 0.5, (rows, parts))
            frame = pd.DataFrame(np.exp(logs), columns=data.parts)
            truth, data = None, cs.Composition.from_frame(frame, parts=data.parts)
        excess = model.estimands()["excess"].compute
        table = (
            exact(model, data, chains=1, draws=2000).effect("excess").decide(fdr=0.05)
        )
        chosen = table.index[table["selected"]]
        right = 0
        if truth is not None:
            sign = np.sign(excess(truth, data).to_series().droplevel(["chain", "draw"]))
            right = (sign[chosen] == np.sign(table.loc[chosen, "mean"])).sum()
        shares.append(1 - right / len(chosen) if len(chosen) else 0.0)
        right_discoveries += right
    assert np.mean(shares) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)
    assert right_discoveries > 30


def test_the_bayes_factor_of_zero_is_one_on_average():
    """E p(0 | data) / p(0) = 1 over data drawn from the prior.

    The density at 0 is the mean of those that the data leave.
    """
    model = cs.PartialCorrelation(prior="invariant", shrinkage=0.4, basis_variance=1.0)
    factors = []
    for seed in range(150):
        data = model.simulate(seed, rows=12, parts=4, design="prior").data
        factors.append(
            exact(model, data, draws=1)
            .effect("partial_correlation")
            .decide()["bayes_factor"]
            .to_numpy()
        )
    means = np.mean(factors, axis=1)
    assert abs(means.mean() - 1) < 4 * means.std() / np.sqrt(len(means))
    assert np.std(factors) > 0.1


def test_the_bayes_factor_of_the_shrunk_prior(shrunk, simulation):
    """Against draws of Θ from the prior and the posterior.

    The share of them near 0. None where log-ratios are not known.
    """
    table = shrunk.effect("partial_correlation").decide()
    rng, near = np.random.default_rng(1), 0.05
    omega = np.exp(
        abs(rng.standard_normal((20_000, 1))) * rng.standard_normal((20_000, 5))
    )
    strength = (
        simulation.data.degrees * (weight := rng.uniform(size=20_000)) / (1 - weight)
    )
    prior = partial_correlations(
        iw.draw_precisions(
            iw.scatter_of(np.zeros((5, 5)), omega, strength), strength + 5, 20_000, rng
        )
    )[:, 0, 1]
    posterior = shrunk.effect("partial_correlation").draws.to_numpy().reshape(-1, 10)
    expected = (abs(posterior) < near).mean(axis=0) / (abs(prior) < near).mean()
    factors = table.loc[
        list(shrunk.effect("partial_correlation").draws["pair"].to_numpy()),
        "bayes_factor",
    ].to_numpy()
    certain = (abs(posterior) < near).sum(axis=0) > 200
    assert certain.any()
    np.testing.assert_allclose(factors[certain], expected[certain], rtol=0.25)
    assert "bayes_factor" not in shrunk.effect("excess").decide()


def test_differences_between_groups(simulation):
    other = cs.PartialCorrelation().simulate(9, rows=40, parts=5).data
    model = cs.PartialCorrelation(prior="matching")
    first, second = (
        exact(model, data).effect("partial_correlation")
        for data in (simulation.data, other)
    )
    difference = first.minus(second, "one site - the other")
    expected = first.summary()["mean"] - second.summary()["mean"]
    np.testing.assert_allclose(difference.summary()["mean"], expected, atol=0.02)
    np.testing.assert_allclose(
        difference.summary()["sd"],
        np.hypot(first.summary()["sd"], second.summary()["sd"]),
        rtol=0.1,
    )
    with pytest.raises(cs.ModelError, match="the same answer"):
        first.minus(exact(model, other).effect("excess"), "")


def test_narrow_bounds_are_known_values(shrunk, simulation):
    frame = frame_of(simulation.data)
    data = cs.Composition.from_frame(
        frame, parts=list(frame), zeros="interval", resolution={"p2": 1e-4, "p3": 1e-4}
    )
    fit = cs.fit(
        cs.PartialCorrelation(prior="shrunk"),
        data,
        seed=3,
        sampler=cs.Auto(chains=2),
        progress=False,
    )
    bounded = fit.effect("partial_correlation").summary()
    expected = shrunk.effect("partial_correlation").summary()
    error = np.sqrt(
        bounded["sd"] ** 2 / bounded["ess_bulk"]
        + expected["sd"] ** 2 / expected["ess_bulk"]
    )
    assert (abs(bounded["mean"] - expected["mean"]) < 4.5 * error).all()
    again = cs.Composition.from_frame(data.source, **data.arguments)
    assert again.fingerprint == data.fingerprint != simulation.data.fingerprint
    assert (
        data.subcomposition(["p1", "p4", "p5"]).bounds is None
        and data.subcomposition(["p1", "p2", "p5"]).bounds is not None
    )


def test_a_saved_fit_comes_back(shrunk, simulation, tmp_path):
    again = cs.load(shrunk.save(tmp_path / "fit.nc"))
    assert (
        again.model == shrunk.model
        and again.data.fingerprint == shrunk.data.fingerprint
    )
    np.testing.assert_array_equal(
        again.effect("excess").draws, shrunk.effect("excess").draws
    )


def test_it_is_never_causal_and_says_what_it_stands_on(shrunk):
    for name, estimand in answerable(shrunk.model, shrunk.data).items():
        assert estimand.kind == "associational" and shrunk.effect(name).assumptions
    assert "associational" in repr(shrunk) and "beyond what closure alone" in repr(
        shrunk
    )  # one target is not told without the other


def test_what_an_effect_would_need_is_said_with_what_is_held(simulation):
    """The diagram that it names is read and answered.

    The text knows the parts and the covariates.
    """
    frame = frame_of(simulation.data).assign(depth=np.arange(40.0))
    needs = cs.PartialCorrelation(prior="shrunk").adjustments(
        cs.Composition.from_frame(
            frame, parts=simulation.data.parts, covariates="depth"
        )
    )
    assert "other 3 parts" in needs[0].here and "and depth." in needs[0].here
    call = needs[-1].here.split("`")[1]
    assert "clay" in str(eval(call, {"cs": cs}))


def test_sensitivity_and_comparison_have_a_row_a_pair(shrunk):
    table = shrunk.sensitivity(prior=["matching", "invariant"])
    assert (
        table.index.names == ["prior", "pair"]
        and len(table) == 30
        and table["healthy"].all()
        and table["used"].sum() == 10
    )
    compared = shrunk.compare()
    assert len(compared) == 10 and {
        "sample estimate",
        "basis shrinkage",
        "q-value of the t-test",
    } <= set(compared)


def test_fewer_rows_than_parts_is_for_shrinkage():
    data = cs.PartialCorrelation().simulate(2, rows=8, parts=12).data
    with pytest.raises(
        cs.ModelError,
        match="needs 21 rows for 12 parts, not counting one for each covariate, got 7",
    ):
        cs.fit(cs.PartialCorrelation(prior="matching"), data, seed=1)
    fit = cs.fit(cs.PartialCorrelation(prior="invariant"), data, seed=1, progress=False)
    assert (
        np.isfinite(fit.effect("partial_correlation").numbers()).all(axis=None)
        and "sample estimate" not in fit.compare()
    )
    assert (
        next(
            check for check in fit.check() if check.name == "rows for these parts"
        ).passed
        is None
    )
    twice = cs.Composition.from_frame(
        pd.DataFrame(np.tile(data.values[:5, :6], (2, 1)), columns=list("abcdef")),
        parts=list("abcdef"),
    )
    assert (
        "sample estimate"
        not in cs.fit(
            cs.PartialCorrelation(prior="invariant"), twice, seed=1, progress=False
        ).compare()
    )  # rows enough, but the same ones


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"prior": "flat"},
            "'matching', 'horseshoe', 'shrunk', 'sparse' or 'invariant', got 'flat'",
        ),
        ({"shrinkage": 1.0}, "between 0 and 1"),
        ({"basis_variance": -1.0}, "positive number"),
        ({"prior": "matching", "shrinkage": 0.5}, "neither"),
        ({"prior": "sparse", "shrinkage": 0.5}, "no `shrinkage`"),
        ({"spike_sd": 0.5}, "`spike_sd` below `slab_sd`, got 0.5 and 0.5"),
    ],
)
def test_refused(fields, message):
    with pytest.raises(cs.ModelError, match=message):
        cs.PartialCorrelation(**{"prior": "shrunk"} | fields)


def test_the_prior_needs_its_scale():
    with pytest.raises(cs.ModelError, match="a number for basis_variance"):
        cs.PartialCorrelation().simulate(1, design="prior")
    with pytest.raises(cs.SamplingError, match="no closed form"):
        cs.fit(
            cs.PartialCorrelation(prior="shrunk"),
            cs.PartialCorrelation().simulate(1).data,
            seed=1,
            sampler=cs.Exact(),
        )
