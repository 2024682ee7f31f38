"""Identification agrees with explicit hidden variables, textbook formulas and pyAgrum."""

from dataclasses import dataclass

import networkx as nx
import numpy as np
import pyagrum
import pytest

from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.identification.d_separation import (
    minimal_separator,
    separated,
)
from causalstats.diagrams.identification.evaluation import JointTable, evaluate
from causalstats.diagrams.identification.expression import Probability
from causalstats.diagrams.identification.id_algorithm import (
    conditional,
    effect,
    rule_2_exchangeable,
)
from causalstats.diagrams.identification.identification import identify
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.identification.simplification import simplified
from causalstats.diagrams.networks.distribution import Distribution
from causalstats.errors import ModelError

# Pearl (2009), figures 3.8 and 3.9, with the napkin; P(Y | do(X)).
IDENTIFIED = {
    "2a": "X -> Y",
    "2b": "X -> Y; X -> Z -> Y; Y <-> Z",
    "2c": "Z -> X -> Y; Z -> Y; Y <-> Z",
    "2d": "Z -> X -> Y; Z -> Y; X <-> Z",
    "2e": "X -> Z -> Y; X <-> Y",
    "2f": "X -> Y; X -> Z1 -> Y; Z1 -> Z2 -> Y; X <-> Z2; Y <-> Z1",
    "2g": "Z2 -> X; Z2 -> Z1; Z2 -> Z3; X -> Z1 -> Y; Z3 -> Y; "
    "Z2 <-> X; Z2 <-> Y; X <-> Z3; X <-> Y",
    "napkin": "Z2 -> Z1 -> X -> Y; Z2 <-> X; Z2 <-> Y",
}
NOT_IDENTIFIED = {
    "1a": "X -> Y; X <-> Y",
    "1b": "X -> Z -> Y; X <-> Z",
    "1c": "X -> Z -> Y; X -> Y; X <-> Z",
    "1d": "X -> Y; Z -> Y; X <-> Z; Z <-> Y",
    "1e": "Z -> X -> Y; X <-> Z; Z <-> Y",
    "1f": "X -> Z -> Y; X <-> Y; Z <-> Y",
    "1g": "X -> Z1 -> Y; Z2 -> Y; X <-> Z2; Z1 <-> Z2",
    "1h": "Z -> X -> W -> Y; X <-> Z; X <-> Y; W <-> Z; Y <-> Z",
}
FORMULAS = {
    "2a": "P(Y | X)",
    "2b": "P(Y | X)",
    "2c": "Σ_Z P(Y | Z, X) P(Z)",
    "2e": "Σ_Z P(Z | X) Σ_X' P(Y | X', Z) P(X')",
    "2f": "Σ_{Z1, Z2} P(Y | X, Z1, Z2) P(Z1 | X) Σ_X' P(Z2 | X', Z1) P(X')",
    "2g": "Σ_{Z2, Z3, Z1} P(Z1 | Z2, X) P(Z2, Z3) Σ_X' P(Y | Z2, Z3, X', Z1) P(X' | Z2, Z3)",
    "napkin": "[Σ_Z2 P(X, Y | Z2, Z1) P(Z2)] / [Σ_Z2 P(X | Z2, Z1) P(Z2)]",
}
SMOKING = JointTable(
    ("smoking", "tar", "cancer"),
    np.array([0.5, 0.1, 0.01, 0.02, 0.1, 0.05, 0.02, 0.2]).reshape(2, 2, 2),
)


@pytest.mark.parametrize("name", IDENTIFIED)
def test_textbook_graphs_that_are_identified(name):
    result = Diagram.parse(IDENTIFIED[name]).identify("Y", do="X")
    assert result.identified and result.hedge is None
    assert name not in FORMULAS or result.expression.text(("X", "Y")) == FORMULAS[name]


@pytest.mark.parametrize("name", NOT_IDENTIFIED)
def test_textbook_graphs_that_are_not_identified(name):
    result = Diagram.parse(NOT_IDENTIFIED[name]).identify("Y", do="X")
    assert not result.identified and result.expression is None
    assert (
        set(result.hedge.smaller) < set(result.hedge.larger)
        and "X" in result.hedge.larger
    )


