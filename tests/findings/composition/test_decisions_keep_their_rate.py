"""`decide(fdr=)` keeps its rate of false discoveries.

Flat priors, groups of one population, entries of any model.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import causalstats as cs
from causalstats.numerics.testing.false_discovery import q_values, tail_probability

pytestmark = pytest.mark.usefixtures("without_hidden_groups")


def composed(logs):
    names = [f"part {k}" for k in range(logs.shape[1])]
    return cs.Composition.from_frame(
        pd.DataFrame(np.exp(logs), columns=names), parts=names
    )


def fitted(prior, logs, seed, sampler=None):
    model = cs.PartialCorrelation(prior=prior)
    return cs.fit(model, composed(logs), seed=seed, sampler=sampler, progress=False)


def effect_of(values):
    """An answer with one row of draws an entry."""
    draws = xr.DataArray(
        values.T[None], dims=("chain", "draw", "unit"), name="x"
    ).assign_coords(unit=[f"e{k}" for k in range(len(values))])
    return cs.Effect(
        name="x",
        draws=draws,
        description="x.",
        unit="",
        contrast="none",
        kind="associational",
        assumptions=(),
    )


def test_rare_tails_are_close_to_those_of_the_distribution():
    rng = np.random.default_rng(1)
    normal = rng.standard_normal((200, 4000))
    for value in (-1.0, -2.5, -3.5, -4.5):
        ratio = np.median(tail_probability(normal, value)) / stats.norm.cdf(value)
        assert 0.9 < ratio < 6
    student = rng.standard_t(10, (200, 4000))
    for value in (-3.0, -5.0):
        ratio = np.median(tail_probability(student, value)) / stats.t.cdf(value, 10)
        assert 0.6 < ratio < 4


@pytest.mark.parametrize("entries", [1, 3, 30, 2000])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5])
def test_the_rate_holds_for_any_number_of_entries(entries, share):
    """Posteriors under a flat prior, by their margins: estimates with a standard error of 1."""
    rng, shares = np.random.default_rng(entries), []
    for _ in range(400):
        truth = np.where(rng.random(entries) < share, rng.normal(0, 3, entries), 0.0)
        estimate = truth + rng.standard_normal(entries)
        chosen = q_values(stats.norm.sf(abs(estimate))) <= 0.05
        wrong = chosen & (np.sign(truth) != np.sign(estimate))
        shares.append(wrong.sum() / max(chosen.sum(), 1))
    assert np.mean(shares) < 0.05 + 3 * np.std(shares) / 20 + 1e-3


def test_no_entry_of_many_is_selected_by_chance_of_its_draws():
    """500 units without an effect, each with its own flat posterior: as many false as asked for."""
    selections = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        estimate = rng.standard_normal((500, 1))
        effect = effect_of(estimate + rng.standard_normal((500, 1000)))
        selections += effect.decide()["selected"].any()
    assert selections <= 4  # P(5 or more of 20 at 5 %) is .003


def test_decisions_are_sorted_and_bounded_by_the_rate():
    rng = np.random.default_rng(3)
    table = effect_of(
        rng.normal(0, 1, (40, 1000)) + np.r_[np.full(4, 8.0), np.zeros(36)][:, None]
    )
    table = table.decide(rope=0.5, fdr=0.1)
    assert set(table.index[table["selected"]]) == {"e0", "e1", "e2", "e3"}
    assert (
        table["error"].is_monotonic_increasing
        and table["q_value"].is_monotonic_increasing
    )
    assert (table["selected"] == (table["q_value"] <= 0.1)).all()


@pytest.mark.parametrize(("parts", "seed"), [(7, 5), (7, 6), (12, 7)])
def test_partial_correlations_are_decided_beyond_closure(seed, parts):
    """Independent amounts.

    Closure makes r = 1 / (D - 1), and neither table nor text finds links.
    """
    logs = np.random.default_rng(seed).normal(0, 0.5, (120, parts))
    fit = fitted("invariant", logs, seed)
    effect = fit.effect("partial_correlation")
    table = effect.decide(rope=0.1)
    assert not table["selected"].any() and (table["positive"] > 0.5).mean() > 0.9
    expected = fit.effect("excess").decide(rope=0.1)
    pd.testing.assert_series_equal(table["error"], expected["error"])
    size = parts * (parts - 1) // 2
    assert f"0 of {size} pairs of parts are linked beyond what closure" in effect.text()
    assert f"about {0.05 * size:.2g} would without any link" in effect.text()
    assert "one link moves other pairs too" in effect.text()


def without_links(seed, rows=80):
    """Two groups of parts without a link, of which two vary less in the second."""
    rng = np.random.default_rng(seed)
    one, other = rng.normal(0, 0.4, (2, rows, 6))
    other[:, :2] *= 0.3
    return fitted("matching", one, 1), fitted("matching", other, 1)


def test_a_difference_of_groups_is_decided_by_that_of_the_excess():
    """Parts that vary less have a larger partial correlation by closure, and no link."""
    selected = 0
    for seed in range(4):
        one, other = without_links(seed)
        name = "partial_correlation"
        difference = one.effect(name).minus(other.effect(name), contrast="one - other")
        excess = one.effect("excess").minus(other.effect("excess"), contrast="")
        table, expected = difference.decide(), excess.decide()
        interval = difference.numbers().loc["part 0 ~ part 1"]
        assert interval["upper"] < 0 and (table["negligible"] == 0).all()
        pd.testing.assert_series_equal(table["error"], expected["error"])
        assert (
            "`decide` is about the difference of the excess" in difference.description
        )
        selected += table["selected"].any()
        combined = difference.linear_combination({"part 0 ~ part 1": 1.0}).decide()
        assert combined["excess"].iloc[0] == pytest.approx(
            table.loc["part 0 ~ part 1", "excess"]
        )
    assert selected <= 2  # P(3 or more of 4 at 5 %) is .0005


def test_pooled_groups_do_not_differ_where_only_their_variances_do():
    selected = 0
    for seed in range(5):
        groups = dict(zip(["one", "other"], without_links(seed), strict=True))
        pooled = cs.pool_groups(groups)
        selected += pooled.decide()["selected"].any()
        assert pooled.share_different == pooled.excess.share_different
        assert pooled.excess.excess is None
    assert selected <= 2  # P(3 or more of 5 at 5 %) is .001


def test_a_difference_leaves_undetermined_what_one_of_the_two_does():
    rng = np.random.default_rng(1)
    one, other = (effect_of(rng.normal(mean, 0.1, (3, 400))) for mean in (2.0, 9.0))
    one = replace(one, determined=lambda: np.array([True, False, True]))
    other = replace(other, determined=lambda: np.array([True, True, False]))
    for answer in (one.minus(other, "one - other"), other.minus(one, "other - one")):
        table = answer.decide()
        assert table["selected"].to_dict() == {"e0": True, "e1": False, "e2": False}
    assert not one.linear_combination({"e0": 1, "e1": 1}).decide()["selected"].any()
    assert one.linear_combination({"e0": 1, "e2": 1}).decide()["selected"].all()


@pytest.mark.slow
@pytest.mark.parametrize("rope", [0.0, 0.1])
@pytest.mark.parametrize("prior", ["matching", "invariant"])
@pytest.mark.parametrize(("parts", "rows"), [(8, 40), (5, 25), (14, 60)])
def test_without_links_one_data_set_in_twenty_has_a_selection(prior, parts, rows, rope):
    selections = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        logs = rng.normal(0, 1, (rows, parts)) * np.exp(rng.normal(0, 0.6, parts)) / 2
        fit = fitted(prior, logs, seed, cs.Exact(chains=2, draws=2000))
        selections += bool(fit.effect("excess").decide(rope=rope)["selected"].any())
    assert selections <= stats.binom.ppf(0.999, 200, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("prior", ["matching", "invariant", "shrunk"])
@pytest.mark.parametrize(("large", "small"), [(152, 30), (60, 60)])
def test_groups_of_one_population_rarely_differ(prior, large, small):
    # Six parts of which two pairs are linked.
    size = 200 if prior != "shrunk" else 100
    selections = 0
    mix = np.eye(6)
    mix[0, 1] = mix[2, 3] = 0.9
    for seed in range(size):
        rng = np.random.default_rng(seed)
        one, other = (
            fitted(prior, rng.normal(0, 0.5, (rows, 6)) @ mix, seed).effect("excess")
            for rows in (large, small)
        )
        difference = one.minus(other, contrast="large less small")
        selections += bool(difference.decide()["selected"].any())
    assert selections <= stats.binom.ppf(0.999, size, 0.05)
