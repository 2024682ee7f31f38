"""Laws of every option of every model on every backend of NUTS.

What JAX computes, and so what a GPU computes, is compared with PyTensor's own evaluation of the
graph, which shares no code with it. Here, options are compared in combinations that have each of
them at least once, and those whose graphs differ in numbers alone are compared once. Slow tests
compare every option by itself.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import toposort

import causalstats as cs
from causalstats.core.model import Problem
from causalstats.samplers import program_cache
from causalstats.samplers.backends.jax_graph import JaxGraph, trace
from tests.laws import sampler_table
from tests.laws.options import (
    FAMILIES,
    combinations,
    fields_without_values,
    options,
    options_in_no_combination,
)
from tests.samplers.test_numba_callbacks import density_and_gradient

OPTIONS = {option.name: option for option in options()}
COMBINATIONS = {option.name: option for option in combinations()}
AGREEMENT = 1e-9  # relative, of float64 sums in another order
NEAR = 1e-4  # relative to the largest part, of float32


MONTE_CARLO_ERRORS = 5  # of a difference; there are hundreds of them
DEVICE_SAMPLERS = {
    "NUTS by NumPyro": cs.Nuts(chains=2, draws=400, backend="numpyro"),
    "ChEES-HMC": cs.Chees(chains=32, draws=50),
}


@cache
def problem_of(name: str) -> Problem:
    return (OPTIONS | COMBINATIONS)[name].problem()


@pytest.fixture(scope="module", autouse=True)
def every_program_is_kept():
    """Let options share what is compiled, however many programs there are."""
    patch = pytest.MonkeyPatch()
    patch.setattr(program_cache, "_MOST_PROGRAMS", 3 * len(OPTIONS))
    patch.setattr(program_cache, "_entries", [])
    yield
    patch.undo()


def positions(functions: JaxGraph, number: int) -> list[np.ndarray]:
    """Return unconstrained points near the start, stacked, of each free variable."""
    rng = np.random.default_rng(1)
    return [
        centre + rng.uniform(-0.3, 0.3, (number, *centre.shape))
        for centre in functions.start
    ]


class ReferenceProgram:
    """The log density and gradient of a graph, compiled in a mode of PyTensor."""

    def __init__(self, graph, density, mode):
        import pytensor

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
        with self.graph:
            pm.set_data(problem.inputs)
        return self.function(*position)


@dataclass(frozen=True)
class Programs:
    """The JAX functions of a graph, and PyTensor's interpreter of the graph as it was built."""

    graph: pm.Model
    by_jax: JaxGraph
    interpreted: ReferenceProgram


@cache
def programs_of(name: str) -> Programs:
    graph = problem_of(name).graph
    mode = Mode(linker="py", optimizer=None)
    density = structure_of(name).outputs[0]  # not what `trace` derives for itself
    return Programs(graph, trace(graph), ReferenceProgram(graph, density, mode))


def assert_same_density(first, second):
    for one, other in zip(first, second, strict=True):
        scale = max(1.0, float(np.max(np.abs(one), initial=0.0)))
        np.testing.assert_allclose(other, one, rtol=AGREEMENT, atol=AGREEMENT * scale)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_field_of_a_model_has_an_option(family):
    assert not fields_without_values(FAMILIES[family])


@pytest.mark.parametrize("family", FAMILIES)
def test_every_option_is_part_of_a_combination(family):
    assert not options_in_no_combination(FAMILIES[family])


@pytest.mark.parametrize("name", OPTIONS)
def test_the_table_of_the_documentation_says_what_samplers_refuse(name):
    refused = {
        sampler: reasons[name]
        for sampler, reasons in sampler_table.recorded().items()
        if name in reasons
    }
    assert refused == sampler_table.refusals_of(OPTIONS[name], problem_of(name))


def test_the_table_of_the_documentation_names_no_other_option():
    for reasons in sampler_table.recorded().values():
        assert set(reasons) <= set(OPTIONS)


@cache
def structure_of(name: str) -> program_cache._Structure:
    return program_cache._Structure(problem_of(name).graph)


def computations(structure: program_cache._Structure) -> Hashable:
    """Return what a graph computes, with every constant number of floating point left open."""
    place: dict[Variable, Hashable] = {
        variable: ("input", number) for number, variable in enumerate(structure.inputs)
    }

    def described(variable: Variable) -> Hashable:
        if variable in place:
            return place[variable]
        if not isinstance(variable, Constant):
            return "shared", variable.type
        if not isinstance(variable.data, np.ndarray):
            return "constant", variable.type, repr(variable.data)
        if variable.type.dtype.startswith("float"):
            return "constant", variable.type
        return "constant", variable.type, variable.data.tobytes()

    steps = []
    for number, node in enumerate(toposort(structure.outputs, structure.inputs)):
        steps.append((node.op, tuple(map(described, node.inputs))))
        for output, variable in enumerate(node.outputs):
            place[variable] = (number, output)
    outputs = tuple(map(described, structure.outputs))
    return repr(structure.labels), structure.sizes, tuple(steps), outputs


_first_with_computations: dict[Hashable, str] = {}


@pytest.fixture
def has_other_computations(name):
    """Skip a combination that an earlier one differs from in numbers alone."""
    first = _first_with_computations.setdefault(computations(structure_of(name)), name)
    if first != name:
        pytest.skip(f"the computations are those of {first!r}, with other numbers")


