"""A PyMC graph compiled by Numba, evaluated at one unconstrained point after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.model import Problem
from causalstats.numerics.sampling.posterior_mode import axis_widths, mode_and_axes
from causalstats.runs.progress import Advance

if TYPE_CHECKING:
    import pymc as pm


def compile_points(graph: pm.Model) -> NumbaPoints:
    """Compile a graph, whose data are exchanged for those of each problem."""
    from pymc.initial_point import make_initial_point_fn

    # JAX is faster on large data, but copies them at every call of a PyMC function.
    mode = "NUMBA"
    pairs = graph.rvs_to_values.items()
    transformed = {
        value.name for variable, value in pairs if value.name != variable.name
    }
    variables = [
        each for each in graph.unobserved_value_vars if each.name not in transformed
    ]
    outputs = [graph.logp(), *variables]
    return NumbaPoints(
        graph=graph,
        density=graph.logp_dlogp_function(ravel_inputs=True, mode=mode),
        evaluate=graph.compile_fn(outputs, inputs=graph.value_vars, mode=mode),
        names=tuple(variable.name for variable in variables),
        template=graph.initial_point(),
        initial_point=make_initial_point_fn(model=graph, return_transformed=True),
    )


@dataclass(frozen=True)
class NumbaPoints:
    """The functions of a graph.

    Attributes
    ----------
    graph : pm.Model
    density : function of an unconstrained point (d,)
        Returns the log density and its gradient.
    evaluate : function of a point by name
        Returns the log density and the graph's variables.
    names : tuple of str
        Those of the variables.
    template : dict of arrays
        The shapes of the unconstrained variables.
    initial_point : function of a seed
        Where the search for the mode starts, at the data of the problem.
    """

    graph: pm.Model
    density: Callable[[np.ndarray], tuple[Any, Any]]
    evaluate: Callable[[dict[str, np.ndarray]], list]
    names: tuple[str, ...]
    template: dict[str, np.ndarray]
    initial_point: Callable[[Any], dict[str, np.ndarray]]

    def on(self, problem: Problem) -> NumbaPoints:
        """Return the functions at the data of a problem."""
        for name, value in problem.inputs.items():
            # PyMC stores whole numbers as int32, whatever type they had.
            dtype = self.graph[name].dtype
            self.graph[name].set_value(np.asarray(value, dtype=dtype))
        return self

    def mode_axes_widths(
        self, advance: Advance
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the mode, and axes and widths as `numerics.sampling.posterior_mode` has them."""
        initial = self.initial_point(None)
        start = np.concatenate([np.ravel(initial[name]) for name in self.template])
        mode, axes = mode_and_axes(self.density, start, advance)
        return mode, axes, axis_widths(self._log_density, mode, axes)

    def values_at(
        self, points: np.ndarray, done: Callable[[int], None]
    ) -> tuple[list[np.ndarray], bool]:
        """Return log densities and variables at some points, and whether the user interrupted.

        Parameters
        ----------
        points : array, shape (n, d)
        done : function of a number of points
            Called as the work goes on.

        Returns
        -------
        values : list of arrays (n, ...)
            The log density first, then each of `names`; of fewer points after an interrupt.
        interrupted : bool
        """
        rows: list[list[np.ndarray]] = []
        interrupted = False
        try:
            for row, point in enumerate(points):
                values = self.evaluate(self._by_name(point))
                rows.append([np.asarray(value) for value in values])
                if row % 50 == 0:
                    done(row)
        except KeyboardInterrupt:
            interrupted = True
        return [np.stack(column) for column in zip(*rows, strict=True)], interrupted

    def _log_density(self, point: np.ndarray) -> float:
        return float(self.evaluate(self._by_name(point))[0])

    def _by_name(self, point: np.ndarray) -> dict[str, np.ndarray]:
        named, position = {}, 0
        for name, value in self.template.items():
            size = int(np.size(value))
            named[name] = point[position : position + size].reshape(np.shape(value))
            position += size
        return named
