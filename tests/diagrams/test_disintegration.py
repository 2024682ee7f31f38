"""Channels, combs and counterfactuals match published numbers and their definitions.

Sources: the joint distributions of the smoking example are those of A. Kissinger's demonstration of
comb disintegration, which goes with Jacobs, Kissinger & Zanasi (2019); Pearl's front-door table is
from Causality (2009), section 3.3; the party is from Balke & Pearl (1994).
"""

import numpy as np
import pytest

from causalstats.diagrams import (
    BayesianNetwork,
    Diagram,
    Distribution,
    comb_disintegrate,
    contract,
    disintegrate,
)
from causalstats.errors import ModelError

SMOKING = [0.5, 0.1, 0.01, 0.02, 0.1, 0.05, 0.02, 0.2]
COMPANY = [0.14, 0.05, 0.16, 0.05, 0.1, 0.21, 0.1, 0.19]
UNEXPECTED = [0.3, 0.05, 0.2, 0.05, 0.05, 0.05, 0.25, 0.05]
PEARL = [
    0.475 * 0.9,
    0.475 * 0.1,
    0.025 * 0.95,
    0.025 * 0.05,
    0.025 * 0.1,
    0.025 * 0.9,
    0.475 * 0.15,
    0.475 * 0.85,
]


FRONT_DOOR = Diagram.parse("smoking -> tar -> cancer; smoking <-> cancer")
ABC = Diagram.parse("a -> b -> c; a <-> c")


def smoking(cells) -> Distribution:
    return Distribution.joint(
        np.reshape(cells, (2, 2, 2)), {"smoking": 2, "tar": 2, "cancer": 2}
    )


def test_combs_of_the_smoking_example_match_the_published_numbers():
    joint = smoking(SMOKING)
    split = comb_disintegrate(joint, ["smoking", "cancer"], diagram=FRONT_DOOR)
    assert split.f.unique and split.g.unique and split.f.free_cells == ()
    np.testing.assert_allclose(
        split.g.channel, [[0.952381, 0.047619], [0.405405, 0.594595]], atol=5e-7
    )
    f = [[0.525, 0.105, 0.246667, 0.123333], [0.21, 0.42, 0.0336364, 0.336364]]
    assert split.f.channel.variables == (
        "tar",
        "smoking",
        "cancer",
    ) and split.f.channel.opened == ("tar",)
    np.testing.assert_allclose(np.reshape(split.f.channel.values, (2, 4)), f, atol=5e-7)
    seen = disintegrate(joint.marginal("smoking", "cancer"), "smoking").channel
    np.testing.assert_allclose(
        seen, [[0.809524, 0.190476], [0.324324, 0.675676]], atol=5e-7
    )
    done = split.do("smoking", "cancer").channel
    np.testing.assert_allclose(
        done, [[0.746522, 0.253478], [0.457703, 0.542297]], atol=5e-7
    )
    assert done[{"smoking": 1, "cancer": 1}] - done[
        {"smoking": 0, "cancer": 1}
    ] == pytest.approx(0.288820, abs=5e-7)
    both = [
        [0.734921, 0.217460, 0.0116017, 0.0360173],
        [0.312838, 0.0925676, 0.144865, 0.449730],
    ]
    np.testing.assert_allclose(
        np.reshape(split.do("smoking", ["tar", "cancer"]).channel.values, (2, 4)),
        both,
        atol=5e-7,
    )
    np.testing.assert_allclose(
        np.reshape(split.cut("smoking").values, (2, 4)), np.divide(both, 2), atol=5e-7
    )
    natural = split.do("smoking", "cancer", by_natural=True).channel
    assert natural[
        {"smoking": 0, "natural smoking": 1, "cancer": 1}
    ] / 0.37 == pytest.approx(0.360750, abs=5e-7)
    assert natural[
        {"smoking": 1, "natural smoking": 1, "cancer": 1}
    ] / 0.37 == pytest.approx(0.675676, abs=5e-7)  # consistency


