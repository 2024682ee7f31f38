"""What every compiled graph has in common: which problems it can run, and what its draws look like."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from causalstats.core.abilities import RecoversMarginals
from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.runs.progress import Advance, silent

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

FEWEST_DRAWS = 50
MOST_CORRELATED = (
    100  # parameters whose correlations are adapted to; of more, that costs far more than it saves
)
_MOST_KEPT, _MOST_BYTES = 4, 20_000_000  # programs, and data of one
_KEPT: list[tuple[Hashable, Any]] = []  # kinds and programs, the latest last
_KEEPING = threading.Lock()  # held while that list changes
COMPILING = threading.RLock()  # PyTensor rewrites graphs of one thread at a time
STATISTICS = ("diverging", "energy", "n_steps", "step_size", "lp", "mean_tree_accept")


class Program(Protocol):
    """Something compiled: `run` it for any problem that it fits."""

    def fits(self, problem: Problem) -> bool:
        """Whether it runs this problem."""

    def run(self, problem: Problem, seed: int, advance: Advance = ...) -> xr.DataTree:
        """Draws for this problem, groups posterior and sample_stats. An interrupt keeps the complete draws of every chain."""


class Sampler(Protocol):
    """A frozen value of options: `compile(problem)` gives what runs this problem, and others like it."""

    def compile(self, problem: Problem) -> Program: ...


def sample(program: Program, problem: Problem, seed: int, advance: Advance = silent) -> xr.DataTree:
    """Draws for this problem, with those of what its model integrates out."""
    draws = program.run(problem, seed, advance)
    if not isinstance(problem.model, RecoversMarginals) or "exact" in draws.attrs:
        return draws
    import xarray as xr

    posterior = problem.model.recover_marginals(
        draws["posterior"].to_dataset(), problem.data, np.random.default_rng(seed)
    )
    tree = xr.DataTree.from_dict(
        {"posterior": posterior, "sample_stats": draws["sample_stats"].to_dataset()}
    )
    tree.attrs = draws.attrs
    return tree


def same_program(ours: pm.Model, theirs: pm.Model) -> bool:
    """Whether two graphs differ in the values of their data and constants alone."""
    from pytensor.graph.basic import equal_computations

    first, second = (
        {variable.name: variable.get_value() for variable in graph.data_vars}
        for graph in (ours, theirs)
    )
    if [v.name for v in ours.value_vars] != [
        v.name for v in theirs.value_vars
    ] or first.keys() != second.keys():
        return False
    if (
        any(value.shape != second[name].shape for name, value in first.items())
        or ours.coords != theirs.coords
    ):
        return False
    if [v.name for v in ours.deterministics] != [v.name for v in theirs.deterministics]:
        return False
    pairs = [
        [*graph.value_vars, *graph.data_vars, *graph.dim_lengths.values()]
        for graph in (ours, theirs)
    ]
    outputs = [
        [graph.logp(), *graph.replace_rvs_by_values(graph.deterministics)]
        for graph in (ours, theirs)
    ]
    return equal_computations(*outputs, *pairs)


def compiled_once[Compiled: Program](
    kind: Hashable, graph: pm.Model, compile_it: Callable[[], Compiled]
) -> Compiled:
    """A program of this graph, or of one that differs in data and constants alone, if one of this kind was compiled lately: compiling can take longer than
    running. Programs of much data are not kept.
    """
    with COMPILING:
        for entry in tuple(_KEPT):
            known, program = entry
            if known == kind and same_program(program.graph, graph):
                _keep(entry)
                return program
        program = compile_it()
    size = sum(variable.get_value(borrow=True).nbytes for variable in graph.data_vars)
    if size <= _MOST_BYTES:
        _keep((kind, program))
    return program


def _keep(entry: tuple[Hashable, Any]) -> None:
    """Put a kind and its program last, and forget the first of too many."""
    with _KEEPING:
        others = [kept for kept in _KEPT if kept[1] is not entry[1]]
        _KEPT[:] = [*others, entry][-_MOST_KEPT:]


def complete(
    draws: xr.DataTree, *, interrupted: bool, seconds: float, seed: int, sampler: object
) -> xr.DataTree:
    """Only the draws that every chain has finished, with how they came about; `draws` has NaN as log density of the others."""
    import xarray as xr

    logp = draws["sample_stats"]["lp"].to_numpy()
    finished = int(np.isfinite(logp).all(axis=0).cumprod().sum()) if logp.size else 0
    if interrupted and finished < FEWEST_DRAWS:
        raise KeyboardInterrupt(
            f"Interrupted with {finished} complete draws a chain, too few to keep ({FEWEST_DRAWS} are kept)."
        )
    if not interrupted and finished < logp.shape[1]:
        raise SamplingError(
            "The sampler returned draws with a log density that is not finite. Report this with the data and the model."
        )
    groups = {
        name: draws[name].to_dataset().isel(draw=slice(0, finished))
        for name in ("posterior", "sample_stats")
    }
    groups["sample_stats"] = groups["sample_stats"][list(STATISTICS)]
    finished_draws = xr.DataTree.from_dict(groups)
    finished_draws.attrs.update(
        interrupted=int(interrupted), seconds=seconds, seed=seed, sampler=repr(sampler)
    )
    return finished_draws
