"""A field that cannot change an answer is refused in a sensitivity analysis of it."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 2, (200, 2)), columns=list("xy"))
    return cs.fit(
        cs.CausalDiagram("x -> y"),
        cs.Observations.from_frame(frame),
        seed=1,
        progress=False,
    )


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("hidden_levels", [3]),
        ("basis_size", [5]),
        ("logit_sd", [1.0]),
        ("interactions", ["pairs"]),
        ("monotone", [[("x", "y")]]),
    ],
)
def test_a_field_that_the_route_does_not_use_is_refused(fit, field, values):
    with pytest.raises(cs.ModelError, match=f"`{field}` cannot change this answer"):
        fit.sensitivity(**{field: values})


def test_fields_that_are_used_are_taken(fit):
    assert fit.sensitivity(concentration=[5.0], prior=["bdeu"])["mean"].nunique() == 4
