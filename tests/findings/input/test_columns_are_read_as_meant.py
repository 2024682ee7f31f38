"""Columns mean the same whatever the type they are stored in, and answers whatever the units."""

import datetime

import numpy as np
import pandas as pd
import pytest

import causalstats as cs

RNG = np.random.default_rng(0)
N = 80
DECISION = {"outcome": "ill", "decision": "seen"}


def people(**changes):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"age": rng.normal(50, 9, N), "seen": np.arange(N) % 2})
    frame["ill"] = np.where(frame["seen"] == 1, rng.integers(0, 2, N), np.nan)
    return frame.assign(**changes)


@pytest.mark.parametrize(
    "stored", ["object", "Int64", "float64", "int8", "int64[pyarrow]"]
)
@pytest.mark.parametrize("levels", [(2, 10), (9, 100), (-10, 2)])
def test_whole_numbers_order_as_numbers_however_stored(stored, levels):
    x = np.random.default_rng(0).integers(0, 2, 200)
    frame = pd.DataFrame(
        {"dose": np.where(x, levels[1], levels[0]), "well": x ^ (x < 0)}
    )
    data = cs.Observations.from_frame(frame.astype({"dose": stored}))
    assert data.levels["dose"] == levels
    assert data.fingerprint == cs.Observations.from_frame(frame).fingerprint


def test_the_effect_of_a_dose_does_not_depend_on_its_type():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, 200)
    frame = pd.DataFrame(
        {"dose": np.where(x, 10, 2), "well": rng.random(200) < 0.2 + 0.5 * x}
    )
    effects = [
        cs.fit(
            cs.CausalDiagram("dose -> well"),
            cs.Observations.from_frame(table),
            seed=1,
            progress=False,
        )
        .effect("effect")
        .numbers()["mean"]
        .iloc[0]
        for table in (frame, frame.astype({"dose": object}))
    ]
    assert effects[0] == pytest.approx(effects[1]) and effects[0] > 0.3


@pytest.mark.parametrize("stored", ["object", "Int64", "float32"])
def test_features_and_covariates_that_are_numbers_stay_numbers(stored):
    frame = people(age=20 + np.arange(N) % 7)
    data = cs.Decisions.from_frame(
        frame.astype({"age": stored}), **DECISION, features=["age"]
    )
    assert data.features == ("age",)
    expected = cs.Decisions.from_frame(frame, **DECISION, features=["age"]).matrix
    np.testing.assert_allclose(data.matrix, expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([True, 1, 0], "True .bool. beside"),
        ([False, 0.0, 1.0], "False .bool. beside"),
        ([1, "1", 0], "mixes numbers and text"),
        ([1.5, "n/a", 2.0], "to_numeric"),
        ([True, "True", False], "mixes|written alike"),
        (pd.Categorical([1, "1", 2]), "written alike"),
    ],
)
@pytest.mark.parametrize("missing", ["error", "drop"])
def test_columns_of_two_kinds_are_refused_and_no_row_is_lost(values, message, missing):
    column = pd.concat([pd.Series(values)] * 20, ignore_index=True)
    frame = pd.DataFrame({"x": column, "y": np.arange(60) % 2})
    with pytest.raises(cs.DataError, match=message):
        cs.Observations.from_frame(frame, missing=missing)


def test_true_and_false_in_an_object_column_are_those_of_a_boolean_one():
    truth = pd.Series([True, False, None, True], dtype=object)
    frame = pd.DataFrame({"x": truth, "y": [0, 1, 1, 1]})
    objects = cs.Observations.from_frame(frame, missing="drop")
    plain = cs.Observations.from_frame(frame.dropna().astype({"x": bool}))
    assert objects.levels == plain.levels and objects.dropped == {"x": 1}


def test_intervals_of_pandas_cut_are_labels():
    frame = pd.DataFrame(
        {"age": pd.cut(np.arange(12.0), [-1, 3, 7, 12]), "y": [0, 1] * 6}
    )
    assert cs.Observations.from_frame(frame).levels["age"] == (
        "(-1, 3]",
        "(3, 7]",
        "(7, 12]",
    )


@pytest.mark.parametrize(
    "scale", [1e6, 1e-9, -3.0, 1e150, 1e160, 1e300, 1e-150, 1e-160, 1e-300]
)
@pytest.mark.parametrize("basis_size", [1, 4])
def test_a_covariate_adjusts_in_any_unit(scale, basis_size):
    rng, units, times = np.random.default_rng(0), 12, 6
    n = units * times
    frame = pd.DataFrame(
        {
            "firm": np.repeat(np.arange(units), times),
            "year": np.tile(np.arange(times), units),
        }
    ).assign(size=rng.normal(size=n))
    frame["price"] = frame["size"] + rng.normal(size=n)
    frame["sales"] = 2 * frame["price"] + 3 * frame["size"] + rng.normal(size=n)
    roles = {"unit": "firm", "time": "year", "outcome": "sales", "treatment": "price"}
    model = cs.PanelDML(basis_size=basis_size)
    here, there = (
        model.statistics(cs.Panel.from_frame(table, **roles, covariates=["size"]))
        for table in (frame, frame.assign(size=frame["size"] * scale))
    )
    assert len(there.basis.spectrum) == len(here.basis.spectrum)
    # The residuals of treatment and outcome, with covariates partialled out, decide the answer.
    np.testing.assert_allclose(there.unexplained, here.unexplained, rtol=1e-6)
    np.testing.assert_allclose(there.units, here.units)