@dataclass
class Truth:
    """A network of random conditional probabilities, hidden variables among them."""

    names: list[str]
    parents: dict[str, list[str]]
    tables: dict[str, np.ndarray]

    @property
    def graph(self):
        arrows = [
            (cause, name) for name, causes in self.parents.items() for cause in causes
        ]
        return MixedGraph.projected(
            self.parents,
            arrows,
            [name for name in self.parents if name not in self.names],
        )

    def joint(self, do=()):
        """The joint of the observed variables after those in `do` are made uniform."""
        number = {name: rank for rank, name in enumerate(self.parents)}
        operands = []
        for name, causes in self.parents.items():
            uniform = np.full(
                self.tables[name].shape[-1], 1 / self.tables[name].shape[-1]
            )
            operands += (
                [uniform, [number[name]]]
                if name in do
                else [self.tables[name], [*map(number.get, causes), number[name]]]
            )
        return JointTable(
            tuple(self.names),
            np.einsum(
                *operands, [number[name] for name in self.names], optimize="greedy"
            ),
        )


def random_truth(rng):
    """Three to six observed variables; hidden ones have two or three children."""
    names = [f"v{number}" for number in range(rng.integers(3, 7))]
    parents = {
        name: [cause for cause in names[:rank] if rng.random() < 0.4]
        for rank, name in enumerate(names)
    }
    for number in range(rng.integers(1, 5)):
        children = sorted(
            rng.choice(
                len(names), size=min(len(names), rng.choice([2, 2, 3])), replace=False
            )
        )
        parents[f"h{number}"] = (
            [names[rng.integers(children[0])]]
            if children[0] and rng.random() < 0.3
            else []
        )
        for child in children:
            parents[names[child]].append(f"h{number}")
    levels = {name: rng.choice([2, 2, 3]) for name in parents}
    tables = {
        name: rng.dirichlet(
            np.ones(levels[name]), size=[levels[cause] for cause in causes]
        )
        for name, causes in parents.items()
    }
    return Truth(names, parents, tables)


def random_query(rng, names):
    """Outcome, treatment and what is given: one or two of each, and often nothing given."""
    sizes = [rng.choice([1, 1, 2]), rng.choice([1, 1, 2]), rng.choice([0, 0, 1, 2])]
    order = list(rng.permutation(names))
    do, outcome, given = (
        tuple(map(str, order[sum(sizes[:k]) : sum(sizes[: k + 1])])) for k in range(3)
    )
    return outcome or (do[-1],), do if outcome else do[:-1], given


def by_algorithm(graph, outcome, do, given):
    """Return the formula of the ID algorithm, whether or not an adjustment criterion applies.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do, given : iterable of str

    Returns
    -------
    Expression, or None where the effect is not identified
    """
    y, x, z = map(graph.bit_set, (outcome, do, given))
    same = rule_2_exchangeable(graph, y, x, z)
    expression, _ = effect(graph, y | (z & ~same), x | same)
    if expression is not None and z & ~same:
        expression = conditional(graph, expression, y)
    return None if expression is None else simplified(expression, graph.nodes)


def test_formulas_give_the_interventional_distribution_of_500_random_diagrams():
    rng, identified, by_name = np.random.default_rng(1), 0, 0
    for _ in range(500):
        truth = random_truth(rng)
        graph, (outcome, do, given) = truth.graph, random_query(rng, truth.names)
        result, general = (
            identify(graph, outcome, do, given),
            by_algorithm(graph, outcome, do, given),
        )
        assert result.identified == (general is not None)
        if general is None:
            continue
        expected = truth.joint(do).probability(outcome, do + given)
        observed = truth.joint()
        np.testing.assert_allclose(
            result.evaluate(observed).values,
            expected,
            atol=1e-10,
            rtol=0,
            err_msg=str(result),
        )
        anywhere = tuple(general.free.difference(outcome, do, given))
        np.testing.assert_allclose(
            evaluate(general, observed, outcome + do + given, anywhere).values,
            expected,
            atol=1e-10,
            rtol=0,
            err_msg=str(general),
        )
        identified, by_name = identified + 1, by_name + bool(result.criteria)
    assert 200 < identified < 490 and 30 < by_name < identified


