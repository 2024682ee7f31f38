"""The graph against an independent log posterior and an independent Stan posterior."""

import json
import signal
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit
from scipy.stats import chi2, norm

import causalstats as cs
from causalstats.core.estimand import answerable
from causalstats.inference.store import FORMAT, save
from causalstats.report.compose import program_of
from causalstats.runs.seal import sealed
from causalstats.samplers import same_program
from tests.models.selective_labels import stan_posterior
from tests.samplers.near_the_start import NearTheStart

REFERENCE = stan_posterior.REFERENCE
QUICK = cs.Nuts(chains=2, draws=60, tune=60, backend="jax")


@pytest.fixture(scope="module")
def data():
    return stan_posterior.decisions()


@pytest.fixture(scope="module")
def fit(data):
    """A short fit, for tests that only read it."""
    model = cs.SelectiveLabels(prevalence=0.4, expertise=["x2"])
    return cs.fit(model, data, seed=1, sampler=QUICK, progress=False)


# Each is a program of its own, which Numba compiles for twenty seconds. `Laplace` has the two other
# posteriors in tests/samplers/test_laplace.py.
@pytest.mark.parametrize(
    ("case", "backend"),
    [
        ("absent", "numba"),
        pytest.param("beta", "numba", marks=pytest.mark.slow),
        pytest.param("exact", "numba", marks=pytest.mark.slow),
        pytest.param("beta", "jax", marks=pytest.mark.slow),
        pytest.param("beta", "numpyro", marks=pytest.mark.slow),
    ],
)
def test_same_posterior_as_stan(data, case, backend):
    model, sampler = stan_posterior.model_of(case), cs.Nuts(backend=backend)
    fit = cs.fit(model, data, seed=1, sampler=sampler, progress=False)
    assert int(fit.draws["sample_stats"]["diverging"].sum()) == 0
    for name, stan, draws in stan_posterior.quantities(fit, case):
        ess = (
            cs.Effect(
                name=name,
                draws=draws,
                description="",
                unit="",
                contrast="",
                kind="associational",
                assumptions=(),
            )
            .summary()["ess_bulk"]
            .iloc[0]
        )
        z = (float(draws.mean()) - stan["mean"]) / np.hypot(
            float(draws.std()) / np.sqrt(ess), stan["mcse_mean"]
        )
        assert abs(z) < 4.5, (name, z)
        assert 0.85 < float(draws.std()) / stan["sd"] < 1.15, name


def test_without_unobservable_it_is_two_logistic_regressions(data):
    """Sampled values are then not attenuated either."""
    graph = cs.SelectiveLabels(unobserved_scale=0, coefficient_prior="paper").build(
        data
    )
    rng = np.random.default_rng(2)
    middle, testing_middle, risk, testing = (
        rng.normal(),
        rng.normal(),
        rng.normal(size=3),
        rng.normal(size=3),
    )
    point = {
        "risk_coefficient": risk,
        "middle": middle,
        "testing_middle": testing_middle,
        "testing_coefficient": testing,
    }
    logits = [middle + data.matrix @ risk, testing_middle + data.matrix @ testing]
    tested, positive = data.decision, data.outcome[data.decision] == 1
    expected = (
        np.log(expit(np.where(tested, logits[1], -logits[1]))).sum()
        + np.log(expit(np.where(positive, logits[0][tested], -logits[0][tested]))).sum()
    )
    expected += (
        norm.logpdf([*risk, middle], 0, 3).sum()
        + norm.logpdf([testing_middle, *testing], [middle, *risk], 3).sum()
    )
    assert float(
        graph.compile_logp(mode="FAST_COMPILE")(
            {f"attenuated_{name}": value for name, value in point.items()}
        )
    ) == pytest.approx(expected, abs=1e-5)


def test_build_is_pure(data):
    model = cs.SelectiveLabels(prevalence=cs.Known(0.4, sd=0.02), expertise=["x2"])
    before, (first, second) = data.fingerprint, (model.build(data) for _ in range(2))
    assert same_program(first, second) and data.fingerprint == before
    point = {name: value + 0.3 for name, value in first.initial_point().items()}
    densities = [
        graph.compile_logp(mode="FAST_COMPILE")(point) for graph in (first, second)
    ]
    assert densities[0] == densities[1]


def test_steps_are_few(fit):
    assert float(fit.draws["sample_stats"]["n_steps"].mean()) <= 25


