"""Contraction of diagrams and queries of networks match sums over the joint, and pyAgrum."""

import numpy as np
import pytest

from causalstats.diagrams import (
    BayesianNetwork,
    Box,
    Diagram,
    Wire,
    contract,
    copy,
    discard,
    effect,
    identity,
    state,
    swap,
    uniform,
)
from causalstats.diagrams import box as process
from causalstats.diagrams.networks import tensor_contraction as contraction
from causalstats.errors import ModelError
from causalstats.numerics import accelerator
from causalstats.numerics.discrete import tensor_network

SMOKING = np.array([0.5, 0.1, 0.01, 0.02, 0.1, 0.05, 0.02, 0.2]).reshape(2, 2, 2)


def random_diagram(rng: np.random.Generator, n: int) -> Diagram:
    """Return a causal model of n variables with two or three levels each and up to three causes."""
    wires = tuple(
        Wire(f"v{k}", tuple(f"l{level}" for level in range(rng.integers(2, 4))))
        for k in range(n)
    )
    causes = [
        tuple(map(int, rng.permutation(k)[: rng.integers(0, min(k, 3) + 1)]))
        for k in range(n)
    ]
    return Diagram(
        wires,
        tuple(Box(f"v{k}", causes[k], (k,)) for k in range(n)),
        (),
        tuple(range(n)),
    )


def random_mechanisms(
    rng: np.random.Generator,
    diagram: Diagram,
    batch: tuple[int, ...] = (),
    zeros: float = 0.0,
) -> dict[str, np.ndarray]:
    """Return a random table of probabilities for each box.

    Parameters
    ----------
    rng : Generator
    diagram : Diagram
    batch : tuple of int
        Leading axes of each table, such as draws.
    zeros : float
        Share of the entries that are 0.
    """
    tables = {}
    for box in diagram.boxes:
        sizes = [
            len(diagram.wires[wire].levels) for wire in (*box.inputs, *box.outputs)
        ]
        inner = tuple(range(-len(box.outputs), 0))
        table = rng.exponential(size=(*batch, *sizes)) * (
            rng.random((*batch, *sizes)) >= zeros
        ) + 1e-9 * (zeros == 0)
        table[(..., *[0] * len(box.outputs))] += table.sum(axis=inner) == 0
        tables[box.name] = table / table.sum(axis=inner, keepdims=True)
    return tables


def whole_joint(
    diagram: Diagram,
    mechanisms: dict[str, np.ndarray],
    do: dict[str, int] | None = None,
) -> np.ndarray:
    """Return Π P(v | causes) as one array over all variables.

    Parameters
    ----------
    diagram : Diagram
    mechanisms : mapping of box to array
    do : mapping of variable to the number of its level, optional
        Variables whose mechanism is replaced by a point mass.
    """
    n = len(diagram.wires)
    joint = np.ones([len(wire.levels) for wire in diagram.wires])
    for box in diagram.boxes:
        name, scope = diagram.wires[box.outputs[0]].label, (*box.inputs, *box.outputs)
        table = np.asarray(mechanisms[box.name])
        if do and name in do:
            scope, table = box.outputs, np.eye(joint.shape[box.outputs[0]])[do[name]]
        order = np.argsort(scope)
        joint = joint * table.transpose(order).reshape(
            [joint.shape[k] if k in scope else 1 for k in range(n)]
        )
    return joint


def conditional(
    joint: np.ndarray, outcome: list[int], seen: dict[int, int]
) -> np.ndarray:
    """Return P(outcome | seen) by summing the joint.

    Parameters
    ----------
    joint : array
        Probabilities over all variables.
    outcome : list of int
        The axes of the result.
    seen : mapping of axis to level
    """
    levels = [
        slice(seen[k], seen[k] + 1) if k in seen else slice(None)
        for k in range(joint.ndim)
    ]
    table = np.einsum(joint[tuple(levels)], list(range(joint.ndim)), outcome)
    return table / table.sum()


