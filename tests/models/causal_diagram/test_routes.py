"""Routes and priors of a causal diagram are values in tables, which nothing else branches on."""

import ast
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.causal_diagram import model as causal_diagram
from causalstats.models.causal_diagram.routes import ROUTES, RouteName
from causalstats.models.causal_diagram.table_priors import TABLE_PRIORS, PriorName

FOLDER = Path(causal_diagram.__file__).parent


def test_every_name_of_a_field_has_its_value():
    assert set(get_args(RouteName)) == set(ROUTES)
    assert set(get_args(PriorName)) == set(TABLE_PRIORS)


@pytest.mark.parametrize("field", ["route", "prior"])
def test_no_code_compares_a_route_or_a_prior(field):
    compared = [
        f"{file.name}:{node.lineno}"
        for file in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Compare)
        and ast.unparse(node.left).endswith(f".{field}")
    ]
    assert compared == []


@pytest.fixture(scope="module")
def logistic_data():
    rng = np.random.default_rng(1)
    z = rng.normal(size=200)
    x = (rng.random(200) < 1 / (1 + np.exp(-z))).astype(int)
    y = (rng.random(200) < 1 / (1 + np.exp(-z - x))).astype(int)
    return cs.Observations.from_frame(pd.DataFrame({"z": z, "x": x, "y": y}))


def logistic_model(**options):
    diagram = "z -> x, y; x -> y"
    return cs.CausalDiagram(
        diagram, treatment="x", outcome="y", route="regression", **options
    )


def test_parameters_are_those_of_the_graph(logistic_data):
    """A number has coefficients and an error sd, a label coefficients alone."""
    model = logistic_model()
    assert model.parameters(logistic_data) == ("coefficients of P(y | z, x)",)
    names = {variable.name for variable in model.build(logistic_data).unobserved_RVs}
    assert set(model.parameters(logistic_data)) <= names


def test_prior_scales_of_logistic_coefficients_are_fields(logistic_data):
    """At slopes and intercept of 0 the log density falls by the logarithm of the scale, each."""
    logp = [
        model.build(logistic_data).compile_logp(mode="FAST_COMPILE")(
            {
                "slopes of P(y | z, x)": np.zeros((2, 1)),
                "intercept of P(y | z, x)": np.zeros(1),
            }
        )
        for model in (
            logistic_model(),
            logistic_model(logit_sd=5.0, logit_intercept_sd=20.0),
        )
    ]
    assert logp[0] - logp[1] == pytest.approx(2 * np.log(2) + np.log(4))
    statements = " ".join(
        each.statement for each in logistic_model(logit_sd=1.5).assumptions()
    )
    assert "Normal(0, 1.5)" in statements


def test_prior_scales_are_unused_where_nothing_is_logistic(logistic_data):
    assert "logit_sd" not in logistic_model().unused_fields(logistic_data)
    frame = logistic_data.source.assign(y=logistic_data.source["z"])
    linear = cs.Observations.from_frame(frame)
    assert "logistic" in logistic_model().unused_fields(linear)["logit_sd"]
