"""Regressions of a diagram: the g-prior, specification checks, and everyday questions.

Right answers are those of the mechanisms that make the data.
"""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.causal_diagram.regression.specification_checks import (
    specification_checks,
)

TEXT = "z -> x, y; x -> y"


def model(text=TEXT, **options):
    return cs.CausalDiagram(
        text, treatment="x", outcome="y", route="regression", **options
    )


def fitted(frame, text=TEXT, draws=300, **options):
    data = cs.Observations.from_frame(frame)
    sampler = cs.Exact(chains=1, draws=draws)
    return cs.fit(model(text, **options), data, seed=1, sampler=sampler, progress=False)


def logistic(value):
    return 1 / (1 + np.exp(-value))


def doubts(answer):
    return [check.name for check in answer.doubts]


@pytest.mark.parametrize(("rows", "spread"), [(200, 0.3), (30, 0.3), (100, 0.15)])
def test_the_prior_does_not_give_a_confounders_effect_to_the_treatment(rows, spread):
    """x = z + spread e, y = x - 2 z + e: least squares has the effect, which is 1, without bias."""
    ours = []
    least_squares = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=rows)
        x = z + spread * rng.normal(size=rows)
        frame = pd.DataFrame({"z": z, "x": x, "y": x - 2 * z + rng.normal(size=rows)})
        ours.append(float(fitted(frame, draws=1000).effect("effect").draws.mean()))
        design = np.column_stack([np.ones(rows), x, z])
        least_squares.append(np.linalg.lstsq(design, frame["y"], rcond=None)[0][1])
    ours, least_squares = np.array(ours), np.array(least_squares)
    assert abs(ours - least_squares).mean() < 0.2 * least_squares.std()


def curved(kind, rows, seed):
    """Return a world with effect 1 in which z acts by a curve, and x depends on it.

    Parameters
    ----------
    kind : "square", "absolute" or "wave"
    rows, seed : int
    """
    rng = np.random.default_rng(seed)
    z = rng.normal(size=rows)
    shape = {"square": z**2, "absolute": 2 * abs(z), "wave": 2 * np.sin(2 * z)}[kind]
    x = (rng.random(rows) < logistic(shape - shape.mean())).astype(int)
    return pd.DataFrame({"z": z, "x": x, "y": 2 * shape + x + rng.normal(size=rows)})


@pytest.mark.parametrize("kind", ["square", "absolute", "wave"])
def test_a_curve_that_is_left_out_fails_a_check_and_the_remedy_helps(kind):
    frame = curved(kind, 800, seed=len(kind))
    answer = fitted(frame).effect("effect")
    assert "form of the regressions" in doubts(answer)
    assert "basis_size=6" in " ".join(answer.warnings)
    better = fitted(frame, basis_size=6).effect("effect")
    assert abs(float(better.draws.mean()) - 1) < 0.3 * abs(
        float(answer.draws.mean()) - 1
    )


@pytest.mark.parametrize("acts", [True, False])
def test_codes_of_categories_taken_for_numbers_are_seen_and_the_remedy_helps(acts):
    rng = np.random.default_rng(1)
    z = rng.integers(30, size=800).astype(float)
    level = rng.permutation(np.linspace(0, 3, 30))[z.astype(int)] if acts else z / 10
    x = (rng.random(800) < logistic(1.5 * level - 2)).astype(int)
    frame = pd.DataFrame({"z": z, "x": x, "y": 2 * level + rng.normal(size=800)})
    answer = fitted(frame).effect("effect")
    assert ("form of the regressions" in doubts(answer)) is acts
    if acts:
        assert "frame['z'].astype(str)" in " ".join(answer.warnings)
        frame["z"] = frame["z"].astype(str)
        better = fitted(frame).effect("effect")
        assert "form of the regressions" not in doubts(better)
        assert abs(float(better.draws.mean())) < 3 * float(better.draws.std())
        assert float(answer.draws.mean()) > 5 * float(answer.draws.std())


