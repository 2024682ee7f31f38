"""Labels that differ by capitals or blanks alone are kept apart, and every family says so."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.shared.labels_written_alike import NAME, spellings

_ROWS = 80


def frame(labels):
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=(_ROWS, 3))
    table = pd.DataFrame(numbers, columns=["w", "z", "e"])
    table["x"] = table["z"] + table["w"] + rng.normal(size=_ROWS)
    table["y"] = table["x"] + table["w"] + table["e"]
    table["g"] = np.resize(labels, _ROWS)
    return table


def panel(table):
    table = table.assign(unit=np.repeat(np.arange(20), 4), time=np.tile(range(4), 20))
    table["unit"] = table["unit"].map("u{}".format).replace({"u3": "U4 "})
    data = cs.Panel.from_frame(
        table,
        outcome="y",
        treatment="x",
        unit="unit",
        time="time",
        covariates=["w"],
    )
    return cs.PanelDML(), data


def instrumented(table):
    data = cs.Instrumented.from_frame(
        table, outcome="y", treatment="x", instruments=["z"], cluster="g"
    )
    return cs.Instrument(), data


def diagram(table):
    table = table.assign(a=(table["x"] > 0) * 1, b=(table["y"] > 0) * 1)
    data = cs.Observations.from_frame(table[["g", "a", "b"]])
    return cs.CausalDiagram("g -> a, b; a -> b", treatment="a"), data


def counted(table):
    table = table.assign(a=(table["x"] > 0) * 1, b=(table["y"] > 0) * 1)
    counts = table.groupby(["g", "a", "b"]).size().reset_index(name="people")
    data = cs.Observations.from_frame(counts, counts="people")
    return cs.CausalDiagram("g -> a, b; a -> b", treatment="a"), data


def decisions(table):
    table = table.assign(tested=table["x"] > -0.5)
    outcome = np.where(table["tested"], table["y"] > 0, np.nan)
    data = cs.Decisions.from_frame(
        table.assign(ill=outcome), outcome="ill", decision="tested", features=["g", "w"]
    )
    return cs.SelectiveLabels(), data


def composition(table):
    parts = np.exp(table[["w", "z", "e"]]).assign(g=table["g"])
    data = cs.Composition.from_frame(parts, parts=["w", "z", "e"], covariates="g")
    return cs.PartialCorrelation(), data


@pytest.mark.parametrize(
    "family", [panel, instrumented, diagram, counted, decisions, composition]
)
def test_every_family_says_that_labels_differ_by_capitals_or_blanks_alone(family):
    labels = [f"{word}{k}" for k in range(8) for word in ("north", "South")]
    model, data = family(frame([*labels, "north0", "North0 "]))
    found = [each for each in model.data_checks(data) if each.name == NAME]
    assert len(found) == 1
    assert found[0].caution


@pytest.mark.parametrize("family", [instrumented, diagram, decisions, composition])
def test_labels_that_differ_otherwise_are_left(family):
    model, data = family(frame(["north", "south", "north east", "north-east"]))
    assert NAME not in {each.name for each in model.data_checks(data)}


def test_letters_of_full_width_and_doubled_blanks_are_seen():
    column = pd.Series(["New  York", "New York", "Ｎew York", "York", "7", "07"])
    assert [sorted(each) for each in spellings(column)] == [
        ["New  York", "New York", "Ｎew York"]
    ]


def test_numbers_in_a_column_of_categories_are_passed_over():
    assert spellings(pd.Series([1, 2, 1], dtype="category")) == []
