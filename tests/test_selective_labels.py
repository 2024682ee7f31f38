"""The graph against an independent log posterior and an independent Stan posterior."""

import json
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit
from scipy.stats import beta, chi2, halfnorm, norm

import causalstats as cs
from causalstats.report import compose
from causalstats.samplers import same_program
from causalstats.store import save

REFERENCE = Path(__file__).parent / "reference" / "selective_labels"
QUICK = cs.Nuts(chains=2, draws=60, tune=60, backend="jax")
NAMES = {"b0": "risk_intercept", "d0": "policy_intercept", "sigma": "unobserved_scale", "pi": "prevalence", "untested": "untested_prevalence"}


@pytest.fixture(scope="module")
def data():
    frame = pd.read_csv(REFERENCE / "data.csv", float_precision="round_trip")
    return cs.Decisions.from_frame(frame, outcome="outcome", decision="tested", features=["x1", "x2", "x3"], standardise=False)


@pytest.mark.parametrize(("case", "backend"), [("absent", "numba"), ("beta", "numba"), ("exact", "numba"), ("beta", "jax"), ("beta", "numpyro")])
def test_same_posterior_as_stan(data, case, backend):
    reference = json.loads((REFERENCE / "reference.json").read_text())
    prevalence = {"absent": None, "beta": cs.Known(reference["m"], sd=reference["s"]), "exact": cs.Known(reference["m"])}[case]
    model = cs.SelectiveLabels(prevalence=prevalence, expertise=reference["data"]["expertise"])
    fit = cs.fit(model, data, seed=1, sampler=cs.Nuts(backend=backend), progress=False)
    assert int(fit.draws["sample_stats"]["diverging"].sum()) == 0
    for stan, quantity in reference["cases"][case]["quantities"].items():
        if quantity["mcse_mean"] == 0 or stan == "log_sigma":
            continue
        if stan in NAMES:
            name = NAMES[stan]
            draws = fit.effect(name).draws if name in fit.model.estimands() else fit.draws["posterior"][name]
        else:
            draws = fit.draws["posterior"][{"b": "risk_coefficient", "d": "policy_coefficient"}[stan[0]]].isel(feature=int(stan[2]) - 1)
        ess = cs.Effect(name=stan, draws=draws, description="", unit="", contrast="", kind="associational", assumptions=()).summary()["ess_bulk"].iloc[0]
        z = (float(draws.mean()) - quantity["mean"]) / np.hypot(float(draws.std()) / np.sqrt(ess), quantity["mcse_mean"])
        assert abs(z) < 4.5, (stan, z)
        assert 0.85 < float(draws.std()) / quantity["sd"] < 1.15, stan


@pytest.fixture(scope="module")
def wide():
    """With regions, and deciders."""
    frame = pd.read_csv(REFERENCE / "data.csv", float_precision="round_trip")
    rng = np.random.default_rng(1)
    frame = frame.assign(region=rng.choice(["north", "south", "west"], len(frame)), doctor=rng.integers(1, 6, len(frame)))
    arguments = {"outcome": "outcome", "decision": "tested", "decider": "doctor", "standardise": False}
    return cs.Decisions.from_frame(frame, features=["x1", "region", "x2"], **arguments)


BY_REGION = cs.KnownByGroup("region", {"west": cs.Known(0.4, sd=0.05), "north": 0.3, "south": cs.Known(0.5, sd=0.1)})
GENERAL = [
    {"unobservable": "normal"},
    {"unobservable": "student", "link": "probit"},
    {"response": 0.7, "unobservable": "logistic", "prevalence": cs.Known(0.4, sd=0.05)},
    {"response": None, "unobserved_scale": 1.5, "prevalence": 0.4},
    {"expertise": ["x1", "x2"], "expertise_sd": 0.3},
    {"deciders": "leniency", "prevalence": 0.4},
    {"deciders": "response", "unobservable": "normal"},
    {"sensitivity": cs.Known(0.9, sd=0.02), "specificity": 0.95},
    {"prevalence": BY_REGION, "sensitivity": 0.9, "specificity": cs.Known(0.98, sd=0.005)},
]


