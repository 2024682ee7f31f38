"""Checks of sampling run on any number of draws, and few draws never pass."""

import numpy as np
import pytest
import xarray as xr

from causalstats.checks.convergence import sampling


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (4, 1), (2, 3)])
def test_few_draws_fail(shape):
    dims = ("chain", "draw")
    values = np.random.default_rng(1).normal(size=shape)
    groups = {
        "posterior": xr.Dataset({"a": (dims, values)}),
        "sample_stats": xr.Dataset(
            {"diverging": (dims, np.zeros(shape, bool)), "energy": (dims, values)}
        ),
    }
    checks = {
        each.name: each for each in sampling(xr.DataTree.from_dict(groups), ("a",))
    }
    assert checks["R-hat"].passed is False and checks["R-hat"].remedy


@pytest.mark.parametrize(("count", "names"), [(99, ["bulk ESS"]), (100, []), (0, [])])
def test_few_independent_draws_fail(count, names):
    values = np.random.default_rng(1).normal(size=(1, count))
    posterior = xr.Dataset({"a": (("chain", "draw"), values)})
    tree = xr.DataTree.from_dict({"posterior": posterior})
    tree.attrs["draws_kind"] = "exact"
    checks = sampling(tree, ())
    assert [check.name for check in checks] == [*names, "complete run"]
    assert [check.passed for check in checks] == [*[False] * len(names), True]