def test_an_interaction_that_is_left_out_fails_a_check_and_the_remedy_helps():
    rng = np.random.default_rng(3)
    z, w = rng.normal(size=(2, 800))
    x = z * w + rng.normal(size=800)
    frame = pd.DataFrame(
        {"z": z, "w": w, "x": x, "y": x + 2 * z * w + rng.normal(size=800)}
    )
    text = "z, w -> x, y; x -> y"
    answer = fitted(frame, text).effect("effect")
    assert "form of the regressions" in doubts(answer)
    assert "interactions='pairs'" in " ".join(answer.warnings)
    better = fitted(frame, text, interactions="pairs").effect("effect")
    assert abs(float(better.draws.mean()) - 1) < 4 * float(better.draws.std())


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({}, "basis_size=6"),
        ({"interactions": "pairs"}, "basis_size=6"),
        ({"basis_size": 6}, "interactions='pairs'"),
    ],
)
def test_an_effect_along_a_curve_of_a_confounder_is_seen_and_the_remedy_helps(
    options, remedy
):
    """The effect is 1 + .8 z² in people with z, on average 1.8: x z says nothing of it."""
    frame = effect_along_a_curve(curvature=0.8, seed=1)
    answer = fitted(frame, **options).effect("effect")
    assert "form of the regressions" in doubts(answer)
    assert remedy in " ".join(answer.warnings)
    better = fitted(frame, basis_size=6, interactions="pairs").effect("effect")
    assert "form of the regressions" not in doubts(better)
    assert abs(float(better.draws.mean()) - 1.8) < 3 * float(better.draws.std())
    assert float(answer.draws.mean()) < 1.8 - 3 * float(answer.draws.std())


def test_no_curve_is_seen_in_effects_that_are_all_the_same():
    """Of 4 x 6 fits, 3 failures and more have a chance of .002 at the level of .01."""
    failed = 0
    for seed in range(6):
        frame = effect_along_a_curve(curvature=0, seed=seed)
        data = cs.Observations.from_frame(frame)
        for basis_size in (1, 6):
            for interactions in ("none", "pairs"):
                options = {"basis_size": basis_size, "interactions": interactions}
                checks = specification_checks(model(**options), data)
                failed += not next(
                    c for c in checks if c.name.startswith("form")
                ).passed
    assert failed < 3


def effect_along_a_curve(curvature, seed, rows=800):
    """Return data whose effect changes along the square of a confounder.

    Parameters
    ----------
    curvature : float
        The effect is 1 + curvature z².
    seed, rows : int
    """
    rng = np.random.default_rng(seed)
    z = rng.normal(size=rows)
    x = (rng.random(rows) < logistic(1.5 * z)).astype(int)
    effect = 1 + curvature * z**2
    return pd.DataFrame({"z": z, "x": x, "y": effect * x + z + rng.normal(size=rows)})


def test_lack_of_overlap_fails_a_check():
    rng = np.random.default_rng(4)
    z = rng.normal(size=600)
    frame = pd.DataFrame({"z": z, "x": (z > 0).astype(int)})
    frame["y"] = frame["x"] + z + rng.normal(size=600)
    assert "overlap" in doubts(fitted(frame).effect("effect"))


def test_unequal_variances_that_matter_fail_a_check():
    rng = np.random.default_rng(5)
    x, z = rng.normal(size=(2, 800))
    frame = pd.DataFrame(
        {"z": z, "x": x, "y": x + z + (0.2 + x**2) * rng.normal(size=800)}
    )
    assert "equal variances" in doubts(fitted(frame).effect("effect"))


@pytest.mark.parametrize("value", [50.0, -9.0])
def test_a_dose_that_was_never_seen_carries_a_warning(value):
    rng = np.random.default_rng(6)
    z = rng.normal(size=300)
    x = z + rng.normal(size=300)
    fit = fitted(pd.DataFrame({"z": z, "x": x, "y": x + z + rng.normal(size=300)}))
    assert "within the data" in doubts(fit.effect("y", do={"x": value}))
    assert "within the data" in doubts(fit.effect("y", do={"x": [value, 0.0]}))
    assert doubts(fit.effect("y", do={"x": 0.5})) == [
        "independences of the diagram"
    ]  # saturated


