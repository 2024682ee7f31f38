"""Float32 in samplers of JAX: what it changes, and that it is refused where it changes answers."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pymc as pm
import pytest

import causalstats as cs
from causalstats.core.model import Problem
from causalstats.samplers.backends.single_precision import (
    LARGEST_ROUNDING_ERROR,
    in_single_precision,
    narrowed,
    rounding_error,
)

ROWS = 2_000
SAMPLERS = {
    "NUTS by NumPyro": cs.Nuts(
        chains=2, draws=100, tune=100, backend="numpyro", precision="float32"
    ),
    "ChEES-HMC": cs.Chees(chains=16, draws=25, tune=100, precision="float32"),
}


class NormalMean:
    """The mean of Normal data with known variance."""

    def inputs(self, data):
        return {"y": np.asarray(data)}

    def build(self, data):
        with pm.Model() as graph:
            y = pm.Data("y", np.asarray(data))
            mean = pm.Normal("mean", 0.0, 1e7)
            pm.Normal("outcome", mean, 1.0, observed=y)
        return graph


def problem_with_offset(offset):
    noise = np.random.default_rng(1).normal(size=ROWS)
    return Problem(NormalMean(), offset + noise)


def cost(draws):
    """Return the largest error of an answer, in Monte Carlo standard errors."""
    words = draws.attrs["device"]
    number = re.search(r", float32 \(answers off by at most (\S+) Monte Carlo", words)
    return float(number[1])


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_draws_say_what_float32_cost(name):
    draws = SAMPLERS[name](problem_with_offset(0.0), seed=1)
    assert 0 < cost(draws) < LARGEST_ROUNDING_ERROR
    values = draws["posterior"]["mean"].to_numpy()
    expected = problem_with_offset(0.0).data.mean()
    error = 1 / np.sqrt(ROWS * 50)  # of the mean of at least 50 effective draws
    assert values.mean() == pytest.approx(expected, abs=4 * error)
    assert values.dtype == np.float64


def test_data_far_from_zero_are_refused_in_float32():
    with pytest.raises(cs.SamplingError, match=r"subtract the means of columns"):
        SAMPLERS["NUTS by NumPyro"](problem_with_offset(1e6), seed=1)


def test_float32_is_for_samplers_of_jax():
    with pytest.raises(cs.SamplingError, match="backend='numpyro'"):
        cs.Nuts(precision="float32")
    with pytest.raises(cs.SamplingError, match="precision"):
        cs.Chees(precision="float16")


def log_density(rows):
    return jnp.sum(jnp.log1p(rows**2)), jnp.cumsum(rows)


def test_sums_of_long_arrays_stay_in_float64():
    rows = np.random.default_rng(1).normal(size=100_000)
    single = jax.jit(in_single_precision(log_density))
    with jax.enable_x64(True):
        exact, running = log_density(rows)
        total, other = single(narrowed(rows))
        in_float32 = jnp.sum(jnp.log1p(jnp.asarray(rows, jnp.float32) ** 2))
    assert total.dtype == other.dtype == np.float64
    assert abs(total - exact) < 1e-3 < abs(float(in_float32) - exact)
    np.testing.assert_allclose(other, running, rtol=1e-5, atol=1e-3)


def test_short_arrays_stay_in_float64():
    numbers = np.array([1e8 + 1, 3.0])
    with jax.enable_x64(True):
        assert narrowed(numbers).dtype == np.float64
        total, _ = in_single_precision(log_density)(numbers)
        assert float(total) == float(log_density(numbers)[0])


def test_the_bound_holds_for_the_answer_that_moves_most():
    """A density that is off by ε θ moves the mean of a standard Normal by ε."""
    slope = 2e-4
    theta = np.random.default_rng(1).normal(size=(4, 1000))
    error = rounding_error(
        lambda position: [-(position[0] ** 2) / 2, -position[0]],
        lambda position: [0.0, slope - position[0]],
        [theta],
        -(theta**2) / 2 + slope * theta,
        draws=theta.size,
    )
    monte_carlo_error = 1 / np.sqrt(theta.size)
    assert error.monte_carlo_errors == pytest.approx(slope / monte_carlo_error, rel=0.3)
    assert error.gradient == pytest.approx(slope, rel=0.1)
    assert error.monte_carlo_errors > LARGEST_ROUNDING_ERROR
    with pytest.raises(cs.SamplingError, match="more than 0.01"):
        error.refuse_large()


MODELS = {
    "SelectiveLabels": (
        cs.SelectiveLabels(prevalence=cs.Known(0.3, sd=0.05)),
        {"people": 400, "features": 3},
    ),
    "Heckman": (cs.Heckman(excluded=["x1"]), {"people": 400, "features": 3}),
    "PanelDML": (cs.PanelDML(errors="ar1"), {"units": 60, "times": 5}),
    "counts": (
        cs.PartialCorrelation(prior="shrunk"),
        {"rows": 40, "parts": 5, "depth": 300},
    ),
    "tables": (
        cs.CausalDiagram("x -> m -> y; x <-> y", route="structural"),
        {"people": 300},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_family_gives_the_same_answer_in_float32(name):
    model, simulate = MODELS[name]
    data = model.simulate(1, **simulate).data
    options = {"chains": 32, "draws": 100}
    tables = [
        cs.fit(
            model,
            data,
            seed=seed,
            sampler=cs.Chees(precision=precision, **options),
            progress=False,
        )
        .effect(model.headline)
        .numbers()
        for seed, precision in ((1, "float32"), (2, "float64"))
    ]
    first, second = (
        [table[key].to_numpy() for key in ("mean", "sd", "ess_bulk")]
        for table in tables
    )
    error = np.hypot(first[1] / first[2] ** 0.5, second[1] / second[2] ** 0.5)
    assert (abs(first[0] - second[0]) < 5 * error).all()