@pytest.mark.parametrize("fields", GENERAL, ids=str)
def test_the_graph_is_prior_times_likelihood(wide, fields):
    """Against a log density written from the model's equations with the values that a draw of the posterior would have."""
    model = cs.SelectiveLabels(**fields)
    graph = model.build(wide)
    rng = np.random.default_rng(2)
    point = {name: value + rng.uniform(-0.5, 0.5, np.shape(value)) for name, value in graph.initial_point().items()}
    shown = [variable for variable in graph.unobserved_value_vars if not variable.name.endswith("__")]
    values = graph.compile_fn(shown, inputs=graph.value_vars)(point)
    draw = xr.Dataset(
        {v.name: (("chain", "draw", *[f"{v.name}_label"] * np.ndim(value)), np.asarray(value)[None, None]) for v, value in zip(shown, values, strict=True)}
    )
    flat = {name: np.ravel(draw[name]) for name in draw}
    expected = float(model.log_likelihood(draw, wide).squeeze())
    by_region = isinstance(model.prevalence, cs.KnownByGroup)
    expected += norm.logpdf(flat["free_risk_coefficient" if by_region else "risk_coefficient"], 0, 3).sum() + norm.logpdf(flat["policy_intercept"], 0, 3).sum()
    sd = np.array([0.3 if model.expertise_sd and name in model.expertise else 3.0 for name in wide.features])
    expected += norm.logpdf(flat["policy_coefficient"], 0, sd).sum() + (np.log(sd[sd < 1]).sum() if (sd < 1).any() else 0)
    if model.prevalence is None:
        half = flat["unobserved_width"] / 2 if model.unobservable == "uniform" else 0
        expected += norm.logpdf(flat["risk_middle"], half, 3).sum()
    elif not model.prevalence.exact:
        known = [BY_REGION.values["south"], BY_REGION.values["west"]] if by_region else [model.prevalence]
        expected += sum(beta.logpdf(p, *value.as_beta()) for p, value in zip(flat["population_prevalence"], known, strict=True))
    for name, known in (("unobserved_scale", model.unobserved_scale), ("response", model.response)):
        if known is None:
            expected += halfnorm.logpdf(flat[name], scale=3).sum()
    for name in ("sensitivity", "specificity"):
        if not getattr(model, name).exact:
            expected += beta.logpdf(flat[f"test_{name}"], *getattr(model, name).as_beta()).sum()
    if model.deciders != "alike":
        expected += halfnorm.logpdf(flat["leniency_sd"]).sum() + norm.logpdf(flat["leniency"] / flat["leniency_sd"]).sum()
    if model.deciders == "response":
        log_ratio = np.log(flat["decider_response"] / flat["testing_response"])
        expected += halfnorm.logpdf(flat["response_sd"], scale=0.5).sum() + norm.logpdf(log_ratio / flat["response_sd"]).sum()
    assert float(graph.compile_logp(jacobian=False)(point)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("fields", GENERAL, ids=str)
def test_gradients(wide, fields, backend):
    graph = cs.SelectiveLabels(**fields).build(wide)
    logp, gradient = (graph.compile_fn(output, inputs=graph.value_vars, mode=backend.upper()) for output in (graph.logp(), graph.dlogp()))
    rng = np.random.default_rng(3)
    point = {name: value + rng.uniform(-0.5, 0.5, np.shape(value)) for name, value in graph.initial_point().items()}
    direction = {name: rng.standard_normal(np.shape(value)) for name, value in point.items()}
    ends = [float(logp({name: value + sign * 1e-5 * direction[name] for name, value in point.items()})) for sign in (1, -1)]
    along = np.concatenate([np.ravel(direction[variable.name]) for variable in graph.value_vars])
    assert np.ravel(gradient(point)) @ along == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-5)


