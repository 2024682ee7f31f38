"""`Instrument` with several treatments: outside numbers, its graph, its checks and refusals."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.special import expit
from statsmodels.sandbox.regression.gmm import IV2SLS

import causalstats as cs
from causalstats.models.instrument import observed_units as pointwise
from causalstats.numerics.instruments.effect_posterior import LOG_VARIANCE_RANGE
from causalstats.numerics.instruments.several_treatments import (
    bounded,
    conditional_first_stage_f,
    least_statistic,
    log_density,
    starting_grid,
)

FORMULA = "y ~ w | t1 + t2 ~ z1 + z2 + z3"


def frame_of(seed=1, rows=600, second=0.4, invalid=0.0, correlation=0.0):
    """Effects 1 and -1; z2 and z3 move t2 by `second`, z3 acts on the outcome by `invalid`."""
    rng = np.random.default_rng(seed)
    w, e = rng.standard_normal((2, rows))
    z = rng.standard_normal((rows, 3)) + 0.3 * w[:, None]
    v = rng.standard_normal((rows, 2))
    v[:, 1] = correlation * v[:, 0] + np.sqrt(1 - correlation**2) * v[:, 1]
    t1 = 0.5 * z[:, 0] + 0.2 * z[:, 2] + w + v[:, 0]
    t2 = second * (z[:, 1] - z[:, 2]) + v[:, 1]
    y = t1 - t2 + w + 0.5 * v.sum(axis=1) + e + invalid * z[:, 2]
    return pd.DataFrame({"y": y, "t1": t1, "t2": t2, "w": w}).assign(
        z1=z[:, 0], z2=z[:, 1], z3=z[:, 2]
    )


def data_of(**settings):
    return cs.Instrumented.from_formula(FORMULA, frame_of(**settings))


def fitted(data, **fields):
    return cs.fit(cs.Instrument(**fields), data, seed=1, progress=False)


def failed(data, **fields):
    return {check.name for check in fitted(data, **fields).check() if not check.passed}


def test_a_formula_names_several_treatments():
    frame = frame_of(rows=50)
    data = cs.Instrumented.from_formula(FORMULA, frame)
    assert data.treatments == ("t1", "t2") and data.treatment.shape == (50, 2)
    roles = {"outcome": "y", "treatment": ["t1", "t2"], "covariates": ["w"]}
    roles["instruments"] = ["z1", "z2", "z3"]
    chunks = cs.Instrumented.from_chunks([frame[:20], frame[20:]], **roles)
    assert chunks.fingerprint == data.fingerprint
    one = cs.Instrumented.from_frame(frame, **{**roles, "treatment": ["t1"]})
    assert one.treatment.shape == (50,) and one.arguments["treatment"] == "t1"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"instruments": ["z1"]}, "as many instruments as treatments, got 1 and 2"),
        ({"treatment": ["t1", "t2", "sum"]}, "determine each other given the covar"),
        ({"treatment": ["t1", "moved"]}, "the treatment 'moved'.*among the covariates"),
        ({"treatment": ["t1", "mixed"]}, "a combination of the treatments 't1', 'mix"),
        ({"treatment": ["t1", "constant"]}, "treatment 'constant' is constant"),
        ({"treatment": ["t1", "z1"]}, "'z1' is named in `treatment` and in `instrum"),
        ({"treatment": []}, "Expected a treatment"),
        ({"treatment": ["t1", "holes"]}, "column 'holes' is missing in row 0"),
        ({"outcome": "exact"}, "determined by the treatments 't1', 't2'"),
    ],
)
def test_designs_that_cannot_be_meant_are_refused(change, words):
    frame = frame_of(rows=60)
    frame["sum"] = 2 * frame["t1"] - frame["t2"] + frame["w"]
    frame["moved"] = frame["z1"] - 3 * frame["w"]
    frame["mixed"] = frame["t1"] + frame["z2"]
    frame["constant"] = 1.0
    frame["holes"] = frame["t2"].where(frame.index > 0)
    frame["exact"] = frame["t1"] + 2 * frame["t2"]
    roles = {"outcome": "y", "treatment": ["t1", "t2"], "covariates": ["w"]}
    roles |= {"instruments": ["z1", "z2", "z3"], **change}
    with pytest.raises(cs.DataError, match=words):
        cs.Instrumented.from_frame(frame, **roles)


@pytest.mark.parametrize(
    "fields",
    [
        {"confounding": "any"},
        {"direct": {"z1": 0.1}},
        {"direct": "learned", "errors": "iid"},
        {"effects": "compliers"},
    ],
    ids=str,
)
def test_options_of_one_treatment_are_refused(fields):
    with pytest.raises(cs.ModelError, match="goes with one treatment.*'t1', 't2'"):
        fitted(data_of(rows=60), **fields)


def test_four_treatments_and_bayes_factors_are_refused():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.standard_normal((60, 9)), columns=["y", *"abcd", *"efgh"])
    data = cs.Instrumented.from_formula("y ~ 1 | a + b + c + d ~ e + f + g + h", frame)
    with pytest.raises(cs.ModelError, match="at most 3 treatments, got 4"):
        fitted(data)
    with pytest.raises(cs.ModelError, match="one treatment, got 't1', 't2'"):
        cs.Instrument().bayes_factor_of_no_confounding(data_of(rows=60))
    frame = frame_of(rows=60).assign(g=np.arange(60) % 3)
    few = cs.Instrumented.from_formula(FORMULA, frame, cluster="g")
    with pytest.raises(cs.ModelError, match="more clusters than instruments"):
        fitted(few)


def test_two_stage_least_squares_is_that_of_statsmodels():
    frame, data = frame_of(), data_of()
    held = sm.add_constant(frame[["w"]])
    theirs = IV2SLS(
        frame["y"],
        held.join(frame[["t1", "t2"]]),
        held.join(frame[["z1", "z2", "z3"]]),
    ).fit()
    table = fitted(data, errors="iid").compare()
    np.testing.assert_allclose(table["2SLS"], theirs.params[["t1", "t2"]])
    width = table["2SLS, upper"] - table["2SLS, lower"]
    # Their variance is u'u / (n - 4), as ours
    np.testing.assert_allclose(
        width / 2 / 1.959964, theirs.bse[["t1", "t2"]], rtol=1e-6
    )
    least = sm.OLS(frame["y"], held.join(frame[["t1", "t2"]])).fit()
    np.testing.assert_allclose(table["least squares"], least.params[["t1", "t2"]])


def test_conditional_f_statistics_are_those_of_regressions():
    """Sanderson & Windmeijer (2016): F of the instruments in T_1 - T_2 δ, δ by 2SLS."""
    frame, data = frame_of(), data_of()
    held = sm.add_constant(frame[["w"]])
    instruments = held.join(frame[["z1", "z2", "z3"]])
    ours, p_values = conditional_first_stage_f(data.moments, robust=False)
    robust, _ = conditional_first_stage_f(data.moments, robust=True)
    for position, (name, other) in enumerate((("t1", "t2"), ("t2", "t1"))):
        slope = IV2SLS(frame[name], held.join(frame[[other]]), instruments).fit()
        left = frame[name] - slope.params[other] * frame[other]
        test = sm.OLS(left, instruments).fit().f_test(np.eye(3, 5, k=2))
        theirs = float(test.fvalue) * 3 / 2
        assert ours[position] == pytest.approx(theirs)
        assert p_values[position] == pytest.approx(stats.f.sf(theirs, 2, 595))
        columns = sm.OLS(instruments[["z1", "z2", "z3"]], held).fit().resid.to_numpy()
        scores = columns * sm.OLS(left, held).fit().resid.to_numpy()[:, None]
        total = scores.sum(axis=0)
        by_score = total @ np.linalg.solve(scores.T @ scores, total) / 2
        assert robust[position] == pytest.approx(by_score)


def test_a_second_treatment_that_is_nearly_its_own_instrument_is_a_covariate():
    """The posterior of the other is then that of one treatment in closed form."""
    frame = frame_of()
    frame["t2"] = frame["z2"] + 0.01 * np.random.default_rng(9).standard_normal(600)
    two = fitted(
        cs.Instrumented.from_formula("y ~ w | t1 + t2 ~ z1 + z2 + z3", frame)
    ).effect("effect")
    one = fitted(cs.Instrumented.from_formula("y ~ w + z2 | t1 ~ z1 + z3", frame))
    several = two.draws.sel(treatment="t1")
    single = one.effect("effect").draws
    for prob in (0.025, 0.5, 0.975):
        away = float(several.quantile(prob) - single.quantile(prob))
        assert abs(away) < 0.12 * float(single.std()), prob


def test_linear_combinations_are_taken_draw_by_draw():
    effects = fitted(data_of()).effect("effect")
    both = effects.linear_combination({"t1": 2, "t2": -1})
    by_hand = 2 * effects.draws.sel(treatment="t1") - effects.draws.sel(treatment="t2")
    np.testing.assert_allclose(both.draws, by_hand)
    assert both.contrast == "2 t1 - t2" and both.assumptions == effects.assumptions
    with pytest.raises(cs.ModelError, match="'t1', 't2', got 't3'"):
        effects.linear_combination({"t3": 1})
    with pytest.raises(cs.ModelError, match="one number"):
        both.linear_combination({"t1": 1})


def test_units_of_very_different_size_change_nothing_but_the_unit():
    frame = frame_of(rows=200)
    plain = fitted(cs.Instrumented.from_formula(FORMULA, frame)).effect("effect")
    frame["t1"] *= 1e8
    frame["t2"] *= 1e-7
    frame["z3"] *= 1e9
    scaled = fitted(cs.Instrumented.from_formula(FORMULA, frame)).effect("effect")
    factors = np.array([1e8, 1e-7])
    for prob in (0.1, 0.5, 0.9):
        np.testing.assert_allclose(
            scaled.draws.quantile(prob, ("chain", "draw")) * factors,
            plain.draws.quantile(prob, ("chain", "draw")),
            rtol=1e-3,
        )


def test_checks_see_what_is_planted():
    """A weak treatment, an instrument that acts on the outcome, and nothing."""
    assert failed(data_of()) == set()
    weak = failed(data_of(second=0.0))
    assert "the instruments bound the effect" in weak
    assert "the instruments move each treatment" in weak
    assert "overidentification" in failed(data_of(invalid=0.5))
    just = cs.Instrumented.from_formula("y ~ w | t1 + t2 ~ z1 + z2", frame_of())
    checks = {check.name: check for check in fitted(just).check()}
    assert checks["overidentification"].passed is None


def test_a_robust_set_is_unbounded_along_one_direction_in_any_units():
    frame = frame_of(second=0.0)
    frame["t2"] = 1e7 * (frame["t1"] + 0.01 * frame["t2"])
    data = cs.Instrumented.from_formula(FORMULA, frame)
    assert not bounded(data.moments, robust=True)
    assert not bounded(data.moments, robust=False)
    strong = data_of(second=1.0).moments
    assert bounded(strong, robust=True) and bounded(strong, robust=False)


def test_the_robust_search_finds_no_more_than_a_grid():
    moments = data_of(rows=150, second=0.1).moments
    least, _ = least_statistic(moments, robust=True)
    from causalstats.numerics.instruments.several_treatments import direction_statistics

    centre, root = starting_grid(moments)
    steps = np.random.default_rng(1).standard_normal((20_000, 2))
    contrast = np.column_stack([np.ones(len(steps)), -(centre + steps @ root.T)])
    assert least <= direction_statistics(moments, contrast, robust=True).min() + 1e-6


def test_a_fit_is_saved_and_loaded(tmp_path):
    fit = fitted(data_of(rows=80))
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    assert again.data.treatments == ("t1", "t2")
    assert again.data.fingerprint == fit.data.fingerprint
    np.testing.assert_array_equal(
        again.effect("effect").draws, fit.effect("effect").draws
    )


@pytest.mark.parametrize("errors", ["iid", "robust"])
def test_the_density_of_the_graph_is_that_of_the_grid(errors):
    data = data_of(rows=80)
    model = cs.Instrument(errors=errors)
    graph = model.build(data)
    logp = graph.compile_logp(mode="FAST_COMPILE")
    point = graph.initial_point()
    names = {name.split("_interval")[0]: name for name in point}
    centre, root = starting_grid(data.moments)
    low, high = LOG_VARIANCE_RANGE
    pairs = []
    for angles, variance in (([0.0, 0.0], 0.0), ([0.8, -1.0], 0.5), ([-2, 0.3], -0.4)):
        moved = dict(point)
        moved[names["angle"]] = np.asarray(angles, float)
        moved[names["log_first_stage_variance"]] = np.asarray(variance)
        angle = np.pi * (expit(np.asarray(angles, float)) - 0.5)
        ours = log_density(
            data.moments,
            (centre + np.tan(angle) @ root.T)[None],
            np.array([low + (high - low) * expit(variance)]),
            first_stage_scale=0.3,
            robust=errors == "robust",
        )[0, 0]
        ours = ours - 2 * np.log(np.cos(angle)).sum()
        # The interval transforms of uniform variables
        jacobian = sum(
            -np.logaddexp(0, -value) - np.logaddexp(0, value)
            for value in (*angles, variance)
        )
        pairs.append((float(logp(moved)) - jacobian, ours))
    theirs, ours = np.array(pairs).T
    np.testing.assert_allclose(theirs - theirs[0], ours - ours[0], atol=1e-7)


def test_rows_times_prior_by_posterior_of_what_is_drawn_is_the_marginal_likelihood():
    """Chib's identity: log p(x | θ) + log p(θ) - log p(θ | x) is the same at every θ."""
    model = cs.Instrument(errors="iid")
    data = cs.Instrumented.from_formula(
        "y ~ 1 | t1 + t2 ~ z1 + z2 + z3", frame_of(rows=40)
    )
    rng = np.random.default_rng(3)
    draws = model.exact_posterior(data)(1, 12, rng)
    parameters = pointwise.parameters_given(model, draws, data, rng)
    errors, moments = parameters.errors, data.moments
    rows = pointwise.log_likelihood(model, parameters, data, seed=4).sum(axis=1)
    (drawn,) = pointwise.row_errors(model, parameters, data, np.random.default_rng(4))
    marginal = model.log_likelihood(draws, data).to_numpy()[0]
    s2 = np.exp(draws["log_first_stage_variance"].to_numpy()[0])
    identity = []
    for at in range(12):
        kappa = s2[at] / (1 + s2[at])
        variance, slope = errors.variance[at], errors.slope[at]
        residual = errors.root[at] @ errors.root[at].T
        first_stage = errors.first_stage[at]
        c = np.append(1.0, -parameters.effect[at])
        left = moments.products - kappa * moments.explained
        inside = c @ left @ c
        mean = (left @ c)[1:] / inside
        scale = left[1:, 1:] - inside * np.outer(mean, mean)
        n = moments.degrees
        normal = stats.multivariate_normal
        rows_of_zero = np.zeros(2)
        prior = normal(rows_of_zero, s2[at] * residual).logpdf(first_stage).sum()
        # p(Var u, ψ, Ψ) ∝ Var(u)^(q/2 - 1), which is flat with two treatments
        scores = moments.projections @ c
        centre = kappa * (moments.projections[:, 1:] - np.outer(scores, slope))
        posterior = normal(rows_of_zero, kappa * residual).logpdf(first_stage - centre)
        posterior = posterior.sum() + normal(mean, residual / inside).logpdf(slope)
        posterior += stats.invwishart(n - 2, scale).logpdf(residual)
        size = c @ moments.products @ c
        posterior += stats.invgamma.logpdf(variance, n / 2, scale=size / 2)
        held = np.ones(40) / np.sqrt(40)
        u, v = held @ drawn.outcome[:, at], held @ drawn.treatment[:, at]
        posterior += stats.norm.logpdf(u, 0, np.sqrt(variance))
        posterior += normal(rows_of_zero, residual).logpdf(v - slope * u)
        identity.append(rows[at] + prior - posterior - marginal[at])
    np.testing.assert_allclose(identity, identity[0], atol=1e-6)
