"""Effects from data with missing values, against explicit models and published verdicts."""

from itertools import combinations

import numpy as np
import pytest

from causalstats import Diagram
from causalstats.diagrams import JointTable
from causalstats.diagrams.identification.missing_data import recover
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError
from tests.diagrams.test_transport import Model

MISSING = {"x": "r_x", "y": "r_y", "z": "r_z"}


def masked(joint, indicators):
    """Return the distribution of what is seen, with level 0 in the place of missing values."""
    array = joint.array.copy()
    for variable, sign in indicators.items():
        at = joint.variables.index(variable)
        rows = joint.variables.index(sign)
        moved = np.moveaxis(array, (at, rows), (0, 1))
        moved[0, 0] += moved[1, 0]
        moved[1, 0] = 0
    return JointTable(joint.variables, array)


def truth(model, outcome, do):
    joint = model.joint(randomised=do)
    return joint.probability((outcome,), tuple(do))


def random_missingness(rng, among_signs):
    """Return a graph of x, y, z, of which some are missing, and its indicators.

    Parameters
    ----------
    rng : Generator
    among_signs : bool
        Whether indicators may act on each other and share hidden causes.
    """
    names = list(rng.permutation(["x", "y", "z"]))
    missing = [name for name in names if rng.random() < 0.7]
    signs = [f"r_{name}" for name in missing]
    arrows = [pair for pair in combinations(names, 2) if rng.random() < 0.6]
    arrows += [(name, sign) for name in names for sign in signs if rng.random() < 0.35]
    hidden = [pair for pair in combinations(names, 2) if rng.random() < 0.2]
    if among_signs:
        arrows += [pair for pair in combinations(signs, 2) if rng.random() < 0.4]
        hidden += [pair for pair in combinations(signs, 2) if rng.random() < 0.2]
        hidden += [(n, r) for n in names for r in signs if rng.random() < 0.1]
    graph = MixedGraph.projected([*names, *signs], arrows, (), hidden)
    return graph, {name: MISSING[name] for name in missing}


def test_formulas_are_the_effects_of_explicit_models():
    rng = np.random.default_rng(1)
    recovered = 0
    for _ in range(250):
        graph, indicators = random_missingness(rng, True)
        do = ("x",) if rng.random() < 0.7 else ()
        answer = recover(graph, "y", do, indicators)
        if not answer.recovered:
            assert answer.obstacle
            continue
        recovered += bool(indicators)
        model = Model(rng, graph)
        values = answer.evaluate(masked(model.joint(), indicators))
        np.testing.assert_allclose(values, truth(model, "y", do), atol=1e-10)
    assert recovered > 60


def test_the_distribution_of_all_is_recovered_unless_a_variable_masks_itself():
    """Mohan, Pearl & Tian (2013), theorem 2: no arrow or hidden cause among indicators."""
    rng = np.random.default_rng(2)
    verdicts = []
    for _ in range(150):
        graph, indicators = random_missingness(rng, False)
        answer = recover(graph, ("x", "y", "z"), (), indicators)
        masks_itself = any(
            (name, sign) in graph.directed for name, sign in indicators.items()
        )
        assert answer.recovered == (not masks_itself)
        verdicts.append(answer.recovered)
    assert 30 < sum(verdicts) < 120


def test_a_case_control_study_needs_the_prevalence():
    """The verdicts of dosearch's example of a case-control design with non-response."""
    diagram = Diagram.parse("x -> y -> r_y -> r_x")
    missing = {"x": "r_x", "y": "r_y"}
    alone = diagram.recover("y", "x", missing)
    assert not alone.recovered
    assert "whether y was seen depends on y itself" in str(alone)
    known = diagram.recover("y", "x", missing, known=["y"])
    assert known.recovered
    assert "P(x | y, r_y=1, r_x=1) P(y)" in str(known)


def test_conditional_distributions_from_elsewhere_give_the_effects_of_explicit_models():
    """Of two variables that may both be missing and mask themselves, with each conditional."""
    rng = np.random.default_rng(3)
    indicators = {"x": "r_x", "y": "r_y"}
    possible = [(v, r) for v in ("x", "y") for r in ("r_x", "r_y")] + [("r_x", "r_y")]
    verdicts = []
    for size in range(len(possible) + 1):
        for arrows in combinations(possible, size):
            graph = MixedGraph.projected(
                ["x", "y", "r_x", "r_y"], [("x", "y"), *arrows]
            )
            alone = recover(graph, "y", "x", indicators)
            forward = recover(graph, "y", "x", indicators, known=["y | x"])
            backward = recover(graph, "y", "x", indicators, known=["x | y", ["y"]])
            assert forward.recovered and backward.recovered
            verdicts.append(alone.recovered)
            model = Model(rng, graph)
            effect = truth(model, "y", ("x",))
            for answer in (forward, backward):
                values = answer.evaluate(model.joint())  # sources that know everything
                np.testing.assert_allclose(values, effect, atol=1e-10)
            if alone.recovered:
                values = alone.evaluate(masked(model.joint(), indicators))
                np.testing.assert_allclose(values, effect, atol=1e-10)
    assert 8 <= sum(verdicts) < len(verdicts)


def test_a_conditional_distribution_of_itself_is_refused():
    diagram = Diagram.parse("x -> y -> r")
    with pytest.raises(ModelError, match="such as 'y \\| x'"):
        diagram.recover("y", "x", {"y": "r"}, known=["y | y"])


@pytest.mark.parametrize(
    ("text", "missing", "outcome", "do", "formula"),
    [
        ("x -> y; z -> x, y, r_y", {"y": "r_y"}, "y", "x", "P(y | z, x, r_y=1)"),
        ("x -> y -> r_x", {"x": "r_x"}, "y", "x", "P(x | y, r_x=1) P(y)"),
        ("x -> y; x -> r_y; y -> r_x", {"x": "r_x", "y": "r_y"}, "y", "x", "P("),
    ],
    ids=["at random", "the outcome masks the treatment", "each masks the other"],
)
def test_textbook_cases(text, missing, outcome, do, formula):
    answer = Diagram.parse(text).recover(outcome, do, missing)
    assert answer.recovered
    assert formula in str(answer)


@pytest.mark.parametrize(
    ("text", "missing", "message"),
    [
        ("x -> y; y -> r; r -> w", {"y": "r"}, "acts on 'w'"),
        ("x -> y; x -> r", {"y": "r", "x": "r"}, "an indicator of its own"),
        ("x -> y; x -> r", {"y": "y"}, "an indicator of its own"),
    ],
)
def test_indicators_that_are_none(text, missing, message):
    with pytest.raises(ModelError, match=message):
        Diagram.parse(text).recover("y", "x", missing)


def test_not_identified_without_missing_values():
    answer = Diagram.parse("x -> y; x <-> y; x -> r").recover("y", "x", {"y": "r"})
    assert "not identified where no value is missing" in str(answer)
    with pytest.raises(ModelError, match="recovered"):
        answer.evaluate(JointTable(("x", "y", "r"), np.full((2, 2, 2), 0.125)))