def test_without_unobservable_it_is_two_logistic_regressions(data):
    graph = cs.SelectiveLabels(unobserved_scale=0).build(data)
    rng = np.random.default_rng(2)
    point = {
        "risk_coefficient": rng.normal(size=3),
        "middle_intercept": rng.normal(),
        "testing_middle": rng.normal(),
        "testing_coefficient": rng.normal(size=3),
    }
    logits = [point["middle_intercept"] + data.matrix @ point["risk_coefficient"], point["testing_middle"] + data.matrix @ point["testing_coefficient"]]
    tested, positive = data.decision, data.outcome[data.decision] == 1
    expected = np.log(expit(np.where(tested, logits[1], -logits[1]))).sum() + np.log(expit(np.where(positive, logits[0][tested], -logits[0][tested]))).sum()
    expected += norm.logpdf(point["risk_coefficient"], 0, 3).sum() + norm.logpdf(point["middle_intercept"], 0, 3)
    expected += (
        norm.logpdf(point["testing_middle"], point["middle_intercept"], 3) + norm.logpdf(point["testing_coefficient"], point["risk_coefficient"], 3).sum()
    )
    assert float(graph.compile_logp()(point)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("seen", ["alike", "leniency", "response"])
def test_log_likelihood_by_hand(wide, seen):
    """Of a true draw with different deciders, an imperfect test and groups, person by person over the nodes of the unobservable."""
    model = cs.SelectiveLabels(deciders=seen, prevalence=BY_REGION, sensitivity=0.9, specificity=0.8, unobservable="normal")
    simulation = model.simulate(3, people=60, features=2, design="prior")
    truth, data = simulation.truth.squeeze(), simulation.data
    z = np.linspace(-8, 8, 4001)[:, None]
    risk = float(truth["risk_middle"]) + data.matrix @ truth["risk_coefficient"].to_numpy() + float(truth["unobserved_width"]) * z
    alpha = truth["decider_response"].sel(decider=list(data.decider)).to_numpy() if seen == "response" else float(truth["testing_response"])
    leniency = 0 if seen == "alike" else truth["leniency"].sel(decider=list(data.decider)).to_numpy()
    testing = expit(alpha * risk + float(truth["policy_intercept"]) + data.matrix @ truth["policy_coefficient"].to_numpy() + leniency)
    positive = 0.9 * expit(risk) + 0.2 * expit(-risk)
    event = np.where(data.decision, testing * np.where(data.outcome == 1, positive, 1 - positive), 1 - testing)
    expected = np.log((event * norm.pdf(z)).sum(axis=0) / norm.pdf(z).sum()).sum()
    assert float(model.log_likelihood(simulation.truth, data).squeeze()) == pytest.approx(expected, rel=1e-4)
    people = data.population
    levels, codes = data.levels_of("region", people.matrix)
    found = model.estimands()["prevalence_by_group"].compute(simulation.truth, data)
    for position, level in enumerate(levels):
        by_hand = (expit(risk[:, codes == position]) * norm.pdf(z)).sum(axis=0) / norm.pdf(z).sum()
        assert float(found.sel(group=level).squeeze()) == pytest.approx(by_hand.mean(), rel=1e-4)


def test_build_is_pure(data):
    model = cs.SelectiveLabels(prevalence=cs.Known(0.4, sd=0.02), expertise=["x2"])
    before, (first, second) = data.fingerprint, (model.build(data) for _ in range(2))
    assert same_program(first, second) and data.fingerprint == before
    point = {name: value + 0.3 for name, value in first.initial_point().items()}
    assert first.compile_logp()(point) == second.compile_logp()(point)


def test_recovers_the_papers_design_in_few_steps():
    """One χ² over every parameter, the distance of truth from posterior in posterior standard errors."""
    simulation = cs.SelectiveLabels().simulate(seed=11)
    model = cs.SelectiveLabels(prevalence=cs.Known(simulation.realised["prevalence"], sd=0.005), expertise=["x2", "x3", "x4"])
    fit = cs.fit(model, simulation.data, seed=11, progress=False)
    stats, posterior = fit.draws["sample_stats"], fit.draws["posterior"]
    assert int(stats["diverging"].sum()) == 0
    assert float(stats["n_steps"].mean()) <= 25
    names = ["risk_coefficient", "risk_intercept", "policy_intercept", "unobserved_scale"]
    draws = [posterior[name].to_numpy().reshape(4000, -1) for name in names] + [posterior["policy_coefficient"].to_numpy()[..., :1].reshape(4000, 1)]
    draws = np.concatenate(draws, axis=1)
    truth = np.concatenate([np.ravel(simulation.truth[name]) for name in names] + [np.ravel(simulation.truth["policy_coefficient"])[:1]])
    distance = truth - draws.mean(axis=0)
    statistic = distance @ np.linalg.solve(np.cov(draws.T), distance)
    assert 0.0005 < chi2.cdf(statistic, len(truth)) < 0.9995


def test_a_fit_with_a_formula_is_read_back(tmp_path):
    frame = pd.read_csv(REFERENCE / "data.csv", float_precision="round_trip").assign(
        group=lambda table: pd.Categorical(table["x3"] > 0, categories=[True, False])
    )
    data = cs.Decisions.from_frame(frame, outcome="outcome", decision="tested", formula="poly(x1, 2) + x2 + group")
    fit = cs.fit(cs.SelectiveLabels(prevalence=0.4), data, seed=1, sampler=QUICK, progress=False)
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    np.testing.assert_array_equal(again.data.matrix, data.matrix)
    other = frame.head(7)
    np.testing.assert_array_equal(again.effect("risk", at=other).draws, fit.effect("risk", at=other).draws)


def test_the_prevalence_of_another_population(data, tmp_path):
    """Of cells with counts; exactly known, it is exactly that of every draw, and the rows' own is another."""
    cells = pd.DataFrame({"x1": [1.0, -1.0], "x2": [0.5, 0.0], "x3": [0.0, 2.0], "count": [3, 1]})
    elsewhere = data.with_reference(cells, weights="count")
    fit = cs.fit(cs.SelectiveLabels(prevalence=0.3), elsewhere, seed=1, sampler=QUICK, progress=False)
    np.testing.assert_allclose(fit.effect("prevalence").draws, 0.3, rtol=1e-9)
    risk = fit.effect("risk", at=cells).draws
    np.testing.assert_allclose(0.75 * risk.isel(person=0) + 0.25 * risk.isel(person=1), 0.3, rtol=1e-9)
    assert data.fingerprint != elsewhere.fingerprint == cs.load(fit.save(tmp_path / "fit.nc")).data.fingerprint
    with pytest.raises(cs.DataError, match="positive numbers"):
        data.with_reference(cells.assign(count=-1), weights="count")
    with pytest.raises(cs.DataError, match="no rows|at least one"):
        data.with_reference(cells[:0])


def test_save_and_load(data, tmp_path):
    fit = cs.fit(cs.SelectiveLabels(prevalence=0.4, expertise=["x2"]), data, seed=1, sampler=QUICK, progress=False)
    path = fit.save(tmp_path / "fit.nc")
    again = cs.load(path)
    assert (again.model, again.sampler, again.seed) == (fit.model, fit.sampler, fit.seed) and again.data.fingerprint == data.fingerprint
    np.testing.assert_array_equal(again.summary(), fit.summary())
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(cs.StoreError, match="damaged"):
        cs.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header: None, "not a fit saved by causalstats"),
        (lambda header: header | {"format": 99}, "has format 99 .causalstats 0.1.0.; this version reads"),
        (lambda header: header | {"model": {"type": "OtherModel", "fields": {}}}, "holds a OtherModel"),
        (lambda header: {name: part for name, part in header.items() if name != "sampler"}, "lacks or does not know 'sampler'"),
        (lambda header: header | {"fingerprint": "0"}, "do not code to what the model was fitted to"),
    ],
    ids=["foreign", "format", "model", "incomplete", "data"],
)
def test_a_file_that_is_not_ours_says_why(data, tmp_path, change, message):
    model, draws = cs.SelectiveLabels(prevalence=0.4), xr.DataTree.from_dict({"posterior": xr.Dataset({"x": ("draw", [1.0])})})
    path = save(tmp_path / "fit.nc", model, data, QUICK, draws, {"causalstats": "0.1.0", "seed": 1})
    assert cs.load(path).model == model
    with xr.open_datatree(path, engine="h5netcdf") as opened:
        tree = opened.load()
    header = change(json.loads(tree.attrs.pop("causalstats")))
    tree.attrs = {} if header is None else {"causalstats": json.dumps(header)}
    tree.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(cs.StoreError, match=message):
        cs.load(path)


