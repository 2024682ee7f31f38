"""Laws of every option of every model on every backend of NUTS.

What JAX computes, and so what a GPU computes, is compared with PyTensor's own evaluation of the
graph, which shares no code with it. Options whose graphs differ in the values of data alone are
compiled once.
"""

from functools import cache

import numpy as np
import pytest

from causalstats.core.model import Problem
from causalstats.samplers.backends.jax_graph import JaxGraph, trace
from causalstats.samplers.program_cache import cached_program
from tests.laws.options import FAMILIES, fields_without_values, options

OPTIONS = {option.name: option for option in options()}
AGREEMENT = 1e-9  # relative, of float64 sums in another order


@cache
def problem_of(name: str) -> Problem:
    return OPTIONS[name].problem()


def positions(problem: Problem, number: int) -> list[np.ndarray]:
    """Return unconstrained points near the start, stacked, of each free variable."""
    rng = np.random.default_rng(1)
    start = problem.graph.initial_point()
    points = []
    for variable in problem.graph.value_vars:
        centre = np.asarray(start[variable.name])
        points.append(centre + rng.uniform(-0.3, 0.3, (number, *centre.shape)))
    return points


def traced(problem: Problem) -> JaxGraph:
    """Return the JAX functions of a graph, compiled once for all graphs of a structure."""
    return cached_program("jax", problem.graph, lambda: trace(problem.graph))


class ReferenceProgram:
    """The log density and gradient of a graph, by PyTensor's interpreter or another mode."""

    def __init__(self, graph, mode):
        import pytensor

        density = graph.logp()
        gradient = pytensor.grad(
            density, graph.value_vars, disconnected_inputs="ignore"
        )
        self.graph = graph
        self.function = graph.compile_fn(
            [density, *gradient],
            inputs=graph.value_vars,
            point_fn=False,
            mode=mode,
            on_unused_input="ignore",
        )

    def __call__(self, problem: Problem, position: list[np.ndarray]) -> list:
        import pymc as pm

        with self.graph:
            pm.set_data(problem.inputs)
        return self.function(*position)


def reference(problem: Problem, position: list[np.ndarray], mode) -> list:
    program = cached_program(
        ("reference", str(mode)),
        problem.graph,
        lambda: ReferenceProgram(problem.graph, mode),
    )
    return program(problem, position)


def interpreted():
    from pytensor.compile.mode import Mode

    return Mode(linker="py", optimizer="fast_compile")


def assert_same_density(first, second):
    for one, other in zip(first, second, strict=True):
        scale = max(1.0, float(np.max(np.abs(one), initial=0.0)))
        np.testing.assert_allclose(other, one, rtol=AGREEMENT, atol=AGREEMENT * scale)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_field_of_a_model_has_an_option(family):
    assert not fields_without_values(FAMILIES[family])


@pytest.mark.parametrize("name", OPTIONS)
def test_the_density_and_its_gradient_by_jax_are_those_of_the_graph(name):
    problem = problem_of(name)
    functions = traced(problem)
    position = [part[0] for part in positions(problem, 1)]
    expected = reference(problem, position, interpreted())
    assert np.isfinite(expected[0])
    assert_same_density(expected, functions.density(position, functions.data(problem)))


@pytest.mark.parametrize("name", OPTIONS)
def test_every_draw_of_a_device_is_labelled(name):
    problem = problem_of(name)
    functions = traced(problem)
    points = [
        part.reshape(2, 3, *part.shape[1:]) for part in positions(problem, number=6)
    ]
    draws = functions.posterior(points, functions.data(problem))
    assert draws.sizes["chain"] == 2
    assert draws.sizes["draw"] == 3
    wanted = {variable.name for variable in problem.graph.deterministics}
    wanted |= {variable.name for variable in problem.graph.free_RVs}
    assert wanted <= set(draws.data_vars)
    for variable, dims in problem.graph.named_vars_to_dims.items():
        if variable in draws and None not in dims:
            assert draws[variable].dims[2:] == dims
