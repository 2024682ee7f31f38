"""The general form of selective labels against densities written out by hand.

Families, links, groups, deciders and imperfect tests.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit
from scipy.stats import beta, halfnorm, multivariate_t, norm
from scipy.stats import t as student

import causalstats as cs
from causalstats.inference.store import save
from causalstats.numerics.selection.unobservables import FAMILIES
from tests.samplers.near_the_start import INTERPRETER, NearTheStart

REFERENCE = Path(__file__).parents[2] / "reference" / "selective_labels"


@pytest.fixture(scope="module")
def wide():
    """With regions, and deciders."""
    frame = pd.read_csv(REFERENCE / "data.csv", float_precision="round_trip")
    rng = np.random.default_rng(1)
    frame = frame.assign(
        region=rng.choice(["north", "south", "west"], len(frame)),
        doctor=rng.integers(1, 6, len(frame)),
    )
    arguments = {
        "outcome": "outcome",
        "decision": "tested",
        "decider": "doctor",
        "standardise": False,
    }
    return cs.Decisions.from_frame(frame, features=["x1", "region", "x2"], **arguments)


BY_REGION = cs.KnownByGroup(
    "region",
    {"west": cs.Known(0.4, sd=0.05), "north": 0.3, "south": cs.Known(0.5, sd=0.1)},
)
GENERAL = [
    {"unobservable": "normal"},
    {"unobservable": "student", "link": "probit"},
    {"response": 0.7, "unobservable": "logistic", "prevalence": cs.Known(0.4, sd=0.05)},
    {"response": None, "unobserved_scale": 1.5, "prevalence": 0.4},
    {"expertise": ["x1", "x2"], "expertise_sd": 0.3},
    {"decided_for": "low", "prevalence": cs.Known(0.4, sd=0.05), "expertise": ["x1"]},
    {"coefficient_prior_scale": 0.4, "deciders": "leniency", "prevalence": 0.4},
    {"deciders": "response", "unobservable": "normal"},
    {"sensitivity": cs.Known(0.9, sd=0.02), "specificity": 0.95},
    {"prevalence": cs.Penalty.of_weight(0.4, 1e4)},
    {"prevalence": cs.Penalty(0.4, sd=0.05), "unobservable": "normal"},
    {
        "prevalence": BY_REGION,
        "sensitivity": 0.9,
        "specificity": cs.Known(0.98, sd=0.005),
    },
    {
        "unobserved_prior_scale": 1.5,
        "intercept_prior_scale": 2.0,
        "coefficient_correlation_prior_scale": 0.4,
        "deciders": "response",
        "leniency_prior_scale": 0.7,
        "response_ratio_prior_scale": 0.2,
    },
    {"response": None, "unobserved_scale": 1.5, "response_prior_scale": 1.0},
]


# Every field of `GENERAL`, several at a time.
TOGETHER = [
    {
        "unobservable": "student",
        "link": "probit",
        "deciders": "response",
        "leniency_prior_scale": 0.7,
        "response_ratio_prior_scale": 0.2,
        "expertise": ["x1", "x2"],
        "expertise_sd": 0.3,
        "coefficient_prior_scale": 0.4,
        "intercept_prior_scale": 2.0,
        "unobserved_prior_scale": 1.5,
        "prevalence": cs.Known(0.4, sd=0.05),
        "sensitivity": cs.Known(0.9, sd=0.02),
    },
    {
        "unobservable": "normal",
        "deciders": "leniency",
        "decided_for": "low",
        "expertise": ["x1"],
        "prevalence": BY_REGION,
        "sensitivity": 0.9,
        "specificity": cs.Known(0.98, sd=0.005),
    },
    {
        "response": None,
        "unobserved_scale": 1.5,
        "response_prior_scale": 1.0,
        "prevalence": cs.Penalty(0.4, sd=0.05),
        "specificity": 0.95,
    },
    {"response": 0.7, "unobservable": "logistic", "prevalence": 0.4},
    {},
]


@pytest.mark.parametrize(
    ("fields", "prior"),
    [
        *((fields, "correlated") for fields in GENERAL),
        *((fields, "attenuated") for fields in TOGETHER),
        *((fields, "paper") for fields in TOGETHER),
    ],
    ids=str,
)
def test_the_graph_is_prior_times_likelihood(wide, fields, prior):
    """The reference is a log density written from the model's equations, at a draw's values.

    Parameters
    ----------
    wide : Decisions
    fields : dict
        Fields of the model.
    prior : str
        The prior of the coefficients.
    """
    model = cs.SelectiveLabels(**fields, coefficient_prior=prior)
    graph = model.build(wide)
    rng = np.random.default_rng(2)
    point = {
        name: value + rng.uniform(-0.5, 0.5, np.shape(value))
        for name, value in graph.initial_point().items()
    }
    shown = [
        variable
        for variable in graph.unobserved_value_vars
        if not variable.name.endswith("__")
    ]
    values = graph.compile_fn(shown, inputs=graph.value_vars, mode=INTERPRETER)(point)
    draw = xr.Dataset(
        {
            v.name: (
                ("chain", "draw", *[f"{v.name}_label"] * np.ndim(value)),
                np.asarray(value)[None, None],
            )
            for v, value in zip(shown, values, strict=True)
        }
    )
    flat = {name: np.ravel(draw[name]) for name in draw}
    # Coefficients are sampled divided by √(1 + c σ² Var ζ).
    attenuation = (0.346 if model.link == "logit" else 1.0) * FAMILIES[
        model.unobservable
    ].variance
    alpha = flat["testing_response"].item()
    assert alpha * (1 if model.decided_for == "high" else -1) >= 0
    stretches = np.sqrt(
        1 + attenuation * flat["unobserved_width"] ** 2 * np.array([1.0, alpha**2])
    )
    expected = float(model.log_likelihood(draw, wide).squeeze())
    prior_of = _paper_prior if prior == "paper" else _attenuated_prior
    expected += prior_of(model, wide, flat, stretches)
    by_region = isinstance(model.prevalence, cs.KnownByGroup)
    if isinstance(model.prevalence, cs.Penalty):
        p = float(
            model.estimands()["prevalence"]
            .compute(draw.assign(population_prevalence=np.nan), wide)
            .squeeze()
        )
        assert p == pytest.approx(float(flat["population_prevalence"][0]), rel=1e-9)
        expected -= (p - 0.4) ** 2 / (2 * model.prevalence.sd**2)
    elif model.prevalence is not None and not model.prevalence.exact:
        known = (
            [BY_REGION.values["south"], BY_REGION.values["west"]]
            if by_region
            else [model.prevalence]
        )
        expected += sum(
            beta.logpdf(p, *value.as_beta())
            for p, value in zip(flat["population_prevalence"], known, strict=True)
        )
    for name in ("sensitivity", "specificity"):
        if not getattr(model, name).exact:
            expected += beta.logpdf(
                flat[f"test_{name}"], *getattr(model, name).as_beta()
            ).sum()
    unit = np.sqrt(0.346) if model.link == "probit" and prior != "paper" else 1.0
    if model.deciders != "alike":
        expected += (
            halfnorm.logpdf(
                flat["leniency_sd"], scale=model.leniency_prior_scale * unit
            ).sum()
            + norm.logpdf(flat["leniency"] / flat["leniency_sd"]).sum()
        )
        information = (
            pd.Series(wide.decider).value_counts().to_numpy()
            * wide.decision.mean()
            * (1 - wide.decision.mean())
        )
        expected -= (
            np.log1p(flat["leniency_sd"] ** 2 * information).sum() / 2
        )  # sampled divided by τ / √(1 + τ² I)
    if model.deciders == "response":
        log_ratio = np.log(flat["decider_response"] / flat["testing_response"])
        expected += (
            halfnorm.logpdf(
                flat["response_sd"], scale=model.response_ratio_prior_scale
            ).sum()
            + norm.logpdf(log_ratio / flat["response_sd"]).sum()
        )
    assert float(
        graph.compile_logp(jacobian=False, mode=INTERPRETER)(point)
    ) == pytest.approx(expected, rel=1e-9)


def _free_columns(model, wide):
    by_region = isinstance(model.prevalence, cs.KnownByGroup)
    return [
        column
        for column, name in enumerate(wide.features)
        if not (by_region and name.startswith("region"))
    ]


def _paper_prior(model, wide, flat, stretches):
    """Return the log prior; each value sampled attenuated has a factor of its attenuation."""
    free = flat["risk_coefficient"][_free_columns(model, wide)]
    width = model.coefficient_prior_scale or 3.0
    intercept_sd = model.intercept_prior_scale
    log_density = norm.logpdf(free, 0, width).sum()
    log_density += norm.logpdf(flat["policy_intercept"], 0, intercept_sd).sum()
    expert = np.isin(wide.features, model.expertise)
    sd = np.where(expert, model.expertise_sd, width)
    soft = sd > 0
    log_density += norm.logpdf(flat["policy_coefficient"][soft], 0, sd[soft]).sum()
    log_density += (
        np.log(sd[soft & (sd < 1)]).sum()
        + norm.logpdf(_sampled_without_use(flat, ~soft)).sum()
    )
    log_density += (len(free) + (model.prevalence is None)) * np.log(stretches[0]) + (
        1 + (sd >= 1).sum()
    ) * np.log(stretches[1])
    if model.prevalence is None or isinstance(model.prevalence, cs.Penalty):
        half = flat["unobserved_width"] / 2 if model.unobservable == "uniform" else 0
        log_density += norm.logpdf(flat["risk_middle"], half, intercept_sd).sum()
    if model.unobserved_scale is None:
        scale = model.unobserved_prior_scale
        log_density += halfnorm.logpdf(flat["unobserved_scale"], scale=scale).sum()
    if model.response is None:
        log_density += halfnorm.logpdf(
            flat["response"], scale=model.response_prior_scale
        ).sum()
    return log_density


def _attenuated_prior(model, wide, flat, stretches):
    """Return the log prior of b = β / s by the unit of the feature, as it is sampled.

    That is divided by τ / √(1 + τ² I); intercepts are at the means of the features.
    """
    unit = np.sqrt(0.346) if model.link == "probit" else 1.0
    width = (
        1.0 * unit
        if model.coefficient_prior_scale is None
        else model.coefficient_prior_scale
    )
    indicator = np.array([name.startswith("region") for name in wide.features])
    units, centre = (
        np.where(indicator, 1, wide.matrix.std(axis=0)),
        wide.matrix.mean(axis=0),
    )
    seen = wide.outcome[wide.decision]
    information = [
        len(seen) * seen.mean() * (1 - seen.mean()),
        len(wide) * wide.tested * (1 - wide.tested),
    ]
    testing = (
        flat["testing_response"] * flat["risk_coefficient"] + flat["policy_coefficient"]
    )
    expert = np.isin(wide.features, model.expertise)
    free = _free_columns(model, wide)
    taus = [flat[f"{which}_coefficient_sd"].item() for which in ("risk", "testing")]
    log_density = halfnorm.logpdf(taus, scale=width).sum()
    b = flat["risk_coefficient"] * units / stretches[0]
    g = testing * units / stretches[1]
    paired = ~expert & np.isin(np.arange(len(units)), free)
    paired &= model.coefficient_prior == "correlated"
    rho = 0.0
    if model.coefficient_prior == "correlated":
        rho = flat["coefficient_correlation"].item()
        standard = flat["standard_coefficient_correlation"].item()
        scale = model.coefficient_correlation_prior_scale
        assert np.arctanh(rho) == pytest.approx(scale * standard)
        log_density += norm.logpdf(standard)
    covariance = np.outer(taus, taus) * np.array([[1, rho], [rho, 1]])
    pairs = multivariate_t(shape=covariance, df=4)
    log_density += pairs.logpdf(np.column_stack([b, g])[paired]).sum()
    alone = np.setdiff1d(free, np.flatnonzero(paired))
    log_density += student.logpdf(b[alone], 4, scale=taus[0]).sum()
    log_density += student.logpdf(g[~expert & ~paired], 4, scale=taus[1]).sum()
    # Given that of risk, a coefficient of testing has a t_5 with this scale.
    square = (1 - rho**2) * (4 + (b[paired] / taus[0]) ** 2) / 5
    given_risk = taus[1] * np.sqrt(square)
    for tau, known, number in (
        (taus[0], information[0], len(free)),
        (taus[1], information[1], (~expert & ~paired).sum()),
        (given_risk, information[1], 1),
    ):
        scale = np.log(tau / np.sqrt(1 + tau**2 * known))
        log_density += number * np.sum(scale)
    if model.expertise_sd:
        log_density += norm.logpdf(
            flat["policy_coefficient"][expert] / model.expertise_sd
        ).sum()
    else:
        log_density += norm.logpdf(_sampled_without_use(flat, expert)).sum()
    middle = flat["risk_middle"] + centre @ flat["risk_coefficient"]
    intercept = (
        flat["policy_intercept"] + flat["testing_response"] * flat["risk_middle"]
    )
    intercept_sd = model.intercept_prior_scale * unit
    log_density += norm.logpdf(
        (intercept + centre @ testing) / stretches[1], 0, intercept_sd
    ).sum()
    if model.prevalence is None:
        log_density += norm.logpdf(middle / stretches[0], 0, intercept_sd).sum()
    if isinstance(model.prevalence, cs.Penalty):
        log_density += norm.logpdf(middle, 0, intercept_sd * stretches[0]).sum()
    if model.unobserved_scale is None:
        spread = np.sqrt(
            FAMILIES["uniform"].variance / FAMILIES[model.unobservable].variance
        )
        scale = model.unobserved_prior_scale * unit * spread
        log_density += halfnorm.logpdf(flat["unobserved_scale"], scale=scale).sum()
    if model.response is None:
        log_density += halfnorm.logpdf(
            flat["response"], scale=model.response_prior_scale
        ).sum()
    return log_density


def _sampled_without_use(flat, columns):
    """Where Δ is known to be 0, its variable in the graph stands for nothing."""
    return flat["attenuated_testing_coefficient"][columns]


@pytest.mark.parametrize("prior", ["correlated", "attenuated", "paper"])
def test_the_graph_has_every_parameter_where_all_coefficients_are_solved(wide, prior):
    """The one feature is that of the groups, whose coefficients follow from their prevalences."""
    roles = {"outcome": "outcome", "decision": "tested"}
    data = cs.Decisions.from_frame(wide.source, **roles, features=["region"])
    model = cs.SelectiveLabels(prevalence=BY_REGION, coefficient_prior=prior)
    assert {*model.parameters(data)} <= {*model.build(data).named_vars}


def in_each_mode():
    """Return models of all fields by PyTensor's interpreter, and of each field by Numba.

    Numba compiles for half a minute. `tests/numerics/test_selective_labels_by_numba.py` holds what
    it makes of each node against NumPy.
    """
    for fields in TOGETHER:
        yield pytest.param(fields, INTERPRETER, id=str(fields))
    for fields in GENERAL:
        yield pytest.param(
            fields, "NUMBA", id=f"{fields}-numba", marks=pytest.mark.slow
        )


@pytest.mark.parametrize(("fields", "mode"), in_each_mode())
def test_gradients(wide, fields, mode):
    """Against differences; in `tests/laws/` the gradients by JAX are those of the graph."""
    graph = cs.SelectiveLabels(**fields).build(wide)
    density = graph.compile_fn(
        [graph.logp(), graph.dlogp()], inputs=graph.value_vars, mode=mode
    )
    rng = np.random.default_rng(3)
    point = {
        name: value + rng.uniform(-0.5, 0.5, np.shape(value))
        for name, value in graph.initial_point().items()
    }
    direction = {
        name: rng.standard_normal(np.shape(value)) for name, value in point.items()
    }
    ends = [
        float(
            density(
                {
                    name: value + sign * 1e-5 * direction[name]
                    for name, value in point.items()
                }
            )[0]
        )
        for sign in (1, -1)
    ]
    along = np.concatenate(
        [np.ravel(direction[variable.name]) for variable in graph.value_vars]
    )
    assert np.ravel(density(point)[1]) @ along == pytest.approx(
        (ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-5
    )


@pytest.mark.parametrize("seen", ["alike", "leniency", "response"])
def test_log_likelihood_by_hand(wide, seen):
    """The reference sums over the nodes of the unobservable, person by person."""
    model = cs.SelectiveLabels(
        deciders=seen,
        prevalence=BY_REGION,
        sensitivity=0.9,
        specificity=0.8,
        unobservable="normal",
    )
    # Some draws from the prior, such as that of seed 3, have nobody tested and are refused as data.
    simulation = model.simulate(5, people=60, features=2, design="prior")
    truth, data = simulation.truth.squeeze(), simulation.data
    z = np.linspace(-8, 8, 4001)[:, None]
    risk = (
        float(truth["risk_middle"])
        + data.matrix @ truth["risk_coefficient"].to_numpy()
        + float(truth["unobserved_width"]) * z
    )
    alpha = (
        truth["decider_response"].to_numpy()[data.decider]
        if seen == "response"
        else float(truth["testing_response"])
    )
    leniency = 0 if seen == "alike" else truth["leniency"].to_numpy()[data.decider]
    testing = expit(
        alpha * risk
        + float(truth["policy_intercept"])
        + data.matrix @ truth["policy_coefficient"].to_numpy()
        + leniency
    )
    positive = 0.9 * expit(risk) + 0.2 * expit(-risk)
    event = np.where(
        data.decision,
        testing * np.where(data.outcome == 1, positive, 1 - positive),
        1 - testing,
    )
    expected = np.log((event * norm.pdf(z)).sum(axis=0) / norm.pdf(z).sum()).sum()
    assert float(
        model.log_likelihood(simulation.truth, data).squeeze()
    ) == pytest.approx(expected, rel=1e-4)
    people = data.population
    levels, codes = data.levels_of("region", people.matrix)
    prevalence = model.estimands()["prevalence_by_group"].compute(
        simulation.truth, data
    )
    for position, level in enumerate(levels):
        by_hand = (expit(risk[:, codes == position]) * norm.pdf(z)).sum(
            axis=0
        ) / norm.pdf(z).sum()
        assert float(prevalence.sel(group=level).squeeze()) == pytest.approx(
            by_hand.mean(), rel=1e-4
        )


@pytest.mark.usefixtures("densities_by_jax")
def test_a_negative_control_is_checked_without_a_refit():
    """A feature that moves testing alone passes; one that moves the outcome is found out."""
    rng = np.random.default_rng(8)
    offer, x = rng.integers(0, 2, 1500), rng.standard_normal(1500)
    tested = rng.random(1500) < expit(0.5 + 1.5 * offer + x)
    frame = pd.DataFrame(
        {
            "offer": offer,
            "x": x,
            "tested": tested,
            "outcome": np.where(tested, rng.random(1500) < expit(x - 1), np.nan),
        }
    )
    data = cs.Decisions.from_frame(
        frame, outcome="outcome", decision="tested", features=["offer", "x"]
    )
    fit = cs.fit(
        cs.SelectiveLabels(unobserved_scale=0.0, negative_controls=["offer", "x"]),
        data,
        seed=1,
        sampler=cs.Laplace(),
        progress=False,
    )
    passed = {check.name: check.passed for check in fit.check()}
    assert passed["agrees with the data: negative control offer"] is True
    assert passed["agrees with the data: negative control x"] is False


def test_groups_of_people_add_up(wide):
    model = cs.SelectiveLabels(prevalence=0.4, deciders="leniency", sensitivity=0.95)
    fit = cs.fit(model, wide, seed=1, sampler=NearTheStart(), progress=False)
    whole, parts = (
        fit.effect("missed_cases").draws,
        fit.effect("missed_cases", by="region").draws,
    )
    assert list(parts["group"].to_numpy()) == ["north", "south", "west"]
    np.testing.assert_allclose(parts.sum("group"), whole, rtol=1e-10)
    np.testing.assert_allclose(
        fit.effect("missed_cases", by=np.arange(len(wide)) % 3).draws.sum("group"),
        whole,
        rtol=1e-10,
    )
    risk, by_doctor = fit.effect("risk").draws, fit.effect("risk", by="doctor").draws
    mine = wide.decider == wide.deciders.index("4")
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
    np.testing.assert_allclose(
        fit.effect("testing_threshold").draws, threshold, rtol=1e-9
    )
    for arguments, message in (
        ({"by": "nope"}, "no column 'nope'"),
        ({"by": [1, 2]}, "a label for each"),
        ({"by": "x1", "at": None}, None),
    ):
        if message:
            with pytest.raises(cs.DataError, match=message):
                fit.effect("missed_cases", **arguments)
    with pytest.raises(cs.ModelError, match="not about people"):
        fit.effect("testing_policy", by="x1")


def test_who_decides_matters_at_prediction(wide, tmp_path):
    fit = cs.fit(
        cs.SelectiveLabels(prevalence=BY_REGION, deciders="leniency"),
        wide,
        seed=1,
        sampler=NearTheStart(),
        progress=False,
    )
    person = pd.DataFrame(
        {
            "x1": [0.3, 0.3],
            "x2": [1.0, 1.0],
            "region": ["west", "west"],
            "doctor": [2, 5],
        }
    )
    drawn = fit.effect("untested_risk", at=person).draws
    assert (drawn.isel(person=0) != drawn.isel(person=1)).all()
    assert (
        fit.effect("risk", at=person.drop(columns="doctor")).draws.sizes["person"] == 2
    )
    with pytest.raises(cs.DataError, match="who decides"):
        fit.effect("untested_risk", at=person.drop(columns="doctor"))
    with pytest.raises(cs.DataError, match="no decider '9'"):
        fit.effect("untested_risk", at=person.assign(doctor=9))
    path = save(
        tmp_path / "fit.nc", fit.model, wide, cs.Nuts(), fit.draws, fit.provenance
    )
    again = cs.load(path)
    assert again.model == fit.model
    np.testing.assert_array_equal(
        again.effect("leniency").draws, fit.effect("leniency").draws
    )


def test_sensitivity_to_two_assumptions_and_to_each_expertise(wide):
    fit = cs.fit(
        cs.SelectiveLabels(prevalence=cs.Known(0.4, sd=0.03), expertise=["x1", "x2"]),
        wide,
        seed=1,
        sampler=NearTheStart(),
        progress=False,
    )
    grid = fit.sensitivity(prevalence=[0.3, 0.4], expertise_sd=[1.0])
    assert grid.index.names == ["prevalence", "expertise_sd"]
    assert list(grid.index) == [(0.3, 0.0), (0.3, 1.0), (0.4, 0.0), (0.4, 1.0)]
    assert list(grid["used"]) == [False, False, True, False]
    assert grid.loc[(0.4, 0.0), "mean"] == pytest.approx(
        fit.effect("untested_prevalence").summary()["mean"].item()
    )
    assert grid.loc[(0.3, 1.0), "mean"] < grid.loc[(0.4, 1.0), "mean"]
    assert list(fit.sensitivity(expertise="leave one out").index) == [
        "x1, x2",
        "x2",
        "x1",
    ]
    for name in ("prevalence", "link", "negative_controls"):
        with pytest.raises(
            cs.ModelError, match=f"`{name}` as a list of values, or 'leave one out'"
        ):
            fit.sensitivity(**{name: "leave one out"})
    with pytest.raises(cs.ModelError, match="got nothing"):
        fit.sensitivity()


def test_a_test_without_errors_is_no_test():
    """By hand on one true draw: what lies behind positive and negative reports."""
    model = cs.SelectiveLabels(sensitivity=0.8, specificity=0.9)
    simulation = model.simulate(5, people=400, features=2)
    estimands, data, truth = model.estimands(), simulation.data, simulation.truth
    case = estimands["tested_risk"].compute(truth, data).squeeze().to_numpy()
    missed = estimands["missed_cases"].compute(truth, data).item()
    positive = data.outcome[data.decision] == 1
    detected = (0.8 * case / (0.8 * case + 0.1 * (1 - case)))[positive].sum()
    overlooked = (0.2 * case / (0.2 * case + 0.9 * (1 - case)))[~positive].sum()
    assert estimands["share_found"].compute(truth, data).item() == pytest.approx(
        detected / (detected + overlooked + missed)
    )


def test_nobody_found_is_a_share_of_nothing():
    """A group in which no result was positive has a share found of its own: 0."""
    model = cs.SelectiveLabels(sensitivity=0.8, specificity=0.9)
    simulation = model.simulate(5, people=400, features=2)
    without = simulation.data.part(simulation.data.outcome != 1)
    assert (
        model.estimands()["share_found"].compute(simulation.truth, without).item() == 0
    )
    assert (
        model.estimands()["missed_cases"]
        .compute(simulation.truth, without.part(without.decision))
        .item()
        == 0
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"prevalence": cs.KnownByGroup("region", {"north": 0.1, "south": 0.2})},
            "each level of 'region', 'north', 'south', 'west'; got 'north', 'south'",
        ),
        ({"prevalence": cs.KnownByGroup("x1", {"a": 0.1})}, "as a categorical feature"),
        (
            {
                "prevalence": cs.KnownByGroup(
                    "region", {"north": 0.4, "south": 0.4, "west": 0.01}
                )
            },
            "of west was already tested positive",
        ),
        (
            {"prevalence": cs.KnownByGroup("regionn", {"a": 0.1})},
            "no feature 'regionn'. Did you mean 'region'",
        ),
        (
            {
                "prevalence": cs.KnownByGroup(
                    "region", dict.fromkeys(["north", "south", "west"], 1.2)
                )
            },
            "between 0 and 1",
        ),
        ({"sensitivity": 0.5, "specificity": 0.5}, "no more cases than a coin"),
        ({"sensitivity": 1.2}, "up to 1"),
        ({"specificity": cs.Known(1.0, sd=0.01)}, "No distribution"),
        ({"deciders": "different"}, "'alike', 'leniency' or 'response'"),
    ],
    ids=str,
)
def test_refused_with_groups_and_deciders(wide, arguments, message):
    with pytest.raises(cs.CausalStatsError, match=message):
        cs.SelectiveLabels(**arguments).build(wide)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cs.Penalty(0.3), "needs sd > 0"),
        (lambda: cs.Penalty.of_weight(0.3, 0), "`weight` as a positive number"),
        (
            lambda: cs.SelectiveLabels(sensitivity=cs.Penalty(0.9, sd=0.1)),
            "use `Known.value, sd",
        ),
        (
            lambda: cs.SelectiveLabels(
                prevalence=cs.KnownByGroup("g", {"a": cs.Penalty(0.9, sd=0.1)})
            ),
            "`values` as a mapping.*use `Known.value, sd",
        ),
        (
            lambda: cs.SelectiveLabels(prevalence=cs.Penalty(0.3, sd=0.1)).simulate(
                1, design="prior"
            ),
            "no distribution to draw",
        ),
    ],
)
def test_refused_penalties(make, message):
    with pytest.raises(cs.ModelError, match=message):
        make()


def test_deciders_have_to_be_in_the_data():
    """Whether the graph is asked for first, or its numbers, as `Auto` does."""
    data = cs.SelectiveLabels().simulate(1, people=50).data
    model = cs.SelectiveLabels(deciders="leniency")
    for ask in (model.build, model.inputs):
        with pytest.raises(cs.ModelError, match="expected `Decisions.from_frame"):
            ask(data)
    alone = {
        name: value for name, value in data.arguments.items() if value is not None
    } | {"decider": "who"}
    with pytest.raises(cs.ModelError, match="expected at least 2, got 'ann' alone"):
        model.build(cs.Decisions.from_frame(data.source.assign(who="ann"), **alone))