def test_an_interrupted_fit_says_so(data, tmp_path):
    class Pressed:
        """NUTS whose user presses the keys after some draws."""

        def compile(self, problem):
            self.program = cs.Nuts(chains=2, draws=50_000, tune=60, backend="jax").compile(problem)
            return self

        def run(self, problem, seed, advance):
            return self.program.run(problem, seed, lambda share, note: share > 300 / 50_060 and signal.raise_signal(signal.SIGINT))

    fit = cs.fit(cs.SelectiveLabels(prevalence=0.4), data, seed=1, sampler=Pressed(), progress=False)
    assert any("interrupted" in warning for warning in fit.effect("prevalence").warnings)
    assert "interrupted" in repr(fit) and "interrupted" in fit._repr_html_()
    assert 50 <= fit.draws["posterior"].sizes["draw"] < 50_000


def test_soft_expertise_is_held_against_its_own_width(data):
    relaxed = {lifted.name: lifted for lifted in cs.SelectiveLabels(expertise=["x2"], expertise_sd=0.3).relaxations(data)}
    assert relaxed["expertise on x2"].known == cs.Known(0.0, sd=0.3)


def test_a_negative_control_is_checked_without_a_refit():
    """A feature that moves testing alone passes; one that moves the outcome is found out."""
    rng = np.random.default_rng(8)
    offer, x = rng.integers(0, 2, 1500), rng.standard_normal(1500)
    tested = rng.random(1500) < expit(0.5 + 1.5 * offer + x)
    frame = pd.DataFrame({"offer": offer, "x": x, "tested": tested, "outcome": np.where(tested, rng.random(1500) < expit(x - 1), np.nan)})
    data = cs.Decisions.from_frame(frame, outcome="outcome", decision="tested", features=["offer", "x"])
    fit = cs.fit(cs.SelectiveLabels(unobserved_scale=0.0, negative_controls=["offer", "x"]), data, seed=1, sampler=cs.Laplace(), progress=False)
    found = {check.name: check.passed for check in fit.check()}
    assert found["agrees with the data: negative control offer"] is True
    assert found["agrees with the data: negative control x"] is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prevalence": 2}, "between 0 and 1"),
        ({"prevalence": 0.001}, "impossible"),
        ({"expertise": ["x9"]}, "no feature 'x9'"),
        ({"expertise": "x1"}, "list of feature names"),
        ({"negative_controls": ["x9"]}, "no feature 'x9'"),
        ({"unobserved_scale": -1}, "0 or more"),
        ({"response": -1}, "0 or more"),
        ({"response": None}, "cannot tell a wide unobservable"),
        ({"expertise_sd": -0.1}, "expertise_sd"),
        ({"unobservable": "cauchy"}, "one of uniform, normal, logistic, student"),
        ({"link": "cloglog"}, "one of logit, probit"),
    ],
)
def test_refused_assumptions(data, arguments, message):
    with pytest.raises(cs.CausalStatsError, match=message):
        cs.SelectiveLabels(**arguments).build(data)