@pytest.mark.parametrize("seed", range(30))
def test_queries_and_marginals_are_sums_over_the_joint(seed):
    rng = np.random.default_rng(seed)
    diagram = random_diagram(rng, 7)
    mechanisms = random_mechanisms(rng, diagram)
    network = BayesianNetwork(diagram, mechanisms)
    order = list(map(int, rng.permutation(7)))
    outcome, done, seen = order[:2], order[2:4], order[4:6]
    level = {k: int(rng.integers(len(diagram.wires[k].levels))) for k in order}
    do = {f"v{k}": f"l{level[k]}" for k in done}
    given = {f"v{k}": f"l{level[k]}" for k in seen}
    joint = whole_joint(diagram, mechanisms, {f"v{k}": level[k] for k in done})
    expected = conditional(joint, outcome, {k: level[k] for k in seen})
    np.testing.assert_allclose(
        network.query([f"v{k}" for k in outcome], do=do, given=given),
        expected,
        rtol=1e-12,
    )
    marginals = network.marginals(do=do, given=given)
    assert set(marginals) == {f"v{k}" for k in range(7)} - set(do) - set(given)
    for name, result in marginals.items():
        np.testing.assert_allclose(
            result,
            conditional(joint, [int(name[1:])], {k: level[k] for k in seen}),
            rtol=1e-12,
        )
    np.testing.assert_allclose(
        network.probability(given, do=do),
        joint[tuple(level[k] if k in seen else slice(None) for k in range(7))].sum(),
        rtol=1e-12,
    )


@pytest.mark.parametrize("seed", range(5))
def test_every_level_of_an_intervention_at_once(seed):
    rng = np.random.default_rng(seed)
    diagram = random_diagram(rng, 6)
    network = BayesianNetwork(diagram, random_mechanisms(rng, diagram))
    channel = network.query("v5", do=["v3", "v1"], given={"v2": "l1"})
    assert channel.variables == ("v3", "v1", "v5") and channel.opened == ("v3", "v1")
    for level in diagram.wires[3].levels:
        alone = network.query("v5", do={"v3": level, "v1": "l0"}, given={"v2": "l1"})
        np.testing.assert_allclose(
            channel[{"v3": level, "v1": "l0"}], alone, rtol=1e-12
        )


