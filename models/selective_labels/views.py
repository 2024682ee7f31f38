"""Figures of selective labels: allocation curve, and ROC, calibration and decision curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from causalstats.core.score_question import ScoreQuestion
from causalstats.core.views import CurveView, View
from causalstats.data import Decisions
from causalstats.models.selective_labels.estimands import (
    found_among_riskiest,
    share_found,
    tested_share,
)
from causalstats.models.selective_labels.imperfect_test import is_imperfect
from causalstats.models.selective_labels.score_accuracy import accuracy_of_score

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

_DRAWS = 400
_SHARES = np.linspace(0.02, 1, 50)


def views(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions
) -> Mapping[str, Callable[[], View]]:
    """Return functions that gather what each figure shows, by name.

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
        The posterior.
    data : Decisions
    """
    figures: dict[str, Callable[[], View]] = {}
    if not data.decision.all():
        figures["allocation_curve"] = partial(_allocation_curve, model, draws, data)
    for score in data.kept_columns:
        if isinstance(data.source[score].dtype, pd.CategoricalDtype):
            continue
        values = data.source[score].to_numpy(float)
        figures[f"roc_curve of {score}"] = partial(
            _roc_curve, model, draws, data, score
        )
        if values.min() >= 0 and values.max() <= 1:
            figures[f"calibration_curve of {score}"] = partial(
                _calibration_curve, model, draws, data, score
            )
            figures[f"decision_curve of {score}"] = partial(
                _decision_curve, model, draws, data, score
            )
    return figures


def _accuracy(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions, score: str, measure: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a curve of a score: the points of its axis, draws (draws, points), and its band.

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
    data : Decisions
    score : str
        A column.
    measure : str
        A curve of `MEASURES`.
    """
    question = ScoreQuestion(score=score, measure=measure)
    _, estimand = accuracy_of_score(model, question, data)
    values = estimand.compute(draws, data)
    x = values[values.dims[-1]].to_numpy().astype(float)
    curves = values.to_numpy().reshape(-1, len(x))
    return x, curves.mean(axis=0), np.quantile(curves, [0.025, 0.975], axis=0).T


def _roc_curve(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions, score: str
) -> CurveView:
    x, curve, band = _accuracy(model, draws, data, score, "roc_curve")
    return CurveView(
        x=x,
        curve=curve,
        interval=band,
        curve_label=f"{score}, with its 95 % band",
        line=x,
        line_label="no information",
        axes=("false positive rate, 1 - specificity", "sensitivity"),
        note="Of people like those of the study, tested or not.",
    )


def _calibration_curve(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions, score: str
) -> CurveView:
    x, curve, band = _accuracy(model, draws, data, score, "calibration_curve")
    return CurveView(
        x=x,
        curve=curve,
        interval=band,
        curve_label="P(Y=1), with its 95 % band",
        line=x,
        line_label="as predicted",
        axes=(f"{score}, mean of each bin", "share with the outcome"),
        note="Of people like those of the study, tested or not, in bins of equal size.",
    )


def _decision_curve(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions, score: str
) -> CurveView:
    x, curve, band = _accuracy(model, draws, data, score, "decision_curve")
    _, everybody, _ = _accuracy(model, draws, data, score, "net_benefit_of_all")
    top = 1.1 * max(band.max(), everybody.max())
    return CurveView(
        x=x,
        curve=curve,
        interval=band,
        curve_label=f"those with a high {score}, with its 95 % band",
        line=everybody,
        line_label="everybody; nobody has 0",
        axes=(
            "risk from which people are treated",
            "net benefit, true positives a person",
        ),
        note="Of people like those of the study, tested or not (Vickers & Elkin 2006).",
        limits=(-0.25 * top, top),
        percent=False,
    )


def _allocation_curve(
    model: SelectiveLabels, draws: xr.Dataset, data: Decisions
) -> CurveView:
    step = -(-draws.sizes["chain"] * draws.sizes["draw"] // _DRAWS)
    thin = draws.isel(draw=slice(None, None, step))
    shares = np.append(0.0, _SHARES)
    found = found_among_riskiest(model.law, thin, data, _SHARES).reshape(
        -1, len(_SHARES)
    )
    found = np.column_stack([np.zeros(len(found)), found])
    actual = share_found(model.law, draws, data).to_numpy().ravel()
    lower, upper = np.quantile(actual, [0.025, 0.975])
    at_random = shares * float(
        thin["test_sensitivity"].mean() if is_imperfect(model) else 1
    )
    return CurveView(
        x=shares,
        curve=found.mean(axis=0),
        interval=np.quantile(found, [0.025, 0.975], axis=0).T,
        curve_label="the riskiest by their features first",
        line=at_random,
        line_label="at random",
        point=(tested_share(data), float(actual.mean()), float(lower), float(upper)),
        point_label="as it was decided",
        axes=("share of the people tested", "share of all cases found"),
        note="Who decides may see more than the features: the point can lie above the curve.",
    )
