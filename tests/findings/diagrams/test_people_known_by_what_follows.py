"""Counterfactuals of people of whom what follows the treatment, or a rare value, is known."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


@pytest.fixture(scope="module", params=["reduced", "hierarchical"])
def fits(request):
    rng = np.random.default_rng(1)
    hidden = rng.random(3000) < 0.5
    x = (rng.random(3000) < 0.2 + 0.6 * hidden).astype(int)
    m = (rng.random(3000) < 0.2 + 0.5 * x).astype(int)
    y = (rng.random(3000) < 0.2 + 0.3 * x + 0.3 * m).astype(int)
    w = (rng.random(3000) < 0.2 + 0.6 * hidden).astype(int)
    frame = pd.DataFrame({"x": x, "m": m, "y": y, "w": w})

    def fit(diagram: str, columns: str, outcome: str) -> cs.Fit:
        model = cs.CausalDiagram(
            diagram, outcome=outcome, treatment="x", route=request.param
        )
        data = cs.Observations.from_frame(frame[list(columns)])
        return cs.fit(model, data, seed=1, progress=False)

    return (
        frame,
        fit("x -> m -> y; x -> y", "xmy", "y"),
        fit("x <-> w; x -> m", "xmw", "m"),
    )


@pytest.mark.parametrize(
    ("outcome", "factual"),
    [("y", {"x": 0, "m": 1}), ("m", {"x": 0, "y": 1}), ("m", {"y": 1})],
)
def test_effects_on_those_known_by_a_consequence_are_not_those_seen_after_it(
    fits, outcome, factual
):
    _, mediated, _ = fits
    with pytest.raises(cs.ModelError, match="at two values of x in the same people"):
        mediated.effect(outcome, do={"x": 1}, factual=factual)


def test_a_treatment_without_an_effect_leaves_a_confounded_group_what_it_was(fits):
    frame, _, confounded = fits
    seen = frame[frame["x"] == 0]["w"].mean()
    answer = confounded.effect("w", do={"x": 1}, factual={"x": 0}).draws
    assert abs(float(answer.mean()) - seen) < 4 * float(answer.std())
    assert abs(seen - frame["w"].mean()) > 0.1
    by_consequence = confounded.effect("w", do={"m": 1}, factual={"m": 0}).draws
    seen = frame[frame["m"] == 0]["w"].mean()
    assert abs(float(by_consequence.mean()) - seen) < 4 * float(by_consequence.std())


def test_people_may_be_known_by_what_the_treatment_does_not_act_on_alone(fits):
    frame, mediated, _ = fits
    right = frame[(frame["x"] == 1) & (frame["m"] == 0)]["y"].mean()
    answer = mediated.effect("y", do={"m": 0}, factual={"x": 1}).draws
    assert abs(float(answer.mean()) - right) < 4 * float(answer.std())


def test_an_outcome_that_was_seen_in_the_same_world_is_known(fits):
    _, mediated, _ = fits
    for outcome, do, factual in (
        ("y", {"x": 1, "x -> m": 1}, {"x": 1, "y": 1}),
        ("m", {"x": 1, "x -> y": 0}, {"x": 1, "m": 1}),
        ("y", {"y": 1, "x -> m": 0}, {"x": 1}),
    ):
        answer = mediated.effect(outcome, do=do, factual=factual)
        assert np.all(answer.draws == 1)
        assert "known without data" in answer.description


def test_events_that_contradict_each_other_are_impossible_beside_hidden_causes(fits):
    _, _, confounded = fits
    assert np.all(confounded.effect("P(w[x=1]=1, w[x=0]=0)").draws == 0)


def test_a_rare_group_of_many_rows_is_simulated_from_its_own_rows():
    rng = np.random.default_rng(2)
    z = rng.normal(size=6000)
    x = (rng.random(6000) < 0.004 * np.exp(z)).astype(int)
    m = 0.5 * x + rng.normal(size=6000)
    frame = pd.DataFrame({"z": z, "x": x, "m": m})
    frame["y"] = z + x + m + 0.1 * rng.normal(size=6000)
    model = cs.CausalDiagram(
        "z -> x, m, y; x -> m -> y; x -> y",
        outcome="y",
        treatment="x",
        route="regression",
    )
    data = cs.Observations.from_frame(frame)
    fit = cs.fit(model, data, sampler=cs.Exact(draws=100), seed=1, progress=False)
    # y[x=0, m as at x=1] of the treated: their z, and a half by the mediator
    answer = fit.effect("y", do={"x": 0, "x -> m": 1}, factual={"x": 1}).draws
    group = z[x == 1]
    error = group.std() / np.sqrt(len(group))
    assert float(answer.std()) < 1.5 * error  # three times that by two people a draw
    assert abs(float(answer.mean()) - group.mean() - m[x == 1].mean()) < 4 * error
