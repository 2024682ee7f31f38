"""Interface of priors of the covariance, with Protocols of optional abilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import xarray as xr

from causalstats.core.assumption import Assumption
from causalstats.core.gibbs_kernel import GibbsKernel
from causalstats.data import Composition
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.hyperpriors import Hyperprior

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

Scatter = Callable[[GraphContext], Any]
"""Adds the likelihood of the rows to an open graph and returns S, their cross-products (D, D)."""
ImportanceDraws = tuple[xr.Dataset, np.ndarray, float, float]
"""Draws, their log densities, the Pareto k of their weights, and the effective sample size."""


class AnswerText(NamedTuple):
    """An answer that only one prior gives: a variable of its posterior.

    `unavailable` returns why there is none of some data, empty where there is one.
    """

    description: str
    unit: str
    unavailable: Callable[[Composition], str] | None = None


class CovariancePrior(Protocol):
    """A prior of Σ, the covariance of the log-ratios in an orthonormal basis.

    Attributes
    ----------
    fields : tuple of str
        Fields of `PartialCorrelation` that this prior uses, of those that not every prior uses.
    parameters : tuple of str
        Names in the posterior whose sampling is checked; none where the posterior is exact.
    hyperparameters : tuple of str
        Those of the parameters from which no answer is computed.
    latent : tuple of str
        Variables of the graph that are dropped from the posterior.
    answers : mapping
        Answers that this prior gives besides those that follow from Θ: variables of its posterior.
    withheld : mapping
        Answers that this prior does not give, each with the reason.
    spread_remedy : str
        The remedy where the spread of the parts is predicted wrongly, if the prior can be the
        cause.
    simulation_fields : tuple of str
        Fields that must be given to draw from this prior; empty if it is no distribution.
    """

    @property
    def fields(self) -> tuple[str, ...]: ...

    @property
    def parameters(self) -> tuple[str, ...]: ...

    @property
    def hyperparameters(self) -> tuple[str, ...]: ...

    @property
    def latent(self) -> tuple[str, ...]: ...

    @property
    def answers(self) -> Mapping[str, AnswerText]: ...

    @property
    def withheld(self) -> Mapping[str, str]: ...

    @property
    def spread_remedy(self) -> str: ...

    @property
    def simulation_fields(self) -> tuple[str, ...]: ...

    def assumption(self, model: PartialCorrelation) -> Assumption:
        """Return the assumption of the prior."""

    def hyperpriors(
        self,
        model: PartialCorrelation,
        log_variance: float,
        parts: int,
        related: bool = False,
    ) -> dict[str, Hyperprior]:
        """Return the table of its scalar parameters: name -> prior distribution.

        Parameters
        ----------
        model : PartialCorrelation
        log_variance : float
            The logarithm of `basis_variance`, or of the variance of a part in the data.
        parts : int
            D.
        related : bool
            Whether the data have distances of parts.
        """

    def suits(self, model: PartialCorrelation, data: Composition) -> bool:
        """Return whether it is taken for these data where users name no prior."""

    def refuse(self, model: PartialCorrelation, data: Composition) -> None:
        """Raise `ModelError` where the posterior on these data is not proper."""

    def inputs(self, model: PartialCorrelation, data: Composition) -> dict[str, Any]:
        """Return the numbers that the graph takes, by name."""

    def add_to_graph(self, context: GraphContext, scatter: Scatter) -> None:
        """Add the parameters and the density of the log-ratios to the open graph."""

    def nuts_options(self, data: Composition) -> dict[str, Any]:
        """Return the options of `Nuts` that suit the graph."""

    def recover_precision(
        self, draws: xr.Dataset, data: Composition, rng: np.random.Generator
    ) -> xr.Dataset:
        """Return draws with Θ as `precision` where it was integrated out.

        Parameters
        ----------
        draws : Dataset
            Draws of the variables of the graph.
        data : Composition
        rng : Generator
        """

    def simulate(
        self,
        model: PartialCorrelation,
        degrees: int,
        parts: int,
        rng: np.random.Generator,
        distances: np.ndarray | None = None,
    ) -> dict[str, Any]:
        """Return the parameters and Θ drawn from the prior, by name.

        Parameters
        ----------
        model : PartialCorrelation
        degrees : int
            Rows less the intercept and the covariates: m.
        parts : int
        rng : Generator
        distances : array, shape (D, D), optional
            Of parts, for a prior that has `distance_effect_sd`.
        """


@dataclass(frozen=True, eq=False)
class Conjugate:
    """The Wishart posterior of Θ, with the scale (V'(Ψ + S)V)⁻¹ in an orthonormal basis V.

    Parameters
    ----------
    strength : float
        k of Ψ = k V' diag(ω) V; 0 of a flat prior.
    variances : array, shape (D,)
        ω.
    degrees : float
        ν.
    """

    strength: float
    variances: np.ndarray
    degrees: float


@runtime_checkable
class ExactPrior(Protocol):
    """A prior under which Θ has a Wishart posterior.

    Attributes
    ----------
    depends_on_parts : bool
        Whether the prior for some of the parts is another one than that for all, so that answers
        about a subcomposition need the posterior of the subcomposition itself.
    """

    @property
    def depends_on_parts(self) -> bool: ...

    def conjugate(self, model: PartialCorrelation, data: Composition) -> Conjugate:
        """Return the posterior of Θ."""

    def coefficient_degrees(self, data: Composition, degrees: float) -> float:
        """Return ν of the Θ that coefficients of covariates are drawn with.

        Parameters
        ----------
        data : Composition
        degrees : float
            ν of the posterior of Θ.
        """


@runtime_checkable
class ImportanceSampledPrior(Protocol):
    """A prior with a posterior density in NumPy, from which importance sampling draws."""

    def importance_draws(
        self, model: PartialCorrelation, data: Composition
    ) -> Callable[[int, int, np.random.Generator], ImportanceDraws] | None:
        """Return a function of chains, draws and a generator; None where it would miss too much."""


@runtime_checkable
class GibbsSampledPrior(Protocol):
    """A prior with a Gibbs sampler of its own."""

    def gibbs_kernel(
        self, model: PartialCorrelation, data: Composition
    ) -> GibbsKernel | None:
        """Return the sweeps of a Gibbs sampler; None where there are none for these data."""


@runtime_checkable
class ShrinkagePrior(Protocol):
    """A prior that shrinks Σ towards independent parts of variances ω with the weight α."""

    def shrinkage_draws(
        self, model: PartialCorrelation, draws: xr.Dataset, data: Composition
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return posterior draws of ω (draws, D) and α (draws,); one where they are given.

        Parameters
        ----------
        model : PartialCorrelation
        draws : Dataset
            Posterior draws.
        data : Composition
        """

    def shrinkage_prior_draws(
        self,
        model: PartialCorrelation,
        data: Composition,
        count: int,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return prior draws of ω (count, D), up to a common factor, and of α (count,).

        Parameters
        ----------
        model : PartialCorrelation
        data : Composition
        count : int
        rng : Generator
        """
