"""Gibbs sampling (Markov chain Monte Carlo): the model's own sweeps, a thread for each chain."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.abilities import GibbsSampled
from causalstats.core.argument_validation import Count, check_fields
from causalstats.core.draws_kind import DrawsKind
from causalstats.core.field_names import names_fields
from causalstats.core.gibbs_kernel import GibbsKernel
from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.numerics.sampling.convergence_diagnostics import have_mixed
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import (
    FEWEST_DRAWS_OF_A_CHAIN,
    describe_run,
    refuse_problem,
)

if TYPE_CHECKING:
    import xarray as xr

_SECONDS_BETWEEN_LOOKS = 0.05
_SWEEPS_BETWEEN_LOOKS = 20
_MOST_DIAGNOSED = 250  # numbers of a draw


def gibbs_kernel(problem: Problem) -> GibbsKernel | None:
    """Return the sweeps that the model offers for these data, or None where it offers none."""
    model = problem.model
    return model.gibbs_kernel(problem.data) if isinstance(model, GibbsSampled) else None


@names_fields
@dataclass(frozen=True, kw_only=True)
class Gibbs:
    """Gibbs sampling: sweeps that draw each block of the parameters given all the others.

    `Auto` takes it where the model has such sweeps for the data. Nothing is adapted, so that the
    first sweeps serve only to reach the posterior. Where the model chooses `draws`, `tune` and
    `thin`, and R-hat or the effective sample size of these draws fails, all sweeps so far become
    first ones, and the chains go on with more sweeps from one draw to the next.

    Parameters
    ----------
    chains : int, optional
        Each in a thread of its own, from a dispersed start. None: as many as the model asks for,
        which is 4, or 2 where a sweep takes long.
    draws : int, optional
        Draws kept of each chain. None: as many as suit the size of the data.
    tune : int, optional
        First sweeps, which are dropped. None: as many as the model asks for.
    thin : int, optional
        Sweeps from one draw that is kept to the next. None: as many as the model asks for, more
        where draws are large.

    Raises
    ------
    SamplingError
        If an option is out of its range, or the model has no sweeps for the data.

    References
    ----------
    Gelfand & Smith (1990), Sampling-based approaches to calculating marginal densities, Journal of
    the American Statistical Association 85.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.PartialCorrelation(prior="horseshoe")
    >>> problem = cs.Problem(model, model.simulate(1, rows=30, parts=4).data)
    >>> draws = cs.Gibbs(chains=2, draws=100, tune=50, thin=1)(problem, seed=1)
    >>> draws["posterior"].sizes["chain"], draws["posterior"].sizes["draw"]
    (2, 100)
    """

    chains: Count | None = None
    draws: Count | None = None
    tune: Count | None = None
    thin: Count | None = None

    def __post_init__(self) -> None:
        check_fields(self, SamplingError)

    def __call__(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, advance)

    def compile(self, problem: Problem) -> GibbsProgram:
        """Return a program for every problem whose model has sweeps; it compiles nothing."""
        refuse_problem(self, problem)
        return GibbsProgram(self)

    def refusal(self, problem: Problem) -> str | None:
        """Return why this sampler cannot run a problem, or None where it can."""
        if gibbs_kernel(problem) is None:
            return "the model draws no blocks of its parameters given the others"
        return None


@dataclass(frozen=True)
class GibbsProgram:
    """Draws by the sweeps of models."""

    sampler: Gibbs

    def run(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        kernel = gibbs_kernel(problem)
        assert kernel is not None
        return run_kernel(kernel, self.sampler, seed, advance)


def run_kernel(
    kernel: GibbsKernel, sampler: Gibbs, seed: int, advance: Advance = silent
) -> xr.DataTree:
    """Return the draws of chains of a kernel.

    Parameters
    ----------
    kernel : GibbsKernel
    sampler : Gibbs
    seed : int
    advance : callable
        Shows how far the chains are.
    """
    from threadpoolctl import threadpool_limits

    started = time.perf_counter()
    number = sampler.chains or kernel.chains
    streams = np.random.default_rng(seed).spawn(number)
    room = _Room(number)
    chains = [
        _Chain(kernel, sampler, stream, room, place)
        for place, stream in enumerate(streams)
    ]
    # The chains are threads; those of linear algebra would wait for each other.
    with threadpool_limits(1, "blas"):
        interrupted = _run(chains, advance)
        if not interrupted and _should_go_on(chains):
            room = _Room(number)
            finished = [chain.go_on(room) for chain in chains]
            interrupted = _run(chains, advance)
            if interrupted:
                chains = finished
    kept = min(chain.kept for chain in chains)
    if kept < FEWEST_DRAWS_OF_A_CHAIN and interrupted:
        raise KeyboardInterrupt(
            f"Interrupted with {kept} complete draws a chain, too few to keep "
            f"({FEWEST_DRAWS_OF_A_CHAIN} are kept)."
        )
    return describe_run(
        _labelled(kernel, chains[0].room.arrays, kept),
        DrawsKind.CHAINS,
        sampler=chains[0].sampler,
        seed=seed,
        seconds=time.perf_counter() - started,
        interrupted=interrupted,
    )


class _Room:
    """The draws of all chains, in one array (chains, draws, ...) a name: they are not copied.

    Parameters
    ----------
    chains : int
    """

    def __init__(self, chains: int) -> None:
        self.chains = chains
        self.arrays: dict[str, np.ndarray] = {}
        self._lock = threading.Lock()

    def of(self, name: str, draws: int, value: np.ndarray) -> np.ndarray:
        """Return the array of draws like this one, which the first chain that asks makes.

        Parameters
        ----------
        name : str
            Of the variable.
        draws : int
            Of each chain.
        value : array
            One draw.

        Returns
        -------
        array, shape (chains, draws, ...)
        """
        with self._lock:
            if name not in self.arrays:
                shape = (self.chains, draws, *value.shape)
                self.arrays[name] = np.empty(shape, value.dtype)
            return self.arrays[name]


class _Chain:
    """One chain, with the draws that it has kept so far.

    Parameters
    ----------
    kernel : GibbsKernel
    sampler : Gibbs
    rng : Generator
    room : _Room
        For the draws.
    place : int
        Of the chain in it.
    """

    def __init__(
        self,
        kernel: GibbsKernel,
        sampler: Gibbs,
        rng: np.random.Generator,
        room: _Room,
        place: int,
    ) -> None:
        self.kernel = kernel
        self.rng = rng
        self.chains = sampler.chains or kernel.chains
        self.given = sampler != Gibbs(chains=sampler.chains)
        self.tune = sampler.tune or kernel.tune
        self.draws = sampler.draws or kernel.draws
        self.thin = sampler.thin or kernel.thin
        self.state: object = None
        self.sweeps = 0
        self.kept = 0
        self.room = room
        self.place = place

    @property
    def sampler(self) -> Gibbs:
        """The sampler with the numbers that the model asked for."""
        return Gibbs(
            chains=self.chains, draws=self.draws, tune=self.tune, thin=self.thin
        )

    @property
    def share(self) -> float:
        """The share of the sweeps that is done."""
        return self.sweeps / (self.tune + self.draws * self.thin)

    def go_on(self, room: _Room) -> _Chain:
        """Take all sweeps so far for first ones; returns the chain as it was."""
        finished = copy(self)
        self.tune = self.sweeps
        self.thin = self.kernel.longest_thin
        self.kept = 0
        self.room = room
        return finished

    def run(self, stop: threading.Event) -> None:
        if self.sweeps == 0:
            self.state = self.kernel.start(self.rng)
        self._advance(self.tune - self.sweeps, stop)
        while self.kept < self.draws:
            self._advance(self.thin, stop)
            if stop.is_set():
                return
            self._keep(self.kernel.draw(self.state))

    def _advance(self, sweeps: int, stop: threading.Event) -> None:
        while sweeps > 0 and not stop.is_set():
            block = min(sweeps, _SWEEPS_BETWEEN_LOOKS)
            self.kernel.advance(self.state, block, self.rng)
            self.sweeps += block
            sweeps -= block

    def _keep(self, draw: Mapping[str, np.ndarray]) -> None:
        for name, value in draw.items():
            array = self.room.of(name, self.draws, np.asarray(value))
            array[self.place, self.kept] = value
        self.kept += 1


def _should_go_on(chains: list[_Chain]) -> bool:
    """Return whether chains of the model's own length have not mixed, and may be longer."""
    first = chains[0]
    kernel = first.kernel
    if first.given or kernel.longest_thin <= first.thin:
        return False
    entries = []
    for name, dims in kernel.dims.items():
        if len(dims) <= 1:
            values = first.room.arrays[name]
            entries += list(np.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0))
    return not all(have_mixed(values) for values in entries[:_MOST_DIAGNOSED])


