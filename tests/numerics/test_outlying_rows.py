"""The farthest row, and zeros of counting that were taken out, against independent calculations."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import optimize, stats

from causalstats.numerics.compositions.outlying_rows import farthest_row
from causalstats.numerics.compositions.sampling_zeros import missing_zeros


def test_in_one_column_the_farthest_row_has_the_bonferroni_p_value_of_statsmodels():
    rng = np.random.default_rng(1)
    design = np.column_stack([np.ones(30), rng.normal(size=30)])
    values = design @ [1.0, 2.0] + rng.normal(size=30)
    values[4] += 4.5
    result = sm.OLS(values, design).fit().outlier_test()
    p, row = farthest_row(values[:, None], design)
    assert row == result[:, 1].argmin() == 4
    assert p == pytest.approx(min(1.0, result[4, 2]), rel=1e-9)


def test_one_normal_study_in_a_hundred_has_an_outlying_row():
    found = [
        farthest_row(
            np.random.default_rng(seed).standard_normal((25, 4)), np.ones((25, 1))
        )[0]
        <= 0.05
        for seed in range(400)
    ]
    assert 10 <= sum(found) <= 32  # binomial, .05 of 400, by 99 %


def test_as_many_rows_as_columns_tell_nothing():
    rows = np.random.default_rng(1).standard_normal((7, 5))
    assert farthest_row(rows, np.ones((7, 1))) is None


def test_too_few_zeros_are_tested_by_the_likelihood_ratio():
    seen = np.array([1, 14, 9])
    counts = np.repeat([0, 1, 2, 5], [*seen, 20])

    def loss(rate):
        return -stats.poisson.logpmf([0, 1, 2], rate) @ seen + seen.sum() * np.log(
            stats.poisson.cdf(2, rate)
        )

    bound = -optimize.minimize_scalar(loss, bounds=(0.01, 20), method="bounded").fun
    free = (seen * np.log(seen / seen.sum())).sum()
    p, expected = missing_zeros(counts)
    assert p == pytest.approx(stats.chi2.sf(2 * (free - bound), 1) / 2, rel=1e-4)
    assert expected == 14 * 13 / (2 * 10)


def test_counts_of_unequal_rates_have_zeros_enough():
    """Overdispersed counts have more zeros than the bound of Chao, never fewer."""
    rng = np.random.default_rng(2)
    assert missing_zeros(rng.poisson(rng.gamma(0.5, 4, 2_000)))[0] == 1.0
