"""The answers of an event study: averages of effects, leads, and bounds without parallel trends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.estimand import Estimand
from causalstats.data import Panel
from causalstats.models.event_study import aggregations
from causalstats.models.event_study.adoption import Adoption, Cells
from causalstats.models.event_study.event_study_regression import grouped_by_cohort
from causalstats.models.shared.slope_sentences import slope_scale
from causalstats.numerics.panel import parallel_trend_violations

if TYPE_CHECKING:
    from causalstats.models.event_study.model import EventStudy

_CONTRAST = "treated - not treated, of the treated"
_NO_LEADS = "no cohort was seen two periods before it is affected."
_SEED = (
    20230501  # of the draws given smooth trends, which the posterior draws determine
)


def estimands(model: EventStudy) -> dict[str, Estimand]:
    """Return the answers of a model, by name."""
    answers = {
        "att": _answer(
            model,
            _average(model, _overall),
            "Average treatment effect on the treated (ATT): the mean over the treated rows that "
            "are kept.",
            sentence=_in_a_sentence,
        ),
        "event_time": _answer(
            model,
            _averages(model, "event_time", _event_times),
            "ATT by event time (periods since adoption), cohorts weighed by their treated rows.",
        ),
        "cohort": _answer(
            model,
            _averages(model, "cohort", _cohorts),
            "ATT of each cohort, over the periods from its adoption on.",
        ),
        "calendar_time": _answer(
            model,
            _averages(model, "calendar_time", _calendar_times),
            "ATT in each period, of the cohorts that have adopted by then.",
        ),
        "mean_event_time": _answer(
            model,
            _average(model, _mean_event_time),
            "Mean of the ATT over event times from adoption on, each with the same weight.",
        ),
        "cell": _answer(
            model,
            lambda draws, data: draws["effect"],
            "Group-time ATT: of each cohort in each period.",
        ),
        "lead": replace(
            _answer(
                model,
                _leads(model),
                "Difference in trends before adoption: of the cohorts to the units that never "
                "adopt, by event time, against the last period that nothing affects.",
            ),
            kind="associational",
            unavailable_reason=_reason(model),
        ),
        "breakdown_value": replace(
            _answer(
                model,
                _breakdown(model),
                "The relative magnitude M̄ of a violation of parallel trends that would explain "
                "the ATT: after adoption trends would have to change by M̄ times the largest "
                "change between two periods before it. Negative where the ATT is negative "
                "(Rambachan & Roth 2023).",
            ),
            unit="times the largest change before adoption",
            scale=None,
            kind="associational",
            unavailable_reason=_reason(model),
        ),
    }
    if model.trend_violation is not None:
        answers["att_bounds"] = replace(
            _answer(
                model,
                _bounds(model),
                "Smallest and largest ATT when trends are not parallel, by "
                f"{_RESTRICTIONS[model.trend_restriction]} of at most {model.trend_violation:g}; "
                "against units that never adopt and the last period that nothing affects.",
            ),
            unavailable_reason=_reason(model),
        )
    return answers


_RESTRICTIONS = {
    "relative magnitudes": "changes between periods after adoption, in units of the largest before",
    "smoothness": "changes of the slope of the difference in trends",
}


def _answer(
    model: EventStudy,
    compute: Callable[[xr.Dataset, Panel], xr.DataArray],
    description: str,
    sentence: Callable[[Panel], str] | str = "",
) -> Estimand:
    names = tuple(assumption.name for assumption in model.assumptions())
    return Estimand(
        compute=compute,
        description=description,
        unit="units of the outcome",
        contrast=_CONTRAST,
        kind="causal",
        assumptions=names,
        sentence=sentence,
        scale=slope_scale,
    )


def _in_a_sentence(data: Panel) -> str:
    words = data.wording
    outcome = words.label(data.arguments["outcome"])
    treatment = words.label(data.treatments[0])
    if not words:
        return (
            f"{treatment} {{changes}} {outcome} of the treated by {{value}} on average."
        )
    return f"{treatment} {{raises}} {outcome} of the treated by about {{value}} on average."


def _overall(study: Adoption, cells: Cells, size: np.ndarray) -> np.ndarray:
    return aggregations.overall(cells, size)


def _mean_event_time(study: Adoption, cells: Cells, size: np.ndarray) -> np.ndarray:
    return aggregations.mean_of_event_times(cells, size)


def _event_times(
    study: Adoption, cells: Cells, size: np.ndarray
) -> aggregations.Weights:
    after = size * (cells.event_time >= -study.anticipation)
    return aggregations.by_event_time(cells, after)


_cohorts = aggregations.by_cohort
_calendar_times = aggregations.by_calendar_time


def _labelled(
    draws: xr.Dataset, values: np.ndarray, dim: str = "", labels: Sequence[Any] = ()
) -> xr.DataArray:
    """Return values of every draw, along a further dim where one is named.

    Parameters
    ----------
    draws : Dataset
    values : array
        (chain, draw, ...) or (chain draw, ...).
    dim : str
    labels : sequence
    """
    shape = [draws.sizes["chain"], draws.sizes["draw"]]
    coords: dict[str, Any] = {"chain": np.arange(shape[0]), "draw": np.arange(shape[1])}
    dims = ["chain", "draw"]
    if dim:
        shape.append(len(labels))
        dims.append(dim)
        coords[dim] = labels
    return xr.DataArray(values.reshape(shape), dims=dims, coords=coords)


def _average(model: EventStudy, weigh: Callable[..., np.ndarray]) -> Callable:
    """Return a function of draws and data: one average of the effects of cells."""

    def compute(draws: xr.Dataset, data: Panel) -> xr.DataArray:
        study, cells = model.adoption(data), model.effect_cells(data)
        weights = weigh(study, cells, model.cell_sizes(data))
        return _labelled(draws, draws["effect"].to_numpy() @ weights[0])

    return compute


def _averages(
    model: EventStudy, dim: str, weigh: Callable[..., aggregations.Weights]
) -> Callable:
    """Return a function of draws and data: several averages, along a dim of this name."""

    def compute(draws: xr.Dataset, data: Panel) -> xr.DataArray:
        study, cells = model.adoption(data), model.effect_cells(data)
        weights, labels = weigh(study, cells, model.cell_sizes(data))
        return _labelled(draws, draws["effect"].to_numpy() @ weights.T, dim, labels)

    return compute


def path(
    model: EventStudy, draws: xr.Dataset, data: Panel
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return draws of the coefficients by event time with leads, and the weights of the ATT.

    Parameters
    ----------
    model : EventStudy
    draws : Dataset
    data : Panel

    Returns
    -------
    values : array, shape (draws, k)
        All but that of the base period.
    event_times : int array, shape (k,)
    weights : array, shape (k,)
        Of the ATT; 0 for leads.
    """
    study = model.adoption(data)
    mask = model.saturated(study)
    cells, size = study.cells.part(mask), model.statistics(data).size[mask]
    weights, event_times = aggregations.by_event_time(cells, size)
    flat = draws["saturated"].to_numpy().reshape(-1, len(cells))
    times = np.array(event_times)
    total = np.array([size[cells.event_time == time].sum() for time in times])
    share = total * (times >= 0)
    return flat @ weights.T, times, share / share.sum()


