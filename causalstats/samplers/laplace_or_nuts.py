"""Laplace's draws where their importance weights can be trusted, and those of NUTS elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from causalstats.core.model import Problem
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import Program, Sampler
from causalstats.samplers.importance import trusted
from causalstats.samplers.laplace import Laplace
from causalstats.samplers.program_cache import program_for

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, kw_only=True)
class LaplaceOrNuts:
    """`Laplace`, and another sampler where the weights of its draws cannot be trusted.

    That is where their Pareto k is 0.7 or more, or their effective sample size is at most a quarter
    of the draws.

    Parameters
    ----------
    laplace : Laplace
    fallback : Sampler
        Compiled for the first problem that needs it.
    """

    laplace: Laplace
    fallback: Sampler = field(repr=False)

    def __call__(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, advance)

    def compile(self, problem: Problem) -> LaplaceOrNutsProgram:
        """Return the program of `Laplace` for this problem."""
        return LaplaceOrNutsProgram(self, self.laplace.compile(problem))


@dataclass(frozen=True)
class LaplaceOrNutsProgram:
    """The program of `Laplace`, whose weights are looked at."""

    sampler: LaplaceOrNuts
    program: Program

    def run(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        tree = self.program.run(problem, seed, advance)
        attributes = tree.attrs
        laplace = self.sampler.laplace
        draws = laplace.chains * laplace.draws
        if attributes["interrupted"] or trusted(
            attributes["pareto_k"], attributes["importance_ess"], draws
        ):
            return tree
        fallback = program_for(self.sampler.fallback, problem)
        return fallback.run(problem, seed, advance)