# Posteriors are compared with Stan's above and in tests/samplers/test_laplace.py.
@pytest.mark.slow
def test_recovers_the_papers_design_in_few_steps():
    """One χ² over every parameter: the distance of truth from posterior in posterior errors."""
    simulation = cs.SelectiveLabels().simulate(seed=11, people=1000)
    model = cs.SelectiveLabels(
        prevalence=cs.Known(simulation.realised["prevalence"], sd=0.005),
        expertise=["x2", "x3", "x4"],
    )
    sampler = cs.Nuts(chains=2, draws=300, backend="jax")
    fit = cs.fit(model, simulation.data, seed=11, sampler=sampler, progress=False)
    stats, posterior = fit.draws["sample_stats"], fit.draws["posterior"]
    assert int(stats["diverging"].sum()) == 0
    assert float(stats["n_steps"].mean()) <= 25
    names = [
        "risk_coefficient",
        "risk_intercept",
        "policy_intercept",
        "unobserved_scale",
    ]
    draws = [posterior[name].to_numpy().reshape(600, -1) for name in names] + [
        posterior["policy_coefficient"].to_numpy()[..., :1].reshape(600, 1)
    ]
    draws = np.concatenate(draws, axis=1)
    truth = np.concatenate(
        [np.ravel(simulation.truth[name]) for name in names]
        + [np.ravel(simulation.truth["policy_coefficient"])[:1]]
    )
    distance = truth - draws.mean(axis=0)
    statistic = distance @ np.linalg.solve(np.cov(draws.T), distance)
    assert 0.0005 < chi2.cdf(statistic, len(truth)) < 0.9995


def test_a_fit_with_a_formula_is_read_back(tmp_path):
    frame = pd.read_csv(REFERENCE / "data.csv", float_precision="round_trip").assign(
        group=lambda table: pd.Categorical(table["x3"] > 0, categories=[True, False])
    )
    data = cs.Decisions.from_frame(
        frame, outcome="outcome", decision="tested", formula="poly(x1, 2) + x2 + group"
    )
    model = cs.SelectiveLabels(prevalence=0.4)
    fit = cs.fit(model, data, seed=1, sampler=NearTheStart(), progress=False)
    path = save(tmp_path / "fit.nc", model, data, QUICK, fit.draws, fit.provenance)
    again = cs.load(path)
    np.testing.assert_array_equal(again.data.matrix, data.matrix)
    other = frame.head(7)
    np.testing.assert_array_equal(
        again.effect("risk", at=other).draws, fit.effect("risk", at=other).draws
    )


def test_the_prevalence_of_another_population(data, tmp_path):
    """The reference is a table of cells with counts; the rows' own prevalence is another."""
    cells = pd.DataFrame(
        {"x1": [1.0, -1.0], "x2": [0.5, 0.0], "x3": [0.0, 2.0], "count": [3, 1]}
    )
    elsewhere = data.with_reference(cells, weights="count")
    model = cs.SelectiveLabels(prevalence=0.3)
    fit = cs.fit(model, elsewhere, seed=1, sampler=NearTheStart(), progress=False)
    np.testing.assert_allclose(fit.effect("prevalence").draws, 0.3, rtol=1e-9)
    risk = fit.effect("risk", at=cells).draws
    far = fit.effect("risk", at=cells.assign(x2=[0.0, 40.0]))
    assert "within the data" in [check.name for check in far.doubts]
    np.testing.assert_allclose(
        0.75 * risk.isel(person=0) + 0.25 * risk.isel(person=1), 0.3, rtol=1e-9
    )
    path = save(tmp_path / "fit.nc", model, elsewhere, QUICK, fit.draws, fit.provenance)
    assert data.fingerprint != elsewhere.fingerprint
    assert cs.load(path).data.fingerprint == elsewhere.fingerprint
    with pytest.raises(cs.DataError, match="positive numbers"):
        data.with_reference(cells.assign(count=-1), weights="count")
    with pytest.raises(cs.DataError, match="no rows|at least one"):
        data.with_reference(cells[:0])


def test_save_and_load(fit, data, tmp_path):
    path = fit.save(tmp_path / "fit.nc")
    again = cs.load(path)
    assert (again.model, again.sampler, again.seed) == (
        fit.model,
        fit.sampler,
        fit.seed,
    ) and again.data.fingerprint == data.fingerprint
    np.testing.assert_array_equal(again.summary(), fit.summary())
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(cs.StoreError, match="damaged"):
        cs.load(path)


def with_field(header, name, value):
    model = header["model"]
    return header | {"model": model | {"fields": model["fields"] | {name: value}}}


