"""A graph that JAX cannot run is refused in words, before anything is sampled."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

import causalstats as cs
from causalstats.core.model import Problem

SAMPLERS = {
    "NUTS by NumPyro": cs.Nuts(chains=2, draws=50, tune=50, backend="numpyro"),
    "NUTS by nutpie, gradient by JAX": cs.Nuts(chains=2, draws=50, backend="jax"),
    "ChEES-HMC": cs.Chees(chains=16, draws=25, tune=50),
}


class Rounded(Op):
    """An operation that only Python computes."""

    __props__ = ()

    def make_node(self, value):
        return Apply(self, [pt.as_tensor(value)], [pt.dscalar()])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = np.round(inputs[0])


def without_implementation(mean):
    return Rounded()(mean)


def with_unknown_shape(mean):
    """Return the sum of an array whose length depends on the parameter."""
    return pt.arange(pt.ceil(pt.exp(mean)).astype("int64")).sum()


class NormalMean:
    """The mean of Normal data, and a variable that JAX may not be able to compute."""

    def __init__(self, function):
        self.function = function

    def inputs(self, data):
        return {"y": data}

    def build(self, data):
        with pm.Model() as graph:
            y = pm.Data("y", data)
            mean = pm.Normal("mean", 0.0, 1.0)
            pm.Deterministic("shown", self.function(mean))
            pm.Normal("outcome", mean, 1.0, observed=y)
        return graph


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("function", [without_implementation, with_unknown_shape])
def test_what_jax_cannot_run_is_refused_when_it_is_compiled(name, function):
    problem = Problem(NormalMean(function), np.zeros(5))
    with pytest.raises(cs.SamplingError, match=r"JAX cannot run .*backend='numba'"):
        SAMPLERS[name].compile(problem)
