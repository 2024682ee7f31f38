"""Checks of `PanelDML`: whether clusters are enough for a standard error, and whether they share shocks.

They look at residuals at typical values of the scales, so that nothing needs to be sampled.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.treatment_history import paths, without_history
from causalstats.models.panel_dml.robust_errors import Residuals, residuals_at
from causalstats.numerics.panel.cluster_robust import cluster_robust
from causalstats.numerics.panel.group_correlation import group_correlation
from causalstats.numerics.panel.within_transformation import demeaned

# Degrees of freedom of the clusters. Where treated units have errors three times as large as others,
# intervals cover .87 with 2.3 degrees, .88 with 2.8, .91 with 3.5; six units have 3 to 5.
_FEWEST = 3.0
_MOST_ROWS = 200_000  # of which covariates are taken out, and on which shocks are looked for
_LEVEL = 0.005  # over all groupings, in two tests each
_P_VALUES = 0.0005, 0.002  # the smallest that can be told, and the largest that counts for one
_REMAINING_P = 0.05  # once the first test has failed
_INTERVALS = ("effect", "moderation", "average_effect", "robustness_value", "contextual_effect")
_SUPPOSED = "The interval leans on the errors being alike in all clusters. "
_PLACEBO = (
    "Set the effect beside those of a treatment given, on paper, to each of the clusters that do "
    "not change"
)
_FADING = "Set it beside that of errors='ar1', which supposes how errors fade instead"
_ASSUMPTION = {
    "cluster": "independent clusters",
    "bootstrap": "independent clusters",
    "iid": "independent errors",
    "ar1": "errors that fade",
}


def dependence_checks(model: Any, data: Panel, failed: tuple[str, ...] = ()) -> tuple[Check, ...]:
    """Return what can be said of the clusters that the standard error rests on.

    Parameters
    ----------
    model : PanelDML
    data : Panel
    failed : tuple of str
        Failed checks of what treatments do over time, which make residuals of units that are
        treated alike correlated too.
    """
    found = typical_residuals(model, data)
    checks = [_few(model, data, found)] if model.errors in ("cluster", "bootstrap") else []
    if len(data) <= _MOST_ROWS and len(data.periods) > 1:
        checks.append(_shared(model, data, found, failed))
    return tuple(checks)


@lru_cache(maxsize=2)
def typical_residuals(model: Any, data: Panel) -> Residuals:
    """Return residuals at typical values of the scales; of many rows, without covariates."""
    if len(data) > _MOST_ROWS:
        return _demeaned(model, data)
    form = model.prepared(data)
    aims, terms = len(form.units), form.basis.priors()["terms"].shape[1]
    scales = {
        "standard_effect": np.zeros(aims - 1),
        "standard_link": np.zeros((aims - 1) * (aims - 2) // 2),
        "standard_error_sd": np.full(aims, 0.7),
        "standard_coefficient_sd": np.full(aims, 0.7),
    }
    if model.correlated:
        scales["standard_association"] = np.full(aims * (aims - 1) // 2, 0.5)
    if model.shrinkage == "global-local":
        scales["covariate_scale"] = np.full((aims, terms), 0.7)
    if model.basis == "hsgp":
        scales["length_scale"] = np.ones((aims, terms))
    if model.errors == "ar1":
        scales["serial_correlation"] = np.zeros(aims)
    return residuals_at(model, data, scales)


def _demeaned(model: Any, data: Panel) -> Residuals:
    """Treatments about their unit means, or their mean: enough to see who decides the effect."""
    starts = data.starts if model.inside else np.zeros(1, int)
    left = demeaned(data.treatment, starts, data.weights) * np.sqrt(data.weights)[:, None]
    none, free = np.empty((len(left), 0)), float(len(left) - len(starts))
    slopes = np.zeros(left.shape[1])
    return Residuals(left, slopes, np.zeros(len(left)), none, data.unit, free, free)


def _few(model: Any, data: Panel, found: Residuals) -> Check:
    exact = cluster_robust(
        found.regressors, found.residuals, found.others, data.cluster[found.unit]
    )
    own = len(data.treatments)
    worth = float((exact.seen * exact.degrees)[:own].min())
    clusters = np.unique(data.cluster[data.sizes > 1]) if model.inside else data.clusters
    still = data.constant_within_units(data.treatment).any(axis=1)
    changing = len(np.unique(data.cluster[~still])) if model.inside else len(clusters)
    fine = worth >= _FEWEST
    kind = data.arguments["cluster"] or data.arguments["unit"]
    return Check(
        name="clusters enough",
        passed=True if fine else None,
        value=worth,
        expected=f"at least {_FEWEST:g} degrees of freedom of the cluster-robust standard error",
        finding=f"{changing:,} of {len(clusters):,} clusters ({kind}) change their treatment, and "
        f"the standard error has {worth:.1f} degrees of freedom",
        remedy="" if fine else _SUPPOSED + (_PLACEBO if changing <= len(clusters) / 2 else _FADING),
        estimands=tuple(name for name in _INTERVALS if name in model.estimands()),
        caution=True,
    )


def _shared(model: Any, data: Panel, found: Residuals, failed: tuple[str, ...]) -> Check:
    """Whether clusters that are alike in something have residuals alike, and treatments too."""
    treatments = _by_period(data, found, found.regressors[:, 0])
    errors = _by_period(data, found, found.residuals)
    groupings = _groupings(data)
    level = np.clip(_LEVEL / len(groupings), *_P_VALUES)
    rng = np.random.default_rng(0)
    suspects: dict[str, float] = {}
    for name, label in groupings.items():
        p, correlation = group_correlation(errors, label, rng)
        if p <= level and group_correlation(treatments, label, rng)[0] <= level:
            suspects[name] = correlation
    explained = suspects and failed and not _remain(model, data, found, suspects, rng)
    clustered = data.arguments["cluster"]
    wider = f"wider than {clustered!r}" if clustered else "that they belong to"
    worst = max(suspects, key=lambda name: suspects[name]) if suspects else ""
    column = worst.removeprefix("the same ")
    named = column if column in data.covariates else "..."
    finding = "; ".join(
        f"residuals of {data.arguments['unit']!r} with {name} have a correlation of {value:.2f}"
        for name, value in suspects.items()
    )
    remedy = (
        f"The interval is too short: give the panel the group {wider}, "
        f"`Panel.from_frame(cluster={named!r})`"
    )
    if explained:
        finding += (
            f", and none after an event study: what the check {failed[0]!r} found explains it as "
            "well as shocks that they share"
        )
        remedy = (
            f"Do as the check {failed[0]!r} says and look again; where such units have shocks in "
            f"common, the interval is too short without `Panel.from_frame(cluster={named!r})`"
        )
    return Check(
        name="clusters share no shocks",
        passed=None if explained else not suspects,
        value=max(suspects.values(), default=0.0),
        expected=f"no correlation of residuals and treatments between clusters, p above {level:g}",
        finding=finding
        or "none found between neighbours, units treated alike, or units with the same covariates",
        remedy=remedy if suspects else "",
        estimands=tuple(name for name in _INTERVALS if name in model.estimands()),
        assumption=_ASSUMPTION[model.errors],
        caution=True,
    )


def _remain(
    model: Any, data: Panel, found: Residuals, names: Iterable[str], rng: np.random.Generator
) -> bool:
    """Whether residuals are correlated without what the treatments' history explains."""
    errors = _by_period(data, found, without_history(model, data, found))
    groupings = _groupings(data)
    return any(group_correlation(errors, groupings[name], rng)[0] <= _REMAINING_P for name in names)


def _by_period(data: Panel, found: Residuals, rows: np.ndarray) -> np.ndarray:
    """Sums by cluster and period (G, T)."""
    period = np.searchsorted(data.periods, data.time[: len(found.unit)])
    sums = np.zeros((len(data.clusters), len(data.periods)))
    np.add.at(sums, (data.cluster[found.unit], period), rows)
    return sums


def _groupings(data: Panel) -> dict[str, np.ndarray | None]:
    """Labels of clusters (G,) by what they may share; -1 for none, None for neighbours in order."""
    count = len(data.clusters)
    found: dict[str, np.ndarray | None] = {f"the next {data.arguments['unit']!r}": None}
    first = np.unique(data.cluster, return_index=True)[1]
    if data.arguments["cluster"] is None:
        still = data.constant_within_units(data.treatment).all(axis=1)
        found["the same treatment at every time"] = np.where(still, -1, paths(data))
    for name in data.covariates:
        codes = pd.factorize(data.source[name])[0]
        lasting = data.constant_within_units(codes[:, None])[:, 0].all()
        own = codes[data.starts][first]
        if lasting and len(np.unique(own)) <= count / 2:
            found[f"the same {name}"] = own
    return found
