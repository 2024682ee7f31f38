"""Pareto-smoothed importance sampling with the model's own density, and NUTS where that fails."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.abilities import DrawByImportance, ImportanceSampled
from causalstats.core.draws_kind import DrawsKind
from causalstats.core.model import Problem
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import Sampler, describe_run
from causalstats.samplers.program_cache import program_for

if TYPE_CHECKING:
    import xarray as xr

# Above it the weights have no usable variance (Vehtari et al. 2024)
_LARGEST_PARETO_K = 0.7
# Effective sample size of the weights, by the number of draws
_SMALLEST_ESS_SHARE = 0.25


def trusted(pareto_k: float, ess: float, draws: int) -> bool:
    """Return whether importance weights stand for the posterior.

    Parameters
    ----------
    pareto_k : float
        Shape of the tail of the weights.
    ess : float
        Their effective sample size.
    draws : int
        How many were asked for.

    Examples
    --------
    >>> trusted(0.1, 800.0, 1000), trusted(0.9, 800.0, 1000)
    (True, False)
    """
    return pareto_k < _LARGEST_PARETO_K and ess > _SMALLEST_ESS_SHARE * draws


def importance_draws(problem: Problem) -> DrawByImportance | None:
    """Return the model's own importance sampler for these data, or None where it has none.

    It is a function of chains, draws and a generator that returns the posterior draws, their log
    density (chain, draw), the Pareto k of the weights and their effective sample size.
    """
    model = problem.model
    return (
        model.importance_draws(problem.data)
        if isinstance(model, ImportanceSampled)
        else None
    )


@dataclass(frozen=True, kw_only=True)
class ImportanceSampler:
    """Draws of a Student t, resampled by Pareto-smoothed importance weights.

    Nothing is compiled: the model computes its own density. Where the Pareto k of the weights is
    0.7 or more, or their effective sample size is at most a quarter of the draws, the draws are
    those of the fallback.

    Parameters
    ----------
    chains, draws : int
        The shape of the result. The draws are independent.
    fallback : Sampler
        Compiled for the first problem that needs it.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto smoothed importance sampling, Journal of
    Machine Learning Research 25.
    """

    chains: int
    draws: int
    fallback: Sampler = field(repr=False)

    def __call__(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, advance)

    def compile(self, problem: Problem) -> ImportanceProgram:
        """Return a program for every problem whose model offers a density; it compiles nothing."""
        return ImportanceProgram(self)


@dataclass(frozen=True)
class ImportanceProgram:
    """Draws from posteriors whose models offer a density."""

    sampler: ImportanceSampler

    def run(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        import xarray as xr

        started = time.perf_counter()
        options = self.sampler
        draw = importance_draws(problem)
        assert draw is not None
        rng = np.random.default_rng(seed)
        try:
            posterior, logp, pareto_k, ess = draw(options.chains, options.draws, rng)
        except np.linalg.LinAlgError:  # no mode, or no curvature around it
            pareto_k, ess = np.inf, 0.0
        if not trusted(pareto_k, ess, options.chains * options.draws):
            return program_for(options.fallback, problem).run(problem, seed, advance)
        statistics = xr.Dataset({"lp": (("chain", "draw"), logp)})
        tree = describe_run(
            xr.DataTree.from_dict({"posterior": posterior, "sample_stats": statistics}),
            DrawsKind.IMPORTANCE,
            sampler=options,
            seed=seed,
            seconds=time.perf_counter() - started,
        )
        tree.attrs.update(pareto_k=pareto_k, importance_ess=ess)
        return tree
