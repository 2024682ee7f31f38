"""Checks of a panel of counts or of 0 and 1: units that say something, feedback, equal ratios."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.core.estimand import answers_except
from causalstats.data import Panel
from causalstats.models.panel_glm.assumptions import EXOGENEITY
from causalstats.models.panel_glm.design import Design, design_of
from causalstats.models.panel_glm.score_test import score_test
from causalstats.models.shared.rows_of_units import unit_rows

if TYPE_CHECKING:
    from causalstats.models.panel_glm.model import PanelGLM

_LEVEL = 0.01
_FEWEST_CLUSTERS = 40


def data_checks(model: PanelGLM, data: Panel) -> tuple[Check, ...]:
    """Return the checks of a model and its data, in the order in which the report shows them."""
    estimands = answers_except(model, ())
    design = design_of(model, data)
    return (
        _clusters(design, data),
        _no_feedback(model, design, data, estimands),
        _same_ratio(model, design, data, estimands),
        *unit_rows(data, model.assumptions()[-1].name, numeric_outcome=False),
    )


def _clusters(design: Design, data: Panel) -> Check:
    clusters = len(np.unique(data.cluster[design.unit]))
    units = len(data.units)
    enough = clusters >= _FEWEST_CLUSTERS
    return Check(
        name="units whose outcome changes",
        passed=True if enough else None,
        value=float(clusters),
        expected=f"at least {_FEWEST_CLUSTERS} clusters with a unit whose outcome is informative",
        finding=f"{len(design.unit):,} of {units:,} units say something of effects, in "
        f"{clusters:,} clusters",
        remedy=""
        if enough
        else "Intervals may be too short: units whose outcome never changes say nothing here.",
        caution=not enough,
    )


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
    return _zero(
        model,
        shorter,
        data,
        later * seen[:, :, None],
        name=EXOGENEITY,
        expected="no effect of the treatment of the next row",
        remedy="Outcomes move later treatments, or something does that moves both: the ratio is "
        "biased. Take the treatment of the row before.",
        estimands=estimands,
    )


def _same_ratio(
    model: PanelGLM, design: Design, data: Panel, estimands: tuple[str, ...]
) -> Check:
    """The product of treatment and the unit's level has no effect, given the unit's sum."""
    count = len(data.treatments)
    level = design.outcome.sum(axis=1) / design.seen.sum(axis=1)
    rank = stats.rankdata(level) / len(level) - 0.5
    products = design.columns[:, :, :count] * rank[:, None, None]
    return _zero(
        model,
        design,
        data,
        products,
        name="ratio the same at every level",
        expected="no effect of the product of treatment and the unit's level",
        remedy="The ratio differs between units of different levels, as where effects add to the "
        "outcome: compare `cs.PanelDML`, or say that the ratio is an average.",
        estimands=estimands,
    )


def _zero(
    model: PanelGLM,
    design: Design,
    data: Panel,
    added: np.ndarray,
    *,
    name: str,
    expected: str,
    remedy: str,
    estimands: tuple[str, ...],
) -> Check:
    """Return the robust score check that added columns have no effect.

    Parameters
    ----------
    model : PanelGLM
    design : Design
    data : Panel
    added : array, shape (N, T, r)
    name, expected, remedy : str
    estimands : tuple of str
    """
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
    p_value = float("nan")
    if len(np.unique(cluster)) > 2 * (added.shape[2] + part.columns.shape[2]):
        p_value = score_test(model.outcome_family, part, added[kept], cluster)
    decided = bool(np.isfinite(p_value))
    passed = (p_value > _LEVEL) if decided else None
    return Check(
        name=name,
        passed=passed,
        value=p_value,
        expected=f"{expected}: p above {_LEVEL:g}",
        finding=f"p = {p_value:.2g}"
        if decided
        else "too few clusters: these data cannot tell",
        remedy="" if passed else remedy,
        estimands=estimands,
        assumption="" if name != EXOGENEITY else EXOGENEITY,
    )
