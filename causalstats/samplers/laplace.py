"""The Laplace approximation, corrected by importance sampling, and how far to trust it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy import stats

from causalstats.core.argument_validation import Count, check_fields
from causalstats.core.draws_kind import DrawsKind
from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.numerics.sampling.pareto_smoothing import (
    ImportanceWeights,
    pareto_smoothed_weights,
)
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import describe_run
from causalstats.samplers.program_cache import COMPILER_LOCK, cached_program, same_program

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

_FREEDOM = 20.0  # of the Student t that proposes along each axis: heavier tails than a posterior, so that weights stay bounded
_FINE = (
    (0.3, 0.5),
    (0.5, 0.0),
)  # shape of the weights' tail, and share of the draws that they are worth, that are good enough after one and two proposals
_TEACHING = 5  # draws, by the number of variables, that the weights must be worth to teach
_LEARNED = (
    8.0,
    1.2,
)  # degrees of freedom of that other, and how many times as wide its covariance is as theirs
_REACHES = (
    1.0,
    3.0,
    6.0,
)  # posterior standard deviations from the mode at which each half of an axis is measured
_WIDEST = 2.5
_STEP = 1e-2  # of the differences of gradients, in posterior standard deviations
_FEWEST = 200
_NEWTON = 8


@dataclass(frozen=True, kw_only=True)
class Laplace:
    """Independent draws of a Student t around the posterior's mode, with the curvature there, resampled by Pareto-smoothed importance weights.

    For large data, where the posterior is nearly Gaussian and a gradient is dear: it takes some hundred gradients and `chains` x `draws`
    densities, where NUTS takes tens of thousands of gradients. Its own check is the shape k of the weights' tail: below 0.7 the draws can be
    trusted as those of the posterior, above it they cannot, and `Nuts` should be used. Where k is above 0.3, or the weights are worth less than half of the
    draws, as many again are drawn from a multivariate Student t with the mean and covariance that the weights have found, and all are weighed together;
    where k is above 0.5 then, once more.

    Parameters
    ----------
    chains, draws : int
        The shape of the result; draws are independent.

    References
    ----------
    Geweke (1989), Bayesian inference in econometric models using Monte Carlo integration, Econometrica 57(6): the split t. Cappé, Douc, Guillin, Marin &
    Robert (2008), Adaptive importance sampling in general mixture classes, Statistics and Computing 18: the second proposal. Vehtari, Simpson, Gelman,
    Yao & Gabry (2024), Pareto smoothed importance sampling, JMLR 25: the weights and their check.
    """

    chains: Count = 4
    draws: Count = 1000

    def __post_init__(self) -> None:
        check_fields(self, SamplingError)
        if self.chains * self.draws < _FEWEST:
            raise SamplingError(
                f"Expected at least {_FEWEST} draws in all to weigh, got {self.chains} x {self.draws}."
            )

    def __call__(self, problem: Problem, seed: int, advance: Advance = silent) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, advance)

    def compile(self, problem: Problem) -> LaplaceProgram:
        """The graph of this problem, compiled; it runs every problem whose graph differs in data and constants alone."""
        return replace(
            cached_program("laplace", problem.graph, lambda: self._compiled(problem)), sampler=self
        )

    def _compiled(self, problem: Problem) -> LaplaceProgram:
        from pymc.initial_point import make_initial_point_fn

        graph = problem.model.build(problem.data)  # of its own, since its data are exchanged
        mode = "NUMBA"  # JAX is faster on large data, but copies them at every call: a million people took 20 GiB
        transformed = {
            value.name
            for variable, value in graph.rvs_to_values.items()
            if value.name != variable.name
        }
        variables = [
            variable for variable in graph.unobserved_value_vars if variable.name not in transformed
        ]
        density = graph.logp_dlogp_function(ravel_inputs=True, mode=mode)
        values = graph.compile_fn([graph.logp(), *variables], inputs=graph.value_vars, mode=mode)
        return LaplaceProgram(
            self,
            graph,
            density,
            values,
            tuple(variable.name for variable in variables),
            graph.initial_point(),
            make_initial_point_fn(model=graph, return_transformed=True),
        )


@dataclass(frozen=True, eq=False)
class Points:
    """Points (n, d), for each what the graph says of it, its log density among them, and its weight; how many are of each proposal."""

    points: np.ndarray
    rows: list[list]
    logp: np.ndarray
    weights: ImportanceWeights
    sizes: tuple[int, ...]
    interrupted: bool


class Proposal(Protocol):
    """Where points come from."""

    def draw(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Points (size, d)."""

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """Of points (n, d), normalised."""


