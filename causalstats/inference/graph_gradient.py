"""The gradient of a graph's log density at unconstrained points, compiled once for all data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.model import Problem
from causalstats.errors import ModelError
from causalstats.samplers.program_cache import cached_program

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr


@dataclass(frozen=True)
class GraphGradient:
    """A compiled gradient, whose data are exchanged for those of each problem.

    Parameters
    ----------
    graph : pm.Model
    density : function of an unconstrained point (d,)
        Returns the log density and its gradient.
    """

    graph: pm.Model
    density: Callable[[np.ndarray], tuple[Any, Any]]

    def on(
        self, problem: Problem, fixed: Mapping[str, np.ndarray] | None = None
    ) -> GraphGradient:
        """Take the data of a problem, with some inputs of another, until the next call."""
        for name, value in {**problem.inputs, **(fixed or {})}.items():
            dtype = self.graph[name].dtype
            self.graph[name].set_value(np.asarray(value, dtype=dtype))
        return self

    def at(self, points: np.ndarray) -> np.ndarray:
        """Return the gradient at points (n, d)."""
        return np.array([np.asarray(self.density(point)[1]) for point in points])

    def unconstrained(self, draws: xr.Dataset) -> np.ndarray:
        """Return draws as points of the density, (chain · draw, d).

        Parameters
        ----------
        draws : Dataset
            With every free variable of the graph.

        Raises
        ------
        ModelError
            If a free variable is not among the draws.
        """
        import pytensor

        missing = [each.name for each in self.graph.free_RVs if each.name not in draws]
        if missing:
            raise ModelError(f"the draws have no {', '.join(missing)}")
        size = draws.sizes["chain"] * draws.sizes["draw"]
        columns = []
        for variable in self.graph.free_RVs:
            values = draws[variable.name].transpose("chain", "draw", ...).to_numpy()
            rows = values.reshape(size, *values.shape[2:])
            transform = self.graph.rvs_to_transforms[variable]
            if transform is not None:
                given = variable.clone()
                forward = pytensor.function(
                    [given],
                    transform.forward(given, *variable.owner.inputs),
                    mode="FAST_COMPILE",
                )
                rows = np.array([forward(row) for row in rows])
            columns.append(rows.reshape(size, -1))
        return np.hstack(columns)


def graph_gradient(problem: Problem) -> GraphGradient:
    """Return the gradient of a problem, compiled only if none of its structure is cached."""

    def compile_gradient() -> GraphGradient:
        graph = problem.model.build(problem.data)
        return GraphGradient(
            graph, graph.logp_dlogp_function(ravel_inputs=True, mode="NUMBA")
        )

    program = cached_program("gradient", problem.graph, compile_gradient, any_rows=True)
    return program.on(problem)
