"""The Laplace approximation, corrected by Pareto-smoothed importance sampling.

1. The mode of the posterior and the curvature there (`numerics.sampling.posterior_mode`).
2. Draws of a split Student t around the mode, each with its importance weight.
3. Where the weights are poor, as many draws again from a Student t with the moments of the weighted
   draws, all weighted together by the mixture that they come from; at most twice.
4. Resampling by Pareto-smoothed weights.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from causalstats.core.argument_validation import Count, check_fields
from causalstats.core.draws_kind import DrawsKind
from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.numerics.sampling.importance_proposals import (
    Proposal,
    SplitStudentT,
    adapted_student_t,
    mixture_log_density,
)
from causalstats.numerics.sampling.pareto_smoothing import (
    ImportanceWeights,
    pareto_smoothed_weights,
)
from causalstats.numerics.sampling.posterior_mode import axis_widths, mode_and_axes
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import describe_run
from causalstats.samplers.program_cache import COMPILER_LOCK, cached_program

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

_FEWEST_DRAWS = 200
# Heavier tails than a posterior, so that weights stay bounded
_FIRST_DEGREES_OF_FREEDOM = 20.0
_ADAPTED_DEGREES_OF_FREEDOM = 8.0
_ADAPTED_COVARIANCE_FACTOR = 1.2
# Largest Pareto k, and least effective sample size by the draws, that need no further proposal:
# after the first proposal, and after the second.
_GOOD_ENOUGH = ((0.3, 0.5), (0.5, 0.0))
_ESS_TO_ADAPT = 5  # by the number of variables; with less, the moments would be noise


@dataclass(frozen=True, kw_only=True)
class Laplace:
    """Independent draws around the posterior's mode, corrected by importance sampling.

    For large data, where the posterior is nearly Gaussian and a gradient is slow: it takes some
    hundred gradients and `chains` x `draws` densities, where NUTS takes tens of thousands of
    gradients. The Pareto k of the importance weights checks the draws: below 0.7 they can be
    trusted as those of the posterior, above it they cannot, and `Nuts` should be used. Where k is
    above 0.3, or the effective sample size below half of the draws, the proposal is adapted and as
    many draws are added; where k is above 0.5 then, once more.

    Parameters
    ----------
    chains, draws : int
        The shape of the result, at least 200 draws in all. The draws are independent.

    Raises
    ------
    SamplingError
        If an option is out of its range.

    References
    ----------
    Geweke (1989), Bayesian inference in econometric models using Monte Carlo integration,
    Econometrica 57(6): the split Student t. Cappé, Douc, Guillin, Marin & Robert (2008), Adaptive
    importance sampling in general mixture classes, Statistics and Computing 18: the adapted
    proposal. Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto smoothed importance sampling,
    Journal of Machine Learning Research 25: the weights and their check.

    Examples
    --------
    >>> Laplace(draws=500)
    Laplace(chains=4, draws=500)
    >>> Laplace(draws=20)
    Traceback (most recent call last):
        ...
    causalstats.errors.SamplingError: Expected at least 200 draws in all to weight, got 4 x 20.
    """

    chains: Count = 4
    draws: Count = 1000

    def __post_init__(self) -> None:
        check_fields(self, SamplingError)
        if self.chains * self.draws < _FEWEST_DRAWS:
            raise SamplingError(
                f"Expected at least {_FEWEST_DRAWS} draws in all to weight, got "
                f"{self.chains} x {self.draws}."
            )

    def __call__(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, advance)

    def compile(self, problem: Problem) -> LaplaceProgram:
        """Return the compiled graph of this problem, which runs all of the same structure."""
        program = cached_program(
            "laplace",
            problem.graph,
            lambda: _compile(self, problem),
            any_rows=True,
        )
        return replace(program, sampler=self)


def _compile(sampler: Laplace, problem: Problem) -> LaplaceProgram:
    """Compile a graph of the program's own, since its data are exchanged."""
    from pymc.initial_point import make_initial_point_fn

    graph = problem.model.build(problem.data)
    # JAX is faster on large data, but copies them at every call: a million people took 20 GiB.
    mode = "NUMBA"
    pairs = graph.rvs_to_values.items()
    transformed = {
        value.name for variable, value in pairs if value.name != variable.name
    }
    variables = [
        each for each in graph.unobserved_value_vars if each.name not in transformed
    ]
    outputs = [graph.logp(), *variables]
    return LaplaceProgram(
        sampler=sampler,
        graph=graph,
        density=graph.logp_dlogp_function(ravel_inputs=True, mode=mode),
        evaluate=graph.compile_fn(outputs, inputs=graph.value_vars, mode=mode),
        names=tuple(variable.name for variable in variables),
        template=graph.initial_point(),
        initial_point=make_initial_point_fn(model=graph, return_transformed=True),
    )


