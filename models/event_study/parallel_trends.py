"""Parallel (common) trends: the pre-trend test, and anticipation, by the draws of leads.

Leads b with covariance V, against units that never adopt and the base period, are all 0 where
trends are parallel and nothing is anticipated. Three tests look for what is expected to go wrong:
a linear difference in trends, γ̂ = u'V⁻¹b / u'V⁻¹u with u the distance to the base; the nearest
leads jointly (Hotelling's T²); and a shift of all leads, which is an effect in the base period. The
pre-trend test says its power (Roth 2022): the trend that it finds in 80 % of samples, and what
bias it means. Nearly every small study would miss a trend as large as its effect, so that this
alone says little of one study. The answer carries a caution where the leads leave room for a
difference in trends that explains it: where the trend ATT / Σ_e w_e (e - base) lies in the 95 %
interval of γ. In 190 small studies with parallel trends this holds in 10 to 20 %, and in those
whose whole effect is a trend that was not found in 80 to 100 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.core.estimand import answers_except
from causalstats.models.event_study.estimands import lead_count, path, path_moments

if TYPE_CHECKING:
    import xarray as xr

    from causalstats.data import Panel
    from causalstats.models.event_study.adoption import Adoption
    from causalstats.models.event_study.model import EventStudy

_LEVEL = 0.01
_POWER = 0.8
_INTERVAL = 0.95  # of the trend of the leads
_NEAREST = 3  # leads that are tested jointly
_NOT_EFFECTS = ("lead", "breakdown_value")


def parallel_trends(model: EventStudy, draws: xr.Dataset, data: Panel) -> list[Check]:
    """Return the checks of parallel trends (pre-trends) and of anticipation.

    Parameters
    ----------
    model : EventStudy
    draws : Dataset
        Of the posterior.
    data : Panel
    """
    estimands = answers_except(model, _NOT_EFFECTS)
    count = lead_count(model, data)
    if count == 0:
        return [
            Check(
                name="parallel trends before adoption",
                passed=None,
                value=None,
                expected="two periods or more before units are affected",
                finding="one period before, which shows no trend",
                remedy="Parallel trends cannot be checked here, nor their violation bounded by "
                "what came before: say why they should hold, or add earlier periods.",
                estimands=estimands,
                caution=True,
            )
        ]
    study = model.adoption(data)
    values, times, weights = path(model, draws, data)
    chosen = (times < study.base) & (times >= study.base - count)
    distance = (study.base - times[chosen]).astype(float)
    degrees = _degrees(model, data, study)
    mean, covariance = path_moments(model, draws, data)
    moments = Moments(mean[chosen], covariance[np.ix_(chosen, chosen)], model.clustered)
    trend, trend_error = moments.slope(-distance)
    trend_p = 2 * stats.t.sf(abs(trend) / trend_error, degrees)
    joint_p = moments.joint_p(slice(-_NEAREST, None), degrees)
    p = float(min(1.0, 2 * min(trend_p, joint_p)))
    after = times >= 0
    att = values[:, after] @ weights[after]
    detectable = trend_error * (
        stats.t.ppf(1 - _LEVEL / 4, degrees) + stats.t.ppf(_POWER, degrees)
    )
    distance_after = float(weights[after] @ (times[after] - study.base))
    half = trend_error * stats.t.ppf((1 + _INTERVAL) / 2, degrees)
    found = Trend(trend, float(half), float(detectable), distance_after)
    return [
        _parallel(p, found, att, estimands),
        *_anticipation(model, moments, degrees, estimands),
    ]


def _degrees(model: EventStudy, data: Panel, study: Adoption) -> int:
    """Degrees of freedom of the leads' covariance.

    One that is cluster-robust is known no better than that of the fewer: clusters that adopt, or
    that never do.
    """
    cluster = data.cluster[data.unit[study.rows[study.starts]]]
    if not model.clustered:
        return max(len(np.unique(cluster)) - len(study.groups), 1)
    never = study.cohort == len(study.cohorts)
    sides = [len(np.unique(cluster[side])) for side in (never, ~never)]
    return max(min(sides) - 1, 1)


@dataclass(frozen=True)
class Trend:
    """The linear trend of the leads: a difference in trends, a period.

    Parameters
    ----------
    slope : float
    half : float
        Half the width of its 95 % interval.
    detectable : float
        The slope that is found with probability .8.
    distance_after : float
        Periods from the base to the treated rows, on average: what a slope is multiplied by in its
        bias of the ATT.
    """

    slope: float
    half: float
    detectable: float
    distance_after: float

    def explains(self, att: float) -> bool:
        """Return whether the interval holds the slope that would make up the whole ATT."""
        return abs(att / self.distance_after - self.slope) <= self.half


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and covariance of the leads.

    Parameters
    ----------
    mean : array, shape (K,)
    covariance : array, shape (K, K)
    estimated : bool
        Whether the covariance is cluster-robust: known too badly to be inverted for weights.
    """

    mean: np.ndarray
    covariance: np.ndarray
    estimated: bool

    def slope(self, line: np.ndarray) -> tuple[float, float]:
        """Return the slope of the leads on a line (K,), and its standard error.

        By generalised least squares, or by least squares where the covariance is estimated.
        """
        weights = line
        if not self.estimated:
            weights = np.linalg.solve(self.covariance, line)
        weights = weights / (weights @ line)
        error = np.sqrt(weights @ self.covariance @ weights)
        return float(weights @ self.mean), float(error)

    def joint_p(self, part: slice, degrees: int) -> float:
        """Return the p-value of some leads being 0, by Hotelling's T².

        Parameters
        ----------
        part : slice
        degrees : int
            Of the covariance.
        """
        mean = self.mean[part]
        size = len(mean)
        square = mean @ np.linalg.solve(self.covariance[part, part], mean)
        rest = max(degrees - size + 1, 1)
        return float(stats.f.sf(square * rest / (degrees * size), size, rest))


