"""Influence: the headline without each person, unit or group, mostly without refits.

Leave-one-out cross-validation (PSIS-LOO) by `az.loo(fit.idata())` rests on the same weights. Draws
are weighted by 1 / p(observed of the group | parameters), Pareto smoothed (PSIS). Where the shape k
of the weights is above 0.7 they cannot be trusted, and the model is fitted again without the group,
to as many groups as are asked for.

References
----------
Vehtari, Gelman & Gabry (2017), Practical Bayesian model evaluation using leave-one-out
cross-validation and WAIC, Statistics and Computing 27. MacKinnon, Nielsen & Webb (2023), Leverage,
influence, and the jackknife in clustered regression models, Stata Journal 23: whole clusters.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalstats.core.estimand import Estimand
from causalstats.core.model import Problem
from causalstats.core.observed_units import ObservedUnits
from causalstats.data import (
    Composition,
    Decisions,
    Instrumented,
    Observations,
    Panel,
)
from causalstats.errors import CausalStatsError, ModelError
from causalstats.inference.arviz_groups import Source
from causalstats.numerics.sampling.centre import centre_of, weighted_centre
from causalstats.numerics.sampling.pareto_smoothing import pareto_smoothed_weights
from causalstats.runs.progress import stage
from causalstats.samplers import program_for, sample

if TYPE_CHECKING:
    from causalstats.inference.fit import Fit

LARGEST_PARETO_K = 0.7
_MOST_DRAWS = 2_000  # in all chains
_WIDTH_IN_SD = 3.92  # of a 95 % interval of a normal distribution
_MOST_QUARTERED = 20  # different numbers of a column; more are cut into quarters


def influence(fit: Fit, by: str | None, entry: str | None, refits: int) -> pd.DataFrame:
    """Return the headline without each group, as `Fit.influence` says.

    Parameters
    ----------
    fit : Fit
    by : str, optional
        A column; each person, unit or row without it.
    entry : str, optional
        Which entry of a headline of several.
    refits : int
        The most groups that are left out by a refit.
    """
    chains = fit.draws["posterior"].sizes["chain"]
    source = Source(fit, max(1, _MOST_DRAWS // chains))
    units = source.units
    labels = _labels(fit, units, by)
    estimand = fit.model.estimands()[fit.headline]
    if estimand.per_person:
        raise ModelError(
            "The headline is a number a person: ask for the influence on another."
        )
    reported = fit.effect(fit.headline).numbers()
    centre = centre_of(reported)
    position = _position(list(map(str, reported.index)), entry)
    answer = _answers(estimand, source.working_draws, fit.data)[:, position]
    log_likelihood = units.log_likelihood()
    groups = pd.unique(labels)
    of_group = pd.Series(labels).map({name: k for k, name in enumerate(groups)})
    codes = of_group.to_numpy()
    rows = []
    for k, name in enumerate(groups):
        inside = codes == k
        weights = pareto_smoothed_weights(-log_likelihood[:, inside].sum(axis=1))
        number = weighted_centre(centre, answer, weights.weights)
        rows.append((name, int(inside.sum()), number, weights.pareto_k))
    columns = [by or units.dim, "size", centre, "pareto_k"]
    table = pd.DataFrame(rows, columns=columns).set_index(columns[0])
    table["refitted"] = False
    bad = table["pareto_k"] > LARGEST_PARETO_K
    order = table.index[bad][np.argsort(-table.loc[bad, "pareto_k"].to_numpy())]
    if len(groups) > 1:
        _refit(fit, table, order[:refits], labels, units.labels, position)
    trusted = table["refitted"] | (table["pareto_k"] <= LARGEST_PARETO_K)
    table.loc[~trusted, centre] = np.nan
    whole = weighted_centre(centre, answer, np.full(len(answer), 1 / len(answer)))
    table.insert(2, "change", table[centre] - whole)
    spread = reported["sd"]
    if centre == "median":  # of a heavy tail the sd says nothing
        spread = (reported["upper"] - reported["lower"]) / _WIDTH_IN_SD
    table.insert(3, "change_in_sd", table["change"] / spread.iloc[position])
    largest = -table["change"].abs().fillna(np.inf).to_numpy()
    return table.iloc[np.argsort(largest, kind="stable")]


def _refit(
    fit: Fit,
    table: pd.DataFrame,
    names: Any,
    labels: np.ndarray,
    pieces: np.ndarray,
    position: int,
) -> None:
    """Replace the means of these groups by those of refits without them.

    Parameters
    ----------
    fit : Fit
    table : DataFrame
        Changed in place.
    names : labels of groups
    labels : array, shape (units,)
        The group of each unit.
    pieces : array, shape (units,)
        The name of each unit.
    position : int
        Of the entry of the headline.
    """
    estimand = fit.model.estimands()[fit.headline]
    for name in names:
        try:
            data = without(fit.data, labels == name, pieces)
            draws = _sampled(fit, data, f"Refitting without {name}")
            working = replace(fit, draws=draws, data=data, _cache={})
            source = Source(working)
            answer = _answers(estimand, source.working_draws, fit.data)
        except CausalStatsError:  # what is left cannot answer: the mean stays unknown
            continue
        left = answer[:, position]
        table.loc[name, centre_of(table)] = weighted_centre(
            centre_of(table), left, np.full(len(left), 1 / len(left))
        )
        table.loc[name, "refitted"] = True


def _sampled(fit: Fit, data: Any, title: str) -> Any:
    problem = Problem(fit.model, data)
    with stage(title, fit.progress) as advance:
        advance(0, "compiling")
        program = program_for(fit.sampler, problem)
        return sample(program, problem, fit.seed, advance)


def _answers(estimand: Estimand, draws: Any, data: Any) -> np.ndarray:
    """Return draws of the answer, (draws, entries), chain by chain."""
    answer = estimand.compute(draws, data)
    if answer.sizes["draw"] != draws.sizes["draw"]:
        raise ModelError(
            "The answer takes fewer draws than there are: its influence cannot be weighted."
        )
    flat = answer.transpose("chain", "draw", ...).to_numpy()
    return flat.reshape(flat.shape[0] * flat.shape[1], -1)


def _position(names: list[str], entry: str | None) -> int:
    if entry is None:
        return 0
    if entry not in names:
        raise ModelError(
            f"The headline has no entry {entry!r}. It has: {', '.join(names)}."
        )
    return names.index(entry)


def _labels(fit: Fit, units: ObservedUnits, by: str | None) -> np.ndarray:
    """Return the group of each unit: itself, or the value of a column.

    Raises
    ------
    ModelError
        If there is no such column of units.
    """
    if by is None:
        return np.asarray(units.labels)
    data = fit.data
    if isinstance(data, Panel) and by == "cluster":
        return np.array(data.clusters)[data.cluster[_panel_positions(data, units)]]
    if by not in units.table.columns:
        listed = ", ".join(map(str, units.table.columns)) or "none"
        raise ModelError(
            f"There is no column {by!r} with one value a {units.dim}. There are: {listed}."
        )
    column = units.table[by]
    if pd.api.types.is_float_dtype(column) and column.nunique() > _MOST_QUARTERED:
        column = pd.qcut(column, 4, duplicates="drop")
    return column.astype(str).to_numpy()


def _panel_positions(data: Panel, units: ObservedUnits) -> np.ndarray:
    return pd.Index(data.units).get_indexer(pd.Index(units.labels))


def without(data: Any, unit: np.ndarray, pieces: np.ndarray) -> Any:
    """Return the data without some of their units, coded as they were.

    Parameters
    ----------
    data : Decisions, Panel, Observations, Composition, Instrumented or DataFrame
    unit : bool array, shape (units,)
        Those left out.
    pieces : array, shape (units,)
        The name of each.

    Raises
    ------
    ModelError
        If the class of the data says nothing of units.
    """
    if isinstance(data, Decisions):
        return data.part(~unit)
    if isinstance(data, Observations):
        cell = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
        counts = np.bincount(cell[~unit], minlength=len(data.counts)).astype(float)
        return replace(data, counts=counts)
    if isinstance(data, Panel):
        left_out = pd.Index(data.units).get_indexer(pd.Index(pieces[unit]))
        kept = ~np.isin(data.unit, left_out)
        others = Panel.from_frame(data.source[kept], **data.arguments)
        return replace(others, time_scale=data.time_scale)
    if isinstance(data, Composition):
        row = np.arange(len(data))
        if data.dependence is not None:
            row = np.unique(data.dependence.subject, return_inverse=True)[1]
        return Composition.from_frame(data.source[~unit[row]], **data.arguments)
    if isinstance(data, Instrumented):
        return Instrumented.from_frame(data.source[~unit], **data.arguments)
    if isinstance(data, pd.DataFrame):
        return data[~unit]
    raise ModelError(f"Units of a {type(data).__name__} cannot be left out.")
