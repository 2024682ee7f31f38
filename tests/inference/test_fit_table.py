"""Several fits side by side, as a table and as a coefficient plot."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.errors import ModelError

_PANEL = cs.PanelDML().simulate(1, units=60, times=4, shape="linear").data


def _fit(panel=_PANEL, **fields):
    model = cs.PanelDML(basis_size=1, **fields)
    return cs.fit(model, panel, seed=1, progress=False)


@pytest.fixture(scope="module")
def fits():
    return [_fit(), _fit(errors="iid", time_effects=True)]


def test_entries_are_those_of_the_answers(fits):
    table = cs.table(fits, digits=4)
    for column, fit in zip(["(1)", "(2)"], fits, strict=True):
        row = fit.effect("effect").numbers().iloc[0]
        entry = f"{row['mean']:.4f} ({row['lower']:.4f} to {row['upper']:.4f})"
        assert table.loc["d", column] == entry


def test_another_answer_than_the_effect_is_not_called_by_the_treatment(fits):
    other = next(
        name
        for name in fits[0].effects().query("unavailable == ''").index
        if name != "effect" and len(fits[0].effect(name).numbers()) == 1
    )
    table = cs.table(fits, effect=other)
    assert "d" not in table.index and other in table.index


def test_every_column_has_rows_units_times_and_clusters(fits):
    table = cs.table({"one": fits[0], "other": fits[1]})
    assert table.loc["Rows"].tolist() == ["240", "240"]
    assert table.loc["Units"].tolist() == ["60 (unit)"] * 2
    assert table.loc["Times"].tolist() == ["4 (time)"] * 2
    assert table.loc["Clusters"].tolist() == ["60 (unit)"] * 2
    assert table.loc["Errors"].tolist() == ["cluster", "iid"]
    doubts = [
        "; ".join(check.name for check in fit.effect("effect").doubts) or "none"
        for fit in fits
    ]
    assert table.loc["Doubts"].tolist() == doubts


def test_fits_of_different_treatments_have_rows_of_their_own(fits):
    frame = _PANEL.source.rename(columns={"d": "dose"})
    other = cs.Panel.from_frame(frame, **_PANEL.arguments | {"treatment": "dose"})
    table = cs.table([fits[0], _fit(other)])
    assert table.loc["d", "(2)"] == "" and table.loc["dose", "(1)"] == ""
    assert list(table.index[:2]) == ["d", "dose"]


def test_contrasts_that_differ_stand_in_a_row():
    rng = np.random.default_rng(1)
    arm = rng.integers(0, 2, 200)
    frame = pd.DataFrame({"arm": arm, "y": (rng.random(200) < 0.3 + 0.3 * arm) * 1})
    turned = frame.assign(arm=frame["arm"].map({1: "drug", 0: "placebo"}))
    model = cs.CausalDiagram("arm -> y", treatment="arm")
    one, other = (
        cs.fit(model, cs.Observations.from_frame(each), seed=1, progress=False)
        for each in (frame, turned)
    )
    contrasts = cs.table([one, other]).loc["Contrast"].tolist()
    assert contrasts == [each.effect().contrast for each in (one, other)]
    assert not {"Contrast", "Answer"} & {*cs.table([one, one]).index}
    labelled = frame.assign(y=frame["y"].map({1: "alive", 0: "dead"}))
    dead = cs.fit(model, cs.Observations.from_frame(labelled), seed=1, progress=False)
    assert "P(y=dead" in cs.table([one, dead]).loc["Answer", "(2)"]


def test_a_coefficient_plot_has_a_row_a_fit(fits):
    axes = cs.coefficient_plot({"clustered": fits[0], "iid": fits[1]}).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["clustered", "iid"]


@pytest.mark.parametrize("fits", [[], {}, [1], "fit", None])
def test_anything_else_is_refused(fits):
    with pytest.raises(ModelError, match="Expected fits"):
        cs.table(fits)
