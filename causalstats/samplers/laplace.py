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
from typing import TYPE_CHECKING, Protocol

import numpy as np

from causalstats.core.argument_validation import Count, check_fields
from causalstats.core.draws_kind import DrawsKind
from causalstats.core.field_names import names_fields
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
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.backends.jax_process import refuse_after_fork
from causalstats.samplers.base import describe_run
from causalstats.samplers.program_cache import COMPILER_LOCK, cached_program

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

FEWEST_DRAWS = 200
_JAX_PAYS_FROM_NUMBERS = 10_000  # in the largest array of data, measured on two cores
# Heavier tails than a posterior, so that weights stay bounded: along an axis that is normal as far
# as widths are measured, and along others. With 20 along all of 46 axes, weights of a normal
# posterior would have an effective sample size of .78, with 100 of .99.
_DEGREES_OF_FREEDOM_IF_NORMAL = 100.0
_FIRST_DEGREES_OF_FREEDOM = 10.0
_NORMAL_WITHIN = 0.02  # of a width of 1
_ADAPTED_DEGREES_OF_FREEDOM = 8.0
_ADAPTED_COVARIANCE_FACTOR = 1.2
# Largest Pareto k, and least effective sample size by the draws, that need no further proposal:
# after the first proposal, and after the second. Weights of k below .5 have a variance, and 1,000
# of them can be trusted up to .67 (Vehtari et al. 2024).
_GOOD_ENOUGH = ((0.5, 0.5), (0.5, 0.0))
_ESS_TO_ADAPT = 5  # by the number of variables; with less, the moments would be noise


@names_fields
@dataclass(frozen=True, kw_only=True)
class Laplace:
    """Independent draws around the posterior's mode, corrected by importance sampling.

    For large data, where the posterior is nearly Gaussian and a gradient is slow: it takes some
    hundred gradients and `chains` x `draws` densities, where NUTS takes tens of thousands of
    gradients. The Pareto k of the importance weights checks the draws: below 0.7 they can be
    trusted as those of the posterior, above it they cannot, and `Nuts` should be used. Where k is
    above 0.5, or the effective sample size below half of the draws, the proposal is adapted and as
    many draws are added; where k is above 0.5 then, once more.

    Data with 10,000 numbers or more in one array are computed by JAX, in batches of points. Where
    the model can (`core.abilities.SubsamplesInputs`), the mode is looked for on some of the rows,
    with three or four gradients of all of them.

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
        if self.chains * self.draws < FEWEST_DRAWS:
            raise SamplingError(
                f"Expected at least {FEWEST_DRAWS} draws in all to weight, got "
                f"{self.chains} x {self.draws}."
            )

    def __call__(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, advance)

    def compile(self, problem: Problem) -> LaplaceProgram:
        """Return the compiled graph of this problem, which runs all of the same structure."""
        large = _is_large(problem)
        if large:
            refuse_after_fork()
        program = cached_program(
            ("laplace", large),
            problem.graph,
            lambda: _compile(self, problem, large),
            any_rows=not large,
        )
        return replace(program, sampler=self)


def _is_large(problem: Problem) -> bool:
    largest = max((np.size(value) for value in problem.inputs.values()), default=0)
    return largest >= _JAX_PAYS_FROM_NUMBERS


def _compile(sampler: Laplace, problem: Problem, large: bool) -> LaplaceProgram:
    """Compile a graph of the program's own, since its data are exchanged."""
    if large:
        from causalstats.samplers.backends.jax_points import trace_points

        return LaplaceProgram(sampler, trace_points(problem.graph))
    from causalstats.samplers.backends.numba_points import compile_points

    graph = problem.model.build(problem.data)
    return LaplaceProgram(sampler, compile_points(graph))


class PointsOnData(Protocol):
    """The log density of a problem at unconstrained points, and what a proposal needs of it."""

    @property
    def graph(self) -> pm.Model:
        """The graph."""

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that are kept."""

    def mode_axes_widths(
        self, advance: Advance
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the mode, and axes and widths as `numerics.sampling.posterior_mode` has them."""

    def values_at(
        self, points: np.ndarray, done: Callable[[int], None]
    ) -> tuple[list[np.ndarray], bool]:
        """Return log densities and variables at some points, and whether the user interrupted."""


class CompiledPoints(Protocol):
    """A compiled graph that takes the data of every problem of its structure."""

    @property
    def graph(self) -> pm.Model:
        """The graph."""

    def on(self, problem: Problem) -> PointsOnData:
        """Return its functions at the data of a problem."""


@dataclass(frozen=True, eq=False)
class WeightedPoints:
    """Unconstrained points with their importance weights.

    Attributes
    ----------
    points : array, shape (n, d)
    values : list of arrays (n, ...)
        The log density at each point, and each of the graph's variables there.
    weights : ImportanceWeights
    sizes : tuple of int
        How many of the points each proposal has drawn.
    interrupted : bool
    """

    points: np.ndarray
    values: list[np.ndarray]
    weights: ImportanceWeights
    sizes: tuple[int, ...]
    interrupted: bool


