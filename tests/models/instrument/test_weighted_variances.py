"""Errors of variance σ² / w have equal variances times the roots of their weights."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.instrument.data_checks import equal_variances_check


@pytest.mark.parametrize(("power", "weights"), [(0.5, "w"), (0.0, None)])
def test_equal_variances_are_those_under_the_weights(power, weights):
    rng = np.random.default_rng(1)
    z = rng.standard_normal(3_000)
    w = np.exp(0.8 * z)
    u, e = rng.standard_normal((2, 3_000)) / w**power
    treatment = z + 0.5 * u + e
    frame = pd.DataFrame({"y": treatment + u, "t": treatment, "z": z, "w": w})

    def p_value(weights):
        data = cs.Instrumented.from_frame(
            frame, outcome="y", treatment="t", instruments=["z"], weights=weights
        )
        return equal_variances_check(data).value

    assert p_value(weights) > 0.01
    assert p_value(None if weights else "w") < 1e-6
