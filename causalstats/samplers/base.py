"""Samplers (options that compile a problem) and programs (the compiled problem, which draws)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

from causalstats.core.abilities import RecoversMarginals
from causalstats.core.draws_kind import ATTRIBUTE, DrawsKind, draws_kind
from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.runs.interrupts import termination_as_interrupt
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.program_cache import numbers_that_fail_in_words

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

FEWEST_DRAWS_OF_A_CHAIN = 50
# Parameters; with more, a dense metric costs more than it saves
ADAPT_CORRELATIONS_UP_TO = 100
CPU = "CPU, float64"
Precision = Literal["float64", "float32"]
STATISTICS = ("diverging", "energy", "n_steps", "step_size", "lp", "mean_tree_accept")


class Program(Protocol):
    """A compiled problem; `run` takes every problem of the same structure."""

    def run(self, problem: Problem, seed: int, advance: Advance = ...) -> xr.DataTree:
        """Return draws for a problem, in the group `posterior`; `describe_run` says how.

        The group `sample_stats` is for what the sampler knows of each draw, where it knows any:
        `diverging` and `energy` of Hamiltonian Monte Carlo are checked.

        Parameters
        ----------
        problem : Problem
        seed : int
            The same seed gives the same draws.
        advance : function of a share and a note, optional
            Called as the work goes on.

        Raises
        ------
        KeyboardInterrupt
            If the user interrupts before there are enough complete draws to keep; a later
            interrupt keeps the complete draws of every chain.
        """


@runtime_checkable
class RunsMany(Protocol):
    """A compiled problem that runs many problems of equal shapes at once."""

    def run_many(
        self, problems: Sequence[Problem], seeds: Sequence[int], advance: Advance = ...
    ) -> list[xr.DataTree]:
        """Return draws for each problem, as `Program.run` does.

        Parameters
        ----------
        problems : sequence of Problem
        seeds : sequence of int
            One for each problem.
        advance : function of a share and a note, optional

        Raises
        ------
        SamplingError
            If the data of two problems differ in shape.
        """


class HasGraph(Protocol):
    """Anything that was compiled from a PyMC graph."""

    @property
    def graph(self) -> pm.Model: ...


class Sampler(Protocol):
    """A frozen value of options."""

    def compile(self, problem: Problem) -> Program:
        """Return a program for this problem and for others of the same structure."""


class Refuses(Protocol):
    """A sampler that cannot run every problem, and says so before it samples."""

    def refusal(self, problem: Problem) -> str | None: ...


def refuse_problem(sampler: Refuses, problem: Problem) -> None:
    """Raise where a sampler cannot run a problem.

    Raises
    ------
    SamplingError
        With the reason that the sampler gives.
    """
    if reason := sampler.refusal(problem):
        raise SamplingError(
            f"`cs.{type(sampler).__name__}` cannot sample {problem.model}: {reason}. Use "
            "`cs.Auto()` or `cs.Nuts()`."
        )


def sample(
    program: Program, problem: Problem, seed: int, advance: Advance = silent
) -> xr.DataTree:
    """Return posterior draws, with those of the parameters that the model integrates out.

    Parameters
    ----------
    program : Program
        As `program_for(sampler, problem)` gives it.
    problem : Problem
    seed : int
    advance : function of a share and a note, optional
        Shows progress.

    Examples
    --------
    >>> import causalstats as cs
    >>> from causalstats.samplers import program_for
    >>> model = cs.PartialCorrelation(prior="matching")
    >>> problem = cs.Problem(model, model.simulate(1, rows=30, parts=4).data)
    >>> draws = sample(program_for(cs.Exact(draws=100), problem), problem, seed=1)
    >>> draws["posterior"].sizes["draw"]
    100
    """
    with termination_as_interrupt(), numbers_that_fail_in_words():
        draws = program.run(problem, seed, advance)
        return _with_marginals(draws, problem, seed)


def sample_many(
    program: RunsMany,
    problems: Sequence[Problem],
    seeds: Sequence[int],
    advance: Advance = silent,
) -> list[xr.DataTree]:
    """Return what `sample` does for each problem, all sampled in one program.

    Parameters
    ----------
    program : RunsMany
    problems : sequence of Problem
        Of the same structure and equal shapes.
    seeds : sequence of int
        One for each problem.
    advance : function of a share and a note, optional
    """
    with termination_as_interrupt(), numbers_that_fail_in_words():
        draws = program.run_many(problems, seeds, advance)
        return list(map(_with_marginals, draws, problems, seeds))


def _with_marginals(draws: xr.DataTree, problem: Problem, seed: int) -> xr.DataTree:
    """Return draws with those of the parameters that the model integrates out."""
    model = problem.model
    independent = draws_kind(draws).is_independent
    if not isinstance(model, RecoversMarginals) or independent:
        return draws
    import xarray as xr

    groups = {name: draws[name].to_dataset() for name in draws.children}
    groups["posterior"] = model.recover_marginals(
        groups["posterior"], problem.data, np.random.default_rng(seed)
    )
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = draws.attrs
    return tree


def describe_run(
    draws: xr.DataTree,
    kind: DrawsKind,
    *,
    sampler: object,
    seed: int,
    seconds: float,
    interrupted: bool = False,
    device: str = CPU,
) -> xr.DataTree:
    """Return the draws with attributes that say how they were made.

    Parameters
    ----------
    draws : DataTree
    kind : DrawsKind
    sampler : Sampler
        Kept as text.
    seed : int
    seconds : float
        The time that sampling took, without compiling.
    interrupted : bool
        Whether the user stopped the run before its end.
    device : str
        Which devices ran it, how many, and in which precision.
    """
    draws.attrs.update({ATTRIBUTE: kind.value, "sampler": repr(sampler), "seed": seed})
    draws.attrs.update(seconds=seconds, interrupted=int(interrupted), device=device)
    return draws


def complete(
    draws: xr.DataTree,
    *,
    interrupted: bool,
    seconds: float,
    seed: int,
    sampler: object,
    device: str = CPU,
) -> xr.DataTree:
    """Return the draws of Markov chains that every chain has finished.

    Parameters
    ----------
    draws : DataTree
        The log density `lp`, dims (chain, draw), is NaN for draws that were not made.
    interrupted, seconds, seed, sampler, device
        As in `describe_run`.

    Raises
    ------
    KeyboardInterrupt
        If the run was interrupted with fewer than `FEWEST_DRAWS_OF_A_CHAIN` complete draws.
    SamplingError
        If a run that went to its end has draws without a finite log density.
    """
    import xarray as xr

    logp = draws["sample_stats"]["lp"].to_numpy()
    finished = int(np.isfinite(logp).all(axis=0).cumprod().sum()) if logp.size else 0
    if interrupted and finished < FEWEST_DRAWS_OF_A_CHAIN:
        raise KeyboardInterrupt(
            f"Interrupted with {finished} complete draws a chain, too few to keep "
            f"({FEWEST_DRAWS_OF_A_CHAIN} are kept)."
        )
    if not interrupted and finished < logp.shape[1]:
        raise SamplingError(
            "The sampler returned draws with a log density that is not finite. Report this with "
            "the data and the model."
        )
    groups = {
        name: draws[name].to_dataset().isel(draw=slice(0, finished))
        for name in ("posterior", "sample_stats")
    }
    groups["sample_stats"] = groups["sample_stats"][list(STATISTICS)]
    return describe_run(
        xr.DataTree.from_dict(groups),
        DrawsKind.CHAINS,
        sampler=sampler,
        seed=seed,
        seconds=seconds,
        interrupted=interrupted,
        device=device,
    )