def path_moments(
    model: EventStudy, draws: xr.Dataset, data: Panel
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (k,) and covariance (k, k) of the coefficients by event time.

    With clustered errors they are those of the estimates: draws have t distributions, whose
    variance is larger.

    Parameters
    ----------
    model : EventStudy
    draws : Dataset
    data : Panel
    """
    if not model.clustered:
        values, _, _ = path(model, draws, data)
        return values.mean(axis=0), np.atleast_2d(np.cov(values.T))
    _, estimate = grouped_by_cohort(model.for_rows(), data)
    study = model.adoption(data)
    mask = model.saturated(study)
    cells, size = study.cells.part(mask), model.statistics(data).size[mask]
    weights, _ = aggregations.by_event_time(cells, size)
    covariance = weights @ estimate.covariance @ weights.T
    return weights @ estimate.coefficients, covariance


def lead_count(model: EventStudy, data: Panel) -> int:
    """Return how many event times before the base were seen without a gap."""
    study = model.adoption(data)
    times = set(study.cells.event_time[study.leads_compared].tolist())
    count = 0
    while study.base - 1 - count in times:
        count += 1
    return count


def _reason(model: EventStudy) -> Callable[[Panel], str]:
    return lambda data: "" if lead_count(model, data) else _NO_LEADS


def _leads(model: EventStudy) -> Callable:
    def compute(draws: xr.Dataset, data: Panel) -> xr.DataArray:
        values, times, _ = path(model, draws, data)
        before = times < model.adoption(data).base
        labels = times[before].tolist()
        return _labelled(draws, values[:, before], "event_time", labels)

    return compute


def _restricted(
    model: EventStudy, draws: xr.Dataset, data: Panel
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return draws of leads and of the ATT, and the weights of event times in the ATT.

    Parameters
    ----------
    model : EventStudy
    draws : Dataset
    data : Panel

    Returns
    -------
    leads : array, shape (n, K)
        At event times without a gap before the base.
    att : array, shape (n,)
    weights : array, shape (E,)
        From the event time after the base on; 0 at those that no cohort has.
    """
    values, times, weights = path(model, draws, data)
    base = model.adoption(data).base
    leads = (times < base) & (times >= base - lead_count(model, data))
    after = times > base
    steps = np.zeros(int(times.max()) - base)
    steps[times[after] - base - 1] = weights[after]
    return values[:, leads], values[:, after] @ weights[after], steps


def _breakdown(model: EventStudy) -> Callable:
    def compute(draws: xr.Dataset, data: Panel) -> xr.DataArray:
        leads, att, weights = _restricted(model, draws, data)
        reach = parallel_trend_violations.relative_magnitude(leads, weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            return _labelled(draws, att / reach)

    return compute


def _bounds(model: EventStudy) -> Callable:
    def compute(draws: xr.Dataset, data: Panel) -> xr.DataArray:
        assert model.trend_violation is not None
        leads, att, weights = _restricted(model, draws, data)
        if model.trend_restriction == "relative magnitudes":
            centre = np.zeros(len(att))
            width = (
                model.trend_violation
                * parallel_trend_violations.relative_magnitude(leads, weights)
            )
        else:
            leads, att = _given_smooth_trends(model, leads, att)
            centre, half = parallel_trend_violations.smooth_trend(
                -leads[:, -1], weights, model.trend_violation
            )
            width = np.full(len(att), half)
        ends = np.column_stack([att - centre - width, att - centre + width])
        return _labelled(draws, ends, "end", ["lower", "upper"])

    return compute


def _given_smooth_trends(
    model: EventStudy, leads: np.ndarray, att: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return draws of leads and ATT given that leads are smooth too.

    Parameters
    ----------
    model : EventStudy
    leads : array, shape (n, K)
    att : array, shape (n,)
    """
    joint = np.column_stack([leads, att])
    assert model.trend_violation is not None
    smooth = parallel_trend_violations.draw_smooth_leads(
        joint.mean(axis=0),
        np.cov(joint.T),
        leads.shape[1],
        model.trend_violation,
        len(joint),
        np.random.default_rng(_SEED),
    )
    return smooth[:, :-1], smooth[:, -1]