@pytest.mark.parametrize(
    ("cells", "seen", "done"),
    [
        (COMPANY, (0.25, 0.666667), (0.499444, 0.500418)),
        (UNEXPECTED, (0.166667, 0.25), (0.244444, 0.211429)),
        (PEARL, (0.0975, 0.8525), (0.4975, 0.4525)),
    ],
)
def test_combs_of_front_door_examples_match_the_published_numbers(cells, seen, done):
    joint = smoking(cells)
    np.testing.assert_allclose(
        disintegrate(joint.marginal("smoking", "cancer"), "smoking").channel.values[
            :, 1
        ],
        seen,
        atol=5e-7,
    )
    np.testing.assert_allclose(
        comb_disintegrate(joint, ["smoking", "cancer"], diagram=FRONT_DOOR)
        .do("smoking", "cancer")
        .channel.values[:, 1],
        done,
        atol=5e-7,
    )


def test_undetermined_cells_of_a_comb_are_reported():
    joint = np.zeros((2, 2, 2))
    joint[0, 0], joint[1, 1] = (0.4, 0.2), (0.1, 0.3)
    split = comb_disintegrate(smoking(joint), ["smoking", "cancer"], diagram=FRONT_DOOR)
    assert split.g.unique and not split.f.unique
    assert split.f.free_cells == ({"tar": 0, "smoking": 1}, {"tar": 1, "smoking": 0})
    answer = split.do("smoking", "cancer")
    assert (
        not answer.unique
        and np.isnan(answer.channel.values).all()
        and answer.free_cells == ({"smoking": 0}, {"smoking": 1})
    )
    assert "not determined at: smoking=0; smoking=1" in repr(answer)
    np.testing.assert_allclose(answer.lower.values[:, 1], [0.2, 0.3])
    np.testing.assert_allclose(answer.upper.values[:, 1], [0.6, 0.9])


def test_bounds_of_undetermined_cells_are_sharp():
    """Any values of the free cells rebuild the joint, with an answer between the bounds."""
    rng = np.random.default_rng(5)
    joint = (
        rng.dirichlet(np.ones(18)).reshape(3, 2, 3)
        * np.array([[1, 1], [0, 1], [1, 0]])[:, :, None]
    )
    joint /= joint.sum()
    split = comb_disintegrate(
        Distribution.joint(joint, {"a": 3, "b": 2, "c": 3}), ["a", "c"], diagram=ABC
    )
    assert split.f.free_cells == ({"b": 0, "a": 1}, {"b": 1, "a": 2})
    answer, share = split.do("a", "c"), joint.sum(axis=(1, 2))
    assert (
        answer.lower.values.sum(axis=1).max()
        < 1
        < answer.upper.values.sum(axis=1).min()
    )
    lowest, highest = np.full((3, 3), np.inf), np.full((3, 3), -np.inf)
    for choice in [
        *np.eye(3)[:, None].repeat(2, axis=1),
        *np.stack(np.meshgrid(*[range(3)] * 2), -1).reshape(-1, 2),
    ]:
        rows = choice if choice.ndim == 2 else np.eye(3)[choice]
        f = np.array(split.f.lower)  # b, a, c
        f[0, 1], f[1, 2] = share[1] * rows[0], share[2] * rows[1]
        np.testing.assert_allclose(
            np.einsum("bac,ab->abc", f, split.g.lower), joint, atol=1e-15
        )
        done = np.einsum("bac,db->dc", f, split.g.lower)
        lowest, highest = np.minimum(lowest, done), np.maximum(highest, done)
    np.testing.assert_allclose(lowest, answer.lower, atol=1e-15)
    np.testing.assert_allclose(highest, answer.upper, atol=1e-15)


