"""The likelihood of regressions with priors and errors of their own.

By dense matrices of the rows, and its derivatives.
"""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats

from causalstats.numerics.panel import ar1_errors as serial
from causalstats.numerics.regression import gram_regression as regression
from causalstats.numerics.regression.gram_regression_ops import gram_given_scales

STARTS = np.array([0, 5, 6, 10])
TIME = np.array([1, 2, 3, 5, 6, 2, 1, 2, 3, 4, 3, 4, 8.0])
ROWS = len(TIME)


def case(seed, aims=2, size=4, rows=30):
    rng = np.random.default_rng(seed)
    columns = rng.standard_normal((rows, size + aims))
    mix = np.tril(rng.standard_normal((aims, aims)), -1) + np.eye(aims)
    sd, factors = rng.uniform(0.5, 2, aims), rng.uniform(-2, 2, (aims, aims, size))
    return columns, mix, sd, factors


def precisions_of(mix, sd):
    return mix[:, :, None] * mix[:, None, :] / sd[:, None, None] ** 2


def correlation(rho):
    """R in units of the innovations, by definition: ρ^|t - s| / (1 - ρ²) within units."""
    unit = np.repeat(np.arange(len(STARTS)), np.diff(STARTS, append=ROWS))
    apart = abs(TIME[:, None] - TIME)
    return np.where(
        unit[:, None] == unit,
        np.sign(rho) ** apart * abs(rho) ** apart / (1 - rho**2),
        0.0,
    ), (unit[:, None] == np.arange(4)).astype(float)


@pytest.mark.parametrize("aims", [2, 3])
def test_the_likelihood_is_that_of_the_rows(aims):
    """Each column with a prior of its own over regressions, by N(vec Y.

    0, Σ ⊗ I + Σ_k F_k F_k' ⊗ φ_k φ_k').
    """
    columns, mix, sd, _ = case(1, aims)
    rng, difference = np.random.default_rng(2), []
    phi, y = columns[:, :4], columns[:, 4:]
    inverse = np.linalg.inv(mix)
    for _ in range(3):
        factors = rng.uniform(-2, 2, (aims, aims, 4))
        whole = np.kron(inverse * sd**2 @ inverse.T, np.eye(30))
        for k in range(4):
            whole += np.kron(
                factors[:, :, k] @ factors[:, :, k].T, np.outer(phi[:, k], phi[:, k])
            )
        dense = stats.multivariate_normal(cov=whole).logpdf(y.T.ravel())
        grams = np.stack([columns.T @ columns] * aims)
        difference.append(
            dense
            - regression.with_derivatives(np, grams, precisions_of(mix, sd), factors)[0]
        )
    np.testing.assert_allclose(difference, difference[0], atol=1e-8)


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "NUMBA", "JAX"])
def test_its_derivatives(mode):
    columns, mix, sd, factors = case(3)
    rng = np.random.default_rng(4)
    grams = np.stack(
        [(weight * columns.T) @ columns for weight in rng.uniform(0.5, 2, (2, 30))]
    )
    point = grams, precisions_of(mix, sd), factors
    given = pt.dtensor3(), pt.dtensor3(), pt.dtensor3()
    value = gram_given_scales(*given)
    values = [
        np.asarray(each)
        for each in pytensor.function(
            list(given), [value, *pt.grad(value, list(given))], mode=mode
        )(*point)
    ]
    assert values[0] == pytest.approx(regression.with_derivatives(np, *point)[0])
    for which, slopes in enumerate(values[1:]):
        direction = rng.standard_normal(slopes.shape)
        if which < 2:
            direction = direction + direction.transpose(0, 2, 1)
        ends = [
            regression.with_derivatives(
                np,
                *(
                    part + sign * 1e-6 * direction if k == which else part
                    for k, part in enumerate(point)
                ),
            )[0]
            for sign in (1, -1)
        ]
        assert (slopes * direction).sum() == pytest.approx(
            (ends[0] - ends[1]) / 2e-6, rel=1e-5
        )


@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.6, 0.95])
@pytest.mark.parametrize("unit_effects", [True, False])
def test_whitened_rows_are_generalised_least_squares(rho, unit_effects):
    """Against R and dummies for units by dense matrices, of units with gaps and one that was seen
    once.
    """
    columns = np.random.default_rng(5).standard_normal((ROWS, 3))
    whitened_rows, volume = serial.whitened(
        columns, serial.gaps(TIME, STARTS), STARTS, rho, unit_effects
    )
    whole, dummies = correlation(rho)
    inverse = np.linalg.inv(whole)
    expected, determinant = inverse, np.linalg.slogdet(whole)[1]
    if unit_effects:
        within = dummies.T @ inverse @ dummies
        expected = inverse - inverse @ dummies @ np.linalg.solve(
            within, dummies.T @ inverse
        )
        determinant += np.linalg.slogdet(within)[1]
    np.testing.assert_allclose(
        whitened_rows.T @ whitened_rows, columns.T @ expected @ columns, atol=1e-10
    )
    assert volume == pytest.approx(determinant)


def test_polynomials_have_cross_products_at_any_correlation():
    columns, gap = (
        np.random.default_rng(6).standard_normal((ROWS, 3)),
        serial.gaps(TIME, STARTS),
    )
    correlations = serial.Correlations(-0.5)
    at = [
        serial.whitened(columns, gap, STARTS, rho, True) for rho in correlations.nodes
    ]
    grams = correlations.coefficients(
        np.array([whitened_rows.T @ whitened_rows for whitened_rows, _ in at])
    )
    volumes = correlations.coefficients(np.array([volume for _, volume in at]))
    for rho in (-0.48, -0.3, 0.0, 0.5, 0.9, 0.985):
        weights = serial.polynomials(np, np.array([rho]), -0.5)[0]
        whitened_rows, volume = serial.whitened(columns, gap, STARTS, rho, True)
        np.testing.assert_allclose(
            np.tensordot(weights, grams, 1), whitened_rows.T @ whitened_rows, atol=1e-8
        )
        assert weights @ volumes == pytest.approx(volume, abs=1e-8)
