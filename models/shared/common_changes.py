"""Changes that all units share, which models without effects of periods take for none.

Where a treatment changes with them, as in good years, its effect takes them in.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from causalstats.core.check import Check

COMMON_CHANGES = "no change that all units share"
_CLUSTERS_A_COLUMN = 10  # for which a robust test of several columns keeps its level
_LEVEL = 0.01


def spans_of_periods(periods: int, clusters: int) -> np.ndarray:
    """Return the span of each period, int (P,): one a period, or longer where clusters are few.

    Examples
    --------
    >>> spans_of_periods(6, clusters=200)
    array([0, 1, 2, 3, 4, 5])
    >>> spans_of_periods(6, clusters=20)
    array([0, 0, 1, 1, 2, 2])
    """
    spans = min(periods, 1 + clusters // _CLUSTERS_A_COLUMN)
    return np.arange(periods) * spans // periods


def means_are_zero(values: np.ndarray) -> float:
    """Return the p-value of Hotelling's T² that contrasts of rows (G, r) have means of 0.

    Parameters
    ----------
    values : array, shape (G, r)
        Sums by cluster; NaN is returned of no more clusters than columns.
    """
    count, width = values.shape
    if count <= width + 1:
        return float("nan")
    mean = values.mean(axis=0)
    covariance = np.atleast_2d(np.cov(values.T)) / count
    statistic = float(mean @ np.linalg.pinv(covariance, hermitian=True) @ mean)
    scaled = statistic * (count - width) / (width * (count - 1))
    return float(stats.f.sf(scaled, width, count - width))


def common_changes_check(
    p_value: float, estimands: tuple[str, ...], assumption: str
) -> Check:
    """Return the check that periods have no effects of their own.

    Parameters
    ----------
    p_value : float
        NaN where the clusters are too few.
    estimands : tuple of str
    assumption : str
        The name of the assumption that nothing unobserved changes with the treatment.
    """
    decided = bool(np.isfinite(p_value))
    passed = p_value > _LEVEL if decided else None
    return Check(
        name=COMMON_CHANGES,
        passed=passed,
        value=p_value,
        expected=f"no effects of periods: p above {_LEVEL:g}",
        finding=f"p = {p_value:.2g}" if decided else "too few clusters to tell",
        remedy=""
        if passed
        else "The outcome of all units moves with time beyond what treatments and covariates do, "
        "and the effect takes in what the treatment goes along with: say time_effects=True.",
        estimands=estimands,
        assumption=assumption,
    )
