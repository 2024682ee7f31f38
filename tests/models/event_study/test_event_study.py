"""EventStudy against published numbers, other algorithms, and its own laws."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

import causalstats as cs
from causalstats.case_studies.minimum_wage import study
from causalstats.models.event_study import (
    aggregations,
    density,
    group_time_effects,
)
from causalstats.models.event_study.baselines import one_coefficient
from causalstats.models.event_study.cross_products import first_covariates
from causalstats.models.event_study.event_study_regression import (
    average,
    saturated_by_rows,
)
from causalstats.numerics.panel import parallel_trend_violations
from causalstats.numerics.panel.ar1_errors import gaps, whitened

MPDTA = (
    Path(__file__).resolve().parents[3] / "case_studies" / "minimum_wage" / "mpdta.csv"
)
ROLES = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
LEAST_SQUARES = cs.EventStudy(pooling="none", errors="cluster")
QUICK = cs.Auto(chains=2, draws=500)


def minimum_wage(**columns) -> cs.Panel:
    frame = pd.read_csv(MPDTA)
    adopted = (frame["first.treat"] > 0) & (frame["year"] >= frame["first.treat"])
    return cs.Panel.from_frame(
        frame.assign(raised=adopted.astype(float)),
        unit="countyreal",
        time="year",
        outcome="lemp",
        treatment="raised",
        **columns,
    )


def estimates(panel, controls="not_yet"):
    """Return the cells, their sizes and the least-squares estimate."""
    model = cs.EventStudy(controls=controls)
    effects, _ = saturated_by_rows(
        cs.EventStudy(controls=controls, errors="ar1"), panel
    )
    return model.effect_cells(panel), model.cell_sizes(panel), effects


def staggered(seed, units=60, times=6, cohorts=2, **options):
    return cs.EventStudy().simulate(
        seed, units=units, times=times, cohorts=cohorts, **options
    )


def table(panel) -> pd.DataFrame:
    return panel.source[["unit", "time", "d", "y"]].copy()


# Published numbers and other algorithms --------------------------------------


@pytest.mark.parametrize(
    ("controls", "att", "error", "by_event_time"),
    [
        ("never", -0.0400, 0.0117, [-0.0199, -0.0510, -0.1373, -0.1008]),
        ("not_yet", -0.0477, 0.0132, [-0.0311, -0.0522, -0.1361, -0.1047]),
    ],
)
def test_minimum_wages_are_as_published(controls, att, error, by_event_time):
    cells, size, effects = estimates(minimum_wage(), controls)
    after = cells.event_time >= 0
    weights = size * after / size[after].sum()
    assert weights @ effects.coefficients == pytest.approx(att, abs=5e-5)
    variance = weights @ effects.covariance @ weights
    assert np.sqrt(variance) == pytest.approx(error, abs=1.5e-4)
    for event_time, expected in enumerate(by_event_time):
        own = size * (cells.event_time == event_time)
        value = own @ effects.coefficients / own.sum()
        assert value == pytest.approx(expected, abs=5e-5)


def test_saturated_regression_is_the_imputation_estimator():
    panel = minimum_wage()
    frame = panel.source.assign(unit=panel.unit, time=panel.time)
    untreated = panel.treatment[:, 0] == 0
    columns = pd.get_dummies(frame[["unit", "time"]].astype(str)).to_numpy(float)
    fit = np.linalg.lstsq(columns[untreated], panel.outcome[untreated])[0]
    difference = panel.outcome - columns @ fit
    cells, size, effects = estimates(panel)
    assert size @ effects.coefficients / size.sum() == pytest.approx(
        difference[~untreated].mean(), abs=1e-8
    )


def test_against_units_that_never_adopt_it_is_differences_in_differences():
    panel = minimum_wage()
    study = cs.EventStudy().adoption(panel)
    means = (
        pd.DataFrame(
            {"g": study.cohort[study.unit], "t": study.period, "y": panel.outcome}
        )
        .groupby(["g", "t"])["y"]
        .mean()
        .unstack()
        .to_numpy()
    )
    cells, _, effects = estimates(panel, "never")
    for g, e, value in zip(
        cells.cohort, cells.event_time, effects.coefficients, strict=True
    ):
        adopted = study.adopted[g]
        change = means[:, adopted + e] - means[:, adopted - 1]
        assert value == pytest.approx(change[g] - change[-1], abs=1e-8)


def test_the_one_coefficient_is_as_published():
    estimate = one_coefficient(cs.EventStudy(), minimum_wage())
    assert estimate.mean()[0] == pytest.approx(-0.0365, abs=5e-5)


def test_the_answer_is_told_in_per_cent_with_the_labels_of_the_study():
    fit = cs.fit(LEAST_SQUARES, study.data(), seed=1, progress=False)
    sentence = fit.effect("att").in_words()
    start = "A raise of the minimum wage lowers teen employment of the treated by about"
    assert sentence.startswith(start)
    assert "4.6 %" in sentence or "4.7 %" in sentence  # 1 - exp(-.0477)


def test_exact_draws_have_the_clustered_standard_error():
    """That of `compare` is CR1; draws have a t distribution of the 20 counties of one cohort."""
    fit = cs.fit(LEAST_SQUARES, minimum_wage(), seed=1, progress=False)
    numbers = fit.effect("att").numbers().iloc[0]
    assert numbers["mean"] == pytest.approx(-0.0477, abs=0.001)
    assert numbers["sd"] == pytest.approx(0.0132, rel=0.12)
    cells, sizes, effects = estimates(minimum_wage())
    published = average(effects, aggregations.overall(cells, sizes))
    assert np.sqrt(published.covariance[0, 0]) == pytest.approx(0.0132, abs=1e-4)


def dense(model, panel, scales):
    """Return mean and covariance of flat effects given ρ and sds, from whitened rows.

    Parameters
    ----------
    model : EventStudy
    panel : Panel
    scales : (float, array)
        ρ, and the standard deviation of the errors of each cohort.
    """
    study = model.adoption(panel)
    rho, sd = scales
    covariates, _ = first_covariates(model, panel, study)
    dummies = (study.period[:, None] == np.arange(1, len(study.periods))).astype(float)
    cells = np.flatnonzero(model.in_effect(study))
    columns = [
        dummies * covariates[study.unit][:, [j]] for j in range(covariates.shape[1])
    ]
    rows = np.column_stack(
        [*columns, study.cell[:, None] == cells, panel.outcome[study.rows]]
    )
    gap = gaps(panel.time[study.rows], study.starts)
    white, _ = whitened(rows, gap, study.starts, rho, True)
    weight = np.sqrt(panel.weights[study.rows]) / sd[study.cohort[study.unit]]
    white = white * weight[:, None]
    precision = white[:, :-1].T @ white[:, :-1]
    covariance = np.linalg.inv(precision)
    mean = covariance @ (white[:, :-1].T @ white[:, -1])
    own = slice(-len(cells), None)
    return mean[own], covariance[own, own]


def test_effects_given_the_scales_are_generalised_least_squares_of_the_rows():
    rng = np.random.default_rng(1)
    frame = table(staggered(1).data)
    frame["w"] = 1.0 + frame["unit"].astype(int) % 3
    frame = frame[rng.random(len(frame)) < 0.85]
    panel = cs.Panel.from_frame(frame, **ROLES, weights="w")
    model = cs.EventStudy(pooling="none", scale=1.0)
    count = 80_000
    deviation = np.array([[0.2, -0.1, 0.3]])
    scales = {
        "standard_error_sd": np.full((count, 1), 1.3),
        "log_sd_deviation": np.repeat(deviation, count, axis=0),
        "serial_correlation": np.full((count, 1), 0.4),
    }
    draws = group_time_effects.draw_effects(scales, model.inputs(panel), rng)
    mean, covariance = dense(model, panel, (0.4, 1.3 * np.exp(deviation[0])))
    error = np.sqrt(np.diag(covariance) / count)
    assert (abs(draws.mean(axis=0) - mean) < 5 * error).all()
    np.testing.assert_allclose(
        np.cov(draws.T), covariance, atol=0.02 * covariance.max()
    )


def test_pooled_effects_given_the_scales_have_the_moments_of_their_prior_and_the_rows():
    """Averaged over the two orders of the walk, by their evidence given the rows' estimates."""
    panel = staggered(1).data
    model, rng, count = cs.EventStudy(scale=1.0), np.random.default_rng(1), 20_000
    values = {
        "standard_error_sd": 0.9,
        "serial_correlation": 0.4,
        "walk_sd": 0.3,
        "cell_sd": 0.2,
    }
    scales = {name: np.full((count, 1), value) for name, value in values.items()}
    scales["log_sd_deviation"] = np.zeros((count, 3))
    inputs = model.inputs(panel)
    draws = group_time_effects.draw_effects(scales, inputs, rng)
    estimate, variance = dense(model, panel, (0.4, np.full(3, 0.9)))
    cells = model.effect_cells(panel)
    steps = np.arange(1, cells.event_time.max() + 1)
    walk = (cells.event_time[:, None] >= steps).astype(float)
    twice = np.maximum(cells.event_time[:, None] - steps, 0.0)
    same = (cells.cohort[:, None] == cells.cohort).astype(float)
    common = 900.0 + 3.2**2 * same + 0.2**2 * np.eye(len(cells))
    line = np.outer(cells.event_time, cells.event_time)
    means, logs = [], []
    for prior in (
        common + 0.09 * walk @ walk.T,
        common + line + 0.09 * twice @ twice.T,
    ):
        total = 0.81 * prior + variance
        means.append(0.81 * prior @ np.linalg.solve(total, estimate))
        sign, log_determinant = np.linalg.slogdet(total)
        logs.append(
            -(log_determinant + estimate @ np.linalg.solve(total, estimate)) / 2
        )
    weights = np.exp(logs - np.logaddexp(*logs))
    error = draws.std(axis=0) / np.sqrt(count)
    assert (abs(draws.mean(axis=0) - weights @ np.array(means)) < 5 * error).all()


