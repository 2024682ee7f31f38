"""Every variant of every model against draws from its own prior.

`pytest -m slow`. Up to ten minutes each.
"""

import json
from pathlib import Path

import pytest

import causalstats as cs
from tests.laws.variants import VARIANTS

RESULTS = Path(__file__).parents[2] / "benchmarks" / "calibration"
DATA_SETS = 500
BY_ITS_GRAPH = {"invariant composition": cs.Nuts(chains=2, draws=400, tune=250)}


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_calibration(name):
    """The table of each run is kept in `benchmarks/calibration`, with the sampler, the number of
    data sets and the machine's seconds.
    """
    model, simulate = VARIANTS[name].model, VARIANTS[name].simulate
    calibration = cs.calibrate(
        model,
        fits=DATA_SETS,
        seed=1,
        simulate=simulate,
        sampler=BY_ITS_GRAPH.get(name),
        progress=False,
    )
    seconds = calibration.fits["seconds"].dropna()
    kept = {
        "model": repr(model),
        "sampler": repr(calibration.sampler),
        "simulate": simulate,
        "data sets": len(calibration.ranks),
        "refused": int(calibration.fits["refused"].notna().sum())
        if "refused" in calibration.fits
        else 0,
        "median seconds": round(float(seconds.median()), 2),
        "checks": {
            check.name: {"passed": check.passed, "finding": check.finding}
            for check in calibration.check()
        },
        "table": calibration.table().round(4).to_dict("index"),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name.replace(', ', '_').replace(' ', '_')}.json").write_text(
        json.dumps(kept, indent=1) + "\n"
    )
    assert all(check.passed is not False for check in calibration.check()), calibration
