"""Anderson-Rubin sets: effects at which the instruments do not explain the residuals.

The test of β has the right size however weak the instruments are. The set of effects that it does
not reject can be an interval, two rays, the whole line, or empty.

References
----------
Anderson & Rubin (1949). Dufour (1997), Some impossibility theorems in econometrics, Econometrica
65: a valid set must be unbounded with positive probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from causalstats.numerics.instruments.effect_posterior import residuals
from causalstats.numerics.instruments.moments import InstrumentMoments

Shape = Literal["interval", "two rays", "whole line", "empty"]
_ANGLES = 20_001


@dataclass(frozen=True)
class AndersonRubinSet:
    """The effects that the test of Anderson & Rubin does not reject.

    Parameters
    ----------
    shape : "interval", "two rays", "whole line" or "empty"
    lower, upper : float
        Ends of the interval, or of the rays: below `lower` and above `upper`. NaN otherwise.

    Examples
    --------
    >>> print(AndersonRubinSet("two rays", 1.0, 2.5))
    below 1 or above 2.5
    """

    shape: Shape
    lower: float = np.nan
    upper: float = np.nan

    def __str__(self) -> str:
        if self.shape == "interval":
            return f"{self.lower:.4g} to {self.upper:.4g}"
        if self.shape == "two rays":
            return f"below {self.lower:.4g} or above {self.upper:.4g}"
        return {"whole line": "every effect", "empty": "no effect at all"}[self.shape]


def critical_value(
    moments: InstrumentMoments, prob: float, *, robust: bool = False
) -> float:
    """Return the largest share of the residuals explained that is not rejected.

    Parameters
    ----------
    moments : InstrumentMoments
    prob : float
        Coverage of the set.
    robust : bool
        Whether the statistic has a robust variance and is compared with χ², instead of F.
    """
    k = moments.instruments
    if robust:
        return float(stats.chi2.ppf(prob, k) / moments.degrees)
    left = moments.degrees + 1 - k
    odds = k / left * stats.f.ppf(prob, k, left)
    return float(odds / (1 + odds))


def anderson_rubin_set(
    moments: InstrumentMoments, prob: float = 0.95, *, robust: bool = False
) -> AndersonRubinSet:
    """Return the set of effects that the test of Anderson & Rubin does not reject.

    With errors of equal variance its ends solve a quadratic equation. With a robust variance it is
    found on a grid over the whole line, and its ends by interpolation; gaps within it are filled.

    Parameters
    ----------
    moments : InstrumentMoments
    prob : float
    robust : bool

    Returns
    -------
    AndersonRubinSet

    Examples
    --------
    >>> from causalstats.numerics.instruments.moments import instrument_moments
    >>> rng = np.random.default_rng(1)
    >>> z, treatment, outcome = rng.standard_normal((3, 200))
    >>> anderson_rubin_set(
    ...     instrument_moments(outcome, treatment, z[:, None], np.empty((200, 0)))
    ... ).shape
    'whole line'
    """
    limit = critical_value(moments, prob, robust=robust)
    if not robust:
        return _solved(moments, limit)
    angle = (np.arange(_ANGLES) + 0.5) / _ANGLES * np.pi - np.pi / 2
    effect = moments.least_squares + moments.residual_ratio * np.tan(angle)
    forms = residuals(moments, effect, np.zeros(len(moments.products) - 2), True)
    inside = forms.fit <= limit
    if inside.all() or not inside.any():
        return AndersonRubinSet("whole line" if inside.all() else "empty")
    rejected, kept = np.flatnonzero(~inside), np.flatnonzero(inside)
    if inside[0] and inside[-1]:
        return AndersonRubinSet(
            "two rays", float(effect[rejected[0]]), float(effect[rejected[-1]])
        )
    if inside[0] or inside[-1]:
        # The set reaches one end of the line only where the grid is too coarse at the other
        return AndersonRubinSet("whole line")
    return AndersonRubinSet("interval", float(effect[kept[0]]), float(effect[kept[-1]]))


def _solved(moments: InstrumentMoments, limit: float) -> AndersonRubinSet:
    """Return the set where u'P_Z u <= limit u'u, a quadratic inequality in the effect.

    Parameters
    ----------
    moments : InstrumentMoments
    limit : float
    """
    form = moments.explained[:2, :2] - limit * moments.products[:2, :2]
    leading, middle, constant = form[1, 1], -2 * form[0, 1], form[0, 0]
    discriminant = middle**2 - 4 * leading * constant
    if discriminant < 0:
        return AndersonRubinSet("whole line" if leading < 0 else "empty")
    roots = np.sort(
        (-middle + np.array([-1.0, 1.0]) * np.sqrt(discriminant)) / 2 / leading
    )
    shape: Shape = "interval" if leading > 0 else "two rays"
    return AndersonRubinSet(shape, float(roots[0]), float(roots[1]))


def overidentification(moments: InstrumentMoments, kappa: float) -> float:
    """Return the p-value that all instruments are valid, by the Anderson-Rubin statistic of LIML.

    Where all instruments are valid, (κ_LIML - 1)(n' + 1 - k) / (k - 1) has an F distribution to
    first order (Anderson & Rubin 1950); NaN with one instrument.

    Parameters
    ----------
    moments : InstrumentMoments
    kappa : float
        κ of LIML.
    """
    k = moments.instruments
    left = moments.degrees + 1 - k
    if k == 1:
        return float("nan")
    return float(stats.f.sf((kappa - 1) * left / (k - 1), k - 1, left))
