"""`DynamicPanel`: its likelihood by brute force, no Nickell bias, robust spread, refusals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.case_studies.labour_demand import study as labour_demand
from causalstats.errors import ModelError
from causalstats.models.dynamic_panel import density
from causalstats.models.dynamic_panel.covariate_form import form_p_values
from causalstats.models.dynamic_panel.design import (
    consecutive_runs,
    design_of,
    unit_columns,
)
from causalstats.numerics.panel.system_gmm import SystemUnits, system_gmm

ROLES = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
QUICK = cs.DynamicPanel(variances="constant", errors="iid")


@pytest.fixture(scope="module")
def panel():
    return cs.DynamicPanel().simulate(1, units=120, times=5).data


def posterior(model, data, seed=1):
    fit = cs.fit(model, data, seed=seed, progress=False)
    return fit.draws["posterior"]


def scales(*points):
    error = np.array([each[0] for each in points])
    return density.Scales(error, np.array([each[1] for each in points]))


def test_likelihood_is_that_of_the_joint_normal_of_all_outcomes():
    model = cs.DynamicPanel(errors="iid", coefficient_sd=2.0)
    data = model.simulate(3, units=8, times=4).data
    design = design_of(model, data)
    block = next(unit_columns(model, data))
    columns, outcome = block.columns[:, :, :-1], block.columns[:, :, -1].ravel()
    flat = np.where(design.precision > 0, design.precision, 1e-7)
    stacked = columns.reshape(len(outcome), -1)
    points = scales((np.array([0.4, 0.5, 0.7]), 0.3), (np.array([0.6, 0.4, 0.5]), 0.8))
    direct = []
    for error, unit in zip(points.error, points.unit, strict=True):
        within = np.diag(error**2) + unit**2
        covariance = (
            np.kron(np.eye(8), within) + stacked @ np.diag(1 / flat) @ stacked.T
        )
        mean = stacked @ design.prior_mean
        direct.append(stats.multivariate_normal.logpdf(outcome, mean, covariance))
    ours = density.log_likelihood(points, design)
    np.testing.assert_allclose(np.diff(ours), np.diff(direct), rtol=1e-4)


def test_density_is_that_of_the_graph(panel):
    model = cs.DynamicPanel(errors="iid")
    graph = model.build(panel)
    logp = graph.compile_logp(vars=graph.potentials, mode="FAST_COMPILE")
    design = design_of(model, panel)
    point = graph.initial_point()
    ours, theirs = [], []
    for error, unit in ((0.4, 0.3), (0.7, 0.6)):
        point["standard_error_sd_log__"] = np.full(4, np.log(error))
        name = next(key for key in point if key.startswith("standard_unit_sd"))
        point[name] = np.log(np.expm1(unit))
        theirs.append(logp(point))
        ours.append(
            density.log_likelihood(scales((np.full(4, error), unit)), design)[0]
        )
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), rtol=1e-6)


def test_points_of_importance_sampling_have_the_prior_of_the_scales():
    """Without data, the density of a point is that of half-normal σ_t and σ_u."""
    model = cs.DynamicPanel()
    points = np.array([[0.2, -0.1, 0.4], [-0.3, 0.5, 0.05]])
    step = 1e-5
    for point in points:
        moved = point + step * np.vstack([np.eye(3), -np.eye(3)])
        values = np.hstack(
            [part.reshape(6, -1) for part in density.constrained(model, moved)]
        )
        jacobian = (values[:3] - values[3:]) / (2 * step)
        error, unit = density.constrained(model, point[None])
        ratio = density._RATIO_BEND * np.logaddexp(0, point[-1] / density._RATIO_BEND)
        assert unit[0] == pytest.approx(ratio * np.exp(np.log(error).mean()))
        log_slope = (
            np.log(error).mean()
            + np.log(error).sum()
            - np.logaddexp(0, -point[-1] / density._RATIO_BEND)
        )
        assert np.linalg.slogdet(jacobian)[1] == pytest.approx(log_slope, rel=1e-6)


def test_published_numbers_of_arellano_and_bond():
    """Table 4, column (a1), as in Stata's xtabond: one step, robust standard errors."""
    data = labour_demand.published()
    rule = cs.DynamicPanel(lags=2).baselines(data)["difference GMM (Arellano-Bond)"]
    estimate, _ = rule(np.random.default_rng(1))
    published = {
        "wage": (-0.608, 0.178),
        "capital": (0.357, 0.059),
        "output": (0.608, 0.172),
    }
    expected = np.array([published[name] for name in data.treatments])
    sd = np.sqrt(np.diag(estimate.covariance))
    np.testing.assert_allclose(estimate.mean(), expected[:, 0], atol=6e-4)
    np.testing.assert_allclose(sd, expected[:, 1], atol=6e-4)