def test_report_is_written_with_every_check(data, tmp_path):
    fit = cs.fit(cs.SelectiveLabels(prevalence=0.4), data, seed=1, sampler=QUICK, progress=False)
    text = fit.report(tmp_path / "report.html", sensitivity={"prevalence": [0.42]}).read_text()
    assert all(check.name in text for check in fit.check())
    assert "untested = negative" in text and "<script" not in text
    assert '"causalstats:status" content="fail"' in text  # 120 draws are too few


def test_allocation_and_missed_cases_on_a_known_truth():
    """With one draw, the truth, everything can be counted by hand."""
    simulation = cs.SelectiveLabels().simulate(seed=5, people=400, features=2)
    estimands, data, truth = cs.SelectiveLabels().estimands(), simulation.data, simulation.truth
    risk, missed = (estimands[name].compute(truth, data).to_numpy().squeeze() for name in ("risk", "untested_risk"))
    found = data.outcome[data.decision].sum()
    assert estimands["missed_cases"].compute(truth, data).item() == pytest.approx(missed.sum())
    assert estimands["share_found"].compute(truth, data).item() == pytest.approx(found / (found + missed.sum()))
    curve = estimands["allocation"].compute(truth, data).squeeze()
    ranked = np.sort(risk)[::-1]
    assert float(curve.sel(share_tested="30%")) == pytest.approx(ranked[:120].sum() / risk.sum())
    assert float(curve[-1]) == pytest.approx(ranked[: data.decision.sum()].sum() / risk.sum())


