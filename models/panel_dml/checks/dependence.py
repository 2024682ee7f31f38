"""Checks of dependence: whether clusters are enough for a standard error, and share no shocks.

They look at residuals at typical values of the scales, so that nothing needs to be sampled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.core.estimand import answers_except
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.treatment_history import without_history
from causalstats.models.panel_dml.priors import parameters_of
from causalstats.models.panel_dml.robust_errors import (
    Residuals,
    residuals_at,
    second_clusters,
    unchanged_clusters,
)
from causalstats.models.panel_dml.row_blocks import free_rows
from causalstats.models.shared.cached_by_data import cached_by_data
from causalstats.models.shared.shared_shocks import (
    by_period,
    groupings,
    shared_by,
    shared_shocks_check,
    suspected_cluster,
)
from causalstats.numerics.panel.cluster_robust import cluster_robust
from causalstats.numerics.panel.group_correlation import group_correlation
from causalstats.numerics.panel.two_way_clustering import known_degrees
from causalstats.numerics.panel.within_transformation import demeaned, detrended

if TYPE_CHECKING:
    from causalstats.models.panel_dml.model import PanelDML

# Degrees of freedom of the clusters. Where treated units have errors three times as large as
# others, intervals cover .87 with 2.3 degrees, .88 with 2.8, .91 with 3.5; six units have 3 to 5.
_FEWEST_DEGREES = 3.0
# Of fewer, errors of treated clusters that are twice as large as others' leave a coverage of .85.
_DEGREES_OF_UNEQUAL_ERRORS = 10.0
_MOST_ROWS = 200_000  # of which covariates are partialled out, and on which shocks are looked for
_LEVEL_AFTER_HISTORY = 0.05  # once the first test has failed
_LEVEL_OF_VARIANCE = 0.05  # one treated cluster of 50 has no rank below .02
_LEVEL_OF_LARGE_VARIANCE = 0.01
_RANDOMISATIONS = 999
_WITHOUT_CLUSTERED_INTERVALS = (
    "treatment_left",
    "between_effect",
    "effect_spread",
    "unit_effect",
)
_SUPPOSED = "The interval leans on the errors being alike in all clusters. "
_PLACEBO = (
    "Set it beside that of `errors='placebo'`, which takes the errors of treated clusters from "
    "those that do not change"
)
_UNLIKE = (
    "They are larger in the few clusters that change, and the interval is too short: compare these "
    "with clusters of their size, or weight clusters by it"
)
_AR1 = "Set it beside that of errors='ar1', which supposes how serial correlation fades instead"


def dependence_checks(
    model: PanelDML, data: Panel, failed: tuple[str, ...] = ()
) -> tuple[Check, ...]:
    """Return the checks of the clusters on which the standard error is based.

    Parameters
    ----------
    model : PanelDML
    data : Panel
    failed : tuple of str
        Failed checks of what treatments do over time, which make residuals of units that are
        treated alike correlated too.
    """
    residuals = typical_residuals(model, data)
    checks = []
    if model.errors == "placebo":
        alike = variance_of_treated(data, residuals)
        checks.append(replace(alike, estimands=_estimands(model)))
    elif model.error_model.robust:
        checks.append(_clusters_enough(model, data, residuals))
    if len(data) <= _MOST_ROWS and len(data.periods) > 1:
        checks.append(_shared_shocks(model, data, residuals, failed))
    return tuple(checks)


@cached_by_data
def typical_residuals(model: PanelDML, data: Panel) -> Residuals:
    """Return residuals at typical values of the scales; of many rows, without covariates."""
    if len(data) > _MOST_ROWS:
        return _demeaned_treatments(model, data)
    scales = {
        parameter.name: np.full(parameter.shape, parameter.typical)
        for parameter in parameters_of(model, model.statistics(data).sizes)
    }
    return residuals_at(model, data, scales)


def _demeaned_treatments(model: PanelDML, data: Panel) -> Residuals:
    """Treatments about their unit means, or their mean: enough to see who decides the effect."""
    starts = data.starts if model.within_units else np.zeros(1, int)
    treatment = demeaned(data.treatment, starts, data.weights)
    if model.unit_trends:
        treatment = detrended(data.treatment, data.time, starts, data.weights)
    treatment = treatment * np.sqrt(data.weights)[:, None]
    free = float(free_rows(data, model.within_units, model.unit_trends))
    return Residuals(
        regressors=treatment,
        slopes=np.zeros(treatment.shape[1]),
        residuals=np.zeros(len(treatment)),
        others=np.empty((len(treatment), 0)),
        unit=data.unit,
        free=free,
        rows=free,
    )


def _estimands(model: PanelDML) -> tuple[str, ...]:
    return answers_except(model, _WITHOUT_CLUSTERED_INTERVALS)


def _clusters_enough(model: PanelDML, data: Panel, residuals: Residuals) -> Check:
    exact = cluster_robust(
        residuals.regressors,
        residuals.residuals,
        residuals.others,
        data.cluster[residuals.unit],
    )
    degrees = float(
        (exact.identified_share * exact.degrees)[: len(data.treatments)].min()
    )
    second = _degrees_of_second(data, residuals)
    if second is not None and second < degrees:
        return _enough_of_second(model, data, second)
    clusters, changing = len(data.clusters), len(data.clusters)
    if model.within_units:
        constant = data.constant_within_units(data.treatment).any(axis=1)
        clusters = len(np.unique(data.cluster[data.sizes > 1]))
        changing = len(np.unique(data.cluster[~constant]))
    enough = degrees >= _FEWEST_DEGREES
    larger = ""
    if enough and degrees < _DEGREES_OF_UNEQUAL_ERRORS and changing <= clusters / 2:
        alike = variance_of_treated(data, residuals)
        enough = alike.value is not None and alike.value > _LEVEL_OF_LARGE_VARIANCE
        larger = "" if enough else f"; {alike.finding}"
    kind = data.cluster_name or data.arguments["unit"]
    remedy = _SUPPOSED + (_PLACEBO if changing <= clusters / 2 else _AR1)
    if larger:
        remedy = _SUPPOSED + _UNLIKE
    return Check(
        name="clusters enough",
        passed=True if enough else None,
        value=degrees,
        expected=f"at least {_FEWEST_DEGREES:g} degrees of freedom of the cluster-robust "
        "standard error",
        finding=f"{changing:,} of {clusters:,} clusters ({kind}) change their treatment, and the "
        f"standard error has {degrees:.1f} degrees of freedom{larger}",
        remedy="" if enough else remedy,
        estimands=_estimands(model),
        caution=True,
    )


def _degrees_of_second(data: Panel, residuals: Residuals) -> float | None:
    """The fewest degrees of freedom of clusters of the second kind; None with one kind."""
    if data.second_cluster is None:
        return None
    exact = cluster_robust(
        residuals.regressors,
        residuals.residuals,
        residuals.others,
        second_clusters(data, residuals),
    )
    degrees = known_degrees(
        exact,
        residuals.regressors,
        residuals.residuals,
        second_clusters(data, residuals),
    )
    return float(degrees[: len(data.treatments)].min())


def _enough_of_second(model: PanelDML, data: Panel, degrees: float) -> Check:
    """Return the check where clusters of the second kind have the fewer degrees of freedom.

    Parameters
    ----------
    model : PanelDML
    data : Panel
    degrees : float
    """
    assert data.second_cluster is not None
    enough = degrees >= _FEWEST_DEGREES
    name = data.second_cluster_name
    return Check(
        name="clusters enough",
        passed=True if enough else None,
        value=degrees,
        expected=f"at least {_FEWEST_DEGREES:g} degrees of freedom of the cluster-robust "
        "standard error, by each kind of cluster",
        finding=f"the {int(data.second_cluster.max()) + 1:,} clusters of {name!r} give the "
        f"standard error {degrees:.1f} degrees of freedom",
        remedy=""
        if enough
        else f"Few of {name!r} decide the effect. Where they share shocks, time_effects=True or "
        f"fixed_effects=[{name!r}] takes out what moves all of one alike; then cluster by unit.",
        estimands=_estimands(model),
        caution=True,
    )


def variance_of_treated(data: Panel, residuals: Residuals) -> Check:
    """Return the check of whether treated clusters' residuals vary as those of the others.

    Their mean log variance has a rank among those of as many clusters drawn from all
    (randomisation inference): one-sided, since only larger errors make placebo intervals short.

    Parameters
    ----------
    data : Panel
    residuals : Residuals
        At typical values of the scales.
    """
    cluster = data.cluster[residuals.unit]
    size = np.maximum(np.bincount(cluster), 1)
    variance = np.bincount(cluster, residuals.residuals**2) / size
    logs = np.log(np.maximum(variance, 1e-300))
    donors = unchanged_clusters(data)
    constant = data.constant_within_units(data.treatment).all(axis=1)
    changing = np.unique(data.cluster[~constant])
    observed = logs[changing].mean()
    pool = np.concatenate([donors, changing])
    rng = np.random.default_rng(0)
    drawn = [
        logs[rng.choice(pool, len(changing), replace=False)].mean()
        for _ in range(_RANDOMISATIONS)
    ]
    p = (1 + np.sum(np.array(drawn) >= observed)) / (1 + _RANDOMISATIONS)
    passed = bool(p > _LEVEL_OF_VARIANCE)
    undecided = None if p > _LEVEL_OF_LARGE_VARIANCE else False
    verdict = True if passed else undecided
    ratio = float(np.exp((observed - logs[donors].mean()) / 2))
    return Check(
        name="treated clusters err like the others",
        passed=verdict,
        value=float(p),
        expected=f"residuals of treated clusters no larger, p above {_LEVEL_OF_VARIANCE:g}",
        finding=f"residuals of the {len(changing):,} clusters that change their treatment are "
        f"{ratio:.2f} times as large as those of the {len(donors):,} others, p = {p:.2g}",
        remedy=""
        if passed
        else "The interval takes the errors of treated clusters to be like those of the others, "
        "and is too short where they are larger. Compare them with clusters of their size, or "
        "weight clusters by it; `errors='cluster'` gives a wider interval.",
        assumption="treated clusters err like the others",
        caution=True,
    )


def _shared_shocks(
    model: PanelDML, data: Panel, residuals: Residuals, failed: tuple[str, ...]
) -> Check:
    """Whether clusters with a common feature have correlated residuals, and treatments too.

    Parameters
    ----------
    model : PanelDML
    data : Panel
    residuals : Residuals
    failed : tuple of str
        Failed checks of what treatments do over time.
    """
    treatments = _by_period(data, residuals, residuals.regressors[:, 0])
    errors = _by_period(data, residuals, residuals.residuals)
    found = groupings(data)
    rng = np.random.default_rng(0)
    suspects = shared_by(treatments, errors, found, rng)
    check = shared_shocks_check(
        data,
        suspects,
        found,
        estimands=_estimands(model),
        assumption=model.error_model.assumption(model).name,
    )
    if not (suspects and failed) or _remain(model, data, residuals, suspects, rng):
        return check
    return replace(
        check,
        passed=None,
        finding=f"{check.finding}, and none after an event study: what the check {failed[0]!r} "
        "found explains it as well as shocks that they share",
        remedy=f"Do as the check {failed[0]!r} says and look again; where such units have shocks "
        "in common, the interval is too short without "
        f"`Panel.from_frame(cluster={suspected_cluster(data, suspects)!r})`",
    )


def _remain(
    model: PanelDML,
    data: Panel,
    residuals: Residuals,
    names: Iterable[str],
    rng: np.random.Generator,
) -> bool:
    """Whether residuals are correlated without what the treatments' history explains.

    Parameters
    ----------
    model : PanelDML
    data : Panel
    residuals : Residuals
    names : iterable of str
        Names of groupings.
    rng : Generator
    """
    errors = _by_period(data, residuals, without_history(model, data, residuals))
    found = groupings(data)
    p_values = (group_correlation(errors, found[name], rng)[0] for name in names)
    return any(p <= _LEVEL_AFTER_HISTORY for p in p_values)


def _by_period(data: Panel, residuals: Residuals, rows: np.ndarray) -> np.ndarray:
    """Sums of rows (n,) by cluster and period (G, T)."""
    time = data.time[: len(residuals.unit)]
    return by_period(data, time, data.cluster[residuals.unit], rows)
