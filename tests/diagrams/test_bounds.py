"""Bounds on effects and probabilities of causation match closed forms and enumerated models."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from causalstats.diagrams.bounds import response_type_program as programs
from causalstats.diagrams.bounds.bounds import bounds
from causalstats.diagrams.bounds.probabilities_of_causation import (
    causation_bounds,
    from_experiment,
    treated,
    treated_bounds,
)
from causalstats.diagrams.bounds.response_type_program import (
    counterfactual_costs,
    extremes,
    response_type_program,
)
from causalstats.diagrams.bounds.response_types import Monotone
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.identification.evaluation import JointTable
from causalstats.diagrams.identification.identification import identify
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.errors import ModelError

BOW = Diagram.parse("x -> y; x <-> y")
INSTRUMENT = Diagram.parse("z -> d -> y; d <-> y")
DIFFERENCE = np.array([[0.0, 0.0], [-1.0, 1.0]])  # P(y=1 | do(d=1)) - P(y=1 | do(d=0))
SMOKING = np.array([0.5, 0.1, 0.01, 0.02, 0.1, 0.05, 0.02, 0.2]).reshape(
    2, 2, 2
)  # smoking, tar, cancer
LIPID = (
    np.array([[[0.919, 0.081], [0, 0]], [[0.315, 0.073], [0.139, 0.473]]]) / 2
)  # assigned, taken, improved (Balke & Pearl 1997)


def test_bounds_in_the_bow_graph_match_manski():
    result = bounds(BOW, "y", "x", np.array([[0.4, 0.1], [0.2, 0.3]]), ("x", "y"))
    assert result.sharp and result.axes == ("y", "x")
    np.testing.assert_allclose(
        [result.lower[1, 1], result.upper[1, 1]], [0.3, 0.8], atol=1e-12
    )


def test_smoking_bounds_without_the_mediator():
    result = bounds(
        Diagram.parse("smoking -> cancer; smoking <-> cancer"),
        "cancer",
        "smoking",
        SMOKING.sum(1),
        ("smoking", "cancer"),
    )
    np.testing.assert_allclose(
        [result.lower[1], result.upper[1]], [[0.12, 0.25], [0.49, 0.88]], atol=1e-12
    )


def test_bounds_match_those_published_for_the_lipid_trial():
    result = bounds(INSTRUMENT, "y", "d", LIPID, ("z", "d", "y"), weights=DIFFERENCE)
    np.testing.assert_allclose([result.lower, result.upper], [0.392, 0.780], atol=1e-9)
    assert result.compatible and "[0.392, 0.78]" in str(result)


def random_instruments(rng, draws):
    """Distributions (draws, z, d, y) of instrument models with random shares of response types."""
    shares = rng.dirichlet(np.full(16, 0.3), size=draws).reshape(
        -1, 2, 2, 2, 2
    )  # d if z=0, d if z=1, y if d=0, y if d=1
    joint = np.zeros((draws, 2, 2, 2))
    for z, types in product(range(2), product(range(2), repeat=4)):
        d = types[z]
        joint[:, z, d, types[2 + d]] += shares[(slice(None), *types)] / 2
    return joint, shares


def test_instrument_bounds_match_the_closed_form_of_balke_and_pearl():
    joint, shares = random_instruments(np.random.default_rng(1), 300)
    result = bounds(INSTRUMENT, "y", "d", joint, ("z", "d", "y"), weights=DIFFERENCE)
    p = {f"{y}{d}{z}": 2 * joint[:, z, d, y] for y, d, z in product(range(2), repeat=3)}
    lower = [
        p["111"] + p["000"] - 1,
        p["110"] + p["001"] - 1,
        p["110"] - p["111"] - p["101"] - p["010"] - p["100"],
        p["111"] - p["110"] - p["100"] - p["011"] - p["101"],
        -p["011"] - p["101"],
        -p["010"] - p["100"],
        p["001"] - p["011"] - p["101"] - p["010"] - p["000"],
        p["000"] - p["010"] - p["100"] - p["011"] - p["001"],
    ]
    mirrored = {
        f"{y}{d}{z}": p[f"{1 - int(y)}{d}{z}"] for y, d, z in product("01", repeat=3)
    }  # 1 - y has the effect with its sign changed
    swapped = [
        mirrored["111"] + mirrored["000"] - 1,
        mirrored["110"] + mirrored["001"] - 1,
        mirrored["110"]
        - mirrored["111"]
        - mirrored["101"]
        - mirrored["010"]
        - mirrored["100"],
        mirrored["111"]
        - mirrored["110"]
        - mirrored["100"]
        - mirrored["011"]
        - mirrored["101"],
        -mirrored["011"] - mirrored["101"],
        -mirrored["010"] - mirrored["100"],
        mirrored["001"]
        - mirrored["011"]
        - mirrored["101"]
        - mirrored["010"]
        - mirrored["000"],
        mirrored["000"]
        - mirrored["010"]
        - mirrored["100"]
        - mirrored["011"]
        - mirrored["001"],
    ]
    np.testing.assert_allclose(result.lower, np.max(lower, axis=0), atol=1e-8)
    np.testing.assert_allclose(result.upper, -np.max(swapped, axis=0), atol=1e-8)
    truth = shares[..., 1].sum((1, 2, 3)) - shares[:, :, :, 1].sum((1, 2, 3))
    assert ((result.lower <= truth + 1e-9) & (truth <= result.upper + 1e-9)).all()


def test_a_proxy_instrument_gives_the_bounds_of_a_causal_one():
    """z <-> d in place of z -> d, or beside it."""
    joint, _ = random_instruments(np.random.default_rng(11), 20)
    result = [
        bounds(
            Diagram.parse(f"{how}; d -> y; d <-> y"), "y", "d", joint, ("z", "d", "y")
        )
        for how in ("z -> d", "z <-> d", "z -> d; z <-> d")
    ]
    for other in result[1:]:
        assert other.sharp
        np.testing.assert_allclose(
            [other.lower, other.upper], [result[0].lower, result[0].upper], atol=1e-9
        )


def test_bounds_that_ignore_several_hidden_causes_are_marked_as_outer():
    joint = np.random.default_rng(12).dirichlet(np.ones(16)).reshape(2, 2, 2, 2)
    several, one = (
        "x -> y; x <-> y; x <-> w; w <-> v; v <-> x",
        "x -> y; hidden: u -> x, y, v, w",
    )
    assert not bounds(
        Diagram.parse(several), "y", "x", joint, ("x", "y", "v", "w")
    ).sharp
    assert bounds(Diagram.parse(one), "y", "x", joint, ("x", "y", "v", "w")).sharp


def test_monotonicity_narrows_the_bounds_and_they_hold():
    joint, shares = random_instruments(np.random.default_rng(2), 200)
    shares[:, 1, 0] = 0  # taken unless assigned
    shares /= shares.sum((1, 2, 3, 4), keepdims=True)
    joint = np.zeros_like(joint)
    for z, types in product(range(2), product(range(2), repeat=4)):
        joint[:, z, types[z], types[2 + types[z]]] += shares[(slice(None), *types)] / 2
    none, few, any_ = (
        bounds(
            INSTRUMENT,
            "y",
            "d",
            joint,
            ("z", "d", "y"),
            weights=DIFFERENCE,
            assumptions=assumed,
        )
        for assumed in ([Monotone("z", "d")], [Monotone("z", "d", exceptions=0.05)], [])
    )
    truth = shares[..., 1].sum((1, 2, 3)) - shares[:, :, :, 1].sum((1, 2, 3))
    assert (
        none.compatible.all()
        and ((none.lower <= truth + 1e-8) & (truth <= none.upper + 1e-8)).all()
    )
    assert (none.lower >= few.lower - 1e-8).all() and (
        few.lower >= any_.lower - 1e-8
    ).all()
    np.testing.assert_allclose(
        none.lower, any_.lower, atol=1e-8
    )  # Balke & Pearl: data without defiers are bounded the same


def test_bounds_of_several_outcomes_with_strata():
    """The level of c is asked for too: the bounds are those of y within it, times its share."""
    joint = np.random.default_rng(13).dirichlet(np.ones(8)).reshape(2, 2, 2)
    both = bounds(
        Diagram.parse("c -> x -> y; c -> y; x <-> y"),
        ("c", "y"),
        "x",
        joint,
        ("c", "x", "y"),
    )
    within = bounds(BOW, "y", "x", joint / joint.sum((1, 2), keepdims=True), ("x", "y"))
    np.testing.assert_allclose(
        both.lower, within.lower * joint.sum((1, 2))[:, None, None], atol=1e-9
    )
    np.testing.assert_allclose(
        both.upper, within.upper * joint.sum((1, 2))[:, None, None], atol=1e-9
    )


def test_a_distribution_that_contradicts_the_diagram_has_no_bounds():
    joint = np.zeros((2, 2, 2))
    joint[0, 0, 0] = joint[1, 0, 1] = (
        0.5  # nobody takes it, and yet the assignment decides the outcome
    )
    result = bounds(INSTRUMENT, "y", "d", np.stack([joint, LIPID]), ("z", "d", "y"))
    np.testing.assert_array_equal(result.compatible, [False, True])
    assert (
        np.isnan(result.lower[0]).all()
        and "1 of 2 distributions contradict" in result.remarks[-1]
    )


@dataclass
class People:
    """A model with binary hidden causes and noise, whose counterfactuals are enumerated."""

    graph: MixedGraph
    chances: dict[object, float]
    tables: dict[str, np.ndarray]

    def lives(self, do=()):
        """The share of each kind of people, and the values of the variables in their lives."""
        for levels in product(range(2), repeat=len(self.chances)):
            hidden = dict(zip(self.chances, levels, strict=True))
            values = {}
            for name in self.graph.nodes:
                causes = [
                    *(values[cause] for cause in self.graph.parents(name)),
                    *(hidden[root] for root in roots_of(self.graph, name)),
                ]
                values[name] = dict(do).get(name, self.tables[name][tuple(causes)])
            yield (
                np.prod(
                    [
                        self.chances[root] if level else 1 - self.chances[root]
                        for root, level in hidden.items()
                    ]
                ),
                values,
            )

    def joint(self):
        table = np.zeros([2] * len(self.graph.nodes))
        for share, values in self.lives():
            table[tuple(values.values())] += share
        return table

    def share(self, event, *settings):
        """One life each of the people for whom the event holds under the settings."""
        return sum(
            lives[0][0]
            for lives in zip(*map(self.lives, settings), strict=True)
            if event(*(values for _, values in lives))
        )


def roots_of(graph, name):
    return [
        *sorted((pair for pair in graph.bidirected if name in pair), key=sorted),
        name,
    ]


def random_people(rng, graph):
    chances = {
        root: rng.beta(0.7, 0.7)
        for root in [*sorted(graph.bidirected, key=sorted), *graph.nodes]
    }
    sizes = {
        name: len(graph.parents(name)) + len(roots_of(graph, name))
        for name in graph.nodes
    }
    return People(
        graph,
        chances,
        {name: rng.integers(0, 2, [2] * size) for name, size in sizes.items()},
    )


def random_graph(rng, size):
    nodes = [f"v{number}" for number in range(size)]
    pairs = [
        (one, other) for rank, one in enumerate(nodes) for other in nodes[rank + 1 :]
    ]
    return MixedGraph.projected(
        nodes,
        [p for p in pairs if rng.random() < 0.6],
        (),
        [p for p in pairs if rng.random() < 0.35],
    )


def test_bounds_hold_in_random_diagrams():
    rng, bounded, narrow = np.random.default_rng(3), 0, 0
    while bounded < 15:
        graph = random_graph(rng, 4)
        do = "v0" if rng.random() < 0.5 else "v1"
        if identify(graph, "v3", do).identified or len(graph.directed) > 4:
            continue
        people = random_people(rng, graph)
        joint = people.joint()
        result = bounds(graph, "v3", do, joint, graph.nodes)
        truth = people.share(lambda life: life["v3"] == 1, {do: 1})
        assert result.lower[1, 1] - 1e-7 <= truth <= result.upper[1, 1] + 1e-7, (
            graph,
            result,
        )
        bounded, narrow = (
            bounded + 1,
            narrow + (result.upper[1, 1] - result.lower[1, 1] < 0.999),
        )
    assert narrow > 8


def test_bounds_given_a_descendant_of_the_outcome():
    """P(y | do x, z) = p P(z | y) / P(z | do x) with p between the natural bounds."""
    joint, of_y = np.array([[0.4, 0.1], [0.2, 0.3]]), np.array([[0.9, 0.1], [0.3, 0.7]])
    result = bounds(
        Diagram.parse("x -> y -> z; x <-> y"),
        "y",
        "x",
        joint[:, :, None] * of_y,
        ("x", "y", "z"),
        given="z",
    )
    assert (
        result.sharp
        and result.axes == ("y", "x", "z")
        and result.query == "P(y | do(x), z)"
    )
    for side, p in ((result.lower, 0.3), (result.upper, 0.8)):
        np.testing.assert_allclose(
            side[1, 1], p * of_y[1] / (p * of_y[1] + (1 - p) * of_y[0]), atol=1e-9
        )
    np.testing.assert_allclose(result.lower[0], 1 - result.upper[1], atol=1e-9)
    never = bounds(
        Diagram.parse("x -> y -> z; x <-> y"),
        "y",
        "x",
        joint[:, :, None] * np.array([1.0, 0.0]),
        ("x", "y", "z"),
        given="z",
    )
    assert (
        np.isnan(never.lower[..., 1]).all()
        and not np.isnan(never.lower[..., 0]).any()
        and "cannot occur" in str(never)
    )
    with pytest.raises(ModelError, match="nothing given"):
        bounds(
            INSTRUMENT, "y", "d", LIPID, ("z", "d", "y"), given="z", weights=DIFFERENCE
        )


def test_conditioning_on_an_unaffected_variable_divides_by_its_probability():
    diagram, rng = (
        Diagram.parse("z -> x -> y; z -> y; x <-> y"),
        np.random.default_rng(5),
    )
    joint = rng.dirichlet(np.ones(8), size=40).reshape(40, 2, 2, 2)
    ratio, whole = (
        bounds(diagram, "y", "x", joint, ("z", "x", "y"), given="z"),
        bounds(diagram, ("y", "z"), "x", joint, ("z", "x", "y")),
    )
    share = joint.sum(axis=(2, 3))[:, None, :, None]
    for side in ("lower", "upper"):
        np.testing.assert_allclose(
            getattr(ratio, side),
            (getattr(whole, side) / share).swapaxes(2, 3),
            atol=1e-8,
        )


def test_conditional_bounds_hold_in_random_diagrams():
    rng, bounded, narrow = np.random.default_rng(11), 0, 0
    while bounded < 15:
        graph = random_graph(rng, 4)
        if (
            identify(graph, "v3", "v0", "v2").identified
            or len(graph.directed) > 4
            or "v2" not in graph.descendants("v0")
        ):
            continue
        people = random_people(rng, graph)
        if (seen := people.share(lambda life: life["v2"] == 1, {"v0": 1})) == 0:
            continue
        result = bounds(graph, "v3", "v0", people.joint(), graph.nodes, given="v2")
        truth = (
            people.share(lambda life: (life["v2"], life["v3"]) == (1, 1), {"v0": 1})
            / seen
        )
        assert result.lower[1, 1, 1] - 1e-6 <= truth <= result.upper[1, 1, 1] + 1e-6, (
            graph,
            result,
        )
        bounded, narrow = (
            bounded + 1,
            narrow + (result.upper[1, 1, 1] - result.lower[1, 1, 1] < 0.999),
        )
    assert narrow > 4


def test_counterfactual_outcome_of_the_treated():
    """Formulas, bounds and probabilities of causation agree with enumerated people."""
    rng, by_formula, asked = np.random.default_rng(4), 0, 0
    while asked < 15:
        graph = random_graph(rng, 4)
        if "v1" not in graph.ancestors("v3") or len(graph.directed) > 4:
            continue
        people = random_people(rng, graph)
        joint = people.joint()
        result, causation = (
            treated_bounds(graph, "v3", "v1", joint, graph.nodes),
            causation_bounds(graph, "v3", "v1", joint, graph.nodes),
        )
        seen = people.share(lambda life: life["v1"] == 1, {})
        truth = people.share(
            lambda life, without: life["v1"] == 1 and without["v3"] == 1, {}, {"v1": 0}
        )
        both = people.share(
            lambda with_, without: with_["v3"] > without["v3"], {"v1": 1}, {"v1": 0}
        )
        needed = people.share(
            lambda life, without: (life["v1"], life["v3"], without["v3"]) == (1, 1, 0),
            {},
            {"v1": 0},
        )
        occurred = people.share(lambda life: (life["v1"], life["v3"]) == (1, 1), {})
        asked += 1
        assert (
            causation.necessary_and_sufficient.lower - 1e-7
            <= both
            <= causation.necessary_and_sufficient.upper + 1e-7
        )
        if occurred > 0:
            assert (
                causation.necessary.lower - 1e-6
                <= needed / occurred
                <= causation.necessary.upper + 1e-6
            )
        if seen == 0 or np.isnan(result.lower[1, 0, 1]):
            continue
        assert (
            result.lower[1, 0, 1] - 1e-6 <= truth / seen <= result.upper[1, 0, 1] + 1e-6
        ), (
            graph,
            result,
        )
        by_formula += treated(graph, "v3", "v1") is not None
    assert 0 < by_formula < asked


def test_effect_of_smoking_on_the_smokers():
    diagram = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
    result = treated_bounds(
        diagram, "cancer", "smoking", SMOKING, ("smoking", "tar", "cancer")
    )
    assert (
        str(treated(diagram, "cancer", "smoking"))
        == "Σ_tar P(cancer | smoking, tar) P(tar | smoking')"
    )
    np.testing.assert_allclose(result.lower[1, 0, 1], 0.360750, atol=5e-7)
    np.testing.assert_allclose(result.lower[1, 1, 1], 0.675676, atol=5e-7)  # as it was
    assert (
        str(treated(Diagram.parse("z -> x -> y; z -> y"), "y", "x"))
        == "Σ_z P(y | z, x') P(z | x)"
    )
    assert treated(BOW, "y", "x") is None


def test_probabilities_of_causation_of_smoking():
    diagram = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
    effect = (
        diagram.identify("cancer", do="smoking")
        .evaluate(JointTable(("smoking", "tar", "cancer"), SMOKING))
        .values
    )
    lower, upper = from_experiment(SMOKING.sum(1), effect)
    expected = [[0.2888, 0.5288], [0.4661, 0.9461], [0.3378, 0.5731]]
    np.testing.assert_allclose(np.stack([lower, upper], axis=-1), expected, atol=5e-5)
    for result in (
        causation_bounds(
            Diagram.parse("s -> c; s <-> c"),
            "c",
            "s",
            SMOKING.sum(1),
            ("s", "c"),
            experiment=effect,
        ),
        causation_bounds(
            diagram, "cancer", "smoking", SMOKING, ("smoking", "tar", "cancer")
        ),
    ):
        sides = [
            [part.lower, part.upper]
            for part in (
                result.necessary_and_sufficient,
                result.necessary,
                result.sufficient,
            )
        ]
        np.testing.assert_allclose(sides, expected, atol=5e-5)
    increasing = causation_bounds(
        Diagram.parse("s -> c; s <-> c"),
        "c",
        "s",
        SMOKING.sum(1),
        ("s", "c"),
        experiment=effect,
        assumptions=[Monotone("s", "c")],
    )
    np.testing.assert_allclose(
        increasing.necessary.lower, increasing.necessary.upper, atol=1e-8
    )
    np.testing.assert_allclose(
        increasing.necessary_and_sufficient.upper,
        effect[1, 1] - effect[1, 0],
        atol=1e-8,
    )


def test_closed_form_bounds_equal_the_linear_program():
    rng = np.random.default_rng(5)
    shares = rng.dirichlet(np.full(8, 0.5), size=100).reshape(
        -1, 2, 2, 2
    )  # x, y if x=0, y if x=1
    joint, effect = np.zeros((100, 2, 2)), np.zeros((100, 2, 2))
    for x, *y in product(range(2), repeat=3):
        joint[:, x, y[x]] += shares[:, x, y[0], y[1]]
        for setting in range(2):
            effect[:, y[setting], setting] += shares[:, x, y[0], y[1]]
    lower, upper = from_experiment(joint, effect)
    result = causation_bounds(BOW, "y", "x", joint, ("x", "y"), experiment=effect)
    for rank, part in enumerate(
        (result.necessary_and_sufficient, result.necessary, result.sufficient)
    ):
        np.testing.assert_allclose(part.lower, lower[:, rank], atol=1e-6)
        np.testing.assert_allclose(part.upper, upper[:, rank], atol=1e-6)


def test_an_experiment_sharpens_the_probabilities_of_causation():
    """The equations differ from draw to draw; bounds become narrower and hold the truth."""
    rng = np.random.default_rng(6)
    graph = MixedGraph.projected(
        "cxy", [("c", "x"), ("c", "y"), ("x", "y")], (), [("x", "y")]
    )
    all_people = [random_people(rng, graph) for _ in range(5)]
    joint = np.array([people.joint() for people in all_people])
    values = [
        [
            [people.share(lambda life, y=y: life["y"] == y, {"x": x}) for x in (0, 1)]
            for y in (0, 1)
        ]
        for people in all_people
    ]
    with_, without = (
        causation_bounds(graph, "y", "x", joint, graph.nodes, experiment=known)
        for known in (np.array(values), None)
    )
    truth = [
        people.share(
            lambda with_, without: with_["y"] > without["y"], {"x": 1}, {"x": 0}
        )
        for people in all_people
    ]
    for result in (with_, without):
        assert (result.necessary_and_sufficient.lower - 1e-7 <= truth).all() and (
            truth <= result.necessary_and_sufficient.upper + 1e-7
        ).all()
    assert (
        with_.necessary_and_sufficient.lower
        >= without.necessary_and_sufficient.lower - 1e-8
    ).all()


def test_strata_give_the_same_bounds_as_one_program():
    rng = np.random.default_rng(7)
    graph = MixedGraph.projected(
        "cxy", [("c", "x"), ("c", "y"), ("x", "y")], (), [("x", "y")]
    )
    source = JointTable(
        graph.nodes, np.array([random_people(rng, graph).joint() for _ in range(4)])
    )
    answers = []
    for together in (False, True):
        posed = response_type_program(
            graph, source, graph.bit_set("xy"), graph.bit_set("x"), (), together
        )
        costs = counterfactual_costs(
            posed,
            "x",
            [np.array([0, 1]), np.array([1, 0])],
            {("y", 1): np.array([0, 1]), ("y", 2): np.array([1, 0])},
        )
        answers.append(extremes(posed, costs[:, :, None])[:2])
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-8)
    assert posed.strata == () and len(posed.matrix()[0]) == 64


def test_identified_answers_are_points():
    result = bounds(
        Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer"),
        "cancer",
        "smoking",
        SMOKING,
        ("smoking", "tar", "cancer"),
        weights=DIFFERENCE,
    )
    np.testing.assert_allclose([result.lower, result.upper], 0.288820, atol=5e-7)


def test_draws_that_break_equalities_of_the_diagram_are_projected_and_remarked():
    """A Verma constraint: Σ_b P(b | a) P(d | a, b, c) does not depend on a (Verma & Pearl 1990)."""
    diagram = Diagram.parse(
        "a -> b -> c -> d; b <-> d; c -> e; c <-> e; d -> e; b <-> e"
    )
    joint = (
        np.random.default_rng(8)
        .dirichlet(np.ones(32), size=2)
        .reshape(2, 2, 2, 2, 2, 2)
    )
    result = bounds(diagram, "e", "c", joint, ("a", "b", "c", "d", "e"))
    assert (result.lower <= result.upper + 1e-9)[result.compatible].all()
    people = random_people(
        np.random.default_rng(9),
        MixedGraph.from_diagram(
            Diagram.parse("a -> b -> c -> d; b <-> d; d -> e; c -> e; e <-> d")
        ),
    )
    assert not any(
        "equalities" in remark
        for remark in bounds(
            people.graph, "e", "d", people.joint(), people.graph.nodes
        ).remarks
    )


def test_bounds_with_cells_of_probability_zero():
    joint = LIPID.copy()
    joint[1] = (
        0  # nobody was assigned: only what holds of the others, where nobody took it
    )
    result = bounds(INSTRUMENT, "y", "d", joint, ("z", "d", "y"))
    np.testing.assert_allclose(
        [result.lower[1], result.upper[1]], [[0.081, 0], [0.081, 1]], atol=1e-9
    )


@pytest.mark.parametrize(
    ("assumptions", "message"),
    [
        ([Monotone("z", "y")], "one of \\['d'\\]; got 'z'"),
        ([Monotone("x", "z")], "'z' is not"),
    ],
)
def test_assumptions_on_other_mechanisms_are_refused(assumptions, message):
    with pytest.raises(ModelError, match=message):
        bounds(INSTRUMENT, "y", "d", LIPID, ("z", "d", "y"), assumptions=assumptions)


def test_programs_too_large_to_hold_give_natural_bounds():
    result = bounds(BOW, "y", "x", np.ones((9, 9)), ("x", "y"))
    assert (
        result.sharp and result.entries == 0 and "Natural bounds" in result.remarks[0]
    )
    np.testing.assert_allclose(result.lower, 1 / 81)
    np.testing.assert_allclose(result.upper, 1 / 81 + 8 / 9)
    with pytest.raises(ModelError, match="axes"):
        causation_bounds(
            BOW, "y", "x", np.ones((2, 2)), ("x", "y"), experiment=np.ones((3, 2))
        )
    with pytest.raises(ModelError, match="Expected a cause of 'x'"):
        causation_bounds(BOW, "x", "y", np.ones((2, 2)), ("x", "y"))


def test_a_proxy_of_the_confounder_narrows_the_bounds_of_an_instrument():
    """Against the linear program over the 32 response types of x, y and v together."""
    diagram = Diagram.parse("z -> x -> y; u -> x, y, v; hidden: u")
    binary = list(product((0, 1), repeat=2))
    types = list(product(binary, binary, (0, 1)))
    rng = np.random.default_rng(1)
    for _ in range(3):
        joint = np.zeros((2, 2, 2, 2))
        for share, (x, y, v) in zip(rng.dirichlet([0.2] * 32), types, strict=True):
            for z in (0, 1):
                joint[z, x[z], y[x[z]], v] += share / 2
        result = bounds(diagram, "y", "x", joint, ("z", "x", "y", "v"), at={"y": 1})
        assert result.sharp
        rows = [
            [float((x[z], y[x[z]], v) == cell) for x, y, v in types]
            for z in (0, 1)
            for cell in product((0, 1), repeat=3)
        ]
        for level in (0, 1):
            cost = np.array([y[level] for _, y, _ in types], float)
            low, high = (
                sign * linprog(sign * cost, A_eq=rows, b_eq=2 * joint.ravel()).fun
                for sign in (1, -1)
            )
            np.testing.assert_allclose(
                (result.lower[level], result.upper[level]), (low, high), atol=1e-7
            )


def test_a_proxy_of_what_moves_the_outcome_narrows_probabilities_of_causation():
    """x randomised, and v the response type of y itself: they are known then."""
    diagram = Diagram.parse("x -> y; v <-> y")
    joint = np.zeros((2, 4, 2))  # x, v, y
    shares = [0.4, 0.1, 0.3, 0.2]
    for v, (without, with_cause) in enumerate(product((0, 1), repeat=2)):
        joint[0, v, without] += shares[v] / 2
        joint[1, v, with_cause] += shares[v] / 2
    result = causation_bounds(diagram, "y", "x", joint, ("x", "v", "y"))
    both = result.necessary_and_sufficient
    assert both.sharp
    np.testing.assert_allclose((both.lower, both.upper), shares[1], atol=1e-9)


def test_siblings_too_large_for_the_program_make_bounds_outer(monkeypatch):
    monkeypatch.setattr(programs, "MAX_ENTRIES_WITH_SIBLINGS", 1)
    diagram = Diagram.parse("z -> x -> y; u -> x, y, v; hidden: u")
    joint = np.random.default_rng(2).dirichlet(np.ones(16)).reshape(2, 2, 2, 2)
    result = bounds(diagram, "y", "x", joint, ("z", "x", "y", "v"), at={"y": 1})
    assert not result.sharp
    assert "no use is made of v" in result.remarks[-1] + result.remarks[-2]


def test_monotonicity_narrows_nothing_where_cause_and_effect_share_a_hidden_cause():
    """z is the hidden cause u itself; x never falls with z, and P(x = 1 | z = 1) does."""
    joint = np.zeros((2, 2, 2))  # z, x, y
    for u, v in product((0, 1), range(4)):
        x = (0, 1 - u, u, 1)[v]
        joint[u, x, (x, 0, 1, 1 - x)[v]] += 0.5 * (0.2, 0.5, 0.2, 0.1)[v]
    names = ("z", "x", "y")
    diagram = Diagram.parse("z -> x -> y; x <-> y; z <-> x")
    assumed = [Monotone("z", "x")]
    result = bounds(diagram, "y", "x", joint, names, at={"y": 1}, assumptions=assumed)
    without = bounds(diagram, "y", "x", joint, names, at={"y": 1})
    np.testing.assert_allclose(result.lower, without.lower)
    assert result.lower[1] <= 0.4 <= result.upper[1]  # P(y | do(x = 1)): v of 0 and 2
    assert "narrows nothing" in "".join(result.remarks)
    with pytest.raises(ModelError, match="Expected a direct cause of 'x'"):
        bounds(
            Diagram.parse("x -> y; x <-> y; z <-> x"),
            *("y", "x", joint, names),
            assumptions=assumed,
        )
