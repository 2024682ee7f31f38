"""Every variant of every model against draws from its own prior.

`pytest -m slow`. Some minutes each.
"""

import json
from pathlib import Path

import pytest

import causalstats as cs
from tests.laws.variants import VARIANTS

RESULTS = Path(__file__).parents[2] / "benchmarks" / "calibration"
EXACT = ("front-door", "back-door", "napkin")  # some milliseconds each
BY_ITS_GRAPH = {"invariant composition": cs.Nuts(chains=2, draws=400, tune=250)}


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_calibration(name):
    """The table of each run is kept in `benchmarks/calibration`, with the sampler, the number of
    data sets and the machine's seconds.
    """
    model, simulate = VARIANTS[name].model, VARIANTS[name].simulate
    fits = 400 if name in EXACT else 200
    found = cs.calibrate(
        model,
        fits=fits,
        seed=1,
        simulate=simulate,
        sampler=BY_ITS_GRAPH.get(name),
        progress=False,
    )
    seconds = found.fits["seconds"].dropna()
    kept = {
        "model": repr(model),
        "sampler": repr(found.sampler),
        "simulate": simulate,
        "data sets": len(found.ranks),
        "refused": int(found.fits["refused"].notna().sum())
        if "refused" in found.fits
        else 0,
        "median seconds": round(float(seconds.median()), 2),
        "checks": {
            check.name: {"passed": check.passed, "finding": check.finding}
            for check in found.check()
        },
        "table": found.table().round(4).to_dict("index"),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name.replace(', ', '_').replace(' ', '_')}.json").write_text(
        json.dumps(kept, indent=1) + "\n"
    )
    assert all(check.passed is not False for check in found.check()), found
