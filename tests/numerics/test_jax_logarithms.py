"""Logarithms by arithmetic alone against those of the C library."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)

from causalstats.numerics.jax_logarithms import log, log1p  # noqa: E402


def _units_in_the_last_place(value, expected):
    return np.abs(np.asarray(value) - expected) / np.spacing(np.abs(expected))


def test_logarithms_are_those_of_the_c_library_within_one_unit_in_the_last_place():
    rng = np.random.default_rng(1)
    x = np.concatenate(
        [
            np.exp(rng.uniform(-708, 709, 100_000)),
            1 + rng.normal(0, 1e-3, 50_000),
        ]
    )
    assert _units_in_the_last_place(jax.jit(log)(x), np.log(x)).max() <= 1


def test_log1p_is_that_of_the_c_library_within_one_unit_in_the_last_place():
    rng = np.random.default_rng(2)
    sizes = np.exp(rng.normal(0, 30, 100_000))
    x = np.concatenate([sizes, -1 / (1 + sizes[sizes > 1e-3])])
    assert _units_in_the_last_place(jax.jit(log1p)(x), np.log1p(x)).max() <= 2


@pytest.mark.parametrize(("ours", "theirs"), [(log, np.log), (log1p, np.log1p)])
def test_what_has_no_finite_logarithm_has_none(ours, theirs):
    x = np.array([0.0, -0.0, -1.0, -2.0, -np.inf, np.inf, np.nan, 1.0, 1e300])
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = theirs(x)
    np.testing.assert_allclose(jax.jit(ours)(x), expected, rtol=1e-15)


def test_single_precision_is_left_to_jax():
    x = np.array([0.5, 2.0], np.float32)
    assert log(x).dtype == np.float32
