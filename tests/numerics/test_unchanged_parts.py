"""The change that unchanged parts share, by a mixture of unchanged and changed parts."""

import numpy as np

from causalstats.numerics.compositions.unchanged_parts import draw_shared_change


def test_intervals_of_the_shared_change_cover_where_changes_go_one_way():
    """A quarter of 40 parts change upwards; their median is drawn along, by .1 here."""
    rng = np.random.default_rng(7)
    inside = []
    medians = []
    for _ in range(20):
        sizes = rng.uniform(0.2, 0.5, 40)
        changes = np.where(np.arange(40) < 10, rng.uniform(0.7, 2.0, 40), 0.0)
        estimates = changes - changes.mean() + sizes * rng.standard_normal(40)
        draws = draw_shared_change(estimates, sizes**2, 100, rng).change
        lower, upper = np.quantile(draws, [0.025, 0.975])
        inside.append(lower <= -changes.mean() <= upper)
        medians.append(np.median(estimates) + changes.mean())
    assert np.sum(inside) >= 16  # 19 expected; below with probability .003
    assert np.mean(medians) > 0.05


def test_what_all_estimates_have_in_common_is_shared_and_units_do_not_matter():
    estimates = np.random.default_rng(2).normal(0, 1, 15)
    variances = np.full(15, 0.1)
    base, moved, scaled = (
        draw_shared_change(values, spread, 50, np.random.default_rng(3))
        for values, spread in (
            (estimates, variances),
            (estimates + 5, variances),
            (10 * estimates, 100 * variances),
        )
    )
    np.testing.assert_allclose(moved.change, base.change + 5, atol=1e-6)
    np.testing.assert_allclose(scaled.change, 10 * base.change, atol=1e-6)
    np.testing.assert_allclose(scaled.changed, base.changed)
