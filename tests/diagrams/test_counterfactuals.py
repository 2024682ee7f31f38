"""Counterfactual queries of any number of worlds against models whose noise is summed over."""

from itertools import combinations, product

import networkx as nx
import numpy as np
import pytest

from causalstats import Diagram
from causalstats.diagrams import JointTable
from causalstats.diagrams.bounds.probabilities_of_causation import treated
from causalstats.diagrams.identification.potential_outcomes import PotentialOutcome
from causalstats.errors import ModelError

LEVELS = (0, 1)


class ExplicitModel:
    """Functions of parents, shared causes and own noise, with the weight of every unit."""

    def __init__(self, rng, names, arrows, pairs):
        self.names = names
        self.parents = {name: [a for a, b in arrows if b == name] for name in names}
        self.shared = {
            name: [k for k, pair in enumerate(pairs) if name in pair] for name in names
        }
        sizes = [2] * len(pairs) + [3] * len(names)
        units = np.indices(sizes).reshape(len(sizes), -1)
        self.causes = units[: len(pairs)]
        self.noise = dict(zip(names, units[len(pairs) :], strict=True))
        chances = [rng.dirichlet(np.ones(size) * 2) for size in sizes]
        self.weights = np.prod(
            [p[u] for p, u in zip(chances, units, strict=True)], axis=0
        )
        self.functions = {}
        for name in names:
            shape = [2] * (len(self.parents[name]) + len(self.shared[name])) + [3]
            self.functions[name] = rng.integers(0, 2, shape)

    def value(self, outcome):
        """Return a potential outcome of every unit."""
        world = {}
        for target, value in outcome.do:
            nested = isinstance(value, PotentialOutcome)
            units = len(self.weights)
            world[target] = self.value(value) if nested else np.full(units, value)
        made = {}
        for name in self.names:
            causes = [world.get((p, name), made.get(p)) for p in self.parents[name]]
            shared = [self.causes[k] for k in self.shared[name]]
            made[name] = self.functions[name][(*causes, *shared, self.noise[name])]
            if name in world:
                made[name] = world[name]
        return made[outcome.variable]

    def probability(self, event, given=()):
        def happens(events):
            return np.all([self.value(y) == v for y, v in events], axis=0)

        seen = happens(given) if given else np.ones(len(self.weights), bool)
        return (self.weights * seen * happens(event)).sum() / (
            self.weights * seen
        ).sum()

    def joint(self):
        values = [self.value(PotentialOutcome(name)) for name in self.names]
        joint = np.zeros([2] * len(self.names))
        np.add.at(joint, tuple(values), self.weights)
        return JointTable(tuple(self.names), joint)


def random_problem(rng):
    size = int(rng.integers(3, 5))
    names = list("abcd")[:size]
    pairs = list(combinations(names, 2))
    arrows = [pair for pair in pairs if rng.random() < 0.65]
    hidden = [pair for pair in pairs if rng.random() < 0.25][:3]
    return names, arrows, hidden


def random_potential_outcome(rng, names, arrows, depth=0):
    variable = str(rng.choice(names))
    settings = {}
    for name in names:
        if name != variable and rng.random() < 0.35:
            value = int(rng.integers(2))
            if depth == 0 and rng.random() < 0.3:
                value = PotentialOutcome(name, random_settings(rng, names, name))
            settings[name] = value
    if arrows and rng.random() < 0.2:
        arrow = arrows[rng.integers(len(arrows))]
        settings[arrow] = int(rng.integers(2))
    return PotentialOutcome(variable, tuple(settings.items()))


def random_settings(rng, names, variable):
    others = [name for name in names if name != variable and rng.random() < 0.4]
    return tuple((name, int(rng.integers(2))) for name in others)


def random_query(rng, names, arrows):
    events = [
        (random_potential_outcome(rng, names, arrows), int(rng.integers(2)))
        for _ in range(rng.integers(1, 3))
    ]
    given = [
        (random_potential_outcome(rng, names, arrows), int(rng.integers(2)))
        for _ in range(rng.integers(0, 3))
    ]
    return events, given


