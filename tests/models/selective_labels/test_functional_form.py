"""The check of the functional form of testing and of risk, its finding and its remedy."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit

import causalstats as cs

RISK = np.array([1.0, 0.5, 0.0])
NAMES = ["x1", "x2", "x3"]


def people(seed, count=1500, testing=None, risk=None):
    """Features and the study, with functions of the features added to testing or to risk.

    Parameters
    ----------
    seed, count : int
    testing, risk : callable, optional
        Functions of the features (N, 3), added to the log-odds.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 3))
    known = x @ RISK + (risk(x) if risk else 0.0)
    index = known + 3 * (rng.random(count) - 0.5)
    outcome = rng.random(count) < expit(index - 1)
    policy = 0.3 + (testing(x) if testing else 0.0)
    tested = rng.random(count) < expit(policy + index)
    return pd.DataFrame(x, columns=NAMES).assign(
        tested=tested,
        ill=np.where(tested, outcome, np.nan),
        truly_ill=outcome,
        untested_risk=untested_risk(known, policy),
    )


def untested_risk(known, policy):
    """P(Y=1 | T=0, x) by a sum over what only the decider sees."""
    index = known[:, None] + 3 * (np.arange(0.005, 1, 0.01) - 0.5)
    untested = expit(-index - np.broadcast_to(policy, known.shape)[:, None])
    return (expit(index - 1) * untested).sum(axis=1) / untested.sum(axis=1)


def study(frame, **arguments):
    return cs.Decisions.from_frame(
        frame,
        outcome="ill",
        decision="tested",
        **(arguments or {"features": NAMES, "standardise": False}),
    )


def posterior(seed, draws=100):
    """Draws about the true linear parameters, as a posterior of many people has them."""
    rng = np.random.default_rng(seed)

    def about(value, *dims):
        values = value + 0.07 * rng.standard_normal((1, draws, *np.shape(value)))
        return (("chain", "draw", *dims), values)

    return xr.Dataset(
        {
            "risk_middle": about(-1.0),
            "risk_coefficient": about(RISK, "feature"),
            "policy_intercept": about(1.3),
            "policy_coefficient": about(np.zeros(3), "feature"),
            "unobserved_width": about(3.0),
            "testing_response": (("chain", "draw"), np.ones((1, draws))),
        }
    )


def form(seed, **functions):
    data = study(people(seed, **functions))
    [check] = cs.SelectiveLabels(prevalence=0.3).posterior_checks(
        posterior(seed), data, np.random.default_rng(seed)
    )
    return check


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_passes_where_testing_and_risk_are_linear(seed):
    check = form(seed)
    assert check.passed
    assert check.remedy == ""


@pytest.mark.parametrize(
    ("functions", "equation", "advice"),
    [
        ({"testing": lambda x: 0.8 * x[:, 1] ** 2}, "who is tested", "bs(x2, df=5)"),
        ({"testing": lambda x: 1.5 * (x[:, 2] > 0.8)}, "who is tested", "bs(x3, df=5)"),
        ({"testing": lambda x: 0.8 * x[:, 0] * x[:, 2]}, "who is tested", "`x1:x3`"),
        ({"risk": lambda x: 0.9 * x[:, 0] ** 2}, "", "bs(x1, df=5)"),
    ],
    ids=["curve of testing", "jump of testing", "product in testing", "curve of risk"],
)
def test_it_fails_where_a_term_is_left_out_and_names_it(functions, equation, advice):
    check = form(1, **functions)
    assert check.passed is False
    assert equation in check.finding
    assert advice in check.remedy
    assert check.assumption == "linear logit"


def test_it_works_with_levels_and_with_few_people():
    frame = people(1).assign(job=np.tile(["cook", "clerk", "nurse"], 500))
    model = cs.SelectiveLabels(prevalence=0.3)
    data = study(frame, features=["x1", "x2", "job"])
    draws = posterior(1)
    draws = draws.assign(
        {
            name: (("chain", "draw", "feature"), np.zeros((1, 100, 4)))
            for name in ("risk_coefficient", "policy_coefficient")
        }
    )
    [check] = model.posterior_checks(draws, data, np.random.default_rng(1))
    assert check.passed is not None
    [few] = model.posterior_checks(
        posterior(1), study(people(1, count=30)), np.random.default_rng(1)
    )
    assert few.passed is None


@pytest.mark.slow
def test_following_the_remedy_passes_and_the_risk_of_the_riskiest_is_right():
    frame = people(1, count=2000, risk=lambda x: 0.9 * (x[:, 0] ** 2 - 1))
    truth = frame["truly_ill"]
    model = cs.SelectiveLabels(prevalence=cs.Known(float(truth.mean()), sd=0.01))
    curved = "bs(x1, df=5) + x2 + x3"
    fits = [
        cs.fit(
            model,
            study(frame, **columns),
            seed=1,
            sampler=cs.Laplace(),
            progress=False,
        )
        for columns in ({"features": NAMES}, {"formula": curved})
    ]
    before, after = (
        {check.name: check for check in each.check()}["functional form"]
        for each in fits
    )
    assert before.passed is False and "bs(x1, df=5)" in before.remedy
    assert before in fits[0].effect("untested_prevalence").doubts
    assert after.passed
    low = (frame["x1"] < -1.5) & ~frame["tested"]
    labels = ["low" if one else "other" for one in low]
    [wrong, right] = [
        each.effect("untested_prevalence", by=labels).draws.sel(group="low")
        for each in fits
    ]
    risk = float(frame["untested_risk"][low].mean())
    assert abs(float(wrong.mean()) - risk) > 3 * float(wrong.std())
    assert abs(float(right.mean()) - risk) < 3 * float(right.std())
