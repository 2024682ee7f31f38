"""Bayesian networks: functions as mechanisms, BIF files, surgery and errors of bad input."""

import numpy as np
import pytest

from causalstats.diagrams import BayesianNetwork, Diagram
from causalstats.errors import DataError, ModelError


def test_mechanisms_given_as_functions_become_tables():
    diagram = Diagram.parse("a, b -> either").with_levels(
        {"a": ("no", "yes"), "b": 2, "either": ("no", "yes")}
    )
    network = BayesianNetwork(
        diagram,
        {
            "a": [0.9, 0.1],
            "b": [0.8, 0.2],
            "either": lambda a, b: "yes" if a == "yes" or b else "no",
        },
    )
    assert network.query("either")["yes"] == pytest.approx(1 - 0.9 * 0.8)
    assert network.query("a", given={"either": "yes"})["yes"] == pytest.approx(
        0.1 / 0.28
    )


BIF = """
network weather { property "made by hand"; }
variable "rain" { type discrete [ 2 ] { <5, 5/more }; }
variable sprinkler { type discrete [ 3 ] { off, low, high }; property position = (1, 2); }
variable wet { type discrete [ 2 ] { no, yes }; }
probability ( "rain" ) { table 0.8, 0.2; } // a remark
probability ( wet | sprinkler, "rain" ) {
  default 0.1, 0.9;
  (off, <5) 1, 0;  (low, <5) 0.333, 0.666;
}
probability ( sprinkler | rain ) { table 0.5 0.9 0.3 0.1 0.2 0.0; }
"""


def test_bif_round_trip(tmp_path):
    network = BayesianNetwork.from_bif(BIF)
    table = {"off": [1, 0.1], "low": [0.333 / 0.999, 0.1], "high": [0.1, 0.1]}
    np.testing.assert_allclose(
        network.query("sprinkler", given={"rain": "<5"}), [0.5, 0.3, 0.2]
    )
    for sprinkler, (dry, rainy) in table.items():
        assert network.query("wet", do={"sprinkler": sprinkler}, given={"rain": "<5"})[
            "no"
        ] == pytest.approx(dry)
        assert network.query(
            "wet", do={"sprinkler": sprinkler}, given={"rain": "5/more"}
        )["no"] == pytest.approx(rainy)
    network.to_bif(tmp_path / "weather.bif")
    again = BayesianNetwork.from_bif(tmp_path / "weather.bif")
    assert again.diagram.wires == network.diagram.wires
    for name, table in network.mechanisms.items():
        np.testing.assert_allclose(again.mechanisms[name], table, rtol=1e-15)


@pytest.mark.parametrize("levels", [(",", "b"), ('a"b', "c"), ("a //b", "c")])
def test_levels_that_bif_would_read_as_others_are_not_written(levels):
    diagram = Diagram.parse("x").with_levels({"x": levels})
    with pytest.raises(DataError, match="BIF"):
        BayesianNetwork(diagram, {"x": [0.25, 0.75]}).to_bif()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("table 0.8, 0.2;", "table 0.8, 0.1;"), "sum to 1"),
        (
            ("table 0.8, 0.2;", "table 0.8;"),
            "Expected 2 probabilities of 'rain', got 1",
        ),
        (("table 0.8, 0.2;", "table much, little;"), "Expected numbers"),
        (("[ 3 ] { off", "[ 4 ] { off"), "4|different levels for 'sprinkler'"),
        (("(off, <5)", "(of, <5)"), r"got \(of, <5\)"),
        (("default 0.1, 0.9;", ""), "every combination"),
        (("variable wet", "variable wett"), "not so: wet, wett"),
    ],
)
def test_malformed_bif_is_refused(change, message):
    with pytest.raises(DataError, match=message):
        BayesianNetwork.from_bif(BIF.replace(*change))
    with pytest.raises(DataError, match="closed by braces"):
        BayesianNetwork.from_bif(BIF[:-20])


