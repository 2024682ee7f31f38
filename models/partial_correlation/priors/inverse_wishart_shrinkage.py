"""The shrinkage prior: an inverse-Wishart covariance about independent parts.

Σ ~ IW(k + D, k V' diag(ω) V) with α = k / (k + m), m the degrees of freedom of the rows, so that α
is the weight of the target in the posterior mean of Σ. Σ is integrated out; the variances ω of the
parts and α ~ Uniform(0, 1) are sampled: by importance sampling of few parts whose log-ratios are
known, by Gibbs sweeps of others, and by NUTS where rows have Student t tails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import xarray as xr

from causalstats.core.assumption import Assumption
from causalstats.core.gibbs_kernel import GibbsKernel
from causalstats.data import Composition
from causalstats.models.partial_correlation import student_rows
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.hyperpriors import (
    Hyperprior,
    uniform_unless_given,
)
from causalstats.models.partial_correlation.priors.base import ImportanceDraws, Scatter
from causalstats.models.partial_correlation.priors.basis_variances import (
    FIELDS,
    PARAMETERS,
    add_basis_variances,
    draw_basis_variances,
    log_variance_of,
    variance_hyperpriors,
)
from causalstats.models.partial_correlation.priors.conjugate import draw_prior_precision
from causalstats.models.partial_correlation.priors.sampled import SampledPrior
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.numerics.compositions import inverse_wishart

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation
    from causalstats.models.partial_correlation.priors.shrunk_importance import (
        Posterior,
    )

_NUMBERS_KEPT = 1e7  # in the draws of Θ, 80 MB: 1,000 draws of 100 parts


@dataclass(frozen=True)
class Shrunk(SampledPrior):
    """Σ ~ IW(k + D, k V' diag(ω) V), α = k / (k + m), with ω and α sampled."""

    fields: ClassVar[tuple[str, ...]] = (
        "shrinkage",
        *FIELDS,
        *student_rows.FIELDS,
    )
    parameters: ClassVar[tuple[str, ...]] = (*PARAMETERS, "shrinkage")
    simulation_fields: ClassVar[tuple[str, ...]] = ("basis_variance",)

    def assumption(self, model: PartialCorrelation) -> Assumption:
        variance = "that of the data"
        if model.basis_variance is not None:
            variance = f"{model.basis_variance:g}"
        weight = "as large as the data say"
        if model.shrinkage is not None:
            weight = f"{model.shrinkage:g}"
        return Assumption(
            name="shrinkage",
            statement="The covariance is drawn towards that of independent parts; the weight of "
            f"that target is {weight}, and its typical variance {variance}.",
            if_wrong="Correlations are drawn towards those that closure makes. With few rows the "
            "strong ones are understated.",
            formula="Σ ~ IW(k + D, k V' diag(ω) V), α = k / (k + m)",
            checks=("shrinkage of strong links",),
            fields=("shrinkage", "basis_variance", "prior"),
        )

    def hyperpriors(
        self,
        model: PartialCorrelation,
        log_variance: float,
        parts: int,
        related: bool = False,
    ) -> dict[str, Hyperprior]:
        return {
            **variance_hyperpriors(model, log_variance),
            "shrinkage": uniform_unless_given(model.shrinkage),
        }

    def add_to_graph(self, context: GraphContext, scatter: Scatter) -> None:
        """Add ω, α and the density of the log-ratios with Σ integrated out.

        With k = m α / (1-α), ν = k + D and Ψ = k V' diag(ω) V, it is, up to a constant,

            Γ_p((ν+m)/2) / Γ_p(ν/2) |Ψ|^(-m/2) |I + Ψ⁻¹ V'SV|^(-(ν+m)/2)
            |V' diag(ω) V| = Π ω Σ 1/ω / D
        """
        import pymc as pm
        import pytensor.tensor as pt

        from causalstats.numerics.compositions.inverse_wishart_ops import (
            log_determinant,
        )

        size = len(context.parts)
        m = context.inputs["rows_free"]
        omega = add_basis_variances(context)
        weight = context.variable("shrinkage")
        cross_products = scatter(context)
        strength = m * weight / (1 - weight)
        prior = (
            (size - 1) * pt.log(strength)
            + pt.log(omega).sum()
            + pt.log((1 / omega).sum())
            - np.log(size)
        )
        growth = log_determinant(strength * omega, cross_products) - prior
        halves = np.arange(size - 1) / 2
        posterior_gammas = pt.gammaln((strength + size + m) / 2 - halves)
        prior_gammas = pt.gammaln((strength + size) / 2 - halves)
        gammas = (posterior_gammas - prior_gammas).sum()
        evidence = gammas - m / 2 * prior - (strength + size + m) / 2 * growth
        pm.Potential("log_ratios", evidence)

    def nuts_options(self, data: Composition) -> dict[str, Any]:
        """Return Numba's gradient: JAX's threads of linear algebra wait for each other.

        Three parts may be independent or anything else, which is slow to sample.
        """
        if len(data.parts) > 3:
            return {"backend": "numba", "target_accept": 0.99, "tune": 1000}
        return {"backend": "numba", "target_accept": 0.995, "tune": 1500}

    def importance_draws(
        self, model: PartialCorrelation, data: Composition
    ) -> Callable[[int, int, np.random.Generator], ImportanceDraws] | None:
        from causalstats.models.partial_correlation.priors.shrunk_importance import (
            sampler,
        )

        if model.errors == "student":
            return None
        return sampler(self.posterior(model, data))

    def gibbs_kernel(
        self, model: PartialCorrelation, data: Composition
    ) -> GibbsKernel | None:
        """Return the sweeps, over hidden log-ratios too; None where rows have Student t tails."""
        from causalstats.models.partial_correlation.priors.shrunk_sweeps import (
            shrunk_kernel,
        )

        if model.errors == "student":
            return None
        return shrunk_kernel(model, data)

    def posterior(self, model: PartialCorrelation, data: Composition) -> Posterior:
        """Return the posterior density of the hyperparameters in NumPy, for known log-ratios."""
        from causalstats.models.partial_correlation.priors.shrunk_importance import (
            Posterior,
        )

        log_variance = log_variance_of(model, data)
        table = self.hyperpriors(model, log_variance, len(data.parts))
        rows = row_dependence_of(data).hyperpriors(model.row_correlation)
        return Posterior({**table, **rows}, data)

    def recover_precision(
        self, draws: xr.Dataset, data: Composition, rng: np.random.Generator
    ) -> xr.Dataset:
        # Θ given ω, α and S; as many draws of each chain as can be kept.
        if "precision" in draws:
            return draws
        chains = draws.sizes["chain"]
        size = len(data.parts)
        step = max(1, int(chains * draws.sizes["draw"] * size**2 / _NUMBERS_KEPT))
        draws = draws.isel(draw=slice(None, None, step))
        omega = draws["basis_variance"].to_numpy().reshape(-1, size)
        weight = draws["shrinkage"].to_numpy().ravel()
        strength = data.degrees * weight / (1 - weight)
        cross_products = data.scatter
        if "scatter" in draws:
            cross_products = draws["scatter"].to_numpy().reshape(-1, size, size)
        scatter = inverse_wishart.scatter_of(cross_products, omega, strength)
        degrees = strength + size + data.degrees
        theta = inverse_wishart.draw_precisions(scatter, degrees, len(weight), rng)
        dims = ("chain", "draw", "part", "other_part")
        precision = theta.reshape(chains, -1, size, size)
        coords = {"part": list(data.parts), "other_part": list(data.parts)}
        return draws.assign(precision=(dims, precision)).assign_coords(coords)

    def shrinkage_draws(
        self, model: PartialCorrelation, draws: xr.Dataset, data: Composition
    ) -> tuple[np.ndarray, np.ndarray]:
        omega = draws["basis_variance"].to_numpy()
        return omega.reshape(-1, omega.shape[-1]), draws["shrinkage"].to_numpy().ravel()

    def shrinkage_prior_draws(
        self,
        model: PartialCorrelation,
        data: Composition,
        count: int,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        # ω without the typical variance, which changes no correlation.
        table = self.hyperpriors(model, 0.0, len(data.parts))
        spread = table["variance_spread"].draw(rng, (count, 1))
        omega = np.exp(spread * rng.standard_normal((count, len(data.parts))))
        return omega, table["shrinkage"].draw(rng, count)

    def simulate(
        self,
        model: PartialCorrelation,
        degrees: int,
        parts: int,
        rng: np.random.Generator,
        distances: np.ndarray | None = None,
    ) -> dict[str, Any]:
        assert model.basis_variance is not None
        table = self.hyperpriors(model, float(np.log(model.basis_variance)), parts)
        weight = table["shrinkage"].draw(rng)
        values = draw_basis_variances(table, parts, rng)
        precision = draw_prior_precision(weight, values["basis_variance"], degrees, rng)
        return {**values, "shrinkage": weight, "precision": precision}