@pytest.mark.usefixtures("compiled_quickly", "has_other_computations")
@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_density_and_its_gradient_by_jax_are_those_of_the_graph(name):
    assert_jax_computes_the_graph(name)


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_quickly", "has_another_program")
@pytest.mark.parametrize("name", OPTIONS)
def test_the_density_and_its_gradient_by_jax_are_those_of_every_single_option(name):
    assert_jax_computes_the_graph(name)


def assert_jax_computes_the_graph(name: str) -> None:
    problem = problem_of(name)
    functions = programs_of(name).by_jax
    position = [part[0] for part in positions(functions, 1)]
    expected = programs_of(name).interpreted(problem, position)
    assert np.isfinite(expected[0])
    assert_same_density(
        expected, functions.density(position, functions.data(problem)[0])
    )


def with_shapes_alone(functions: JaxGraph) -> JaxGraph:
    """Return functions that trace the variables that are kept, and hold zeros in their place."""
    import jax

    def zeros(points: list, data: tuple) -> list[np.ndarray]:
        kept = jax.eval_shape(functions.constrain, points, data)
        return [np.zeros(part.shape, part.dtype) for part in kept]

    return replace(functions, constrain=zeros)


@pytest.mark.usefixtures("compiled_quickly", "has_other_computations")
@pytest.mark.parametrize("name", COMBINATIONS)
def test_every_draw_of_a_device_is_labelled(name):
    """Labels need no numbers, so that XLA compiles the program of each base alone."""
    problem = problem_of(name)
    functions = programs_of(name).by_jax
    if name not in FAMILIES:
        functions = with_shapes_alone(functions)
    points = [
        part.reshape(2, 3, *part.shape[1:]) for part in positions(functions, number=6)
    ]
    draws = functions.posterior(points, functions.data(problem)[0])
    assert draws.sizes["chain"] == 2
    assert draws.sizes["draw"] == 3
    wanted = {variable.name for variable in problem.graph.deterministics}
    wanted |= {variable.name for variable in problem.graph.free_RVs}
    assert wanted <= set(draws.data_vars)
    for variable, dims in problem.graph.named_vars_to_dims.items():
        if variable in draws and None not in dims:
            assert draws[variable].dims[2:] == dims


@cache
def options_with_programs(family: type) -> frozenset[str]:
    """Return the options of a family whose graph has the structure of no earlier one."""
    names: list[str] = []
    structures: list = []
    for name, option in OPTIONS.items():
        if not isinstance(option.model, family):
            continue
        structure = structure_of(name)
        if not any(program_cache._same_structure(structure, one) for one in structures):
            structures.append(structure)
            names.append(name)
    return frozenset(names)


@pytest.fixture
def has_another_program(name):
    """Skip an option whose compiled code an earlier option has run."""
    if name not in options_with_programs(type(OPTIONS[name].model)):
        pytest.skip("the program of this option is that of an earlier one")


@cache
def answer_by_default(name: str) -> xr.DataArray:
    problem = problem_of(name)
    fit = cs.fit(problem.model, problem.data, seed=1, progress=False)
    return fit.effect(problem.model.headline).draws


def standard_errors(draws: xr.DataArray) -> np.ndarray:
    import arviz as az

    return np.nan_to_num(np.asarray(az.mcse(draws, method="mean")))


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_quickly", "has_another_program")
@pytest.mark.parametrize("sampler", DEVICE_SAMPLERS)
@pytest.mark.parametrize("name", OPTIONS)
def test_the_headline_of_a_device_is_that_of_the_default_sampler(name, sampler):
    problem = problem_of(name)
    fit = cs.fit(
        problem.model,
        problem.data,
        seed=2,
        sampler=DEVICE_SAMPLERS[sampler],
        progress=False,
    )
    draws = fit.effect(problem.model.headline).draws
    expected = answer_by_default(name)
    error = np.hypot(standard_errors(draws), standard_errors(expected))
    difference = draws.mean(("chain", "draw")) - expected.mean(("chain", "draw"))
    assert (abs(difference) <= MONTE_CARLO_ERRORS * error + 1e-12).all()


@pytest.mark.slow
@pytest.mark.usefixtures("has_another_program")
@pytest.mark.parametrize("name", OPTIONS)
def test_the_density_by_numba_is_that_of_the_graph(name):
    """The function is the one in C that nutpie calls."""
    problem = problem_of(name)
    position = [part[0] for part in positions(programs_of(name).by_jax, 1)]
    value, *gradient = programs_of(name).interpreted(problem, position)
    program = cs.Nuts().compile(problem).compiled
    read = {variable.name for variable in program.shared_var_keys}
    inputs = {key: values for key, values in problem.inputs.items() if key in read}
    status, *computed = density_and_gradient(
        program.with_data(**inputs), np.concatenate(position, axis=None)
    )
    assert status == 0
    assert_same_density([value, np.concatenate(gradient, axis=None)], computed)


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_quickly", "has_another_program")
@pytest.mark.parametrize("name", OPTIONS)
def test_the_density_in_float32_is_near_that_in_float64(name):
    problem = problem_of(name)
    functions = trace(problem.graph, "float32")
    data, _ = functions.data(problem)
    position = [part[0] for part in positions(functions, 1)]
    exact = functions.density(position, data)
    rounded = functions.rounded(position, functions.for_chains(data))
    for one, other in zip(exact, rounded, strict=True):
        assert other.dtype == np.float64
        largest = max(1.0, float(np.max(np.abs(one), initial=0.0)))
        np.testing.assert_allclose(other, one, atol=NEAR * largest)
