"""Effects in a target population from several studies, against explicit models."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from causalstats import Diagram
from causalstats.diagrams import JointTable
from causalstats.diagrams.identification.mixed_graph import MixedGraph
from causalstats.diagrams.identification.transport import Study, transport
from causalstats.errors import ModelError


class Model:
    """Tables of every variable given its parents and shared causes, all of two levels."""

    def __init__(self, rng, graph):
        self.graph = graph
        self.pairs = sorted(map(sorted, graph.bidirected))
        self.causes = [rng.dirichlet([1, 1]) for _ in self.pairs]
        self.tables = {name: self.table(rng, name) for name in graph.nodes}

    def table(self, rng, name):
        shared = sum(name in pair for pair in self.pairs)
        size = (2,) * (len(self.graph.parents(name)) + shared)
        return rng.dirichlet([1, 1], size=size)

    def changed(self, rng, names):
        other = Model(rng, self.graph)
        other.causes = self.causes
        other.tables = {
            name: other.tables[name] if name in names else self.tables[name]
            for name in self.tables
        }
        return other

    def joint(self, randomised=(), names=None):
        numbers = {name: k for k, name in enumerate(self.graph.nodes)}
        operands = []
        for k, cause in enumerate(self.causes):
            operands += [cause, [len(numbers) + k]]
        for name, table in self.tables.items():
            if name in randomised:
                operands += [np.array([0.5, 0.5]), [numbers[name]]]
                continue
            axes = [numbers[parent] for parent in self.graph.parents(name)]
            axes += [
                len(numbers) + k for k, pair in enumerate(self.pairs) if name in pair
            ]
            operands += [table, [*axes, numbers[name]]]
        names = names or self.graph.nodes
        joint = np.einsum(*operands, [numbers[name] for name in names])
        return JointTable(tuple(names), joint)


def random_graph(rng, size=4):
    names = list("abcde")[:size]
    pairs = list(combinations(names, 2))
    arrows = [pair for pair in pairs if rng.random() < 0.6]
    hidden = [pair for pair in pairs if rng.random() < 0.35]
    return MixedGraph.projected(names, arrows, (), hidden)


def random_studies(rng, nodes):
    studies = {}
    for k in range(rng.integers(1, 4)):
        randomised = [name for name in nodes if rng.random() < 0.3]
        changed = [name for name in nodes if rng.random() < 0.3]
        observed = [name for name in nodes if rng.random() < 0.8] or list(nodes)
        all_seen = rng.random() < 0.5
        randomised = [name for name in randomised if all_seen or name in observed]
        seen = None if all_seen else observed
        studies[f"s{k}"] = Study(randomised, changed, seen)
    return studies


def test_formulas_are_the_effects_of_explicit_models():
    rng = np.random.default_rng(1)
    identified = 0
    for _ in range(300):
        graph = random_graph(rng)
        studies = random_studies(rng, graph.nodes)
        outcome, treatment = rng.permutation(list(graph.nodes))[:2]
        if treatment not in graph.ancestors(outcome):
            continue
        answer = transport(graph, outcome, treatment, studies)
        if not answer.identified:
            continue
        target = Model(rng, graph)
        sources = {
            name: target.changed(rng, study.changed).joint(
                study.randomised, study.observed
            )
            for name, study in studies.items()
        }
        truth = target.joint([treatment]).probability((outcome,), (treatment,))
        np.testing.assert_allclose(answer.evaluate(sources), truth, atol=1e-10)
        identified += 1
    assert identified > 20


def test_one_study_of_the_target_is_the_id_algorithm():
    rng = np.random.default_rng(2)
    for _ in range(150):
        graph = random_graph(rng)
        outcome, treatment = rng.permutation(list(graph.nodes))[:2]
        if treatment not in graph.ancestors(outcome):
            continue
        answer = transport(graph, outcome, treatment, {"survey": Study()})
        diagram = Diagram.from_networkx(
            _as_networkx(graph), confounded=map(sorted, graph.bidirected)
        )
        assert answer.identified == diagram.identify(outcome, do=treatment).identified


def _as_networkx(graph):
    import networkx as nx

    arrows = nx.DiGraph(list(graph.directed))
    arrows.add_nodes_from(graph.nodes)
    return arrows


@pytest.mark.parametrize(
    ("text", "studies", "formula"),
    [
        # Pearl & Bareinboim (2014), External validity, figures 1 a and b: reweighting by age,
        # and a trial whose population differs in nothing that matters
        (
            "z -> x, y; x -> y; x <-> y",
            {"trial": Study("x", changed="z"), "survey": Study(observed=["z"])},
            "Σ_z P_survey(z) P_trial(y | z, x)",
        ),
        (
            "z -> x; x -> y; x <-> y",
            {"trial": Study("x", changed="z")},
            "P_trial(y | x)",
        ),
        # the same, figure 4 (c): a surrogate that comes after the treatment
        (
            "x -> z -> y; x <-> y",
            {"trial": Study("x", changed="z"), "target": Study()},
            "Σ_z P_target(z | x) P_trial(y | z)",
        ),
    ],
)
def test_published_formulas(text, studies, formula):
    answer = Diagram.parse(text).transport("y", "x", studies)
    assert str(answer).split(" = ")[1] == formula


def test_what_no_study_gives_says_why_of_each():
    diagram = Diagram.parse("z -> x, y; x -> y; x <-> y")
    studies = {
        "trial": Study("x", changed="y"),
        "survey": Study(),
        "register": Study(observed=["x", "y"]),
    }
    text = str(diagram.transport("y", "x", studies))
    for words in ("mechanism of y differs", "hidden causes join", "does not observe z"):
        assert words in text
    with pytest.raises(ModelError, match="identified"):
        diagram.transport("y", "x", studies).evaluate({})


def test_formulas_from_selected_rows_are_the_effects_of_explicit_models():
    """Each study may be of the selected alone: respondents, cases, survivors."""
    rng = np.random.default_rng(5)
    identified = 0
    for _ in range(500):
        graph = random_graph(rng)
        acting = [name for name in graph.nodes if rng.random() < 0.2]
        arrows = {*graph.directed, *((name, "s") for name in acting)}
        whole = MixedGraph.projected(
            (*graph.nodes, "s"), arrows, (), map(tuple, graph.bidirected)
        )
        studies = {
            name: Study(study.randomised, study.changed, study.observed, selected)
            for name, study in random_studies(rng, graph.nodes).items()
            for selected in [["s"] if rng.random() < 0.7 else []]
        }
        outcome, treatment = rng.permutation(list(graph.nodes))[:2]
        if treatment not in graph.ancestors(outcome):
            continue
        answer = transport(whole, outcome, treatment, studies)
        if not answer.identified:
            continue
        target = Model(rng, whole)
        sources = {}
        for name, study in studies.items():
            other = target.changed(rng, study.changed)
            seen = [*(study.observed or graph.nodes), "s"]
            joint = other.joint(study.randomised, seen)
            rows = joint.array[..., 1] if study.selected else joint.array.sum(-1)
            sources[name] = JointTable(tuple(seen[:-1]), rows / rows.sum())
        truth = target.joint([treatment]).probability((outcome,), (treatment,))
        np.testing.assert_allclose(answer.evaluate(sources), truth, atol=1e-10)
        used = {factor.study for factor in answer.factors}
        identified += any(studies[name].selected for name in used)
    assert identified > 12


def test_transport_with_selection_as_dosearch_has_it():
    """dosearch's example of transportability and selection bias together is identified."""
    diagram = Diagram.parse("x -> z -> y; x -> s; x <-> y")
    studies = {
        "respondents": Study(selected="s"),
        "trial": Study(randomised="x", changed="z"),
    }
    answer = diagram.transport("y", "x", studies)
    assert answer.identified
    assert "P_respondents(z | x)" in str(answer) and "P_trial(y" in str(answer)
    cases = diagram.transport("y", "x", {"respondents": studies["respondents"]})
    assert "which s selects" in str(cases)


