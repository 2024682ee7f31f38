"""A PyMC graph as JAX functions: log density, gradient, and the variables that are kept.

Every sampler that runs in JAX shares them: starting points of chains, labels of draws, and the
comparison of the log density on a device with that on the CPU.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.numerics.sampling.convergence_diagnostics import SUPERCHAIN
from causalstats.samplers.backends.device_layout import (
    DeviceLayout,
    layout_for,
    unpadded,
)
from causalstats.samplers.backends.single_precision import (
    in_single_precision,
    narrowed,
    rounding_error,
)
from causalstats.samplers.base import STATISTICS, Precision

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr
    from pytensor.graph import FunctionGraph

# Of PyTensor: they take a third of the time of deriving a program, and XLA does as well without
_COSTLY_REWRITES = ("local_greedy_distributor",)
_ATTEMPTS_OF_A_START = 20
_OF_DRAWS = ("chain", "draw", SUPERCHAIN)  # coordinates that statistics have too
# Between log densities on the device and on the CPU, both in float64
_RELATIVE_TOLERANCE = 1e-6


def trace(graph: pm.Model, precision: Precision = "float64") -> JaxGraph:
    """Return the graph as JAX functions; JAX compiles them when they are first called.

    Parameters
    ----------
    graph : pm.Model
    precision : "float64" or "float32"
        In which chains compute long arrays.

    Raises
    ------
    SamplingError
        If JAX has no such operation, or cannot tell the shape of an array before it runs.
    """
    import jax
    from pymc.util import get_default_varnames

    if not jax.config.jax_enable_x64:
        jax.config.update("jax_enable_x64", True)
    keep_compiled_programs_on_disk()
    logp = graph.logp()
    start = start_of(graph)
    shown = get_default_varnames(graph.unobserved_value_vars, include_transformed=False)
    with refused_in_words():
        gradient = traced(graph, [logp, *gradient_of(logp, graph.value_vars)], start)
        constrain = traced(graph, shown, start)

    # Samplers call both in several places; jitted, their Python code runs once for all.
    @jax.jit
    def density(position: list, data: tuple[Any, ...]) -> list:
        return gradient(*position, *map(unpadded, data))

    rounded = density
    if precision == "float32":
        rounded = jax.jit(in_single_precision(density))

    @jax.jit
    def kept(position: list, data: tuple[Any, ...]) -> list:
        return constrain(*position, *map(unpadded, data))

    data = tuple(value.get_value(borrow=True) for value in graph.data_vars)
    with refused_in_words():
        for function in (density, kept):
            jax.eval_shape(function, start, data)
    over_draws = jax.vmap(jax.vmap(kept, (0, None)), (0, None))
    return JaxGraph(
        graph,
        tuple(variable.name for variable in shown),
        density,
        rounded,
        _log_density(rounded),
        jax.jit(over_draws),
        start,
        precision,
    )


@contextmanager
def refused_in_words() -> Iterator[None]:
    """Say that JAX cannot run a graph, before anything is sampled.

    Raises
    ------
    SamplingError
        In place of the errors of PyTensor and JAX.
    """
    import jax

    refusals = (NotImplementedError, jax.errors.JAXTypeError, jax.errors.JAXIndexError)
    try:
        yield
    except refusals as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise SamplingError(
            f"JAX cannot run the graph of this model: {reason}. Sample on the CPU, by Numba: "
            "`cs.Nuts(backend='numba')`."
        ) from error


def start_of(graph: pm.Model) -> list[np.ndarray]:
    """Return the initial point of a graph; PyMC compiles a function each time it is asked."""
    start = graph.initial_point()
    return [np.asarray(start[value.name], float) for value in graph.value_vars]


def keep_compiled_programs_on_disk() -> None:
    """Let JAX find in the next process what this one compiles, unless the user has set a folder."""
    import jax
    import pytensor

    if jax.config.jax_compilation_cache_dir is None:
        folder = Path(pytensor.config.compiledir) / "jax"
        jax.config.update("jax_compilation_cache_dir", str(folder))
        # The dozen short programs of a fit take seconds together.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)


@dataclass(frozen=True)
class JaxGraph:
    """The functions of a graph. A position is a list of arrays, one for each free variable.

    Attributes
    ----------
    graph : pm.Model
    names : tuple of str
        The variables that are kept.
    density : function of a position and data, jitted
        Returns the log density and its gradient, in float64.
    rounded : function of a position and data, jitted
        The same in the precision of the chains.
    log_density : function of a position and data
        Returns the log density in the precision of the chains; JAX differentiates it by the
        gradient that PyTensor derived.
    constrain : function of positions (chain, draw, ...) and data, jitted
        Returns the variables that are kept.
    start : list of arrays
        The initial point of the graph.
    precision : "float64" or "float32"
        That of the chains.
    """

    graph: pm.Model
    names: tuple[str, ...]
    density: Callable[..., Any]
    rounded: Callable[..., Any]
    log_density: Callable[..., Any]
    constrain: Callable[..., Any]
    start: list[np.ndarray]
    precision: Precision

    def unravel(self, vector: Any) -> list[Any]:
        """Return the position that a vector holds.

        Samplers whose state is one vector are compiled in half the time.
        """
        from jax.flatten_util import ravel_pytree

        return ravel_pytree(self.start)[1](vector)

    def data(
        self, problem: Problem, chains: int = 1, *, repeatable: bool = False
    ) -> tuple[tuple[Any, ...], DeviceLayout]:
        """Return the data of a problem on the devices, and how chains and rows are spread.

        Parameters
        ----------
        problem : Problem
        chains : int
            How many will be run on these data at once.
        repeatable : bool
            As in `layout_for`.
        """
        arrays = [
            np.asarray(problem.inputs[variable.name])
            for variable in self.graph.data_vars
        ]
        layout = layout_for(chains, arrays, repeatable=repeatable)
        return layout.put_data(arrays), layout

    def stacked(self, problems: Sequence[Problem]) -> tuple[Any, ...]:
        """Return the data of many problems, which are the first axis of every array.

        Raises
        ------
        SamplingError
            If two problems differ in the shape of an array.
        """
        import jax.numpy as jnp

        refuse_unequal_shapes(problems)
        return tuple(
            jnp.stack([problem.inputs[variable.name] for problem in problems])
            for variable in self.graph.data_vars
        )

    def for_chains(self, data: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the data in the precision of the chains."""
        return narrowed(data) if self.precision == "float32" else data

    def precision_in_words(
        self,
        problem: Problem,
        positions: Sequence[np.ndarray],
        log_density: np.ndarray,
        draws: int,
    ) -> str:
        """Return the precision of the chains, with what it costs where that is float32.

        Parameters
        ----------
        problem : Problem
        positions : sequence of arrays (chain, draw, ...)
            The first draws after tuning.
        log_density : array (chain, draw)
            That of the draws, as the chains computed it.
        draws : int
            How many will be kept, of all chains.

        Raises
        ------
        SamplingError
            If answers could be off by more than a hundredth of a Monte Carlo standard error.
        """
        if self.precision == "float64":
            return self.precision
        import jax

        data, _ = self.data(problem)
        on_device = narrowed(data)
        cpu = jax.devices("cpu")[0]
        on_cpu = jax.device_put(
            [problem.inputs[v.name] for v in self.graph.data_vars], cpu
        )

        def exact(position: list) -> list:
            return self.density(jax.device_put(position, cpu), tuple(on_cpu))

        error = rounding_error(
            exact,
            lambda position: self.rounded(position, on_device),
            positions,
            log_density,
            draws,
        )
        error.refuse_large()
        return str(error)

    def starts(self, data: tuple[Any, ...], seed: int, number: int) -> list[np.ndarray]:
        """Return points where log density and gradient are finite, stacked.

        They are the initial point of the graph with uniform noise on (-1, 1), as in Stan.

        Parameters
        ----------
        data : tuple of arrays
        seed, number : int

        Raises
        ------
        SamplingError
            If there are fewer such points than asked for in 20 attempts for each, or a device
            computes another log density than the CPU.
        """
        rng = np.random.default_rng(seed)
        starts = []
        for _ in range(_ATTEMPTS_OF_A_START * number):
            position = [
                np.asarray(centre + rng.uniform(-1, 1, centre.shape))
                for centre in self.start
            ]
            value = [np.asarray(part) for part in self.density(position, data)]
            if all(np.isfinite(part).all() for part in value):
                starts.append(position)
            if len(starts) == number:
                self._refuse_another_density(position, data, value[0])
                return [np.stack(parts) for parts in zip(*starts, strict=True)]
        raise SamplingError(
            f"No start with a finite log density in {_ATTEMPTS_OF_A_START} attempts a chain. "
            "Report this with the data and the model."
        )

    def _refuse_another_density(
        self, position: list, data: tuple[Any, ...], value: np.ndarray
    ) -> None:
        """Raise where a device computes another log density than the CPU.

        Parameters
        ----------
        position : list of arrays
            A start of one chain.
        data : tuple of arrays
        value : array
            The log density that the device computed there.
        """
        import jax

        if jax.default_backend() == "cpu":
            return
        with jax.default_device(jax.devices("cpu")[0]):
            there = self.density(*jax.tree.map(np.asarray, (position, data)))[0]
        if not np.isclose(value, there, rtol=_RELATIVE_TOLERANCE):
            device = jax.devices()[0]
            raise SamplingError(
                f"The log density is {value:.10g} on {device} and {float(there):.10g} on the CPU. "
                "Sample on the CPU: Nuts(backend='numba')."
            )

    def posterior(
        self, positions: Sequence[np.ndarray], data: tuple[Any, ...]
    ) -> xr.Dataset:
        """Return the variables that are kept, with their dims and coordinates.

        Parameters
        ----------
        positions : sequence of arrays (chain, draw, ...)
        data : tuple of arrays
        """
        import xarray as xr

        values = [np.asarray(value) for value in self.constrain(positions, data)]
        labels = {
            name: list(labels)
            for name, labels in self.graph.coords.items()
            if labels is not None
        }
        variables = {
            name: (("chain", "draw", *self._dims(name, value.ndim - 2)), value)
            for name, value in zip(self.names, values, strict=True)
        }
        chains, draws = values[0].shape[:2]
        axes = {"chain": np.arange(chains), "draw": np.arange(draws)}
        return xr.Dataset(variables, labels | axes)

    def draws(
        self,
        positions: Sequence[np.ndarray],
        statistics: Sequence[np.ndarray],
        data: tuple[Any, ...],
        superchain: np.ndarray | None = None,
    ) -> xr.DataTree:
        """Return the groups `posterior` and `sample_stats` of a run.

        Parameters
        ----------
        positions : sequence of arrays (chain, draw, ...)
        statistics : sequence of arrays (chain, draw)
            In the order of `STATISTICS`.
        data : tuple of arrays
        superchain : int array (chain,), optional
            The superchain of each chain, where chains share starts.
        """
        import xarray as xr

        posterior = self.posterior(positions, data)
        if superchain is not None:
            posterior = posterior.assign_coords({SUPERCHAIN: ("chain", superchain)})
        values = zip(STATISTICS, statistics, strict=True)
        sample_stats = xr.Dataset(
            {name: (("chain", "draw"), value) for name, value in values},
            {name: posterior[name] for name in posterior.coords if name in _OF_DRAWS},
        )
        return xr.DataTree.from_dict(
            {"posterior": posterior, "sample_stats": sample_stats}
        )

    def _dims(self, name: str, number: int) -> tuple[str, ...]:
        """Return the dims of a variable; dims without a name are called as PyMC calls them."""
        named = self.graph.named_vars_to_dims.get(name) or (None,) * number
        return tuple(dim or f"{name}_dim_{axis}" for axis, dim in enumerate(named))


