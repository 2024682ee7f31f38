"""The laws of the normalisation box, on random diagrams with random mechanisms."""

import numpy as np
import pytest

import causalstats as cs
from causalstats.diagrams import BayesianNetwork, Box, Diagram, contract
from causalstats.errors import ModelError
from tests.diagrams.test_semantics import random_diagram, random_mechanisms


def random_question(seed, zeros=0.0):
    """Return a diagram with observations and mechanisms, and those of one variable opened."""
    rng = np.random.default_rng(seed)
    diagram = random_diagram(rng, 5)
    mechanisms = random_mechanisms(rng, diagram, zeros=zeros)
    opened = diagram.open("v0").marginal("v2", "v3").observe({"v4": "l0"})
    return opened, mechanisms


@pytest.mark.parametrize("seed", range(5))
def test_it_divides_by_the_sum_over_outputs(seed):
    diagram, mechanisms = random_question(seed)
    joint = contract(diagram, mechanisms)
    normalised = contract(diagram.normalise(), mechanisms)
    np.testing.assert_allclose(normalised, joint / joint.sum((1, 2), keepdims=True))


@pytest.mark.parametrize("seed", range(5))
def test_a_channel_and_what_is_normalised_stay_as_they_are(seed):
    diagram, mechanisms = random_question(seed)
    once = contract(diagram.normalise(), mechanisms)
    twice = contract(diagram.normalise().normalise(), mechanisms)
    np.testing.assert_allclose(twice, once)
    channel = random_diagram(np.random.default_rng(seed), 5).open("v0").marginal("v3")
    plain = contract(channel, mechanisms)
    np.testing.assert_allclose(contract(channel.normalise(), mechanisms), plain)


@pytest.mark.parametrize("seed", range(3))
def test_a_number_beside_it_is_divided_out(seed):
    diagram, mechanisms = random_question(seed)
    rng = np.random.default_rng(seed + 100)
    number = Diagram.parse("w").with_levels({"w": 2}).observe({"w": 1})
    number = Diagram(number.wires, number.boxes, (), ())
    tables = mechanisms | {"w": rng.dirichlet([1, 1])}
    beside = contract((diagram @ number).normalise(), tables)
    np.testing.assert_allclose(beside, contract(diagram.normalise(), tables))


@pytest.mark.parametrize("seed", range(3))
def test_a_point_enters_before_or_after(seed):
    diagram, mechanisms = random_question(seed)
    wire = diagram.dom[0]
    point = Diagram((wire,), (Box("v0", (), (0,), "point", wire.levels[-1]),), (), (0,))
    after = contract(point >> diagram.normalise(), mechanisms)
    before = contract((point >> diagram).normalise(), mechanisms)
    np.testing.assert_allclose(after, before)


def test_a_distribution_does_not_enter_after_as_before():
    """Σ_x P(x) P(y | x, seen) is another answer than P(y | seen)."""
    diagram, mechanisms = random_question(0)
    wire = diagram.dom[0]
    mixed = Diagram((wire,), (Box("v0", (), (0,)),), (), (0,))
    tables = mechanisms | {"v0": np.full(len(wire.levels), 1 / len(wire.levels))}
    after = contract(mixed >> diagram.normalise(), tables)
    before = contract((mixed >> diagram).normalise(), tables)
    assert np.abs(after - before).max() > 1e-3


def test_conditioning_is_to_observe_marginalise_and_normalise():
    diagram = random_diagram(np.random.default_rng(3), 5)
    mechanisms = random_mechanisms(np.random.default_rng(3), diagram)
    network = BayesianNetwork(diagram, mechanisms)
    seen = diagram.do({"v1": "l1"}).observe({"v4": "l0"}).marginal("v2").normalise()
    asked = network.query("v2", do={"v1": "l1"}, given={"v4": "l0"})
    np.testing.assert_allclose(contract(seen, mechanisms), asked.values)


def test_given_what_cannot_happen_it_is_0_and_so_is_all_that_follows():
    tables = {"x": [1.0, 0.0], "y": [[1.0, 0.0], [0.5, 0.5]], "z": [0.5, 0.5]}
    model = Diagram.parse("x -> y").with_levels({"x": 2, "y": 2})
    impossible = model.observe({"y": 1}).marginal("x").normalise()
    np.testing.assert_array_equal(contract(impossible, tables), [0, 0])
    other = Diagram.parse("z").with_levels({"z": 2})
    both = (impossible @ other).marginal("z")
    np.testing.assert_array_equal(contract(both, tables), [0, 0])
    np.testing.assert_array_equal(contract(both.pruned(), tables), [0, 0])


def test_batches_and_names():
    diagram = random_diagram(np.random.default_rng(4), 4)
    mechanisms = random_mechanisms(np.random.default_rng(4), diagram, batch=(3,))
    seen = diagram.observe({"v3": "l1"}).marginal("v0").normalise()
    assert seen.boxes[0].name == "P(v0 | v3=l1)"
    values = contract(seen, mechanisms)
    assert values.shape[0] == 3
    np.testing.assert_allclose(values.sum(axis=-1), 1)
    assert "probability of what is observed" in seen.steps[-1].words
    assert seen == diagram.observe({"v3": "l1"}).marginal("v0").normalise()
    assert seen != diagram.observe({"v3": "l0"}).marginal("v0").normalise(
        "P(v0 | v3=l1)"
    )


def test_what_is_no_mechanism_is_refused_elsewhere():
    model = Diagram.parse("x -> y").with_levels({"x": 2, "y": 2})
    box = model.observe({"y": 1}).marginal("x").normalise()
    for ask in (
        lambda: box.identify("x"),
        lambda: BayesianNetwork(box, {"x": [0.5, 0.5]}),
        lambda: cs.to_pymc(box, {}),
        lambda: box.twin(),
    ):
        with pytest.raises(ModelError, match="normalis"):
            ask()
    with pytest.raises(ModelError, match="outputs to normalise"):
        Diagram(model.wires, model.boxes, (), ()).normalise()
    tables = {"x": [0.5, 0.5], "y": [[0.9, 0.1], [0.2, 0.8]]}
    other = model.observe({"y": 0}).marginal("x").normalise("P(x | y=1)")
    with pytest.raises(ModelError, match="boxes of one name"):
        contract(box @ other, tables)
    assert "normalised" in repr(box)
    assert box.to_svg()