def test_published_numbers_of_blundell_and_bond():
    """Table 4, GMM-SYS, one step, as in DPD for Ox and `pgmm` of R's plm, robust errors."""
    frame = labour_demand.frame()
    names = {"n": "employment", "w": "wage", "k": "capital"}
    for short, name in names.items():
        frame[short] = frame[name]
        frame[f"{short}1"] = frame.groupby("firm")[name].shift(1)
    frame["length"] = frame.groupby("firm")["year"].transform("size")
    frame["first"] = frame.groupby("firm")["year"].transform("min")
    years = np.unique(frame["year"])[1:]
    blocks = []
    for (first, length), rows in frame.groupby(["first", "length"]):
        variables = rows[["n", "w", "k"]].to_numpy().reshape(-1, length, 3)
        slopes = rows[["n1", "w", "w1", "k", "k1"]].to_numpy().reshape(-1, length, 5)
        year = rows["year"].to_numpy().reshape(-1, length, 1)[:, 1:]
        regressors = np.concatenate([slopes[:, 1:], year == years], axis=2)
        firm = rows["firm"].to_numpy()[::length]
        blocks.append(SystemUnits(first, variables, regressors, firm))
    estimate = system_gmm(blocks, exogenous=len(years))
    errors = np.sqrt(np.diag(estimate.covariance))
    published = [0.9356, -0.6310, 0.4826, 0.4839, -0.4244]
    np.testing.assert_allclose(estimate.coefficients[:5], published, atol=6e-5)
    published = [0.0263, 0.1181, 0.1369, 0.0539, 0.0585]
    np.testing.assert_allclose(errors[:5], published, atol=6e-5)


def test_system_gmm_allows_for_feedback_that_the_answer_does_not():
    rng = np.random.default_rng(5)
    units, times, before = 400, 6, 20
    effect = rng.normal(size=units)
    y, d = np.zeros((2, units, before + times))
    for t in range(1, before + times):
        d[:, t] = -0.6 * y[:, t - 1] + effect + rng.normal(size=units)
        y[:, t] = 0.5 * y[:, t - 1] + d[:, t] + effect + rng.normal(size=units)
    y, d = y[:, before:], d[:, before:]
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), times),
            "time": np.tile(np.arange(times), units),
            "y": y.ravel(),
            "d": d.ravel(),
        }
    )
    data = cs.Panel.from_frame(frame, **ROLES)
    rules = QUICK.baselines(data)
    estimate, _ = rules["system GMM, predetermined (Blundell-Bond)"](rng)
    assert abs(estimate.mean()[0] - 1) < 3 * np.sqrt(estimate.covariance[0, 0])
    check = next(
        check
        for check in QUICK.data_checks(data)
        if check.name == "strict exogeneity given the past outcome"
    )
    assert check.passed is False
    assert "system GMM" in check.remedy


def test_persistence_of_employment_lies_between_fixed_effects_and_least_squares():
    """Persistence of fixed effects is biased down, that of least squares up (Bond 2002)."""
    data = cs.Panel.from_frame(
        labour_demand.frame(),
        unit="firm",
        time="year",
        outcome="employment",
        treatment=["wage", "capital", "output"],
    )
    model = cs.DynamicPanel(variances="constant", projection="mundlak")
    persistence = float(posterior(model, data)["persistence"].mean())
    low, high = (_lag_coefficient(model, data, within) for within in (True, False))
    assert low < persistence < high


def _lag_coefficient(model, data, within):
    from causalstats.models.dynamic_panel.baselines import _least_squares

    return _least_squares(model, data, within).coefficients[0]


def test_no_bias_of_the_order_of_one_over_the_periods():
    """Over 40 data sets of 4 periods persistence is right, and that of fixed effects is not."""
    ours, within = [], []
    for seed in range(40):
        data = QUICK.simulate(seed, units=200, times=4).data
        draw = QUICK.importance_draws(data)
        draws, *_ = draw(1, 200, np.random.default_rng(seed))
        means, _ = density.coefficient_moments(
            density.scales_of(draws), design_of(QUICK, data)
        )
        ours.append(means[:, 0].mean())
        within.append(_lag_coefficient(QUICK, data, within=True))
    error = np.std(ours) / np.sqrt(40)
    assert abs(np.mean(ours) - 0.5) < 4 * error
    assert np.mean(within) < 0.5 - 20 * error


