"""Completions of rows with missing values by regressions: a Gibbs sampler.

A sweep draws the parameters of each regression given completed rows, then each variable where it is
missing given the parameters (data augmentation; with curves and labels, substantive-model-
compatible imputation). Each completion is answered as complete data are, and the answers taken
together are draws of the posterior of the answer.

References
----------
Tanner & Wong (1987), The calculation of posterior distributions by data augmentation, JASA 82.
Bartlett, Seaman, White & Carpenter (2015), Multiple imputation of covariates by fully conditional
specification, Statistical Methods in Medical Research 24.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from causalstats.data import Observations
from causalstats.models.causal_diagram.missing_values.incomplete import (
    Incomplete,
    Values,
)
from causalstats.models.causal_diagram.missing_values.missing_draws import (
    DrawnConditional,
    draw_label,
    draw_number,
)
from causalstats.models.causal_diagram.regression.conditionals import Conditional
from causalstats.models.causal_diagram.regression.terms import values_of
from causalstats.models.causal_diagram.tables import Table

ConditionalsOf = Callable[[Observations], Mapping[Table, Conditional]]
"""The regressions that draw missing values, or those of the answer, on completed data."""


@dataclass(frozen=True, eq=False)
class Completion:
    """One completion of the missing values, and draws of the answer's regressions given it.

    Parameters
    ----------
    values : mapping of variable to array (gaps,)
    posterior : Dataset, dims (chain, draw, ...), one chain
    """

    values: Values
    posterior: xr.Dataset


@dataclass(frozen=True)
class Sweeps:
    """The length of a chain.

    Parameters
    ----------
    burn_in, thin : int
        Sweeps before those that are kept, and from one completion to the next.
    number : int
        Completions.
    draws : int
        Of the answer's conditional distributions for each of them.
    """

    burn_in: int
    thin: int
    number: int
    draws: int


def completions(
    incomplete: Incomplete,
    burning: ConditionalsOf,
    imputing: ConditionalsOf,
    answering: ConditionalsOf,
    sweeps: Sweeps,
    rng: np.random.Generator,
) -> list[Completion]:
    """Return completions of one Markov chain.

    Parameters
    ----------
    incomplete : Incomplete
        A row for each observation that lacks a value.
    burning, imputing : functions of completed data
        The regressions by which missing values are drawn, at first and later.
    answering : function of completed data
        The conditional distributions that the answer needs.
    sweeps : Sweeps
    rng : numpy Generator
    """
    values = incomplete.from_donors(rng)
    data = incomplete.completed(values)
    kept = []
    for sweep in range(-sweeps.burn_in, sweeps.number * sweeps.thin):
        if values:
            conditionals = (burning if sweep < 0 else imputing)(data)
            values = _swept(incomplete, data, conditionals, values, rng)
            data = incomplete.completed(values)
        if sweep >= 0 and (sweep + 1) % sweeps.thin == 0:
            posterior = _posterior(answering(data), sweeps.draws, rng)
            kept.append(Completion(values, posterior))
    return kept


def _posterior(
    conditionals: Mapping[Table, Conditional], draws: int, rng: np.random.Generator
) -> xr.Dataset:
    """Return draws of conditional distributions on completed data, one chain."""
    arrays: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    for conditional in conditionals.values():
        arrays |= conditional.draw((1, draws), rng)
    return xr.Dataset(arrays, {"chain": [0], "draw": np.arange(draws)})


def _swept(
    incomplete: Incomplete,
    data: Observations,
    conditionals: Mapping[Table, Conditional],
    values: Values,
    rng: np.random.Generator,
) -> Values:
    """Return new values at the gaps, each variable drawn given the new ones before it.

    Parameters
    ----------
    incomplete : Incomplete
    data : Observations
        Completed with the present values.
    conditionals : mapping of Table to Conditional
        On these data.
    values : dict of variable to array (gaps,)
    rng : numpy Generator
    """
    drawn = {}
    for table, conditional in conditionals.items():
        arrays = conditional.draw((1, 1), rng)
        flat = {name: array[0] for name, (_, array) in arrays.items()}
        drawn[table] = DrawnConditional(conditional, flat)
    levels = next(iter(conditionals.values())).levels
    needed = {name for table in conditionals for name in table.axes}
    columns = {name: values_of(name, data, levels).copy() for name in needed}
    for name, mask in incomplete.masks.items():
        own = next(each for table, each in drawn.items() if table.variable == name)
        children = [each for table, each in drawn.items() if name in table.given]
        rows = {each: column[mask] for each, column in columns.items()}
        if name in data.levels:
            new = draw_label(own, children, rows, rng)
        else:
            seen = columns[name][~mask]
            new = draw_number(own, children, rows, seen, rng)
        columns[name][mask] = new
    return {name: columns[name][mask] for name, mask in incomplete.masks.items()}


def chain_means(
    kept: Sequence[Completion], incomplete: Incomplete
) -> dict[str, np.ndarray]:
    """Return the mean of what was filled in, for each completion: a number, or each level's share.

    Parameters
    ----------
    kept : sequence of Completion
    incomplete : Incomplete
    """
    means = {}
    for name in incomplete.masks:
        filled = np.stack([each.values[name] for each in kept])
        levels = incomplete.data.levels.get(name)
        if levels is None:
            means[_mean_name(name)] = filled.mean(axis=1)
            continue
        for position, level in list(enumerate(levels))[1:]:
            share = (filled == position).mean(axis=1)
            means[_share_name(name, level)] = share
    return means


def mean_names(incomplete: Incomplete) -> tuple[str, ...]:
    """Return the names of `chain_means`."""
    names: list[str] = []
    for name in incomplete.masks:
        levels = incomplete.data.levels.get(name)
        if levels is None:
            names.append(_mean_name(name))
        else:
            names += [_share_name(name, level) for level in levels[1:]]
    return tuple(names)


def _mean_name(name: str) -> str:
    return f"mean of missing {name}"


def _share_name(name: str, level: object) -> str:
    return f"share of {name}={level} among missing"
