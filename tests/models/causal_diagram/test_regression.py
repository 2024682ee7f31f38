"""Causal diagrams with numbers: g-computation and regressions against closed forms."""

import numpy as np
import pandas as pd
import pytensor
import pytest
import xarray as xr
from scipy import stats

import causalstats as cs
from causalstats.models.causal_diagram.checks.conditional_independence_tests import (
    generalised_covariance_p,
)
from causalstats.models.causal_diagram.regression.g_formula import simulation_order
from causalstats.models.causal_diagram.regression.terms import terms_of
from causalstats.numerics.regression import gaussian_regression

FRONT_DOOR = cs.CausalDiagram("x -> m -> y; x <-> y", route="regression")


@pytest.fixture(scope="module")
def frame():
    """x does -.35 a unit to y, through m; age and sex act on a label too."""
    rng = np.random.default_rng(1)
    n = 500
    u = rng.normal(size=n)
    age = rng.normal(size=n)
    sex = rng.choice(["f", "m"], n)
    x = u + rng.normal(size=n)
    m = 0.7 * x + rng.normal(size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(-age))
    return pd.DataFrame(
        {
            "x": x,
            "m": m,
            "y": -0.5 * m + 1.5 * u + rng.normal(size=n),
            "age": age,
            "sex": sex,
            "treated": treated,
        }
    )


@pytest.fixture(scope="module")
def fit(frame):
    return cs.fit(FRONT_DOOR, read(frame, "x", "m", "y"), seed=1, progress=False)


def read(frame, *names):
    return cs.Observations.from_frame(frame[list(names)])


def test_a_linear_front_door_effect_is_the_product_of_two_slopes(fit, frame):
    """Draw by draw: people of both arms share their random numbers."""
    draws = fit.draws["posterior"].to_dataset().isel(draw=slice(None, None, 4))
    ours = fit.effect("effect").draws
    first = draws["coefficients of P(m | x)"][..., 1] / frame["x"].std(ddof=0)
    second = draws["coefficients of P(y | x, m)"][..., 2] / frame["m"].std(ddof=0)
    np.testing.assert_allclose(ours, first * second, atol=1e-8)
    assert abs(ours.mean() + 0.35) < 4 * ours.std()
    np.testing.assert_allclose(
        fit.effect("y", do={"x": [1.0, 0.0]}).draws, ours, atol=1e-8
    )
    assert fit.effect("y", do={"x": 0.0}).name == "E(y | do(x=0.0))"
    assert list(fit.compare().index) == [
        "CausalDiagram",
        "unadjusted",
        "adjusted for all observed",
    ]


@pytest.mark.parametrize("rows", [8, 40, 170, 210])
def test_few_rows_are_repeated_in_g_computation(frame, rows):
    few = frame[:rows]
    fit = cs.fit(FRONT_DOOR, read(few, "x", "m", "y"), seed=1, progress=False)
    draws = fit.draws["posterior"].to_dataset().isel(draw=slice(None, None, 4))
    first = draws["coefficients of P(m | x)"][..., 1] / few["x"].std(ddof=0)
    second = draws["coefficients of P(y | x, m)"][..., 2] / few["m"].std(ddof=0)
    np.testing.assert_allclose(fit.effect("effect").draws, first * second, atol=1e-8)


def test_a_linear_back_door_effect_is_the_slope(frame):
    data = read(frame, "x", "y", "age", "sex")
    fit = cs.fit(
        cs.CausalDiagram(
            "age, sex -> x -> y; age, sex -> y", treatment="x", route="regression"
        ),
        data,
        seed=1,
        progress=False,
    )
    slopes = fit.draws["posterior"]["coefficients of P(y | age, sex, x)"].isel(
        draw=slice(None, None, 4)
    )[..., -1] / frame["x"].std(ddof=0)
    np.testing.assert_allclose(fit.effect("effect").draws, slopes, atol=1e-8)


def test_a_curve_needs_more_spline_columns(frame):
    bent = frame.assign(y=np.sin(2 * frame["x"]) + 0.2 * frame["m"])
    data = read(bent, "x", "y")
    answers = []
    for basis_size in (1, 12):
        fit = cs.fit(
            cs.CausalDiagram("x -> y", route="regression", basis_size=basis_size),
            data,
            seed=1,
            progress=False,
        )
        answers.append(
            float(fit.effect("y", do={"x": [np.pi / 4, -np.pi / 4]}).draws.mean())
        )
    assert (
        abs(answers[1] - 2 - 0.14 * np.pi / 2)
        < 0.15
        < abs(answers[0] - 2 - 0.14 * np.pi / 2)
    )


