"""Rows of one subject, and rows in order of time.

The reduced cross-products by dense matrices, the posterior by hand, and what a user sees.
"""

import datetime

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import special

import causalstats as cs
from causalstats.data.row_dependence import dependence_of
from causalstats.numerics.compositions import inverse_wishart as iw
from causalstats.numerics.regression.row_correlation import (
    about_covariates,
    all_about_covariates,
    correlated,
)
from causalstats.numerics.regression.row_correlation_ops import (
    about_covariates as graph_of,
)

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

SUBJECT = ["a", "a", "a", "a", "b", "b", "c", "c", "c", "d"]
TIME = [1.0, 2.5, 3.0, 4.5, 5.0, 9.0, 9.5, 12.0, 13.0, 20.0]


def links_of(subject, time):
    frame = pd.DataFrame({"subject": SUBJECT, "time": TIME})
    return dependence_of(frame, subject, time, np.arange(len(frame))).links


def dense(correlation, subject, time):
    """Return the correlation matrix of the rows by its definition.

    Parameters
    ----------
    correlation : float
        That of rows of one subject, or with times one median step apart.
    subject, time : str or None
        The columns by which rows depend.
    """
    same = (
        np.equal.outer(SUBJECT, SUBJECT) if subject else np.ones((len(TIME),) * 2, bool)
    )
    if time is None:
        return np.where(same, correlation, 0.0) + (1 - correlation) * np.eye(len(TIME))
    ordered = [
        np.sort(
            [t for t, s in zip(TIME, SUBJECT, strict=True) if not subject or s == name]
        )
        for name in (set(SUBJECT) if subject else ["all"])
    ]
    unit = np.median(np.concatenate([np.diff(times) for times in ordered]))
    return np.where(
        same, correlation ** (abs(np.subtract.outer(TIME, TIME)) / unit), 0.0
    )


WAYS = [("subject", None), (None, "time"), ("subject", "time")]


@pytest.mark.parametrize(("subject", "time"), WAYS)
@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.9])
def test_the_reduced_cross_products_are_those_of_the_dense_matrix(
    subject, time, correlation
):
    rng = np.random.default_rng(1)
    columns, covariates = (
        rng.standard_normal((10, 4)),
        np.column_stack([np.ones(10), rng.standard_normal(10)]),
    )
    inverse = np.linalg.inv(dense(correlation, subject, time))
    within = covariates.T @ inverse @ covariates
    expected = (
        columns.T @ inverse @ columns
        - columns.T
        @ inverse
        @ covariates
        @ np.linalg.solve(within, covariates.T @ inverse @ columns)
    )
    logs = -np.linalg.slogdet(inverse)[1] + np.linalg.slogdet(within)[1]
    reduced = about_covariates(
        columns, covariates, correlation, links_of(subject, time)
    )
    np.testing.assert_allclose(reduced[0], expected, atol=1e-10)
    assert reduced[1] == pytest.approx(logs)


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "NUMBA", "JAX"])
@pytest.mark.parametrize("time", [None, "time"])
def test_the_derivatives_of_the_reduced_cross_products(time, mode):
    """By differences, of a number that takes all of S and the determinants, in φ and in the
    columns.
    """
    rng = np.random.default_rng(3)
    covariates, weight = (
        np.column_stack([np.ones(10), rng.standard_normal(10)]),
        rng.standard_normal((4, 4)),
    )
    columns, correlation = pt.dmatrix(), pt.dscalar()
    scatter, logs = graph_of(
        columns,
        pt.as_tensor(covariates),
        correlation,
        {
            name: pt.as_tensor(value)
            for name, value in links_of("subject", time).items()
        },
    )
    total = (scatter * weight).sum() + logs
    function = pytensor.function(
        [columns, correlation],
        [total, *pt.grad(total, [columns, correlation])],
        mode=mode,
    )
    values = rng.standard_normal((10, 4))
    _, of_columns, of_correlation = (
        np.asarray(value) for value in function(values, 0.4)
    )
    step = 1e-6
    assert of_correlation == pytest.approx(
        float(function(values, 0.4 + step)[0] - function(values, 0.4 - step)[0])
        / (2 * step),
        rel=1e-6,
    )
    for entry in ((0, 0), (3, 1), (9, 3)):
        moved = np.zeros((10, 4))
        moved[entry] = step
        assert of_columns[entry] == pytest.approx(
            float(function(values + moved, 0.4)[0] - function(values - moved, 0.4)[0])
            / (2 * step),
            rel=1e-6,
        )


