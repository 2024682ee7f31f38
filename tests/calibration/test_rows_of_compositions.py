"""Compositions of counts with covariates, exposures or absent parts, heavy tails, related parts.

`pytest -m slow`. The table of each run is kept in `benchmarks/calibration`, with the number of data
sets. Coefficients have a flat prior in the model and Normal(0, 1) in the simulation: their ranks
are uniform where the rows say much more than that prior.
"""

import pytest

import causalstats as cs
from tests.calibration.records import keep

DATA_SETS = 500
SAMPLER = cs.Gibbs(chains=2, draws=200, tune=500, thin=10)
HORSESHOE = cs.PartialCorrelation(prior="horseshoe", basis_variance=1.0)
STUDENT = cs.PartialCorrelation(prior="horseshoe", basis_variance=1.0, errors="student")
SIZE = {"rows": 25, "parts": 4}
KINDS = {
    "horseshoe_counts_with_a_covariate": (
        HORSESHOE,
        {**SIZE, "depth": 300, "covariate": True},
    ),
    "horseshoe_student_rows": (STUDENT, SIZE),
    "horseshoe_counts_with_exposures": (
        HORSESHOE,
        {**SIZE, "depth": 300, "exposure": True},
    ),
    "horseshoe_counts_with_absent_parts": (
        HORSESHOE,
        {**SIZE, "depth": 300, "absent": True},
    ),
    "horseshoe_distances_of_parts": (HORSESHOE, {**SIZE, "related": True}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_calibration_of_rows(name):
    model, simulate = KINDS[name]
    calibration = cs.calibrate(
        model,
        fits=DATA_SETS,
        seed=1,
        simulate=simulate,
        sampler=SAMPLER,
        progress=False,
    )
    keep(name, model, simulate, calibration)
    assert all(check.passed is not False for check in calibration.check()), calibration
