"""Ratios that only the prior bounds, and rates, whose unit of measurement changes nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special

import causalstats as cs
from causalstats.models.panel_glm.assumptions import BOUNDED

COUNTS = np.array([3.0, 1.0, 4.0, 1.0, 5.0] * 8)


def read(frame: pd.DataFrame) -> cs.Panel:
    return cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment="d"
    )


def two_periods(first: np.ndarray, second: np.ndarray) -> cs.Panel:
    """Return units that are treated in the second of two periods."""
    units = len(first)
    return read(
        pd.DataFrame(
            {
                "unit": np.tile(np.arange(units), 2),
                "time": np.repeat([0, 1], units),
                "d": np.repeat([0, 1], units),
                "y": np.concatenate([first, second]),
            }
        )
    )


def test_posterior_without_a_count_of_the_treated_is_that_of_the_likelihood():
    """Given the sums the likelihood is (1 + exp θ)^-N, N counts in all: by quadrature."""
    model = cs.PanelGLM(time_effects=False, scale=[1.0])
    fit = cs.fit(model, two_periods(COUNTS, 0 * COUNTS), seed=1, progress=False)
    grid = np.linspace(-25, 5, 20_001)
    density = np.exp(-((grid / 2.5) ** 2) / 2 - COUNTS.sum() * special.softplus(grid))
    distribution = integrate.cumulative_trapezoid(density, grid, initial=0)
    draws = fit.effect("effect").draws.to_numpy().ravel()
    for prob in (0.025, 0.5, 0.975):
        exact = np.interp(prob * distribution[-1], distribution, grid)
        assert np.mean(draws < exact) == pytest.approx(prob, abs=0.03)
    assert BOUNDED in [check.name for check in fit.effect("ratio").doubts]


def test_a_count_of_some_treated_units_bounds_the_ratio():
    panel = two_periods(COUNTS, (COUNTS > 1).astype(float))
    model = cs.PanelGLM(time_effects=False)
    assert BOUNDED not in [check.name for check in model.data_checks(panel)]


@pytest.mark.parametrize("factor", [1e-6, 1e3])
def test_ratio_of_rates_does_not_depend_on_their_unit(factor):
    rng = np.random.default_rng(1)
    people = rng.integers(500, 5000, 60)
    rates = (rng.poisson(0.01 * people) / people, rng.poisson(0.02 * people) / people)
    model = cs.PanelGLM(time_effects=False)
    once = cs.fit(model, two_periods(*rates), seed=1, progress=False)
    scaled = two_periods(*(factor * rate for rate in rates))
    again = cs.fit(model, scaled, seed=1, progress=False)
    for each in ("ratio", "effect"):
        np.testing.assert_allclose(
            again.effect(each).numbers()[["mean", "lower", "upper"]],
            once.effect(each).numbers()[["mean", "lower", "upper"]],
            rtol=1e-3,
        )
    # Without covariates the estimate of two periods is the ratio of the sums.
    expected = rates[1].sum() / rates[0].sum()
    assert once.effect("ratio").numbers()["mean"].item() == pytest.approx(
        expected, rel=0.02
    )


def test_independent_errors_of_rates_are_refused():
    panel = two_periods(COUNTS / 7, COUNTS / 3)
    model = cs.PanelGLM(errors="iid", time_effects=False)
    with pytest.raises(cs.ModelError, match="not whole numbers"):
        cs.fit(model, panel, seed=1, progress=False)


def test_a_treatment_that_all_units_adopt_at_once_is_refused_beside_effects_of_times():
    """The prior alone would divide it among the treatment and the period."""
    panel = two_periods(COUNTS, COUNTS[::-1])
    with pytest.raises(cs.ModelError, match="needs time_effects=False"):
        cs.fit(cs.PanelGLM(), panel, seed=1, progress=False)
