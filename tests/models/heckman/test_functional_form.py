"""Checks of the functional form of decision and outcome, and of equal variances."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import causalstats as cs

NAMES = ["a", "b", "c"]
OUTCOME = np.array([0.5, -0.5, 0.3])
DECISION = np.array([0.8, 0.4, -0.6])


def study(seed, count=2000, decision=None, outcome=None, spread=None):
    """Outcomes seen for some, with functions of the features added where they are given.

    Parameters
    ----------
    seed, count : int
    decision, outcome, spread : callable, optional
        Functions of the features (N, 3): added to the index of selection, added to the mean of
        the outcome, and a factor of its error.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 3))
    v = rng.standard_normal(count)
    u = 0.5 * v + np.sqrt(0.75) * rng.standard_normal(count)
    y = 1 + x @ OUTCOME + u * (spread(x) if spread else 1.0)
    y = y + (outcome(x) if outcome else 0.0)
    seen = 0.3 + x @ DECISION + v + (decision(x) if decision else 0.0) > 0
    frame = pd.DataFrame(x, columns=NAMES).assign(
        seen=seen, y=np.where(seen, y, np.nan)
    )
    return cs.Decisions.from_frame(
        frame,
        outcome="y",
        decision="seen",
        features=NAMES,
        kind="continuous",
        standardise=False,
    )


def posterior(seed, draws=100):
    """Draws about the true linear parameters, as a posterior of many people has them."""
    rng = np.random.default_rng(seed)

    def about(value, *dims):
        values = value + 0.05 * rng.standard_normal((1, draws, *np.shape(value)))
        return (("chain", "draw", *dims), values)

    return xr.Dataset(
        {
            "outcome_intercept": about(1.0),
            "outcome_coefficient": about(OUTCOME, "feature"),
            "outcome_sd": about(1.0),
            "correlation": about(0.5),
            "selection_intercept": about(0.3),
            "selection_coefficient": about(DECISION, "feature"),
        }
    )


def checks(seed, **functions):
    return cs.Heckman(excluded=["c"]).posterior_checks(
        posterior(seed), study(seed, **functions), np.random.default_rng(seed)
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_pass_where_everything_is_linear(seed):
    assert [check.passed for check in checks(seed)] == [True] * 4


@pytest.mark.parametrize(
    ("functions", "finding", "advice"),
    [
        (
            {"decision": lambda x: 0.6 * x[:, 1] ** 2},
            "who is decided for",
            "bs(b, df=5)",
        ),
        ({"outcome": lambda x: 0.5 * x[:, 0] * x[:, 1]}, "outcomes seen", "`a:b`"),
    ],
    ids=["decision", "outcome"],
)
def test_the_form_fails_where_a_term_is_left_out(functions, finding, advice):
    form, *_ = checks(1, **functions)
    assert form.passed is False
    assert finding in form.finding
    assert advice in form.remedy


def test_variances_that_depend_on_a_feature_fail():
    _, variances, *_ = checks(1, spread=lambda x: np.exp(0.4 * x[:, 0]))
    assert variances.passed is False
    assert variances.name == "equal variances"
    assert "depends on a" in variances.remedy