def without_field(header, name):
    model = header["model"]
    kept = {field: value for field, value in model["fields"].items() if field != name}
    return header | {"model": model | {"fields": kept}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header: None, "lacks or does not know 'causalstats'"),
        (
            lambda header: header | {"model": {"type": "OtherModel", "fields": {}}},
            "holds a OtherModel",
        ),
        (
            lambda header: {
                name: part for name, part in header.items() if name != "sampler"
            },
            "lacks or does not know 'sampler'",
        ),
        (
            lambda header: header | {"fingerprint": "0"},
            "do not code to what the model was fitted to",
        ),
        (
            lambda header: without_field(header, "coefficient_prior"),
            "without coefficient_prior",
        ),
        (lambda header: without_field(header, "decided_for"), "without decided_for"),
        (
            lambda header: with_field(header, "coefficient_prior", "flat"),
            "coefficient_prior",
        ),
        (lambda header: with_field(header, "decided_for", "both"), "decided_for"),
        (
            lambda header: with_field(header, "coefficient_prior_scale", -1.0),
            "coefficient_prior_scale",
        ),
        (lambda header: with_field(header, "prior_width", 3.0), "with prior_width"),
        (
            lambda header: with_field(
                header, "prevalence", {"type": "Known", "value": 0.4}
            ),
            "`Known` was saved without sd",
        ),
        (
            lambda header: header | {"sampler": {"type": "Nuts", "chains": 2}},
            "`Nuts` was saved",
        ),
        (
            lambda header: header | {"sampler": {"type": "Slice"}},
            "does not know 'Slice'",
        ),
    ],
    ids=[
        "foreign",
        "model",
        "incomplete",
        "data",
        "saved before the prior was a field",
        "saved before the direction was a field",
        "unknown prior",
        "unknown direction",
        "impossible scale",
        "field of another version",
        "known value without its spread",
        "sampler without its settings",
        "unknown sampler",
    ],
)
def test_a_file_that_is_not_ours_says_why(data, tmp_path, change, message):
    model, draws = (
        cs.SelectiveLabels(prevalence=0.4),
        xr.DataTree.from_dict({"posterior": xr.Dataset({"x": ("draw", [1.0])})}),
    )
    path = save(
        tmp_path / "fit.nc",
        model,
        data,
        QUICK,
        draws,
        {"causalstats": "0.1.0", "seed": 1},
    )
    assert cs.load(path).model == model
    with xr.open_datatree(path, engine="h5netcdf") as opened:
        tree = opened.load()
    header = change(json.loads(tree.attrs.pop("causalstats")))
    tree.attrs = {} if header is None else {"causalstats": json.dumps(header)}
    content = bytes(tree.to_netcdf(engine="h5netcdf"))
    path.write_bytes(sealed(content, FORMAT))
    with pytest.raises(cs.StoreError, match=message):
        cs.load(path)


def test_an_interrupted_fit_says_so(data, tmp_path):
    class Pressed:
        """NUTS whose user presses the keys after some draws."""

        def compile(self, problem):
            self.program = cs.Nuts(
                chains=2, draws=50_000, tune=60, backend="jax"
            ).compile(problem)
            return self

        def run(self, problem, seed, advance):
            return self.program.run(
                problem,
                seed,
                lambda share, note: (
                    share > 300 / 50_060 and signal.raise_signal(signal.SIGINT)
                ),
            )

    fit = cs.fit(
        cs.SelectiveLabels(prevalence=0.4),
        data,
        seed=1,
        sampler=Pressed(),
        progress=False,
    )
    assert any(
        "interrupted" in warning for warning in fit.effect("prevalence").warnings
    )
    assert "interrupted" in repr(fit) and "interrupted" in fit._repr_html_()
    assert 50 <= fit.draws["posterior"].sizes["draw"] < 50_000


def test_soft_expertise_is_held_against_its_own_width(data):
    relaxed = {
        lifted.name: lifted
        for lifted in cs.SelectiveLabels(
            expertise=["x2"], expertise_sd=0.3
        ).relaxations(data)
    }
    assert relaxed["expertise on x2"].known == cs.Known(0.0, sd=0.3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prevalence": 2}, "between 0 and 1"),
        ({"prevalence": 0.001}, "impossible"),
        ({"expertise": ["x9"]}, "no feature 'x9'"),
        ({"expertise": "x1"}, "list of names"),
        ({"negative_controls": ["x9"]}, "no feature 'x9'"),
        ({"unobserved_scale": -1}, "0 or more"),
        ({"response": -1}, "0 or more"),
        ({"response": None}, "cannot tell a wide unobservable"),
        ({"expertise_sd": -0.1}, "expertise_sd"),
        ({"unobservable": "cauchy"}, "'uniform', 'normal', 'logistic' or 'student'"),
        ({"link": "cloglog"}, "'logit' or 'probit'"),
    ],
)
def test_refused_assumptions(data, arguments, message):
    with pytest.raises(cs.CausalStatsError, match=message):
        cs.SelectiveLabels(**arguments).build(data)