@pytest.mark.parametrize(
    ("mechanisms", "message"),
    [
        ({"a": [0.5, 0.5]}, "Expected a mechanism for box 'b'"),
        ({"a": [0.5, 0.5], "b": [0.5, 0.5]}, "with axes"),
        ({"a": [0.5, 0.5], "b": np.full((3, 2), 0.5)}, r"axes \(\.\.\., a 2, b 2\)"),
        ({"a": [0.5, 0.6], "b": np.full((2, 2), 0.5)}, "sum to 1.1"),
        ({"a": [1.5, -0.5], "b": np.full((2, 2), 0.5)}, "0 or more"),
        ({"a": [0.5, np.inf], "b": np.full((2, 2), 0.5)}, "sum to inf"),
        ({"a": [0.5, np.nan], "b": np.full((2, 2), 0.5)}, "0 or more"),
        ({"a": [0.5, 0.5], "b": [[0.5, 0.5], [0.4, 0.5]]}, r"0.9 at \(1,\)"),
        ({"a": [0.5, 0.5], "b": np.full((2, 2), 0.5), "c": [1.0]}, "got 'c'"),
        ({"a": np.full((3, 2), 0.5), "b": np.full((4, 2, 2), 0.5)}, "first axes"),
    ],
)
def test_malformed_mechanisms_are_refused(mechanisms, message):
    with pytest.raises(ModelError, match=message):
        BayesianNetwork(
            Diagram.parse("a -> b").with_levels({"a": 2, "b": 2}), mechanisms
        )


def test_malformed_queries_are_refused():
    network = BayesianNetwork(
        Diagram.parse("a -> b").with_levels({"a": ("no", "yes"), "b": 2}),
        {"a": [0.5, 0.5], "b": np.full((2, 2), 0.5)},
    )
    for outcome, options, message in [
        ("c", {}, "got 'c'"),
        ("b", {"do": {"b": 1}}, "set by `do`"),
        ("b", {"given": {"b": 1}}, "given as observed"),
        (["b", "b"], {}, "asked for twice"),
        ([], {}, "at least one outcome"),
        ("b", {"do": {"a": 1}}, r"level of a \('no', 'yes'\), got 1"),
    ]:
        with pytest.raises(ModelError, match=message):
            network.query(outcome, **options)
    with pytest.raises(ModelError, match="done as a mapping"):
        network.marginals(do="a")


def test_a_joint_too_large_is_refused():
    names = [f"v{k}" for k in range(40)]
    diagram = Diagram.parse("; ".join(names))
    network = BayesianNetwork(diagram, {name: [0.5, 0.5] for name in names})
    with pytest.raises(ModelError, match="fewer variables together"):
        network.joint()
    assert network.query("v7")[1] == 0.5


def test_networks_after_surgery_are_networks(tmp_path):
    diagram = Diagram.parse("a -> b -> c").with_levels(
        {name: ("no", "yes") for name in "abc"}
    )
    tables = {
        "a": [0.3, 0.7],
        "b": [[0.9, 0.1], [0.2, 0.8]],
        "c": [[0.6, 0.4], [0.5, 0.5]],
    }
    changed = BayesianNetwork(
        diagram.do({"b": "yes"}).cut("a").policy("c", ["a", "b"], name="rule"),
        tables | {"rule": lambda a, b: a},
    )
    assert (
        changed.query("c", given={"a": "yes"})["yes"] == 1
        and changed.query("a")["no"] == 0.5
    )
    assert set(changed.sample(50, 1)["b"]) == {"yes"}
    unnamed = BayesianNetwork(
        Diagram.parse("a -> b").do({"a": 1}), {"b": [[0.9, 0.1], [0.2, 0.8]]}
    )
    assert unnamed.query("b")[1] == 0.8
    np.testing.assert_allclose(
        BayesianNetwork.from_bif(changed.to_bif()).joint(), changed.joint()
    )
    assert (
        repr(changed)
        == f"BayesianNetwork(3 variables: {', '.join(changed.diagram.variables)})"
    )