def test_formulas_are_the_probabilities_of_explicit_models():
    rng = np.random.default_rng(7)
    identified = 0
    for _ in range(400):
        names, arrows, hidden = random_problem(rng)
        graph = nx.DiGraph(arrows)
        graph.add_nodes_from(names)
        diagram = Diagram.from_networkx(graph, confounded=hidden)
        model = ExplicitModel(rng, names, arrows, hidden)
        joint = model.joint()
        events, given = random_query(rng, names, arrows)
        if given and model.probability(given) == 0:
            continue
        try:
            answer = diagram.counterfactual(events, given)
        except ModelError:
            continue
        if not (answer.identified or answer.impossible):
            continue
        value = answer.evaluate(joint, dict.fromkeys(names, LEVELS)).values
        if np.isnan(value):  # a cell that the formula needs never occurs
            continue
        truth = model.probability(events, given)
        assert value == pytest.approx(truth, abs=1e-9), answer
        identified += 1
    assert identified > 120


def test_one_world_is_identified_where_the_id_algorithm_says_so():
    rng = np.random.default_rng(3)
    for _ in range(150):
        names, arrows, hidden = random_problem(rng)
        graph = nx.DiGraph(arrows)
        graph.add_nodes_from(names)
        diagram = Diagram.from_networkx(graph, confounded=hidden)
        outcome, cause, *_ = rng.permutation(names)
        event = [(PotentialOutcome(outcome, ((cause, 1),)), 1)]
        found = diagram.counterfactual(event).identified
        assert found == diagram.identify(outcome, do=cause).identified
        on_treated = diagram.counterfactual(event, [(PotentialOutcome(cause), 0)])
        assert on_treated.identified == (treated(diagram, outcome, cause) is not None)


@pytest.mark.parametrize(
    ("text", "query", "formula"),
    [
        # Pearl (2001), the natural direct effect; Shpitser & Pearl (2007), figure 1 and section 5
        (
            "x -> m -> y; x -> y",
            "P(y[x=1, m=m[x=0]]=1)",
            "Σ_m P(y=1 | x=1, m) P(m | x=0)",
        ),
        (
            "x -> w -> y; d -> z -> y; x <-> y",
            "P(y[x=1]=1 | x=0, z[d=1]=1, d=1)",
            "Σ_w P(y=1 | z=1, x=0, w) P(w | x=1)",
        ),
        ("x -> z -> y; x <-> z", "P(y[x=1]=1 | z[x=1]=1)", "P(y=1 | z=1)"),
        ("x -> y", "P(y[x=1]=1 | x=1, y=1)", "1"),
    ],
)
def test_published_formulas(text, query, formula):
    assert str(Diagram.parse(text).counterfactual(query).expression) == formula


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("x -> y", "P(y[x=1]=1, y[x=0]=0)"),  # necessity and sufficiency
        ("x -> m -> y; x -> y; m <-> y", "P(y[x=1, m=m[x=0]]=1)"),
        # A recanting witness: l is at x=1 for one arrow and at x=0 for another (Avin et al. 2005)
        ("x -> l -> m -> y; l -> y; x -> y", "P(y[x=0, m=m[x=1]]=1)"),
        ("x -> y; x <-> y", "P(y[x=1]=1 | x=0)"),
    ],
)
def test_what_no_data_show_is_not_identified(text, query):
    answer = Diagram.parse(text).counterfactual(query)
    assert not answer.identified
    assert answer.obstacle


def test_events_that_contradict_each_other_have_probability_zero():
    answer = Diagram.parse("x -> y").counterfactual("P(y[x=1]=1, y=0, x=1)")
    assert answer.impossible
    joint = JointTable(("x", "y"), [[0.4, 0.1], [0.1, 0.4]])
    levels = dict.fromkeys("xy", LEVELS)
    assert answer.evaluate(joint, levels).values == 0


@pytest.mark.parametrize(
    "query",
    ["P(y", "y[x=1]", "P(y[x=1])", "P(y=1 | )", "P(y[q=1]=1)", "P(y[y -> x=1]=1)"],
)
def test_queries_that_cannot_be_read_are_refused(query):
    with pytest.raises(ModelError, match="Expected"):
        Diagram.parse("x -> y").counterfactual(query)


def test_every_pair_of_levels_sums_to_one():
    diagram = Diagram.parse("z -> x, y; x -> m -> y; x -> y")
    rng = np.random.default_rng(1)
    joint = JointTable(tuple("zxmy"), rng.random((2, 2, 2, 2)))
    levels = dict.fromkeys("zxmy", LEVELS)
    total = 0.0
    for y, m in product(LEVELS, repeat=2):
        query = f"P(y[x=1, m=m[x=0]]={y}, m[x=0]={m})"
        total += diagram.counterfactual(query).evaluate(joint, levels).values
    assert total == pytest.approx(1.0)
