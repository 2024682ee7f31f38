"""Coefficients of covariates on log-ratios.

Ordinary least squares in the middle, the same from closed forms and draws, whatever the reference
or the unit.
"""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import causalstats as cs
from causalstats.core.estimand import answerable
from causalstats.models.partial_correlation.covariates import with_coefficients
from causalstats.numerics.compositions import log_ratios as lr

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

PRIORS = [
    cs.PartialCorrelation(prior="matching"),
    cs.PartialCorrelation(prior="invariant"),
    cs.PartialCorrelation(prior="invariant", shrinkage=0.3),
]


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    depth, site = rng.uniform(0, 5, 40), rng.choice(["a", "b", "c"], 40)
    logs = rng.standard_normal((40, 5)) @ np.triu(
        rng.normal(0, 0.5, (5, 5)), 0
    ) + np.outer(depth, [0.2, -0.1, 0.0, 0.3, 0.0])
    return pd.DataFrame(np.exp(logs), columns=list("pqrst")).assign(
        depth=depth, site=site
    )


def read(frame, parts="pqrst", **options):
    return cs.Composition.from_frame(
        frame, parts=list(parts), **{"covariates": "depth + site"} | options
    )


def summary(model, data, name):
    return model.estimands()[name].marginals(data)


@pytest.mark.parametrize("model", PRIORS)
def test_closed_forms_are_those_of_the_draws(model, frame):
    fit = cs.fit(
        model, read(frame), seed=1, sampler=cs.Exact(draws=5000), progress=False
    )
    for name, count in (("covariate_coefficient", 15), ("covariate_log_ratio", 30)):
        effect = fit.effect(name)
        table, values = effect.summary(), effect.draws.to_numpy().reshape(20000, count)
        assert list(table.index) == list(effect.draws["coefficient"].to_numpy())
        np.testing.assert_array_less(
            abs(values.mean(axis=0) - table["mean"]),
            5 * values.std(axis=0) / np.sqrt(20000),
        )
        np.testing.assert_allclose(values.std(axis=0), table["sd"], rtol=0.05)
        for prob, column in ((0.025, "lower"), (0.975, "upper")):
            np.testing.assert_allclose(
                (values < table[column].to_numpy()).mean(axis=0), prob, atol=0.006
            )


def test_the_middle_is_ordinary_least_squares(frame):
    """Per unit of the covariate as it is in the frame, for each log-ratio by itself, whatever the
    prior.
    """
    columns = np.column_stack(
        [np.ones(40), frame["depth"], frame["site"] == "b", frame["site"] == "c"]
    )
    ratios = np.log(
        frame[["q"]].to_numpy() / frame[["p", "q", "r", "s", "t"]].to_numpy()
    )
    expected = np.linalg.lstsq(columns, ratios, rcond=None)[0][1:]
    for model in PRIORS:
        means = pd.Series(
            summary(model, read(frame), "covariate_log_ratio").mean(),
            summary(model, read(frame), "covariate_log_ratio").labels,
        )
        for k, name in enumerate(["depth", "site[T.b]", "site[T.c]"]):
            np.testing.assert_allclose(
                [-means[f"p / q on {name}"], means[f"q / r on {name}"]],
                expected[k, [0, 2]],
                atol=1e-10,
            )


def test_units_order_and_other_parts_change_nothing(frame):
    """Parts in any unit and order.

    The covariate in another unit; and, the prior given, other parts or none beside the two.
    """
    rng = np.random.default_rng(1)
    scaled = frame.assign(depth=frame["depth"] * 100 - 7)
    scaled[list("pqrst")] = (
        frame[list("pqrst")].to_numpy()
        * rng.uniform(0.1, 10, (40, 1))
        * [1, 10, 1e-3, 5, 2]
    )
    model = cs.PartialCorrelation(prior="invariant", shrinkage=0.3, basis_variance=0.5)
    here = _table(summary(model, read(frame), "covariate_log_ratio"))
    there = _table(summary(model, read(scaled, "tspqr"), "covariate_log_ratio"))
    fewer = _table(summary(model, read(frame, "prs"), "covariate_log_ratio"))
    np.testing.assert_allclose(
        100 * there.loc["p / q on depth"], here.loc["p / q on depth"], atol=1e-9
    )
    np.testing.assert_allclose(
        there.loc["p / q on site[T.b]"], here.loc["p / q on site[T.b]"], atol=1e-9
    )
    np.testing.assert_allclose(fewer, here.loc[fewer.index], atol=1e-9)


def _table(margins):
    return pd.DataFrame(
        {"mean": margins.mean(), "sd": margins.sd(), "upper": margins.quantile(0.975)},
        margins.labels,
    )


def test_two_groups_differ_by_their_means(frame):
    data = read(
        frame.assign(site=np.where(frame["site"] == "a", "a", "b")), covariates="site"
    )
    differences = summary(PRIORS[0], data, "covariate_coefficient")
    ratios = lr.clr(data.values)
    groups = data.matrix[:, 1] == 1
    np.testing.assert_allclose(
        differences.mean(),
        ratios[groups].mean(axis=0) - ratios[~groups].mean(axis=0),
        atol=1e-12,
    )


