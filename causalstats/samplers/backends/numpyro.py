"""NUTS by NumPyro, for a GPU: all chains in one JAX program whose data are arguments."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.model import Problem
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.backends.device_layout import (
    device_in_words,
    out_of_memory_in_words,
)
from causalstats.samplers.backends.jax_graph import JaxGraph, trace
from causalstats.samplers.backends.jax_process import refuse_after_fork
from causalstats.samplers.base import ADAPT_CORRELATIONS_UP_TO, STATISTICS, complete
from causalstats.samplers.program_cache import cached_program

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from causalstats.samplers.nuts import Nuts

_DRAWS_OF_A_CHUNK = 50  # between two looks at the keyboard
_LOG_DENSITY = STATISTICS.index("lp")


def compile_graph(sampler: Nuts, graph: pm.Model) -> NumpyroProgram:
    """Trace the log density, its gradient, and the variables that are kept.

    JAX compiles them at the first run. Tuning is a part of the program, so programs with another
    number of tuning steps or another target acceptance are not shared.
    """
    kind = ("numpyro", sampler.tune, sampler.target_accept, sampler.precision)
    refuse_after_fork()
    program = cached_program(kind, graph, lambda: _traced_program(sampler, graph))
    return replace(program, sampler=sampler)


def _traced_program(sampler: Nuts, graph: pm.Model) -> NumpyroProgram:
    import jax
    from jax.flatten_util import ravel_pytree
    from numpyro.infer.hmc import hmc

    functions = trace(graph, sampler.precision)

    def potential_energy(data):
        return lambda vector: -functions.log_density(functions.unravel(vector), data)

    start, step = hmc(potential_fn_gen=potential_energy, algo="NUTS")

    def begin(key, position, data):
        vector, _ = ravel_pytree(position)
        return start(
            vector,
            sampler.tune,
            target_accept_prob=sampler.target_accept,
            dense_mass=vector.size <= ADAPT_CORRELATIONS_UP_TO,
            model_args=(data,),
            rng_key=key,
        )

    def advance(state, data):
        def one(state, _):
            state = step(state, model_args=(data,))
            adapted = state.adapt_state.step_size
            return state, (
                functions.unravel(state.z),
                state.diverging,
                state.energy,
                state.num_steps,
                adapted,
                -state.potential_energy,
                state.accept_prob,
            )

        return jax.lax.scan(one, state, length=_DRAWS_OF_A_CHUNK)

    begin_chains = jax.vmap(begin, (0, 0, None))
    advance_chains = jax.vmap(advance, (0, None))
    return NumpyroProgram(
        sampler,
        functions,
        jax.jit(begin_chains),
        jax.jit(advance_chains, donate_argnums=0),
        jax.jit(jax.vmap(begin_chains)),
        jax.jit(jax.vmap(advance_chains), donate_argnums=0),
    )


@dataclass(frozen=True)
class NumpyroProgram:
    """NUTS on a traced graph, jitted over chains.

    Attributes
    ----------
    sampler : Nuts
    functions : JaxGraph
    begin : function of keys, positions and data
        Returns the state of each chain.
    advance : function of states and data
        Returns states and a chunk of draws.
    begin_many, advance_many : functions
        The same for many problems, which are the first axis of every array.
    """

    sampler: Nuts
    functions: JaxGraph
    begin: Callable[..., Any]
    advance: Callable[..., Any]
    begin_many: Callable[..., Any]
    advance_many: Callable[..., Any]

    @property
    def graph(self) -> pm.Model:
        return self.functions.graph

    def run(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        with out_of_memory_in_words():
            return self._run(problem, seed, advance)

    def _run(self, problem: Problem, seed: int, advance: Advance) -> xr.DataTree:
        import jax

        options = self.sampler
        started = time.perf_counter()
        functions = self.functions
        data, layout = functions.data(problem, options.chains, repeatable=True)
        rounded = functions.for_chains(data)
        keys = jax.random.split(jax.random.key(seed), options.chains)
        starts = functions.starts(data, seed, options.chains)
        state = self.begin(layout.put_chains(keys), layout.put_chains(starts), rounded)
        # Tuning takes whole chunks; draws of its last chunk after the tuning are the first kept.
        total = options.tune + options.draws
        first = options.tune // _DRAWS_OF_A_CHUNK
        kept: list = []
        precision: str = options.precision
        interrupted = False
        try:
            for done in range(0, total, _DRAWS_OF_A_CHUNK):
                state, chunk = self.advance(state, rounded)
                kept.append(_first_chains(chunk, options.chains))
                if done <= options.tune < done + _DRAWS_OF_A_CHUNK:
                    number = options.chains * options.draws
                    positions, *statistics = kept[-1]
                    precision = functions.precision_in_words(
                        problem, positions, statistics[_LOG_DENSITY], number
                    )
                share = min(1.0, (done + _DRAWS_OF_A_CHUNK) / total)
                divergences = sum(int(part[1].sum()) for part in kept[first:])
                advance(share, f"{divergences} divergences")
        except KeyboardInterrupt:
            interrupted = True
        return complete(
            self._labelled(kept, data),
            interrupted=interrupted,
            seconds=time.perf_counter() - started,
            seed=seed,
            sampler=options,
            device=device_in_words(precision, layout.devices),
        )

    def run_many(
        self,
        problems: Sequence[Problem],
        seeds: Sequence[int],
        advance: Advance = silent,
    ) -> list[xr.DataTree]:
        with out_of_memory_in_words():
            return self._run_many(problems, seeds, advance)

    def _run_many(
        self, problems: Sequence[Problem], seeds: Sequence[int], advance: Advance
    ) -> list[xr.DataTree]:
        import jax
        import jax.numpy as jnp

        options, functions = self.sampler, self.functions
        started = time.perf_counter()
        together = functions.stacked(problems)
        data = [
            tuple(array[number] for array in together)
            for number in range(len(problems))
        ]
        keys = [
            jax.random.split(jax.random.key(seed), options.chains) for seed in seeds
        ]
        starts = [
            functions.starts(arrays, seed, options.chains)
            for arrays, seed in zip(data, seeds, strict=True)
        ]
        state = self.begin_many(
            jnp.stack(keys),
            jax.tree.map(lambda *parts: np.stack(parts), *starts),
            together,
        )
        total = options.tune + options.draws
        kept: list = []
        for done in range(0, total, _DRAWS_OF_A_CHUNK):
            state, chunk = self.advance_many(state, together)
            kept.append(jax.tree.map(np.asarray, chunk))
            advance(min(1.0, (done + _DRAWS_OF_A_CHUNK) / total), "")
        seconds = (time.perf_counter() - started) / len(problems)
        return [
            complete(
                self._labelled([_part(chunk, number) for chunk in kept], arrays),
                interrupted=False,
                seconds=seconds,
                seed=seed,
                sampler=options,
                device=device_in_words(options.precision),
            )
            for number, (arrays, seed) in enumerate(zip(data, seeds, strict=True))
        ]

    def _labelled(self, kept: list, data: tuple[Any, ...]) -> xr.DataTree:
        if len(kept) * _DRAWS_OF_A_CHUNK <= self.sampler.tune:
            raise KeyboardInterrupt("Interrupted with 0 complete draws a chain.")
        total = self.sampler.tune + self.sampler.draws
        positions, *statistics = _joined(kept, self.sampler.tune, total)
        return self.functions.draws(positions, statistics, data)


def _first_chains(chunk: tuple[Any, ...], number: int) -> tuple[Any, ...]:
    """Return a chunk whose parts are (chain, draw, ...) without chains that were repeated."""
    import jax

    return jax.tree.map(lambda part: np.asarray(part)[:number], chunk)


def _part(chunk: tuple[Any, ...], number: int) -> tuple[Any, ...]:
    """Return the draws of one problem of a chunk whose parts are (problem, chain, draw, ...)."""
    import jax

    return jax.tree.map(lambda part: part[number], chunk)


def _joined(chunks: list, first: int, last: int) -> tuple[Any, ...]:
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
