"""Influence by weights agrees with refits, and is refused in words where it has no meaning."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


@pytest.fixture(scope="module")
def panel_fit():
    frame = cs.PanelDML().simulate(2, units=40, times=5).data
    table = frame.source.copy()
    odd = table[frame.arguments["unit"]] == table[frame.arguments["unit"]].iloc[0]
    table.loc[odd, "y"] += 4 * table.loc[odd, "d"]
    table["region"] = np.where(frame.unit < 20, "north", "south")
    arguments = dict(frame.arguments)
    arguments["covariates"] = [*arguments["covariates"]]
    panel = cs.Panel.from_frame(table, **arguments)
    return cs.fit(cs.PanelDML(basis_size=3), panel, seed=1, progress=False)


def test_a_unit_that_stands_apart_comes_first(panel_fit):
    table = panel_fit.influence(refits=1)
    first = table.iloc[0]
    assert table.index[0] == panel_fit.data.units[0]
    assert first["change"] < 0
    assert (table["size"] == 1).all()


def test_weights_agree_with_a_refit(panel_fit):
    table = panel_fit.influence(refits=0)
    unit = table.index[(table["pareto_k"] < 0.5).to_numpy()][0]
    data = panel_fit.data
    kept = data.unit != data.units.index(unit)
    without = cs.Panel.from_frame(data.source[kept], **data.arguments)
    refit = cs.fit(panel_fit.model, without, seed=1, progress=False)
    exact = refit.effect("effect").numbers()
    weighted = table.loc[unit, "mean"]
    assert abs(weighted - exact["mean"].iloc[0]) < 0.15 * exact["sd"].iloc[0]


def test_an_untrusted_weight_is_refitted_or_unknown(panel_fit):
    table = panel_fit.influence(refits=0)
    bad = table["pareto_k"] > 0.7
    assert table.loc[bad, "mean"].isna().all()
    assert table.loc[~bad, "mean"].notna().all()


def test_groups_are_left_out_together(panel_fit):
    clusters = panel_fit.influence("cluster", refits=0)
    assert len(clusters) == 40
    with pytest.raises(cs.ModelError, match="no column 'd' with one value a unit"):
        panel_fit.influence("d")


def test_people_of_a_table_are_left_out_exactly():
    model = cs.CausalDiagram("x -> y")
    data = model.simulate(1, people=40).data
    fit = cs.fit(model, data, seed=1, progress=False)
    table = fit.influence(refits=0)
    counts = data.table(["x", "y"])
    assert len(table) == 40

    def mean_effect(counts):
        weights = counts + model.concentration
        rates = weights[:, 1] / weights.sum(axis=1)
        return rates[1] - rates[0]

    person = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
    for label in table.index[table["pareto_k"] < 0.5][:5]:
        x, y = data.codes[person[label]]
        less = counts.copy()
        less[x, y] -= 1
        exact = mean_effect(less) - mean_effect(counts)
        assert abs(table.loc[label, "change"] - exact) < 0.004
    by_y = fit.influence("y", refits=0)
    assert set(by_y.index) == {"0", "1"}


def test_an_entry_of_several_is_named():
    model = cs.PartialCorrelation(prior="matching")
    data = model.simulate(seed=1, rows=40, parts=4).data
    fit = cs.fit(model, data, seed=1, progress=False)
    table = fit.influence(entry="p1 ~ p3", refits=0)
    assert isinstance(table, pd.DataFrame)
    with pytest.raises(cs.ModelError, match="no entry 'p9'"):
        fit.influence(entry="p9")