@pytest.mark.parametrize(("subject", "time"), WAYS)
def test_simulated_rows_have_that_correlation(subject, time):
    rng = np.random.default_rng(2)
    rows = correlated(
        rng.standard_normal((20_000, 10, 1)),
        np.full(20_000, 0.6),
        links_of(subject, time),
        rng,
    )[..., 0]
    expected = dense(0.6, subject, time)
    error = np.sqrt((1 + expected**2) / len(rows))
    assert abs((rows.T @ rows / len(rows) - expected) / error).max() < 4.5


@pytest.mark.parametrize("repeated", ["subject", "time"])
def test_the_graph_is_the_evidence_of_numpy(repeated):
    """The graph's log density less its priors', at points, against the matrix-t evidence of the
    reduced cross-products written in arrays.
    """
    model = cs.PartialCorrelation(prior="shrunk", shrinkage=0.3, basis_variance=1.0)
    data = model.simulate(5, rows=40, parts=4, repeated=repeated).data
    graph, rng = model.build(data), np.random.default_rng(6)
    compiled = graph.compile_logp(sum=False, vars=graph.potentials, mode="FAST_COMPILE")
    differences = []
    for _ in range(5):
        point = {
            "log_typical_variance": rng.normal(),
            "variance_spread_softplus__": rng.normal(),
            "variance_deviation": rng.standard_normal(4),
        }
        omega = np.exp(
            point["log_typical_variance"]
            + np.logaddexp(0, point["variance_spread_softplus__"])
            * point["variance_deviation"]
        )
        logit = rng.normal(0, 2)
        log_density = sum(
            float(term)
            for term in compiled(point | {"row_correlation_interval__": logit})
        )
        differences.append(
            log_density - _log_evidence(data, special.expit(logit), omega)
        )
    np.testing.assert_allclose(differences, differences[0], atol=1e-8)


@pytest.mark.parametrize(("subject", "time"), WAYS)
def test_many_correlations_at_once_are_each_by_itself(subject, time):
    rng = np.random.default_rng(3)
    columns, covariates = rng.standard_normal((10, 4)), np.ones((10, 1))
    correlations, links = np.array([0.01, 0.4, 0.95]), links_of(subject, time)
    scatters, logs = all_about_covariates(columns, covariates, correlations, links)
    for correlation, scatter, log in zip(correlations, scatters, logs, strict=True):
        expected = about_covariates(columns, covariates, correlation, links)
        np.testing.assert_allclose(scatter, expected[0], atol=1e-9)
        assert log == pytest.approx(expected[1])


@pytest.mark.parametrize("given", [None, 0.3])
@pytest.mark.parametrize("repeated", ["subject", "time"])
def test_the_density_of_numpy_is_that_of_the_graph(repeated, given):
    """At points, but for one constant, with the prior and Jacobian of the correlation of rows."""
    model = cs.PartialCorrelation(prior="shrunk", row_correlation=given)
    data = model.simulate(5, rows=40, parts=4, repeated=repeated).data
    rng = np.random.default_rng(6)
    compiled = model.build(data).compile_logp(mode="FAST_COMPILE")
    points = rng.normal(0, 1, (6, 7 + (given is None)))
    expected = []
    for point in points:
        free = {
            "log_typical_variance": point[0],
            "variance_spread_softplus__": point[1],
            "variance_deviation": point[2:6],
            "shrinkage_interval__": point[6],
        }
        if given is None:
            free["row_correlation_interval__"] = point[7]
        expected.append(float(compiled(free)))
    differences = (
        model.covariance_prior.posterior(model, data).log_density(points) - expected
    )
    np.testing.assert_allclose(differences, differences[0], atol=1e-7)


@pytest.mark.parametrize("repeated", ["subject", "time"])
def test_the_density_is_zero_where_no_point_can_be_computed(repeated):
    """A search for the mode may step to such a point, alone."""
    model = cs.PartialCorrelation(prior="shrunk", basis_variance=1.0)
    data = model.simulate(1, rows=25, parts=4, repeated=repeated).data
    posterior = model.covariance_prior.posterior(model, data)
    far = np.full((1, 8), 1e3)
    assert posterior.log_density(far) == -np.inf
    np.testing.assert_array_equal(
        np.isfinite(posterior.log_density(np.vstack([far, np.zeros((1, 8))]))),
        [False, True],
    )


