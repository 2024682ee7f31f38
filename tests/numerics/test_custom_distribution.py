"""Variables with a log density and draws of their own agree with those of PyMC."""

import gc
import weakref

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from scipy import stats

from causalstats.numerics.custom_distribution import CustomDistribution


def _log_density(power, value, rate):
    return pt.log(rate) - rate * value**power


def _draw(power, rate, rng, size=None):
    return rng.exponential(1 / rate, size) ** (1 / power)


def _graph(observed=None):
    with pm.Model() as graph:
        rate = pm.HalfNormal("rate")
        CustomDistribution(
            "waiting",
            rate,
            log_density=_log_density,
            draw=_draw,
            constants=(1.0,),
            shape=3,
            observed=observed,
        )
    return graph


def test_log_density_is_that_of_the_function():
    graph = _graph(observed=np.array([0.5, 1.0, 2.0]))
    value = graph.compile_logp(vars=graph.observed_RVs)({"rate_log__": np.log(2.0)})
    expected = stats.expon(scale=0.5).logpdf([0.5, 1.0, 2.0]).sum()
    assert np.isclose(value, expected, rtol=1e-12)


def test_draws_are_those_of_the_function():
    waiting = _graph()["waiting"]
    draws = pm.draw(waiting, 4000, random_seed=1, mode="FAST_COMPILE")
    rates = np.abs(np.random.default_rng(2).normal(size=4000))
    expected = np.random.default_rng(3).exponential(1 / rates)
    assert draws.shape == (4000, 3)
    assert stats.ks_2samp(draws[:, 0], expected).pvalue > 1e-4


def test_graphs_are_forgotten():
    graph = _graph()
    graph.compile_logp()
    kept = weakref.ref(graph)
    del graph
    gc.collect()
    assert kept() is None


def test_operations_with_equal_constants_are_equal():
    one, other = (_graph()["waiting"].owner.op for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