@dataclass(frozen=True, eq=False)
class SplitT:
    """Independent Student t along `axes` (d, axis), `sides` (2, axis) as wide up and down each."""

    mode: np.ndarray
    axes: np.ndarray
    sides: np.ndarray

    def draw(self, size: int, rng: np.random.Generator) -> np.ndarray:
        directions = np.abs(rng.standard_t(_FREEDOM, (size, len(self.mode))))
        upward = rng.random(directions.shape) < self.sides[0] / self.sides.sum(axis=0)
        return (
            self.mode + (directions * np.where(upward, self.sides[0], -self.sides[1])) @ self.axes.T
        )

    def log_density(self, points: np.ndarray) -> np.ndarray:
        along = np.linalg.solve(self.axes, (points - self.mode).T).T
        up, down = self.sides
        each = stats.t.logpdf(along / np.where(along > 0, up, down), _FREEDOM) - np.log(
            (up + down) / 2
        )
        return each.sum(axis=1) - np.linalg.slogdet(self.axes)[1]


@dataclass(frozen=True, eq=False)
class Learned:
    """A multivariate Student t."""

    found: Any

    def draw(self, size: int, rng: np.random.Generator) -> np.ndarray:
        return self.found.rvs(size=size, random_state=rng).reshape(size, -1)

    def log_density(self, points: np.ndarray) -> np.ndarray:
        return self.found.logpdf(points).reshape(len(points))


def _learned(found: Points) -> Learned:
    """With the mean of weighed points, and a covariance that is wider than theirs."""
    (freedom, wider), (centre, covariance) = _LEARNED, found.weights.moments(found.points)
    return Learned(stats.multivariate_t(loc=centre, shape=wider * covariance, df=freedom))


