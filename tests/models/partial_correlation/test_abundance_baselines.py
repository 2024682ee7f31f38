"""LinDA and ANCOM-BC beside our differential abundance."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import causalstats as cs
from causalstats.numerics.compositions.bias_corrected_regression import (
    Mixture,
    bias_by_mixture,
    log_components,
    mode,
    regressions,
)

pytestmark = pytest.mark.usefixtures("without_hidden_groups")

PARTS = 16


def two_groups(seed, factor=1.0):
    """Counts of two groups of 20 rows; four of 16 parts rise by 1.5, and the sizes by a factor.

    Parameters
    ----------
    seed : int
    factor : float
        The amounts of all parts in the second group are multiplied by it.
    """
    rng = np.random.default_rng(seed)
    change = np.repeat([1.5, 0.0], [4, PARTS - 4])
    group = np.repeat([0.0, 1.0], 20)
    logs = rng.normal(0, 1, PARTS) + 0.5 * rng.standard_normal((40, PARTS))
    logs += np.outer(group, change) + rng.standard_normal((40, 1))
    values = np.exp(logs) * np.where(group > 0, factor, 1.0)[:, None]
    names = [f"p{k}" for k in range(PARTS)]
    frame = pd.DataFrame(values, columns=names).assign(group=group)
    return cs.Composition.from_frame(frame, parts=names, covariates="group"), change


@pytest.fixture(scope="module")
def fit():
    data, _ = two_groups(1)
    model = cs.PartialCorrelation(prior="matching")
    sampler = cs.Exact(chains=2, draws=500)
    return cs.fit(model, data, seed=1, sampler=sampler, progress=False)


def test_linda_is_the_t_test_of_log_ratios_less_their_mode(fit):
    table = fit.compare(estimand="differential_abundance")
    values = np.log(fit.data.values)
    ratios = values - values.mean(axis=1, keepdims=True)
    test = stats.ttest_ind(ratios[20:], ratios[:20])
    interval = test.confidence_interval(0.95)
    differences = ratios[20:].mean(axis=0) - ratios[:20].mean(axis=0)
    q1, q3 = np.quantile(differences, [0.25, 0.75])
    width = 0.9 * min(differences.std(ddof=1), (q3 - q1) / 1.34) * PARTS**-0.2
    density = stats.gaussian_kde(differences, width / differences.std(ddof=1))
    grid = np.linspace(differences.min(), differences.max(), 20_001)
    bias = grid[density(grid).argmax()]
    assert mode(differences) == pytest.approx(bias, abs=1e-3)
    np.testing.assert_allclose(table["LinDA"], differences - bias, atol=1e-3)
    np.testing.assert_allclose(table["LinDA, lower"], interval.low - bias, atol=1e-3)
    np.testing.assert_allclose(table["LinDA, upper"], interval.high - bias, atol=1e-3)


def test_the_bias_of_ancom_bc_has_the_largest_likelihood():
    rng = np.random.default_rng(3)
    errors = rng.uniform(0.1, 0.3, 60)
    coefficients = 0.7 + errors * rng.standard_normal(60)
    coefficients[:8] += rng.normal(2.0, 0.5, 8)
    coefficients[8:13] -= rng.normal(1.5, 0.5, 5)
    found = bias_by_mixture(coefficients, errors)

    def lost(free):
        shares = np.exp([0.0, free[0], free[1]])
        mixture = Mixture(
            shares / shares.sum(),
            free[2],
            np.array([0.0, -np.exp(free[3]), np.exp(free[4])]),
            np.array([0.0, np.exp(free[5]), np.exp(free[6])]),
            0.0,
        )
        return -np.logaddexp.reduce(log_components(coefficients, errors, mixture)).sum()

    start = np.array([-2.0, -2.0, 0.7, 0.4, 0.7, -1.4, -1.4])
    best = optimize.minimize(
        lost, start, method="Nelder-Mead", options={"maxiter": 9000}
    )
    ours = np.logaddexp.reduce(log_components(coefficients, errors, found)).sum()
    assert ours >= -best.fun - 1e-4
    assert found.bias == pytest.approx(best.x[2], abs=1e-3)
    assert abs(found.bias - 0.7) < 4 * np.sqrt(found.bias_variance)


def test_answers_do_not_depend_on_the_sizes_of_specimens(fit):
    other, _ = two_groups(1, factor=50.0)
    rng = np.random.default_rng(1)
    for name, rule in fit.model.answer_baselines(
        "differential_abundance", fit.data
    ).items():
        theirs = fit.model.answer_baselines("differential_abundance", other)[name]
        np.testing.assert_allclose(rule(rng)[0].mean(), theirs(rng)[0].mean())
    # On the logarithms themselves, every coefficient and the bias move alike.
    matrix = fit.data.matrix
    logs = [regressions(np.log(each.values), matrix) for each in (fit.data, other)]
    one, two = (each.coefficients[1] for each in logs)
    errors = logs[0].errors[1]
    move = two[0] - one[0]
    np.testing.assert_allclose(
        bias_by_mixture(two, errors).bias - bias_by_mixture(one, errors).bias, move
    )


def test_all_three_hold_the_truth_where_few_parts_change(fit):
    _, change = two_groups(1)
    table = fit.compare(estimand="differential_abundance")
    for lower, upper in (
        ("lower", "upper"),
        ("LinDA, lower", "LinDA, upper"),
        ("ANCOM-BC, lower", "ANCOM-BC, upper"),
    ):
        inside = (table[lower] <= change) & (change <= table[upper])
        assert inside.sum() >= PARTS - 3
    assert list(table.index[:2]) == ["p0 on group", "p1 on group"]


def test_other_answers_have_no_other_methods(fit):
    with pytest.raises(cs.ModelError, match="No other method is at hand for 'excess'"):
        fit.compare(estimand="excess")
