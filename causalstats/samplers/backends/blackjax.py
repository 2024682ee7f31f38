"""ChEES-HMC by BlackJAX: all chains in one JAX program whose data are arguments."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.backends.device_layout import (
    device_in_words,
    out_of_memory_in_words,
)
from causalstats.samplers.backends.jax_graph import JaxGraph, trace
from causalstats.samplers.backends.jax_process import refuse_after_fork
from causalstats.samplers.base import STATISTICS, complete
from causalstats.samplers.program_cache import cached_program

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from causalstats.samplers.chees import Chees

_DRAWS_OF_A_CHUNK = 25  # between two looks at the keyboard
_FIRST_STEP_SIZE = 0.1
_LEARNING_RATE = 0.025  # of the trajectory length, as in the paper of ChEES
_MOST_LEAPFROG_STEPS = 1000
_LOG_DENSITY = STATISTICS.index("lp")
_SHARE_OF_TUNING = 0.5  # shown as done when tuning is


def compile_graph(sampler: Chees, graph: pm.Model) -> CheesProgram:
    """Trace the log density, its gradient, and the variables that are kept.

    Programs with another number of chains, tuning steps or another target are not shared.

    Raises
    ------
    SamplingError
        If BlackJAX is not installed.
    """
    options = (sampler.chains, sampler.tune, sampler.target_accept, sampler.precision)
    kind = ("chees", *options)
    refuse_after_fork()
    program = cached_program(kind, graph, lambda: _traced_program(sampler, graph))
    return replace(program, sampler=sampler)


def _traced_program(sampler: Chees, graph: pm.Model) -> CheesProgram:
    try:
        import blackjax
        import optax
    except ImportError as error:
        raise SamplingError(
            "`cs.Chees` needs BlackJAX: pip install 'causalstats[gpu]'. Without it, use "
            "`cs.Nuts(backend='numpyro')`."
        ) from error
    import jax
    from blackjax.mcmc.dynamic_hmc import build_kernel, halton_sequence
    from jax.flatten_util import ravel_pytree

    functions = trace(graph, sampler.precision)
    jitter_bits = int(np.ceil(np.log2(sampler.tune + _MOST_LEAPFROG_STEPS)))

    def leapfrog_steps(iteration: Any, most_steps: Any) -> Any:
        """Return how many steps an iteration takes, uniform by a Halton sequence as in tuning."""
        share = halton_sequence(iteration, jitter_bits)
        return jax.numpy.ceil(share * most_steps).astype(int)

    kernel = build_kernel(
        next_random_arg_fn=lambda iteration: iteration + 1,
        integration_steps_fn=leapfrog_steps,
    )

    def log_density_of(data: tuple[Any, ...]) -> Callable[..., Any]:
        # BlackJAX takes means over chains of vectors only, so a position is one vector.
        return lambda vector: functions.log_density(functions.unravel(vector), data)

    def tune(key: Any, positions: list, data: tuple[Any, ...]) -> tuple[Any, dict]:
        adaptation = blackjax.chees_adaptation(
            log_density_of(data),
            sampler.chains,
            target_acceptance_rate=sampler.target_accept,
            max_leapfrog_steps=_MOST_LEAPFROG_STEPS,
            mass_matrix_estimation="diagonal",
            adaptation_info_fn=lambda state, info, adapted: info.is_divergent.sum(),
        )
        (states, adapted), _ = adaptation.run(
            key,
            jax.vmap(lambda position: ravel_pytree(position)[0])(positions),
            step_size=_FIRST_STEP_SIZE,
            optim=optax.adam(_LEARNING_RATE),
            num_steps=sampler.tune,
        )
        names = ("step_size", "inverse_mass_matrix", "integration_steps_params")
        return states, {name: adapted[name] for name in names}

    def advance(
        states: Any, adapted: dict, key: Any, data: tuple[Any, ...]
    ) -> tuple[Any, tuple]:
        def one_chain(key: Any, state: Any) -> tuple[Any, Any]:
            return kernel(key, state, log_density_of(data), **adapted)

        def one(states: Any, key: Any) -> tuple[Any, tuple]:
            keys = jax.random.split(key, sampler.chains)
            states, info = jax.vmap(one_chain)(keys, states)
            return states, (
                jax.vmap(functions.unravel)(states.position),
                info.is_divergent,
                info.energy,
                info.num_integration_steps,
                jax.numpy.full(sampler.chains, adapted["step_size"]),
                states.logdensity,
                info.acceptance_rate,
            )

        return jax.lax.scan(one, states, jax.random.split(key, _DRAWS_OF_A_CHUNK))

    return CheesProgram(sampler, functions, jax.jit(tune), jax.jit(advance))


@dataclass(frozen=True)
class CheesProgram:
    """ChEES-HMC on a traced graph.

    Attributes
    ----------
    sampler : Chees
    functions : JaxGraph
    tune : function of a key, positions and data
        Returns the states of all chains, and what was adapted.
    advance : function of states, what was adapted, a key and data
        Returns states and a chunk of draws.
    """

    sampler: Chees
    functions: JaxGraph
    tune: Callable[..., Any]
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
        functions = self.functions
        data, layout = functions.data(problem, options.chains)
        rounded = functions.for_chains(data)
        tuning_key, *keys = jax.random.split(
            jax.random.key(seed), 1 + -(-options.draws // _DRAWS_OF_A_CHUNK)
        )
        starts = functions.starts(data, seed, options.superchains)
        members = options.chains // options.superchains
        positions = [np.repeat(part, members, axis=0) for part in starts]
        states, adapted = self.tune(tuning_key, layout.put_chains(positions), rounded)
        advance(_SHARE_OF_TUNING, "tuned")
        chunks: list[tuple] = []
        precision: str = options.precision
        interrupted = False
        try:
            for done, key in enumerate(keys, start=1):
                states, chunk = self.advance(states, adapted, key, rounded)
                chunks.append(jax.tree.map(np.asarray, chunk))
                if done == 1:
                    number = options.chains * options.draws
                    positions, *statistics = jax.tree.map(_by_chain, chunks[0])
                    precision = functions.precision_in_words(
                        problem, positions, statistics[_LOG_DENSITY], number
                    )
                divergences = sum(int(part[1].sum()) for part in chunks)
                share = _SHARE_OF_TUNING + (1 - _SHARE_OF_TUNING) * done / len(keys)
                advance(share, f"{divergences} divergences")
        except KeyboardInterrupt:
            if not chunks:
                raise
            interrupted = True
        return complete(
            self._labelled(chunks, data),
            interrupted=interrupted,
            seconds=time.perf_counter() - started,
            seed=seed,
            sampler=options,
            device=device_in_words(precision, layout.devices),
        )

    def _labelled(self, chunks: list[tuple], data: tuple[Any, ...]) -> xr.DataTree:
        """Return the draws of all chunks, whose arrays are (draw, chain, ...)."""
        import jax

        def joined(*parts: np.ndarray) -> np.ndarray:
            return _by_chain(np.concatenate(parts)[: self.sampler.draws])

        positions, *statistics = jax.tree.map(joined, *chunks)
        members = self.sampler.chains // self.sampler.superchains
        superchain = np.arange(self.sampler.chains) // members
        return self.functions.draws(positions, statistics, data, superchain)


def _by_chain(array: np.ndarray) -> np.ndarray:
    """Return an array (draw, chain, ...) as (chain, draw, ...)."""
    return array.swapaxes(0, 1)