def test_subjects_without_links_are_drawn_without_divergences():
    """The weight of the prior is then near 1, where chains of NUTS diverged in every third fit."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        subject = np.repeat(np.arange(8), 5)
        logs = (rng.normal(0, 0.4, (8, 4))[subject] + rng.normal(0, 0.4, (40, 4))) / 2
        frame = pd.DataFrame(np.exp(logs), columns=list("abcd")).assign(
            who=subject.astype(str)
        )
        data = cs.Composition.from_frame(frame, parts=list("abcd"), subject="who")
        fit = cs.fit(
            cs.PartialCorrelation(prior="shrunk"), data, seed=seed, progress=False
        )
        assert [check.name for check in fit.sampling() if check.passed is False] == []
        assert fit.draws.attrs["sampler"].startswith("ImportanceSampler")


def _log_evidence(data, correlation, omega):
    scatter, logs = about_covariates(
        data.residuals, np.linalg.qr(data.matrix)[0], correlation, data.dependence.links
    )
    values, vectors = np.linalg.eigh(scatter)
    residuals = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
    strength = data.degrees * 0.3 / 0.7
    return (
        iw.log_evidence(residuals, data.degrees, omega, strength + len(data.parts))
        - (len(data.parts) - 1) / 2 * logs
    )


def test_a_fit_of_subjects_is_asked_saved_and_comes_back(tmp_path):
    data = (
        cs.PartialCorrelation().simulate(10, rows=60, parts=4, repeated="subject").data
    )
    fit = cs.fit(cs.PartialCorrelation(prior="shrunk"), data, seed=1, progress=False)
    assert all(check.passed for check in fit.sampling())
    assert (
        0.25 < fit.summary().loc["row_correlation", "mean"] < 0.75
        and len(fit.effect("partial_correlation").summary()) == 6
    )
    assert all(
        prediction.replicated.shape[1] == 4 for prediction in fit.predictions().values()
    )
    back = cs.load(fit.save(tmp_path / "fit.nc"))
    assert (
        back.data.fingerprint == data.fingerprint and back.data.dependence is not None
    )


def test_shuffling_rows_and_renaming_subjects_changes_nothing():
    data = cs.PartialCorrelation().simulate(9, rows=20, parts=3, repeated="time").data
    frame = data.source.sample(frac=1, random_state=1).assign(
        subject=lambda table: table["subject"].astype(str) + " again"
    )
    other = cs.Composition.from_frame(
        frame, parts=data.parts, subject="subject", time="time"
    )
    for correlation in (0.1, 0.8):
        reduced = [
            about_covariates(
                each.residuals, each.matrix, correlation, each.dependence.links
            )
            for each in (data, other)
        ]
        np.testing.assert_allclose(reduced[0][0], reduced[1][0], atol=1e-10)
        assert reduced[0][1] == pytest.approx(reduced[1][1])


def test_dates_are_times():
    data = cs.PartialCorrelation().simulate(9, rows=20, parts=3).data
    frame = pd.DataFrame(data.values, columns=data.parts)
    days = [
        datetime.date(2020, 1, 1) + datetime.timedelta(days=3 * k) for k in range(20)
    ]
    dated = cs.Composition.from_frame(
        frame.assign(day=days), parts=data.parts, time="day"
    )
    stamped = cs.Composition.from_frame(
        frame.assign(day=pd.to_datetime(days)), parts=data.parts, time="day"
    )
    assert dated.dependence.unit == stamped.dependence.unit == 3.0
    assert "in order of day, 3 apart" in dated.facts()["Dependent rows"]


def test_refused():
    data = cs.PartialCorrelation().simulate(11, rows=20, parts=3).data
    frame = pd.DataFrame(data.values, columns=data.parts).assign(
        day=np.arange(20) // 2,
        who=[f"p{k}" for k in range(20)],
        word="noon",
        same="ann",
    )
    for options, message in (
        ({"subject": "who"}, "of its own"),
        ({"time": "day"}, r"the same 'day', such as rows 1, 3"),
        ({"time": "word"}, "numbers or dates"),
        ({"subject": "p1"}, "as a part and as a subject"),
        ({"subject": "whom"}, "Did you mean 'who'"),
        ({"subject": "same"}, "Every row is of one 'same'"),
    ):
        with pytest.raises(cs.DataError, match=message):
            cs.Composition.from_frame(frame, parts=data.parts, **options)
    with pytest.raises(cs.ModelError, match="name neither"):
        cs.PartialCorrelation(prior="shrunk", row_correlation=0.2).build(data)
    with pytest.raises(cs.ModelError, match=r"at least 0 and below 1"):
        cs.PartialCorrelation(prior="shrunk", row_correlation=1.0)
    repeated = (
        cs.PartialCorrelation().simulate(11, rows=20, parts=3, repeated="subject").data
    )
    with pytest.raises(cs.ModelError, match="independent rows"):
        cs.fit(
            cs.PartialCorrelation(prior="invariant"), repeated, seed=1, progress=False
        )
