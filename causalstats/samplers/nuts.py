"""The No-U-Turn sampler (NUTS), adaptive Hamiltonian Monte Carlo: its options and backends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from causalstats.core.argument_validation import Count, Inside, check_fields
from causalstats.core.field_names import names_fields
from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import Precision, Program

if TYPE_CHECKING:
    import xarray as xr

Backend = Literal["numba", "jax", "numpyro"]
BACKENDS: dict[Backend, str] = {
    "numba": "nutpie, a thread for each chain, gradient compiled by Numba: fastest on small data",
    "jax": "nutpie, a thread for each chain, gradient compiled by JAX: fastest on large data",
    "numpyro": "NumPyro, all chains in one JAX program: for a GPU",
}


@names_fields
@dataclass(frozen=True, kw_only=True)
class Nuts:
    """NUTS with a mass matrix that is adapted to the strongest correlations during tuning.

    nutpie adapts a diagonal with a low-rank correction and NumPyro a dense matrix; with more than
    100 parameters, both adapt a diagonal.

    Parameters
    ----------
    chains : int
    draws : int
        Draws kept of each chain, after tuning.
    tune : int
        Warm-up iterations of each chain, which adapt step size and mass matrix and are dropped.
    target_accept : float
        Mean acceptance probability that the step size is adapted to, between 0 and 1. Higher takes
        smaller steps: raise it where there are divergences.
    backend : "numba", "jax" or "numpyro"
        The implementation; `causalstats.samplers.BACKENDS` describes each. On a CPU, Numba takes
        about ten seconds to compile a model and JAX one.
    precision : "float64" or "float32"
        Of long arrays; their sums stay in float64. Float32 is for `backend="numpyro"`, and is
        faster where data are large. After tuning, log density and gradient are compared with
        float64 on the CPU at 100 draws. The fit says how far answers can be off, and is refused
        where that is more than a hundredth of a Monte Carlo standard error.

    Raises
    ------
    SamplingError
        If an option is out of its range, or `precision="float32"` is asked of another backend.

    References
    ----------
    Hoffman & Gelman (2014), The No-U-Turn sampler, Journal of Machine Learning Research 15.

    Examples
    --------
    >>> Nuts(target_accept=0.95)
    Nuts(chains=4, draws=1000, tune=500, target_accept=0.95, backend='numba', precision='float64')
    >>> Nuts(target_accept=95)
    Traceback (most recent call last):
        ...
    causalstats.errors.SamplingError: ...
    """

    chains: Count = 4
    draws: Count = 1000
    tune: Count = 500
    target_accept: Inside = 0.8
    backend: Backend = "numba"
    precision: Precision = "float64"

    def __post_init__(self) -> None:
        check_fields(self, SamplingError)
        if self.precision == "float32" and self.backend != "numpyro":
            raise SamplingError(
                f"Expected `precision` as 'float64' with the backend {self.backend!r}, got "
                "'float32'. Use `backend='numpyro'`, or `cs.Chees`."
            )

    def __call__(
        self, problem: Problem, seed: int, advance: Advance = silent
    ) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, advance)

    def compile(self, problem: Problem) -> Program:
        """Return the compiled graph of this problem, which runs all of the same structure."""
        if self.backend == "numpyro":
            from causalstats.samplers.backends.numpyro import compile_graph

            return compile_graph(self, problem.graph)
        from causalstats.samplers.backends.nutpie import (
            compile_graph as compile_for_cpu,
        )

        return compile_for_cpu(self, problem.graph, self.backend)