def test_a_single_draw_of_effects_needs_no_draw_of_the_other_order():
    panel = staggered(1).data
    model = cs.EventStudy()
    scales = {each.name: np.ones((1, each.count)) for each in model.sampled(panel)}
    scales["serial_correlation"][:] = 0.5
    rng = np.random.default_rng(1)
    effects = group_time_effects.draw_effects(scales, model.inputs(panel), rng)
    assert effects.shape == (1, len(model.effect_cells(panel)))


def with_covariates(seed=2):
    rng = np.random.default_rng(seed)
    frame = table(staggered(seed).data)
    unit = frame["unit"].astype(int).to_numpy()
    frame["x"] = rng.normal(size=60)[unit]
    frame["kind"] = np.array(["a", "b", "c"])[unit % 3]
    frame["y"] += 0.3 * frame["x"] * frame["time"].astype(float)
    return cs.Panel.from_frame(frame, **ROLES, covariates=["x", "kind"])


@pytest.mark.parametrize("pooling", ["shape", "full", "none"])
def test_the_density_by_numpy_is_that_of_the_graph(pooling):
    panel = with_covariates()
    model = cs.EventStudy(pooling=pooling, controls="never")
    parameters = model.sampled(panel)
    graph = model.build(panel)
    density_of_graph = graph.compile_logp(mode="FAST_COMPILE")
    names = [variable.name for variable in graph.value_vars]
    rng = np.random.default_rng(1)
    size = sum(parameter.count for parameter in parameters)
    points = 0.5 * rng.standard_normal((3, size))
    expected = []
    for point in points:
        values, start = {}, 0
        for parameter, name in zip(parameters, names, strict=True):
            assert name.startswith(parameter.name)
            part = point[start : start + parameter.count]
            values[name] = part if parameter.dims else part[0]
            start += parameter.count
        expected.append(float(density_of_graph(values)))
    ours = density.log_density(points, parameters, model.inputs(panel))
    np.testing.assert_allclose(np.diff(ours), np.diff(expected), atol=1e-7)


