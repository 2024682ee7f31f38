"""The inverse-Wishart prior with one variance of all parts, which no rotation changes.

By Schur's lemma the only inverse-Wishart priors that no relabelling of the parts changes have
equal variances in an orthonormal basis. The weight α and the variance ω are chosen by the data
unless they are given (empirical Bayes), and the posterior given both is Wishart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import xarray as xr

from causalstats.core.assumption import Assumption
from causalstats.data import Composition
from causalstats.models.partial_correlation.priors.base import Conjugate
from causalstats.models.partial_correlation.priors.conjugate import ConjugatePrior
from causalstats.numerics.compositions import inverse_wishart

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation


@dataclass(frozen=True)
class Invariant(ConjugatePrior):
    """Σ ~ IW(k + D, k ω I), α = k / (k + m)."""

    fields: ClassVar[tuple[str, ...]] = ("shrinkage", "basis_variance")
    spread_remedy = (
        "The prior gives all parts one variance, and theirs differ: those that vary little are "
        "drawn too far. Use prior='shrunk', which learns the variance of each part."
    )
    simulation_fields: ClassVar[tuple[str, ...]] = ("basis_variance", "shrinkage")

    def assumption(self, model: PartialCorrelation) -> Assumption:
        variance = "that of the data"
        if model.basis_variance is not None:
            variance = f"{model.basis_variance:g}"
        weight = "one standard deviation below its posterior mean"
        if model.shrinkage is not None:
            weight = f"{model.shrinkage:g}"
        return Assumption(
            name="shrinkage",
            statement="The covariance is drawn towards that of independent parts of one variance, "
            f"{variance}; the weight of that target is {weight}.",
            if_wrong="Parts that vary little are drawn too far, and what was chosen by the data "
            "is treated as known: intervals are somewhat short.",
            formula="Σ ~ IW(k + D, k ω I), α = k / (k + m)",
            checks=("predicts the spread of each part", "shrinkage of strong links"),
            fields=("shrinkage", "basis_variance", "prior"),
        )

    def conjugate(self, model: PartialCorrelation, data: Composition) -> Conjugate:
        self.refuse(model, data)
        size = len(data.parts)
        weight, variance = weight_and_variance(model, data)
        strength = data.degrees * weight / (1 - weight)
        return Conjugate(
            strength, np.full(size, variance), strength + size + data.degrees
        )

    def shrinkage_draws(
        self, model: PartialCorrelation, draws: xr.Dataset, data: Composition
    ) -> tuple[np.ndarray, np.ndarray]:
        weight, variance = weight_and_variance(model, data)
        return np.full((1, len(data.parts)), variance), np.array([weight])

    def shrinkage_prior_draws(
        self,
        model: PartialCorrelation,
        data: Composition,
        count: int,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        # The chosen ω and α are treated as known.
        return self.shrinkage_draws(model, xr.Dataset(), data)


def weight_and_variance(
    model: PartialCorrelation, data: Composition
) -> tuple[float, float]:
    """Return α and ω, as given or chosen by the data.

    α is one standard deviation below its posterior mean under Uniform(0, 1), and ω has the
    largest evidence (marginal likelihood).
    """
    if model.shrinkage is not None and model.basis_variance is not None:
        return model.shrinkage, model.basis_variance
    spectrum = data.eigenvalues
    size = len(data.parts)
    if model.shrinkage is None:
        return inverse_wishart.isotropic_cautious(
            spectrum, data.degrees, size, model.basis_variance
        )
    return inverse_wishart.isotropic(spectrum, data.degrees, size, model.shrinkage)
