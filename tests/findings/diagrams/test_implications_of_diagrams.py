"""Independences and inequalities that a diagram implies are tested at the level that is said.

Right diagrams make the data, with sparse strata, rare events, and instruments near the boundary
of the instrumental inequalities; wrong ones lack an arrow.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalstats as cs
from causalstats.models.causal_diagram.checks.conditional_independence_tests import (
    approximate_p,
    generalised_covariance_p,
    monte_carlo_p,
    tables_by_stratum,
    tables_with_same_margins,
)
from causalstats.models.causal_diagram.checks.implied_independences import (
    implied_independences,
)
from causalstats.models.causal_diagram.checks.instrumental_inequalities import (
    instrumental_inequalities,
)

SPARSE = cs.CausalDiagram("a, b, c -> d; a, b, c -> e", treatment="a", outcome="e")
INSTRUMENT = cs.CausalDiagram("z -> x -> y; x <-> y", treatment="x", outcome="y")


def sparse(rng, rows, levels, direct=0.0):
    """Return three labels and two that they act on.

    Parameters
    ----------
    rng : numpy Generator
    rows, levels : int
    direct : float
        The share of e that is copied from d.
    """
    causes = np.column_stack(
        [rng.choice(levels, rows, p=rng.dirichlet(np.ones(levels)))] * 3
    )
    for column in (1, 2):
        causes[:, column] = rng.choice(levels, rows, p=rng.dirichlet(np.ones(levels)))
    d, e = (
        np.array([rng.choice(levels, p=table[tuple(row)]) for row in causes])
        for table in rng.dirichlet(np.ones(levels), (2, levels, levels, levels))
    )
    e = np.where(rng.random(rows) < direct, d, e)
    return pd.DataFrame({**dict(zip("abc", causes.T, strict=True)), "d": d, "e": e})


def instrument(rng, rows, levels, direct=0.0):
    """Return a study centre as instrument, with nearly everybody treated.

    Parameters
    ----------
    rng : numpy Generator
    rows, levels : int
    direct : float
        The effect of the first centre on the outcome, which violates exclusion.
    """
    u = rng.integers(0, 2, rows)
    z = rng.integers(0, levels, rows)
    x = (rng.random(rows) < np.where(z == 0, 0.8, 0.95)).astype(int)
    y = (rng.random(rows) < 0.2 + 0.2 * x + 0.1 * u + direct * (z == 0)).astype(int)
    return pd.DataFrame({"z": z, "x": x, "y": y})


def failed(checks):
    return any(check.passed is False for check in checks)


def at_most(failures, sets, level):
    """Return whether so many failures are in accord with a level.

    Parameters
    ----------
    failures, sets : int
    level : float
    """
    return failures <= stats.binom.ppf(0.999, sets, level)


def test_tables_with_the_same_margins_have_them():
    rng = np.random.default_rng(1)
    table = rng.poisson(2.0, (5, 3, 4)).astype(float) + 1
    drawn = tables_with_same_margins(table, 2000, rng)
    np.testing.assert_array_equal(
        drawn.sum(axis=2), np.broadcast_to(table.sum(axis=1), (2000, 5, 4))
    )
    np.testing.assert_array_equal(
        drawn.sum(axis=3), np.broadcast_to(table.sum(axis=2), (2000, 5, 3))
    )
    expected = (
        table.sum(axis=2)[:, :, None]
        * table.sum(axis=1)[:, None]
        / table.sum(axis=(1, 2))[:, None, None]
    )
    error = drawn.std(axis=0) / np.sqrt(2000)
    assert (abs(drawn.mean(axis=0) - expected) < 5 * error + 1e-9).all()


def test_the_monte_carlo_p_value_of_one_table_is_fishers():
    """With one stratum of two by two, the exact conditional test is Fisher's."""
    table = np.array([[[8.0, 2.0], [1.0, 5.0]]])
    exact = stats.fisher_exact(table[0])[1]
    p = monte_carlo_p(table, 20_000, np.random.default_rng(2))
    assert abs(p - exact) < 0.35 * exact


