"""Staggered adoption: whether one coefficient stands for the effects of all adoption times.

With effects of units and of times (two-way fixed effects), the coefficient of an absorbing
treatment is a sum of the effects of treated rows with weights V_it / Σ V², V the residuals of the
treatment. Nearly every design with staggered adoption has negative weights (de Chaisemartin &
D'Haultfoeuille 2020): units that adopted early serve as controls of those that adopt late
(forbidden comparisons, Goodman-Bacon 2021). That does no harm while all effects are equal, and can
reverse the sign where they grow. So it is tested whether they are equal, by time since adoption and
by adoption time (Sun & Abraham 2021), and whether the coefficient differs from the mean effect on
the treated by saturated regression (Wooldridge 2021), in which only rows not yet treated are
controls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.score_tests import (
    FEWEST_CLUSTERS,
    Adjusted,
    rows_of,
    varies,
)
from causalstats.models.panel_dml.checks.strict_exogeneity import (
    rows_until_adoption,
)
from causalstats.models.shared.treatment_paths import absorbing

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

_LEVEL = 0.01
_LEAST_DIFFERENCE = 0.25  # standard errors of the coefficient
_LEAST_COHORT = 10  # clusters, for each adoption time that is tested by itself
_MOST_SHOWN = 5  # times since adoption
_NAME = "one effect under staggered adoption"
_REMEDY = (
    "The coefficient is not the mean effect on the treated, and may have the wrong sign. Make "
    "an event study of the same panel, `cs.EventStudy()`: effects by time since adoption and "
    "adoption time, with rows not yet treated as controls."
)


@dataclass(frozen=True, eq=False)
class Saturated:
    """Effects by adoption time and time since adoption (cohort and event time).

    Parameters
    ----------
    mean : float
        Over the treated rows: the average treatment effect on the treated.
    standard_error : float
        Cluster-robust.
    weights : array, shape (n,)
        Weights of the outcome's residuals in the mean; 0 in rows that were left out.
    by_time : dict
        The mean effect, by rows since adoption.
    """

    mean: float
    standard_error: float
    weights: np.ndarray
    by_time: dict[int, float]


def staggered_adoption(
    model: PanelDML, adjusted: Adjusted, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return a check for each treatment that is adopted for good, at two times or more.

    Parameters
    ----------
    model : PanelDML
    adjusted : Adjusted
    estimands : tuple of str
        The answers that a failure stands on.
    """
    if not (
        model.within_units
        and model.absorbs_time(adjusted.data)
        and adjusted.count >= FEWEST_CLUSTERS
    ):
        return ()
    data = adjusted.data
    checks = []
    for k in np.flatnonzero(absorbing(data)):
        since = rows_until_adoption(data, data.treatment[:, k])
        adopted = np.where(since == 0, data.time, np.nan)
        if len(np.unique(adopted[~np.isnan(adopted)])) > 1:
            checks.append(_check(adjusted, int(k), since, estimands))
    return tuple(checks)


def _check(
    adjusted: Adjusted, k: int, since: np.ndarray, estimands: tuple[str, ...]
) -> Check:
    data, name = adjusted.data, adjusted.data.treatments[k]
    residual = _without_others(adjusted.treatment, k)
    weights = residual / (residual @ residual)
    treated = data.treatment[:, k] > 0
    negative = -np.minimum(weights[treated], 0).sum() / max(
        abs(weights[treated]).sum(), 1e-300
    )
    coefficient, error = float(adjusted.effect[k]), float(adjusted.standard_errors[k])
    saturated = saturated_effects(adjusted, k, since)
    p = adjusted.score_test(_interactions(adjusted, k, since)).p
    apart = np.inf
    if saturated is not None:
        apart = abs(saturated.mean - coefficient) / max(error, 1e-300)
        p = min(1.0, 2 * min(p, _differs(adjusted, saturated.weights - weights)))
    passed = not (p < _LEVEL and apart > _LEAST_DIFFERENCE)
    finding = (
        f"{name} is adopted for good at different times; {negative:.0%} of the weight of one "
        f"coefficient, {coefficient:.3g}, is negative, and effects "
        f"{'may be equal' if passed else 'differ by time since adoption or adoption time'}, "
        f"p = {p:.2g}"
    )
    if saturated is not None and not passed:
        finding += f"; {_saturated_in_words(saturated)}"
    return Check(
        name=_NAME,
        passed=passed,
        value=p,
        expected=f"equal effects, with a p-value of at least {_LEVEL:g}",
        finding=finding,
        remedy="" if passed else _REMEDY,
        estimands=estimands,
        assumption="constant effect",
    )


def _without_others(treatment: np.ndarray, k: int) -> np.ndarray:
    """The residuals of one treatment given the others."""
    others = np.delete(treatment, k, axis=1)
    return (
        treatment[:, k]
        - others @ np.linalg.lstsq(others, treatment[:, k], rcond=1e-10)[0]
    )


