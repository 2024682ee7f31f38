"""Options of `PanelDML` against dense matrices of the rows, least squares, and laws."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import causalstats as cs
from causalstats.models.panel_dml.covariances import coefficient_covariance
from causalstats.models.panel_dml.partialling_out import bootstrap_slopes
from causalstats.models.panel_dml.random_slopes import with_random_slopes
from causalstats.models.panel_dml.robust_errors import (
    residuals,
    sandwich,
    with_bootstrap_spread,
    with_cluster_robust_spread,
)
from causalstats.models.shared.distributions import lkj_shapes
from causalstats.numerics.bases.hilbert_space_gp import hilbert, spectral_density
from causalstats.numerics.bases.random_fourier_features import fourier
from causalstats.numerics.panel import linear_estimators as estimators
from causalstats.numerics.panel.random_slopes import draw_random_slopes
from causalstats.numerics.panel.within_transformation import demeaned, unit_means

pytestmark = pytest.mark.usefixtures("without_trees")

ROLES = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
OPTIONS = {
    "default": {},
    "independent": {"coefficients": "independent"},
    "covariate": {"shrinkage": "global-local"},
    "hsgp": {"basis": "hsgp"},
    "fourier": {"basis": "fourier"},
    "autoregressive": {"errors": "ar1"},
    "autoregressive, pooled": {
        "errors": "ar1",
        "heterogeneity": "pooled",
        "time_effects": True,
    },
}


@pytest.fixture(scope="module")
def frame():
    """Twelve units, 2 to 6 rows each with gaps, two covariates and a group."""
    panel = (
        cs.PanelDML()
        .simulate(3, units=12, times=6, covariates=2)
        .data.source.sample(frac=0.75, random_state=1)
        .sort_values(["unit", "time"])
    )
    return panel.assign(group=np.where(panel["unit"] % 2 == 0, "a", "b"))


def panel_of(frame, covariates=("x1", "x2"), **options):
    return cs.Panel.from_frame(frame, **ROLES, covariates=list(covariates), **options)


def draws_of(model, panel, seed=1, count=4):
    """Return random values of all parameters, not from the posterior, in the form of a fit.

    Parameters
    ----------
    model : PanelDML
    panel : Panel
    seed : int
    count : int
        The number of draws, in one chain.
    """
    rng = np.random.default_rng(seed)
    form = model.statistics(panel)
    aims = len(form.units)
    terms = form.basis.prior_arrays()["terms"].shape[1]
    shapes = {
        "standard_effect": (aims - 1,),
        "standard_error_sd": (aims,),
        "standard_coefficient_sd": (aims,),
        "effect": (aims - 1,),
    }
    if aims > 2:
        shapes["standard_link"] = ((aims - 1) * (aims - 2) // 2,)
    if model.coefficient_prior.correlated:
        shapes["standard_association"] = (aims * (aims - 1) // 2,)
    if model.shrinkage == "global-local":
        shapes["covariate_scale"] = (aims, terms)
    if model.basis == "hsgp":
        shapes["length_scale"] = (aims, terms)
    if model.errors == "ar1":
        shapes["serial_correlation"] = (aims,)
    values = {
        name: rng.uniform(0.3, 0.9, (1, count, *shape))
        for name, shape in shapes.items()
    }
    dims = {"effect": ("treatment",), "serial_correlation": ("equation",)}
    named = {
        name: (
            (
                "chain",
                "draw",
                *dims.get(name, [f"{name}_{k}" for k in range(value.ndim - 2)]),
            ),
            value,
        )
        for name, value in values.items()
    }
    return xr.Dataset(named, coords={"treatment": list(form.columns.effects)})


def dense_log_likelihood(model, panel, draws, k):
    """Return the log density of contrasts that are free of unit and time effects and intercepts.

    Parameters
    ----------
    model : PanelDML
    panel : Panel
    draws : Dataset
        Posterior draws of the scales, of one chain.
    k : int
        The number of the draw.
    """
    form = model.statistics(panel)
    scales = {name: draws[name].to_numpy()[0, k] for name in draws}
    phi, n = form.basis.columns(panel.source), len(panel)
    variance = scales["standard_coefficient_sd"][:, None] ** 2 * form.basis.spectrum
    terms = form.basis.prior_arrays()["terms"]
    if "covariate_scale" in scales:
        variance = variance * (scales["covariate_scale"] @ terms.T) ** 2
    if "length_scale" in scales:
        density = spectral_density(
            form.basis.frequencies, scales["length_scale"] @ terms.T
        )
        variance = variance * np.where(form.basis.frequencies > 0, density, 1)
    same_unit = panel.unit[:, None] == panel.unit
    lag = abs(panel.time[:, None] - panel.time)
    correlations = [
        same_unit * rho**lag / (1 - rho**2) if rho else np.eye(n)
        for rho in scales.get("serial_correlation", [0, 0])
    ]
    v, e = (
        scale**2 * correlation
        for scale, correlation in zip(
            scales["standard_error_sd"], correlations, strict=True
        )
    )
    theta = scales["standard_effect"][0]
    alike = (
        2 * scales["standard_association"][0] - 1
        if "standard_association" in scales
        else 0.0
    )
    across = theta * v + alike * phi * np.sqrt(variance[0] * variance[1]) @ phi.T
    whole = np.block(
        [
            [phi * variance[0] @ phi.T + v, across],
            [across.T, phi * variance[1] @ phi.T + theta**2 * v + e],
        ]
    )
    flat = (
        (panel.unit[:, None] == np.arange(len(panel.units))).astype(float)
        if model.within_units
        else np.ones((n, 1))
    )
    flat = np.hstack([flat, panel.time_dummies()]) if model.time_effects else flat
    contrasts = np.kron(
        np.eye(2), np.linalg.svd(flat)[0][:, np.linalg.matrix_rank(flat) :].T
    )
    rows = np.concatenate(
        [panel.treatment[:, 0] / form.units[0], panel.outcome / form.units[1]]
    )
    return stats.multivariate_normal(cov=contrasts @ whole @ contrasts.T).logpdf(
        contrasts @ rows
    )


@pytest.mark.parametrize("name", OPTIONS)
def test_the_likelihood_from_cross_products_is_that_of_the_rows(frame, name):
    """Observation by observation and compressed, to 1e-8 but for a constant."""
    model, panel = cs.PanelDML(basis_size=4, **OPTIONS[name]), panel_of(frame)
    draws = draws_of(model, panel)
    ours = model.log_likelihood(draws, panel).to_numpy()[0]
    difference = [
        dense_log_likelihood(model, panel, draws, k) - ours[k] for k in range(4)
    ]
    np.testing.assert_allclose(difference, difference[0], atol=2e-8)


@pytest.mark.parametrize(
    "name", ["default", "independent", "covariate", "hsgp", "autoregressive"]
)
def test_the_graph_has_the_likelihood_by_numpy(frame, name):
    model, panel = cs.PanelDML(basis_size=4, **OPTIONS[name]), panel_of(frame)
    graph = model.build(panel)
    outputs = graph.replace_rvs_by_values([graph.potentials[0], *graph.free_RVs])
    function = graph.compile_fn(outputs, mode="FAST_COMPILE")
    rng = np.random.default_rng(2)
    differences = []
    for _ in range(3):
        potential, *values = function(
            {
                name: rng.normal(0, 0.3, np.shape(value))
                for name, value in graph.initial_point().items()
            }
        )
        draws = xr.Dataset()
        for variable, value in zip(graph.free_RVs, values, strict=True):
            dims = [f"{variable.name}_{k}" for k in range(np.ndim(value))]
            draws[variable.name] = (
                ("chain", "draw", *dims),
                np.asarray(value)[None, None],
            )
        differences.append(
            float(potential) - float(model.log_likelihood(draws, panel)[0, 0])
        )
    np.testing.assert_allclose(differences, 0, atol=1e-8)


def test_correlations_of_coefficients_are_lkj():
    """Entries of an LKJ(2) matrix of size q are 2 Beta(1 + q/2, 1 + q/2) - 1.

    Lewandowski, Kurowicka & Joe (2009).
    """
    rng, shapes = np.random.default_rng(1), lkj_shapes(4, 2.0)
    correlations = coefficient_covariance(
        np, np.ones((5_000, 4)), rng.beta(shapes, shapes, (5_000, 6)), 4
    )
    np.testing.assert_allclose(np.diagonal(correlations, axis1=1, axis2=2), 1)
    for i, j in combinations(range(4), 2):
        np.testing.assert_array_equal(correlations[:, i, j], correlations[:, j, i])
        assert (
            stats.kstest((correlations[:, i, j] + 1) / 2, stats.beta(3, 3).cdf).pvalue
            > 1e-3
        )


def test_correlated_coefficients_avoid_regularisation_induced_confounding():
    """The design of DiTraglia & Liu (2025), table 1: a hundred covariates with small coefficients.

    The bias over 25 data sets is known within .04, to which 200 draws of each add .002.
    """
    errors_by_kind = {"correlated": [], "independent": []}
    for seed in range(25):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((200, 100))
        d = x.sum(axis=1) / 10 + rng.standard_normal(200)
        y = (
            2 * d
            + x @ (rng.standard_normal(100) / 10 - 0.05)
            + 2 * rng.standard_normal(200)
        )
        table = pd.DataFrame(x, columns=[f"x{k}" for k in range(100)]).assign(
            unit=range(200), time=0, d=d, y=y
        )
        panel = panel_of(table, covariates=table.columns[:100])
        for kind, errors in errors_by_kind.items():
            model = cs.PanelDML(heterogeneity="pooled", basis_size=1, coefficients=kind)
            errors.append(
                float(model.importance_draws(panel)(1, 200, rng)[0]["effect"].mean())
                - 2
            )
    assert abs(np.mean(errors_by_kind["correlated"])) < 0.12
    assert (
        np.mean(errors_by_kind["independent"]) - np.mean(errors_by_kind["correlated"])
        > 0.08
    )


def test_the_likelihood_agrees_with_inverse_wishart_and_lkj_forms(frame):
    """Without covariates: an inverse-Wishart posterior over its prior, and an LKJ correlation."""
    panel = panel_of(frame, covariates=[])
    model = cs.PanelDML()
    form, draws = model.statistics(panel), draws_of(model, panel, count=6)
    rows = (
        demeaned(np.column_stack([panel.treatment, panel.outcome]), panel.starts)
        / form.units
    )
    products, free = rows.T @ rows, len(panel) - len(panel.units)
    ours, wishart, lkj = model.log_likelihood(draws, panel).to_numpy()[0], [], []
    for k in range(6):
        theta, (v, e) = (
            draws["standard_effect"].to_numpy()[0, k, 0],
            draws["standard_error_sd"].to_numpy()[0, k] ** 2,
        )
        sigma = np.array([[v, theta * v], [theta * v, e + theta**2 * v]])
        wishart.append(
            stats.invwishart(4 + free, np.eye(2) + products).logpdf(sigma)
            - stats.invwishart(4, np.eye(2)).logpdf(sigma)
        )
        scales = np.sqrt(np.diag(sigma))
        lower = scales[:, None] * np.linalg.cholesky(sigma / np.outer(scales, scales))
        lkj.append(
            -free * np.log(np.diag(lower)).sum()
            - (np.linalg.solve(lower, rows.T) ** 2).sum() / 2
        )
    for other in (wishart, lkj):
        np.testing.assert_allclose(np.diff(other), np.diff(ours), atol=1e-8)


def test_two_way_mundlak_of_an_unbalanced_panel(frame):
    """Unit means of the dummies of periods make Mundlak's regression two-way fixed effects.

    Means over units at each time do not.
    """
    frame = frame.assign(y=frame["y"] + frame["time"] ** 2 * 0.3)
    panel = panel_of(frame, covariates=["x1"])
    times, x = panel.time_dummies(), panel.source[["x1"]].to_numpy()
    inner = np.hstack([panel.treatment, x])
    means = unit_means(np.hstack([inner, times]), panel.starts)[panel.unit]
    one = np.ones((len(panel), 1))
    mundlak = estimators.clustered(
        panel.outcome, panel.treatment, np.hstack([one, x, times, means]), panel.unit
    ).coefficients[0]
    raw = np.column_stack(
        [[column[panel.time == t].mean() for t in panel.time] for column in inner.T]
    )
    naive = estimators.clustered(
        panel.outcome,
        panel.treatment,
        np.hstack([one, x, means[:, :2], raw]),
        panel.unit,
    ).coefficients[0]
    for heterogeneity in ("within", "mundlak"):
        form = cs.PanelDML(
            basis_size=1, time_effects=True, heterogeneity=heterogeneity
        ).statistics(panel)
        slope = (
            form.canonical.residual[0, 1]
            / form.canonical.residual[0, 0]
            * form.units[1]
            / form.units[0]
        )
        assert slope == pytest.approx(mundlak, rel=1e-8)
    assert abs(naive - mundlak) > 1e-3


def test_moderated_effects_are_least_squares_with_products(frame):
    """Straight lines: slopes of D and of D times the group are those of dummies for all units.

    The average is over rows, or over the rows of a group.
    """
    panel, model = (
        panel_of(frame, covariates=["x1", "group"]),
        cs.PanelDML(basis_size=1, moderators="group"),
    )
    form = model.statistics(panel)
    assert form.columns.effects == ("d", "d x group[T.b]")
    slopes = (
        np.linalg.solve(form.canonical.residual[:2, :2], form.canonical.residual[:2, 2])
        * form.units[2]
        / form.units[:2]
    )
    second = (panel.source["group"] == "b").to_numpy(float)
    dummies = panel.unit[:, None] == np.arange(12)
    columns = np.hstack(
        [
            panel.treatment,
            panel.treatment * second[:, None],
            panel.source[["x1"]],
            dummies,
        ]
    )
    np.testing.assert_allclose(
        slopes, np.linalg.lstsq(columns, panel.outcome, rcond=1e-10)[0][:2], rtol=1e-8
    )
    draws = draws_of(model, panel)
    effect = model.estimands()["effect"]
    coefficients = draws["effect"].to_numpy()
    in_a = coefficients[..., 0]
    in_b = coefficients.sum(axis=-1)
    np.testing.assert_allclose(
        effect.compute(draws, panel), in_a + second.mean() * coefficients[..., 1]
    )
    np.testing.assert_allclose(effect.compute(draws, panel.part(second == 1)), in_b)
    at = effect.at(draws, panel.at(pd.DataFrame({"group": ["b", "a"]})))
    np.testing.assert_allclose(at, np.stack([in_b, in_a], axis=-1))
    assert (
        list(panel.groups("group").categories) == ["a", "b"]
        and len(panel.groups("unit").categories) == 12
    )


def test_the_columns_of_a_gaussian_process_have_its_covariance():
    x = np.random.default_rng(4).uniform(-1, 3, 40)
    form, length = hilbert(x, 80), 0.4
    columns = form.columns(x)[:, 1:]
    covariance = columns * spectral_density(form.frequencies[1:], length) @ columns.T
    r = np.sqrt(5) * abs(x[:, None] - x) / x.std() / length
    np.testing.assert_allclose(covariance, (1 + r + r**2 / 3) * np.exp(-r), atol=0.01)


def test_random_fourier_features_have_the_covariance_of_their_kernel():
    """And, where it cannot be had from functions of each covariate, follow a product of two."""
    x = np.random.default_rng(5).standard_normal((400, 2))
    form = fourier(x, 4_000)
    columns, apart = (
        form.columns(x[:30]),
        ((x[:30, None] - x[:30]) ** 2 / x.var(axis=0)).sum(axis=-1),
    )
    lengths = np.exp(np.linspace(np.log(0.5), np.log(4), 2_001))
    kernel = np.exp(-apart[..., None] / 2 / (2 * lengths**2)).mean(axis=-1)
    np.testing.assert_allclose(columns * form.spectrum @ columns.T, kernel, atol=0.03)
    few, product = fourier(x, 60).columns(x), x.prod(axis=1)
    assert (
        product - few @ np.linalg.lstsq(few, product)[0]
    ).var() < 0.05 * product.var()


def test_duplicated_rows_of_a_unit_leave_the_clustered_interval_as_it_is(frame):
    """Every row appears again, later, in its own unit."""
    twice = pd.concat([frame, frame.assign(time=frame["time"] + 1_000)])
    slopes, sds = {}, {}
    for name, table in (("once", frame), ("twice", twice)):
        panel, model = panel_of(table), cs.PanelDML(basis_size=1)
        draws = model.importance_draws(panel)(1, 4_000, np.random.default_rng(3))[0]
        sds[name] = float(
            with_cluster_robust_spread(model, draws, panel)["effect"].std()
        )
        few = draws_of(model, panel, count=200)
        few["standard_coefficient_sd"] = (
            few["standard_coefficient_sd"] * 0 + 1e4
        )  # least squares
        slopes[name] = bootstrap_slopes(model, few, panel, np.random.default_rng(3))
    np.testing.assert_allclose(slopes["once"], slopes["twice"], rtol=1e-5)
    assert sds["once"] == pytest.approx(sds["twice"], rel=0.08)


def test_the_bootstrap_has_the_spread_of_the_sandwich():
    panel = cs.PanelDML().simulate(6, units=300, times=4).data
    model = cs.PanelDML(errors="bootstrap")
    draws = draws_of(model, panel, count=600)
    robust = sandwich(residuals(model, draws, panel), panel, 3.0)
    slopes = bootstrap_slopes(model, draws, panel, np.random.default_rng(1))
    assert slopes.std() == pytest.approx(
        np.sqrt(robust.covariance[0, 0]), rel=4 * np.sqrt(1 / 600 + 1 / 300)
    )
    drawn = with_bootstrap_spread(model, draws, panel, np.random.default_rng(1))[
        "standard_effect"
    ]
    heavier = np.sqrt(robust.degrees[0] / (robust.degrees[0] - 2))
    assert float(drawn.std()) == pytest.approx(
        heavier * np.sqrt(robust.covariance[0, 0]), rel=4 * np.sqrt(1 / 600)
    )


def test_random_slopes_are_calibrated():
    """Ranks of the truth among draws are uniform: mean, spread, and a unit's slope."""
    ranks = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        theta = rng.normal()
        s = np.exp(rng.normal(0, 0.5))
        g = abs(stats.cauchy.rvs(random_state=rng))
        phi, v = rng.standard_normal((2, 30, 5))
        d = v + 2 * phi
        slopes = theta + s * g * rng.standard_normal(30)
        y = (
            s / np.sqrt(3) * rng.standard_normal() * phi
            + theta * v
            + (slopes - theta)[:, None] * d
            + s * rng.standard_normal((30, 5))
        )
        columns = np.stack([phi, v, y], axis=2)
        gram, cross = (
            np.einsum("ntk,ntl->kl", columns, columns),
            np.einsum("ntk,nt->nk", columns, d),
        )
        draws = draw_random_slopes(
            gram, cross, (d**2).sum(axis=1), np.array([s**2 / 3]), 150, 99, rng
        )
        below = (
            draws.mean < theta,
            draws.spread < s * g,
            draws.by_unit[:, 0] < slopes[0],
        )
        ranks.append([each.sum() for each in below])
    for column in np.array(ranks).T:
        counts = np.bincount(column // 10, minlength=10)
        assert stats.chisquare(counts).pvalue > 0.002


def test_unit_effects_are_recovered():
    frame = cs.PanelDML().simulate(7, units=80, times=12, structure="B").data.source
    deviations = np.random.default_rng(8).normal(0, 0.8, 80)
    panel = panel_of(
        frame.assign(y=frame["y"] + deviations[frame["unit"].astype(int)] * frame["d"]),
        covariates=["x1"],
    )
    model = cs.PanelDML(effects="unit")
    draws = with_random_slopes(
        model, draws_of(model, panel, count=500), panel, np.random.default_rng(1)
    )
    error = draws["unit_effect"].mean(["chain", "draw"]).to_numpy() - 1 - deviations
    assert (
        np.sqrt((error**2).mean())
        < 1.2 * draws["unit_effect"].std(["chain", "draw"]).mean()
        < 0.5
    )
    assert (
        draws["effect_spread"].quantile(0.01)
        < deviations.std()
        < draws["effect_spread"].quantile(0.99)
    )


def test_errors_of_the_mean_unit_effect_match_its_standard_deviation():
    """Curves act on the treatment, and through unit effects on the outcome too (25 data sets)."""
    errors = []
    for seed in range(25):
        frame = cs.PanelDML().simulate(seed + 500, units=150, times=8).data.source
        deviations = np.random.default_rng([seed, 7]).normal(0, 0.5, 150)
        panel = panel_of(
            frame.assign(
                y=frame["y"] + deviations[frame["unit"].astype(int)] * frame["d"]
            ),
            covariates=["x1"],
        )
        draws = cs.fit(
            cs.PanelDML(effects="unit"), panel, seed=seed, progress=False
        ).draws["posterior"]["average_effect"]
        errors.append(float((draws.mean() - 1) / draws.std()))
    assert 0.6 < np.sqrt(np.mean(np.square(errors))) < 1.45, errors


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"basis": "trees"}, "'splines', 'hsgp' or 'fourier'"),
        ({"shrinkage": "none"}, "'global' or 'global-local'"),
        ({"coefficients": "alike"}, "'correlated' or 'independent'"),
        ({"basis": "fourier", "interactions": "pairs"}, "leave out `interactions`"),
        ({"basis": "fourier", "shrinkage": "global-local"}, "all covariates together"),
        ({"effects": "all"}, "'common' or 'unit'"),
        ({"effects": "unit", "errors": "bootstrap"}, "goes with errors='cluster' or"),
        ({"effects": "unit", "moderators": "x1"}, "no `moderators`"),
        ({"moderators": ""}, "`moderators` as None or a formula"),
    ],
)
def test_fields_that_exclude_each_other(fields, message):
    with pytest.raises(cs.ModelError, match=message):
        cs.PanelDML(**fields)