def pyagrum_verdict(graph, outcome, do, given):
    """Return whether pyAgrum identifies P(outcome | do, given); None where its rule 3 is wrong.

    pyAgrum 3.3 drops do(x) from P(y | do(x), z) where y and x are separated by z once the arrows
    into x are cut; rule 3 of the do-calculus allows that only where x does not act on z.

    Parameters
    ----------
    graph : MixedGraph
    outcome, do, given : iterable of str
    """
    network = pyagrum.BayesNet()
    for name in graph.nodes:
        network.add(pyagrum.LabelizedVariable(name, name, 2))
    for cause, name in graph.directed:
        network.addArc(cause, name)
    network.generateCPTs()
    hidden = [
        (f"h{number}", tuple(pair)) for number, pair in enumerate(graph.bidirected)
    ]
    model = pyagrum.CausalModel(network, hidden, True)
    impact, _, explanation = pyagrum.causalImpact(
        cm=model, on=set(outcome), doing=set(do), knowing=set(given)
    )
    if explanation.startswith("No causal effect") and set(graph.descendants(*do)) & set(
        given
    ):
        return None
    return impact.isIdentified()


def test_identification_agrees_with_pyagrum():
    rng, verdicts = np.random.default_rng(2), []
    for _ in range(300):
        nodes = [f"v{number}" for number in range(6)]
        pairs = [
            (one, other)
            for rank, one in enumerate(nodes)
            for other in nodes[rank + 1 :]
        ]
        graph = MixedGraph.projected(
            nodes,
            [p for p in pairs if rng.random() < 0.4],
            (),
            [p for p in pairs if rng.random() < 0.25],
        )
        query = random_query(rng, nodes)
        theirs = pyagrum_verdict(graph, *query)
        if theirs is not None:
            assert identify(graph, *query).identified == theirs, (graph, query)
            verdicts.append(theirs)
    assert len(verdicts) > 200 and 0.2 < np.mean(verdicts) < 0.95


def test_conditioning_on_a_descendant_of_the_treatment():
    """P(y | do(z), x) = P(y | do(x)) in z -> x -> y; z <-> x; z <-> y (graph 1e)."""
    assert (
        not Diagram.parse("z -> x -> y; z <-> x; z <-> y")
        .identify("y", do="z", given="x")
        .identified
    )
    graph = MixedGraph.projected(
        ["a", "b", "z", "x", "y"],
        [("a", "z"), ("b", "z"), ("z", "x"), ("b", "x"), ("x", "y"), ("a", "y")],
        "ab",
    )
    parents = {"a": [], "b": [], "z": ["a", "b"], "x": ["z", "b"], "y": ["x", "a"]}
    rng = np.random.default_rng(3)
    truth = Truth(
        ["z", "x", "y"],
        parents,
        {
            name: rng.dirichlet(np.ones(2), size=[2] * len(causes))
            for name, causes in parents.items()
        },
    )
    assert truth.graph == graph
    seen = truth.joint().probability(("y",), ("x",))
    assert (
        np.abs(
            truth.joint(("z",)).probability(("y",), ("z", "x")) - seen[:, None]
        ).max()
        > 0.01
    )


def test_latent_projection_keeps_m_separation():
    rng = np.random.default_rng(3)
    for _ in range(300):
        truth = random_truth(rng)
        whole = nx.DiGraph(
            [
                (cause, name)
                for name, causes in truth.parents.items()
                for cause in causes
            ]
        )
        whole.add_nodes_from(truth.parents)
        one, other, *held = map(str, rng.permutation(truth.names))
        held = set(held[: rng.integers(0, len(held) + 1)])
        assert truth.graph.separated([one], [other], held) == nx.is_d_separator(
            whole, {one}, {other}, held
        )


