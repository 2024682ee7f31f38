"""Batches, absent taxa, totals among the parts, links read from excess.

Each has a check of its own.
"""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.partial_correlation.data_checks import (
    data_checks,
    groups_of_rows,
    sums_among_parts,
)
from causalstats.models.partial_correlation.observation.measurement_checks import (
    absent_parts,
)


def composed(values, **options):
    names = [f"part{k}" for k in range(values.shape[1])]
    extra = {name: options.pop(name) for name in ("batch", "who") if name in options}
    frame = pd.DataFrame(values, columns=names).assign(**extra)
    return cs.Composition.from_frame(frame, parts=names, **options)


def amounts(seed, rows=60, parts=8, shifted=0, by=1.5):
    rng = np.random.default_rng(seed)
    batch = rng.random(rows) < 0.5
    logs = rng.normal(0, 0.5, (rows, parts))
    logs[:, :shifted] += by * batch[:, None]
    return np.exp(logs), batch


def counted(seed, absent=0.0, rows=60, depth=1500):
    rng = np.random.default_rng(seed)
    shares = np.exp(rng.normal([2, 1, 0, 0, -1], 0.7, (rows, 5)))
    shares[:, 2:4] *= rng.random((rows, 2)) >= absent
    depths = np.exp(rng.normal(np.log(depth), 1, rows)).astype(int) + 20
    drawn = [
        rng.multinomial(n, p / p.sum()) for n, p in zip(depths, shares, strict=True)
    ]
    return composed(np.array(drawn), zeros="counts")


def share(check, made):
    checks = [check(each) for each in made]
    return np.mean([each is not None and each.passed is False for each in checks])


@pytest.mark.parametrize(("shifted", "by"), [(3, 2.5), (1, 4.6)])
def test_batches_are_seen_and_gone_once_they_are_named(shifted, by):
    """A shift of three of eight parts, and a unit that is a hundred times as large in half the
    rows.
    """
    seen, named = [], []
    for seed in range(6):
        values, batch = amounts(seed, shifted=shifted, by=by)
        seen.append(composed(values))
        named.append(
            composed(values, batch=np.where(batch, "b", "a"), covariates="batch")
        )
    assert share(groups_of_rows, seen) >= 5 / 6
    assert share(groups_of_rows, named) <= 1 / 6


def test_the_batch_check_is_among_those_on_the_answer():
    values, _ = amounts(3, shifted=3, by=3.0)
    fit = cs.fit(
        cs.PartialCorrelation(prior="invariant"),
        composed(values),
        seed=1,
        progress=False,
    )
    answer = fit.effect("excess")
    assert "one group of rows" in [check.name for check in answer.doubts]
    assert "`covariates=`" in answer.text()


@pytest.mark.parametrize("depth", [300, 1500, 20_000])
def test_absent_taxa_are_told_from_rare_ones(depth):
    assert (
        share(absent_parts, [counted(seed, 0.2, depth=depth) for seed in range(5)]) == 1
    )
    rare = [counted(seed, depth=depth / 20) for seed in range(5)]
    assert share(absent_parts, rare) <= 0.2  # one of five at most: 1 % nominal


def test_a_table_with_absent_taxa_says_which():
    checks = {
        check.name: check
        for check in cs.PartialCorrelation(prior="shrunk").data_checks(counted(1, 0.25))
    }
    assert checks["counted often"].passed is False
    assert (
        "part2" in checks["counted often"].finding
        and "part3" in checks["counted often"].finding
    )
    assert "part0" not in checks["counted often"].finding


@pytest.mark.parametrize("digits", [None, 2])
@pytest.mark.parametrize("terms", [(0, 1), (1, 2, 4), range(5)])
def test_a_total_among_the_parts_is_named(digits, terms):
    rng = np.random.default_rng(2)
    values = np.exp(rng.normal(2, 0.5, (50, 5)))
    total = values[:, list(terms)].sum(axis=1, keepdims=True)
    table = np.hstack([values, total])
    check = sums_among_parts(composed(table if digits is None else table.round(digits)))
    assert check.passed is False
    assert check.finding == "part5 is " + " + ".join(f"part{k}" for k in terms)
    assert sums_among_parts(composed(values)).passed is True


