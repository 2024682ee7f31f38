"""Priors under which Θ has a Wishart posterior, so that draws and answers are exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import xarray as xr

from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation.graph_context import GraphContext
from causalstats.models.partial_correlation.hyperpriors import Hyperprior
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.priors.base import (
    AnswerText,
    Conjugate,
    Scatter,
)
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.numerics.compositions import inverse_wishart, log_ratios

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation


class ConjugatePrior:
    """A prior that is conjugate once its hyperparameters are given: inverse-Wishart, or flat."""

    parameters: ClassVar[tuple[str, ...]] = ()
    hyperparameters: ClassVar[tuple[str, ...]] = ()
    latent: ClassVar[tuple[str, ...]] = ()
    answers: ClassVar[Mapping[str, AnswerText]] = {}
    withheld: ClassVar[Mapping[str, str]] = {}
    spread_remedy = ""
    simulation_fields: ClassVar[tuple[str, ...]] = ()
    depends_on_parts = False

    def conjugate(self, model: PartialCorrelation, data: Composition) -> Conjugate:
        raise NotImplementedError

    def coefficient_degrees(self, data: Composition, degrees: float) -> float:
        return degrees

    def hyperpriors(
        self,
        model: PartialCorrelation,
        log_variance: float,
        parts: int,
        related: bool = False,
    ) -> dict[str, Hyperprior]:
        return {}

    def suits(self, model: PartialCorrelation, data: Composition) -> bool:
        return False

    def refuse(self, model: PartialCorrelation, data: Composition) -> None:
        """Refuse log-ratios that are not known, and rows that depend on each other."""
        if not observation_of(data).exact:
            raise ModelError(
                "The exact priors need log-ratios that are known; of counts, and of values within "
                "bounds, use prior='horseshoe' or 'shrunk'."
            )
        if not row_dependence_of(data).independent:
            raise ModelError(
                "The exact priors need independent rows; of rows of one subject, or in time, use "
                "prior='horseshoe' or 'shrunk'."
            )

    def inputs(self, model: PartialCorrelation, data: Composition) -> dict[str, Any]:
        scatter, degrees = posterior_scatter(self.conjugate(model, data), data)
        return {"posterior_scatter": scatter, "posterior_degrees": np.asarray(degrees)}

    def add_to_graph(self, context: GraphContext, scatter: Scatter) -> None:
        """Add Λ = Σ⁻¹ ~ Wishart(ν, (V'(Ψ+S)V)⁻¹), through its Cholesky factor, Λ = LL'.

        The density of L has the Jacobian Π_i L_ii^(p-i+1). Only tests sample this graph, to
        compare it with the exact posterior.
        """
        import pymc as pm
        import pytensor.tensor as pt

        basis = log_ratios.ilr_basis(len(context.parts))
        size = basis.shape[1]
        cross_products = context.inputs["posterior_scatter"]
        degrees = context.inputs["posterior_degrees"]
        inverse = np.linalg.inv(basis.T @ cross_products.get_value() @ basis)
        start = np.linalg.cholesky(degrees.get_value() * inverse)
        below = np.tril_indices(size, -1)
        diagonal = pm.HalfFlat("root_diagonal", shape=size, initval=np.diagonal(start))
        lower = pm.Flat("root_lower", shape=len(below[0]), initval=start[below])
        root = pt.set_subtensor(pt.diag(diagonal)[below], lower)
        half = basis @ root
        theta = pm.Deterministic(
            "precision", half @ half.T, dims=("part", "other_part")
        )
        powers = size - np.arange(size) + degrees - size - 1
        log_density = (powers * pt.log(diagonal)).sum() - (
            cross_products * theta
        ).sum() / 2
        pm.Potential("posterior", log_density)

    def nuts_options(self, data: Composition) -> dict[str, Any]:
        return {"backend": "numba", "target_accept": 0.99, "tune": 1000}

    def recover_precision(
        self, draws: xr.Dataset, data: Composition, rng: np.random.Generator
    ) -> xr.Dataset:
        return draws

    def simulate(
        self,
        model: PartialCorrelation,
        degrees: int,
        parts: int,
        rng: np.random.Generator,
        distances: np.ndarray | None = None,
    ) -> dict[str, Any]:
        # From the inverse-Wishart prior of the weight and the variance given.
        assert model.shrinkage is not None and model.basis_variance is not None
        variances = np.full(parts, model.basis_variance)
        return {
            "precision": draw_prior_precision(model.shrinkage, variances, degrees, rng)
        }


def posterior_scatter(
    posterior: Conjugate, data: Composition
) -> tuple[np.ndarray, float]:
    """Return B⁻¹ = Ψ + S of Θ ~ Wishart(ν, B), as centred log-ratios (D, D), and ν."""
    scatter = inverse_wishart.scatter_of(
        data.scatter, posterior.variances, posterior.strength
    )
    return scatter, posterior.degrees


def posterior_scale(
    posterior: Conjugate, data: Composition
) -> tuple[np.ndarray, float]:
    """Return B of Θ ~ Wishart(ν, B), (D, D), and ν; by (n, n) matrices where rows are fewer."""
    if posterior.strength == 0:
        return log_ratios.precision_from_covariance(data.scatter), posterior.degrees
    prior_degrees = posterior.strength + len(data.parts)
    scale = inverse_wishart.posterior_scale(
        data.residuals, posterior.variances, prior_degrees
    )
    return scale, posterior.degrees


def draw_prior_precision(
    weight: float, variances: np.ndarray, degrees: int, rng: np.random.Generator
) -> np.ndarray:
    """Return one Θ (D, D) of Σ ~ IW(k + D, k V' diag(ω) V), k = m α / (1 - α).

    Parameters
    ----------
    weight : float
        α.
    variances : array, shape (D,)
        ω.
    degrees : int
        m.
    rng : Generator
    """
    size = len(variances)
    strength = degrees * weight / (1 - weight)
    scatter = inverse_wishart.scatter_of(np.zeros((size, size)), variances, strength)
    return inverse_wishart.draw_precisions(scatter, strength + size, 1, rng)[0]


def log_prior_of_precision(posterior: Conjugate, draws: xr.Dataset) -> xr.Dataset:
    """Return the log density of Λ ~ Wishart(k + D, (V'ΨV)⁻¹), but for a constant.

    Parameters
    ----------
    posterior : Conjugate
        Of which k and ω are those of the prior.
    draws : Dataset
        With Θ.

    Raises
    ------
    ModelError
        If k is 0: the prior is flat.
    """
    if posterior.strength == 0:
        raise ModelError(
            "The prior is flat, and no distribution: nothing can be scaled."
        )
    theta = draws["precision"].to_numpy()
    size = theta.shape[-1]
    log_determinant = np.linalg.slogdet(theta + 1 / size)[1]
    target = posterior.strength * log_ratios.centre(np.diag(posterior.variances))
    trace = (theta * target).sum((-1, -2))
    values = posterior.strength * log_determinant / 2 - trace / 2
    return xr.Dataset({"precision": (("chain", "draw"), values)})
