"""The closed forms against 40-digit quadrature, in both precisions and through x'Δ = 0."""

import itertools

import jax
import mpmath as mp
import numpy as np
import pytest

from causalstats.numerics.selection.uniform_unobservable import formulas

A, D, SCALE = (
    [-20.0, -3.0, -0.5, 8.0],
    [-8.0, -0.1, -1e-12, 0.0, 1e-8, 1e-3, 5.0],
    [1e-4, 0.5, 2.0, 8.0],
)


def logistic(x):
    return 1 / (1 + mp.exp(-x))


def truth(seen, a, b, scale):
    """Return log P(case) by quadrature, and its derivatives in a, b and σ.

    Parameters
    ----------
    seen : {"untested", "negative", "positive"}
    a, b : float
        Log odds of the outcome and of testing, at the least value of the unobservable.
    scale : float
        σ, the width of the uniform distribution of the unobservable.
    """
    a, b, scale = mp.mpf(a), mp.mpf(b), mp.mpf(scale)
    points = [mp.mpf(0), *sorted(p for p in (-a, -b) if 0 < p < scale), scale]
    sign = 1 if seen == "positive" else -1
    y = (
        (lambda z: mp.mpf(1))
        if seen == "untested"
        else (lambda z: logistic(sign * (a + z)))
    )
    t = (
        (lambda z: logistic(-b - z))
        if seen == "untested"
        else (lambda z: logistic(b + z))
    )
    tested = -1 if seen == "untested" else 1

    def mean(f):
        return mp.quad(f, points) / scale

    p = mean(lambda z: y(z) * t(z))
    in_a = (
        mp.mpf(0)
        if seen == "untested"
        else mean(lambda z: sign * logistic(-sign * (a + z)) * y(z) * t(z)) / p
    )
    in_b = mean(lambda z: tested * logistic(-tested * (b + z)) * y(z) * t(z)) / p
    return mp.log(p), in_a, in_b, (y(scale) * t(scale) / p - 1) / scale


@pytest.mark.parametrize("seen", ["untested", "negative", "positive"])
def test_against_quadrature(seen):
    for a, d, scale in itertools.product(A, D, SCALE):
        with mp.workdps(25):
            expected = [float(value) for value in truth(seen, a, a + d, scale)]
        for kind, tolerance in ((np.float64, 1e-11), (np.float32, 3e-4)):
            sigma = kind(scale)
            with np.errstate(all="ignore"):
                got = getattr(formulas(np), seen)(
                    kind(a), kind(a + d), sigma, np.expm1(sigma)
                )
            np.testing.assert_allclose(
                got[:3],
                expected[:3],
                rtol=tolerance,
                atol=tolerance * 1e-3,
                err_msg=f"{a}, {d}, {scale}",
            )
            assert abs(got[3] - expected[3]) * scale < tolerance


@pytest.mark.parametrize("seen", ["untested", "negative", "positive"])
@pytest.mark.parametrize(
    ("kind", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-13)]
)
def test_jax_gives_what_numpy_gives(seen, kind, tolerance):
    # NumPy in float64 is compared with quadrature above.
    jax.config.update("jax_enable_x64", True)
    a, d, scale = (np.ravel(grid) for grid in np.meshgrid(A, D, SCALE))
    with np.errstate(all="ignore"):
        expected = getattr(formulas(np), seen)(a, a + d, scale, np.expm1(scale))
    arguments = [kind(value) for value in (a, a + d, scale, np.expm1(scale))]
    got = jax.jit(getattr(formulas(jax.numpy), seen))(*arguments)
    assert got[0].dtype == kind
    np.testing.assert_allclose(got[0], expected[0], rtol=tolerance, atol=tolerance)
    for partial, exact in zip(got[1:3], expected[1:3], strict=True):
        np.testing.assert_allclose(
            partial, exact, rtol=30 * tolerance, atol=30 * tolerance
        )


def test_probabilities_sum_to_one():
    rng = np.random.default_rng(0)
    a, b, scale = (
        rng.normal(-1, 4, 1000),
        rng.normal(0, 4, 1000),
        rng.gamma(2, 1.5, 1000),
    )
    total = sum(
        np.exp(getattr(formulas(np), seen)(a, b, scale, np.expm1(scale))[0])
        for seen in ("untested", "negative", "positive")
    )
    np.testing.assert_allclose(total, 1, rtol=1e-12)