@pytest.mark.slow
def test_nuts_and_importance_sampling_agree():
    panel = staggered(3, units=40).data
    by_weights = cs.fit(cs.EventStudy(), panel, seed=1, progress=False)
    by_nuts = cs.fit(
        cs.EventStudy(), panel, seed=2, sampler=cs.Nuts(chains=2), progress=False
    )
    one, other = (fit.effect("event_time").summary() for fit in (by_weights, by_nuts))
    error = np.hypot(
        one["sd"] / np.sqrt(one["ess_bulk"]), other["sd"] / np.sqrt(other["ess_bulk"])
    )
    assert (abs(one["mean"] - other["mean"]) < 5 * error).all()


# Laws -------------------------------------------------------------------------


def test_one_cohort_and_one_period_after_is_two_by_two_differences():
    panel = staggered(1, units=12, times=3, cohorts=1).data
    frame = table(panel)
    frame = frame[frame["time"] > 0]
    panel = cs.Panel.from_frame(frame, **ROLES)
    change = (
        frame.pivot(index="unit", columns="time", values="y").diff(axis=1).iloc[:, 1]
    )
    treated = frame.groupby("unit")["d"].max() > 0
    _, _, effects = estimates(panel)
    expected = change[treated].mean() - change[~treated].mean()
    assert effects.coefficients[0] == pytest.approx(expected, abs=1e-10)


