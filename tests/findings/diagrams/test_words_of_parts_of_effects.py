"""Parts of effects, intervals that end near 0, and answers without other methods, in words."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.core.display_scale import rounded_by_interval


def fitted(levels=2, number=False):
    rng = np.random.default_rng(1)
    x = rng.normal(size=300) if number else rng.integers(0, levels, 300)
    m = x + rng.normal(size=300)
    y = m + x + rng.normal(size=300)
    model = cs.CausalDiagram(
        "x -> m, y; m -> y", treatment="x", outcome="y", route="regression"
    )
    data = cs.Observations.from_frame(pd.DataFrame({"x": x, "m": m, "y": y}))
    sampler = cs.Exact(chains=1, draws=200)
    return cs.fit(model, data, seed=1, sampler=sampler, progress=False)


def test_natural_effects_name_their_unit_and_the_levels_that_they_compare():
    """They said "mean of the outcome, or probability of a level", and "of a number, one unit"."""
    fit = fitted()
    for part in ("direct", "indirect"):
        text = fit.effect(f"natural_{part}").text()
        assert "change of y" in text
        assert "x=1 against x=0" in text
        assert "of a number" not in text
    assert "stays what it would have been at x=0" in fit.effect("natural_direct").text()
    text = fitted(number=True).effect("natural_direct").text()
    assert "one unit of x, on average between its quartiles" in text


@pytest.mark.parametrize("sign", [-1, 1])
def test_an_interval_that_leaves_out_0_is_not_shown_to_end_there(sign):
    ends = sorted([sign * 0.012, sign * 0.604])
    _, *shown = rounded_by_interval(sign * 0.29, *ends)
    assert sorted(abs(float(end)) for end in shown) == [0.01, 0.60]
    assert rounded_by_interval(0.3, -0.012, 0.604)[1] == "0.0"


def test_a_report_of_three_levels_does_not_claim_other_methods(tmp_path):
    fit = fitted(levels=3)
    fit.report(tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text()
    assert "beside other methods on the same data" not in text
    assert "No standard estimator answers this question" in text
