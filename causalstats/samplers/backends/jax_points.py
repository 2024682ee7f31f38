"""A PyMC graph compiled by JAX, evaluated at many unconstrained points at once, on large data.

The mode and the curvature there are those of a surrogate: the log density of some of the rows, each
counted for all those that it stands for, plus the linear function that gives the surrogate the
gradient of the full data at the latest mode. Three or four gradients of the full data suffice, and
the mode is that of the full data.

References
----------
Jordan, Lee & Yang (2019), Communication-efficient distributed statistical inference, Journal of the
American Statistical Association 114: the surrogate.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.abilities import SubsamplesInputs
from causalstats.core.model import Problem
from causalstats.numerics.sampling.posterior_mode import (
    Density,
    axes_at,
    axis_widths,
    climbed,
    mode_and_axes_by_whitening,
)
from causalstats.runs.progress import Advance
from causalstats.samplers.backends.jax_graph import (
    gradient_of,
    in_jax,
    keep_compiled_programs_on_disk,
    refused_in_words,
    rewritten,
    start_of,
    with_outputs,
)

if TYPE_CHECKING:
    import pymc as pm

_SUBSAMPLE_SEED = 2019  # one subsample for each data set: it shapes the proposal alone
_MOST_ROUNDS = 8
_CONVERGED = 0.1  # posterior standard deviations between the modes of two surrogates
_NEAR = 1.0  # of the first, to the mode of some of the rows
_NUMBERS_OF_A_BATCH = 500_000  # points by rows
_MOST_POINTS_OF_A_BATCH = 64


def trace_points(graph: pm.Model) -> JaxPoints:
    """Return the graph as JAX functions of many points; JAX compiles them when they are called."""
    import jax
    import jax.numpy as jnp
    import pytensor.tensor as pt
    from jax.flatten_util import ravel_pytree
    from pymc.util import get_default_varnames

    if not jax.config.jax_enable_x64:
        jax.config.update("jax_enable_x64", True)
    keep_compiled_programs_on_disk()
    observed = graph.observed_RVs
    counts = pt.dvector("counts")
    uncounted = [*graph.free_RVs, *graph.potentials]
    terms = [
        pt.sum(term) for term in graph.logp(vars=[*uncounted, *observed], sum=False)
    ]
    logp = pt.add(*terms[: len(uncounted)])
    for position, term in enumerate(terms[len(uncounted) :]):
        logp = logp + counts[position] * term
    slopes = gradient_of(logp, graph.value_vars)
    shown = get_default_varnames(graph.unobserved_value_vars, include_transformed=False)
    start = start_of(graph)
    # Simplified once for both functions; JAX traces no more of it than each of them returns.
    of_values = [0, *range(1 + len(slopes), 1 + len(slopes) + len(shown))]
    with refused_in_words():
        whole = rewritten(graph, [logp, *slopes, *shown], start, [counts])
        height_and_slopes = in_jax(with_outputs(whole, range(1 + len(slopes))))
        height_and_shown = in_jax(with_outputs(whole, of_values))
    initial, unravel = ravel_pytree(start)

    @jax.jit
    def density(vector, counts, data):
        height, *gradient = height_and_slopes(*unravel(vector), *data, counts)
        return height, jnp.concatenate(list(map(jnp.ravel, gradient)))

    def values(vector, data):
        return list(height_and_shown(*unravel(vector), *data, jnp.ones(len(observed))))

    return JaxPoints(
        graph=graph,
        names=tuple(variable.name for variable in shown),
        terms=tuple(variable.name for variable in observed),
        density=density,
        values=jax.jit(jax.vmap(values, (0, None))),
        start=np.asarray(initial),
    )


@dataclass(frozen=True)
class JaxPoints:
    """The functions of a graph.

    Attributes
    ----------
    graph : pm.Model
    names : tuple of str
        Those of the variables that `values` returns.
    terms : tuple of str
        The observed variables.
    density : function of a point, counts and data, jitted
        Returns the log density, in which each term of the likelihood is counted so often, and its
        gradient.
    values : function of points (n, d) and data, jitted
        Returns log densities (n,), and each of the variables.
    start : array (d,)
        Where the search for the mode starts.
    """

    graph: pm.Model
    names: tuple[str, ...]
    terms: tuple[str, ...]
    density: Callable[..., Any]
    values: Callable[..., Any]
    start: np.ndarray

    def on(self, problem: Problem) -> JaxPointsOnData:
        """Return the functions at the data of a problem, and at a subsample of them."""
        everybody = self._arrays(problem.inputs)
        model = problem.model
        if not isinstance(model, SubsamplesInputs):
            return JaxPointsOnData(self, everybody, everybody, self._counts({}))
        rng = np.random.default_rng(_SUBSAMPLE_SEED)
        inputs, counts = model.subsample_inputs(problem.inputs, rng)
        return JaxPointsOnData(
            self, everybody, self._arrays(inputs), self._counts(counts)
        )

    def _arrays(self, inputs: Mapping[str, np.ndarray]) -> tuple[Any, ...]:
        import jax.numpy as jnp

        return tuple(
            jnp.asarray(np.asarray(inputs[variable.name]))
            for variable in self.graph.data_vars
        )

    def _counts(self, counts: Mapping[str, float]) -> np.ndarray:
        return np.array([counts.get(name, 1.0) for name in self.terms])


@dataclass(frozen=True)
class JaxPointsOnData:
    """The functions of a graph on the data of a problem.

    Attributes
    ----------
    functions : JaxPoints
    everybody, some : tuples of arrays
        The data, and a subsample of them.
    counts : array (terms,)
        How often each term of the likelihood of the subsample is counted.
    """

    functions: JaxPoints
    everybody: tuple[Any, ...]
    some: tuple[Any, ...]
    counts: np.ndarray

    @property
    def graph(self) -> pm.Model:
        return self.functions.graph

    @property
    def names(self) -> tuple[str, ...]:
        return self.functions.names

    def mode_axes_widths(
        self, advance: Advance
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the mode, and axes and widths as `numerics.sampling.posterior_mode` has them."""
        start = self.functions.start
        workers = os.cpu_count() or 1
        with ThreadPoolExecutor(workers) as pool, ThreadPoolExecutor(1) as other:
            # JAX compiles the functions of everybody meanwhile.
            compiled = other.submit(self._compile_for_everybody)
            mode, axes = mode_and_axes_by_whitening(
                self._of_some, start, advance, near=_NEAR, each=pool.map
            )
            compiled.result()
            surrogate: Density = self._of_some
            for _ in range(_MOST_ROUNDS):
                surrogate = self._surrogate(mode)
                before = mode
                mode = climbed(surrogate, before, axes)
                moved = np.linalg.solve(axes, mode - before)
                if np.abs(moved).max() < _CONVERGED:
                    break
            scale = np.sqrt((axes**2).sum(axis=1))
            axes = axes_at(surrogate, mode, scale, advance, pool.map)
            widths = axis_widths(
                lambda point: surrogate(point)[0], mode, axes, pool.map
            )
        return mode, axes, widths

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
        batches: list[list[np.ndarray]] = []
        interrupted = False
        count = 0
        try:
            for batch in self._in_batches(points):
                batches.append(batch)
                count += len(batch[0])
                done(count)
        except KeyboardInterrupt:
            interrupted = True
        return [np.concatenate(column) for column in zip(*batches, strict=True)], (
            interrupted
        )

    def _in_batches(self, points: np.ndarray) -> Iterator[list[np.ndarray]]:
        """Yield the values at some points after the other, a thread a core."""
        rows = max(
            (array.shape[0] for array in self.everybody if array.ndim), default=1
        )
        size = min(max(1, _NUMBERS_OF_A_BATCH // rows), _MOST_POINTS_OF_A_BATCH)
        workers = os.cpu_count() or 1

        def values(first: int) -> list[np.ndarray]:
            some = points[first : first + size]
            # The last batch is as long as the others, which saves compiling it.
            padded = np.concatenate([some, np.repeat(some[-1:], size - len(some), 0)])
            batch = self.functions.values(padded, self.everybody)
            return [np.asarray(value)[: len(some)] for value in batch]

        at_once = size * workers
        with ThreadPoolExecutor(workers) as pool:
            for start in range(0, len(points), at_once):
                firsts = range(start, min(len(points), start + at_once), size)
                yield from pool.map(values, firsts)

    @property
    def _points_of_a_batch(self) -> int:
        rows = max(
            (array.shape[0] for array in self.everybody if array.ndim), default=1
        )
        return min(max(1, _NUMBERS_OF_A_BATCH // rows), _MOST_POINTS_OF_A_BATCH)

    def _compile_for_everybody(self) -> None:
        start = self.functions.start
        points = np.repeat(start[None], self._points_of_a_batch, axis=0)
        self.functions.density(start, np.ones_like(self.counts), self.everybody)
        self.functions.values(points, self.everybody)

    def _of_some(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = self.functions.density(point, self.counts, self.some)
        return float(value), np.asarray(slope)

    def _surrogate(self, at: np.ndarray) -> Density:
        """Return the log density of the subsample, with the gradient of all data at a point."""
        ones = np.ones_like(self.counts)
        _, slope = self.functions.density(at, ones, self.everybody)
        tilt = np.asarray(slope) - self._of_some(at)[1]

        def surrogate(point: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = self._of_some(point)
            return value + float(tilt @ (point - at)), gradient + tilt

        return surrogate
