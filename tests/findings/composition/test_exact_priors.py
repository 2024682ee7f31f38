"""Exact priors beside least squares: few parts, many parts, and subcompositions of many."""

import os

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.models.partial_correlation.priors.conjugate import posterior_scale
from causalstats.numerics.compositions import log_ratios as lr
from causalstats.numerics.compositions.partial_correlations import partial_correlations

pytestmark = pytest.mark.usefixtures("without_hidden_groups")


def composed(values, **columns):
    names = [f"p{k}" for k in range(values.shape[1])]
    frame = pd.DataFrame(values, columns=names).assign(**columns)
    covariates = " + ".join(columns) or None
    return cs.Composition.from_frame(frame, parts=names, covariates=covariates)


def fitted(prior, data, draws=1000, seed=1):
    model = cs.PartialCorrelation(prior=prior)
    return cs.fit(model, data, seed=seed, sampler=cs.Exact(draws=draws), progress=False)


@pytest.mark.parametrize(("parts", "rows"), [(3, 12), (5, 30), (12, 40), (20, 42)])
@pytest.mark.parametrize("question", ["covariate_log_ratio", "covariate_coefficient"])
def test_coefficients_under_the_matching_prior_are_those_of_least_squares(
    parts, rows, question
):
    # The first entry has the t interval of n - 2 degrees of freedom.
    rng = np.random.default_rng(parts)
    values, x = np.exp(rng.normal(size=(rows, parts))), rng.normal(size=rows)
    answer = fitted("matching", composed(values, x=x)).effect(question)
    logs = np.log(values)
    of_pair = question == "covariate_log_ratio"
    y = logs[:, 0] - (logs[:, 1] if of_pair else logs.mean(axis=1))
    fit = stats.linregress(x, y)
    reach = stats.t.ppf(0.975, rows - 2) * fit.stderr
    row = answer.numbers().iloc[0]
    np.testing.assert_allclose(
        [row["mean"], row["lower"], row["upper"]],
        [fit.slope, fit.slope - reach, fit.slope + reach],
    )
    drawn = answer.draws.to_numpy().reshape(4000, -1)[:, 0]
    spread = stats.t(rows - 2, fit.slope, fit.stderr)
    assert stats.kstest(drawn, spread.cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    "question",
    [
        "total_variance",
        "log_ratio_variance",
        "clr_covariance",
        "r_squared",
        "r_squared_by_reference",
    ],
)
def test_the_matching_prior_refuses_what_it_does_not_cover(question):
    model = cs.PartialCorrelation(prior="matching")
    fit = fitted(
        "matching", composed(np.exp(np.random.default_rng(1).normal(size=(30, 5))))
    )
    with pytest.raises(
        cs.ModelError, match="cover for partial correlations, .* prior='shrunk'"
    ):
        fit.effect(question)
    statement = next(
        each.statement for each in model.assumptions() if each.name == "no shrinkage"
    )
    assert "Other answers are refused" in statement and question not in statement


@pytest.mark.parametrize("size", [90, 200])
@pytest.mark.parametrize("keep", [3, 5])
def test_some_of_many_parts_are_answered_without_draws(size, keep):
    """The margin is that of the inverse of the block of the posterior's scale."""
    rng = np.random.default_rng(size)
    fit = fitted("invariant", composed(np.exp(rng.normal(size=(30, size)))))
    assert fit.draws["posterior"].sizes["draw"] == 0
    parts = [f"p{k}" for k in rng.choice(size, keep, replace=False)]
    table = fit.effect("partial_correlation", at=parts).numbers()
    assert len(table) == keep * (keep - 1) // 2 and np.isfinite(table).all(axis=None)
    posterior = fit.model.covariance_prior.conjugate(fit.model, fit.data)
    scale, degrees = posterior_scale(posterior, fit.data)
    positions = [fit.data.parts.index(part) for part in parts]
    block = lr.centre(lr.precision_from_covariance(scale)[np.ix_(positions, positions)])
    rho = partial_correlations(lr.precision_from_covariance(block))[0, 1]
    margin = stats.t.sf(
        rho * np.sqrt((degrees - size + keep) / (1 - rho**2)), degrees - size + keep
    )
    decided = fit.effect("partial_correlation", at=parts)
    assert 1 - decided.marginals.cdf(0.0)[0] == pytest.approx(1 - margin, abs=1e-9)
    with pytest.raises(cs.ModelError, match="too many parts to keep draws"):
        fit.effect("r_squared", at=parts)


@pytest.mark.parametrize("seed", [1, 2])
def test_under_the_matching_prior_some_parts_are_as_if_they_alone_were_fitted(seed):
    values = np.exp(np.random.default_rng(seed).normal(size=(40, 8)))
    data = composed(values)
    parts = ["p6", "p1", "p3"]
    of_some = fitted("matching", data).effect("partial_correlation", at=parts)
    alone = fitted("matching", data.subcomposition(parts)).effect("partial_correlation")
    pd.testing.assert_frame_equal(of_some.numbers(), alone.numbers())
    np.testing.assert_allclose(
        of_some.draws.mean(("chain", "draw")), of_some.numbers()["mean"], atol=0.02
    )


@pytest.mark.parametrize(("size", "kept"), [(36, True), (100, False)])
def test_an_exact_fit_of_many_parts_is_a_small_file(tmp_path, size, kept):
    data = composed(np.exp(np.random.default_rng(1).normal(size=(60, size))))
    fit = fitted("invariant", data)
    assert (fit.draws["posterior"].sizes["draw"] > 0) == kept
    assert os.path.getsize(fit.save(tmp_path / "fit.nc")) < 50e6
    assert fit.effect("r_squared").draws.sizes["part"] == size
    assert np.isfinite(fit.effect("excess").numbers().iloc[:, :4]).all(axis=None)