def test_without_persistence_it_is_the_within_estimator(panel):
    """ρ = 0 and the unit effect on first outcomes and means of the treatment (Mundlak 1978)."""
    model = cs.DynamicPanel(
        variances="constant",
        projection="mundlak",
        errors="iid",
        persistence_mean=0.0,
        persistence_sd=1e-6,
        effect_sd=100.0,
        coefficient_sd=100.0,
    )
    rows = panel.source[panel.source["time"] > 0]
    static = cs.Panel.from_frame(rows, **ROLES)
    within = cs.PanelDML(time_effects=True).baselines(static)["fixed effects"]
    expected = within(np.random.default_rng(1))[0].mean()[0]
    draws = posterior(model, panel)["effect"]
    error = float(draws.std()) / 50
    assert float(draws.mean()) == pytest.approx(expected, abs=4 * error)


def test_units_copied_within_clusters_add_no_precision(panel):
    frame = panel.source.assign(origin=panel.source["unit"])
    copy = frame.assign(unit=frame["unit"] + 1000)
    both = pd.concat([frame, copy], ignore_index=True)
    model = cs.DynamicPanel(variances="constant")
    alone = posterior(model, cs.Panel.from_frame(frame, **ROLES))
    twice = posterior(model, cs.Panel.from_frame(both, cluster="origin", **ROLES))
    for name in ("effect", "persistence"):
        assert float(twice[name].std()) == pytest.approx(
            float(alone[name].std()), rel=0.1
        )


def test_working_draws_are_those_of_the_likelihood(panel):
    model = cs.DynamicPanel(variances="constant")
    fit = cs.fit(model, panel, seed=1, progress=False)
    draws = fit.draws["posterior"].to_dataset()
    plain = posterior(QUICK, panel)
    working = model.working_draws(draws, panel)
    np.testing.assert_allclose(working["effect"], plain["effect"])


def test_scaling_and_shifting_the_outcome_scales_the_answer(panel):
    moved = panel.source.assign(y=3.0 * panel.source["y"] + 10.0)
    ours = posterior(QUICK, panel)["effect"]
    theirs = posterior(QUICK, cs.Panel.from_frame(moved, **ROLES))["effect"]
    np.testing.assert_allclose(theirs, 3.0 * ours, rtol=1e-6)


def test_order_of_rows_changes_nothing(panel):
    shuffled = panel.source.sample(frac=1, random_state=1)
    one = design_of(QUICK, panel).histories[0].gram
    other = design_of(QUICK, cs.Panel.from_frame(shuffled, **ROLES)).histories[0].gram
    np.testing.assert_allclose(one, other, rtol=1e-10)


def test_longest_run_of_consecutive_periods_is_kept():
    seen = {"a": [0, 1, 3, 4, 5], "b": [0, 1, 2, 4, 5, 6], "c": [0, 2]}
    frame = pd.DataFrame(
        [(unit, time) for unit, times in seen.items() for time in times],
        columns=["unit", "time"],
    )
    rng = np.random.default_rng(1)
    frame = frame.assign(y=rng.normal(size=13), d=rng.normal(size=13))
    data = cs.Panel.from_frame(frame, **ROLES)
    runs = {
        data.units[data.unit[row[0]]]: data.time[row].tolist()
        for run in consecutive_runs(data, 2)
        for row in run.rows
    }
    assert runs == {"a": [3, 4, 5], "b": [4, 5, 6]}


def test_effect_by_horizon_adds_up_to_the_long_run(panel):
    model = cs.DynamicPanel(variances="constant")
    fit = cs.fit(model, panel, seed=1, progress=False)
    path = fit.effect("effect_by_horizon").draws
    effect, persistence = fit.effect("effect").draws, fit.effect("persistence").draws
    np.testing.assert_allclose(path.sel(horizon=0), effect)
    second = effect * (1 + persistence + persistence**2)
    np.testing.assert_allclose(path.sel(horizon=2), second)
    np.testing.assert_allclose(
        fit.effect("long_run_effect").draws, effect / (1 - persistence)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame[frame["time"] == 0], "consecutive periods"),
        (lambda frame: frame.assign(d=frame["unit"] * 1.0), "does not change within"),
        (lambda frame: frame.assign(d=frame["time"] * 1.0), "does not change within"),
        (lambda frame: frame.assign(y=1.0), "outcome is the same"),
    ],
    ids=["one period", "lasting treatment", "common treatment", "constant outcome"],
)
def test_data_that_say_nothing_are_refused(panel, change, message):
    data = cs.Panel.from_frame(change(panel.source), **ROLES)
    with pytest.raises(ModelError, match=message):
        cs.fit(cs.DynamicPanel(), data, seed=1, progress=False)