@pytest.mark.parametrize(
    ("fields", "options", "message"),
    [
        ({"moderators": "time"}, {}, "name it as a covariate"),
        (
            {"errors": "ar1", "heterogeneity": "random"},
            {},
            "does not go with heterogeneity='random'",
        ),
        ({"errors": "ar1"}, {"weights": "weight"}, "does not go with weights"),
        ({"basis": "hsgp", "basis_size": 400}, {}, "coefficients are too many"),
    ],
)
def test_models_that_these_data_exclude_are_refused(frame, fields, options, message):
    wide = pd.concat(
        [
            frame.assign(
                unit=frame["unit"] + 12 * k,
                x1=frame["x1"] + 0.01 * k,
                x2=frame["x2"] - 0.02 * k,
            )
            for k in range(20)
        ]
    )
    panel = panel_of(wide.assign(weight=np.arange(len(wide)) + 1.0), **options)
    with pytest.raises(cs.ModelError, match=message):
        cs.PanelDML(**fields).inputs(panel)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"heterogeneity": "fixed"}, "'within', 'mundlak', 'random' or 'pooled'"),
        ({"basis_size": 0}, "whole number from 1"),
        ({"interactions": "all"}, "'none' or 'pairs'"),
        ({"interactions": [("x", "x")]}, "two different"),
        ({"effect_sd": 0}, "positive"),
        ({"errors": "robust"}, "'cluster', 'iid', 'bootstrap', 'ar1' or 'placebo'"),
        ({"scale": (1.0, -1.0)}, "positive numbers"),
    ],
)
def test_fields_are_checked(fields, message):
    with pytest.raises(cs.ModelError, match=message):
        cs.PanelDML(**fields)