def test_constants_of_units_and_periods_the_order_of_rows_and_names_change_nothing():
    rng = np.random.default_rng(1)
    frame = table(staggered(1).data)
    moved = frame.sample(frac=1.0, random_state=1)
    unit = moved["unit"].astype(int).to_numpy()
    moved["y"] += 3 * rng.normal(size=60)[unit]
    moved["y"] += rng.normal(size=6)[moved["time"].astype(int)]
    moved["unit"] = "u" + moved["unit"].astype(str)
    model = cs.EventStudy(scale=1.0)
    inputs = [
        model.inputs(cs.Panel.from_frame(each, **ROLES)) for each in (frame, moved)
    ]
    point = np.zeros((1, 7))
    panels = [cs.Panel.from_frame(each, **ROLES) for each in (frame, moved)]
    one, other = (
        density.log_density(point, model.sampled(panel), each)
        for panel, each in zip(panels, inputs, strict=True)
    )
    np.testing.assert_allclose(one, other, rtol=1e-9)


def test_a_panel_in_chunks_is_the_panel_at_once():
    frame = table(staggered(1).data)
    whole = cs.Panel.from_frame(frame, **ROLES)
    chunked = cs.Panel.from_chunks([frame[:100], frame[100:]], **ROLES)
    model = cs.EventStudy()
    for name, value in model.inputs(whole).items():
        np.testing.assert_allclose(model.inputs(chunked)[name], value, atol=1e-9)


def test_scaling_the_outcome_scales_the_answer():
    frame = table(staggered(1).data)
    tenfold = frame.assign(y=10 * frame["y"])
    fits = [
        cs.fit(
            cs.EventStudy(),
            cs.Panel.from_frame(each, **ROLES),
            seed=1,
            sampler=QUICK,
            progress=False,
        )
        for each in (frame, tenfold)
    ]
    one, other = (fit.effect("att").draws.to_numpy() for fit in fits)
    assert other.mean() == pytest.approx(10 * one.mean(), rel=0.05)
    assert other.std() == pytest.approx(10 * one.std(), rel=0.1)


