"""Surgery on string diagrams: its results, its laws, and that no surgery changes its argument."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from causalstats import Diagram, ModelError
from causalstats.diagrams import contract
from causalstats.diagrams.core.pruning import pruned
from causalstats.diagrams.core.twin import with_noise

SMOKING = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer").with_levels(
    {"smoking": 2, "tar": 2, "cancer": ("no", "yes")}
)


def random_model(seed: int) -> Diagram:
    """A causal model of 3 to 8 variables, some of them confounded."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(3, 9))
    names = rng.permutation([f"v{rank}" for rank in range(size)]).tolist()
    pairs = [(names[i], names[j]) for j in range(size) for i in range(j)]
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(pair for pair in pairs if rng.random() < 0.4)
    return Diagram.from_networkx(
        graph, confounded=[pair for pair in pairs if rng.random() < 0.2]
    ).with_levels(dict.fromkeys(names, 2))


MODELS = [random_model(seed) for seed in range(20)]


def relabelled(diagram: Diagram, seed: int) -> Diagram:
    """The same diagram with its wires and boxes listed in another order."""
    rng = np.random.default_rng(seed)
    new = rng.permutation(len(diagram.wires)).tolist()

    def moved(wires):
        return tuple(new[wire] for wire in wires)

    boxes = [
        replace(box, inputs=moved(box.inputs), outputs=moved(box.outputs))
        for box in diagram.boxes
    ]
    return Diagram(
        tuple(diagram.wires[new.index(rank)] for rank in range(len(new))),
        tuple(boxes[rank] for rank in rng.permutation(len(boxes))),
        moved(diagram.inputs),
        moved(diagram.outputs),
    )


SURGERIES = {
    "cut": lambda d, a, b: d.cut(a),
    "do": lambda d, a, b: d.do({a: 1}),
    "open": lambda d, a, b: d.open(a),
    "soft": lambda d, a, b: d.soft(a, "new"),
    "policy": lambda d, a, b: d.policy(b, [a]),
    "edge_do": lambda d, a, b: next(
        (
            d.edge_do(c, v, 0)
            for v in d.observed
            for c in d.parents(v)
            if c in d.observed
        ),
        d.cut(a),
    ),
    "observe": lambda d, a, b: d.observe({a: 0, b: 1}),
    "marginal": lambda d, a, b: d.marginal(b, a),
    "twin": lambda d, a, b: d.twin(),
    "pruned": lambda d, a, b: d.marginal(a).pruned(),
}


@pytest.mark.parametrize("surgery", SURGERIES.values(), ids=SURGERIES)
def test_surgery_leaves_its_argument_alone_and_does_not_depend_on_the_order_of_lists(
    surgery,
):
    for seed, model in enumerate(MODELS):
        first, last = model.observed[0], model.observed[-1]
        before = (model.wires, model.boxes, model.inputs, model.outputs, model.steps)
        done = surgery(model, first, last)
        assert type(done) is Diagram
        assert (
            model.wires,
            model.boxes,
            model.inputs,
            model.outputs,
            model.steps,
        ) == before
        assert done != model or len(model.observed) == 1
        again = surgery(relabelled(model, seed), first, last)
        assert again == done and hash(again) == hash(done)


def test_every_surgery_records_a_step_in_words():
    done = (
        SMOKING.soft("smoking", "ban")
        .do({"tar": 1})
        .edge_do("tar", "cancer", 0)
        .observe({"cancer": "yes"})
        .marginal("cancer")
        .open("smoking")
    )
    assert [step.rule for step in done.steps] == [
        "soft",
        "do",
        "edge_do",
        "observe",
        "marginal",
        "open",
    ]
    assert (
        "'ban'" in done.steps[0].words
        and "value 0" in done.steps[2].words
        and "'yes'" in done.steps[3].words
    )
    assert not SMOKING.steps


@pytest.mark.parametrize("model", MODELS)
def test_cutting_is_idempotent_and_commutes(model):
    a, b, *_ = model.observed
    assert model.cut(a).cut(a) == model.cut(a)
    assert model.cut(a).cut(b) == model.cut(b).cut(a) == model.cut(a, b)
    assert model.do({a: 0}).cut(b) == model.cut(b).do({a: 0})
    assert model.cut(a).do({a: 1}) == model.do({a: 1}) == model.open(a).do({a: 1})


@pytest.mark.parametrize("model", MODELS)
def test_opening_removes_the_uniform_state_of_a_cut(model):
    a = model.observed[1]
    opened, cut = model.open(a), model.cut(a)
    assert set(cut.boxes) - set(opened.boxes) == {cut.maker(a)}
    assert opened.dom == (model.wires[model.position(a)],)
    assert opened.cut(a) == cut


def test_opened_wires_stay_outputs_and_come_in_the_order_of_opening():
    opened = SMOKING.open("tar", "smoking")
    assert [wire.label for wire in opened.dom] == ["tar", "smoking"]
    assert opened.observed == SMOKING.observed


def test_policies_come_after_the_variables_they_read():
    treated = SMOKING.policy(
        "cancer", ["smoking", "u_cancer_smoking"], name="screening"
    )
    assert treated.parents("cancer") == ("smoking", "u_cancer_smoking")
    assert SMOKING.policy("tar", SMOKING.parents("tar"), name="filter") == SMOKING.soft(
        "tar", "filter"
    )
    late = Diagram.parse("a; b -> c").policy("a", ["c"])
    assert [box.name for box in late.boxes] == [
        "b",
        "c",
        "a by policy",
    ]  # listed after what it reads


