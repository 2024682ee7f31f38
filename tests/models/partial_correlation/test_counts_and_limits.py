"""Partial correlations where something besides the hyperparameters is sampled.

Counts, values within bounds, amounts with sparse links.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.numerics.compositions import inverse_wishart as iw
from causalstats.numerics.compositions import log_ratios as lr
from causalstats.samplers import same_program

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

CUPS = Path(__file__).resolve().parents[4] / "shared" / "data" / "cups.csv"


def xr_of(theta):
    import xarray as xr

    return xr.Dataset(
        {
            "precision": (
                ("chain", "draw", "part", "other_part"),
                np.reshape(theta, (1, -1, *np.shape(theta)[-2:])),
            )
        }
    )


@pytest.fixture(scope="module")
def counted():
    """A fit of counts so many that their log-ratios are as good as known."""
    simulation = cs.PartialCorrelation().simulate(3, rows=25, parts=4, depth=10**5)
    return cs.fit(
        cs.PartialCorrelation(prior="shrunk"),
        simulation.data,
        seed=1,
        sampler=cs.Auto(chains=2, draws=800, target_accept=0.8),
        progress=False,
    )


def test_large_counts_are_compositions(counted):
    data = counted.data
    known = cs.Composition.from_frame(
        pd.DataFrame(data.values, columns=data.parts), parts=data.parts
    )
    expected = (
        cs.fit(cs.PartialCorrelation(prior="shrunk"), known, seed=2, progress=False)
        .effect("partial_correlation")
        .summary()
    )
    table = counted.effect("partial_correlation").summary()
    error = np.sqrt(
        table["sd"] ** 2 / table["ess_bulk"]
        + expected["sd"] ** 2 / expected["ess_bulk"]
    )
    assert (abs(table["mean"] - expected["mean"]) < 4.5 * error).all()
    np.testing.assert_allclose(table["sd"], expected["sd"], rtol=0.15)
    assert set(counted.draws["posterior"].data_vars) == {
        "log_typical_variance",
        "variance_spread",
        "variance_deviation",
        "basis_variance",
        "shrinkage",
        "precision",
    }


def test_the_graph_of_counts_is_multinomial_times_evidence():
    """Differences of its log density between points, written out with scipy."""
    model, rng = (
        cs.PartialCorrelation(prior="shrunk", shrinkage=0.4),
        np.random.default_rng(8),
    )
    data = model.simulate(1, rows=6, parts=4, depth=30).data
    compiled = model.build(data).compile_logp(mode="FAST_COMPILE")
    differences = []
    for _ in range(4):
        z = rng.standard_normal((6, 3))
        ratios = z @ lr.ilr_basis(4).T
        shares = np.exp(ratios) / np.exp(ratios).sum(axis=1, keepdims=True)
        expected = sum(
            stats.multinomial.logpmf(row, int(row.sum()), share)
            for row, share in zip(data.values, shares, strict=True)
        )
        centred = ratios - ratios.mean(axis=0)
        expected += iw.log_evidence(centred, 5, np.ones(4), 5 * 0.4 / 0.6 + 4)
        point = {
            "log_typical_variance": 0.0,
            "variance_spread_softplus__": 0.0,
            "variance_deviation": np.zeros(4),
            "log_ratio_coordinates": z,
        }
        differences.append(float(compiled(point)) - expected)
    np.testing.assert_allclose(differences, differences[0], atol=1e-8)


def test_counts_have_zeros_and_say_so():
    data = cs.PartialCorrelation().simulate(1, rows=30, parts=4, depth=3).data
    assert (data.values == 0).any() and "of the counts are 0" in data.facts()["Counted"]
    check = cs.PartialCorrelation(prior="shrunk").data_checks(data)[0]
    assert check.name == "counted often" and check.passed in (True, None)
    with pytest.raises(cs.ModelError, match="use prior='horseshoe'"):
        cs.fit(cs.PartialCorrelation(prior="invariant"), data, seed=1)
    assert np.isfinite(
        list(
            cs.PartialCorrelation(prior="shrunk").baselines(data)["basis shrinkage"](
                None
            )[0]
        )
    ).all()


def test_the_graph_of_a_sparse_basis_by_its_definition():
    """Its log density against normal log-ratios with precision Θ, the mixture by scipy, and the
    Jacobian of R by differences.
    """
    model, rng, data = (
        cs.PartialCorrelation(prior="sparse"),
        np.random.default_rng(10),
        cs.PartialCorrelation().simulate(1, rows=12, parts=4).data,
    )
    graph = model.build(data)
    wanted = graph.replace_rvs_by_values(
        [graph[name] for name in ("basis_correlation", "precision", "inclusion")]
    )
    compiled, outputs = (
        graph.compile_logp(mode="FAST_COMPILE"),
        graph.compile_fn(wanted, inputs=graph.value_vars, mode="FAST_COMPILE"),
    )

    def correlations(free):
        return outputs(point | {"free_correlation": free})[0]

    differences = []
    for _ in range(4):
        v, deviation, share = (
            rng.standard_normal(6),
            rng.standard_normal(4),
            rng.uniform(0.1, 0.9),
        )
        point = {
            "log_typical_variance": -1.0,
            "variance_spread_softplus__": 0.0,
            "variance_deviation": deviation,
            "free_correlation": v,
        }
        point["slab_share_logodds__"] = np.log(share / (1 - share))
        r, theta, inclusion = outputs(point)
        jacobian = np.array(
            [
                (correlations(v + step) - correlations(v - step)) / 2e-6
                for step in np.eye(6) * 1e-6
            ]
        )
        slab, spike = (
            np.log(w) + stats.truncnorm.logpdf(r, -1 / sd, 1 / sd, scale=sd)
            for w, sd in ((share, 0.5), (1 - share, 0.1))
        )
        np.testing.assert_allclose(inclusion, 1 / (1 + np.exp(spike - slab)), rtol=1e-8)
        gamma = lr.precision_from_covariance(theta)
        omega = np.exp(-1 + np.log(2) * deviation)
        scaled = np.eye(4)
        scaled[np.triu_indices(4, 1)] = -r
        scaled = scaled + scaled.T - np.eye(4)
        np.testing.assert_allclose(
            gamma,
            lr.centre(np.linalg.inv(scaled / np.sqrt(np.outer(omega, omega)))),
            rtol=1e-6,
            atol=1e-8,
        )
        expected = (
            float(model.log_likelihood(xr_of(theta), data).item())
            + np.logaddexp(slab, spike).sum()
            + np.linalg.slogdet(jacobian)[1]
        )
        expected += (
            stats.norm.logpdf(deviation).sum()
            + stats.beta(1, 4).logpdf(share)
            + np.log(share * (1 - share))
        )
        differences.append(float(compiled(point)) - expected)
    np.testing.assert_allclose(differences, differences[0], atol=1e-4)


def within_bounds():
    frame = cs.PartialCorrelation().simulate(4, rows=9, parts=4).data.source.copy()
    frame.loc[[0, 5], "p1"], frame.loc[2, "p3"], frame["p2"] = (
        0.0,
        np.nan,
        (frame["p2"] / 0.5).round() * 0.5,
    )
    return frame, {
        "zeros": "interval",
        "limits": {"p1": 0.2},
        "resolution": {"p2": 0.5},
        "missing": "infer",
    }


def test_the_graph_of_values_within_bounds_is_the_evidence_of_what_they_may_be():
    """Its log density against the evidence with the hidden logarithms put in, and the derivative of
    each logarithm in its free coordinate.
    """
    frame, options = within_bounds()
    model, data = (
        cs.PartialCorrelation(prior="shrunk", shrinkage=0.4),
        cs.Composition.from_frame(frame, parts=list(frame), **options),
    )
    open_ = data.bounds.open
    assert (
        open_[[0, 5], 0].all()
        and open_[2, 2]
        and open_[:, 1].all()
        and open_.sum() >= 12
    )
    compiled, rng, differences = (
        model.build(data).compile_logp(mode="FAST_COMPILE"),
        np.random.default_rng(9),
        [],
    )
    lower, upper = data.bounds.lower[open_], data.bounds.upper[open_]
    for _ in range(4):
        v = rng.standard_normal(open_.sum())
        with np.errstate(divide="ignore", invalid="ignore"):
            share = 1 / (1 + np.exp(-v))
            between = np.log(lower) + np.log(upper / lower) * share
            u = np.where(
                np.isinf(upper),
                v,
                np.where(lower == 0, np.log(upper) - np.exp(v), between),
            )
            slope = np.where(
                np.isinf(upper), 0, np.where(lower == 0, v, np.log(share * (1 - share)))
            )
        assert ((u <= np.log(upper)) & (np.exp(u) >= lower)).all()
        logs = np.log(data.values)
        logs[open_] = u
        ratios = logs - logs.mean(axis=1, keepdims=True)
        expected = (
            iw.log_evidence(
                ratios - ratios.mean(axis=0), 8, np.ones(4), 8 * 0.4 / 0.6 + 4
            )
            + slope.sum()
        )
        point = {
            "log_typical_variance": 0.0,
            "variance_spread_softplus__": 0.0,
            "variance_deviation": np.zeros(4),
            "hidden_logarithm": v,
        }
        differences.append(float(compiled(point)) - expected)
    np.testing.assert_allclose(differences, differences[0], atol=1e-8)
    (
        frame.loc[[0, 5], "p1"],
        frame.loc[2, "p3"],
        frame.loc[[1, 2], "p4"],
        frame.loc[3, "p1"],
        frame.loc[0, "p2"],
    ) = 3.0, 1.0, np.nan, 0.0, 0.0
    other = cs.Composition.from_frame(frame, parts=list(frame), **options)
    assert other.bounds.open.sum() == open_.sum() and (other.bounds.open != open_).any()
    assert same_program(
        model.build(data), model.build(other)
    )  # where and how a value is bounded are data


@pytest.mark.skipif(not CUPS.exists(), reason="the cups are not at hand")
def test_the_glass_cups():
    cups = pd.read_csv(CUPS, index_col="cup")
    data = cs.Composition.from_frame(cups, parts=list(cups))
    fit = cs.fit(cs.PartialCorrelation(prior="shrunk"), data, seed=1, progress=False)
    table = fit.effect("partial_correlation").summary()
    expected = {
        "Si ~ Al": (0.598, 0.424, 0.749),
        "Al ~ Fe": (0.557, 0.333, 0.713),
        "Si ~ Fe": (-0.485, -0.662, -0.270),
        "Ca ~ Na": (0.482, 0.261, 0.642),
    }
    for pair, numbers in expected.items():  # NUTS by another program, `shared/science`
        np.testing.assert_allclose(
            table.loc[pair, ["mean", "lower", "upper"]].to_numpy(float),
            numbers,
            atol=0.04,
        )
    sparse = cs.fit(
        cs.PartialCorrelation(prior="sparse"),
        data,
        seed=1,
        sampler=cs.Auto(chains=2),
        progress=False,
    )
    assert all(check.passed for check in sparse.sampling())
    included = sparse.effect("inclusion").summary()["mean"]
    for pair, probability in {
        "Si ~ Fe": 0.95,
        "K ~ P": 0.73,
        "Ca ~ Na": 0.64,
        "Si ~ Al": 0.34,
        "Al ~ Fe": 0.26,
    }.items():
        assert included[pair] == pytest.approx(
            probability, abs=0.13
        )  # of a similar prior
    assert "inclusion" not in fit.model.estimands()
    edges = fit.compare()["q-value of the t-test"] < 0.05
    assert set(edges.index[edges]) == {"Si ~ Al", "Si ~ Fe", "Al ~ Fe", "Ca ~ Na"}
    rounded = next(check for check in fit.check() if check.name == "measured finely")
    assert rounded.passed is None and "Mn (3 values)" in rounded.finding
