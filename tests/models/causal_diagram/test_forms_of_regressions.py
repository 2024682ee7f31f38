"""The form of regressions of labels: it passes where it is right, and a curve is found."""

import numpy as np
import pandas as pd

import causalstats as cs
from causalstats.models.causal_diagram.regression.specification_checks import (
    form_checks,
)


def passed(seed, slope, curvature, rows=2000):
    """Return the verdict on a label of three levels, whose logits are linear plus a curve."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=rows)
    x = z + rng.normal(size=rows)
    second = slope * x - z + curvature * x**2
    logits = np.column_stack([0 * x, second, -slope * x])
    y = np.array(list("abc"))[(logits + rng.gumbel(size=logits.shape)).argmax(axis=1)]
    model = cs.CausalDiagram(
        "z -> x, y; x -> y", treatment="x", outcome="y", route="regression"
    )
    tables = [table for table in model.tables if table.variable == "y"]
    data = cs.Observations.from_frame(pd.DataFrame({"z": z, "x": x, "y": y}))
    (check,) = form_checks(model, tables, data)
    return check.passed


def test_multinomial_logits_that_are_linear_pass():
    """The logit of one level against all others is no straight line here."""
    assert sum(not passed(seed, 2.25, 0.0) for seed in range(15)) <= 1


def test_a_curve_of_one_level_is_found():
    assert not any(passed(seed, 1.0, 0.3) for seed in range(3))
