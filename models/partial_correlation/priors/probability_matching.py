"""The probability-matching prior: credible intervals equal those of the classical tests.

p(Σ) ∝ |Σ|^(-1) for answers that follow from Θ, and |Σ|^(-p), p = D - 1, for coefficients of
covariates. The first gives partial correlations the intervals of the t-test with n - D + 1
degrees of freedom, the second gives coefficients those of least squares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from causalstats.core.assumption import Assumption
from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.priors.base import Conjugate
from causalstats.models.partial_correlation.priors.conjugate import ConjugatePrior
from causalstats.models.partial_correlation.row_dependence import row_dependence_of
from causalstats.numerics.compositions.log_ratios import linearly_dependent

if TYPE_CHECKING:
    from causalstats.models.partial_correlation.model import PartialCorrelation

ROWS_PER_PART = 2  # degrees of freedom for each part, with which intervals are of use
_WITHHELD = (
    "intervals under prior='matching' cover for partial correlations, partial variances, "
    "regression coefficients and coefficients of covariates, and not for this one. "
    "Use prior='shrunk'."
)


@dataclass(frozen=True)
class Matching(ConjugatePrior):
    """No shrinkage: each prior is the one whose intervals are those of the classical test."""

    fields: ClassVar[tuple[str, ...]] = ()
    depends_on_parts = True
    withheld: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (
            "total_variance",
            "log_ratio_variance",
            "clr_covariance",
            "r_squared",
            "r_squared_by_reference",
        ),
        _WITHHELD,
    )

    def assumption(self, model: PartialCorrelation) -> Assumption:
        return Assumption(
            name="no shrinkage",
            statement="For partial correlations, partial variances, regression coefficients and "
            "coefficients of covariates, the prior of each is the one whose intervals are those "
            "of the classical tests, which cover as often as they say whatever the covariance. "
            "Other answers are refused.",
            if_wrong="With hardly more rows than parts, estimates scatter widely.",
            formula="p(Σ) ∝ |Σ|^(-1); of coefficients of covariates |Σ|^(-p), p = D - 1",
            checks=("rows for these parts",),
            fields=("prior",),
        )

    def suits(self, model: PartialCorrelation, data: Composition) -> bool:
        """Return whether log-ratios are known in independent rows, two or more a part.

        Not where the data say how far parts are apart, which only "horseshoe" takes up.
        """
        known = observation_of(data).exact and row_dependence_of(data).independent
        many = data.degrees >= ROWS_PER_PART * len(data.parts)
        related = data.distances is not None
        return known and many and not related and model.row_correlation is None

    def refuse(self, model: PartialCorrelation, data: Composition) -> None:
        """Refuse besides fewer than 2 D - 3 rows, and dependent log-ratios: no posterior."""
        super().refuse(model, data)
        size = len(data.parts)
        fewest = 2 * size - 3
        if data.degrees < fewest:
            raise ModelError(
                f"The matching prior needs {fewest} rows for {size} parts, not counting one for "
                f"each covariate, got {data.degrees}: with fewer its posterior is not a "
                "distribution. Use prior='horseshoe', which needs no number of rows."
            )
        if linearly_dependent(data.scatter):
            raise ModelError(
                "The matching prior needs log-ratios that vary freely, and in these rows some are "
                "linear combinations of others, as where nearly all rows are alike. Look at the "
                "rows, or use prior='horseshoe'."
            )

    def conjugate(self, model: PartialCorrelation, data: Composition) -> Conjugate:
        self.refuse(model, data)
        size = len(data.parts)
        return Conjugate(0.0, np.ones(size), data.degrees - size + 2.0)

    def coefficient_degrees(self, data: Composition, degrees: float) -> float:
        """Return m + D - 2, with which coefficients have m degrees of freedom."""
        return data.degrees + len(data.parts) - 2