def test_minimal_separators_separate_and_are_minimal():
    rng, result = np.random.default_rng(4), 0
    for _ in range(300):
        graph = random_truth(rng).graph
        one, other, always = (
            1 << int(node) for node in rng.permutation(len(graph.nodes))[:3]
        )
        always *= rng.random() < 0.5
        allowed = (
            graph.bits.everything
            & ~one
            & ~other
            & ~int(rng.integers(0, 64) * (rng.random() < 0.5))
        )
        separator = minimal_separator(graph.bits, one, other, allowed, always)
        subsets = [
            held
            for held in range(64)
            if held & ~(allowed | always) == 0 and held & always == always
        ]
        separating = [
            held for held in subsets if separated(graph.bits, one, other, held)
        ]
        assert (separator is None) == (not separating)
        assert separator is None or (
            separator in separating
            and not any(held & separator == held != separator for held in separating)
        )
        result += separator is not None
    assert 25 < result < 290


def test_hidden_causes_of_hidden_causes_are_projected():
    graph = MixedGraph.projected(
        "abcxuv", [("x", "u"), ("u", "a"), ("u", "v"), ("v", "b"), ("v", "c")], "uv"
    )
    assert graph.directed == {("x", "a"), ("x", "b"), ("x", "c")}
    assert graph.bidirected == {frozenset("ab"), frozenset("ac"), frozenset("bc")}
    assert graph.districts() == (("x",), ("a", "b", "c")) and graph.parents(
        "a", "b"
    ) == ("x",)


def test_front_door_formula_matches_the_comb_of_the_smoking_example():
    result = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer").identify(
        "cancer", do="smoking"
    )
    assert [criterion.name for criterion in result.criteria] == [
        "front-door"
    ] and result.criteria[0].variables == ("tar",)
    np.testing.assert_allclose(
        result.evaluate(SMOKING).values,
        [[0.746522, 0.457703], [0.253478, 0.542297]],
        atol=5e-7,
    )


def test_front_door_formula_matches_pearls_table():
    shares = np.array([[0.475, 0.025], [0.025, 0.475]])
    cancer = np.array([[0.10, 0.05], [0.90, 0.85]])
    joint = np.stack([shares * (1 - cancer), shares * cancer], axis=-1)
    result = Diagram.parse("s -> t -> c; s <-> c").identify("c", do="s")
    np.testing.assert_allclose(
        result.evaluate(JointTable(("s", "t", "c"), joint)).values[1],
        [0.4975, 0.4525],
        atol=1e-12,
    )


def test_back_door_adjustment_matches_the_kidney_stone_table():
    counts = np.array(
        [[[6, 81], [36, 234]], [[71, 192], [25, 55]]]
    )  # small, large; A, B; not recovered, recovered
    result = Diagram.parse("size -> treatment -> recovery; size -> recovery").identify(
        "recovery", do="treatment"
    )
    assert str(result.criteria[0]) == "back-door (size)"
    values = result.evaluate(
        JointTable(("size", "treatment", "recovery"), counts)
    ).values
    np.testing.assert_allclose(values[1], [0.832546, 0.778875], atol=5e-7)


def test_evaluation_names_the_empty_cells_of_an_undefined_answer():
    joint = np.zeros((2, 2, 2))
    joint[0, 0], joint[1, 1] = (
        (0.4, 0.2),
        (0.1, 0.3),
    )  # tar goes with smoking: two combs give this, and different answers
    result = (
        Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
        .identify("cancer", do="smoking")
        .evaluate(JointTable(SMOKING.variables, joint))
    )
    assert np.isnan(result.values).all()
    (missing,) = result.missing
    assert missing.part == Probability(
        ("cancer",), ("smoking", "tar")
    ) and missing.cells == (
        (0, 1),
        (1, 0),
    )
    assert "smoking=yes, tar=no" in missing.text(
        {"smoking": ("no", "yes"), "tar": ("no", "yes")}
    )


