"""Answers about categorical variables carry the check of their prior sensitivity.

Data are drawn from known mechanisms; right answers are sums over their cells.
"""

import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


def refutable(answer: cs.Effect) -> list[str]:
    """Return the doubts but for the caution that nothing in these data can refute the diagram."""
    return [
        check.name
        for check in answer.doubts
        if check.name != "independences of the diagram"
    ]


def logistic(value):
    return 1 / (1 + np.exp(-np.asarray(value)))


def confounded(levels, rows, seed, slope=0.5):
    """Return observations of confounders, x and y, and the effect of x on y.

    Parameters
    ----------
    levels : tuple of int
        The number of levels of each confounder.
    rows, seed : int
    slope : float
        The size of confounding, in logits.
    """
    rng = np.random.default_rng(seed)
    middle = (np.array(levels) - 1) / 2
    grid = np.array(list(product(*map(range, levels)))) - middle
    each = slope / np.sqrt(len(levels))
    truth = (
        logistic(0.7 + each * grid.sum(axis=1))
        - logistic(-0.3 + each * grid.sum(axis=1))
    ).mean()
    z = np.column_stack([rng.integers(0, count, rows) for count in levels])
    score = each * (z - middle).sum(axis=1)
    x = (rng.random(rows) < logistic(score)).astype(int)
    y = (rng.random(rows) < logistic(-0.3 + x + score)).astype(int)
    frame = pd.DataFrame(
        {**{f"z{k}": z[:, k] for k in range(len(levels))}, "x": x, "y": y}
    )
    return cs.Observations.from_frame(frame), truth


def model_of(levels, **options):
    names = ", ".join(f"z{k}" for k in range(len(levels)))
    return cs.CausalDiagram(
        f"{names} -> x, y; x -> y", treatment="x", outcome="y", **options
    )


def fitted(model, data, seed=1, draws=400):
    return cs.fit(
        model, data, seed=seed, sampler=cs.Exact(chains=1, draws=draws), progress=False
    )