@pytest.mark.parametrize("seed", range(5))
def test_queries_of_a_batch_equal_a_loop_over_draws(seed):
    rng = np.random.default_rng(seed)
    diagram = random_diagram(rng, 6)
    mechanisms = random_mechanisms(rng, diagram, batch=(2, 3))
    mechanisms["v4"] = mechanisms["v4"][1, 2]  # one table for all draws
    together = BayesianNetwork(diagram, mechanisms)
    answer, marginals = (
        together.query(["v5", "v0"], do="v1", given={"v4": "l0"}),
        together.marginals(given={"v4": "l0"}),
    )
    for at in np.ndindex(2, 3):
        alone = BayesianNetwork(
            diagram,
            {
                name: table if name == "v4" else table[at]
                for name, table in mechanisms.items()
            },
        )
        np.testing.assert_allclose(
            answer.values[at],
            alone.query(["v5", "v0"], do="v1", given={"v4": "l0"}),
            rtol=1e-12,
        )
        for name, result in alone.marginals(given={"v4": "l0"}).items():
            np.testing.assert_allclose(marginals[name].values[at], result, rtol=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_agrees_with_pyagrum(seed):
    gum = pytest.importorskip("pyagrum")
    rng = np.random.default_rng(seed)
    diagram = random_diagram(rng, 20)
    mechanisms = random_mechanisms(rng, diagram, zeros=0.2)
    other = gum.BayesNet()
    for wire in diagram.wires:
        other.add(gum.LabelizedVariable(wire.name, wire.name, list(wire.levels)))
    for box in diagram.boxes:
        for cause in box.inputs:
            other.addArc(f"v{cause}", box.name)
        for rank in np.ndindex(*mechanisms[box.name].shape[:-1]):
            other.cpt(box.name)[
                {
                    f"v{cause}": level
                    for cause, level in zip(box.inputs, rank, strict=True)
                }
            ] = mechanisms[box.name][rank]
    network = BayesianNetwork(diagram, mechanisms)
    given = network.sample(1, seed)[["v17", "v19", "v3"]].iloc[0].to_dict()
    engine = gum.LazyPropagation(other)
    engine.setEvidence(given)
    for name, result in network.marginals(given=given).items():
        np.testing.assert_allclose(result, engine.posterior(name).toarray(), atol=1e-12)


A, B, C = Wire("a", (0, 1)), Wire("b", (0, 1, 2)), Wire("c", (0, 1))


def matrix(diagram: Diagram, mechanisms: dict[str, np.ndarray]) -> np.ndarray:
    """The stochastic matrix of a diagram: a column for each state of its inputs."""
    array = contract(diagram, mechanisms)
    columns = int(np.prod(array.shape[: len(diagram.inputs)]))
    return array.reshape(columns, -1).T


@pytest.fixture
def boxes():
    """f: a -> b c, g: b c -> a, h: b -> c, and tables for them."""
    rng = np.random.default_rng(11)
    f, g, h = process("f", A, [B, C]), process("g", [B, C], A), process("h", B, C)
    return (
        f,
        g,
        h,
        {
            "f": rng.dirichlet(np.ones(6), 2).reshape(2, 3, 2),
            "g": rng.dirichlet(np.ones(2), (3, 2)),
            "h": rng.dirichlet(np.ones(2), 3),
        },
    )


def test_contraction_is_a_functor(boxes):
    f, g, h, tables = boxes

    def same(diagram, expected):
        np.testing.assert_allclose(matrix(diagram, tables), expected, rtol=1e-13)

    same(f, tables["f"].reshape(2, 6).T)
    same(f >> g, matrix(g, tables) @ matrix(f, tables))
    same(f >> g >> f, matrix(f, tables) @ matrix(g, tables) @ matrix(f, tables))
    same(f @ h, np.kron(matrix(f, tables), matrix(h, tables)))
    same(
        (f @ h) >> (g @ discard(C)),
        matrix(g @ discard(C), tables) @ matrix(f @ h, tables),
    )
    same(identity(A, B), np.eye(6))
    same(
        copy(B), [[float(row == 4 * column) for column in range(3)] for row in range(9)]
    )
    same(discard(A, B), np.ones((1, 6)))
    same(uniform(A, B), np.full((6, 1), 1 / 6))
    same(state(B, 1) >> copy(B), np.eye(9)[:, [4]])
    same(state(B, 1) >> effect(B, 1), [[1.0]])
    same(state(B, 1) >> effect(B, 2), [[0.0]])
    same(effect(B, 2), [[0.0, 0, 1]])
    same(uniform(B) >> copy(B) >> (effect(B, 2) @ identity(B)), [[0], [0], [1 / 3]])
    same(swap(A, B), np.eye(6).reshape(2, 3, 6).swapaxes(0, 1).reshape(6, 6))
    same(f >> swap(B, C), matrix(swap(B, C), tables) @ matrix(f, tables))
    same(identity() @ f, matrix(f, tables))
    same(identity(), [[1.0]])


def test_copying_is_natural_for_functions_alone_and_discarding_for_all(boxes):
    *_, h, tables = boxes
    function = {"h": np.eye(2)[[0, 1, 1]]}
    then_copied, copied_first = h >> copy(C), copy(B) >> (h @ h)
    np.testing.assert_allclose(
        matrix(then_copied, function), matrix(copied_first, function)
    )
    assert (
        np.abs(matrix(then_copied, tables) - matrix(copied_first, tables)).max() > 0.05
    )
    np.testing.assert_allclose(
        matrix(h >> discard(C), tables), matrix(discard(B), tables)
    )


def test_an_effect_given_as_a_table_multiplies_the_result(boxes):
    *_, h, tables = boxes
    weighed = matrix(
        process("p", (), B) >> copy(B) >> (process("likelihood", B) @ h),
        tables | {"p": [0.2, 0.3, 0.5], "likelihood": [1.0, 0.5, 0.1]},
    )
    np.testing.assert_allclose(weighed[:, 0], np.array([0.2, 0.15, 0.05]) @ tables["h"])


@pytest.mark.parametrize("seed", range(8))
def test_surgery_on_diagrams_matches_queries_with_interventions(seed):
    rng = np.random.default_rng(seed)
    diagram = random_diagram(rng, 6)
    mechanisms = random_mechanisms(rng, diagram)
    network = BayesianNetwork(diagram, mechanisms)
    name, seen = (f"v{k}" for k in rng.permutation(6)[:2])
    opened = contract(
        diagram.open(name),
        mechanisms,
        [seen, "v5" if "v5" not in (seen, name) else seen],
    )
    for position, level in enumerate(diagram.wires[int(name[1:])].levels):
        done = diagram.do({name: level})
        outputs = [seen, "v5" if "v5" not in (seen, name) else seen]
        np.testing.assert_allclose(
            contract(done, mechanisms, outputs), opened[position], atol=1e-14
        )
        cut_then_seen = contract(
            diagram.cut(name).observe({name: level}), mechanisms, outputs
        )
        np.testing.assert_allclose(
            cut_then_seen / cut_then_seen.sum(), opened[position], atol=1e-14
        )
        observed = contract(done.observe({seen: "l0"}), mechanisms, ["v5"])
        if "v5" not in (name, seen):
            np.testing.assert_allclose(
                observed / observed.sum(),
                network.query("v5", do={name: level}, given={seen: "l0"}),
                atol=1e-14,
            )
    cut = BayesianNetwork(diagram.cut(name), mechanisms)
    np.testing.assert_allclose(
        cut.query(name), 1 / len(diagram.wires[int(name[1:])].levels)
    )


@pytest.mark.parametrize("seed", range(8))
def test_pruning_does_not_change_the_contraction(seed):
    rng = np.random.default_rng(seed)
    diagram = random_diagram(rng, 6)
    mechanisms = random_mechanisms(rng, diagram)
    shown = diagram.observe({"v4": "l1"}).marginal("v2")
    np.testing.assert_allclose(
        contract(shown, mechanisms), contract(shown.pruned(), mechanisms), rtol=1e-13
    )
    joint = whole_joint(diagram, mechanisms).take(1, axis=4)
    np.testing.assert_allclose(
        contract(shown, mechanisms), joint.sum(axis=(0, 1, 3, 4)), rtol=1e-12
    )


def test_edge_interventions_give_direct_effects():
    """With the direct edge set, the treatment acts through the mediator alone."""
    diagram = Diagram.parse("x -> m -> y; x -> y").with_levels({"x": 2, "m": 2, "y": 2})
    rng = np.random.default_rng(4)
    tables = {
        "x": [0.3, 0.7],
        "m": rng.dirichlet([1, 1], 2),
        "y": rng.dirichlet([1, 1], (2, 2)),
    }
    by_port = dict(zip(diagram.parents("y"), (0, 1), strict=True))
    indirect = BayesianNetwork(diagram.edge_do("x", "y", 0), tables).query("y", do="x")
    given_m = np.moveaxis(tables["y"], by_port["x"], 0)[0]
    np.testing.assert_allclose(indirect, np.asarray(tables["m"]) @ given_m, rtol=1e-13)


def test_samples_follow_the_joint():
    rng = np.random.default_rng(3)
    diagram = random_diagram(rng, 4)
    network = BayesianNetwork(diagram, random_mechanisms(rng, diagram))
    n = 40_000
    counts = (
        network.sample(n, 1, do={"v1": "l1"}).value_counts().rename("n").reset_index()
    )
    joint = network.joint(do={"v1": "l1"})
    assert (counts["v1"] == "l1").all() and counts["n"].sum() == n
    expected = np.array(
        [
            joint[{name: row[name] for name in joint.variables}]
            for _, row in counts.iterrows()
        ]
    )
    z = (counts["n"] / n - expected) / np.sqrt(expected * (1 - expected) / n)
    assert np.abs(z).max() < 4.5


def test_impossible_evidence_is_refused_and_rare_evidence_is_not():
    chain = Diagram.parse("a -> b -> c").with_levels({name: 2 for name in "abc"})
    network = BayesianNetwork(
        chain,
        {"a": [1.0, 0.0], "b": [[1.0, 0.0], [0.5, 0.5]], "c": [[0.5, 0.5], [0.2, 0.8]]},
    )
    for call in (network.query, lambda outcome, given: network.marginals(given=given)):
        with pytest.raises(ModelError, match="given, b=1, is zero"):
            call("c", given={"b": 1})
    with pytest.raises(ModelError, match=r"with do\(a=0\)"):
        network.query("c", do="a", given={"b": 1})
    assert network.probability({"b": 1}) == 0
    many = Diagram.from_networkx(
        chain.to_networkx().__class__([("root", f"leaf{k}") for k in range(40)])
    )
    rare = {"root": [0.5, 0.5]} | {
        f"leaf{k}": [[1e-10, 1 - 1e-10], [2e-10, 1 - 2e-10]] for k in range(40)
    }
    given = {f"leaf{k}": 0 for k in range(40)}  # together 1e-400, which no float holds
    network = BayesianNetwork(many, rare)
    assert network.query("root", given=given)[0] == pytest.approx(
        1 / (1 + 2.0**40), rel=1e-9
    )
    assert network.marginals(given=given)["root"][0] == pytest.approx(
        1 / (1 + 2.0**40), rel=1e-9
    )
    draws = BayesianNetwork(
        chain,
        {
            "a": [[1.0, 0.0], [0.5, 0.5]],
            "b": [[1.0, 0.0], [0.5, 0.5]],
            "c": [[0.5, 0.5], [0.2, 0.8]],
        },
    )
    with pytest.raises(ModelError, match="in 1 of 2 draws"):
        draws.query("c", given={"b": 1})


def test_unconnected_tables_are_dropped_unless_they_have_zeros():
    apart = Diagram.parse("a -> b; c -> d").with_levels({name: 2 for name in "abcd"})
    b, d = [[0.3, 0.7], [0.6, 0.4]], [[0.9, 0.1], [0.5, 0.5]]
    network = BayesianNetwork(apart, {"a": [0.5, 0.5], "b": b, "c": [0.2, 0.8], "d": d})
    (form, _) = contraction.plan_query(
        network._tables, [1], contraction.Conditions(seen={3: 0}), proportional=True
    )
    assert len(form.arrays) == 2
    np.testing.assert_allclose(network.query("b", given={"d": 0}), [0.45, 0.55])
    assert network.probability({"b": 0, "d": 0}) == pytest.approx(
        0.45 * (0.2 * 0.9 + 0.8 * 0.5)
    )
    impossible = BayesianNetwork(
        apart, {"a": [0.5, 0.5], "b": b, "c": [1.0, 0.0], "d": [[0.0, 1.0], [0.5, 0.5]]}
    )
    with pytest.raises(ModelError, match="given, d=0, is zero"):
        impossible.query("b", given={"d": 0})


@pytest.mark.parametrize("seed", range(6))
def test_a_query_gives_the_same_numbers_however_often_it_is_asked(seed):
    rng = np.random.default_rng(seed)
    diagram = random_diagram(rng, 7)
    mechanisms = random_mechanisms(rng, diagram)
    network = BayesianNetwork(diagram, mechanisms)
    names = [f"v{k}" for k in rng.permutation(7)]
    for _ in range(6):
        levels = {
            f"v{k}": wire.levels[rng.integers(len(wire.levels))]
            for k, wire in enumerate(diagram.wires)
        }
        done, seen = (
            {name: levels[name] for name in part} for part in (names[1:3], names[3:5])
        )
        for do in (done, None, names[1:3]):
            fresh = BayesianNetwork(diagram, mechanisms)
            np.testing.assert_array_equal(
                network.query([names[0], names[5]], do=do, given=seen),
                fresh.query([names[0], names[5]], do=do, given=seen),
            )
        assert network.probability(seen, do=done) == fresh.probability(seen, do=done)


def test_repeated_queries_can_be_impossible_or_rare():
    many = Diagram.parse("; ".join(f"root -> leaf{k}" for k in range(40))).with_levels(
        {name: 2 for name in ["root", *[f"leaf{k}" for k in range(40)]]}
    )
    rare = {"root": [0.5, 0.5]} | {
        f"leaf{k}": [[1e-50, 1], [2e-50, 1]] for k in range(40)
    }
    network = BayesianNetwork(many, rare | {"leaf39": [[0.0, 1.0], [0.0, 1.0]]})
    for _ in range(5):
        assert network.query("root", given={f"leaf{k}": 0 for k in range(9)})[
            0
        ] == pytest.approx(1 / (1 + 2.0**9), rel=1e-9)  # of 1e-450
        assert network.query("root", given={f"leaf{k}": 0 for k in range(39)})[
            0
        ] == pytest.approx(1 / (1 + 2.0**39), rel=1e-9)
        with pytest.raises(ModelError, match="given, leaf39=0, is zero"):
            network.query("root", given={"leaf39": 0})


def test_opening_a_variable_that_surgery_has_set():
    network = BayesianNetwork(
        Diagram.parse("x -> y").with_levels({"x": 2, "y": 2}).do({"x": 1}),
        {"y": [[0.9, 0.1], [0.2, 0.8]]},
    )
    np.testing.assert_allclose(network.query("y", do="x"), [[0.9, 0.1], [0.2, 0.8]])


def test_queries_with_more_variables_than_einsum_has_letters():
    rng = np.random.default_rng(3)
    text = "; ".join([f"x{k} -> x{k + 1}" for k in range(69)] + ["x0 -> x69"])
    long = Diagram.parse(text).with_levels({f"x{k}": 2 for k in range(70)})
    mechanisms = random_mechanisms(rng, long)
    network = BayesianNetwork(long, mechanisms)
    (form, _) = contraction.plan_query(network._tables, [69])
    assert form.plan is not None
    power = np.linalg.multi_dot(
        [np.diag(mechanisms["x0"]), *[mechanisms[f"x{k}"] for k in range(1, 69)]]
    )
    last = (
        mechanisms["x69"]
        if long.parents("x69") == ("x68", "x0")
        else mechanisms["x69"].swapaxes(0, 1)
    )
    np.testing.assert_allclose(
        network.query("x69"), np.einsum("ab,bac->c", power, last), rtol=1e-12
    )


def test_large_batches_are_contracted_in_parts(monkeypatch):
    diagram = Diagram.parse("a -> b -> c; a -> c").with_levels(
        {name: 3 for name in "abc"}
    )
    mechanisms = random_mechanisms(np.random.default_rng(0), diagram, batch=(50,))
    network = BayesianNetwork(diagram, mechanisms | {"a": np.array([0.2, 0.3, 0.5])})
    whole, sums = network.query(["b", "c"]), network.marginals(given={"c": 1})
    monkeypatch.setattr(contraction, "_MAX_ENTRIES_AT_ONCE", 300)
    np.testing.assert_array_equal(network.query(["b", "c"]).values, whole.values)
    for name, marginal in network.marginals(given={"c": 1}).items():
        np.testing.assert_array_equal(marginal.values, sums[name].values)
    np.testing.assert_allclose(network.query("a").values, [[0.2, 0.3, 0.5]] * 50)


def test_accelerators_give_the_same_numbers_or_raise(monkeypatch):
    diagram = random_diagram(np.random.default_rng(1), 6)
    mechanisms = random_mechanisms(np.random.default_rng(0), diagram, batch=(7,))
    mechanisms["v0"] = mechanisms["v0"][0]  # one table for all draws
    here = BayesianNetwork(diagram, mechanisms)
    there = BayesianNetwork(diagram, mechanisms)
    monkeypatch.setattr(contraction, "_ACCELERATOR_PAYS_FROM", 0)
    monkeypatch.setattr(contraction, "_MAX_ENTRIES_AT_ONCE", 100)
    expected = [
        here.query(["v5", "v0"], do="v1", given={"v3": "l1"}).values,
        *[result.values for result in here.marginals(given={"v2": "l0"}).values()],
    ]
    assert all(form.compiled is None for form in here._tables.plans.values())
    monkeypatch.setattr(accelerator, "is_available", lambda: True)
    for _ in range(2):  # the second time, nothing is compiled
        result = [
            there.query(["v5", "v0"], do="v1", given={"v3": "l1"}).values,
            *[result.values for result in there.marginals(given={"v2": "l0"}).values()],
        ]
        for mine, other in zip(expected, result, strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-12)
    assert all(form.compiled for form in there._tables.plans.values())
    with pytest.raises(FloatingPointError, match="gives other sums than the CPU"):
        accelerator.compiled(
            lambda tables, einsum: [einsum("a->", tables[0]) * (1 + 1e-7)],
            lambda tables: [np.sum(tables[0])],
            [np.ones(3)],
        )


@pytest.mark.parametrize("seed", range(20))
def test_elimination_orders_give_the_same_sums(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 7))
    sizes = {k: int(rng.integers(1, 4)) for k in range(n)}
    scopes = [
        tuple(map(int, rng.permutation(n)[: rng.integers(0, min(n, 4) + 1)]))
        for _ in range(rng.integers(1, 7))
    ]
    tables = [
        rng.random([*(sizes[k] for k in scope), *([3] if rng.random() < 0.5 else [])])
        for scope in scopes
    ]
    used = sorted({k for scope in scopes for k in scope})
    output = tuple(used[: rng.integers(0, len(used) + 1)][::-1])
    operands = [
        part
        for scope, table in zip(scopes, tables, strict=True)
        for part in (table, [*scope, *([9] if table.ndim > len(scope) else [])])
    ]

    def straight(axes):
        return np.einsum(*operands, np.ones(3), [9], [*axes, 9])

    result = tensor_network.forward(tensor_network.plan(scopes, sizes, output), tables)[
        -1
    ]
    np.testing.assert_allclose(
        np.broadcast_to(
            result if result.ndim > len(output) else result[..., None],
            straight(output).shape,
        ),
        straight(output),
    )
    plan = tensor_network.plan(scopes, sizes, ())
    for rescale in (False, True):
        values = tensor_network.forward(plan, tables, rescale=rescale)
        for k, marginal in tensor_network.marginals(
            plan, values, used, rescale=rescale
        ).items():
            whole = marginal if marginal.ndim > 1 else marginal[:, None]
            expected = straight((k,))
            np.testing.assert_allclose(
                np.broadcast_to(whole / whole.sum(axis=0), expected.shape),
                expected / expected.sum(axis=0),
            )
