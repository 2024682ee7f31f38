"""Independent draws that a model makes and weighs by itself, without anything compiled, unless their weights say that they miss something."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.abilities import DrawByImportance, ImportanceSampled
from causalstats.core.model import Problem
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import Program, Sampler

if TYPE_CHECKING:
    import xarray as xr

_MOST_K, _LEAST_WORTH = (
    0.7,
    0.25,
)  # of the shape of the weights' tail, and of what they are worth by what there are


def weighed_draws(problem: Problem) -> DrawByImportance | None:
    """The model's own function of chains, draws and a generator, or None where it has none for these data."""
    model = problem.model
    return model.importance_draws(problem.data) if isinstance(model, ImportanceSampled) else None


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """Draws of a Student t, resampled by Pareto-smoothed weights of the model's own density; where the weights do not carry them, those of `otherwise`."""

    chains: int
    draws: int
    otherwise: Sampler

    def __call__(self, problem: Problem, seed: int, advance: Advance = silent) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, advance)

    def compile(self, problem: Problem) -> WeighedProgram:
        """Nothing to compile, until a problem is met that needs it."""
        return WeighedProgram(self)


@dataclass(frozen=True, eq=False)
class WeighedProgram:
    """Draws whatever offers a density; `others` are compiled when they are needed, and kept."""

    sampler: Weighed
    others: list[Program] = field(default_factory=list)

    def fits(self, problem: Problem) -> bool:
        """Whether it runs this problem."""
        return weighed_draws(problem) is not None

    def run(self, problem: Problem, seed: int, advance: Advance = silent) -> xr.DataTree:
        """Draws for this problem, groups posterior and sample_stats."""
        import xarray as xr

        started, options = time.perf_counter(), self.sampler
        draw = weighed_draws(problem)
        assert draw is not None
        try:
            posterior, logp, k, ess = draw(
                options.chains, options.draws, np.random.default_rng(seed)
            )
        except np.linalg.LinAlgError:  # no mode, or no shape around it
            k, ess = np.inf, 0.0
        if not (k < _MOST_K and ess > _LEAST_WORTH * options.chains * options.draws):
            if not any(other.fits(problem) for other in self.others):
                self.others.append(options.otherwise.compile(problem))
            return next(other for other in self.others if other.fits(problem)).run(
                problem, seed, advance
            )
        tree = xr.DataTree.from_dict(
            {"posterior": posterior, "sample_stats": xr.Dataset({"lp": (("chain", "draw"), logp)})}
        )
        described = f"Weighed(chains={options.chains}, draws={options.draws})"
        tree.attrs.update(
            interrupted=0,
            seconds=time.perf_counter() - started,
            seed=seed,
            sampler=described,
            pareto_k=k,
            importance_ess=ess,
        )
        return tree