def test_groups_of_people_add_up(wide):
    model = cs.SelectiveLabels(prevalence=0.4, deciders="leniency", sensitivity=0.95)
    fit = cs.fit(model, wide, seed=1, sampler=QUICK, progress=False)
    whole, parts = fit.effect("missed_cases").draws, fit.effect("missed_cases", by="region").draws
    assert list(parts["group"].to_numpy()) == ["north", "south", "west"]
    np.testing.assert_allclose(parts.sum("group"), whole, rtol=1e-10)
    np.testing.assert_allclose(fit.effect("missed_cases", by=np.arange(len(wide)) % 3).draws.sum("group"), whole, rtol=1e-10)
    risk, by_doctor = fit.effect("risk").draws, fit.effect("risk", by="doctor").draws
    mine = np.array(wide.decider) == "4"
    np.testing.assert_allclose(by_doctor.sel(group="4"), risk[..., mine].mean("person"))
    assert len(fit.effect("untested_prevalence", by="x1").draws["group"]) == 4
    posterior = fit.draws["posterior"].to_dataset()
    lenient, people = fit.effect("leniency").draws, wide.people()
    threshold = expit(
        -(
            posterior["policy_intercept"].to_numpy()[..., None]
            + posterior["policy_coefficient"].to_numpy() @ wide.matrix.T
            + lenient.to_numpy()[..., people.decider]
        )
    )
    np.testing.assert_allclose(fit.effect("testing_threshold").draws, threshold, rtol=1e-9)
    for arguments, message in (({"by": "nope"}, "no column 'nope'"), ({"by": [1, 2]}, "a label for each"), ({"by": "x1", "at": None}, None)):
        if message:
            with pytest.raises(cs.DataError, match=message):
                fit.effect("missed_cases", **arguments)
    with pytest.raises(cs.ModelError, match="not about people"):
        fit.effect("testing_policy", by="x1")


def test_who_decides_matters_at_prediction(wide, tmp_path):
    fit = cs.fit(cs.SelectiveLabels(prevalence=BY_REGION, deciders="leniency"), wide, seed=1, sampler=QUICK, progress=False)
    person = pd.DataFrame({"x1": [0.3, 0.3], "x2": [1.0, 1.0], "region": ["west", "west"], "doctor": [2, 5]})
    drawn = fit.effect("untested_risk", at=person).draws
    assert (drawn.isel(person=0) != drawn.isel(person=1)).all()
    assert fit.effect("risk", at=person.drop(columns="doctor")).draws.sizes["person"] == 2
    with pytest.raises(cs.DataError, match="who decides"):
        fit.effect("untested_risk", at=person.drop(columns="doctor"))
    with pytest.raises(cs.DataError, match="no decider '9'"):
        fit.effect("untested_risk", at=person.assign(doctor=9))
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    assert again.model == fit.model
    np.testing.assert_array_equal(again.effect("leniency").draws, fit.effect("leniency").draws)