def test_distributions_of_answers_have_names_and_levels():
    joint = Distribution.joint(
        SMOKING.array, {"smoking": ("no", "yes"), "tar": ("none", "some"), "cancer": 2}
    )
    diagram = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
    result = diagram.identify("cancer", do="smoking").distribution(joint)
    assert result.title == "P(cancer | do(smoking))" and result.opened == ("smoking",)
    assert (
        "<p>P(cancer | do(smoking))</p>" in result._repr_html_()
        and "0.542297" in result._repr_html_()
    )
    np.testing.assert_allclose(
        result[{"smoking": "yes", "cancer": 1}], 0.542297, atol=5e-7
    )
    split = np.zeros((2, 2, 2))
    split[0, 0], split[1, 1] = (0.4, 0.2), (0.1, 0.3)
    open_ = diagram.identify("cancer", do="smoking").distribution(
        Distribution.joint(split, dict(zip(joint.variables, joint.levels, strict=True)))
    )
    assert (
        "smoking=no, tar=some; smoking=yes, tar=none, which never occurs" in open_.title
        and np.isnan(open_.values).all()
    )


def test_empty_cells_matter_only_where_an_answer_needs_them():
    """P(tar=1 | smoking=0) = 0: do(smoking=0) never looks at tar=1, do(smoking=1) would need it."""
    joint = SMOKING.array.copy()
    joint[0, 1] = 0
    result = (
        Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
        .identify("cancer", do="smoking")
        .evaluate(JointTable(SMOKING.variables, joint))
    )
    smokers, tables = (
        joint.sum((1, 2)) / joint.sum(),
        joint / joint.sum(-1, keepdims=True).clip(1e-300),
    )
    np.testing.assert_allclose(result.values[:, 0], smokers @ tables[:, 0], atol=1e-12)
    assert np.isnan(result.values[:, 1]).all() and result.missing[0].cells == ((0, 1),)


def test_a_treatment_level_of_probability_zero_gives_nan():
    joint = SMOKING.array.copy()
    joint[1] = 0
    result = (
        Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
        .identify("cancer", do="smoking")
        .evaluate(JointTable(SMOKING.variables, joint))
    )
    assert (
        np.isnan(result.values[:, 1]).all() and np.isfinite(result.values[:, 0]).all()
    )
    assert result.missing[0].variables == ("smoking",) and result.missing[0].cells == (
        (1,),
    )


def test_evaluation_of_a_batch_equals_that_of_each_distribution():
    rng = np.random.default_rng(5)
    for name, text in IDENTIFIED.items():
        result = Diagram.parse(text).identify("Y", do="X")
        nodes = result.order
        draws = rng.dirichlet(np.ones(2 ** len(nodes)), size=(2, 3)).reshape(
            2, 3, *[2] * len(nodes)
        )
        whole = result.evaluate(JointTable(nodes, draws)).values
        one_by_one = np.array(
            [
                [result.evaluate(JointTable(nodes, draw)).values for draw in row]
                for row in draws
            ]
        )
        assert whole.shape == (2, 3, 2, 2), name
        np.testing.assert_allclose(whole, one_by_one, atol=1e-13, err_msg=name)


def test_the_napkin_formula_averages_over_its_irrelevant_variable():
    result = Diagram.parse(IDENTIFIED["napkin"]).identify("Y", do="X")
    assert result.irrelevant == ("Z1",) and "at any level of Z1" in str(result)
    joint = np.random.default_rng(6).dirichlet(np.ones(16)).reshape(2, 2, 2, 2)
    joint[:, 0, 1] = 0  # with Z1 = 0 there is no X = 1
    values = result.evaluate(JointTable(("Z2", "Z1", "X", "Y"), joint))
    assert np.isfinite(values.values).all() and values.missing == ()
    joint[:, :, 1] = 0
    assert np.isnan(
        result.evaluate(JointTable(("Z2", "Z1", "X", "Y"), joint)).values[:, 1]
    ).all()


def test_interventions_without_effect_and_queries_without_interventions():
    diagram = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
    nothing = diagram.identify("smoking", do="cancer")
    assert (
        str(nothing.expression) == "P(smoking)"
        and str(diagram.identify("tar", do="cancer", given="smoking").expression)
        == "P(tar | smoking)"
    )
    np.testing.assert_allclose(
        nothing.evaluate(SMOKING).values, [[0.63, 0.63], [0.37, 0.37]]
    )
    assert (
        str(diagram.identify("cancer", do=(), given="smoking").expression)
        == "P(cancer | smoking)"
    )
    seen = diagram.identify("cancer", do="smoking", given="tar")
    assert "= Σ_smoking' P(cancer | smoking', tar) P(smoking')" in str(seen)
    assert seen.query == "P(cancer | do(smoking), tar)"


