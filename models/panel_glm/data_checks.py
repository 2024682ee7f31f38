"""Checks of a panel of counts or of 0 and 1: units that say something, feedback, equal ratios."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.core.estimand import answers_except
from causalstats.data import Panel
from causalstats.models.panel_dml.checks.covariates_at_adoption import (
    covariates_at_adoption,
)
from causalstats.models.panel_dml.checks.covariates_follow import covariates_follow
from causalstats.models.panel_glm.adoption import (
    before_adoption,
    padded,
    since_adoption,
)
from causalstats.models.panel_glm.assumptions import CONFOUNDERS, EXOGENEITY, LATER
from causalstats.models.panel_glm.design import Design, design_of, varies_beside
from causalstats.models.panel_glm.posterior import by_cluster
from causalstats.models.panel_glm.score_test import (
    information_of,
    mode_of,
    score_test,
)
from causalstats.models.panel_glm.separation import ratio_is_bounded
from causalstats.models.panel_glm.shared_shocks import shared_shocks
from causalstats.models.shared.common_changes import (
    common_changes_check,
    spans_of_periods,
)
from causalstats.models.shared.covariate_form import (
    linear_covariates,
    omitted_columns,
)
from causalstats.models.shared.interference import (
    can_show_interference,
    interference_check,
    mean_of_others,
    strongest_of,
    tells_more,
)
from causalstats.models.shared.leverage import shares_of_clusters
from causalstats.models.shared.rows_of_units import unit_rows
from causalstats.models.shared.units_alike import units_alike

if TYPE_CHECKING:
    from causalstats.models.panel_glm.model import PanelGLM

_LEVEL = 0.01
_FEWEST_CLUSTERS = 40
_FEWEST_EFFECTIVE = 12.0
_LEAST_UNEXPLAINED = 0.01  # of a treatment's variance within units


def data_checks(model: PanelGLM, data: Panel) -> tuple[Check, ...]:
    """Return the checks of a model and its data, in the order in which the report shows them."""
    estimands = answers_except(model, ())
    design = design_of(model, data)
    return (
        _clusters(model, design, data),
        *ratio_is_bounded(model, data, estimands),
        *_collinear(design, data, estimands),
        _no_feedback(model, design, data, estimands),
        _same_ratio(model, design, data, estimands),
        *_grows(model, design, data, estimands),
        *_linear_covariates(model, design, data, estimands),
        *_common_changes(model, design, data, estimands),
        *_interference(model, design, data, estimands),
        *shared_shocks(model, data, design, estimands),
        *covariates_at_adoption(data, estimands, CONFOUNDERS),
        *covariates_follow(data, estimands, CONFOUNDERS),
        *units_alike(data, estimands, CONFOUNDERS),
        *unit_rows(data, model.assumptions()[-1].name, numeric_outcome=False),
    )


def _clusters(model: PanelGLM, design: Design, data: Panel) -> Check:
    clusters = len(np.unique(data.cluster[design.unit]))
    units = len(data.units)
    effective = _effective(model, design, data)
    alike = effective >= _FEWEST_EFFECTIVE
    enough = clusters >= _FEWEST_CLUSTERS and alike
    silent = units - len(design.unit)
    why = f" The outcome of {silent:,} units never changes." if silent else ""
    remedy = f"With so few clusters intervals may be too short.{why}"
    if not alike:
        remedy = (
            "A few clusters say most of the effect, such as those with the largest counts: the "
            "answer is about them, and how they differ by chance is hardly known. Set the answer "
            "without them beside it."
        )
    return Check(
        name="units whose outcome changes",
        passed=True if enough else None,
        value=float(clusters),
        expected=f"at least {_FEWEST_CLUSTERS} clusters with a unit whose outcome is informative, "
        f"which say as much as {_FEWEST_EFFECTIVE:g} alike",
        finding=f"{len(design.unit):,} of {units:,} units say something of effects, in "
        f"{clusters:,} clusters, which say as much as {effective:.0f} alike",
        remedy="" if enough else remedy,
        caution=not enough,
    )


def _collinear(
    design: Design, data: Panel, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Whether covariates, times and other treatments leave some of every treatment."""
    share, name = min(zip(varies_beside(design), data.treatments, strict=True))
    if share >= _LEAST_UNEXPLAINED:
        return ()
    return (
        Check(
            name="treatment varies beside covariates",
            passed=None,
            value=float(share),
            expected=f"at least {_LEAST_UNEXPLAINED:.0%} of every treatment's variance within "
            "units left by covariates, times and other treatments",
            finding=f"{share:.2g} of that of {name} is left",
            remedy="The answer rests on little, and on the prior: leave out covariates that do not "
            "confound, and set `fit.sensitivity(effect_sd=[1, 2.5, 5])` beside it.",
            estimands=estimands,
            caution=True,
        ),
    )


