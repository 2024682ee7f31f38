"""Logarithms of counts with zeros are told from other numbers."""

from __future__ import annotations

import numpy as np
import pytest

from causalstats.numerics.testing.recorded_values import zeros_of_logged_counts

RNG = np.random.default_rng(1)
COUNTS = RNG.poisson(2.0 * np.exp(RNG.standard_normal(500)))
ZEROS = float(np.mean(COUNTS == 0))


@pytest.mark.parametrize(
    "values",
    [
        np.log1p(COUNTS),
        np.log10(COUNTS + 1),
        np.log(COUNTS + 0.5),
        np.log(COUNTS + 1e-3),
        np.arcsinh(COUNTS),
        np.log(np.maximum(COUNTS, 0.5)),
        np.log(np.maximum(COUNTS, 1e-6)),
        np.log10(np.maximum(COUNTS, 0.01)),
        np.log1p(COUNTS.astype("float32")).astype(float),
    ],
)
def test_logarithms_of_counts_with_zeros_are_found(values):
    assert zeros_of_logged_counts(values) == pytest.approx(ZEROS)


@pytest.mark.parametrize(
    "values",
    [
        COUNTS.astype(float),
        (COUNTS > 2).astype(float),
        np.log(COUNTS + 2.0),
        np.log1p(COUNTS[COUNTS > 0]),
        np.log1p(np.maximum(RNG.standard_normal(500), 0)),
        RNG.standard_normal(500),
        1e9 * np.log1p(COUNTS),
        np.sqrt(COUNTS),
        np.full(500, 0.0),
    ],
)
def test_other_numbers_are_not(values):
    assert zeros_of_logged_counts(values) is None