def test_adjustment_within_strata_of_given_variables():
    result = Diagram.parse(
        "age -> drug -> recovery; age -> recovery; sex -> drug; sex -> recovery"
    ).identify("recovery", do="drug", given="sex")
    assert str(result.expression) == "Σ_age P(recovery | age, sex, drug) P(age | sex)"


def test_markdown_shows_the_formula_and_the_text():
    diagram = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
    for result in (
        diagram.identify("cancer", do="smoking"),
        diagram.marginal("smoking", "cancer").identify("cancer", do="smoking"),
    ):
        shown = result._repr_markdown_()
        assert (
            shown.startswith(str(result).split("\n")[0])
            and (result.latex() in shown) == result.identified
        )
        assert all(str(step) in shown for step in result.steps) and (
            result.hedge is None or str(result.hedge) in shown
        )


def test_instruments_are_named_where_the_effect_is_not_identified():
    result = Diagram.parse("assigned -> taken -> cured; taken <-> cured").identify(
        "cured", do="taken"
    )
    assert not result.identified and str(result.criteria[0]) == "instrument (assigned)"
    held = Diagram.parse(
        "age -> assigned -> taken -> cured; age -> cured; taken <-> cured"
    ).identify("cured", do="taken")
    assert "holding age" in held.criteria[-1].reasons[0]
    with pytest.raises(ModelError, match="`bounds`"):
        result.evaluate(JointTable(("assigned", "taken", "cured"), np.ones((2, 2, 2))))


def test_two_models_of_the_bow_graph_agree_on_the_data_and_differ_in_the_effect():
    """Hidden u decides x; y is x in one model and u in the other."""
    answers = []
    for y_is in ("x", "u"):
        u, x, y = np.full(2, 0.5), np.eye(2), np.zeros((2, 2, 2))
        for hidden in range(2):
            for treated in range(2):
                y[hidden, treated, treated if y_is == "x" else hidden] = 1
        answers.append(
            (np.einsum("u,ux,uxy->xy", u, x, y), np.einsum("u,uxy->xy", u, y))
        )
    np.testing.assert_array_equal(answers[0][0], answers[1][0])
    assert np.abs(answers[0][1] - answers[1][1]).max() == 0.5
    assert "X <-> Y" in str(Diagram.parse(NOT_IDENTIFIED["1a"]).identify("Y", do="X"))


@pytest.mark.parametrize(
    ("outcome", "do", "given", "message"),
    [
        ("cancer", "cancer", (), "each variable in one place"),
        ("cancr", "smoking", (), "Did you mean 'cancer'"),
        ("cancer", "smoking", "smoking", "each variable in one place"),
        ((), "smoking", (), "Expected an outcome"),
        ("cancer", "u_cancer_smoking", (), "hidden or unknown"),
    ],
)
def test_malformed_queries_are_refused(outcome, do, given, message):
    with pytest.raises(ModelError, match=message):
        Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer").identify(
            outcome, do, given
        )


def test_malformed_graphs_are_refused():
    with pytest.raises(ModelError, match="a -> b -> a"):
        MixedGraph.projected("ab", [("a", "b"), ("b", "a")])
    with pytest.raises(ModelError, match="without inputs"):
        Diagram.parse("a -> b").open("a").identify("b", "a")
    with pytest.raises(ModelError, match="causes before"):
        MixedGraph(("b", "a"), frozenset({("a", "b")}))


def test_mixed_graphs_record_surgery():
    cut = MixedGraph.from_diagram(
        Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer").cut("smoking")
    )
    assert cut.bidirected == frozenset() and cut.separated(
        ["smoking"], ["cancer"], ["tar"]
    )


def test_front_door_formula_with_64_variables():
    """A long front-door chain: the criterion needs three of the 64 variables."""
    names = [f"v{number}" for number in range(64)]
    result = Diagram.parse(f"{' -> '.join(names)}; v0 <-> v63").identify("v63", do="v0")
    assert len(result.expression.free) == 2 and result.criteria[0].name == "front-door"
