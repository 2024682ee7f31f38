"""The No-U-Turn sampler: its options, and which implementation is fastest where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from causalstats.core.abilities import NutsOptions
from causalstats.core.argument_validation import Count, Inside, check_fields
from causalstats.core.model import Problem
from causalstats.errors import SamplingError
from causalstats.runs.progress import Advance, silent
from causalstats.samplers.base import Program
from causalstats.samplers.exact import Exact, exact_draws
from causalstats.samplers.importance import Weighed, weighed_draws

if TYPE_CHECKING:
    import xarray as xr

Backend = Literal["numba", "jax", "numpyro"]
BACKENDS: dict[Backend, str] = {
    "numba": "nutpie, one thread a chain, a gradient compiled by Numba, which is fastest on small data",
    "jax": "nutpie, one thread a chain, a gradient compiled by JAX, which is fastest on large data",
    "numpyro": "NumPyro, all chains in one JAX program, for a GPU",
}
_MANY_NUMBERS = 20_000  # in the largest array of data; from here a JAX gradient costs less than Numba's (measured on 2 cores)


@dataclass(frozen=True, kw_only=True)
class Nuts:
    """NUTS, with a metric adapted during tuning that knows the strongest correlations of the parameters.

    nutpie takes a diagonal with a low-rank correction, NumPyro a dense matrix; of more than 100 parameters, both take a diagonal.

    Parameters
    ----------
    chains, draws, tune : int
        Draws are per chain and after tuning.
    target_accept : float
        Higher takes smaller steps; raise it where there are divergences.
    backend : "numba", "jax" or "numpyro"
        What runs it: see `BACKENDS`. On a CPU, Numba takes ten seconds to compile a model and JAX one.
    """

    chains: Count = 4
    draws: Count = 1000
    tune: Count = 500
    target_accept: Inside = 0.8
    backend: Backend = "numba"

    def __post_init__(self) -> None:
        check_fields(self, SamplingError)

    def __call__(self, problem: Problem, seed: int, advance: Advance = silent) -> xr.DataTree:
        return self.compile(problem).run(problem, seed, advance)

    def compile(self, problem: Problem) -> Program:
        """The graph of this problem, compiled; it runs every problem whose graph differs in data and constants alone."""
        if self.backend == "numpyro":
            from causalstats.samplers.backends.numpyro import compile_graph

            return compile_graph(self, problem.graph)
        from causalstats.samplers.backends.nutpie import compile_graph as compile_for_cpu

        return compile_for_cpu(self, problem.graph, self.backend)


@dataclass(frozen=True, kw_only=True)
class Auto:
    """The exact posterior where the model has one, otherwise NUTS as is fastest for these data on the device found.

    Of a model of few parameters that computes its own density for many points at once, independent draws that are weighed by it: nothing is compiled. Where
    their weights say that they miss something, NUTS.

    The options are those of `Nuts`, and have its defaults where neither they are given nor the model's own graph asks for others (`model.nuts_options(data)`).
    """

    chains: Count = 4
    draws: Count | None = None
    tune: Count | None = None
    target_accept: Inside | None = None

    def __post_init__(self) -> None:
        check_fields(self, SamplingError)

    def choose(self, problem: Problem) -> Nuts | Exact | Weighed:
        """The sampler that is used."""
        if exact_draws(problem) is not None:
            return Exact(chains=self.chains, draws=self.draws or 1000)
        if weighed_draws(problem) is not None:
            return Weighed(
                chains=self.chains, draws=self.draws or 1000, otherwise=_OtherThanWeighed(self)
            )
        return self.nuts_for(problem)

    def nuts_for(self, problem: Problem) -> Nuts:
        """NUTS with the backend that is fastest, and what the model asks for."""
        model = problem.model
        asked = dict(model.nuts_options(problem.data)) if isinstance(model, NutsOptions) else {}
        largest = max((value.size for value in problem.inputs.values()), default=0)
        preferred = asked.pop("backend", None)
        return self._nuts(preferred if preferred and on_cpu() else backend_for(largest), asked)

    def compile(self, problem: Problem) -> Program:
        return self.choose(problem).compile(problem)

    def __call__(self, problem: Problem, seed: int, advance: Advance = silent) -> xr.DataTree:
        return self.choose(problem)(problem, seed, advance)

    def _nuts(self, backend: Backend, asked: Mapping[str, Any]) -> Nuts:
        given = {
            name: value
            for name in ("draws", "tune", "target_accept")
            if (value := getattr(self, name)) is not None
        }
        return Nuts(chains=self.chains, backend=backend, **{**asked, **given})


@dataclass(frozen=True)
class _OtherThanWeighed:
    """NUTS as `Auto` would have it, chosen when it is needed: that asks JAX for its devices."""

    auto: Auto

    def compile(self, problem: Problem) -> Program:
        return self.auto.nuts_for(problem).compile(problem)


def backend_for(numbers: int) -> Backend:
    """The fastest backend for data whose largest array has this many numbers."""
    if not on_cpu():
        return "numpyro"
    return "jax" if numbers >= _MANY_NUMBERS else "numba"


def on_cpu() -> bool:
    """Whether JAX has found nothing faster."""
    import jax

    return jax.default_backend() == "cpu"
