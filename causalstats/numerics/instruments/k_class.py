"""k-class estimators of one effect: least squares, two-stage least squares (2SLS), LIML, Fuller.

The first-stage F statistic is here too.

With M = I - P_Z and T, y given the covariates, the k-class estimator is

    β(κ) = T'(I - κM)y / T'(I - κM)T

where κ = 0 is least squares and κ = 1 is 2SLS. LIML (limited-information maximum likelihood) has
the least κ at which |X'X - κX'MX| = 0 for X = [y T]; Fuller's estimator has
κ_LIML - 1/(n' + 1 - k). Standard errors are classical, heteroskedasticity-robust or
cluster-robust.

References
----------
Fuller (1977), Some properties of a modification of the limited information estimator,
Econometrica 45. Bekker (1994), Alternative approximations to the distributions of instrumental
variable estimators, Econometrica 62.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, stats

from causalstats.numerics.instruments.moments import InstrumentMoments


@dataclass(frozen=True)
class ScalarEstimate:
    """An estimate with a normal interval.

    Parameters
    ----------
    estimate, se : float

    Examples
    --------
    >>> round(ScalarEstimate(1.0, 0.5).quantile(0.975), 2)
    1.98
    """

    estimate: float
    se: float

    def mean(self) -> float:
        """Return the estimate."""
        return self.estimate

    def quantile(self, prob: float) -> float:
        """Return a quantile of the normal distribution about the estimate.

        Parameters
        ----------
        prob : float
        """
        return float(self.estimate + stats.norm.ppf(prob) * self.se)


def liml_kappa(moments: InstrumentMoments) -> float:
    """Return κ of LIML, which is 1 with one instrument.

    Parameters
    ----------
    moments : InstrumentMoments
    """
    total = moments.products[:2, :2]
    unexplained = total - moments.explained[:2, :2]
    return float(linalg.eigh(total, unexplained, eigvals_only=True)[0])


def k_class(
    moments: InstrumentMoments, kappa: float, *, robust: bool = True
) -> ScalarEstimate:
    """Return the k-class estimate of the effect with its standard error.

    Parameters
    ----------
    moments : InstrumentMoments
    kappa : float
    robust : bool
        Whether the standard error is robust to heteroscedasticity, or to dependence within
        clusters; otherwise errors have equal variances.

    Returns
    -------
    ScalarEstimate

    Examples
    --------
    >>> from causalstats.numerics.instruments.moments import instrument_moments
    >>> z = np.array([0.0, 1.0, 0.0, 1.0])
    >>> treatment = np.array([0.0, 1.0, 0.0, 2.0])
    >>> moments = instrument_moments(2 * treatment, treatment, z[:, None], np.empty((4, 0)))
    >>> round(k_class(moments, 1.0).estimate, 6)
    2.0
    """
    total, explained = moments.products, moments.explained
    weighted = (1 - kappa) * total + kappa * explained
    curvature = weighted[1, 1]
    estimate = weighted[1, 0] / curvature
    c = np.zeros(len(total))
    c[:2] = 1.0, -estimate
    if not robust:
        variance = c @ total @ c / moments.degrees
        spread = weighted[1, 1] if kappa == 0 else explained[1, 1]
        return ScalarEstimate(float(estimate), float(np.sqrt(variance / spread)))
    scores = np.einsum("a,abij,b->ij", c, moments.score_products, c)
    direction = moments.projections[:, 1]
    meat = direction @ scores @ direction
    return ScalarEstimate(float(estimate), float(np.sqrt(meat) / curvature))


def first_stage_f(moments: InstrumentMoments) -> float:
    """Return the first-stage F statistic: of the instruments in the regression of the treatment.

    Errors have equal variances.

    Parameters
    ----------
    moments : InstrumentMoments
    """
    k = moments.instruments
    explained = moments.explained[1, 1]
    left = moments.products[1, 1] - explained
    return float(explained / k / (left / (moments.degrees + 1 - k)))
