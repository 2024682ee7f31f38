"""The choice of a sampler: exact posterior, importance sampling, or NUTS on the fastest backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.abilities import NearlyGaussian, NutsOptions
from causalstats.core.argument_validation import Count, Inside, check_fields
from causalstats.core.field_names import names_fields
from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.numerics import accelerator
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import Program
from causalstats.samplers.exact import Exact, exact_draws
from causalstats.samplers.gibbs import Gibbs, gibbs_kernel
from causalstats.samplers.importance import ImportanceSampler, importance_draws
from causalstats.samplers.laplace import FEWEST_DRAWS, Laplace
from causalstats.samplers.laplace_or_nuts import LaplaceOrNuts
from causalstats.samplers.nuts import Backend, Nuts

if TYPE_CHECKING:
    import xarray as xr

_JAX_PAYS_FROM_ROWS = (
    50_000  # of the longest array of data; `benchmarks/nuts_backends.py`
)
_DENSITIES_ARE_SLOW_FROM_NUMBERS = 1_000_000
_CHAINS = 4
_DRAWS = 1000
_DRAWS_WHERE_SLOW = 250


@names_fields
@dataclass(frozen=True, kw_only=True)
class Auto:
    """The fastest sampler for the model and the data: what `fit` uses unless it is given another.

    1. `Exact`, where the posterior has a closed form.
    2. Importance sampling, where the model computes its own density for many points at once; NUTS
       where the importance weights cannot be trusted.
    3. `Gibbs`, where the model draws each block of its parameters given the others.
    4. `Laplace`, where the model expects a nearly Gaussian posterior: that of `SelectiveLabels`
       from 10,000 people on; NUTS where the importance weights cannot be trusted. From 100,000
       people on 1,000 draws in all, unless `draws` is given.
    5. `Nuts` otherwise: by Numba, from 50,000 rows on by JAX, and by NumPyro on a GPU.

    Parameters
    ----------
    chains : int, optional
        None: 4, or of Gibbs sampling as many as the model asks for.
    draws, tune : int, optional
        As in `Nuts`. By default those that the model asks for, else those of `Nuts`.
    target_accept : float, optional
        As in `Nuts`, with the same default.

    Raises
    ------
    SamplingError
        If an option is out of its range.

    Examples
    --------
    >>> import causalstats as cs
    >>> model = cs.PartialCorrelation(prior="matching")
    >>> problem = cs.Problem(model, model.simulate(1, rows=30, parts=4).data)
    >>> cs.Auto(chains=2).choose(problem)
    Exact(chains=2, draws=1000)
    """

    chains: Count | None = None
    draws: Count | None = None
    tune: Count | None = None
    target_accept: Inside | None = None

    def __post_init__(self) -> None:
        check_fields(self, SamplingError)

    def choose(
        self, problem: Problem
    ) -> Nuts | Exact | Gibbs | ImportanceSampler | LaplaceOrNuts:
        """Return the sampler that is used for this problem."""
        draws = self.draws or _DRAWS
        chains = self.chains or _CHAINS
        if exact_draws(problem) is not None:
            return Exact(chains=chains, draws=draws)
        if importance_draws(problem) is not None:
            return ImportanceSampler(
                chains=chains, draws=draws, fallback=_NutsWhenNeeded(self)
            )
        if gibbs_kernel(problem) is not None:
            return Gibbs(chains=self.chains, draws=self.draws, tune=self.tune)
        model = problem.model
        if isinstance(model, NearlyGaussian) and model.nearly_gaussian(problem.data):
            return LaplaceOrNuts(
                laplace=self.laplace_for(problem), fallback=_NutsWhenNeeded(self)
            )
        return self.nuts_for(problem)

    def laplace_for(self, problem: Problem) -> Laplace:
        """Return `Laplace`, with fewer draws where each takes the time of many people."""
        slow = _largest_input(problem) >= _DENSITIES_ARE_SLOW_FROM_NUMBERS
        draws = self.draws or (_DRAWS_WHERE_SLOW if slow else _DRAWS)
        chains = self.chains or _CHAINS
        fewest = -(-FEWEST_DRAWS // chains)
        return Laplace(chains=chains, draws=max(draws, fewest))

    def nuts_for(self, problem: Problem) -> Nuts:
        """Return NUTS with the fastest backend and the options that the model asks for."""
        model = problem.model
        options = (
            dict(model.nuts_options(problem.data))
            if isinstance(model, NutsOptions)
            else {}
        )
        suggested = options.pop("backend", None)
        if suggested and not accelerator.is_available():
            backend = suggested
        else:
            backend = backend_for(_most_rows(problem))
        given = {
            "draws": self.draws,
            "tune": self.tune,
            "target_accept": self.target_accept,
        }
        options |= {name: value for name, value in given.items() if value is not None}
        return Nuts(chains=self.chains or _CHAINS, backend=backend, **options)

    def compile(self, problem: Problem) -> Program:
        """Return a program of the sampler that is chosen for this problem."""
        return self.choose(problem).compile(problem)

    def __call__(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        return self.choose(problem)(problem, seed, advance)


@dataclass(frozen=True)
class _NutsWhenNeeded:
    """NUTS with the options of `Auto`, chosen late because choosing may start JAX."""

    auto: Auto

    def compile(self, problem: Problem) -> Program:
        return self.auto.nuts_for(problem).compile(problem)


def _largest_input(problem: Problem) -> int:
    return max((value.size for value in problem.inputs.values()), default=0)


def _most_rows(problem: Problem) -> int:
    return max(
        (len(np.atleast_1d(value)) for value in problem.inputs.values()), default=0
    )


def backend_for(rows: int) -> Backend:
    """Return the fastest backend of NUTS on this machine.

    Parameters
    ----------
    rows : int
        The rows of the longest array of data.

    Examples
    --------
    >>> backend_for(100) in ("numba", "numpyro")
    True
    """
    if accelerator.is_available():
        return "numpyro"
    return "jax" if rows >= _JAX_PAYS_FROM_ROWS else "numba"