@pytest.mark.parametrize("column", ["price", "sales"])
@pytest.mark.parametrize("scale", [1e160, 1e-160, 1e300])
def test_outcomes_and_treatments_whose_squares_are_lost_are_refused(column, scale):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"u": np.repeat(np.arange(12), 4), "t": np.tile(np.arange(4), 12)}
    )
    frame = frame.assign(price=rng.normal(size=48), sales=rng.normal(size=48))
    frame[column] *= scale
    with pytest.raises(cs.DataError, match="Express it in another unit"):
        cs.Panel.from_frame(
            frame, unit="u", time="t", outcome="sales", treatment="price"
        )


@pytest.mark.parametrize("scale", [1e160, 1e300, 1e-300, 1e-307, -1e160])
@pytest.mark.parametrize("how", [{"features": ["age"]}, {"formula": "age"}])
def test_features_are_coded_alike_in_any_unit(scale, how):
    there = cs.Decisions.from_frame(
        people(age=people()["age"] * scale), **DECISION, **how
    ).matrix
    here = cs.Decisions.from_frame(people(), **DECISION, **how).matrix
    np.testing.assert_allclose(there, np.sign(scale) * here, atol=1e-9)


@pytest.mark.parametrize("scale", [1e308, 1e290, 1e-300, 5e-324, 3.0])
def test_weights_mean_the_same_times_any_number(scale):
    shares = np.where(np.arange(N) % 4 == 0, 1.0, 0.5) if scale > 1e-320 else np.ones(N)
    frame = people(stands_for=shares * scale)
    data = cs.Decisions.from_frame(
        frame, **DECISION, features=["age"], weights="stands_for"
    )
    np.testing.assert_allclose(data.weights, shares / shares.mean())
    counts = data.with_reference(frame, weights="stands_for").reference[1]
    np.testing.assert_allclose(counts, shares / shares.mean())


ZONES = pd.Series(
    [pd.Timestamp("2020", tz="UTC" if k % 2 else "Asia/Tokyo") for k in range(N)],
    dtype=object,
)


@pytest.mark.parametrize(
    ("frame", "options"),
    [
        (pd.concat([people(), people()[["age"]]], axis=1), {}),
        (people().rename(columns={"seen": ("a", "b")}), {"decision": ("a", "b")}),
        (people().rename(columns={"ill": 1}), {"outcome": 1}),
        (people(), {"features": None}),
        (people(), {"features": 5}),
        (people(), {"weights": ""}),
        (people(age=ZONES), {}),
        (people(age=[[1]] * N), {}),
        (people(age=1j), {}),
        (people(age=datetime.date(2020, 1, 1)), {}),
        (people().set_index("age"), {}),
        (people().to_numpy(), {}),
        (None, {}),
    ],
)
def test_frames_that_cannot_be_read_are_refused_in_our_own_words(frame, options):
    with pytest.raises(cs.DataError):
        cs.Decisions.from_frame(frame, **{**DECISION, "features": ["age"], **options})


@pytest.mark.parametrize(
    "features",
    [pd.Index(["age", "b"]), (name for name in ["age", "b"]), np.array(["age", "b"])],
)
def test_features_may_come_in_anything_that_can_be_gone_through(features):
    frame = people(b=np.arange(N) % 5)
    assert cs.Decisions.from_frame(frame, **DECISION, features=features).features == (
        "age",
        "b",
    )


def test_a_column_that_stands_twice_and_is_not_asked_for_does_no_harm():
    frame = people(b=1.0)
    twice = pd.concat([frame, frame[["b"]]], axis=1)
    assert len(cs.Decisions.from_frame(twice, **DECISION, features=["age"])) == N


@pytest.mark.parametrize(
    ("formula", "asked", "message"),
    [
        ("bs(age, df=4)", {"age": 500.0}, "extrapolation='clip'"),
        ("C(b)", {"b": 9}, "level '9' that the model was not fitted to"),
    ],
)
def test_people_outside_what_was_seen_are_refused(formula, asked, message):
    frame = people(b=np.arange(N) % 4)
    data = cs.Decisions.from_frame(frame, **DECISION, formula=formula)
    with pytest.raises(cs.DataError, match=message):
        data.at(frame.assign(**asked))


def test_every_fault_of_a_table_is_named_at_once():
    frame = people(b=1.0, w=-1.0, seen=2 * people()["seen"])
    frame.loc[3, "age"] = np.inf
    frame.loc[4, "b"] = np.nan
    with pytest.raises(cs.DataError) as raised:
        cs.Decisions.from_frame(
            frame, **DECISION, features=["age", "b", "c"], weights="w"
        )
    for fault in (
        "'age' has infinite",
        "no column 'c'",
        "to be 0/1",
        "weights 'w'",
        "'b' is miss",
    ):
        assert fault in str(raised.value)


def test_every_fault_of_a_panel_is_named_at_once():
    frame = pd.DataFrame(
        {"u": np.repeat(np.arange(9), 4), "t": "early", "d": "high", "y": "low"}
    )
    frame["w"] = 0.0
    with pytest.raises(cs.DataError) as raised:
        cs.Panel.from_frame(
            frame, unit="u", time="t", outcome="y", treatment="d", weights="w"
        )
    for fault in ("time 't'", "outcome 'y'", "treatment 'd'", "weights 'w'"):
        assert fault in str(raised.value)