def test_positivity_is_required_only_where_a_query_needs_it():
    """With P(tar = 1 | smoking = 0) = 0 the effect is open for smokers alone."""
    joint = np.array([[[0.3, 0.2], [0, 0]], [[0.1, 0.1], [0.1, 0.2]]])
    split = comb_disintegrate(smoking(joint), ["smoking", "cancer"], diagram=FRONT_DOOR)
    answer = split.do("smoking", "cancer")
    assert split.f.free_cells == ({"tar": 1, "smoking": 0},) and answer.free_cells == (
        {"smoking": 1},
    )
    assert answer.channel[{"smoking": 0, "cancer": 1}] == pytest.approx(
        0.5 * 0.4 + 0.5 * 0.5
    )
    never = np.array([[[0.5, 0.2], [0.1, 0.2]], [[0, 0], [0, 0]]])
    split = comb_disintegrate(smoking(never), ["smoking", "cancer"], diagram=FRONT_DOOR)
    assert split.f.unique and split.g.free_cells == (
        {"smoking": 1},
    )  # f(smoking = 1, ...) is surely 0
    answer = split.do("smoking", "cancer")
    assert answer.free_cells == ({"smoking": 1},) and answer.channel[
        {"smoking": 0, "cancer": 1}
    ] == pytest.approx(0.4)
    assert (answer.upper.values <= 1 + 1e-15).all()


@pytest.mark.parametrize("seed", range(10))
def test_combs_of_districts_give_the_interventional_distribution(seed):
    """A front door with a covariate and two mediators; f is the district of the treatment."""
    rng = np.random.default_rng(seed)
    diagram = Diagram.parse(
        "z -> x, y; x -> m -> n -> y; hidden: u -> x, y; hidden: w -> m, z"
    ).with_levels(dict(zip("zxmnyuw", (2, 3, 2, 2, 2, 3, 2), strict=True)))
    sizes = {wire.name: len(wire.levels) for wire in diagram.wires}
    tables = {
        name: rng.dirichlet(
            np.ones(sizes[name]), [sizes[cause] for cause in diagram.parents(name)]
        )
        for name in sizes
    }
    network = BayesianNetwork(diagram, tables)
    joint = network.query(["z", "x", "m", "n", "y"])
    split = comb_disintegrate(joint, ["x", "y"], diagram=diagram)
    assert split.f.channel.opened == ("z", "m", "n") and split.g.channel.variables == (
        "x",
        "z",
        "m",
        "n",
    )
    np.testing.assert_allclose(split.f.channel.values.sum(axis=(-1, -2)), 1)
    result = split.do("x", ["z", "n", "y"])
    np.testing.assert_allclose(
        result.channel, network.query(["z", "n", "y"], do="x"), atol=1e-13
    )
    np.testing.assert_allclose(
        split.cut("x").marginal("y", "x").values,
        network.query("y", do="x").values.T / 3,
        atol=1e-13,
    )


def test_disintegration_of_a_batch_equals_that_of_each_draw():
    rng = np.random.default_rng(2)
    cells = rng.dirichlet(np.ones(8), size=(2, 3)).reshape(2, 3, 2, 2, 2)
    together = (
        comb_disintegrate(
            Distribution.joint(cells, {"a": 2, "b": 2, "c": 2}), ["a", "c"], diagram=ABC
        )
        .do("a", "c")
        .channel
    )
    for at in np.ndindex(2, 3):
        alone = (
            comb_disintegrate(
                Distribution.joint(cells[at], {"a": 2, "b": 2, "c": 2}),
                ["a", "c"],
                diagram=ABC,
            )
            .do("a", "c")
            .channel
        )
        np.testing.assert_allclose(together.values[at], alone)


def test_malformed_disintegrations_are_refused():
    joint = smoking(SMOKING)
    for call, message in [
        (
            lambda: comb_disintegrate(joint, ["smoking", "lungs"]),
            "Expected some but not all",
        ),
        (lambda: comb_disintegrate(joint, ["smoking", "tar", "cancer"]), "not all"),
        (
            lambda: comb_disintegrate(joint, ["smoking"], ["smoking", "tar"]),
            "order of all variables",
        ),
        (
            lambda: comb_disintegrate(
                joint, ["smoking", "cancer"], diagram=FRONT_DOOR
            ).do("tar", "cancer"),
            "an output of f",
        ),
        (
            lambda: disintegrate(disintegrate(joint, "smoking").channel, "tar"),
            "one for each level of smoking",
        ),
        (lambda: smoking(np.full(8, 0.2)), "sum to 1"),
        (lambda: Distribution.joint([0.5, 0.5], {"a": 3}), r"axes \(\.\.\., a 3\)"),
    ]:
        with pytest.raises(ModelError, match=message):
            call()