def refuse_unequal_shapes(problems: Sequence[Problem]) -> None:
    """Raise where the data of two problems differ in shape, so that one program cannot run both.

    Raises
    ------
    SamplingError
        With the name of the array.
    """
    first = _shapes(problems[0])
    for number, problem in enumerate(problems):
        shapes = _shapes(problem)
        for name in first | shapes:
            if shapes.get(name) != first.get(name):
                raise SamplingError(
                    "Expected data sets of equal shapes, to fit all in one program; got "
                    f"{name!r} of shape {first.get(name)} in the first and {shapes.get(name)} "
                    f"in data set {number + 1}. Fit them one after the other, without "
                    "`vectorized`."
                )


def _shapes(problem: Problem) -> dict[str, tuple[int, ...]]:
    return {name: np.shape(array) for name, array in problem.inputs.items()}


def traced(
    graph: pm.Model, outputs: Sequence[Any], start: Sequence[np.ndarray]
) -> Callable[..., Any]:
    """Return a JAX function of the graph's unconstrained values, followed by its data.

    Parameters
    ----------
    graph : pm.Model
    outputs : sequence of variables
        Those that the function returns.
    start : sequence of arrays
        A position.
    """
    return in_jax(rewritten(graph, outputs, start))


def rewritten(
    graph: pm.Model,
    outputs: Sequence[Any],
    start: Sequence[np.ndarray],
    further: Sequence[Any] = (),
) -> FunctionGraph:
    """Return outputs as a function of the unconstrained values and the data, simplified for JAX.

    Parameters
    ----------
    graph : pm.Model
    outputs : sequence of variables
        Those that the function returns.
    start : sequence of arrays
        A position. JAX cuts arrays at constants alone, so that every shape has to be known.
    further : sequence of variables
        Inputs of the outputs that are not of the graph; they follow the data.
    """
    from pytensor.compile.mode import JAX
    from pytensor.graph import FunctionGraph
    from pytensor.graph.replace import clone_replace

    symbols = [variable.type() for variable in graph.data_vars]
    lengths = {
        length: np.int64(length.get_value())
        for length in graph.dim_lengths.values()
        if hasattr(length, "get_value")
    }
    constants = {
        variable: variable.type.filter_variable(value)
        for variable, value in lengths.items()
    }
    values = [
        variable.type.clone(shape=array.shape)()
        for variable, array in zip(graph.value_vars, start, strict=True)
    ]
    known = dict(zip(graph.data_vars, symbols, strict=True))
    known |= dict(zip(graph.value_vars, values, strict=True)) | constants
    replaced = clone_replace(list(outputs), known)
    inputs = [*values, *symbols, *further]
    function = FunctionGraph(inputs=inputs, outputs=replaced, clone=True)
    JAX.excluding(*_COSTLY_REWRITES).optimizer.rewrite(function)
    return function