def right(kind, rows, rng):
    """Return data of a linear or logistic world in which nothing is wrong.

    Parameters
    ----------
    kind : "normal", "heavy", "label" or "rare"
    rows : int
    rng : numpy Generator
    """
    z, w = rng.normal(size=(2, rows))
    if kind == "rare":
        z = (rng.random(rows) < 0.05).astype(int)
    x = z + w + rng.normal(size=rows)
    if kind == "label":
        x = (rng.random(rows) < logistic(0.7 * z + 0.5 * w)).astype(int)
    noise = rng.standard_t(4, rows) if kind == "heavy" else rng.normal(size=rows)
    return pd.DataFrame({"z": z, "w": w, "x": x, "y": x + z - w + noise})


RIGHT = model("z, w -> x, y; x -> y")


def alarms(kind, rows, sets):
    rng = np.random.default_rng(rows)
    count = 0
    for _ in range(sets):
        data = cs.Observations.from_frame(right(kind, rows, rng))
        count += any(
            check.passed is False for check in specification_checks(RIGHT, data)
        )
    return count


@pytest.mark.parametrize("kind", ["normal", "heavy", "label", "rare"])
@pytest.mark.parametrize("rows", [60, 400])
def test_right_regressions_seldom_fail_a_check(kind, rows):
    assert alarms(kind, rows, 12) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normal", "heavy", "label", "rare"])
@pytest.mark.parametrize("rows", [60, 400, 3000])
def test_false_alarms_of_the_form_of_regressions(kind, rows):
    """Three checks at one per cent each: at most 14 of 200 with probability .999."""
    assert alarms(kind, rows, 200) <= 14


@pytest.fixture(scope="module")
def everyday():
    """Women gain 3 from x (1 through m), men 1; x is a third more likely in women."""
    rng = np.random.default_rng(7)
    n = 3000
    z = rng.normal(size=n)
    woman = rng.integers(0, 2, n)
    x = (rng.random(n) < logistic(0.8 * woman - 0.4)).astype(int)
    m = x + rng.normal(size=n)
    y = 2 * x * woman + m + z + rng.normal(size=n)
    frame = pd.DataFrame(
        {"z": z, "sex": np.where(woman == 1, "f", "m"), "x": x, "m": m, "y": y}
    )
    share = frame.loc[frame["x"] == 1, "sex"].eq("f").mean()
    text = "z, sex -> x, y; x -> m -> y; x -> y"
    return fitted(frame, text, interactions="pairs"), share


@pytest.mark.parametrize(
    ("name", "question", "truth"),
    [
        ("y", {"do": {"x": [1, 0]}, "given": {"sex": "f"}}, 3.0),
        ("y", {"do": {"x": [1, 0]}, "given": {"sex": "m"}}, 1.0),
        ("m", {"do": {"x": [1, 0]}}, 1.0),
        ("m", {"do": {"x": [0, 1]}, "given": {"sex": "m"}}, -1.0),
        ("y", {"do": {"x": [1, 0]}, "factual": {"x": 1}}, "treated"),
        ("y", {"do": {"x": [1, 0]}, "factual": {"x": 1, "sex": "f"}}, 3.0),
    ],
)
def test_everyday_questions_have_the_right_answers(everyday, name, question, truth):
    fit, women = everyday
    right = 1 + 2 * women if truth == "treated" else truth
    answer = fit.effect(name, **question)
    assert abs(float(answer.draws.mean()) - right) < 4 * float(answer.draws.std())
    assert answer.kind == "causal"
    assert float(answer.draws.std()) < 0.2