@dataclass(frozen=True)
class LaplaceProgram:
    """A compiled graph, whose data are exchanged for those of each problem.

    Attributes
    ----------
    sampler : Laplace
    points : CompiledPoints
    running : Lock
        Held by the one fit that uses the program.
    """

    sampler: Laplace
    points: CompiledPoints
    running: threading.Lock = field(
        default_factory=threading.Lock, repr=False, compare=False
    )

    @property
    def graph(self) -> pm.Model:
        return self.points.graph

    def run(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        # While a fit in another thread runs this program on its data, the graph is compiled anew.
        if not self.running.acquire(blocking=False):
            with COMPILER_LOCK:
                program = _compile(self.sampler, problem, _is_large(problem))
            return program.run(problem, seed, advance)
        try:
            return self._run(problem, seed, advance)
        finally:
            self.running.release()

    def _run(self, problem: Problem, seed: int, advance: Advance) -> xr.DataTree:
        started = time.perf_counter()
        rng = np.random.default_rng(seed)
        density = self.points.on(problem)
        mode, axes, widths = density.mode_axes_widths(advance)
        proposals: list[Proposal] = [
            SplitStudentT(mode, axes, widths, _degrees_of_freedom(widths))
        ]
        drawn = self._draw(density, proposals, None, rng, advance)
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
            drawn = self._draw(density, proposals, drawn, rng, advance)
        tree = describe_run(
            self._resampled(density, drawn, rng),
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

    def _draw(
        self,
        density: PointsOnData,
        proposals: Sequence[Proposal],
        before: WeightedPoints | None,
        rng: np.random.Generator,
        advance: Advance,
    ) -> WeightedPoints:
        """Draw from the last proposal, and weight all points by the mixture of the proposals.

        Parameters
        ----------
        density : PointsOnData
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
        left = 0.7 / 2 ** (len(proposals) - 1)  # half of the progress bar that is left

        def done(number: int) -> None:
            share = 1 - left + left / 2 * number / len(points)
            advance(share, f"{number} of {len(points)} draws weighted")

        values, interrupted = density.values_at(points, done)
        count = len(values[0]) if values else 0
        if interrupted and count < FEWEST_DRAWS and before is None:
            raise KeyboardInterrupt(
                f"Interrupted with {count} draws weighted, too few to keep "
                f"({FEWEST_DRAWS} are kept)."
            )
        points = points[:count]
        sizes: tuple[int, ...] = (count,)
        if before is not None:
            points = np.concatenate([before.points, points])
            sizes = before.sizes + sizes
            values = _joined(before.values, values)
        weights = pareto_smoothed_weights(
            values[0] - mixture_log_density(points, proposals, sizes)
        )
        return WeightedPoints(points, values, weights, sizes, interrupted)

    def _resampled(
        self, density: PointsOnData, drawn: WeightedPoints, rng: np.random.Generator
    ) -> xr.DataTree:
        """Return draws that count alike, with the names and dims of the graph."""
        import xarray as xr

        chains = self.sampler.chains
        draws = min(self.sampler.draws, len(drawn.points) // chains)
        chosen = _resampled_rows(drawn, chains * draws, rng)
        posterior = {}
        graph = density.graph
        for name, column in zip(density.names, drawn.values[1:], strict=True):
            values = column[chosen]
            values = values.reshape(chains, draws, *values.shape[1:])
            unnamed = [f"{name}_dim_{axis}" for axis in range(values.ndim - 2)]
            dims = graph.named_vars_to_dims.get(name) or unnamed
            posterior[name] = (("chain", "draw", *dims), values)
        labels = graph.coords.items()
        coords = {"chain": np.arange(chains), "draw": np.arange(draws)}
        coords |= {name: list(each) for name, each in labels if each is not None}
        logp = drawn.values[0][chosen].reshape(chains, draws)
        statistics = xr.Dataset({"lp": (("chain", "draw"), logp)})
        groups = {
            "posterior": xr.Dataset(posterior, coords),
            "sample_stats": statistics,
        }
        return xr.DataTree.from_dict(groups)


def _degrees_of_freedom(widths: np.ndarray) -> np.ndarray:
    """Return those of the first proposal along each axis, (d,), by its widths up and down."""
    normal = np.abs(widths - 1).max(axis=0) < _NORMAL_WITHIN
    return np.where(normal, _DEGREES_OF_FREEDOM_IF_NORMAL, _FIRST_DEGREES_OF_FREEDOM)


def _joined(before: list[np.ndarray], after: list[np.ndarray]) -> list[np.ndarray]:
    if not after:
        return before
    return [np.concatenate(pair) for pair in zip(before, after, strict=True)]


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