RESPONSES = ("never", "same", "opposite", "always")


@pytest.fixture(scope="module")
def party() -> BayesianNetwork:
    diagram = Diagram.parse(
        "ann -> bob, carl; bob, carl -> scuffle; hidden: b -> bob; hidden: c -> carl; "
        "hidden: s -> scuffle"
    )
    diagram = diagram.with_levels(
        {
            "ann": 2,
            "bob": 2,
            "carl": 2,
            "scuffle": 2,
            "b": RESPONSES,
            "c": RESPONSES,
            "s": ("never", "both", "equal"),
        }
    )
    chances = {
        "ann": [0.4, 0.6],
        "b": [0.07, 0.90, 0.03, 0],
        "c": [0.05, 0, 0.85, 0.10],
        "s": [0.05, 0.90, 0.05],
    }

    def response(ann, how):
        return {"never": 0, "same": ann, "opposite": 1 - ann, "always": 1}[how]

    def scuffle(bob, carl, how):
        return {"never": 0, "both": bob * carl, "equal": int(bob == carl)}[how]

    return BayesianNetwork(
        diagram, chances | {"bob": response, "carl": response, "scuffle": scuffle}
    )


def test_counterfactuals_of_the_party_match_balke_and_pearl(party):
    assert party.query("scuffle", given={"bob": 1})[1] == pytest.approx(
        0.1126, abs=5e-5
    )
    assert party.counterfactual("scuffle", do={"bob": 1}, factual={"bob": 0})[
        1
    ] == pytest.approx(0.7944, abs=5e-5)
    assert party.counterfactual(
        "scuffle", do={"bob": 1}, factual={"bob": 0, "scuffle": 0}
    )[1] == pytest.approx(0.8009, abs=5e-5)
    both = party.counterfactual(["ann", "scuffle"], do={"bob": 1}, factual={"bob": 0})
    np.testing.assert_allclose(
        both.marginal("ann"), party.query("ann", given={"bob": 0})
    )  # what bob does not cause is what it was


def test_counterfactuals_equal_queries_of_the_twin_network(party):
    """Both worlds whole, sharing hidden roots and noise, as the syntax of diagrams makes them."""
    twin = party.diagram.twin(deterministic=["bob", "carl", "scuffle"])
    noise = {"noise_ann": party.mechanisms["ann"], "ann": np.eye(2)}
    twin = (
        twin.with_levels({"noise_ann": 2})
        .do({"bob'": 1})
        .observe({"bob": 0, "scuffle": 0})
    )
    joint = contract(twin, dict(party.mechanisms) | noise, ["scuffle'"])
    assert joint.sum() == pytest.approx(party.probability({"bob": 0, "scuffle": 0}))
    np.testing.assert_allclose(
        joint / joint.sum(),
        party.counterfactual(
            "scuffle", do={"bob": 1}, factual={"bob": 0, "scuffle": 0}
        ),
    )


def test_counterfactuals_are_consistent_and_reduce_to_interventions(party):
    facts = {"bob": 1, "carl": 0}
    np.testing.assert_allclose(
        party.counterfactual("scuffle", do={"bob": 1}, factual=facts),
        party.query("scuffle", given=facts),
    )
    np.testing.assert_allclose(
        party.counterfactual("scuffle", do={"bob": 1}, factual={}),
        party.query("scuffle", do={"bob": 1}),
    )


