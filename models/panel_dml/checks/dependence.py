"""Checks of dependence: whether clusters are enough for a standard error, and share no shocks.

They look at residuals at typical values of the scales, so that nothing needs to be sampled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from causalstats.core.check import Check
from causalstats.core.estimand import answers_except
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.treatment_history import paths, without_history
from causalstats.models.panel_dml.priors import parameters_of
from causalstats.models.panel_dml.robust_errors import (
    Residuals,
    residuals_at,
    second_clusters,
    unchanged_clusters,
)
from causalstats.models.panel_dml.row_blocks import free_rows
from causalstats.models.shared.cached_by_data import cached_by_data
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
_LEVEL = 0.005  # over all groupings, in two tests each
_SMALLEST_LEVEL, _LARGEST_LEVEL = 0.0005, 0.002  # of one grouping
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
    groupings = _groupings(data)
    level = np.clip(_LEVEL / len(groupings), _SMALLEST_LEVEL, _LARGEST_LEVEL)
    rng = np.random.default_rng(0)
    suspects: dict[str, float] = {}
    for name, label in groupings.items():
        p, correlation = group_correlation(errors, label, rng)
        if p <= level and group_correlation(treatments, label, rng)[0] <= level:
            suspects[name] = correlation
    explained = bool(suspects and failed) and not _remain(
        model, data, residuals, suspects, rng
    )
    finding, remedy = _shared_shocks_in_words(
        data, suspects, failed if explained else ()
    )
    return Check(
        name="clusters share no shocks",
        passed=None if explained else not suspects,
        value=max(suspects.values(), default=0.0),
        expected=f"no correlation of residuals and treatments between clusters, p above {level:g}",
        finding=finding,
        remedy=remedy,
        estimands=_estimands(model),
        assumption=model.error_model.assumption(model).name,
        caution=True,
    )


def _shared_shocks_in_words(
    data: Panel, suspects: Mapping[str, float], explaining: tuple[str, ...]
) -> tuple[str, str]:
    """Return the finding and the remedy.

    Parameters
    ----------
    data : Panel
    suspects : mapping
        The correlation of residuals, by what clusters have in common.
    explaining : tuple of str
        Failed checks that explain the correlation.
    """
    if not suspects:
        return (
            "none found between neighbours, units treated alike, or units with the same covariates",
            "",
        )
    unit, clustered = data.arguments["unit"], data.cluster_name
    worst = max(suspects, key=lambda name: suspects[name]).removeprefix("the same ")
    cluster = worst if worst in data.covariates else "..."
    wider = f"wider than {clustered!r}" if clustered else "that they belong to"
    finding = "; ".join(
        f"residuals of {unit!r} with {name} have a correlation of {value:.2f}"
        for name, value in suspects.items()
    )
    if not explaining:
        return finding, (
            f"The interval is too short: give the panel the group {wider}, "
            f"`Panel.from_frame(cluster={cluster!r})`"
        )
    return (
        f"{finding}, and none after an event study: what the check {explaining[0]!r} found "
        "explains it as well as shocks that they share",
        f"Do as the check {explaining[0]!r} says and look again; where such units have shocks in "
        "common, the interval is too short without "
        f"`Panel.from_frame(cluster={cluster!r})`",
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
    groupings = _groupings(data)
    p_values = (group_correlation(errors, groupings[name], rng)[0] for name in names)
    return any(p <= _LEVEL_AFTER_HISTORY for p in p_values)


def _by_period(data: Panel, residuals: Residuals, rows: np.ndarray) -> np.ndarray:
    """Sums of rows (n,) by cluster and period (G, T)."""
    period = np.searchsorted(data.periods, data.time[: len(residuals.unit)])
    sums = np.zeros((len(data.clusters), len(data.periods)))
    np.add.at(sums, (data.cluster[residuals.unit], period), rows)
    return sums


def _groupings(data: Panel) -> dict[str, np.ndarray | None]:
    """Labels of clusters (G,) by what they may share; -1 for none, None for neighbours in order."""
    count = len(data.clusters)
    groupings: dict[str, np.ndarray | None] = {
        f"the next {data.arguments['unit']!r}": None
    }
    first = np.unique(data.cluster, return_index=True)[1]
    if data.cluster_name is None:
        constant = data.constant_within_units(data.treatment).all(axis=1)
        groupings["the same treatment at every time"] = np.where(
            constant, -1, paths(data)
        )
    for name in data.covariates:
        codes = pd.factorize(data.source[name])[0]
        lasting = data.constant_within_units(codes[:, None])[:, 0].all()
        by_cluster = codes[data.starts][first]
        if lasting and len(np.unique(by_cluster)) <= count / 2:
            groupings[f"the same {name}"] = by_cluster
    return groupings