def with_outputs(function: FunctionGraph, positions: Sequence[int]) -> FunctionGraph:
    """Return the function of some of the outputs alone, without what the others need."""
    from pytensor.graph import FunctionGraph

    kept = [function.outputs[position] for position in positions]
    return FunctionGraph(inputs=function.inputs, outputs=kept, clone=True)


def in_jax(function: FunctionGraph) -> Callable[..., Any]:
    """Return the same function in JAX."""
    with warnings.catch_warnings():
        # The import brings a progress bar along, which asks for ipywidgets and is not used here.
        warnings.filterwarnings("ignore", "IProgress not found")
        from pytensor.link.jax.dispatch import jax_funcify

        # The checks are those of constants of priors and of shapes, which the model has checked.
        warnings.filterwarnings("ignore", "Skipping (Check|Assert)")
        return jax_funcify(function)


def gradient_of(logp: Any, variables: Sequence[Any]) -> Any:
    import pytensor

    return pytensor.grad(logp, list(variables), disconnected_inputs="ignore")


def _log_density(density: Callable[..., Any]) -> Callable[..., Any]:
    """Return the log density alone, with the gradient that PyTensor derived.

    Far from all mass, rounding can leave a density that is infinite or no number; a chain that took
    such a point would never leave it. There the log density is -inf, and proposals are rejected.
    """
    import jax
    import jax.numpy as jnp

    def rejected_without_value(value):
        return jnp.where(value < jnp.inf, value, -jnp.inf)

    @jax.custom_vjp
    def log_density(position, data):
        return rejected_without_value(density(position, data)[0])

    def forward(position, data):
        value, *gradient = density(position, data)
        return rejected_without_value(value), gradient

    def backward(gradient, cotangent):
        return [cotangent * part for part in gradient], None

    log_density.defvjp(forward, backward)
    return log_density
