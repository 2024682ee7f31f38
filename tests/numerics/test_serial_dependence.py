"""Tests of serial dependence in the order of rows, of copies, and of values as recorded."""

import numpy as np
import pytest

from causalstats.numerics.testing.recorded_values import missing_code, piled_up_extreme
from causalstats.numerics.testing.serial_dependence import (
    is_sorted,
    repeated_rows,
    serial_dependence,
)

LEVEL = 0.01


def rejected(draw, data_sets: int = 300) -> float:
    scores = [draw(np.random.default_rng(seed)) for seed in range(data_sets)]
    tests = [serial_dependence(each - each.mean(axis=0)) for each in scores]
    return float(np.mean([test is not None and test.p < LEVEL for test in tests]))


def heavy(rng):
    return rng.standard_t(3, (200, 2))


def sorted_by_their_scale(rng):
    return np.linspace(0.5, 3, 300)[:, None] * rng.normal(size=(300, 1))


@pytest.mark.parametrize("draw", [heavy, sorted_by_their_scale])
def test_independent_scores_are_rejected_no_more_often_than_the_level(draw):
    assert rejected(draw) <= LEVEL + 3 * np.sqrt(LEVEL / 300)


def clusters(rng):
    return np.repeat(rng.normal(size=(30, 1)), 10, axis=0) + rng.normal(size=(300, 1))


def drift(rng):
    return np.linspace(-0.7, 0.7, 400)[:, None] + rng.normal(size=(400, 1))


@pytest.mark.parametrize("draw", [clusters, drift])
def test_clusters_and_drifts_are_seen(draw):
    assert rejected(draw, 50) >= 0.9


def test_scores_that_one_row_outweighs_are_not_tested():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(300, 1))
    scores[0] = 5000
    scores -= scores.mean()
    assert serial_dependence(scores) is None


def test_the_statistic_of_lag_one_is_that_of_the_formula():
    scores = np.random.default_rng(2).normal(size=(60, 1))
    test = serial_dependence(scores)
    s = scores[:, 0]
    assert test.autocorrelation == pytest.approx((s[1:] * s[:-1]).sum() / (s**2).sum())


def test_few_scores_or_none_are_not_tested():
    assert serial_dependence(np.ones((10, 1))) is None
    assert serial_dependence(np.zeros((100, 1))) is None


def test_sorted_columns_are_known():
    values = np.random.default_rng(3).normal(size=100)
    assert not is_sorted(values)
    assert is_sorted(np.sort(values)) and is_sorted(-np.sort(values))
    assert is_sorted(np.concatenate([np.sort(values), np.sort(values)]))
    assert is_sorted(np.repeat([0, 1], 50)) and not is_sorted(np.tile([0, 1], 50))


def test_copies_are_counted_and_rounded_values_are_by_chance():
    rng = np.random.default_rng(4)
    values = rng.normal(size=(100, 3))
    repeated, by_chance = repeated_rows(np.vstack([values, values[:30]]))
    assert repeated == 30 and by_chance < 1
    rounded = np.round(rng.normal(size=(2000, 2)) * 8)
    repeated, by_chance = repeated_rows(rounded)
    assert repeated > 100 and by_chance > repeated / 10
    assert repeated == len(rounded) - len(np.unique(rounded, axis=0))
    assert repeated_rows(rng.integers(0, 5, (500, 2))) == (0, 0.0)


@pytest.mark.parametrize("code", [-9.0, 99.0, 999.0, -999.0])
def test_codes_far_from_all_values_are_found(code):
    values = np.random.default_rng(5).normal(size=200)
    values[:10] = code
    assert missing_code(values) == (code, 0.05, True)


def test_codes_within_the_range_are_told_by_their_frequency_and_missing_values_passed_over():
    values = np.random.default_rng(5).normal(0, 8, 300)
    values[:12] = -9.0
    assert missing_code(values) == (-9.0, 0.04, False)
    assert missing_code(np.append(values, np.nan)) == (-9.0, 0.04, False)
    assert missing_code(np.round(values)) is None
    assert missing_code(np.where(values == -9.0, -9.5, values)) is None


@pytest.mark.parametrize(
    "values", [np.arange(100.0), np.random.default_rng(6).normal(50, 20, 500)]
)
def test_values_of_a_scale_that_reaches_codes_are_none(values):
    values = np.concatenate([values, [99.0] * 5])
    assert missing_code(values) is None


def test_censoring_is_seen_and_counts_are_not():
    rng = np.random.default_rng(7)
    values = rng.normal(size=400)
    share = (values <= 0).mean()
    assert piled_up_extreme(np.maximum(values, 0))[:2] == (0, pytest.approx(share))
    assert piled_up_extreme(np.minimum(values, 1)).value == 1
    assert piled_up_extreme(values) is None
    assert piled_up_extreme(rng.poisson(8, 400)) is None
    assert piled_up_extreme(rng.integers(0, 2, 400)) is None


def test_rows_are_counted_as_often_as_they_repeat_an_earlier_one():
    rng = np.random.default_rng(5)
    values = np.column_stack([rng.integers(0, size, 4000) for size in (30, 40, 50, 2)])
    repeated, by_chance = repeated_rows(values)
    pairs = 4000 * 3999 / 2 / (30 * 40 * 50)
    assert repeated == 4000 - len(np.unique(values, axis=0))
    assert by_chance == pytest.approx(pairs, rel=0.1)
    assert repeated_rows(values[:, :1]) == (0, 0.0)
