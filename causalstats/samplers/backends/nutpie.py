"""NUTS by nutpie, for a CPU: a thread for each chain, the gradient compiled by Numba or JAX."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from causalstats.core.model import Problem
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.backends.jax_process import refuse_after_fork
from causalstats.samplers.backends.numba_callbacks import kept_on_disk
from causalstats.samplers.base import ADAPT_CORRELATIONS_UP_TO, complete
from causalstats.samplers.program_cache import cached_program

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from causalstats.samplers.nuts import Nuts

_SECONDS_BETWEEN_LOOKS = 0.05


def compile_graph(
    sampler: Nuts, graph: pm.Model, gradient: Literal["numba", "jax"]
) -> NutpieProgram:
    """Compile the log density of a graph, its gradient, and the variables that are kept.

    Parameters
    ----------
    sampler : Nuts
    graph : pm.Model
    gradient : "numba" or "jax"
        The compiler of the gradient.
    """
    import nutpie

    def compile_program() -> NutpieProgram:
        refusal: AbstractContextManager[None] = nullcontext()
        if gradient == "jax":
            from causalstats.samplers.backends.jax_graph import (
                keep_compiled_programs_on_disk,
                refused_in_words,
            )

            keep_compiled_programs_on_disk()
            refusal = refused_in_words()
        with refusal, kept_on_disk(gradient) as options:
            compiled = nutpie.compile_pymc_model(
                graph, backend=gradient, freeze_model=False, **options
            )
        return NutpieProgram(sampler, graph, compiled)

    if gradient == "jax":
        refuse_after_fork()
    program = cached_program(
        ("nutpie", gradient), graph, compile_program, any_rows=gradient == "numba"
    )
    return replace(program, sampler=sampler)


@dataclass(frozen=True)
class NutpieProgram:
    """A graph compiled by nutpie; its data are arguments of each run."""

    sampler: Nuts
    graph: pm.Model
    compiled: Any

    def run(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        from threadpoolctl import threadpool_limits

        # The chains are threads; those of linear algebra would wait for each other.
        with threadpool_limits(1, "blas"):
            return self._run(problem, seed, advance)

    def _run(self, problem: Problem, seed: int, advance: Advance) -> xr.DataTree:
        import nutpie

        options = self.sampler
        dense = self.compiled.n_dim <= ADAPT_CORRELATIONS_UP_TO
        latest: list[
            Any
        ] = []  # the chains as nutpie's thread last saw them, shown by this one
        running = nutpie.sample(
            self.compiled.with_data(**_inputs(self.compiled, problem.inputs)),
            draws=options.draws,
            tune=options.tune,
            chains=options.chains,
            seed=seed,
            target_accept=options.target_accept,
            adaptation="low_rank" if dense else "diag",
            save_warmup=False,
            progress_bar=False,
            progress_callback=lambda chains: latest.__setitem__(slice(None), chains),
            blocking=False,
        )
        started = time.perf_counter()
        interrupted = False
        try:
            while (draws := _finished(running)) is None:
                advance(*_progress(latest))
        except KeyboardInterrupt:
            draws, interrupted = running.abort(), True
        except BaseException:
            running.cancel()
            raise
        draws["sample_stats"] = draws["sample_stats"].to_dataset().rename(logp="lp")
        seconds = time.perf_counter() - started
        return complete(
            draws, interrupted=interrupted, seconds=seconds, seed=seed, sampler=options
        )


def _finished(running: Any) -> xr.DataTree | None:
    """Return the draws, or None while chains are running."""
    try:
        return running.wait(timeout=_SECONDS_BETWEEN_LOOKS)
    except TimeoutError:
        return None


def _progress(chains: list[Any]) -> tuple[float, str]:
    """Return the share that is done, and the number of divergences in words."""
    if not chains:
        return 0.0, ""
    divergences = sum(chain.divergences for chain in chains)
    shares = [chain.finished_draws / chain.total_draws for chain in chains]
    return float(np.mean(shares)), f"{divergences} divergences"


def _inputs(compiled: Any, data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the data that the compiled graph reads; nutpie refuses others."""
    jax_inputs = getattr(compiled, "_shared_data", None)
    names = (
        [key.name for key in compiled.shared_var_keys]
        if jax_inputs is None
        else jax_inputs
    )
    return {name: value for name, value in data.items() if name in names}