def _effective(model: PanelGLM, design: Design, data: Panel) -> float:
    """Return how many clusters with equal shares say as much of the effects as these."""
    family = model.outcome_family
    mode = mode_of(model, data)
    precision = information_of(family, design, mode) + np.diag(1 / design.sds**2)
    shares = shares_of_clusters(
        by_cluster(family, design, data),
        mode,
        np.linalg.pinv(precision, hermitian=True),
        len(data.treatments),
    )
    return shares.effective


def _no_feedback(
    model: PanelGLM, design: Design, data: Panel, estimands: tuple[str, ...]
) -> Check:
    """The treatment of the next row has no effect where outcomes do not move it."""
    count = len(data.treatments)
    treatments = design.columns[:, :, :count]
    later = np.concatenate(
        [treatments[:, 1:], np.zeros_like(treatments[:, :1])], axis=1
    )
    seen = np.concatenate([design.seen[:, 1:], 0 * design.seen[:, :1]], axis=1)
    shorter = replace(
        design,
        seen=seen,
        outcome=design.outcome * seen,
        columns=design.columns * seen[:, :, None],
    )
    p_value = _p_value(model, shorter, data, later * seen[:, :, None])
    untreated = before_adoption(design, data)
    if untreated is None:
        return _check(
            p_value,
            name=EXOGENEITY,
            expected="no effect of the treatment of the next row",
            remedy="Outcomes move later treatments, or something does that moves both: the ratio "
            "is biased. Take the treatment of the row before.",
            estimands=estimands,
        )
    tests = np.array([p_value, _p_value(model, untreated[0], data, untreated[1])])
    decided = np.isfinite(tests).sum()
    return _check(
        float(min(1.0, decided * np.nanmin(tests))) if decided else float("nan"),
        name=EXOGENEITY,
        expected="no trend of their own in units that will adopt, and no effect of the treatment "
        "of the next row",
        remedy="Outcomes of units that adopt grow at another rate before they do, or it was "
        "anticipated: the ratio takes that in. Let the treatment begin when it was known of, or "
        "name covariates that the growth depends on, times time.",
        estimands=estimands,
    )