def test_counterfactuals_of_random_mechanisms_are_refused(party):
    diagram = Diagram.parse("ann -> bob, carl; bob, carl -> scuffle")
    tables = {
        "ann": [0.4, 0.6],
        "bob": party.query("bob", do="ann"),
        "carl": party.query("carl", do="ann"),
        "scuffle": party.query("scuffle", do=["bob", "carl"]),
    }
    network = BayesianNetwork(diagram, tables)
    assert network.counterfactual("scuffle", do={"bob": 1}, factual={"bob": 0})[
        1
    ] == pytest.approx(0.7944, abs=5e-5)  # no scuffle was seen: nothing to share
    with pytest.raises(ModelError, match="mechanism of scuffle that is a function"):
        network.counterfactual(
            "scuffle", do={"bob": 1}, factual={"bob": 0, "scuffle": 0}
        )
    with pytest.raises(ModelError, match="is zero"):
        party.counterfactual(
            "scuffle", do={"bob": 1}, factual={"carl": 1, "c": "never"}
        )
    with pytest.raises(ModelError, match="done as a mapping"):
        party.counterfactual("scuffle", do="bob", factual={"bob": 0})


KINDS = ("doomed", "harmed", "helped", "fine")


def treatment(shares, takes) -> BayesianNetwork:
    diagram = Diagram.parse("dose -> cured; hidden: kind -> dose, cured").with_levels(
        {"dose": 2, "cured": 2, "kind": KINDS}
    )
    rows = np.stack([1 - np.asarray(takes), takes], axis=-1)
    cured = {
        "doomed": lambda dose: 0,
        "fine": lambda dose: 1,
        "helped": lambda dose: dose,
        "harmed": lambda dose: 1 - dose,
    }
    table = np.eye(2)[[[cured[kind](dose) for kind in KINDS] for dose in (0, 1)]]
    return BayesianNetwork(diagram, {"kind": shares, "dose": rows, "cured": table})


def test_probabilities_of_causation_match_enumeration():
    shares, takes = np.array([0.3, 0.1, 0.4, 0.2]), np.array([0.5, 0.2, 0.7, 0.4])
    result = treatment(shares, takes).causation("dose", "cured")
    helped, fine, doomed = (
        (shares * takes)[2],
        (shares * takes)[3],
        (shares * (1 - takes))[0],
    )
    untreated = (shares * (1 - takes))[2]
    expected = {
        "necessary_and_sufficient": 0.4,
        "necessary": helped / (helped + fine),
        "sufficient": untreated / (untreated + doomed),
    }
    assert result == pytest.approx(expected)
    draws = treatment([shares, [0.25] * 4], [takes, [0.5] * 4]).causation(
        "dose", "cured"
    )
    for name, values in draws.items():
        np.testing.assert_allclose(
            values, [expected[name], {"necessary_and_sufficient": 0.25}.get(name, 0.5)]
        )
    flipped = treatment(shares, takes).causation(
        "dose", "cured", levels={"dose": (1, 0)}
    )
    assert flipped["necessary_and_sufficient"] == pytest.approx(0.1)
    assert np.isnan(
        treatment([1, 0, 0, 0], takes).causation("dose", "cured")["necessary"]
    )  # nobody is cured
    with pytest.raises(ModelError, match="say `levels`"):
        treatment(shares, takes).causation("kind", "cured")
    with pytest.raises(ModelError, match="mechanism of cured that is a function"):
        chain = Diagram.parse("dose -> cured")
        BayesianNetwork(
            chain, {"dose": [0.5, 0.5], "cured": [[0.6, 0.4], [0.1, 0.9]]}
        ).causation("dose", "cured")


def test_probabilities_of_causation_with_more_than_two_levels(party):
    """People with a third level of the cause count for PNS alone."""
    diagram = Diagram.parse("dose -> cured; hidden: limit -> cured").with_levels(
        {"dose": 3, "limit": 4, "cured": 3}
    )
    network = BayesianNetwork(
        diagram,
        {
            "dose": [0.5, 0.2, 0.3],
            "limit": [0.1, 0.2, 0.3, 0.4],
            "cured": lambda dose, limit: max(0, min(2, 1 + dose - limit)),
        },
    )
    result = network.causation(
        "dose", "cured", levels={"dose": (0, 2), "cured": (0, 2)}
    )
    assert result == pytest.approx(
        {
            "necessary_and_sufficient": 0.1 + 0.2,
            "necessary": 1.0,
            "sufficient": 0.3 / 1.0,
        }
    )
