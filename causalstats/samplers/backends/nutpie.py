"""NUTS by nutpie: one thread a chain, the gradient compiled by Numba or JAX. For a CPU."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from causalstats.core.model import Problem
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import ADAPT_CORRELATIONS_UP_TO, complete
from causalstats.samplers.program_cache import cached_program, same_program

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from causalstats.samplers.nuts import Nuts

_LOOK_EVERY = 0.05  # seconds


def compile_graph(
    sampler: Nuts, graph: pm.Model, gradient: Literal["numba", "jax"]
) -> NutpieProgram:
    """Compile the log density, its gradient, and what is computed from each draw."""
    import nutpie

    def compile_it() -> NutpieProgram:
        return NutpieProgram(
            sampler, graph, nutpie.compile_pymc_model(graph, backend=gradient, freeze_model=False)
        )

    return replace(cached_program(("nutpie", gradient), graph, compile_it), sampler=sampler)


@dataclass(frozen=True)
class NutpieProgram:
    """A compiled graph."""

    sampler: Nuts
    graph: pm.Model
    compiled: Any

    def fits(self, problem: Problem) -> bool:
        """Whether its graph differs in data and constants alone."""
        return same_program(self.graph, problem.graph)

    def run(self, problem: Problem, seed: int, advance: Advance = silent) -> xr.DataTree:
        """Draws for this problem; an interrupt keeps the complete draws of every chain."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(
            1, "blas"
        ):  # the chains are the threads; those of linear algebra would wait for each other
            return self._run(problem, seed, advance)

    def _run(self, problem: Problem, seed: int, advance: Advance) -> xr.DataTree:
        import nutpie

        options = self.sampler
        latest: list[
            Any
        ] = []  # the chains as nutpie's own thread last saw them; shown from this one
        running = nutpie.sample(
            self.compiled.with_data(**_used(self.compiled, problem.inputs)),
            draws=options.draws,
            tune=options.tune,
            chains=options.chains,
            seed=seed,
            target_accept=options.target_accept,
            adaptation="low_rank" if self.compiled.n_dim <= ADAPT_CORRELATIONS_UP_TO else "diag",
            save_warmup=False,
            progress_bar=False,
            progress_callback=lambda chains: latest.__setitem__(slice(None), chains),
            blocking=False,
        )
        started, interrupted = time.perf_counter(), False
        try:
            while (draws := _finished(running)) is None:
                advance(*_state(latest))
        except KeyboardInterrupt:
            draws, interrupted = running.abort(), True
        except BaseException:
            running.cancel()
            raise
        draws["sample_stats"] = draws["sample_stats"].to_dataset().rename(logp="lp")
        return complete(
            draws,
            interrupted=interrupted,
            seconds=time.perf_counter() - started,
            seed=seed,
            sampler=options,
        )


def _finished(running: Any) -> xr.DataTree | None:
    try:
        return running.wait(timeout=_LOOK_EVERY)
    except TimeoutError:
        return None


def _state(chains: list[Any]) -> tuple[float, str]:
    if not chains:
        return 0.0, ""
    divergences = sum(chain.divergences for chain in chains)
    return float(
        np.mean([chain.finished_draws / chain.total_draws for chain in chains])
    ), f"{divergences} divergences"


def _used(compiled: Any, data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = (
        set(compiled._shared_data)
        if hasattr(compiled, "_shared_data")
        else {variable.name for variable in compiled.shared_var_keys}
    )
    return {name: value for name, value in data.items() if name in names}
