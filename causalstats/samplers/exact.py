"""Independent draws of a posterior that is known exactly."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.abilities import DrawExactly, ExactPosterior
from causalstats.core.argument_validation import Count, check_fields
from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.runs.progress import Advance, silent

if TYPE_CHECKING:
    import xarray as xr


def exact_draws(problem: Problem) -> DrawExactly | None:
    """The model's own function of chains, draws and a generator, or None where its posterior has to be sampled."""
    model = problem.model
    return model.exact_posterior(problem.data) if isinstance(model, ExactPosterior) else None


@dataclass(frozen=True, kw_only=True)
class Exact:
    """Independent draws, for a model whose posterior is a known distribution; what `Auto` takes where it can.

    Parameters
    ----------
    chains, draws : int
        The shape of the result; draws are independent.
    """

    chains: Count = 4
    draws: Count = 1000

    def __post_init__(self) -> None:
        check_fields(self, SamplingError)

    def __call__(self, problem: Problem, seed: int, advance: Advance = silent) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, advance)

    def compile(self, problem: Problem) -> ExactProgram:
        """Nothing to compile: it runs every problem whose posterior is exact."""
        if exact_draws(problem) is None:
            raise SamplingError(
                f"The posterior of {problem.model} has no closed form: use `cs.Auto()` or `cs.Nuts()`."
            )
        return ExactProgram(self)


@dataclass(frozen=True)
class ExactProgram:
    """Draws whatever has an exact posterior."""

    sampler: Exact

    def fits(self, problem: Problem) -> bool:
        """Whether it runs this problem."""
        return exact_draws(problem) is not None

    def run(self, problem: Problem, seed: int, advance: Advance = silent) -> xr.DataTree:
        """Draws for this problem, group posterior."""
        import xarray as xr

        started, options = time.perf_counter(), self.sampler
        draw = exact_draws(problem)
        assert draw is not None
        tree = xr.DataTree.from_dict(
            {"posterior": draw(options.chains, options.draws, np.random.default_rng(seed))}
        )
        tree.attrs.update(
            interrupted=0,
            exact=1,
            seconds=time.perf_counter() - started,
            seed=seed,
            sampler=repr(options),
        )
        return tree