@pytest.mark.parametrize("parts", [4, 8, 15])
def test_excess_among_few_parts_says_that_it_is_no_list_of_links(parts):
    values, _ = amounts(1, parts=parts)
    fit = cs.fit(
        cs.PartialCorrelation(prior="invariant"),
        composed(values),
        seed=1,
        progress=False,
    )
    answer = fit.effect("excess")
    assert "a link leaves an excess of order 1/D in other pairs" in answer.description
    caution = next(
        check for check in answer.doubts if check.name.startswith("excess of pairs")
    )
    assert (
        caution.value == pytest.approx(1 / parts)
        and "basis_correlation" in caution.remedy
    )
    assert "basis_correlation" in cs.PartialCorrelation(prior="sparse").estimands()


def test_among_many_parts_a_link_leaves_little_elsewhere():
    values, _ = amounts(1, parts=30)
    fit = cs.fit(
        cs.PartialCorrelation(prior="invariant"),
        composed(values),
        seed=1,
        progress=False,
    )
    assert not [
        c for c in fit.effect("excess").doubts if c.name.startswith("excess of pairs")
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "parts"), [(30, 5), (60, 8), (150, 25)])
def test_one_group_of_rows_is_rarely_taken_for_two(rows, parts):
    made = [composed(amounts(seed, rows, parts)[0]) for seed in range(200)]
    assert share(groups_of_rows, made) <= 0.035  # 1 % nominal; .9995 binomial quantile


@pytest.mark.slow
@pytest.mark.parametrize("depth", [30, 100, 1000])
def test_rare_taxa_are_rarely_taken_for_absent(depth):
    made = [counted(seed, depth=depth) for seed in range(200)]
    assert share(absent_parts, made) <= 0.035


@pytest.mark.slow
def test_batches_are_seen_in_four_data_sets_of_five():
    made = [composed(amounts(seed, shifted=3, by=1.5)[0]) for seed in range(60)]
    assert share(groups_of_rows, made) > 0.8 - 3 * np.sqrt(0.8 * 0.2 / 60)


@pytest.mark.parametrize(("rows", "cautioned"), [(30, True), (60, False)])
def test_too_few_rows_to_see_groups_are_said(rows, cautioned):
    checks = cs.PartialCorrelation(prior="shrunk").data_checks(
        composed(amounts(1, rows=rows)[0])
    )
    cautions = [check for check in checks if check.name == "rows enough to see groups"]
    assert bool(cautions) is cautioned
    groups = next(check for check in checks if check.name == "one group of rows")
    assert "show only groups that lie far apart" in groups.finding


@pytest.mark.slow
def test_the_average_over_mixtures_sees_a_common_shift_of_three_linked_parts():
    """250 rows, parts linked within batches: four data sets of five, within two standard errors."""
    studies = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        precision = np.eye(8)
        precision[0, 1] = precision[1, 0] = -0.6
        root = np.linalg.cholesky(np.linalg.inv(precision)) / 2
        logs = rng.standard_normal((250, 8)) @ root.T
        logs[:, :3] += 1.5 * (rng.random((250, 1)) < 0.5)
        studies.append(composed(np.exp(logs)))
    assert share(groups_of_rows, studies) > 0.8 - 2 * np.sqrt(0.8 * 0.2 / 40)


@pytest.mark.parametrize("kind", ["counted", "rarefied", "shares of a million"])
def test_rates_that_are_read_as_counts_are_seen(kind):
    rng = np.random.default_rng(1)
    shares = np.exp(rng.normal(size=(40, 5)))
    shares /= shares.sum(axis=1, keepdims=True)
    depths = np.full(40, 1000) if kind == "rarefied" else rng.integers(500, 2000, 40)
    counts = np.array(
        [rng.multinomial(n, p) for n, p in zip(depths, shares, strict=True)]
    )
    if kind == "shares of a million":
        counts = np.round(1e6 * counts / depths[:, None]).astype(int)
    checks = {check.name for check in data_checks(composed(counts, zeros="counts"))}
    assert ("counts as they were counted" in checks) is (kind == "shares of a million")