@dataclass(frozen=True, eq=False)
class WeightedPoints:
    """Unconstrained points with their importance weights.

    Attributes
    ----------
    points : array, shape (n, d)
    outputs : list of n lists
        The log density of a point, and each of the graph's variables there.
    logp : array, shape (n,)
    weights : ImportanceWeights
    sizes : tuple of int
        How many of the points each proposal has drawn.
    interrupted : bool
    """

    points: np.ndarray
    outputs: list[list[Any]]
    logp: np.ndarray
    weights: ImportanceWeights
    sizes: tuple[int, ...]
    interrupted: bool


@dataclass(frozen=True)
class LaplaceProgram:
    """A compiled graph, whose data are exchanged for those of each problem.

    Attributes
    ----------
    sampler : Laplace
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
    running : Lock
        Held by the one fit that uses the program.
    """

    sampler: Laplace
    graph: pm.Model
    density: Callable[[np.ndarray], tuple[Any, Any]]
    evaluate: Callable[[dict[str, np.ndarray]], list]
    names: tuple[str, ...]
    template: dict[str, np.ndarray]
    initial_point: Callable[[Any], dict[str, np.ndarray]]
    running: threading.Lock = field(
        default_factory=threading.Lock, repr=False, compare=False
    )

    def run(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        # While a fit in another thread runs this program on its data, the graph is compiled anew.
        if not self.running.acquire(blocking=False):
            with COMPILER_LOCK:
                program = _compile(self.sampler, problem)
            return program.run(problem, seed, advance)
        try:
            return self._run(problem, seed, advance)
        finally:
            self.running.release()

    def _run(self, problem: Problem, seed: int, advance: Advance) -> xr.DataTree:
        started = time.perf_counter()
        rng = np.random.default_rng(seed)
        for name, value in problem.inputs.items():
            # PyMC stores whole numbers as int32, whatever type they had.
            self.graph[name].set_value(np.asarray(value, dtype=self.graph[name].dtype))
        proposals: list[Proposal] = [self._around_the_mode(advance)]
        drawn = self._draw(proposals, None, rng, advance)
        for pareto_k, share in _GOOD_ENOUGH:
            weights = drawn.weights
            good = weights.pareto_k < pareto_k and weights.ess > share * len(
                drawn.points
            )
            adaptable = weights.ess > _ESS_TO_ADAPT * drawn.points.shape[1]
            if drawn.interrupted or good or not adaptable:
                break
            adapted = adapted_student_t(
                drawn.points,
                weights,
                degrees_of_freedom=_ADAPTED_DEGREES_OF_FREEDOM,
                covariance_factor=_ADAPTED_COVARIANCE_FACTOR,
            )
            proposals.append(adapted)
            drawn = self._draw(proposals, drawn, rng, advance)
        tree = describe_run(
            self._resampled(drawn, rng),
            DrawsKind.IMPORTANCE,
            sampler=self.sampler,
            seed=seed,
            seconds=time.perf_counter() - started,
            interrupted=drawn.interrupted,
        )
        tree.attrs.update(
            pareto_k=drawn.weights.pareto_k, importance_ess=drawn.weights.ess
        )
        return tree

    def _around_the_mode(self, advance: Advance) -> SplitStudentT:
        initial = self.initial_point(None)
        start = np.concatenate([np.ravel(initial[name]) for name in self.template])
        mode, axes = mode_and_axes(self.density, start, advance)
        widths = axis_widths(self._log_density, mode, axes)
        return SplitStudentT(mode, axes, widths, _FIRST_DEGREES_OF_FREEDOM)

    def _draw(
        self,
        proposals: Sequence[Proposal],
        before: WeightedPoints | None,
        rng: np.random.Generator,
        advance: Advance,
    ) -> WeightedPoints:
        """Draw from the last proposal, and weight all points by the mixture of the proposals.

        Parameters
        ----------
        proposals : sequence of Proposal
        before : WeightedPoints or None
            The points of the proposals before the last.
        rng : Generator
        advance : function of a share and a note

        Raises
        ------
        KeyboardInterrupt
            If the user interrupts before there are enough points to keep.
        """
        points = proposals[-1].draw(self.sampler.chains * self.sampler.draws, rng)
        outputs, interrupted = self._evaluated(points, len(proposals), advance)
        if interrupted and len(outputs) < _FEWEST_DRAWS and before is None:
            raise KeyboardInterrupt(
                f"Interrupted with {len(outputs)} draws weighted, too few to keep "
                f"({_FEWEST_DRAWS} are kept)."
            )
        points = points[: len(outputs)]
        sizes: tuple[int, ...] = (len(outputs),)
        if before is not None:
            points = np.concatenate([before.points, points])
            outputs = before.outputs + outputs
            sizes = before.sizes + sizes
        logp = np.array([float(values[0]) for values in outputs])
        weights = pareto_smoothed_weights(
            logp - mixture_log_density(points, proposals, sizes)
        )
        return WeightedPoints(points, outputs, logp, weights, sizes, interrupted)

    def _evaluated(
        self, points: np.ndarray, number: int, advance: Advance
    ) -> tuple[list[list[Any]], bool]:
        """Return the outputs of the graph at each point, and whether the user interrupted.

        Parameters
        ----------
        points : array, shape (n, d)
        number : int
            The number of the proposal, from 1: each takes half of the progress bar that is left.
        advance : function of a share and a note
        """
        left = 0.7 / 2 ** (number - 1)
        outputs: list[list[Any]] = []
        try:
            for row, point in enumerate(points):
                values = self.evaluate(self._by_name(point))
                outputs.append([np.asarray(value) for value in values])
                if row % 50 == 0:
                    share = 1 - left + left / 2 * row / len(points)
                    advance(share, f"{row} of {len(points)} draws weighted")
        except KeyboardInterrupt:
            return outputs, True
        return outputs, False

    def _log_density(self, point: np.ndarray) -> float:
        return float(self.evaluate(self._by_name(point))[0])

    def _by_name(self, point: np.ndarray) -> dict[str, np.ndarray]:
        named, position = {}, 0
        for name, value in self.template.items():
            size = int(np.size(value))
            named[name] = point[position : position + size].reshape(np.shape(value))
            position += size
        return named

    def _resampled(
        self, drawn: WeightedPoints, rng: np.random.Generator
    ) -> xr.DataTree:
        """Return draws that count alike, with the names and dims of the graph."""
        import xarray as xr

        chains = self.sampler.chains
        draws = min(self.sampler.draws, len(drawn.outputs) // chains)
        chosen = _resampled_rows(drawn, chains * draws, rng)
        posterior = {}
        for column, name in enumerate(self.names, 1):
            values = np.stack([drawn.outputs[row][column] for row in chosen])
            values = values.reshape(chains, draws, *values.shape[1:])
            unnamed = [f"{name}_dim_{axis}" for axis in range(values.ndim - 2)]
            dims = self.graph.named_vars_to_dims.get(name) or unnamed
            posterior[name] = (("chain", "draw", *dims), values)
        labels = self.graph.coords.items()
        coords = {"chain": np.arange(chains), "draw": np.arange(draws)}
        coords |= {name: list(each) for name, each in labels if each is not None}
        logp = drawn.logp[chosen].reshape(chains, draws)
        statistics = xr.Dataset({"lp": (("chain", "draw"), logp)})
        groups = {
            "posterior": xr.Dataset(posterior, coords),
            "sample_stats": statistics,
        }
        return xr.DataTree.from_dict(groups)


def _resampled_rows(
    drawn: WeightedPoints, size: int, rng: np.random.Generator
) -> np.ndarray:
    """Return rows drawn by their weights, so that every chain mixes all proposals alike.

    Points stand in the order of their proposals, none of which is the posterior by itself.
    Therefore they are shuffled before systematic resampling, which keeps their order.

    Parameters
    ----------
    drawn : WeightedPoints
    size : int
    rng : Generator
    """
    order = rng.permutation(len(drawn.points))
    shuffled = replace(drawn.weights, weights=drawn.weights.weights[order])
    return order[shuffled.resample(size, rng)]