def test_the_g_formula_of_a_logistic_regression(frame):
    """The mean over the rows of the predictions, for one draw of coefficients."""
    data = read(frame, "age", "sex", "treated").source.assign(died=(frame["y"] > 0))
    data = cs.Observations.from_frame(data)
    model = cs.CausalDiagram(
        "age, sex -> treated -> died; age, sex -> died",
        treatment="treated",
        route="regression",
    )
    (table,) = simulation_order(model.identification).tables
    terms = terms_of(table, data, model.levels(data), 1, "none")
    slopes = np.array([[-0.5], [1.0], [-1.2], [0.5]])
    draws = xr.Dataset(
        {
            f"coefficients of {table.name}": (
                ("chain", "draw", "term_0", "event_0"),
                np.tile(slopes, (1, 400, 1, 1)),
            )
        }
    )
    draws_of_effect = (
        model.estimands()["effect"].compute(draws, data).to_numpy().ravel()
    )
    given = np.column_stack(
        list(
            terms.columns(
                {
                    "age": data.column("age"),
                    "sex": data.column("sex"),
                    "treated": data.column("treated"),
                }
            )
        )
    )
    by_hand = []
    for arm in (0, 1):
        given[:, table.given.index("treated")] = arm
        by_hand.append(1 / (1 + np.exp(-(slopes[0] + given @ slopes[1:]))).ravel())
    each = by_hand[1] - by_hand[0]
    assert abs(draws_of_effect.mean() - each.mean()) < 4 * draws_of_effect.std() / 20
    assert draws_of_effect.std() == pytest.approx(
        each.std() / np.sqrt(len(each)), rel=0.15
    )  # the Bayesian bootstrap's


def test_draws_of_a_linear_regression():
    rng = np.random.default_rng(2)
    z = rng.standard_normal((40, 2)) * [1.0, 3.0] + 5
    n = 40
    y = z @ [1.0, -0.5] + rng.standard_normal(n)
    once = gaussian_regression.draw(
        z, y, np.ones(n), np.ones(2), 1e-9, (40_000,), np.random.default_rng(3)
    )
    x = np.column_stack([np.ones(n), z])
    estimate, left, *_ = np.linalg.lstsq(x, y, rcond=None)
    degrees = n - 1 - z.shape[1]  # as least squares has them
    covariance = left[0] / degrees * np.linalg.inv(x.T @ x)
    spread = np.sqrt(np.diag(covariance) * degrees / (degrees - 2))
    assert (abs(once[0].mean(axis=0) - estimate) < 4 * spread / 200).all()
    np.testing.assert_allclose(once[0].std(axis=0), spread, rtol=0.02)
    counted = gaussian_regression.draw(
        z, y, np.full(n, 2.0), np.ones(2), 1.0, (3,), np.random.default_rng(3)
    )
    doubled = gaussian_regression.draw(
        np.tile(z, (2, 1)),
        np.tile(y, 2),
        np.ones(2 * n),
        np.ones(2),
        1.0,
        (3,),
        np.random.default_rng(3),
    )
    np.testing.assert_allclose(counted[0], doubled[0])


def test_the_graph_has_the_posterior_in_closed_form(frame):
    """log p of the graph less that of the normal-inverse-gamma posterior is one constant."""
    model = cs.CausalDiagram("x -> y", route="regression", concentration=2.0)
    data = read(frame, "x", "y")
    graph = model.build(data)
    z, y = (frame[name].to_numpy() - frame[name].mean() for name in "xy")
    z, y, n = z / z.std(), y / y.std(), len(frame)
    precision = z @ z + 2.0 * 1.001
    middle = z @ y / precision
    scale = (y @ y - middle**2 * precision + 2.0) / 2
    log_p = pytensor.function(
        list(graph.rvs_to_values.values()),
        graph.logp(jacobian=False),
        mode="FAST_COMPILE",
    )
    difference = []
    for variance, slope, intercept in (
        (0.5, 0.1, 0.0),
        (1.0, 0.7, 0.3),
        (2.0, -0.4, -0.1),
    ):
        at = {
            "standard variance": np.log(variance),
            "standard slopes": np.array([slope]),
            "standard intercept": np.array(intercept),
        }
        values = [
            next(
                value for start, value in at.items() if variable.name.startswith(start)
            )
            for variable in graph.rvs_to_values
        ]
        # One coefficient, of which the data determine z'z of z'z + 2.
        shape = (n - 1 + 2 - n / (n + 2.0 * 1.001)) / 2
        closed = stats.invgamma.logpdf(
            variance, shape, scale=scale
        ) + stats.norm.logpdf(slope, middle, np.sqrt(variance / precision))
        difference.append(
            log_p(*values)
            - closed
            - stats.norm.logpdf(intercept, 0, np.sqrt(variance / n))
        )
    np.testing.assert_allclose(difference, difference[0], atol=1e-6)


