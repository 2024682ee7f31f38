"""The median stands for an answer exactly where the mean lies outside its own interval."""

import numpy as np
import pytest
import xarray as xr

from causalstats.numerics.sampling.centre import mean_outside


@pytest.mark.parametrize("draws", [4, 40, 400])
@pytest.mark.parametrize("degrees", [0.4, 1.0, 5.0])
def test_it_is_told_as_by_the_quantiles_of_all_entries(draws, degrees):
    rng = np.random.default_rng(draws)
    told = set()
    for _ in range(60):
        values = rng.standard_t(degrees, (2, draws // 2, 3))
        means = values.mean((0, 1))
        lower, upper = np.quantile(values, [0.025, 0.975], axis=(0, 1))
        expected = ((means < lower) | (means > upper)).any()
        entries = xr.DataArray(values, dims=("chain", "draw", "entry"))
        assert mean_outside(entries, means) == expected
        told.add(bool(expected))
    assert (True in told) == (degrees <= 1 and draws == 400)