def test_an_edge_intervention_cuts_one_leg():
    model = Diagram.parse("a -> b; a, b -> c").with_levels({"a": 2})
    direct = model.edge_do("a", "c", 1)
    assert direct.parents("b") == ("a",)
    assert direct.parents("c") == ("a[c]", "b")
    assert direct.maker("a[c]").value == 1
    assert direct.observed == model.observed
    assert model.edge_do("a", "c", 1).edge_do("a", "b", 0) == model.edge_do(
        "a", "b", 0
    ).edge_do("a", "c", 1)


@pytest.mark.parametrize("model", MODELS)
def test_twins_without_surgery_are_two_copies_of_one_world(model):
    twins = model.twin(["'", "*"])
    alone = with_noise(model)
    assert twins.marginal(*model.observed).pruned() == alone.pruned()
    for world in "'*":
        other = twins.marginal(*(name + world for name in model.observed)).pruned()
        assert (
            replace(other, wires=tuple(replace(wire, world="") for wire in other.wires))
            == alone.pruned()
        )
    assert {wire.name for wire in twins.wires if wire.label in twins.hidden} == set(
        model.hidden
    ) | {f"noise_{name}" for name in model.observed}


@pytest.mark.parametrize("seed", range(4))
def test_twins_without_surgery_have_the_joint_of_one_world_on_the_diagonal(seed):
    rng = np.random.default_rng(seed)
    model = (
        MODELS[seed]
        .marginal(*MODELS[seed].observed[:3])
        .with_levels(dict.fromkeys(MODELS[seed].hidden, 2))
    )
    noise = {
        name: 3 for name in with_noise(model).variables if name.startswith("noise_")
    }
    noisy, twins = with_noise(model).with_levels(noise), model.twin().with_levels(noise)
    chances = {
        name: rng.dirichlet(np.ones(len(noisy.wires[noisy.position(name)].levels)))
        for name in noisy.hidden
        if not noisy.parents(name)
    }
    functions = {}
    for name in set(noisy.variables) - set(chances):
        shape = [
            len(noisy.wires[noisy.position(cause)].levels)
            for cause in noisy.parents(name)
        ]
        functions[name] = np.eye(2)[rng.integers(2, size=shape)]
    one = contract(noisy, chances | functions, model.observed)
    both = contract(
        twins,
        chances | functions,
        [*model.observed, *(f"{name}'" for name in model.observed)],
    ).reshape(one.size, one.size)
    np.testing.assert_allclose(both, np.diag(one.ravel()), atol=1e-14)


def test_surgery_in_one_world_leaves_the_other_as_it_was():
    twins = SMOKING.twin()
    changed = twins.do({"smoking'": 1})
    assert (
        changed.marginal(*SMOKING.observed).pruned()
        == twins.marginal(*SMOKING.observed).pruned()
    )
    assert changed.marginal("cancer'").pruned().hidden == (
        "u_cancer_smoking",
        "noise_tar",
        "noise_cancer",
        "smoking'",
        "tar'",
    )
    assert (
        changed.maker("tar'").name == changed.maker("tar").name == "tar"
    )  # one process in both worlds


def test_deterministic_mechanisms_need_no_noise():
    twins = SMOKING.twin(deterministic=["tar"])
    assert twins.parents("tar'") == ("smoking'",) and twins.parents("cancer'") == (
        "tar'",
        "u_cancer_smoking",
        "noise_cancer",
    )


def test_pruning_keeps_what_was_observed():
    seen = SMOKING.marginal("smoking")
    assert pruned(seen).variables == ("u_cancer_smoking", "smoking")
    assert pruned(seen.observe({"cancer": "yes"})).variables == SMOKING.variables
    assert pruned(pruned(seen)) == pruned(seen)


@pytest.mark.parametrize(
    ("surgery", "message"),
    [
        (lambda: SMOKING.cut("smokin"), "Did you mean 'smoking'"),
        (lambda: SMOKING.cut(), "at least one variable"),
        (lambda: SMOKING.do({}), "got none"),
        (lambda: SMOKING.do("tar"), "variables with their values"),
        (lambda: SMOKING.do({"cancer": "maybe"}), r"'no', 'yes'\), got 'maybe'"),
        (lambda: SMOKING.observe({"tar": 2}), r"0, 1\), got 2"),
        (lambda: SMOKING.open("tar").open("tar"), "already"),
        (
            lambda: SMOKING.policy("smoking", ["cancer"]),
            "cancer -> smoking -> tar -> cancer",
        ),
        (lambda: SMOKING.soft("smoking", "tar"), "boxes of one name are one process"),
        (lambda: SMOKING.edge_do("smoking", "cancer", 1), "reads"),
        (lambda: SMOKING.twin([]), "a different mark"),
        (lambda: SMOKING.twin().twin(), "one world"),
        (lambda: SMOKING.observe({"tar": 1}).twin(), "make the twins first"),
        (lambda: Diagram.parse("noise_a -> a").twin(), "noise_a"),
        (lambda: Diagram.parse('a -> "a*"').twin(["*"]), r"a\* would be called twice"),
    ],
)
def test_impossible_surgery_is_refused(surgery, message):
    with pytest.raises(ModelError, match=message):
        surgery()


def test_cutting_one_output_of_a_box_with_several_is_refused():
    from causalstats.diagrams import box

    with pytest.raises(ModelError, match="makes a, b together"):
        box("f", (), ("a", "b")).cut("a")
