"""Samples that were measured more than once, and parts whose share falls as more is counted."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.numerics.compositions.depth_dependence import depth_dependence
from causalstats.numerics.compositions.replicate_rows import replicates
from tests.samplers.near_the_start import NearTheStart

REPLICATES = "no replicates among the rows"
DEPTH = "composition independent of depth"


def counted(logs, depths, rng, **columns):
    pairs = zip(depths.astype(int), np.exp(logs), strict=True)
    counts = np.array([rng.multinomial(n, p / p.sum()) for n, p in pairs])
    parts = [f"p{k}" for k in range(counts.shape[1])]
    frame = pd.DataFrame(counts, columns=parts).assign(**columns)
    covariates = " + ".join(columns) or None
    return cs.Composition.from_frame(
        frame, parts=parts, zeros="counts", covariates=covariates
    )


def checks_of(data):
    checks = cs.PartialCorrelation(prior="shrunk").data_checks(data)
    return {check.name: check for check in checks}


@pytest.mark.parametrize("each", [2, 3, 6])
def test_samples_measured_more_than_once_are_seen_in_any_order(each):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        samples = rng.normal(0, 0.5, (60 // each, 6))
        rows = rng.permutation(np.repeat(np.arange(len(samples)), each))
        data = counted(samples[rows], rng.integers(2000, 6000, len(rows)), rng)
        check = checks_of(data)[REPLICATES]
        assert check.passed is False and check.assumption == "independent rows"
        named = [int(word) for word in check.finding.split() if word.isdigit()]
        assert rows[named[0]] == rows[named[1]]


@pytest.mark.parametrize("tails", [3, 100])
def test_independent_rows_are_seldom_taken_for_replicates(tails):
    """Rows with heavy tails, in which those in the middle are crowded, too."""
    alarms = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        rows = rng.standard_t(tails, (40, 4)) @ rng.normal(size=(4, 4))
        alarms += replicates(rows, np.ones((40, 1)), rng)[0] <= 0.005
    assert alarms <= stats.binom.ppf(0.999, 12, 0.01)


def test_copies_of_rows_of_counts_are_seen():
    rng = np.random.default_rng(1)
    once = counted(rng.normal(0, 0.5, (40, 6)), rng.integers(500, 900, 40), rng)
    assert "no row twice" not in checks_of(once)
    frame = pd.concat([once.source, once.source]).sample(frac=1, random_state=1)
    twice = cs.Composition.from_frame(frame, parts=once.parts, zeros="counts")
    assert checks_of(twice)["no row twice"].passed is False


def contaminated(rng, rows=60):
    amounts = np.exp(rng.normal(0, 0.5, (rows, 6)))
    depths = np.exp(rng.normal(8, 0.9, rows)) + 50
    amounts[:, 4:] = 0.3 * amounts[:, 4:] + 0.5 * np.median(depths) / depths[:, None]
    return np.log(amounts), depths


def test_contaminants_are_named_and_the_answer_carries_the_caution():
    rng = np.random.default_rng(1)
    data = counted(*contaminated(rng), rng)
    check = checks_of(data)[DEPTH]
    assert check.passed is None and check.caution
    assert "'p4' falls" in check.finding or "'p5' falls" in check.finding
    fit = cs.fit(
        cs.PartialCorrelation(prior="shrunk"),
        data,
        sampler=NearTheStart(),
        seed=1,
        progress=False,
    )
    assert DEPTH in [doubt.name for doubt in fit.effect("partial_correlation").doubts]


def test_contaminants_are_seen_within_a_group_that_is_counted_less():
    for seed in range(4):
        rng = np.random.default_rng(seed)
        logs, depths = contaminated(rng)
        group = (depths < np.median(depths)).astype(float)
        check = checks_of(counted(logs, depths, rng, group=group))[DEPTH]
        assert check.passed is None


@pytest.mark.parametrize("rare", [0.0, -2.0])
def test_rows_counted_less_alone_are_no_contamination(rare):
    """Zeros and small counts of rare parts go with depth, their rarefied ones do not."""
    alarms = 0
    for seed in range(15):
        rng = np.random.default_rng(seed)
        depths = np.exp(rng.normal(7, 1, 50)) + 30
        amounts = np.exp(rng.normal(0, 0.5, (50, 6)) + np.linspace(2, rare, 6))
        pairs = zip(depths.astype(int), amounts, strict=True)
        counts = np.array([rng.multinomial(n, p / p.sum()) for n, p in pairs])
        alarms += depth_dependence(counts, np.ones((50, 1)), rng)[0] <= 0.005
    assert alarms <= stats.binom.ppf(0.999, 15, 0.01)