def _run(chains: list[_Chain], advance: Advance) -> bool:
    """Run the chains to their end, and return whether the user interrupted them."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(chains)) as pool:
        running = [pool.submit(partial(chain.run, stop)) for chain in chains]
        try:
            while not _finished(running):
                advance(float(np.mean([chain.share for chain in chains])), "")
        except KeyboardInterrupt:
            stop.set()
            return True
        except BaseException:
            stop.set()
            raise
    return False


def _finished(running: list[Future[None]]) -> bool:
    """Return whether all chains are done; raises the error of one that failed."""
    done, others = wait(running, _SECONDS_BETWEEN_LOOKS)
    for chain in done:
        chain.result()
    return not others


def _labelled(
    kernel: GibbsKernel, draws: Mapping[str, np.ndarray], kept: int
) -> xr.DataTree:
    """Return the draws of all chains, dims (chain, draw, ...).

    Parameters
    ----------
    kernel : GibbsKernel
    draws : mapping
        The arrays (chains, draws, ...), by name.
    kept : int
        The draws that every chain has.
    """
    import xarray as xr

    arrays = {
        name: (("chain", "draw", *kernel.dims[name]), values[:, :kept])
        for name, values in draws.items()
    }
    chains = len(next(iter(draws.values())))
    coords = {"chain": np.arange(chains), "draw": np.arange(kept)}
    posterior = xr.Dataset(arrays, coords | dict(kernel.coords))
    return xr.DataTree.from_dict({"posterior": posterior})
