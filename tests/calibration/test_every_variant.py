"""Every variant of every model against draws from its own prior.

`pytest -m slow`. Up to ten minutes each.
"""

import pytest

import causalstats as cs
from tests.calibration.records import keep
from tests.laws.variants import VARIANTS

DATA_SETS = 500
BY_ITS_GRAPH = {"invariant composition": cs.Nuts(chains=2, draws=400, tune=250)}


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_calibration(name):
    model, simulate = VARIANTS[name].model, VARIANTS[name].simulate
    calibration = cs.calibrate(
        model,
        fits=DATA_SETS,
        seed=1,
        simulate=simulate,
        sampler=BY_ITS_GRAPH.get(name),
        progress=False,
    )
    keep(name.replace(", ", "_").replace(" ", "_"), model, simulate, calibration)
    assert all(check.passed is not False for check in calibration.check()), calibration