def test_the_order_of_simulation_draws_each_variable_once():
    two = cs.CausalDiagram(
        "x -> z1, y; z1 -> y, z2; z2 -> y; x <-> z2; y <-> z1",
        treatment="x",
        outcome="y",
        route="regression",
    )
    order = simulation_order(two.identification)
    assert len(order.groups) == 1
    assert [step.table.variable for step in order.steps][-1] == "y"
    assert len(order.steps) == 3
    with pytest.raises(cs.ModelError, match="quotient"):
        simulation_order(
            cs.CausalDiagram(
                "w -> z -> x -> y; w <-> x; w <-> y", treatment="x"
            ).identification
        )


def test_the_covariance_test_has_the_level_it_says(frame):
    rng = np.random.default_rng(1)
    given = np.column_stack([np.ones(60), rng.standard_normal(60)])
    p = np.array(
        [
            generalised_covariance_p(
                rng.standard_normal((60, 1)) + given[:, 1:],
                rng.standard_normal((60, 2)) + given[:, 1:],
                given,
            )
            for _ in range(400)
        ]
    )
    assert abs((p < 0.1).mean() - 0.1) < 4 * np.sqrt(0.1 * 0.9 / 400)
    chain = cs.CausalDiagram("age -> treated -> x", route="regression")
    checks = {
        check.name: check.passed
        for check in chain.data_checks(
            read(frame.assign(x=frame["x"] + frame["age"]), "age", "treated", "x")
        )
    }
    assert checks["independences of the diagram"] is False


def test_report_and_store(fit, tmp_path):
    page = fit.report(
        tmp_path / "report.html", sensitivity={"interactions": ["pairs"]}
    ).read_text()
    assert (
        "Σ_m P(m | x) Σ_x&#39; P(y | x&#39;, m) P(x&#39;)" in page
        and "regressions" in page
    )
    again = cs.load(fit.save(tmp_path / "fit.nc"))
    np.testing.assert_allclose(again.effect("effect").draws, fit.effect("effect").draws)


@pytest.mark.parametrize(
    ("model", "question", "message"),
    [
        (
            cs.CausalDiagram("x -> m -> y; x <-> y"),
            {},
            "'x' is a number. Say route='regression', or cut",
        ),
        (
            cs.CausalDiagram("x -> m -> y; x <-> m", route="regression"),
            {},
            "not identified",
        ),
        (
            FRONT_DOOR,
            {"do": {"m": [1.0, 2.0, 3.0], "x": [0.0, 1.0, 2.0]}},
            "one intervention on several variables, or two",
        ),
        (FRONT_DOOR, {"do": {}}, "what is set, such as"),
        (
            FRONT_DOOR,
            {"do": {"x": 1.0}, "given": {"m": 0.0}},
            "range of the number 'm', such as",
        ),
        (FRONT_DOOR, {"do": {"x": "high"}}, "a number to set 'x' to"),
        (FRONT_DOOR, {"do": {"x": [1, 2, 1]}}, "one value to set 'x' to, or two"),
    ],
)
def test_questions_to_numbers_that_are_refused(frame, model, question, message):
    with pytest.raises(cs.ModelError, match=message):
        cs.fit(model, read(frame, "x", "m", "y"), seed=1, progress=False).effect(
            "y", **question
        )


def test_numbers_are_not_simulated(fit):
    with pytest.raises(cs.ModelError, match="does not simulate"):
        FRONT_DOOR.simulate(1)
    with pytest.raises(cs.ModelError, match="no likelihood"):
        FRONT_DOOR.log_likelihood(fit.draws["posterior"].to_dataset(), fit.data)
