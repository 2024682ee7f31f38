"""The text of an effect of a diagram names the event, the arms and the reference."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


def trial(arms, events, seed=1, rows=400):
    """Return a trial in which the second arm has the second event less often by .3.

    Parameters
    ----------
    arms, events : tuple of two labels
    seed, rows : int
    """
    rng = np.random.default_rng(seed)
    arm = rng.integers(0, 2, rows)
    event = (rng.random(rows) < 0.5 - 0.3 * arm).astype(int)
    return pd.DataFrame({"a": np.array(arms)[arm], "y": np.array(events)[event]})


@pytest.mark.parametrize("diagram", ["a -> y", "a -> y; a <-> y"])
@pytest.mark.parametrize(
    ("arms", "events"),
    [
        (("placebo", "drug"), ("alive", "dead")),
        (("no", "yes"), ("healthy", "ill")),
        ((0, 1), (0, 1)),
    ],
)
def test_the_text_of_the_headline_names_arms_and_event(diagram, arms, events):
    data = cs.Observations.from_frame(trial(arms, events))
    fit = cs.fit(cs.CausalDiagram(diagram, treatment="a"), data, seed=1, progress=False)
    first, second = sorted(map(str, arms))
    last = max(map(str, events))
    written = f"P(y={last} | do(a={second})) - P(y={last} | do(a={first}))"
    for text in (repr(fit), repr(fit.effect(fit.model.headline)), fit.answer()):
        assert written in text
        assert f"against a={first}" in text


@pytest.mark.parametrize("declared", ["diagram", "category"])
def test_the_declared_order_of_levels_sets_the_reference(declared):
    frame = trial(("placebo", "drug"), ("alive", "dead"))
    order = ["placebo", "drug"]
    diagram = cs.Diagram.parse("a -> y")
    if declared == "diagram":
        diagram = diagram.with_levels({"a": tuple(order)})
    else:
        frame["a"] = pd.Categorical(frame["a"], categories=order)
    data = cs.Observations.from_frame(frame)
    answer = cs.fit(cs.CausalDiagram(diagram), data, seed=1, progress=False).effect(
        "effect"
    )
    assert "P(y=dead | do(a=drug)) - P(y=dead | do(a=placebo))" in answer.text()
    assert float(answer.draws.mean()) == pytest.approx(-0.3, abs=0.15)


def test_several_arms_are_each_set_against_the_first():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"a": rng.choice(list("klm"), 300), "y": rng.choice(["no", "yes"], 300)}
    )
    data = cs.Observations.from_frame(frame)
    answer = cs.fit(cs.CausalDiagram("a -> y"), data, seed=1, progress=False).effect(
        "effect"
    )
    assert "a=l, a=m, each against a=k" in answer.contrast
    assert "P(y=yes | do(a=m)) - P(y=yes | do(a=k))" in answer.description


def test_the_text_of_a_regression_names_its_arms_too():
    rng = np.random.default_rng(3)
    frame = trial(("placebo", "drug"), ("alive", "dead")).assign(z=rng.normal(size=400))
    frame["y"] = (frame["y"] == "dead") + frame["z"] + rng.normal(size=400)
    model = cs.CausalDiagram("z -> y; a -> y", treatment="a", route="regression")
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    assert "E(y | do(a=placebo)) - E(y | do(a=drug))" in fit.answer()


@pytest.mark.parametrize(("treatment", "outcome"), [("a", "y"), ("y", "a")])
def test_an_effect_that_is_0_by_the_drawing_says_so(treatment, outcome):
    model = cs.CausalDiagram("z -> a, y; a -> y", treatment=treatment, outcome=outcome)
    data = model.simulate(1, people=60).data
    fit = cs.fit(model, data, seed=1, progress=False)
    doubts = {check.name: check for check in fit.effect("effect").doubts}
    drawn = doubts.get("arrows from treatment to outcome")
    assert (drawn is not None) is (treatment == "y")
    if drawn is not None:
        assert "exchange `treatment=` and `outcome=`" in drawn.remedy