def _parallel(
    p: float, trend: Trend, att: np.ndarray, estimands: tuple[str, ...]
) -> Check:
    """Return the check of trends before adoption.

    Parameters
    ----------
    p : float
    trend : Trend
    att : array, shape (draws,)
    estimands : tuple of str
    """
    parallel = p >= _LEVEL
    lower, upper = np.quantile(att, [0.025, 0.975])
    mean = float(att.mean())
    alone = mean / trend.distance_after
    blind = parallel and trend.explains(mean) and bool(lower > 0 or upper < 0)
    passed: bool | None = parallel
    remedy = ""
    if not parallel:
        remedy = (
            "Trends differ before adoption, or its effect begins earlier: add covariates, refit "
            "with `anticipation=`, or report `fit.sensitivity(trend_violation=[0.5, 1, 2])`."
        )
    elif blind:
        passed = None
        remedy = (
            "The periods before adoption leave room for a trend that explains the whole ATT: "
            "report `breakdown_value` beside it, or add earlier periods."
        )
    bias = trend.detectable * trend.distance_after
    return Check(
        name="parallel trends before adoption",
        passed=passed,
        value=p,
        expected=f"no trend before adoption, p-value above {_LEVEL:g}",
        finding=f"difference in trends of {trend.slope:.2g} a period "
        f"({trend.slope - trend.half:.2g} to {trend.slope + trend.half:.2g}), p = {p:.2g}; one of "
        f"{alone:.2g} would explain the whole ATT; one of {trend.detectable:.2g} would be found in "
        f"{_POWER:.0%} of samples, and bias the ATT by {bias:.2g}",
        remedy=remedy,
        estimands=estimands,
        assumption="parallel trends",
        caution=blind,
    )


def _anticipation(
    model: EventStudy, moments: Moments, degrees: int, estimands: tuple[str, ...]
) -> list[Check]:
    """Return the check of an effect in the base period, where there are two leads or more.

    Parameters
    ----------
    model : EventStudy
    moments : Moments
    degrees : int
    estimands : tuple of str
    """
    if len(moments.mean) < 2:
        return []
    shift, error = moments.slope(-np.ones(len(moments.mean)))
    p = float(2 * stats.t.sf(abs(shift) / error, degrees))
    passed = p >= _LEVEL
    return [
        Check(
            name="no anticipation",
            passed=passed,
            value=p,
            expected=f"no effect in the base period, p-value above {_LEVEL:g}",
            finding=f"the last period before units count as affected is off by {shift:.2g} "
            f"(standard error {error:.2g}), p = {p:.2g}",
            remedy=""
            if passed
            else f"The effect seems to begin before adoption, or trends differ: refit with "
            f"anticipation={model.anticipation + 1}.",
            estimands=estimands,
            assumption="no anticipation",
        )
    ]