def test_weights_that_change_within_units_are_refused(panel):
    frame = panel.source.assign(w=1.0 + panel.source["time"])
    data = cs.Panel.from_frame(frame, weights="w", **ROLES)
    with pytest.raises(ModelError, match="Weights change within units"):
        cs.DynamicPanel().inputs(data)


@pytest.mark.parametrize(
    ("settings", "name", "passed"),
    [
        ({}, "errors without serial correlation", True),
        ({}, "strict exogeneity given the past outcome", True),
        ({"error_correlation": 0.5}, "errors without serial correlation", False),
        ({"feedback": 0.5}, "strict exogeneity given the past outcome", False),
    ],
)
def test_checks_see_serial_correlation_and_feedback(settings, name, passed):
    import sys

    sys.path.append("benchmarks")
    from designs.dynamic_panel import dynamic, read

    model = cs.DynamicPanel(variances="constant")
    data = read(dynamic(np.random.default_rng(4), units=300, **settings))
    by_name = {check.name: check for check in model.data_checks(data)}
    assert by_name[name].passed is passed


def test_checks_of_an_outcome_in_another_unit_from_midway_on_end_in_checks():
    """Variances of the periods lie far apart, and the search for their mode ended in an error."""
    import sys

    sys.path.append("benchmarks")
    from designs.dynamic_panel import dynamic, read

    frame = dynamic(np.random.default_rng(4), units=40, times=16)
    frame["y"] *= np.where(frame["time"] >= 8, 1e5, 1.0)
    checks = cs.DynamicPanel().data_checks(read(frame))
    by_name = {check.name: check.passed for check in checks}
    assert by_name["outcome in one unit at all times"] is not True


@pytest.mark.parametrize("shape", ["line", "square", "categories"])
def test_covariates_that_act_by_no_line_are_seen(shape):
    import sys

    sys.path.append("benchmarks")
    from designs.dynamic_panel import dynamic, read

    frame = dynamic(np.random.default_rng(4), shape=shape)
    p_value = form_p_values(cs.DynamicPanel(), read(frame, covariates=["x"]))["x"]
    assert (p_value > 0.01) is (shape == "line")


@pytest.mark.parametrize(("growth", "failures"), [(0.0, 0), (0.25, 5)])
def test_one_variance_of_all_periods_is_refuted_where_it_grows(growth, failures):
    failed = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        grid = np.divmod(np.arange(1000), 5)
        frame = pd.DataFrame(dict(zip(("unit", "time"), grid, strict=True)))
        alpha = rng.standard_normal(200)[grid[0]]
        frame["d"] = 0.5 * alpha + rng.standard_normal(1000)
        spread = np.exp(growth * grid[1])
        # Errors of a distribution that is not normal, with one variance by default
        errors = spread * (rng.standard_exponential(1000) - 1)
        y = np.zeros((200, 5))
        for t in range(5):
            before = y[:, t - 1] if t else 0.0
            now = (alpha + frame["d"].to_numpy() + errors).reshape(200, 5)[:, t]
            y[:, t] = 0.5 * before + now
        frame["y"] = y.ravel()
        data = cs.Panel.from_frame(frame, **ROLES)
        model = cs.DynamicPanel(variances="constant")
        checks = {check.name: check for check in model.data_checks(data)}
        failed += checks["constant variance"].passed is False
        assert "constant variance" not in {
            check.name for check in cs.DynamicPanel().data_checks(data)
        }
    assert failed == failures


def test_two_periods_are_said_to_be_too_few():
    data = cs.DynamicPanel().simulate(1, units=20, times=3).data
    first = data.source[data.source["time"] < 2]
    two = cs.Panel.from_frame(first, **ROLES)
    with pytest.raises(ModelError, match="a panel of 3 periods or more"):
        cs.fit(cs.DynamicPanel(), two, seed=1, progress=False)