def _differs(adjusted: Adjusted, weights: np.ndarray) -> float:
    """The p-value of two estimates being of one number, by their difference Σ w e over clusters."""
    scores = np.bincount(adjusted.clusters, weights * adjusted.error)
    return float(
        2 * stats.norm.sf(abs(scores.sum()) / max(np.sqrt((scores**2).sum()), 1e-300))
    )


def _cohorts(data: Panel, since: np.ndarray) -> np.ndarray:
    """The adoption time of each row's unit; NaN where it does not adopt after its first row."""
    adopted = np.where(since == 0, data.time, -np.inf)
    cohort = np.maximum.reduceat(adopted, data.starts)[data.unit]
    return np.where(np.isfinite(cohort), cohort, np.nan)


def _interactions(adjusted: Adjusted, k: int, since: np.ndarray) -> np.ndarray:
    """Residuals of the treatment times time since adoption, its first row, and adoption times.

    Parameters
    ----------
    adjusted : Adjusted
    k : int
        Which treatment.
    since : array, shape (n,)
    """
    data, cohort = adjusted.data, _cohorts(adjusted.data, since)
    treatment = data.treatment[:, k] * ~np.isnan(since)
    times, sizes = np.unique(cohort[since == 0], return_counts=True)
    large = times[sizes >= _LEAST_COHORT]
    columns = [treatment * np.nan_to_num(since), treatment * (since == 0)]
    columns += (
        [treatment * (cohort == time) for time in large[1:]]
        if len(large) > 1
        else [treatment * np.nan_to_num(cohort - times.mean())]
    )
    added = np.column_stack(columns).astype(float)
    residuals = adjusted.without_treatment(adjusted.residuals(added))
    return residuals[:, varies(residuals, added)]


def saturated_effects(
    adjusted: Adjusted, k: int, since: np.ndarray
) -> Saturated | None:
    """Effects by adoption time and rows since adoption, with rows not yet treated as controls.

    Periods in which every unit is treated are left out, and units treated from their first row on.
    None where treated rows have more than one value of the treatment, or too many cells.

    Parameters
    ----------
    adjusted : Adjusted
    k : int
        Which treatment.
    since : array, shape (n,)
        Rows since adoption, as `rows_until_adoption` has them.
    """
    data, cohort = adjusted.data, _cohorts(adjusted.data, since)
    treated = data.treatment[:, k] > 0
    values = data.treatment[treated, k]
    if np.ptp(values) > 0:
        return None
    always = np.minimum.reduceat(treated, data.starts)[data.unit]
    periods, period = np.unique(data.time, return_inverse=True)
    untreated = np.bincount(period, ~treated & ~always)[period] > 0
    kept = np.flatnonzero(untreated & ~always)
    if len(kept) == 0 or not treated[kept].any():
        return None
    part = Adjusted(rows_of(data, kept), adjusted.columns, adjusted.within)
    cells, cell = np.unique(
        np.column_stack([cohort[kept], since[kept]])[treated[kept]],
        axis=0,
        return_inverse=True,
    )
    if 2 * (len(cells) + len(periods)) > part.free:
        return None
    columns = np.zeros((len(kept), len(cells)))
    columns[np.flatnonzero(treated[kept]), cell.ravel()] = values[0]
    others = np.delete(part.treatment, k, axis=1)
    regressors = np.column_stack([part.residuals(columns), others])
    tolerance = 1e-6 * np.linalg.norm(regressors, 2)
    if np.linalg.matrix_rank(regressors, tol=tolerance) < regressors.shape[1]:
        return None
    inverse = np.linalg.pinv(regressors)
    solve = inverse[: len(cells)]
    effects = solve @ part.outcome
    share = columns.sum(axis=0) / columns.sum()
    weights = np.zeros(len(data))
    weights[kept] = share @ solve
    residuals = part.outcome - regressors @ (inverse @ part.outcome)
    scores = np.bincount(adjusted.clusters[kept], weights[kept] * residuals)
    by_time = {
        int(e): float(
            np.average(effects[cells[:, 1] == e], weights=share[cells[:, 1] == e])
        )
        for e in np.unique(cells[:, 1])
    }
    return Saturated(
        float(share @ effects), float(np.sqrt((scores**2).sum())), weights, by_time
    )


def _saturated_in_words(saturated: Saturated) -> str:
    shown = list(saturated.by_time.items())[:_MOST_SHOWN]
    by_time = ", ".join(f"{value:.3g} {since} rows after" for since, value in shown)
    return (
        f"with rows not yet treated as controls the mean effect on the treated is "
        f"{saturated.mean:.3g} (standard error {saturated.standard_error:.2g}): {by_time}"
        + (", ..." if len(saturated.by_time) > _MOST_SHOWN else "")
    )
