"""How many sweeps of a Gibbs sampler lie between completions of missing values."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.causal_diagram.missing_values.regression_sampler import (
    Sweeps,
    sweeps_apart,
)

SWEEPS = Sweeps(burn_in=20, thin=4, number=1, draws=1, pilot=2000, most_thin=12)


def _chain(correlation, sweeps, seed):
    rng = np.random.default_rng(seed)
    values = np.zeros((sweeps, 2))
    for k in range(1, sweeps):
        noise = rng.normal(size=2)
        values[k] = [correlation, 0.0] * values[k - 1] + noise
    return list(values)


@pytest.mark.parametrize("correlation", [0.7, 0.8])
def test_completions_lie_an_autocorrelation_time_apart(correlation):
    """Of a first-order autoregression (1 + ρ) / (1 - ρ); of the slowest parameter."""
    time = (1 + correlation) / (1 - correlation)
    assert abs(sweeps_apart(_chain(correlation, 20_000, 1), SWEEPS) - time) < 0.3 * time


def test_there_are_a_least_and_a_most():
    assert sweeps_apart(_chain(0.0, 200, 2), SWEEPS) == 4
    assert sweeps_apart(_chain(0.99, 200, 3), SWEEPS) == 12
    assert sweeps_apart([], SWEEPS) == 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_chains_with_half_of_a_confounder_missing_are_long_enough(seed):
    """With four sweeps apart R-hat failed at 40 % and bulk ESS at 57 % of such data sets."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=300)
    x = z + rng.normal(size=300)
    y = 0.6 * x + z + rng.normal(size=300)
    seen = rng.random(300) < 1 / (1 + np.exp(-0.3 + 1.4 * x - 1.6 * y))
    frame = pd.DataFrame({"z": np.where(seen, z, np.nan), "x": x, "y": y})
    data = cs.Observations.from_frame(frame, missing="keep")
    model = cs.CausalDiagram(
        "z -> x, y; x -> y", treatment="x", outcome="y", route="regression"
    )
    effect = cs.fit(model, data, seed=seed, progress=False).effect("effect")
    names = {check.name for check in effect.doubts}
    assert not names & {"R-hat", "bulk ESS", "R-hat of this answer"}
