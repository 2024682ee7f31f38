"""Answers at rows out of scale are refused, and lists of names have an order of their own."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


def firms(seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"firm": np.repeat(np.arange(12), 6), "year": np.tile(np.arange(6), 12)}
    )
    frame = frame.assign(size=rng.normal(size=72), price=rng.normal(size=72))
    return frame.assign(sales=2 * frame["price"] + rng.normal(size=72))


def test_an_answer_at_rows_out_of_scale_is_finite_or_refused():
    frame = firms()
    panel = cs.Panel.from_frame(
        frame,
        unit="firm",
        time="year",
        outcome="sales",
        treatment="price",
        covariates=["size"],
    )
    model = cs.PanelDML(basis_size=1, moderators="size", errors="iid")
    fit = cs.fit(model, panel, seed=1, progress=False)
    assert np.isfinite(fit.effect("effect", at=frame.iloc[:3]).draws).all()
    with pytest.raises(cs.CausalStatsError):
        fit.effect("effect", at=frame.iloc[:3].assign(size=1e308))


@pytest.mark.parametrize(
    "features",
    [{"age", "b"}, frozenset({"age"}), {"age": 1}, b"age"],
    ids=["set", "frozenset", "dict", "bytes"],
)
def test_features_without_an_order_are_refused(features):
    rng = np.random.default_rng(0)
    people = pd.DataFrame({"age": rng.normal(size=40), "b": rng.normal(size=40)})
    people = people.assign(seen=[0, 1] * 20)
    people["ill"] = np.where(people.seen == 1, rng.integers(0, 2, 40), np.nan)
    with pytest.raises(cs.DataError, match="as a list of column names"):
        cs.Decisions.from_frame(
            people, outcome="ill", decision="seen", features=features
        )


def test_bounds_of_no_part_are_no_bounds():
    frame = pd.DataFrame(
        np.exp(np.random.default_rng(0).normal(size=(20, 3))), columns=list("abc")
    )
    with pytest.raises(cs.DataError, match="needs `resolution` or `limits`"):
        cs.Composition.from_frame(
            frame, parts=list("abc"), zeros="interval", resolution={}
        )