def test_units_that_are_weighed_twice_are_two_units():
    frame = table(staggered(1).data)
    weighted = frame.assign(w=2.0)
    twice = pd.concat([frame, frame.assign(unit=frame["unit"].astype(int) + 1000)])
    model = cs.EventStudy(scale=1.0)
    one = model.statistics(cs.Panel.from_frame(weighted, **ROLES, weights="w"))
    other = model.statistics(cs.Panel.from_frame(twice, **ROLES))
    np.testing.assert_allclose(2 * one.grams, other.grams, atol=1e-8)


# Violations of parallel trends --------------------------------------------------


@pytest.mark.parametrize("bend", [0.0, 0.3])
def test_bounds_under_smooth_trends_solve_the_linear_program(bend):
    weights = np.array([0.5, 0.3, 0.2])
    slope = 0.2
    size = len(weights)
    change = np.diff(np.eye(size + 2), n=2, axis=0)
    fixed = np.array([-slope, 0.0])  # δ at the last two event times before adoption
    limit = np.full(size, bend)
    upper = np.vstack([change[:, 2:], -change[:, 2:]])
    right = np.concatenate(
        [limit - change[:, :2] @ fixed, limit + change[:, :2] @ fixed]
    )
    largest = -optimize.linprog(-weights, upper, right, bounds=(None, None)).fun
    centre, half = parallel_trend_violations.smooth_trend(
        np.array([slope]), weights, bend
    )
    assert centre[0] + half == pytest.approx(largest, abs=1e-8)


def test_bounds_by_relative_magnitudes_solve_the_linear_program():
    rng = np.random.default_rng(1)
    leads, weights = rng.normal(size=(1, 3)), np.array([0.5, 0.3, 0.2])
    steps = np.diff(np.append(leads[0], 0.0))
    change = np.diff(np.eye(4), axis=0)[:, 1:]
    limit = np.full(3, abs(steps).max())
    upper, right = np.vstack([change, -change]), np.concatenate([limit, limit])
    largest = -optimize.linprog(-weights, upper, right, bounds=(None, None)).fun
    reach = parallel_trend_violations.relative_magnitude(leads, weights)
    assert reach[0] == pytest.approx(largest, abs=1e-8)


def test_leads_given_smooth_trends_bend_no_more_than_allowed():
    rng = np.random.default_rng(1)
    root = rng.normal(size=(5, 5))
    covariance = root @ root.T
    draws = parallel_trend_violations.draw_smooth_leads(
        np.ones(5), covariance, 4, 0.2, 500, rng
    )
    path = np.hstack([draws[:, :4], np.zeros((500, 1))])
    assert abs(np.diff(path, n=2, axis=1)).max() <= 0.2 + 1e-9


def test_bounds_widen_with_the_violation_and_break_down_where_it_is_said():
    model = cs.EventStudy(pooling="none", errors="cluster", controls="never")
    fit = cs.fit(model, minimum_wage(), seed=1, progress=False)
    bounds = fit.sensitivity(trend_violation=[0.0, 0.5, 1.0])
    upper = bounds.loc[[index for index in bounds.index if "upper" in str(index[-1])]]
    assert upper["mean"].is_monotonic_increasing
    breakdown = fit.effect("breakdown_value").draws
    assert float((breakdown < 0).mean()) > 0.99


# Checks and refusals --------------------------------------------------------------


def checks_of(panel, model=LEAST_SQUARES):
    fit = cs.fit(model, panel, seed=1, sampler=QUICK, progress=False)
    return fit.check().to_frame()


def changed(seed, change, **options):
    frame = table(staggered(seed, **options).data)
    first = frame[frame["d"] > 0].groupby("unit")["time"].min()
    since = frame["time"].astype(float) - frame["unit"].map(first).astype(float)
    frame = change(frame, since)
    return cs.Panel.from_frame(frame, **ROLES)


