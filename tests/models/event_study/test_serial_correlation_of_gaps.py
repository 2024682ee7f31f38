"""The serial correlation of residuals is replicated at the gaps that the likelihood has."""

import numpy as np

import causalstats as cs
from causalstats.models.event_study.residuals import predictions


def test_units_seen_every_second_period_have_errors_two_periods_apart():
    """Where most rows are two periods apart, their gap was taken for one, and ρ² for ρ."""
    rng = np.random.default_rng(1)
    simulated = cs.EventStudy().simulate(1, units=2_000, times=8, autocorrelation=0.8)
    frame = simulated.data.source
    often = frame["unit"].astype(int) % 8 < 2
    frame = frame[often | (frame["time"] % 2 == 0)]
    data = cs.Panel.from_frame(
        frame, unit="unit", time="time", outcome="y", treatment="d"
    )
    model = cs.EventStudy(errors="ar1", pooling="none")
    draws = cs.fit(model, data, seed=1, progress=False).draws["posterior"]
    (found,) = predictions(model, draws, data, rng)
    z = (found.observed - found.replicated.mean(axis=0)) / found.replicated.std(axis=0)
    assert abs(z).max() < 3.5
