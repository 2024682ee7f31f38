"""The No-U-Turn sampler, by nutpie: compiled once for a graph, run for any data and constants of that graph."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from causalstats.errors import SamplingError
from causalstats.model import Problem

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

_MIN_DRAWS = 50


@dataclass(frozen=True, kw_only=True)
class Nuts:
    """NUTS with a diagonal metric adapted during tuning.

    Parameters
    ----------
    chains, draws, tune : int
        Draws are per chain and after tuning.
    target_accept : float
        Higher takes smaller steps; raise it where there are divergences.
    backend : "jax" or "numba"
        What compiles the gradient. JAX compiles in a second, Numba in ten or more and is a little faster after that.
    """

    chains: int = 4
    draws: int = 1000
    tune: int = 500
    target_accept: float = 0.8
    backend: Literal["jax", "numba"] = "jax"

    def __post_init__(self) -> None:
        for name, least in (("chains", 1), ("draws", 1), ("tune", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise SamplingError(f"Expected {name} as a whole number of at least {least}, got {value!r}.")
        if not 0 < self.target_accept < 1:
            raise SamplingError(f"Expected target_accept between 0 and 1, got {self.target_accept!r}.")
        if self.backend not in ("jax", "numba"):
            raise SamplingError(f"Expected backend 'jax' or 'numba', got {self.backend!r}.")

    def __call__(self, problem: Problem, seed: int, progress: bool = True) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, progress)

    def compile(self, problem: Problem) -> Program:
        import nutpie

        compiled = nutpie.compile_pymc_model(problem.graph, backend=self.backend, freeze_model=False)
        return Program(self, problem.graph, compiled)


@dataclass(frozen=True, kw_only=True)
class Auto:
    """NUTS as is fastest here, which on a CPU is nutpie with a JAX gradient; the options are those of `Nuts`."""

    chains: int = 4
    draws: int = 1000
    tune: int = 500
    target_accept: float = 0.8

    def choose(self) -> Nuts:
        """The sampler that is used."""
        return Nuts(chains=self.chains, draws=self.draws, tune=self.tune, target_accept=self.target_accept)

    def compile(self, problem: Problem) -> Program:
        return self.choose().compile(problem)

    def __call__(self, problem: Problem, seed: int, progress: bool = True) -> xr.DataTree:
        return self.choose()(problem, seed, progress)


@dataclass(frozen=True)
class Program:
    """A compiled graph: `run` it for any problem that it `accepts`, whose graph differs in data and constants alone."""

    sampler: Nuts
    graph: pm.Model
    compiled: Any

    def accepts(self, problem: Problem) -> bool:
        from pytensor.graph.basic import equal_computations

        ours, theirs = self.graph, problem.graph
        if [v.name for v in ours.value_vars] != [v.name for v in theirs.value_vars] or _data(ours).keys() != _data(theirs).keys():
            return False
        if any(value.shape != _data(theirs)[name].shape for name, value in _data(ours).items()):
            return False
        if ours.coords != theirs.coords:
            return False
        pairs = [[*graph.value_vars, *graph.data_vars, *graph.dim_lengths.values()] for graph in (ours, theirs)]
        return equal_computations([ours.logp()], [theirs.logp()], *pairs)

    def run(self, problem: Problem, seed: int, progress: bool = True) -> xr.DataTree:
        """Draws for this problem. An interrupt keeps the complete draws of every chain and marks them `interrupted`."""
        import nutpie

        model = self.compiled.with_data(**_used(self.compiled, _data(problem.graph)))
        options = self.sampler
        started = time.perf_counter()
        running = nutpie.sample(
            model,
            draws=options.draws,
            tune=options.tune,
            chains=options.chains,
            seed=seed,
            target_accept=options.target_accept,
            save_warmup=False,
            progress_bar=progress,
            blocking=False,
        )
        interrupted = False
        try:
            draws = running.wait()
        except KeyboardInterrupt:
            draws, interrupted = running.abort(), True
        except BaseException:
            running.cancel()
            raise
        draws = _complete(draws, interrupted)
        draws.attrs.update(interrupted=int(interrupted), seconds=time.perf_counter() - started, seed=seed, sampler=repr(options))
        return draws


def _data(graph: pm.Model) -> dict[str, np.ndarray]:
    return {variable.name: np.asarray(variable.get_value()) for variable in graph.data_vars}


def _used(compiled: Any, data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = set(compiled._shared_data) if hasattr(compiled, "_shared_data") else {variable.name for variable in compiled.shared_var_keys}
    return {name: value for name, value in data.items() if name in names}


def _complete(draws: xr.DataTree, interrupted: bool) -> xr.DataTree:
    """Only draws that every chain has finished; nutpie fills up the others with NaN."""
    import xarray as xr

    logp = draws["sample_stats"]["logp"].to_numpy()
    finished = int(np.isfinite(logp).all(axis=0).cumprod().sum()) if logp.size else 0
    if interrupted and finished < _MIN_DRAWS:
        raise KeyboardInterrupt(f"Interrupted with {finished} complete draws a chain, too few to keep ({_MIN_DRAWS} are kept).")
    if not interrupted and finished < logp.shape[1]:
        raise SamplingError("The sampler returned draws with a log density that is not finite. Report this with the data and the model.")
    groups = {name: draws[name].to_dataset().isel(draw=slice(0, finished)) for name in ("posterior", "sample_stats")}
    keep = ["diverging", "energy", "n_steps", "step_size", "logp", "mean_tree_accept"]
    groups["sample_stats"] = groups["sample_stats"][keep].rename(logp="lp", n_steps="n_steps")
    return xr.DataTree.from_dict(groups)
