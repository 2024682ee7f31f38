"""Independent draws of a posterior in closed form."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.abilities import DrawExactly, ExactPosterior
from causalstats.core.argument_validation import Count, check_fields
from causalstats.core.draws_kind import ATTRIBUTE, DrawsKind
from causalstats.core.field_names import names_fields
from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import describe_run, refuse_problem

if TYPE_CHECKING:
    import xarray as xr


def exact_draws(problem: Problem) -> DrawExactly | None:
    """Return a function (chains, draws, generator) that draws from the exact posterior.

    None where the posterior of the model on these data has no closed form.
    """
    model = problem.model
    return (
        model.exact_posterior(problem.data)
        if isinstance(model, ExactPosterior)
        else None
    )


@names_fields
@dataclass(frozen=True, kw_only=True)
class Exact:
    """Independent draws of a posterior in closed form; `Auto` takes it where the model has one.

    Some models draw from normal approximations instead, and say so: the attribute `draws_kind` of
    the draws is then "laplace".

    Parameters
    ----------
    chains, draws : int
        The shape of the result. The draws are independent, within and between chains.

    Raises
    ------
    SamplingError
        When compiled for a model on data for which the posterior has no closed form.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.PartialCorrelation(prior="matching")
    >>> problem = cs.Problem(model, model.simulate(1, rows=30, parts=4).data)
    >>> draws = cs.Exact(chains=2, draws=100)(problem, seed=1)
    >>> draws["posterior"].sizes["chain"], draws["posterior"].sizes["draw"]
    (2, 100)
    >>> draws.attrs["draws_kind"]
    'exact'
    """

    chains: Count = 4
    draws: Count = 1000

    def __post_init__(self) -> None:
        check_fields(self, SamplingError)

    def __call__(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, advance)

    def compile(self, problem: Problem) -> ExactProgram:
        """Return a program for every problem with an exact posterior; it compiles nothing."""
        refuse_problem(self, problem)
        return ExactProgram(self)

    def refusal(self, problem: Problem) -> str | None:
        """Return why this sampler cannot run a problem, or None where it can."""
        if exact_draws(problem) is None:
            return "the posterior has no closed form"
        return None


@dataclass(frozen=True)
class ExactProgram:
    """Draws from exact posteriors."""

    sampler: Exact

    def run(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        import xarray as xr

        started = time.perf_counter()
        options = self.sampler
        draw = exact_draws(problem)
        assert draw is not None
        posterior = draw(options.chains, options.draws, np.random.default_rng(seed))
        kind = DrawsKind(posterior.attrs.pop(ATTRIBUTE, DrawsKind.EXACT))
        return describe_run(
            xr.DataTree.from_dict({"posterior": posterior}),
            kind,
            sampler=options,
            seed=seed,
            seconds=time.perf_counter() - started,
        )
