"""A composition refuses unfit tables, and its numbers depend on ratios alone."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.numerics.compositions import log_ratios

PARTS = ["sand", "silt", "fine clay"]


@pytest.fixture
def frame():
    rng = np.random.default_rng(1)
    values = np.exp(rng.standard_normal((30, 3)).cumsum(axis=1))
    return pd.DataFrame(values, columns=PARTS).assign(
        depth=rng.uniform(0, 9, 30),
        site=rng.choice(["a", "b"], 30),
        peat=rng.uniform(1, 2, 30),
    )


def test_units_change_nothing(frame):
    rng = np.random.default_rng(2)
    here = cs.Composition.from_frame(frame, parts=PARTS, covariates="site + depth")
    scaled = frame.assign(
        **{name: frame[name] * 1000.0**power for power, name in enumerate(PARTS)}
    )
    scaled[PARTS] = scaled[PARTS].mul(rng.uniform(0.1, 10, 30), axis=0)
    there = cs.Composition.from_frame(scaled, parts=PARTS, covariates="site + depth")
    np.testing.assert_allclose(there.covariance, here.covariance, atol=1e-12)
    assert here.degrees == 27 and here.matrix.shape == (30, 3)
    np.testing.assert_allclose(here.residuals.sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(here.matrix.T @ here.residuals, 0, atol=1e-10)


def test_without_covariates_it_is_the_covariance_of_centred_log_ratios(frame):
    data = cs.Composition.from_frame(frame, parts=PARTS)
    np.testing.assert_allclose(
        data.covariance,
        np.cov(log_ratios.clr(frame[PARTS].to_numpy()), rowvar=False),
        atol=1e-12,
    )
    assert data.facts()["Rows"] == "30"


def test_a_subcomposition_is_that_of_its_frame(frame):
    whole = cs.Composition.from_frame(frame, parts=[*PARTS, "peat"], covariates="depth")
    alone = cs.Composition.from_frame(
        frame, parts=["peat", "sand", "silt"], covariates="depth"
    )
    part = whole.subcomposition(["peat", "sand", "silt"])
    np.testing.assert_allclose(part.covariance, alone.covariance)
    assert part.fingerprint == alone.fingerprint != whole.fingerprint


def test_rows_are_dropped_only_when_asked(frame):
    frame.loc[[3, 7], "silt"] = np.nan
    with pytest.raises(
        cs.DataError, match=r"'silt' is missing in rows 3, 7 \(2 in all"
    ):
        cs.Composition.from_frame(frame, parts=PARTS)
    data = cs.Composition.from_frame(frame, parts=PARTS, missing="drop")
    with pytest.raises(cs.DataError, match="No complete row"):
        cs.Composition.from_frame(
            frame.assign(sand=np.nan), parts=PARTS, missing="drop"
        )
    assert len(data) == 28 and data.dropped == {"silt": 2} and 3 not in data.rows


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"parts": ["sand", "silt"]}, "at least 3 parts, got 2"),
        ({}, {"parts": ["sand", "silt", "sand"]}, "named twice"),
        ({}, {"parts": "sand"}, "list of column names"),
        ({}, {"parts": ["sand", "silt", "clay"]}, "Did you mean 'fine clay'"),
        ({"silt": -1.0}, {}, "negative values"),
        ({"silt": [0.0] + [1.0] * 29}, {}, "0 in row 0"),
        ({"silt": "much"}, {}, "to be numbers"),
        (
            {"sand": range(1, 31), "silt": range(3, 91, 3)},
            {},
            "'sand' and 'silt' are proportional",
        ),
        ({}, {"covariates": "depth + peat + sand"}, "as a part and as a covariate"),
        ({"depth": 1.0}, {"covariates": "depth"}, "constant"),
        (
            {"site": ["c"] + ["a", "b"] * 14 + ["a"]},
            {"covariates": "site"},
            r"a group, of their own for row 0 \(counted from 0",
        ),
        ({}, {"missing": "guess"}, "`missing` as 'error', 'drop' or 'infer'"),
        ({}, {"zeros": "small"}, "`zeros` as 'error', 'counts' or 'interval'"),
        ({}, {"zeros": "interval"}, "needs `resolution` or `limits`"),
        ({}, {"limits": 0.1}, "need `zeros='interval'`"),
        (
            {},
            {"zeros": "interval", "limits": {"clay": 0.1}},
            "Did you mean 'fine clay'",
        ),
        (
            {},
            {"zeros": "interval", "limits": {"silt": -1}},
            "`limits` as a positive number",
        ),
        (
            {"silt": [0.0] + [1.0] * 29},
            {"zeros": "interval", "limits": {"sand": 1e-9}},
            "name the limit below which",
        ),
        (
            {"silt": 0.0},
            {"zeros": "interval", "limits": 0.1},
            "'silt' was measured in no row",
        ),
        (
            {
                "silt": [np.nan] + [1.0, 2.0] * 14 + [1.0],
                "sand": [np.nan] + [1.0, 2.0, 3.0, 4.0] * 7 + [1.0],
            },
            {"missing": "infer"},
            "Fewer than two parts",
        ),
        ({}, {"zeros": "counts", "missing": "infer"}, "cannot be inferred"),
        ({}, {"zeros": "counts"}, "'sand' to be counts, whole numbers"),
        (
            {"sand": 1, "silt": 0, "fine clay": range(30)},
            {"zeros": "counts"},
            "'silt' was counted in no row",
        ),
        (
            {"sand": [0] + [1] * 29, "silt": [0] + [2] * 29, "fine clay": range(30)},
            {"zeros": "counts"},
            "Nothing was counted in row 0",
        ),
    ],
)
def test_refused(frame, change, arguments, message):
    with pytest.raises(cs.DataError, match=message):
        cs.Composition.from_frame(
            frame.assign(**change), **{"parts": PARTS, **arguments}
        )


@pytest.mark.parametrize("name", ["resolution", "limits"])
@pytest.mark.parametrize("value", [True, np.True_, {"a": True, "b": 0.1, "c": 0.1}])
def test_true_is_no_resolution_and_no_limit(name, value):
    frame = pd.DataFrame(
        np.random.default_rng(0).uniform(1, 2, (20, 3)), columns=list("abc")
    )
    with pytest.raises(cs.DataError, match=name):
        cs.Composition.from_frame(
            frame, parts=list("abc"), zeros="interval", **{name: value}
        )


def measured_by_two_laboratories(**changed):
    """Lead with a limit of detection of .5 in one laboratory and .2 in the other."""
    columns = {
        "lead": [0.0, 0.3, 0.4, 1.5],
        "zinc": [3.0, 2.0, 5.0, 4.0],
        "iron": [9.0, 8.0, 9.5, 7.0],
        "lead_limit": [0.5, 0.5, 0.2, np.nan],
    }
    return pd.DataFrame(columns | changed)


def test_limits_of_detection_of_each_row_are_read_from_a_column():
    options = {"parts": ["lead", "zinc", "iron"], "zeros": "interval"}
    data = cs.Composition.from_frame(
        measured_by_two_laboratories(), limits={"lead": "lead_limit"}, **options
    )
    assert data.bounds.lower[:, 0].tolist() == [0.0, 0.0, 0.4, 1.5]
    assert data.bounds.upper[:, 0].tolist() == [0.5, 0.5, 0.4, 1.5]
    assert data.dropped == {}
    texts = measured_by_two_laboratories(lead=["<0.1", "0.3", "0.4", "1.5"])
    data = cs.Composition.from_frame(texts, limits={"lead": "lead_limit"}, **options)
    assert data.bounds.upper[:, 0].tolist() == [0.1, 0.5, 0.4, 1.5]
    assert data.subcomposition(["lead", "zinc", "iron"]).bounds.open.sum() == 2


@pytest.mark.parametrize(
    ("changed", "limits", "message"),
    [
        (
            {"lead_limit": [0.5, 0.5, 0.0, 1]},
            {"lead": "lead_limit"},
            "above 0 in column",
        ),
        ({"lead_limit": list("abcd")}, {"lead": "lead_limit"}, "as numbers, got text"),
        ({}, {"gold": "lead_limit"}, "gold"),
        ({}, {"lead": "zinc"}, "as a part and as a limit"),
        ({}, {"lead": "no_such"}, "no_such"),
        ({"lead_limit": [np.nan, 1, 1, 1]}, {"lead": "lead_limit"}, "is 0 in row 0"),
    ],
)
def test_limits_that_cannot_be_read_are_refused(changed, limits, message):
    with pytest.raises(cs.DataError, match=message):
        cs.Composition.from_frame(
            measured_by_two_laboratories(**changed),
            parts=["lead", "zinc", "iron"],
            zeros="interval",
            limits=limits,
        )