@pytest.mark.parametrize("shape", [(40, 2, 2), (6, 3, 4), (1, 2, 5)])
def test_p_values_by_moments_hold_their_level_in_sparse_strata(shape):
    rng = np.random.default_rng(3)
    cells = rng.multinomial(
        6 * shape[0], np.full(int(np.prod(shape)), 1 / np.prod(shape))
    )
    codes = [axis.ravel() for axis in np.indices(shape)]
    table = tables_by_stratum(
        codes[1], codes[2], codes[0][:, None], cells.astype(float)
    )
    p = approximate_p(tables_with_same_margins(table, 3000, rng))
    assert (p < 0.05).mean() < 0.07
    assert (p < 0.01).mean() < 0.02


def test_covariances_of_residuals_hold_their_level_with_unequal_variances():
    rng = np.random.default_rng(4)
    p = []
    for _ in range(400):
        z = rng.normal(size=(150, 1))
        given = np.hstack([np.ones((150, 1)), z])
        one, other = (np.exp(z / 2) * rng.normal(size=(150, 1)) for _ in range(2))
        p.append(generalised_covariance_p(one + z, other - z, given))
    assert abs((np.array(p) < 0.1).mean() - 0.1) < 4 * np.sqrt(0.1 * 0.9 / 400)


@pytest.mark.parametrize(("rows", "levels"), [(500, 4), (200, 3)])
def test_a_right_diagram_is_seldom_contradicted_in_sparse_tables(rows, levels):
    rng = np.random.default_rng(rows)
    sets = 12
    failures = sum(
        failed(
            implied_independences(
                SPARSE, cs.Observations.from_frame(sparse(rng, rows, levels))
            )
        )
        for _ in range(sets)
    )
    assert at_most(failures, sets, 0.01)


def test_a_missing_arrow_is_found_in_sparse_tables():
    rng = np.random.default_rng(9)
    detected = [
        failed(
            implied_independences(
                SPARSE, cs.Observations.from_frame(sparse(rng, 600, 3, direct=0.4))
            )
        )
        for _ in range(5)
    ]
    assert sum(detected) >= 4


@pytest.mark.parametrize(("rows", "levels"), [(300, 4), (400, 3)])
def test_a_valid_instrument_near_the_boundary_is_seldom_contradicted(rows, levels):
    rng = np.random.default_rng(rows)
    sets = 6
    frames = [instrument(rng, rows, levels) for _ in range(sets)]
    failures = sum(
        failed(instrumental_inequalities(INSTRUMENT, cs.Observations.from_frame(f)))
        for f in frames
    )
    assert at_most(failures, sets, 0.01)
    data = cs.Observations.from_frame(frames[0])
    sides = cs.fit(INSTRUMENT, data, seed=1, progress=False).effect("bounds").draws
    assert np.isfinite(sides).all()
    assert (sides[..., 0] <= sides[..., 1] + 1e-9).all()


def test_an_instrument_that_acts_on_the_outcome_is_found():
    rng = np.random.default_rng(11)
    z = rng.integers(0, 2, 800)
    x = (rng.random(800) < 0.9).astype(int)
    y = (rng.random(800) < np.where(z == 1, 0.8, 0.2)).astype(int)
    data = cs.Observations.from_frame(pd.DataFrame({"z": z, "x": x, "y": y}))
    assert failed(instrumental_inequalities(INSTRUMENT, data))


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "levels"), [(500, 4), (200, 4), (1500, 3)])
def test_false_alarms_of_independences(rows, levels):
    rng = np.random.default_rng(rows + 1)
    sets = 200
    failures = sum(
        failed(
            implied_independences(
                SPARSE, cs.Observations.from_frame(sparse(rng, rows, levels))
            )
        )
        for _ in range(sets)
    )
    assert at_most(failures, sets, 0.01)


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "levels"), [(300, 5), (300, 2), (1000, 4)])
def test_false_alarms_of_instrumental_inequalities(rows, levels):
    rng = np.random.default_rng(rows + 2)
    sets = 100
    failures = sum(
        failed(
            instrumental_inequalities(
                INSTRUMENT, cs.Observations.from_frame(instrument(rng, rows, levels))
            )
        )
        for _ in range(sets)
    )
    assert at_most(failures, sets, 0.01)
