"""Years that move treatment and outcome of all units are seen where periods have no effects.

In eight of eight data sets such as these the ratio was wrong, in four without a word.
"""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.shared.common_changes import COMMON_CHANGES, means_are_zero

ROLES = {"unit": "unit", "time": "time", "outcome": "y", "treatment": "d"}
UNITS, TIMES = 120, 7


def counts(seed, spread):
    """Return counts and treatments that are higher in good years; the ratio is exp(.3)."""
    rng = np.random.default_rng(seed)
    year = rng.normal(size=TIMES)
    d = (rng.random((UNITS, TIMES)) < 0.2 + 0.6 * (year > 0)) * 1.0
    unit = 0.3 * rng.normal(size=(UNITS, 1))
    return d, rng.poisson(np.exp(1 + unit + spread * year + 0.3 * d)) * 1.0


def lasting(seed, spread):
    """Return outcomes with persistence .5 whose years also move the treatment."""
    rng = np.random.default_rng(seed)
    year, unit = spread * rng.normal(size=TIMES), rng.normal(size=UNITS)
    d = year + rng.normal(size=(UNITS, TIMES))
    y = unit[:, None] + year + d + rng.normal(size=(UNITS, TIMES))
    for t in range(1, TIMES):
        y[:, t] += 0.5 * y[:, t - 1]
    return d, y


def check(model, drawn):
    d, y = drawn
    index = {"unit": np.repeat(np.arange(UNITS), TIMES)}
    frame = pd.DataFrame(index | {"time": np.tile(np.arange(TIMES), UNITS)})
    data = cs.Panel.from_frame(frame.assign(d=d.ravel(), y=y.ravel()), **ROLES)
    found = [each for each in model.data_checks(data) if each.name == COMMON_CHANGES]
    return found[0] if found else None


CASES = {"counts": (cs.PanelGLM, counts), "dynamic": (cs.DynamicPanel, lasting)}


@pytest.mark.parametrize(("family", "draw"), CASES.values(), ids=CASES)
def test_years_are_seen_until_periods_have_effects(family, draw):
    found = check(family(time_effects=False), draw(1, 0.4))
    assert found.passed is False
    assert "time_effects=True" in found.remedy
    assert check(family(), draw(1, 0.4)) is None


@pytest.mark.parametrize(("family", "draw"), CASES.values(), ids=CASES)
def test_years_alike_raise_no_doubt(family, draw):
    for seed in range(4):
        assert check(family(time_effects=False), draw(seed, 0.0)).passed


def test_hotelling_of_one_column_is_the_t_test():
    from scipy import stats

    values = np.random.default_rng(1).normal(0.2, 1, (30, 1))
    expected = stats.ttest_1samp(values[:, 0], 0).pvalue
    assert means_are_zero(values) == pytest.approx(expected, rel=1e-9)
