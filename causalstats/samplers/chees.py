"""ChEES-HMC: many short Markov chains in one JAX program, which adapt together; for a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causalstats.core.argument_validation import Count, Inside, check_fields
from causalstats.core.field_names import names_fields
from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import Precision, Program

if TYPE_CHECKING:
    import xarray as xr


@names_fields
@dataclass(frozen=True, kw_only=True)
class Chees:
    """Hamiltonian Monte Carlo with many chains that share step size, path length and metric.

    A GPU computes the log density of a hundred chains in hardly more time than that of one. All
    chains take the same number of leapfrog steps, so that none waits for the longest trajectory, as
    it would with NUTS. The change in the estimator of the expected square (ChEES) adapts the length
    of trajectories, and the variances of all chains the diagonal metric. It needs BlackJAX::

        pip install 'causalstats[gpu]'

    Chains of one superchain start at the same point and those of another at another point, so that
    nested R-hat shows whether the chains have forgotten where they started, however short they are.

    Parameters
    ----------
    chains : int
        In all; a multiple of `superchains`.
    superchains : int
        At least 2.
    draws : int
        Draws kept of each chain, after tuning.
    tune : int
        Iterations of each chain that adapt, and are dropped.
    target_accept : float
        Mean acceptance probability that the step size is adapted to, between 0 and 1. The default
        of .65 is the optimum of HMC; raise it where there are divergences.
    precision : "float64" or "float32"
        As in `Nuts`.

    Raises
    ------
    SamplingError
        If an option is out of its range, or BlackJAX is not installed.

    See Also
    --------
    Nuts : few long chains, the choice on a CPU.

    References
    ----------
    Hoffman, Radul & Sountsov (2021), An adaptive-MCMC scheme for setting trajectory lengths in
    Hamiltonian Monte Carlo, AISTATS. Margossian et al. (2024), Nested R-hat: assessing the
    convergence of Markov chain Monte Carlo when running many short chains, Bayesian Analysis.

    Examples
    --------
    >>> Chees(chains=128, draws=50)
    Chees(chains=128, superchains=8, draws=50, tune=400, target_accept=0.65, precision='float64')
    >>> Chees(chains=20)
    Traceback (most recent call last):
        ...
    causalstats.errors.SamplingError: Expected `chains` as a multiple of `superchains` (8), got 20.
    """

    chains: Count = 64
    superchains: Count = 8
    draws: Count = 100
    tune: Count = 400
    target_accept: Inside = 0.65
    precision: Precision = "float64"

    def __post_init__(self) -> None:
        check_fields(self, SamplingError)
        if self.superchains < 2:
            raise SamplingError(
                f"Expected `superchains` as 2 or more, got {self.superchains}."
            )
        if self.chains % self.superchains:
            raise SamplingError(
                f"Expected `chains` as a multiple of `superchains` ({self.superchains}), "
                f"got {self.chains}."
            )

    def __call__(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, advance)

    def compile(self, problem: Problem) -> Program:
        """Return the compiled graph of this problem, which runs all of the same structure."""
        from causalstats.samplers.backends.blackjax import compile_graph

        return compile_graph(self, problem.graph)