def test_a_test_without_errors_is_no_test():
    """By hand on one true draw: what lies behind positive and negative reports."""
    model = cs.SelectiveLabels(sensitivity=0.8, specificity=0.9)
    simulation = model.simulate(5, people=400, features=2)
    estimands, data, truth = model.estimands(), simulation.data, simulation.truth
    case = estimands["tested_risk"].compute(truth, data).squeeze().to_numpy()
    missed = estimands["missed_cases"].compute(truth, data).item()
    positive = data.outcome[data.decision] == 1
    found = (0.8 * case / (0.8 * case + 0.1 * (1 - case)))[positive].sum()
    overlooked = (0.2 * case / (0.2 * case + 0.9 * (1 - case)))[~positive].sum()
    assert estimands["share_found"].compute(truth, data).item() == pytest.approx(found / (found + overlooked + missed))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prevalence": cs.KnownByGroup("region", {"north": 0.1, "south": 0.2})}, "each level of 'region', 'north', 'south', 'west'; got 'north', 'south'"),
        ({"prevalence": cs.KnownByGroup("x1", {"a": 0.1})}, "as a categorical feature"),
        ({"prevalence": cs.KnownByGroup("region", {"north": 0.4, "south": 0.4, "west": 0.01})}, "of west was already tested positive"),
        ({"prevalence": cs.KnownByGroup("regionn", {"a": 0.1})}, "no feature 'regionn'. Did you mean 'region'"),
        ({"prevalence": cs.KnownByGroup("region", dict.fromkeys(["north", "south", "west"], 1.2))}, "between 0 and 1"),
        ({"sensitivity": 0.5, "specificity": 0.5}, "no more cases than a coin"),
        ({"sensitivity": 1.2}, "up to 1"),
        ({"specificity": cs.Known(1.0, sd=0.01)}, "No distribution"),
        ({"deciders": "different"}, "one of alike, leniency, response"),
    ],
    ids=str,
)
def test_refused_with_groups_and_deciders(wide, arguments, message):
    with pytest.raises(cs.CausalStatsError, match=message):
        cs.SelectiveLabels(**arguments).build(wide)


def test_deciders_have_to_be_in_the_data(data):
    with pytest.raises(cs.ModelError, match="expected `Decisions.from_frame"):
        cs.SelectiveLabels(deciders="leniency").build(data)


def test_a_fit_shows_itself_and_its_figures(data):
    fit = cs.fit(cs.SelectiveLabels(prevalence=0.4, expertise=["x2"]), data, seed=1, sampler=QUICK, progress=False)
    card = fit._repr_html_()
    assert "untested_prevalence" in card and "Warning" in card  # 120 draws are too few
    assert "untested_prevalence" in repr(fit)
    for name in (*fit.model.estimands(), *fit.predictions(), "", "parameters", "chains", "learned", "comparison", "diagram"):
        assert fit.plot(name).axes
    with pytest.raises(cs.ModelError, match="no plot 'nope'.*learned"):
        fit.plot("nope")


def test_the_call_in_the_report_makes_the_same_fit(data):
    fit = cs.fit(cs.SelectiveLabels(prevalence=0.4, expertise=["x2"]), data, seed=5, sampler=QUICK, progress=False)
    names = {"frame": pd.read_csv(REFERENCE / "data.csv", float_precision="round_trip")}
    exec(compose(fit, "", "", {}).call, names)
    np.testing.assert_array_equal(names["result"].summary(), fit.summary())