@pytest.mark.parametrize(
    ("levels", "rows", "options"),
    [
        ((4, 4, 4), 300, {"prior": "bdeu"}),
        ((4, 4, 4), 2000, {"prior": "bdeu"}),
        ((3,) * 4, 500, {"prior": "bdeu", "concentration": 0.1}),
        ((2,) * 7, 200, {"concentration": 0.01}),
        ((2,), 10, {"concentration": 1e-4}),
    ],
)
def test_a_weak_prior_gives_finite_answers(levels, rows, options):
    data, _ = confounded(levels, rows, seed=rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        fit = fitted(model_of(levels, route="reduced", **options), data)
        answer = fit.effect("effect")
        rows = (
            fit.sensitivity(prior=["bdeu"]) if options.get("prior") != "bdeu" else None
        )
    assert np.isfinite(answer.draws).all()
    assert answer.draws.std() > 0
    assert (
        rows is None or np.isfinite(rows[["mean", "lower", "upper"]].to_numpy()).all()
    )


@pytest.mark.parametrize(
    ("levels", "rows"), [((2,) * 8, 200), ((4,) * 3, 200), ((3,) * 4, 300)]
)
@pytest.mark.parametrize("options", [{}, {"prior": "bdeu"}, {"concentration": 1.0}])
def test_an_answer_of_tables_with_thin_cells_carries_the_weight_of_the_prior(
    levels, rows, options
):
    data, _ = confounded(levels, rows, seed=sum(levels))
    fit = fitted(model_of(levels, route="reduced", **options), data)
    doubts = [check.name for check in fit.effect("effect").doubts]
    assert "weight of the prior" in doubts
    assert "positivity" in doubts


@pytest.mark.parametrize(
    ("levels", "rows"), [((2,) * 8, 200), ((4,) * 3, 200), ((3,) * 4, 300)]
)
def test_default_answer_from_thin_cells_is_by_regressions_and_near_the_truth(
    levels, rows
):
    data, truth = confounded(levels, rows, seed=sum(levels))
    fit = fitted(model_of(levels), data)
    answer = fit.effect("effect")
    assert "hierarchical" in answer.description
    assert abs(float(answer.draws.mean()) - truth) < 3.5 * float(answer.draws.std())


@pytest.mark.parametrize(
    ("levels", "rows"), [((2,), 60), ((2, 2), 300), ((3, 2), 600), ((2,) * 3, 1500)]
)
def test_an_answer_from_full_cells_carries_nothing(levels, rows):
    data, truth = confounded(levels, rows, seed=rows)
    answer = fitted(model_of(levels), data).effect("effect")
    assert refutable(answer) == []
    assert abs(float(answer.draws.mean()) - truth) < 4 * float(answer.draws.std())


@pytest.fixture(scope="module")
def one_sided():
    """Nobody with z = 2 has x = 1; y has probability .2 + .3 x + .1 z."""
    rng = np.random.default_rng(5)
    z = rng.integers(0, 3, 600)
    x = np.where(z == 2, 0, rng.integers(0, 2, 600))
    y = (rng.random(600) < 0.2 + 0.3 * x + 0.1 * z).astype(int)
    data = cs.Observations.from_frame(pd.DataFrame({"z": z, "x": x, "y": y}))
    return fitted(
        cs.CausalDiagram("z -> x, y; x -> y", treatment="x", outcome="y"), data
    )


@pytest.mark.parametrize(
    ("question", "supported"),
    [
        ({"do": {"x": 1}, "given": {"z": 2}}, False),
        ({"do": {"x": [1, 0]}, "given": {"z": 2}}, False),
        ({"do": {"x": 1}}, False),
        ({"do": {"x": 0}}, True),
        ({"do": {"x": 1}, "given": {"z": 1}}, True),
        ({"do": {"x": [1, 0]}, "given": {"z": 0}}, True),
        ({"given": {"x": 1}}, True),
        ({"given": {"x": 1, "z": 2}}, False),
    ],
)
def test_positivity_is_that_of_the_question_asked(one_sided, question, supported):
    names = [check.name for check in one_sided.effect("y", **question).doubts]
    assert ("positivity" not in names) is supported
    assert ("weight of the prior" not in names) is supported


def test_positivity_of_what_the_treated_would_have_had(one_sided):
    """The untreated are of all three kinds, the treated of two, who alone have counterparts."""
    without = one_sided.effect("y", do={"x": 0}, factual={"x": 1})
    with_it = one_sided.effect("y", do={"x": 1}, factual={"x": 0})
    assert "positivity" not in [check.name for check in without.doubts]
    assert "positivity" in [check.name for check in with_it.doubts]


def test_the_effect_carries_the_positivity_of_its_own_arms(one_sided):
    assert "z=2, x=1" in " ".join(one_sided.effect("effect").warnings)
    assert refutable(one_sided.effect("association")) == []
    assert "positivity" in [
        check.name for check in one_sided.check() if check.passed is False
    ]


@pytest.mark.slow
@pytest.mark.parametrize("levels", [(2,) * 8, (4,) * 3])
def test_the_remedy_for_thin_cells_covers(levels):
    """Logistic regressions, as the mechanisms are, cover where tables never do."""
    covered = []
    for seed in range(6):
        data, truth = confounded(levels, 200, seed)
        model = model_of(levels, route="regression")
        answer = cs.fit(model, data, seed=seed, progress=False).effect("effect")
        row = answer.summary().iloc[0]
        covered.append(row["lower"] <= truth <= row["upper"])
        assert "weight of the prior" not in [check.name for check in answer.doubts]
    assert sum(covered) >= 4


def test_positivity_is_looked_at_in_the_structural_route_too():
    rng = np.random.default_rng(6)
    z = rng.integers(0, 2, 300)
    x = np.where(z == 1, 0, rng.integers(0, 2, 300))
    frame = pd.DataFrame({"z": z, "x": x, "y": rng.integers(0, 2, 300)})
    model = cs.CausalDiagram(
        "z -> x, y; x -> y", treatment="x", outcome="y", route="structural"
    )
    checks = model.estimands()["effect"].checks
    assert checks is not None
    (check,) = checks(None, cs.Observations.from_frame(frame))
    assert check.name == "positivity"
    assert check.passed is False


def test_a_hidden_cause_that_no_data_can_show_is_told_as_undecidable():
    rng = np.random.default_rng(11)
    u, z = rng.integers(0, 2, (2, 800))
    x, y = (rng.random((2, 800)) < 0.2 + 0.5 * u + 0.1 * z).astype(int)
    data = cs.Observations.from_frame(pd.DataFrame({"z": z, "x": x, "y": y}))
    model = cs.CausalDiagram("z -> x; z -> y; x -> y", treatment="x", outcome="y")
    effect = cs.fit(model, data, seed=1, progress=False).effect("effect")
    assert effect.numbers()["lower"].iloc[0] > 0  # though x does nothing
    assert "independences of the diagram" in [check.name for check in effect.doubts]