def test_intervals_cover():
    """Over data sets drawn from the prior, with coefficients of the prior and with others."""
    model = cs.PartialCorrelation(prior="invariant", shrinkage=0.4, basis_variance=1.0)
    inside = []
    for seed in range(200):
        simulation = model.simulate(
            seed, rows=12, parts=5, design="prior", covariate=True
        )
        truth = simulation.truth["covariate_coefficient"].to_numpy().ravel()
        posterior = summary(model, simulation.data, "covariate_coefficient")
        inside.append(
            [
                (posterior.quantile(tail) < truth)
                & (truth < posterior.quantile(1 - tail))
                for tail in (0.25, 0.1, 0.025)
            ]
        )
    shares = np.mean(inside, axis=2)
    for share, prob in zip(shares.T, (0.5, 0.8, 0.95), strict=True):
        assert abs(share.mean() - prob) < 4 * share.std() / np.sqrt(200)


@pytest.mark.parametrize(
    ("subject", "time"), [("who", None), ("who", "day"), (None, "day")]
)
def test_dependent_rows_are_generalised_least_squares(frame, subject, time):
    """Against dense matrices, at one φ a draw."""
    data = read(
        frame.assign(who=np.arange(40) // 4, day=np.arange(40) ** 1.1),
        covariates="depth",
        subject=subject,
        time=time,
    )
    theta = np.linalg.inv(np.cov(np.random.default_rng(2).standard_normal((5, 9))))
    theta = lr.precision_from_covariance(lr.centre(np.linalg.inv(theta)))
    links = data.dependence.links
    phi = np.repeat([0.2, 0.7], 6000)
    draws = xr.Dataset(
        {"row_correlation": (("chain", "draw"), phi[None])},
        coords={"chain": [0], "draw": np.arange(12000)},
    )
    coefficients = with_coefficients(
        draws, np.broadcast_to(theta, (1, 12000, 5, 5)), data, np.random.default_rng(3)
    )["covariate_coefficient"].to_numpy()[0, :, 0]
    for correlation, values in ((0.2, coefficients[:6000]), (0.7, coefficients[6000:])):
        if "member" in links:
            rows = (1 - correlation) * np.eye(40) + correlation * links[
                "member"
            ].T @ links["member"]
        else:
            stamps, units = (
                np.cumsum(np.where(links["linked"], links["gap"], 0)),
                data.dependence.subject,
            )
            rows = correlation ** abs(stamps[:, None] - stamps) * (
                units[:, None] == units
            )
        w, inverse = data.matrix, np.linalg.inv(rows)
        spread = np.linalg.inv(w.T @ inverse @ w)
        estimate = (spread @ w.T @ inverse @ lr.clr(data.values))[
            1
        ] / data.design.scale[0]
        sd = (
            np.sqrt(spread[1, 1] * np.diagonal(lr.covariance_from_precision(theta)))
            / data.design.scale[0]
        )
        np.testing.assert_array_less(
            abs(values.mean(axis=0) - estimate), 5 * sd / np.sqrt(6000)
        )
        np.testing.assert_allclose(values.std(axis=0), sd, rtol=0.06)


@pytest.mark.parametrize("kind", ["counts", "interval"])
def test_hidden_log_ratios_are_those_of_the_draw(kind):
    """The estimate of each draw is that of its own log-ratios: here nothing else varies."""
    simulation = cs.PartialCorrelation().simulate(
        4,
        rows=20,
        parts=4,
        covariate=True,
        **({"depth": 50} if kind == "counts" else {"resolution": 1.0}),
    )
    data, rng = simulation.data, np.random.default_rng(5)
    if kind == "counts":
        coordinates = rng.standard_normal((1, 3, 20, 3))
        name, hidden, ratios = (
            "log_ratio_coordinates",
            coordinates,
            coordinates[0] @ lr.ilr_basis(4).T,
        )
    else:
        name, hidden = (
            "hidden_logarithm_value",
            rng.standard_normal((1, 3, data.bounds.open.sum())),
        )
        logs = np.repeat(np.log(data.values)[None], 3, axis=0)
        logs[:, data.bounds.open] = hidden[0]
        ratios = logs - logs.mean(axis=-1, keepdims=True)
    draws = xr.Dataset(
        {name: (("chain", "draw", *"ab"[: hidden.ndim - 2]), hidden)},
        coords={"chain": [0], "draw": np.arange(3)},
    )
    sure = 1e14 * (np.eye(4) - 0.25)
    coefficients = with_coefficients(
        draws, np.broadcast_to(sure, (1, 3, 4, 4)), data, rng
    )["covariate_coefficient"].to_numpy()[0, :, 0]
    for values, rows in zip(coefficients, ratios, strict=True):
        expected = np.linalg.lstsq(
            np.column_stack([np.ones(20), data.source["x"]]), rows, rcond=None
        )[0][1]
        np.testing.assert_allclose(values, expected, atol=1e-5)


def test_asked_as_a_user_would(frame, tmp_path):
    fit = cs.fit(
        cs.PartialCorrelation(prior="invariant"), read(frame), seed=1, progress=False
    )
    effect = fit.effect("covariate_log_ratio")
    assert effect.kind == "associational" and "associational" in effect.text()
    assert effect.decide().loc["r / s on depth", "positive"] < 0.05
    fewer = fit.effect("covariate_coefficient", at=["p", "r", "s"])
    np.testing.assert_allclose(
        fewer.draws.to_numpy().reshape(-1, 3, 3).sum(axis=-1), 0, atol=1e-10
    )
    assert fit.plot("covariate_coefficient")
    back = cs.load(fit.save(tmp_path / "fit.nc"))
    np.testing.assert_array_equal(
        back.effect("covariate_coefficient").draws,
        fit.effect("covariate_coefficient").draws,
    )
    without = cs.fit(fit.model, read(frame, covariates=None), seed=1, progress=False)
    with pytest.raises(cs.ModelError, match="name no covariates"):
        without.effect("covariate_coefficient")
    assert "covariate_coefficient" not in answerable(without.model, without.data)


def amounts_in_two_groups(changed, seed=1):
    """Amounts of 20 parts in 60 rows, of which some grow e-fold in group b.

    Parameters
    ----------
    changed : int
        The first so many parts.
    seed : int
    """
    rng = np.random.default_rng(seed)
    group = np.repeat([0.0, 1.0], 30)
    names = [f"p{k}" for k in range(20)]
    logs = 0.5 * rng.standard_normal((60, 20)) + rng.standard_normal((60, 1))
    logs[:, :changed] += group[:, None]
    frame = pd.DataFrame(np.exp(logs), columns=names)
    frame = frame.assign(group=np.where(group > 0, "b", "a"))
    return cs.Composition.from_frame(frame, parts=names, covariates="group")


def test_differential_abundance_is_the_change_of_amounts():
    """Six of 20 parts grow: their log-ratios to the mean grow less, and those of others fall."""
    fit = cs.fit(PRIORS[0], amounts_in_two_groups(6), seed=1, progress=False)
    answer = fit.effect("differential_abundance")
    table = answer.numbers()
    truth = np.repeat([1.0, 0.0], [6, 14])
    inside = (table["lower"] <= truth) & (truth <= table["upper"])
    assert inside.sum() >= 18
    chosen = answer.decide(rope=0.1)
    assert set(chosen.index[chosen["selected"]]) == {
        f"p{k} on group[T.b]" for k in range(6)
    }
    to_the_mean = fit.effect("covariate_coefficient").numbers()["mean"]
    np.testing.assert_allclose(table["mean"] - to_the_mean, 0.3, atol=0.1)


def test_that_many_parts_change_is_a_doubt_of_differential_abundance():
    for changed, doubted in ((2, False), (9, True)):
        data = amounts_in_two_groups(changed)
        fit = cs.fit(PRIORS[0], data, seed=1, progress=False)
        doubts = fit.effect("differential_abundance").doubts
        names = [check.name for check in doubts]
        assert ("most parts unchanged" in names) is doubted, changed


def test_of_few_parts_it_is_not_seen_which_are_unchanged(frame):
    data = read(frame)
    assert "differential_abundance" not in answerable(PRIORS[0], data)
    fit = cs.fit(PRIORS[0], data, seed=1, progress=False)
    with pytest.raises(cs.ModelError, match="of 5 parts it is not seen which ones"):
        fit.effect("differential_abundance")


def test_a_change_of_nearly_all_parts_looks_like_one_of_the_others_and_is_said():
    data = amounts_in_two_groups(2)
    fit = cs.fit(PRIORS[0], data, seed=1, progress=False)
    doubts = {
        check.name: check for check in fit.effect("differential_abundance").doubts
    }
    assert "would be the same" in doubts["the majority changes nothing"].finding
    others = fit.effect("covariate_log_ratio").doubts
    assert "the majority changes nothing" not in [check.name for check in others]


def test_coefficients_on_each_covariate_are_drawn_on_an_axis_of_their_own():
    """A coefficient per year of age is a point beside one of a treatment."""
    rng = np.random.default_rng(1)
    parts = [f"taxon {k}" for k in range(9)]
    frame = pd.DataFrame(np.exp(rng.normal(size=(40, 9))), columns=parts)
    frame["age"] = rng.normal(50, 15, 40)
    frame["treated"] = np.arange(40) % 2
    data = cs.Composition.from_frame(frame, parts=parts, covariates="treated + age")
    fit = cs.fit(cs.PartialCorrelation(), data, seed=1, progress=False)
    figure = fit.plot("differential_abundance")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["treated", "age"]
    widths = [np.diff(axes.get_xlim())[0] for axes in figure.axes]
    assert widths[0] > 5 * widths[1]
    labels = [text.get_text() for text in figure.axes[1].get_yticklabels()]
    assert labels == parts