def test_report_is_written_with_every_check(data, tmp_path):
    model = cs.SelectiveLabels(prevalence=0.4)
    fit = cs.fit(model, data, seed=1, sampler=NearTheStart(), progress=False)
    text = fit.report(
        tmp_path / "report.html", sensitivity={"prevalence": [0.42]}
    ).read_text()
    shown = text.casefold()
    assert all(check.name.casefold() in shown for check in fit.check())
    assert "untested = negative" in text and "<script" not in text
    assert '"causalstats:status" content="fail"' in text  # 20 draws are too few


def test_allocation_and_missed_cases_on_a_known_truth():
    """With one draw, the truth, everything can be counted by hand."""
    simulation = cs.SelectiveLabels().simulate(seed=5, people=400, features=2)
    estimands, data, truth = (
        cs.SelectiveLabels().estimands(),
        simulation.data,
        simulation.truth,
    )
    risk, missed = (
        estimands[name].compute(truth, data).to_numpy().squeeze()
        for name in ("risk", "untested_risk")
    )
    detected = data.outcome[data.decision].sum()
    assert estimands["missed_cases"].compute(truth, data).item() == pytest.approx(
        missed.sum()
    )
    assert estimands["share_found"].compute(truth, data).item() == pytest.approx(
        detected / (detected + missed.sum())
    )
    curve = estimands["allocation"].compute(truth, data).squeeze()
    ranked = np.sort(risk)[::-1]
    assert float(curve.sel(share_tested="30%")) == pytest.approx(
        ranked[:120].sum() / risk.sum()
    )
    assert float(curve[-1]) == pytest.approx(
        ranked[: data.decision.sum()].sum() / risk.sum()
    )


def test_the_curve_of_allocation_is_that_of_its_table():
    """At the true parameters, tests at random are the diagonal, and tests of all find all cases.

    The table lies on the curve, and the point is the actual policy.
    """
    model = cs.SelectiveLabels()
    simulation = model.simulate(3, people=400)
    view = model.views(simulation.truth, simulation.data)["allocation_curve"]()
    table = model.estimands()["allocation"].compute(simulation.truth, simulation.data)
    np.testing.assert_allclose(
        np.interp([0.1, 0.3, 0.5], view.x, view.curve),
        table.sel(share_tested=["10%", "30%", "50%"]).squeeze(),
        atol=0.003,
    )
    assert (
        view.curve[0] == 0
        and view.curve[-1] == pytest.approx(1)
        and (np.diff(view.curve) > 0).all()
        and (np.diff(view.curve, 2) < 1e-9).all()
    )
    assert view.point[0] == simulation.data.tested
    assert view.point[1] == pytest.approx(
        model.estimands()["share_found"]
        .compute(simulation.truth, simulation.data)
        .item()
    )
    np.testing.assert_array_equal(view.line, view.x)


@pytest.mark.parametrize("case", ["all positive", "all negative", "separated"])
def test_what_others_do_where_their_estimate_is_at_infinity(case):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=60), "tested": rng.random(60) < 0.5})
    outcome = {
        "all positive": True,
        "all negative": False,
        "separated": frame["x"] > 0,
    }[case]
    frame["y"] = np.where(frame["tested"], outcome, np.nan).astype(float)
    people = cs.Decisions.from_frame(
        frame, outcome="y", decision="tested", features=["x"]
    )
    for rule in cs.SelectiveLabels(prevalence=0.3).baselines(people).values():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            draws, risks = rule(np.random.default_rng(2))
        assert ((draws >= 0) & (draws <= 1 + 1e-12)).all() and (
            (risks >= 0) & (risks <= 1)
        ).all()


def test_a_fit_shows_itself_and_its_figures(fit):
    card = fit._repr_html_()
    assert "untested_prevalence" in card and "In doubt" in card  # 120 draws are too few
    assert (
        "untested_prevalence" in repr(fit)
        and "prevalence=Known(value=0.4" in repr(fit)
        and "link" not in repr(fit)
    )
    for name in (
        *answerable(fit.model, fit.data),
        *fit.predictions(),
        "",
        "parameters",
        "chains",
        "contraction",
        "comparison",
        "diagram",
    ):
        assert fit.plot(name).axes
    with pytest.raises(cs.ModelError, match="no plot 'nope'.*contraction"):
        fit.plot("nope")


def test_the_call_in_the_report_makes_the_same_fit(fit):
    names = {"frame": pd.read_csv(REFERENCE / "data.csv", float_precision="round_trip")}
    exec(program_of(fit), names)
    np.testing.assert_array_equal(names["result"].summary(), fit.summary())