def test_trends_that_differ_before_adoption_are_found():
    def change(frame, since):
        return frame.assign(y=frame["y"] + 0.8 * since.fillna(0.0))

    verdicts = checks_of(changed(1, change, units=200, times=8))["verdict"]
    assert verdicts["parallel trends before adoption"] == "failed"


def test_an_effect_before_adoption_is_found():
    def change(frame, since):
        return frame.assign(y=frame["y"] + 1.0 * (since == -1))

    panel = changed(1, change, units=200, times=8)
    assert checks_of(panel)["verdict"]["no anticipation"] == "failed"
    cells = cs.EventStudy(anticipation=1).effect_cells(panel)
    assert cells.event_time.min() == -1


def test_units_that_leave_at_adoption_are_found():
    def change(frame, since):
        rng = np.random.default_rng(1)
        return frame[~((since >= 1) & (rng.random(len(frame)) < 0.3))]

    verdicts = checks_of(changed(1, change, units=200, times=8))["verdict"]
    assert verdicts["presence does not depend on adoption"] == "failed"


def test_few_treated_clusters_are_counted():
    frame = table(staggered(1).data)
    treated = frame[frame["d"] > 0]["unit"].unique()
    kept = frame[~frame["unit"].isin(treated[2:])]
    verdicts = checks_of(cs.Panel.from_frame(kept, **ROLES))
    assert "Conley & Taber" in verdicts["remedy"]["treated units"]


def test_units_treated_at_once_and_periods_without_controls_are_left_out_and_counted():
    frame = table(staggered(1).data)
    never = frame.groupby("unit")["d"].transform("max") == 0
    early = frame["unit"].astype(int) == 0
    frame = frame[~never].assign(d=frame["d"].where(~early, 1.0))
    panel = cs.Panel.from_frame(frame, **ROLES)
    left_out = cs.EventStudy().adoption(panel).left_out
    assert left_out.affected_at_once == 1
    assert left_out.cohorts == ("5",)
    assert left_out.periods == ("5",)
    finding = cs.EventStudy().data_checks(panel)[0].finding
    assert "not identified" in finding


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.assign(d=frame["d"] * frame["time"]), "PanelDML"),
        (
            lambda frame: frame.assign(
                d=np.where(frame["time"].astype(int) == 5, 0.0, frame["d"])
            ),
            "stay once it is adopted",
        ),
    ],
)
def test_doses_and_treatments_that_end_are_refused(change, message):
    panel = cs.Panel.from_frame(change(table(staggered(1).data)), **ROLES)
    with pytest.raises(cs.ModelError, match=message):
        cs.EventStudy().adoption(panel)


def test_clusters_above_units_need_clustered_errors():
    frame = table(staggered(1).data)
    frame["state"] = frame["unit"].astype(int) % 20
    panel = cs.Panel.from_frame(frame, **ROLES, cluster="state")
    with pytest.raises(cs.ModelError, match="errors='cluster'"):
        cs.EventStudy().inputs(panel)
    assert len(LEAST_SQUARES.inputs(panel)["degrees"]) == 3
    with pytest.raises(cs.ModelError, match="pooling='none'"):
        cs.EventStudy(errors="cluster")


def test_the_band_of_all_event_times_is_wider_than_each_interval():
    fit = cs.fit(LEAST_SQUARES, minimum_wage(), seed=1, progress=False)
    effect = fit.effect("event_time")
    band, each = effect.simultaneous(), effect.numbers()
    assert (band["upper"] > each["upper"]).all()
    assert fit.plot("event study").axes


@pytest.mark.slow
def test_answers_are_calibrated_over_the_prior():
    calibration = cs.calibrate(
        cs.EventStudy(scale=1.0), fits=24, seed=1, sampler=QUICK, progress=False
    )
    assert calibration.table()["p_uniform"].min() > 0.001
