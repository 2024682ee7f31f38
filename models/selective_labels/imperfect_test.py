"""Sensitivity and specificity of an imperfect test, as parts of a selective-labels model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from causalstats.core.assumption import Assumption
from causalstats.core.knowledge import Known, as_known
from causalstats.data import Decisions
from causalstats.models.shared.population import flat
from causalstats.numerics.selection.misclassification import share_positive

if TYPE_CHECKING:
    from causalstats.models.selective_labels.model import SelectiveLabels

RATES = ("sensitivity", "specificity")
_RESAMPLES = 1000


def is_imperfect(model: SelectiveLabels) -> bool:
    """Return whether a result may differ from the outcome."""
    return any(getattr(model, rate) != Known(1.0) for rate in RATES)


def uncertain_rates(model: SelectiveLabels) -> tuple[str, ...]:
    """Return the names in the posterior of the rates that are not known exactly."""
    return tuple(f"test_{rate}" for rate in RATES if not getattr(model, rate).exact)


def rate_sds(model: SelectiveLabels) -> dict[str, float]:
    """Return prior standard deviations of the rates."""
    return {f"test_{rate}": getattr(model, rate).sd for rate in RATES}


def inputs(model: SelectiveLabels) -> dict[str, float]:
    """Return the known values of the rates, by their names in the graph."""
    values = {}
    for rate in RATES if is_imperfect(model) else ():
        known = getattr(model, rate)
        values[f"known_{rate}"] = known.value
        if not known.exact:
            values[f"known_{rate}_sd"] = known.sd
    return values


def add_rates(model: SelectiveLabels, given: Mapping[str, Any]) -> tuple[Any, ...]:
    """Add sensitivity and specificity to the graph, where a result may differ from the outcome."""
    import pymc as pm

    rates = []
    for rate in RATES if is_imperfect(model) else ():
        known = given[f"known_{rate}"]
        name = f"test_{rate}"
        if f"known_{rate}_sd" in given:
            rates.append(pm.Beta(name, mu=known, sigma=given[f"known_{rate}_sd"]))
        else:
            rates.append(pm.Deterministic(name, known))
    return tuple(rates)


def rates_of(draws: xr.Dataset) -> tuple[np.ndarray, ...]:
    """Return draws of sensitivity and specificity, (draws, 1); none where the test is perfect."""
    if f"test_{RATES[0]}" not in draws:
        return ()
    return tuple(flat(draws, f"test_{rate}") for rate in RATES)


def reported(
    model: SelectiveLabels, draws: xr.Dataset, risk: xr.DataArray
) -> xr.DataArray:
    """Return the share of positive results at a mean risk, (chain, draw).

    Parameters
    ----------
    model : SelectiveLabels
    draws : Dataset
        The posterior.
    risk : DataArray (chain, draw)
    """
    if not is_imperfect(model):
        return risk
    return share_positive(risk, *(draws[f"test_{rate}"] for rate in RATES))


def assumptions(model: SelectiveLabels) -> tuple[Assumption, ...]:
    """Return that the errors of the test are the same for everybody."""
    if not is_imperfect(model):
        return ()
    return (
        Assumption(
            name="errors of the test",
            statement="A result misses or invents a case at rates that are the same for everybody: "
            f"sensitivity {model.sensitivity}, specificity {model.specificity}.",
            if_wrong="Where the outcome is rare, one percent of specificity is as much as the "
            "prevalence itself: look at the sensitivity to it. Other rates show in these data only "
            "where they contradict a known prevalence.",
            formula="P(R=1 | Y=1), P(R=0 | Y=0), independent of x and ζ",
            checks=("agrees with the data: prevalence",),
            fields=("sensitivity", "specificity"),
        ),
    )


def baselines(model: SelectiveLabels, data: Decisions) -> dict[str, Any]:
    """Return the share of positive results, and its correction, where everybody was tested.

    Each is a function of a Generator that returns draws of the prevalence: the share with a
    Bayesian bootstrap of the people, and (share + specificity - 1) / (sensitivity + specificity -
    1), by Rogan & Gladen (1978), at the rates as they are known.
    """

    def reported(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
        weights = data.weights * rng.standard_exponential((_RESAMPLES, len(data)))
        return weights @ (data.outcome == 1) / weights.sum(axis=1), None

    def corrected(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
        share, _ = reported(rng)
        sensitivity, specificity = (
            known.value + known.sd * rng.standard_normal(_RESAMPLES)
            for known in map(as_known, (model.sensitivity, model.specificity))
        )
        prevalence = (share + specificity - 1) / (sensitivity + specificity - 1)
        return np.clip(prevalence, 0, 1), None

    return {"share of positive results": reported, "Rogan & Gladen": corrected}
