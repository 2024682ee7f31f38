"""NUTS by NumPyro, for a GPU: all chains in one JAX program whose data are arguments.

On a GPU, the log density is compared with that on the CPU before anything is sampled.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import ADAPT_CORRELATIONS_UP_TO, STATISTICS, complete
from causalstats.samplers.program_cache import cached_program

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from causalstats.samplers.nuts import Nuts

_DRAWS_OF_A_CHUNK = 50  # between two looks at the keyboard
_ATTEMPTS_OF_A_CHAIN = 20
_RELATIVE_TOLERANCE = (
    1e-6  # between log densities on the device and on the CPU, both in float64
)


def compile_graph(sampler: Nuts, graph: pm.Model) -> JaxProgram:
    """Trace the log density, its gradient, and the variables that are kept.

    JAX compiles them at the first run. Tuning is a part of the program, so programs with another
    number of tuning steps or another target acceptance are not shared.
    """
    kind = ("numpyro", sampler.tune, sampler.target_accept)
    program = cached_program(kind, graph, lambda: _traced_program(sampler, graph))
    return replace(program, sampler=sampler)


def _traced_program(sampler: Nuts, graph: pm.Model) -> JaxProgram:
    import jax
    from numpyro.infer.hmc import hmc
    from pymc.util import get_default_varnames

    if not jax.config.jax_enable_x64:
        jax.config.update("jax_enable_x64", True)
    logp = graph.logp()
    density = traced(graph, [logp, *_gradient(logp, graph.value_vars)])
    shown = get_default_varnames(graph.unobserved_value_vars, include_transformed=False)
    outputs = traced(graph, shown)
    potential = _potential(density)
    start, step = hmc(
        potential_fn_gen=lambda data: lambda position: potential(position, data),
        algo="NUTS",
    )

    def begin(key, position, data):
        dense = sum(part.size for part in position) <= ADAPT_CORRELATIONS_UP_TO
        return start(
            position,
            sampler.tune,
            target_accept_prob=sampler.target_accept,
            dense_mass=dense,
            model_args=(data,),
            rng_key=key,
        )

    def advance(state, data):
        def one(state, _):
            state = step(state, model_args=(data,))
            adapted = state.adapt_state.step_size
            return state, (
                state.z,
                state.diverging,
                state.energy,
                state.num_steps,
                adapted,
                -state.potential_energy,
                state.accept_prob,
            )

        return jax.lax.scan(one, state, length=_DRAWS_OF_A_CHUNK)

    def constrain(positions, data):
        return outputs(*positions, *data)

    over_chains = jax.vmap(advance, (0, None))
    over_draws = jax.vmap(jax.vmap(constrain, (0, None)), (0, None))
    return JaxProgram(
        sampler,
        graph,
        tuple(variable.name for variable in shown),
        jax.jit(lambda position, data: density(*position, *data)),
        jax.jit(jax.vmap(begin, (0, 0, None))),
        jax.jit(over_chains, donate_argnums=0),
        jax.jit(over_draws),
    )


@dataclass(frozen=True)
class JaxProgram:
    """A traced graph, jitted over chains.

    Attributes
    ----------
    sampler : Nuts
    graph : pm.Model
    names : tuple of str
        The variables that are kept.
    density : function of positions and data
        Returns the log density and its gradient.
    begin : function of keys, positions and data
        Returns the state of each chain.
    advance : function of states and data
        Returns states and a chunk of draws.
    constrain : function of positions and data
        Returns the variables that are kept.
    """

    sampler: Nuts
    graph: pm.Model
    names: tuple[str, ...]
    density: Callable
    begin: Callable
    advance: Callable
    constrain: Callable

    def run(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        import jax

        options = self.sampler
        started = time.perf_counter()
        data = tuple(
            jax.numpy.asarray(problem.inputs[variable.name])
            for variable in self.graph.data_vars
        )
        key = jax.random.key(seed)
        keys = jax.random.split(key, options.chains)
        state = self.begin(keys, self._positions(data, seed), data)
        # Tuning takes whole chunks; draws of its last chunk after the tuning are the first kept.
        total = options.tune + options.draws
        first = options.tune // _DRAWS_OF_A_CHUNK
        kept: list = []
        interrupted = False
        try:
            for done in range(0, total, _DRAWS_OF_A_CHUNK):
                state, chunk = self.advance(state, data)
                kept.append(jax.tree.map(np.asarray, chunk))
                share = min(1.0, (done + _DRAWS_OF_A_CHUNK) / total)
                divergences = sum(int(part[1].sum()) for part in kept[first:])
                advance(share, f"{divergences} divergences")
        except KeyboardInterrupt:
            interrupted = True
        draws = self._labelled(kept, data)
        return complete(
            draws,
            interrupted=interrupted,
            seconds=time.perf_counter() - started,
            seed=seed,
            sampler=options,
        )

    def _positions(self, data: tuple, seed: int) -> list[np.ndarray]:
        """Return a start for each chain, where the log density is finite.

        It is the initial point of the graph with uniform noise on (-1, 1).
        """
        rng = np.random.default_rng(seed)
        centre = self.graph.initial_point()
        starts = []
        for _ in range(_ATTEMPTS_OF_A_CHAIN * self.sampler.chains):
            position = [
                np.asarray(
                    centre[v.name] + rng.uniform(-1, 1, np.shape(centre[v.name]))
                )
                for v in self.graph.value_vars
            ]
            value = [np.asarray(part) for part in self.density(position, data)]
            if all(np.isfinite(part).all() for part in value):
                starts.append(position)
            if len(starts) == self.sampler.chains:
                self._refuse_another_density(position, data, value[0])
                return [np.stack(parts) for parts in zip(*starts, strict=True)]
        raise SamplingError(
            f"No start with a finite log density in {_ATTEMPTS_OF_A_CHAIN} attempts a chain. "
            "Report this with the data and the model."
        )

    def _refuse_another_density(
        self, position: list, data: tuple, value: np.ndarray
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
            there = self.density(
                [np.asarray(part) for part in position],
                tuple(np.asarray(part) for part in data),
            )[0]
        if not np.isclose(value, there, rtol=_RELATIVE_TOLERANCE):
            device = jax.devices()[0]
            raise SamplingError(
                f"The log density is {value:.10g} on {device} and {float(there):.10g} on the CPU. "
                "Sample on the CPU: Nuts(backend='numba')."
            )

    def _labelled(self, kept: list, data: tuple) -> xr.DataTree:
        import xarray as xr

        if len(kept) * _DRAWS_OF_A_CHUNK <= self.sampler.tune:
            raise KeyboardInterrupt("Interrupted with 0 complete draws a chain.")
        positions, *statistics = _joined(
            kept, self.sampler.tune, self.sampler.tune + self.sampler.draws
        )
        values = [np.asarray(value) for value in self.constrain(positions, data)]
        coords = {
            name: list(labels)
            for name, labels in self.graph.coords.items()
            if labels is not None
        }
        posterior = {
            name: (("chain", "draw", *self._dims(name, value.ndim - 2)), value)
            for name, value in zip(self.names, values, strict=True)
        }
        axes = {
            "chain": np.arange(values[0].shape[0]),
            "draw": np.arange(values[0].shape[1]),
        }
        stats = {
            name: (("chain", "draw"), value)
            for name, value in zip(STATISTICS, statistics, strict=True)
        }
        return xr.DataTree.from_dict(
            {
                "posterior": xr.Dataset(posterior, coords | axes),
                "sample_stats": xr.Dataset(stats, axes),
            }
        )

    def _dims(self, name: str, number: int) -> tuple[str, ...]:
        """Return the dims of a variable; dims without a name are called as PyMC calls them."""
        named = self.graph.named_vars_to_dims.get(name) or (None,) * number
        return tuple(dim or f"{name}_dim_{axis}" for axis, dim in enumerate(named))


def traced(graph: pm.Model, outputs: Sequence[Any]) -> Callable:
    """Return a JAX function of the graph's unconstrained values, followed by its data.

    Parameters
    ----------
    graph : pm.Model
    outputs : sequence of variables
        Those that the function returns.
    """
    from pytensor.compile.mode import JAX
    from pytensor.graph import FunctionGraph
    from pytensor.graph.replace import clone_replace
    from pytensor.link.jax.dispatch import jax_funcify

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
    values = [_with_static_shape(variable, graph) for variable in graph.value_vars]
    known = dict(zip(graph.data_vars, symbols, strict=True))
    known |= dict(zip(graph.value_vars, values, strict=True)) | constants
    replaced = clone_replace(list(outputs), known)
    function = FunctionGraph(inputs=[*values, *symbols], outputs=replaced, clone=True)
    JAX.optimizer.rewrite(function)
    with warnings.catch_warnings():
        # The checks are those of constants of priors and of shapes, which the model has checked.
        warnings.filterwarnings("ignore", "Skipping (Check|Assert)")
        return jax_funcify(function)


def _with_static_shape(variable: Any, graph: pm.Model) -> Any:
    """Return a symbol like `variable` whose shape is known: JAX cuts arrays at constants alone."""
    return variable.type.clone(shape=graph.initial_point()[variable.name].shape)()


def _gradient(logp: Any, variables: Sequence[Any]) -> Any:
    import pytensor

    return pytensor.grad(logp, list(variables), disconnected_inputs="ignore")


def _potential(density: Callable) -> Callable:
    """Return the potential energy, -log density, with the gradient that PyTensor derived."""
    import jax

    @jax.custom_vjp
    def potential(position, data):
        return -density(*position, *data)[0]

    def forward(position, data):
        value, *gradient = density(*position, *data)
        return -value, gradient

    def backward(gradient, cotangent):
        return [-cotangent * part for part in gradient], None

    potential.defvjp(forward, backward)
    return potential


def _joined(chunks: list, first: int, last: int) -> tuple:
    """Return the draws from first to last of all chunks, whose parts are (chain, draw, ...).

    Parameters
    ----------
    chunks : list of tuples of arrays
    first, last : int
        Numbers of draws, the last not included.
    """
    import jax

    return jax.tree.map(
        lambda *parts: np.concatenate(parts, axis=1)[:, first:last], *chunks
    )