def _given_some(rng, joint, given):
    """Return a distribution with the same conditional one, and another one of `given`."""
    axes = tuple(k for k, name in enumerate(joint.variables) if name not in given)
    margin = joint.array.sum(axis=axes, keepdims=True)
    other = rng.dirichlet(np.ones(margin.size)).reshape(margin.shape)
    return JointTable(joint.variables, joint.array / margin * other)


def test_formulas_from_conditional_distributions_are_the_effects_of_explicit_models():
    """How often the variables occur that a study is conditional on is drawn anew."""
    rng = np.random.default_rng(6)
    used = joint_only = 0
    for _ in range(900):
        graph = random_graph(rng)
        studies = {}
        for name, study in random_studies(rng, graph.nodes).items():
            seen = study.observed or graph.nodes
            given = [each for each in seen if rng.random() < 0.5]
            studies[name] = Study(study.randomised, study.changed, seen, given=given)
        outcome, treatment = rng.permutation(list(graph.nodes))[:2]
        if treatment not in graph.ancestors(outcome):
            continue
        answer = transport(graph, outcome, treatment, studies)
        if not answer.identified:
            whole = {name: replace(each, given=()) for name, each in studies.items()}
            joint_only += transport(graph, outcome, treatment, whole).identified
            continue
        target = Model(rng, graph)
        sources = {}
        for name, study in studies.items():
            joint = target.changed(rng, study.changed).joint(
                study.randomised, study.observed
            )
            sources[name] = _given_some(rng, joint, study.given)
        truth = target.joint([treatment]).probability((outcome,), (treatment,))
        np.testing.assert_allclose(answer.evaluate(sources), truth, atol=1e-10)
        used += any(studies[factor.study].given for factor in answer.factors)
    assert used > 10
    assert joint_only > 10


