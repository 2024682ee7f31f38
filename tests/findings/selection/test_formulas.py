"""A formula gives one finite row for each row of the frame, or it is refused."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs


def people(n=120, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.uniform(20, 80, n),
            "income": np.exp(rng.normal(size=n)),
            "x": rng.normal(size=n),
            "site": 10_000_001 + np.arange(n) % 3,
            "group": rng.choice(list("abc"), n),
            "tested": np.arange(n) % 2,
        }
    )
    return frame.assign(y=np.where(frame["tested"] == 1, rng.integers(0, 2, n), np.nan))


def read(formula, frame=None, **options):
    frame = people() if frame is None else frame
    return cs.Decisions.from_frame(
        frame, outcome="y", decision="tested", formula=formula, **options
    )


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("log(income)", -1.0),
        ("log(income)", 0.0),
        ("log10(income - 1)", 1.0),
        ("I(1/income)", 0.0),
    ],
)
@pytest.mark.parametrize("row", [0, 1, 3])
def test_other_people_without_a_value_are_refused_by_row_and_term(formula, value, row):
    frame = people().assign(income=lambda table: table["income"] + 1.1)
    data = read(formula, frame)
    asked = pd.DataFrame({"income": [2.0, 4.0, 8.0, 16.0]})
    assert len(data.at(asked)) == 4
    asked.loc[row, "income"] = value
    with pytest.raises(cs.DataError, match=rf"(log|I\().* in row {row} "):
        data.at(asked)


@pytest.mark.parametrize(
    "formula",
    ["log(x)", "exp(age*100)", "log(age/0)", "age + exp(exp(age))", "I(1/(age - age))"],
)
@pytest.mark.parametrize("missing", ["error", "drop"])
def test_values_that_are_not_finite_are_refused_when_read(formula, missing):
    with pytest.raises(cs.DataError, match="no finite value for"):
        read(formula, missing=missing)


def test_rows_are_named_as_the_frame_has_them():
    frame = people().assign(x=1.0 + np.arange(120))
    frame.loc[[2, 5], "age"] = np.nan
    frame.loc[7, "x"] = -1.0
    with pytest.raises(cs.DataError, match=r"'log\(x\)' in row 7 "):
        read("age + log(x)", frame, missing="drop")


@pytest.mark.parametrize(
    "formula",
    [
        "x + I(x**2)",
        "poly(age, 2)",
        "bs(age, df=4)",
        "log(income)",
        "(x + age)**2",
        "C(site)*x",
    ],
)
def test_people_asked_about_in_any_order_keep_their_own_values(formula):
    frame = people()
    data = read(formula, frame)
    shuffled = frame.sample(frac=1, random_state=3)
    np.testing.assert_allclose(data.at(shuffled).matrix, data.matrix[shuffled.index])


@pytest.mark.parametrize(
    ("formula", "write"),
    [
        ("age + age**2", r"I\(age\*\*2\)"),
        ("age**3", r"poly\(age, 3\)"),
        ("age^2", r"I\(age\*\*2\)"),
        ("age*age", r"I\(age\*\*2\)"),
        ("age:age", r"I\(age\*\*2\)"),
        ("age*income*age", r"I\(age\*\*2\)"),
        ("log(income)**2", r"I\(log\(income\)\*\*2\)"),
        ("I(age^2)", r"write `\*\*`"),
        ("age/income", r"I\(age/income\)"),
        ("age - 50", r"I\(age - 50\)"),
    ],
)
def test_arithmetic_that_a_formula_reads_as_interactions_is_refused(formula, write):
    with pytest.raises(cs.DataError, match=write):
        read(formula)


@pytest.mark.parametrize(
    "formula", ["x + I(x**2)", "x + {x**2}", "poly(x, 2)", "x + I(x*x)"]
)
def test_squares_are_squares(formula):
    frame = people()
    data = read(formula, frame)
    assert len(data.features) == 2
    columns = np.column_stack([np.ones(len(frame)), data.matrix])
    left = (
        frame["x"] ** 2
        - columns @ np.linalg.lstsq(columns, frame["x"] ** 2, rcond=None)[0]
    )
    np.testing.assert_allclose(left, 0, atol=1e-10)


@pytest.mark.parametrize(
    ("formula", "columns"),
    [("(x + age)**2", 3), ("group*x", 5), ("x + age - age", 1), ("group:x + x", 3)],
)
def test_interactions_of_several_columns_remain(formula, columns):
    assert len(read(formula).features) == columns


@pytest.mark.parametrize("covariates", ["log(x)", "I(1/x)"])
def test_infinite_covariates_of_a_composition_are_refused(covariates):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(np.exp(rng.normal(size=(40, 3))), columns=list("abc"))
    with pytest.raises(cs.DataError, match=r"in row 0 "):
        cs.Composition.from_frame(
            frame.assign(x=np.arange(40.0)), parts=list("abc"), covariates=covariates
        )


@pytest.mark.parametrize("value", [-5.0, 0.0])
def test_effects_at_moderators_without_a_value_are_refused(value):
    rng, units, times = np.random.default_rng(0), 30, 4
    n = units * times
    frame = pd.DataFrame(
        {"u": np.repeat(np.arange(units), times), "t": np.tile(np.arange(times), units)}
    ).assign(z=np.exp(rng.normal(size=n)), d=rng.normal(size=n))
    frame["y"] = frame["d"] * (1 + np.log(frame["z"])) + rng.normal(size=n)
    data = cs.Panel.from_frame(
        frame, unit="u", time="t", outcome="y", treatment="d", covariates=["z"]
    )
    fit = cs.fit(cs.PanelDML(moderators="log(z)"), data, seed=1, progress=False)
    with pytest.raises(cs.CausalStatsError, match="no finite value for"):
        fit.effect("effect", at=pd.DataFrame({"z": [np.e, value]}))
