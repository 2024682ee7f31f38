"""Columns far from 0, such as dates and identifiers, give the answer of those about their means."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.errors import DataError

_COLUMNS = {"outcome": "y", "treatment": "x", "instruments": ["z"], "covariates": ["w"]}


def frame():
    rng = np.random.default_rng(1)
    z, w, u, v = rng.normal(size=(4, 200))
    x = z + w + u + v
    return pd.DataFrame({"z": z + w, "w": w, "x": x, "y": x + 2 * w + u})


@pytest.mark.parametrize("column", ["z", "w", "x", "y"])
@pytest.mark.parametrize("far", [1e6, 1e9])
def test_moments_do_not_depend_on_where_a_column_lies(column, far):
    """An instrument of 1e9 and a bit was refused: it 'repeats the intercept'."""
    moved = frame().assign(**{column: frame()[column] + far})
    there = cs.Instrumented.from_frame(moved, **_COLUMNS).moments
    here = cs.Instrumented.from_frame(frame(), **_COLUMNS).moments
    np.testing.assert_allclose(there.products, here.products, rtol=1e-5)
    np.testing.assert_allclose(there.explained, here.explained, rtol=1e-5)


def test_rounding_of_a_constant_is_no_instrument():
    table = frame().assign(z=0.1 + 0.2)
    table.loc[::2, "z"] = 0.3
    with pytest.raises(DataError, match="'z' is constant"):
        cs.Instrumented.from_frame(table, **_COLUMNS)