def test_a_dose_response_has_an_entry_a_dose():
    rng = np.random.default_rng(8)
    x = rng.normal(size=400)
    frame = pd.DataFrame({"x": x, "y": 2 * x + rng.normal(size=400)})
    doses = [-1.0, -0.5, 0.0, 0.5, 1.0]
    table = fitted(frame, "x -> y").effect("y", do={"x": doses}).summary()
    assert list(table.index) == [f"do(x={dose})" for dose in doses]
    assert (abs(table["mean"] - 2 * np.array(doses)) < 4 * table["sd"]).all()


@pytest.mark.parametrize("levels", [2, 3])
def test_a_dose_response_of_labels(levels):
    rng = np.random.default_rng(9)
    x = rng.integers(0, 3, 600)
    y = rng.integers(0, levels, 600)
    data = cs.Observations.from_frame(pd.DataFrame({"x": x, "y": y}))
    fit = cs.fit(cs.CausalDiagram("x -> y"), data, seed=1, progress=False)
    answer = fit.effect("y", do={"x": [0, 1, 2]})
    assert len(answer.summary()) == (3 if levels == 2 else 9)
    one = fit.effect("y", do={"x": 2}).draws.to_numpy().reshape(4000, -1)[:, -1]
    np.testing.assert_allclose(answer.draws[..., -1].to_numpy().ravel(), one)


def test_effects_on_the_treated_of_labels_are_differences_within_groups():
    """y has .2 + .3 x in women and .2 + .1 x in men."""
    rng = np.random.default_rng(10)
    woman = rng.integers(0, 2, 6000)
    x = (rng.random(6000) < 0.3 + 0.4 * woman).astype(int)
    y = (rng.random(6000) < 0.2 + x * (0.1 + 0.2 * woman)).astype(int)
    frame = pd.DataFrame({"s": np.where(woman == 1, "f", "m"), "x": x, "y": y})
    model = cs.CausalDiagram("s -> x, y; x -> y", treatment="x", outcome="y")
    fit = cs.fit(model, cs.Observations.from_frame(frame), seed=1, progress=False)
    for factual, right in (
        ({"x": 1, "s": "f"}, 0.3),
        ({"x": 1, "s": "m"}, 0.1),
        ({"x": 1}, 0.1 + 0.2 * woman[x == 1].mean()),
        ({"x": 0}, 0.1 + 0.2 * woman[x == 0].mean()),
    ):
        answer = fit.effect("y", do={"x": [1, 0]}, factual=factual)
        assert abs(float(answer.draws.mean()) - right) < 4 * float(answer.draws.std())


def test_refusals_say_what_to_do():
    rng = np.random.default_rng(11)
    z, x = rng.normal(size=(2, 200))
    fit = fitted(pd.DataFrame({"z": z, "x": x, "y": x + z + rng.normal(size=200)}))
    with pytest.raises(cs.ModelError, match="range of the number 'z', such as"):
        fit.effect("y", do={"x": [1.0, 0.0]}, given={"z": 1.0})
    with pytest.raises(cs.ModelError, match="one intervention on several variables"):
        fit.effect("y", do={"x": [1.0, 2.0, 3.0], "z": [0.0, 1.0, 2.0]})
    with pytest.raises(cs.ModelError, match="'z' is a number"):
        fit.effect("y", do={"x": 1.0}, factual={"z": 0.0})


def test_labels_with_thin_cells_are_logistic_in_the_regression_route():
    rng = np.random.default_rng(12)
    frame = pd.DataFrame(
        rng.integers(0, 2, (200, 8)), columns=[f"z{k}" for k in range(6)] + ["x", "y"]
    )
    names = ", ".join(f"z{k}" for k in range(6))
    thin = model(f"{names} -> x, y; x -> y")
    data = cs.Observations.from_frame(frame)
    assert thin.exact_posterior(data) is None
    assert any("coefficients" in name for name in thin.parameters(data))
    full = cs.Observations.from_frame(pd.concat([frame] * 10))
    assert thin.exact_posterior(full) is not None
