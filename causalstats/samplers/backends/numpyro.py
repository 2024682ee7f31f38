"""NUTS by NumPyro, for a GPU: all chains in one JAX program whose data are arguments."""

from __future__ import annotations

import time
from collections.abc import Callable
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
from causalstats.samplers.base import ADAPT_CORRELATIONS_UP_TO, complete
from causalstats.samplers.program_cache import cached_program

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from causalstats.samplers.nuts import Nuts

_DRAWS_OF_A_CHUNK = 50  # between two looks at the keyboard


def compile_graph(sampler: Nuts, graph: pm.Model) -> NumpyroProgram:
    """Trace the log density, its gradient, and the variables that are kept.

    JAX compiles them at the first run. Tuning is a part of the program, so programs with another
    number of tuning steps or another target acceptance are not shared.
    """
    kind = ("numpyro", sampler.tune, sampler.target_accept)
    program = cached_program(kind, graph, lambda: _traced_program(sampler, graph))
    return replace(program, sampler=sampler)


def _traced_program(sampler: Nuts, graph: pm.Model) -> NumpyroProgram:
    import jax
    from numpyro.infer.hmc import hmc

    functions = trace(graph)

    def potential_energy(data):
        return lambda position: -functions.log_density(position, data)

    start, step = hmc(potential_fn_gen=potential_energy, algo="NUTS")

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

    over_chains = jax.vmap(advance, (0, None))
    return NumpyroProgram(
        sampler,
        functions,
        jax.jit(jax.vmap(begin, (0, 0, None))),
        jax.jit(over_chains, donate_argnums=0),
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
    """

    sampler: Nuts
    functions: JaxGraph
    begin: Callable[..., Any]
    advance: Callable[..., Any]

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
        data, layout = self.functions.data(problem, options.chains)
        keys = jax.random.split(jax.random.key(seed), options.chains)
        starts = self.functions.starts(data, seed, options.chains)
        state = self.begin(layout.put_chains(keys), layout.put_chains(starts), data)
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
        return complete(
            self._labelled(kept, data),
            interrupted=interrupted,
            seconds=time.perf_counter() - started,
            seed=seed,
            sampler=options,
            device=device_in_words(),
        )

    def _labelled(self, kept: list, data: tuple[Any, ...]) -> xr.DataTree:
        if len(kept) * _DRAWS_OF_A_CHUNK <= self.sampler.tune:
            raise KeyboardInterrupt("Interrupted with 0 complete draws a chain.")
        total = self.sampler.tune + self.sampler.draws
        positions, *statistics = _joined(kept, self.sampler.tune, total)
        return self.functions.draws(positions, statistics, data)


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
