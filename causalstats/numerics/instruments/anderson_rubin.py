"""Anderson-Rubin sets: effects at which the instruments do not explain the residuals.

The Anderson-Rubin test of β has the right size also with weak instruments. The set of effects that
it does not reject can be an interval, two rays, the whole line, or empty. The conditional
likelihood ratio test (CLR, Moreira 2003) is not here: it has no closed form, and the posterior
answers in its place.

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

from causalstats.numerics.instruments.effect_posterior import contrasts
from causalstats.numerics.instruments.moments import InstrumentMoments

Shape = Literal["interval", "two rays", "whole line", "empty"]
_ANGLES = 20_001
_NONE = np.empty(0)


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


def anderson_rubin_statistic(
    moments: InstrumentMoments,
    effect: np.ndarray,
    *,
    robust: bool,
    direct_mean: np.ndarray = _NONE,
    direct_sd: np.ndarray = _NONE,
) -> np.ndarray:
    """Return g'V⁻¹g at each effect, the Anderson-Rubin statistic in its χ² form.

    g = Q'(y - Tβ - Zm) for direct effects η ~ Normal(m, sd²), which add Q'Z diag(sd²) Z'Q to V.

    Parameters
    ----------
    moments : InstrumentMoments
    effect : array, shape (n,)
    robust : bool
        Whether V is robust; otherwise it is the residual variance times the identity.
    direct_mean, direct_sd : arrays, shape (d,)

    Returns
    -------
    array, shape (n,)
    """
    mean = np.zeros(len(moments.products) - 2)
    mean[: len(direct_mean)] = direct_mean
    c = contrasts(effect, mean)
    scores = c @ moments.projections.T
    if robust:
        variance = np.einsum(
            "na,abij,nb->nij", c, moments.score_products, c, optimize=True
        )
    else:
        size = np.einsum("na,ab,nb->n", c, moments.products, c)
        left = moments.degrees + 1 - moments.instruments
        error = (size - (scores**2).sum(axis=1)) / left
        variance = error[:, None, None] * np.eye(moments.instruments)
    if len(direct_sd):
        columns = moments.projections[:, 2:] * direct_sd
        variance = variance + columns @ columns.T
    solved = np.linalg.solve(variance, scores[..., None])[..., 0]
    return (scores * solved).sum(axis=1)


def critical_value(moments: InstrumentMoments, prob: float, *, robust: bool) -> float:
    """Return the largest statistic that is not rejected: k times an F quantile, or one of χ².

    Parameters
    ----------
    moments : InstrumentMoments
    prob : float
        Coverage of the set.
    robust : bool
    """
    k = moments.instruments
    if robust:
        return float(stats.chi2.ppf(prob, k))
    return float(k * stats.f.ppf(prob, k, moments.degrees + 1 - k))


def anderson_rubin_set(
    moments: InstrumentMoments,
    prob: float = 0.95,
    *,
    robust: bool = False,
    direct_mean: np.ndarray = _NONE,
    direct_sd: np.ndarray = _NONE,
) -> AndersonRubinSet:
    """Return the set of effects that the test of Anderson & Rubin does not reject.

    With errors of equal variance and no direct effects its ends solve a quadratic equation.
    Otherwise it is found on a grid over the whole line; gaps within it are filled.

    Parameters
    ----------
    moments : InstrumentMoments
    prob : float
    robust : bool
    direct_mean, direct_sd : arrays, shape (d,)
        Of direct effects of instruments.

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
    if not robust and not len(direct_sd):
        odds = limit / (moments.degrees + 1 - moments.instruments)
        return _solved(moments, odds / (1 + odds))
    effect = _grid(moments, _ANGLES)
    statistic = anderson_rubin_statistic(
        moments, effect, robust=robust, direct_mean=direct_mean, direct_sd=direct_sd
    )
    inside = statistic <= limit
    if inside.all() or not inside.any():
        return AndersonRubinSet("whole line" if inside.all() else "empty")
    rejected, kept = np.flatnonzero(~inside), np.flatnonzero(inside)
    if inside[0] or inside[-1]:
        return AndersonRubinSet(
            "two rays", float(effect[rejected[0]]), float(effect[rejected[-1]])
        )
    return AndersonRubinSet("interval", float(effect[kept[0]]), float(effect[kept[-1]]))


def _grid(moments: InstrumentMoments, size: int) -> np.ndarray:
    angle = (np.arange(size) + 0.5) / size * np.pi - np.pi / 2
    return moments.least_squares + moments.residual_ratio * np.tan(angle)


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


def overidentification(
    moments: InstrumentMoments,
    *,
    robust: bool,
    direct_mean: np.ndarray = _NONE,
    direct_sd: np.ndarray = _NONE,
) -> float:
    """Return the p-value that all instruments are valid, by the least Anderson-Rubin statistic.

    Like the tests of Sargan and Hansen (J), but with the right size where instruments are weak.

    The least statistic over all effects has a χ² distribution with k - 1 degrees of freedom where
    its variance is robust (the J test of the continuously updated estimator; Hansen, Heaton & Yaron
    1996), and k - 1 times an F distribution to first order where errors have equal variance
    (Anderson & Rubin 1950). NaN with one instrument.

    Parameters
    ----------
    moments : InstrumentMoments
    robust : bool
    direct_mean, direct_sd : arrays, shape (d,)
        Of direct effects of instruments.
    """
    from scipy.optimize import minimize_scalar

    k = moments.instruments
    if k == 1:
        return float("nan")

    def statistic(effect: np.ndarray) -> np.ndarray:
        return anderson_rubin_statistic(
            moments, effect, robust=robust, direct_mean=direct_mean, direct_sd=direct_sd
        )

    grid = _grid(moments, _ANGLES // 10)
    values = statistic(grid)
    best = int(np.clip(values.argmin(), 1, len(grid) - 2))
    ends = (grid[best - 1], grid[best + 1])
    searched = minimize_scalar(
        lambda effect: float(statistic(np.array([effect]))[0]),
        bounds=ends,
        method="bounded",
    )
    least = min(float(searched.fun), float(values.min()))
    if robust:
        return float(stats.chi2.sf(least, k - 1))
    left = moments.degrees + 1 - k
    return float(stats.f.sf(least / (k - 1), k - 1, left))
