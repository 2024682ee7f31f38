"""Wrong arguments of what reads frames, diagrams and networks are refused in our own words."""

import inspect

import numpy as np
import pandas as pd
import polars as pl
import pytest

import causalstats as cs

RNG = np.random.default_rng(1)
PANEL = pd.DataFrame(RNG.normal(size=(24, 4)), columns=["y", "d", "x", "z"])
PANEL["unit"], PANEL["time"] = np.divmod(np.arange(24), 4)
PEOPLE = pd.DataFrame({"y": [1, 0, np.nan] * 8, "t": [1, 1, 0] * 8, "x": PANEL["x"]})
PARTS = pd.DataFrame(RNG.lognormal(size=(24, 4)), columns=list("abcd"))
DIAGRAM = cs.Diagram.parse("z -> x -> y; z -> y")
NETWORK = cs.BayesianNetwork(
    cs.Diagram.parse("x -> y").with_levels({"x": 2, "y": 2}),
    {"x": [0.5, 0.5], "y": [[0.2, 0.8], [0.6, 0.4]]},
)
ROLES = {"unit": "unit", "time": "time"}
READERS = [
    (
        cs.Decisions.from_frame,
        {"frame": PEOPLE, "outcome": "y", "decision": "t", "features": ["x"]},
    ),
    (cs.Panel.from_frame, {"frame": PANEL, "outcome": "y", "treatment": "d"} | ROLES),
    (cs.Panel.from_formula, {"frame": PANEL, "formula": "y ~ d | unit + time"}),
    (cs.Panel.by_outcome, {"frame": PANEL, "formula": "y + x ~ d | unit + time"}),
    (cs.Composition.from_frame, {"frame": PARTS, "parts": list("abcd")}),
    (cs.Composition.from_abundances, {"table": PARTS.round()}),
    (
        cs.Instrumented.from_frame,
        {"frame": PANEL, "outcome": "y", "treatment": "d", "instruments": ["z"]},
    ),
    (cs.Instrumented.from_formula, {"frame": PANEL, "formula": "y ~ x | d ~ z"}),
    (cs.Observations.from_frame, {"frame": PEOPLE[["t", "x"]]}),
    (cs.Panel.from_frame(PANEL, outcome="y", treatment="d", **ROLES).with_lags, {}),
    (DIAGRAM.recover, {"outcome": "y", "do": "x", "indicators": {}}),
    (DIAGRAM.transport, {"outcome": "y", "do": "x", "studies": {}}),
    (DIAGRAM.counterfactual, {"query": "P(y[x=1]=1)"}),
    (DIAGRAM.edge_do, {"cause": "x", "effect": "y", "value": 1}),
    (DIAGRAM.normalise, {"name": "x"}),
    (DIAGRAM.draw, {}),
    (DIAGRAM.to_svg, {}),
    (DIAGRAM.with_roles, {"treatment": "x"}),
    (NETWORK.causation, {"cause": "x", "outcome": "y"}),
    (NETWORK.sample, {"n": 2, "seed": 1}),
    (NETWORK.to_bif, {}),
    (cs.Policy, {"choose": {0: 1.0}}),
]
WRONG = {
    "a number": 1.5,
    "minus 1": -1,
    "a large integer": 10**30,
    "a blank": " ",
    "pandas' missing value": pd.NA,
    "an array": np.array([0.5, np.nan]),
    "an array of no dimension": np.array(1.0),
    "an empty array": np.array([]),
    "a Series": pd.Series([1, None], dtype="Int64"),
    "a polars frame": pl.DataFrame({"q": [1.0]}),
    "a list in a list": [["q"]],
    "a list of None": [None],
    "a used generator": iter(()),
    "bytes": b"q",
    "a set": {"q"},
    "a mapping of numbers": {1: 1},
    "a mapping to None": {"q": None},
    "a function": len,
    "a very long name": "q" * 10_000,
}
ARGUMENTS = [
    (number, name)
    for number, (reader, _) in enumerate(READERS)
    for name in inspect.signature(reader).parameters
]


@pytest.mark.parametrize(
    ("reader", "argument"),
    ARGUMENTS,
    ids=[f"{READERS[number][0].__qualname__} {name}" for number, name in ARGUMENTS],
)
def test_a_wrong_argument_is_read_or_refused(reader, argument, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function, given = READERS[reader]
    for value in WRONG.values():
        try:
            function(**{**given, argument: value})
        except cs.CausalStatsError as error:
            assert 0 < len(str(error)) < 4_100


def test_a_generator_of_treatments_is_read_once():
    names = (name for name in ("d", "x"))
    data = cs.Panel.from_frame(PANEL, outcome="y", treatment=names, **ROLES)
    assert list(data.treatments) == data.arguments["treatment"] == ["d", "x"]


def test_whole_numbers_of_128_bits_are_read_as_any_others():
    whole = pl.DataFrame({"x": [0, 1, 2, 1], "y": [1, 1, 0, 0]})
    wide = whole.with_columns(pl.all().cast(pl.Int128))
    one, other = map(cs.Observations.from_frame, (whole, wide))
    assert one.fingerprint == other.fingerprint


def test_a_long_message_keeps_its_beginning_and_its_end():
    error = cs.ModelError("begin " + "x" * 10_000 + " end")
    assert str(error).startswith("begin") and str(error).endswith(" end")
    assert "6,010 characters" in str(error) and len(str(error)) < 4_100
