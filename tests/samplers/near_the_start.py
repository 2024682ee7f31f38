"""Draws without a sampler, for tests of what is made of draws.

Answers, tables, figures and files are arithmetic on any draws. Compiling a graph for NUTS takes
longer than such a test; here PyTensor interprets the graph at random points.
"""

import time
from dataclasses import dataclass

import numpy as np
import xarray as xr
from pytensor.compile.mode import Mode

import causalstats as cs
from causalstats.core.draws_kind import DrawsKind
from causalstats.samplers.base import describe_run

# PyTensor's interpreter of a graph as it was built: rewriting takes longer than a few evaluations.
INTERPRETER = Mode(linker="py", optimizer=None)


@dataclass(frozen=True, kw_only=True)
class NearTheStart:
    """Every parameter of a graph at random points around its start, as if these were a posterior.

    Parameters
    ----------
    draws : int
        Of each of two chains.
    spread : float
        Largest distance from the start, unconstrained.
    """

    draws: int = 10
    spread: float = 0.5

    def compile(self, problem: cs.Problem) -> "NearTheStart":
        return self

    def run(self, problem: cs.Problem, seed: int, advance=None) -> xr.DataTree:
        started = time.perf_counter()
        graph = problem.graph
        shown = [
            variable
            for variable in graph.unobserved_value_vars
            if not variable.name.endswith("__")
        ]
        values_at = graph.compile_fn(shown, inputs=graph.value_vars, mode=INTERPRETER)
        start, rng = graph.initial_point(), np.random.default_rng(seed)
        points = [
            {
                name: value + rng.uniform(-self.spread, self.spread, np.shape(value))
                for name, value in start.items()
            }
            for _ in range(2 * self.draws)
        ]
        rows = zip(*map(values_at, points), strict=True)
        posterior = {}
        for variable, values in zip(shown, rows, strict=True):
            stacked = np.reshape(values, (2, self.draws, *np.shape(values[0])))
            dims = graph.named_vars_to_dims.get(
                variable.name,
                [f"{variable.name}_{axis}" for axis in range(stacked.ndim - 2)],
            )
            posterior[variable.name] = (("chain", "draw", *dims), stacked)
        used = {dim for dims, _ in posterior.values() for dim in dims}
        labels = {"chain": range(2), "draw": range(self.draws), **graph.coords}
        coords = {name: list(each) for name, each in labels.items() if name in used}
        return describe_run(
            xr.DataTree.from_dict({"posterior": xr.Dataset(posterior, coords)}),
            DrawsKind.CHAINS,
            sampler=self,
            seed=seed,
            seconds=time.perf_counter() - started,
        )