@pytest.mark.parametrize(
    ("text", "studies", "formula"),
    [
        # Standardisation: rates by age from one source, the ages of the target from another.
        (
            "z -> x, y; x -> y",
            {
                "rates": Study(observed=["y"], given=["x", "z"]),
                "census": Study(observed=["z"]),
            },
            "Σ_z P_census(z) P_rates(y | z, x)",
        ),
        # The front door, x to m from a table of rates
        (
            "x -> m -> y; x <-> y",
            {"rates": Study(observed=["m"], given=["x"]), "survey": Study()},
            "Σ_m P_rates(m | x) Σ_x P_survey(y | x, m) P_survey(x)",
        ),
        # A mediator that shares causes with the outcome, both from tables of rates
        (
            "x -> m -> y; m <-> y",
            {
                "of m": Study(observed=["m"], given=["x"]),
                "of y": Study(observed=["y"], given=["m", "x"]),
            },
            "Σ_m P_of m(m | x) P_of y(y | x, m)",
        ),
    ],
)
def test_formulas_from_published_rates(text, studies, formula):
    answer = Diagram.parse(text).transport("y", "x", studies)
    assert str(answer).split(" = ")[1] == formula


def test_conditionals_of_one_district_may_come_from_a_source_each():
    """Every variable is known from a table of its own, given all that comes before it."""
    rng = np.random.default_rng(7)
    joined = 0
    for _ in range(200):
        graph = random_graph(rng)
        outcome, treatment = rng.permutation(list(graph.nodes))[:2]
        if treatment not in graph.ancestors(outcome):
            continue
        target = Model(rng, graph)
        studies = {}
        sources = {}
        for k, name in enumerate(graph.nodes):
            before = graph.nodes[:k]
            district = graph.bits.district(k, 2 ** (k + 1) - 1)
            needed = {*graph.names(district), *graph.parents(*graph.names(district))}
            given = [each for each in before if each in needed]
            randomised = [treatment] if rng.random() < 0.5 else []
            studies[name] = Study(randomised, observed=[name], given=given)
            joint = target.joint(randomised, (*given, name))
            sources[name] = _given_some(rng, joint, given)
        answer = transport(graph, outcome, treatment, studies)
        if not answer.identified:
            continue
        truth = target.joint([treatment]).probability((outcome,), (treatment,))
        np.testing.assert_allclose(answer.evaluate(sources), truth, atol=1e-10)
        from_each = {each.variables for each in answer.factors}
        joined += any(
            {(one,), (other,)} <= from_each
            for one, other in map(sorted, graph.bidirected)
        )
    assert joined > 10


def test_rates_by_a_common_effect_need_how_often_it_occurs():
    """w is moved by x and shares a cause with y: P(y | x, w) alone is no effect."""
    diagram = Diagram.parse("x -> w; x -> y; w <-> y")
    rates = {"rates": Study(observed=["y"], given=["x", "w"])}
    text = str(diagram.transport("y", "x", rates))
    assert "how often" in text
    both = {"rates": Study(observed=["y", "w"], given=["x"])}
    assert diagram.transport("y", "x", both).identified


def test_a_conditional_study_is_not_also_of_the_selected():
    with pytest.raises(ModelError, match="not both"):
        Study(selected="s", given="x")
