"""Partial pooling of the networks of k groups, and which pairs differ between them."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import causalstats as cs
from causalstats.numerics.testing.partial_pooling import (
    Pooled,
    difference_signs,
    draw,
    false_sign_rates,
    means,
    pool,
)

MATCHING = cs.PartialCorrelation(prior="matching")


def test_scale_zero_is_one_group_and_a_large_scale_is_each_alone():
    rng = np.random.default_rng(1)
    z, s = rng.standard_normal((3, 5)), rng.uniform(0.1, 0.4, (3, 5))
    weighted = (z / s**2).sum(axis=0) / (1 / s**2).sum(axis=0)
    together = pool(z, s, scale=0.0)
    np.testing.assert_allclose(means(together), np.tile(weighted, (3, 1)))
    draws = draw(together, 4000, rng)
    np.testing.assert_allclose(draws[:, 0], draws[:, 2])
    error = 1 / np.sqrt((1 / s**2).sum(axis=0))
    assert np.abs(draws[:, 0].std(axis=0) / error - 1).max() < 0.06
    np.testing.assert_allclose(means(pool(z, s, scale=1e4)), z, atol=1e-6)


def test_the_posterior_of_two_groups_is_that_by_quadrature():
    """One component, d_g ~ Normal(0, a): the difference is Normal(0, 2 a) a priori."""
    z, s, scale = np.array([[0.5], [0.1]]), np.array([[0.2], [0.15]]), 0.3
    error = np.hypot(*s.ravel())

    def density(x):
        prior = stats.norm.pdf(x, 0, np.sqrt(2) * scale)
        return prior * stats.norm.pdf(0.4, x, error)

    total = integrate.quad(density, -3, 3)[0]
    positive = integrate.quad(density, 0, 3)[0] / total
    mean = integrate.quad(lambda x: x * density(x), -3, 3)[0] / total
    pooled = pool(z, s, scale)
    above, below = difference_signs(pooled, 0, 1)
    assert above[0] == pytest.approx(positive) and above + below == pytest.approx(1)
    assert np.subtract(*means(pooled))[0] == pytest.approx(mean)


def test_signs_in_closed_form_are_those_of_draws():
    rng = np.random.default_rng(2)
    z, s = rng.normal(0, 0.4, (3, 40)), rng.uniform(0.1, 0.3, (3, 40))
    pooled = pool(z, s)
    values = draw(pooled, 20_000, rng)
    for one, other in ((0, 1), (2, 0)):
        above, below = difference_signs(pooled, one, other)
        difference = values[:, one] - values[:, other]
        counted = (difference > 1e-12).mean(axis=0), (difference < -1e-12).mean(axis=0)
        for ours, theirs in zip((above, below), counted, strict=True):
            error = np.sqrt(np.maximum(ours * (1 - ours), 1e-4) / 20_000)
            assert (np.abs(ours - theirs) / error).max() < 4.5
    np.testing.assert_allclose(values.mean(axis=0), means(pooled), atol=0.02)


def test_learned_shares_have_the_largest_penalised_likelihood():
    """At the fixed point of E-M, π_m ∝ expected count + penalty."""
    rng = np.random.default_rng(3)
    z = 0.1 * rng.standard_normal((3, 200))
    z[1, :20] += 0.6
    pooled = pool(z, np.full((3, 200), 0.1))
    expected = pooled.chances.sum(axis=1) + np.where(
        np.arange(len(pooled.shares)), 0, 10
    )
    np.testing.assert_allclose(pooled.shares, expected / expected.sum(), atol=1e-5)
    alone = pooled.variances[:, 1] * (pooled.variances[:, [0, 2]].max(axis=1) == 0) > 0
    assert pooled.chances[alone, :20].sum() / 20 > 0.8


@pytest.mark.parametrize(
    ("groups", "share", "entries"), [(2, 0.0, 100), (3, 0.05, 200), (4, 0.3, 66)]
)
def test_differences_declared_keep_the_rate_of_false_signs(groups, share, entries):
    rates = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        s = rng.uniform(0.08, 0.15, (groups, entries))
        common = rng.normal(0, 0.3, entries) * (rng.random(entries) < 0.2)
        truth = np.tile(common, (groups, 1))
        changed = rng.random(entries) < share
        which = rng.integers(groups, size=entries)[changed]
        truth[which, np.flatnonzero(changed)] += rng.normal(0, 0.5, changed.sum())
        pooled = pool(truth + s * rng.standard_normal(s.shape), s)
        errors, wrong = [], []
        for one in range(groups):
            for other in range(one):
                above, below = difference_signs(pooled, one, other)
                errors.append(1 - np.maximum(above, below))
                sign = np.where(above > below, 1, -1)
                wrong.append(sign != np.sign(truth[one] - truth[other]))
        selected = false_sign_rates(np.concatenate(errors)) <= 0.05
        false = np.concatenate(wrong)[selected].sum()
        rates.append(false / max(selected.sum(), 1))
    assert np.mean(rates) < 0.05 + 3 * np.std(rates) / np.sqrt(40)
    assert share > 0 or np.mean(rates) < 0.05


def groups_of_rows(changed, parts=6, rows=80):
    """Fits of three groups of a band; in the third, one link has the other sign or none has.

    Parameters
    ----------
    changed : bool
    parts, rows : int
    """
    rng = np.random.default_rng(5)
    precision = np.eye(parts) + np.diag(np.full(parts - 1, -0.4), 1)
    precision = np.triu(precision) + np.triu(precision, 1).T
    fits, frames = {}, []
    names = [f"p{k}" for k in range(parts)]
    for name in "abc":
        here = precision.copy()
        if changed and name == "c":
            here[0, 1] = here[1, 0] = 0.4
        root = np.linalg.cholesky(np.linalg.inv(here))
        logs = rng.standard_normal((rows, parts)) @ root.T
        frame = pd.DataFrame(np.exp(logs), columns=names).assign(group=name)
        frames.append(frame)
        data = cs.Composition.from_frame(frame, parts=names)
        fits[name] = cs.fit(MATCHING, data, seed=1, progress=False)
    whole = cs.Composition.from_frame(
        pd.concat(frames, ignore_index=True), parts=names, covariates="group"
    )
    return fits, whole


@pytest.fixture(scope="module")
def alike():
    return groups_of_rows(changed=False)


def test_pooling_wholly_is_one_fit_of_all_rows_centred_in_each_group(alike):
    fits, whole = alike
    together = cs.fit(MATCHING, whole, seed=1, progress=False)
    expected = together.effect("partial_correlation").numbers()
    pooled = cs.pool_groups(fits, scale=0.0).answers["b"].numbers()
    assert (np.abs(pooled["mean"] - expected["mean"]) / expected["sd"]).max() < 0.35
    np.testing.assert_allclose(pooled["sd"], expected["sd"], rtol=0.12)
    apart = cs.pool_groups(fits, scale=100.0).answers["b"].numbers()
    alone = fits["b"].effect("partial_correlation").numbers()
    assert (np.abs(apart["mean"] - alone["mean"]) / alone["sd"]).max() < 0.15


def test_pooled_groups_say_which_pair_differs_between_which(alike):
    fits, _ = groups_of_rows(changed=True)
    pooled = cs.pool_groups(fits)
    table = pooled.decide()
    selected = table.index[table["selected"]].tolist()
    assert set(selected) == {("a - c", "p0 ~ p1"), ("b - c", "p0 ~ p1")}
    assert not cs.pool_groups(alike[0]).decide()["selected"].any()
    assert cs.pool_groups(alike[0]).share_different < pooled.share_different
    alone = fits["a"].effect("partial_correlation").numbers()["sd"]
    assert (pooled.answers["a"].numbers()["sd"] < alone).mean() > 0.8


def test_groups_that_cannot_be_pooled_are_refused(alike):
    fits, _ = alike
    with pytest.raises(cs.ModelError, match="two groups or more"):
        cs.pool_groups({"a": fits["a"]})
    with pytest.raises(cs.ModelError, match="'partial_correlation' or 'excess'"):
        cs.pool_groups(fits, "r_squared")
    shrunk = cs.fit(
        cs.PartialCorrelation(prior="invariant"), fits["a"].data, seed=1, progress=False
    )
    with pytest.raises(cs.ModelError, match="shrunk twice"):
        cs.pool_groups({"a": fits["a"], "b": shrunk})
    fewer = cs.fit(
        MATCHING,
        fits["a"].data.subcomposition(["p0", "p1", "p2"]),
        seed=1,
        progress=False,
    )
    with pytest.raises(cs.ModelError, match="same pairs in every group"):
        cs.pool_groups({"a": fits["a"], "b": fewer})
    assert isinstance(cs.pool_groups(fits).pooled, Pooled)


def test_groups_with_rows_in_common_are_refused(alike):
    fits, _ = alike
    with pytest.raises(cs.ModelError, match="80 of 80 rows that are in 'a' and in 'b'"):
        cs.pool_groups({"a": fits["a"], "b": fits["a"]})


def test_two_sites_of_the_same_subjects_are_a_caution():
    rng = np.random.default_rng(1)
    own, fits = rng.standard_normal((50, 4)), {}
    for site in ("gut", "mouth", "skin"):
        shared = 0.0 if site == "skin" else 1.0
        rows = np.exp(shared * own + 0.7 * rng.standard_normal((50, 4)))
        frame = pd.DataFrame(rows, columns=list("abcd"))
        data = cs.Composition.from_frame(frame, parts=list("abcd"))
        model = cs.PartialCorrelation(prior="matching")
        fits[site] = cs.fit(model, data, seed=1, progress=False)
    pooled = cs.pool_groups(fits)
    assert "'gut' and of 'mouth'" in pooled.answers["skin"].warnings[0]
    assert pooled.decide()["doubts"].str.contains("groups of other subjects").all()
    apart = cs.pool_groups({name: fits[name] for name in ("gut", "skin")})
    assert "groups of other subjects" not in str(apart.answers["gut"].doubts)
    assert not apart.decide()["doubts"].str.contains("groups of other subjects").any()


def unlike(rows, seed):
    """Fits of three groups of 6 parts, each linked with the next, without two links in the last."""
    rng = np.random.default_rng(seed)
    fits = {}
    for group in "abc":
        links = np.where((np.arange(5) < 2) & (group == "c"), 0.0, -0.4)
        precision = np.eye(6) + np.diag(links, 1) + np.diag(links, -1)
        root = np.linalg.cholesky(np.linalg.inv(precision))
        logs = rng.standard_normal((rows, 6)) @ root.T
        frame = pd.DataFrame(np.exp(logs), columns=list("uvwxyz"))
        data = cs.Composition.from_frame(frame, parts=list("uvwxyz"))
        sampler = cs.Exact(chains=1, draws=500)
        fits[group] = cs.fit(MATCHING, data, seed=1, sampler=sampler, progress=False)
    return fits


def small_differences(answer):
    name = "small differences between groups"
    return next((check for check in answer.doubts if check.name == name), None)


def test_pooled_groups_say_which_differences_their_rows_show():
    """Where links of .4 are gone in one of three groups of 60 rows, none is seen."""
    fits = unlike(60, seed=1)
    pooled = cs.pool_groups(fits)
    doubt = small_differences(pooled.answers["c"].minus(pooled.answers["a"], "c - a"))
    scores = [np.arctanh(each.effect("excess").draws) for each in fits.values()]
    error = np.sqrt(2) * np.mean([score.std(("chain", "draw")) for score in scores])
    assert doubt.passed is None and 0.4 < doubt.value < 0.6
    assert doubt.value == pytest.approx(np.tanh(2.8 * error), rel=0.15)
    assert small_differences(cs.pool_groups(unlike(2000, seed=1)).answers["c"]) is None
    apart = cs.pool_groups(fits, scale=10.0).answers["c"]
    assert small_differences(apart) is None


def test_a_group_of_few_rows_decides_which_differences_are_shown():
    large, small = unlike(2000, seed=1), unlike(40, seed=2)
    mixed = cs.pool_groups({"a": large["a"], "b": small["b"], "c": large["c"]})
    assert "'b'" in small_differences(mixed.answers["a"]).finding