def _grows(
    model: PanelGLM, design: Design, data: Panel, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Time since adoption has no effect beside the treatment; nothing of one that may end."""
    since = since_adoption(design, data)
    if since is None:
        return ()
    return (
        _check(
            _p_value(model, design, data, since),
            name=LATER,
            expected="no effect of time since adoption beside the treatment",
            remedy="The ratio grows or fades after adoption, where one ratio is no average over "
            "periods; or units that adopt grow at another rate whatever the treatment does. Read "
            "the treatment as several of 0 and 1, such as its first period and later ones, and "
            "compare units of like growth before adoption.",
            estimands=estimands,
        ),
    )


def _same_ratio(
    model: PanelGLM, design: Design, data: Panel, estimands: tuple[str, ...]
) -> Check:
    """The product of treatment and the unit's level has no effect.

    Each half of the periods is tested with the level of the other half: a chance that raises an
    outcome would else raise the level too, and outcomes that vary more than the family says would
    fail in one data set of seven.
    """
    count = len(data.treatments)
    periods = design.seen.shape[1]
    early = np.arange(periods) < periods // 2
    first, first_products = _half(design, early, count)
    second, second_products = _half(design, ~early, count)
    both = replace(
        design,
        columns=np.concatenate([first.columns, second.columns]),
        outcome=np.concatenate([first.outcome, second.outcome]),
        seen=np.concatenate([first.seen, second.seen]),
        weights=np.tile(design.weights, 2),
        unit=np.tile(design.unit, 2),
    )
    products = np.concatenate([first_products, second_products])
    return _check(
        _p_value(model, both, data, products),
        name="ratio the same at every level",
        expected="no effect of the product of treatment and the unit's level at other times",
        remedy="The ratio differs between units of different levels, as where effects add to the "
        "outcome: compare `cs.PanelDML`, or say that the ratio is an average.",
        estimands=estimands,
    )


def _half(design: Design, rows: np.ndarray, count: int) -> tuple[Design, np.ndarray]:
    """Return the design of some periods, and its treatments times the level at the others.

    Parameters
    ----------
    design : Design
    rows : bool array, shape (T,)
    count : int
        The number of treatments.

    Returns
    -------
    Design
        Of units that were seen at the others too.
    array, shape (N, T, count)
    """
    others = design.seen * ~rows
    times = others.sum(axis=1)
    level = (design.outcome * others).sum(axis=1) / np.maximum(times, 1)
    rank = stats.rankdata(level) / len(level) - 0.5
    seen = design.seen * rows * (times > 0)[:, None]
    half = replace(
        design,
        seen=seen,
        outcome=design.outcome * seen,
        columns=design.columns * seen[:, :, None],
    )
    return half, half.columns[:, :, :count] * rank[:, None, None]


def _linear_covariates(
    model: PanelGLM, design: Design, data: Panel, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return whether curves in a covariate, or its values as categories, have an effect."""
    added = {
        name: padded(design, data, columns)
        for name, columns in omitted_columns(data).items()
    }
    p_values = {
        name: _p_value(model, design, data, columns) for name, columns in added.items()
    }
    likelihood = model.outcome_family.assumption(model.errors == "cluster").name
    return linear_covariates(p_values, estimands, likelihood)


def _interference(
    model: PanelGLM, design: Design, data: Panel, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return whether the mean treatment of other units of a cluster has an effect."""
    clusters = len(np.unique(data.cluster[design.unit]))
    if not can_show_interference(data, clusters):
        return ()
    others = mean_of_others(data)
    p_values = [
        _p_value(model, design, data, padded(design, data, column[:, None]))
        if more
        else np.nan
        for column, more in zip(others.T, tells_more(data, others), strict=True)
    ]
    return interference_check(
        data, strongest_of(data, p_values), estimands, CONFOUNDERS
    )


def _common_changes(
    model: PanelGLM, design: Design, data: Panel, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Dummies of periods have no effect, where the model has none; nothing where it has."""
    if model.time_effects or data.absorbs_time or len(data.periods) < 2:
        return ()
    clusters = len(np.unique(data.cluster[design.unit]))
    spans = spans_of_periods(len(data.periods), clusters)
    of_row = spans[np.searchsorted(data.periods, data.time)]
    dummies = (of_row[:, None] == np.arange(1, spans.max() + 1)).astype(float)
    p_value = _p_value(model, design, data, padded(design, data, dummies))
    return (common_changes_check(p_value, estimands, CONFOUNDERS),)


def _check(
    p_value: float,
    *,
    name: str,
    expected: str,
    remedy: str,
    estimands: tuple[str, ...],
) -> Check:
    """Return the check that added columns have no effect.

    Parameters
    ----------
    p_value : float
        Of a robust score test; NaN where there is none.
    name, expected, remedy : str
    estimands : tuple of str
    """
    decided = bool(np.isfinite(p_value))
    passed = (p_value > _LEVEL) if decided else None
    return Check(
        name=name,
        passed=passed,
        value=p_value,
        expected=f"{expected}: p above {_LEVEL:g}",
        finding=f"p = {p_value:.2g}"
        if decided
        else "too few clusters or periods: these data cannot tell",
        remedy="" if passed else remedy,
        estimands=estimands,
        assumption="" if name != EXOGENEITY else EXOGENEITY,
    )


def _p_value(model: PanelGLM, design: Design, data: Panel, added: np.ndarray) -> float:
    """Return the p-value of added columns (N, T, r) having no effect; NaN with few clusters."""
    kept = model.outcome_family.informative(design.outcome, design.seen)
    part = replace(
        design,
        columns=design.columns[kept],
        outcome=design.outcome[kept],
        seen=design.seen[kept],
        weights=design.weights[kept],
        unit=design.unit[kept],
    )
    cluster = data.cluster[part.unit]
    if len(np.unique(cluster)) <= 2 * (added.shape[2] + part.columns.shape[2]):
        return float("nan")
    return score_test(model.outcome_family, part, added[kept], cluster)