@dataclass(frozen=True)
class LaplaceProgram:
    """A compiled graph, whose data are exchanged for those of each problem: `running` is held by the one fit that uses it."""

    sampler: Laplace
    graph: pm.Model
    density: Callable[[np.ndarray], tuple[Any, Any]]
    values: Callable[[dict[str, np.ndarray]], list]
    names: tuple[str, ...]
    start: dict[str, np.ndarray]
    begin: Callable[[Any], dict[str, np.ndarray]]  # at the data of the problem, unlike `start`
    running: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def fits(self, problem: Problem) -> bool:
        """Whether its graph differs in data and constants alone."""
        return same_program(self.graph, problem.graph)

    def run(self, problem: Problem, seed: int, advance: Advance = silent) -> xr.DataTree:
        """Draws for this problem; an interrupt keeps what was weighed by then.

        While a fit in another thread runs this program on its own data, it is compiled anew.
        """
        if not self.running.acquire(blocking=False):
            with COMPILER_LOCK:
                program = self.sampler._compiled(problem)
            return program.run(problem, seed, advance)
        try:
            return self._run(problem, seed, advance)
        finally:
            self.running.release()

    def _run(self, problem: Problem, seed: int, advance: Advance) -> xr.DataTree:
        started, rng = time.perf_counter(), np.random.default_rng(seed)
        for name, value in problem.inputs.items():
            self.graph[name].set_value(np.asarray(value, dtype=self.graph[name].dtype))
        proposals: list[Proposal] = [self._around_the_mode(advance)]
        found = self._weigh(proposals, None, rng, advance)
        for k, worth in _FINE:
            enough = found.weights.pareto_k < k and found.weights.ess > worth * len(found.rows)
            if (
                found.interrupted
                or enough
                or not found.weights.ess > _TEACHING * found.points.shape[1]
            ):
                break
            proposals.append(_learned(found))
            found = self._weigh(proposals, found, rng, advance)
        return self._resampled(found, rng, started, seed)

    def _around_the_mode(self, advance: Advance) -> SplitT:
        mode, axes = self._approximate(advance)
        return SplitT(mode, axes, self._sides(mode, axes))

    def _weigh(
        self,
        proposals: Sequence[Proposal],
        before: Points | None,
        rng: np.random.Generator,
        advance: Advance,
    ) -> Points:
        """Points of the last proposal beside those from before, all weighed by the mixture that they are of; an interrupt keeps those found by then."""
        points = proposals[-1].draw(self.sampler.chains * self.sampler.draws, rng)
        left, interrupted = 0.7 / 2 ** (len(proposals) - 1), False
        rows: list[list] = []
        try:
            for number, point in enumerate(points):
                rows.append([np.asarray(value) for value in self.values(self._point(point))])
                if number % 50 == 0:
                    advance(
                        1 - left + left / 2 * number / len(points),
                        f"{number} of {len(points)} draws weighed",
                    )
        except KeyboardInterrupt:
            interrupted = True
            if len(rows) < _FEWEST and before is None:
                raise KeyboardInterrupt(
                    f"Interrupted with {len(rows)} draws weighed, too few to keep ({_FEWEST} are kept)."
                ) from None
        points = points[: len(rows)]
        sizes: tuple[int, ...] = (len(rows),)
        if before is not None:
            points, rows, sizes = (
                np.concatenate([before.points, points]),
                before.rows + rows,
                before.sizes + sizes,
            )
        with np.errstate(divide="ignore"):
            mixture = np.logaddexp.reduce(
                [
                    np.log(size) + proposal.log_density(points)
                    for size, proposal in zip(sizes, proposals, strict=True)
                ]
            )
        logp = np.array([float(row[0]) for row in rows])
        return Points(
            points, rows, logp, pareto_smoothed_weights(logp - mixture), sizes, interrupted
        )

    def _approximate(self, advance: Advance) -> tuple[np.ndarray, np.ndarray]:
        """The mode, and axes of one standard deviation each, as columns, whose squares sum to the inverse curvature there.

        They are a Cholesky factor from the last variable to the first: the first moves alone along its axis. A model puts its scale first, whose tail is
        that of no normal distribution, so that the tail lies along an axis and is measured there.
        """
        from scipy.optimize import minimize

        advance(0.0, "looking for the mode")
        begun = self.begin(None)
        start = np.concatenate([np.ravel(begun[name]) for name in self.start])
        steps = itertools.count()

        def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = self.density(x)
            return -float(value), -np.asarray(gradient, float)

        def show(_: np.ndarray) -> None:
            advance(0.15 * (1 - 0.97 ** next(steps)), "looking for the mode")

        found = minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            callback=show,
            options={"maxiter": 500, "maxcor": 30},
        )
        mode, scale = found.x, np.sqrt(np.maximum(np.diagonal(found.hess_inv.todense()), 1e-16))
        for _ in range(_NEWTON):
            curvature = np.empty((len(mode), len(mode)))
            for k in range(len(mode)):
                step = np.zeros(len(mode))
                step[k] = scale[k] * _STEP
                curvature[k] = (loss(mode + step)[1] - loss(mode - step)[1]) / (2 * step[k])
                advance(0.15 + 0.15 * (k + 1) / len(mode), "measuring the curvature")
            covariance = np.linalg.inv(_positive((curvature + curvature.T) / 2))
            scale = np.sqrt(np.diagonal(covariance))
            newton = covariance @ loss(mode)[1]
            far = np.abs(newton / scale).max()
            mode = mode - newton * min(1.0, 3 / max(far, 1e-12))
            if far < 0.1:
                break
        return mode, np.linalg.cholesky(covariance[::-1, ::-1])[::-1, ::-1]

    def _sides(self, mode: np.ndarray, axes: np.ndarray) -> np.ndarray:
        """How much wider than the curvature says the posterior is up and down each axis, (2, axis): Geweke's split t (1989, Econometrica 57)."""
        top = float(self.values(self._point(mode))[0])

        def width(sign: int, axis: np.ndarray) -> float:
            drops = [
                top - float(self.values(self._point(mode + sign * reach * axis))[0])
                for reach in _REACHES
            ]
            return max(
                reach / np.sqrt(2 * max(drop, 1e-3))
                for reach, drop in zip(_REACHES, drops, strict=True)
            )

        return np.clip(
            [[width(sign, axis) for axis in axes.T] for sign in (1, -1)], 1 / _WIDEST, _WIDEST
        )

    def _point(self, x: np.ndarray) -> dict[str, np.ndarray]:
        point, position = {}, 0
        for name, value in self.start.items():
            size = int(np.size(value))
            point[name] = x[position : position + size].reshape(np.shape(value))
            position += size
        return point

    def _resampled(
        self, found: Points, rng: np.random.Generator, started: float, seed: int
    ) -> xr.DataTree:
        import xarray as xr

        chains = self.sampler.chains
        draws = min(self.sampler.draws, len(found.rows) // chains)
        chosen = found.weights.resample(chains * draws, rng)
        dims = {variable: self.graph.named_vars_to_dims.get(variable) for variable in self.names}
        posterior = {}
        for column, name in enumerate(self.names, 1):
            values = np.stack([found.rows[row][column] for row in chosen]).reshape(
                chains, draws, *np.shape(found.rows[0][column])
            )
            posterior[name] = (
                (
                    "chain",
                    "draw",
                    *(dims[name] or [f"{name}_dim_{axis}" for axis in range(values.ndim - 2)]),
                ),
                values,
            )
        coords = {"chain": np.arange(chains), "draw": np.arange(draws)}
        coords |= {
            name: list(labels) for name, labels in self.graph.coords.items() if labels is not None
        }
        statistics = {"lp": (("chain", "draw"), found.logp[chosen].reshape(chains, draws))}
        tree = xr.DataTree.from_dict(
            {"posterior": xr.Dataset(posterior, coords), "sample_stats": xr.Dataset(statistics)}
        )
        describe_run(
            tree,
            DrawsKind.IMPORTANCE,
            sampler=self.sampler,
            seed=seed,
            seconds=time.perf_counter() - started,
            interrupted=found.interrupted,
        )
        tree.attrs.update(pareto_k=found.weights.pareto_k, importance_ess=found.weights.ess)
        return tree


def _positive(curvature: np.ndarray) -> np.ndarray:
    """The nearest curvature that is one of a peak: where the mode was not found, negative directions are turned."""
    values, vectors = np.linalg.eigh(curvature)
    floor = np.abs(values).max() * 1e-10
    return (
        curvature
        if values.min() > floor
        else (vectors * np.maximum(np.abs(values), floor)) @ vectors.T
    )
