"""Completions of rows with missing values by regressions: a Gibbs sampler.

A sweep draws the parameters of each regression given completed rows, then each variable where it is
missing given the parameters (data augmentation; with curves and labels, substantive-model-
compatible imputation). Each completion is answered as complete data are, and the answers taken
together are draws of the posterior of the answer.

The chain is as slow as much of the information is missing: with half of the values of a confounder,
an autocorrelation time of 6 sweeps. From one completion to the next lie as many sweeps as the
autocorrelation time of the parameters in a pilot run, within limits.

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
from causalstats.models.causal_diagram.regression.conditionals import (
    Conditional,
    LinearRegression,
)
from causalstats.models.causal_diagram.regression.terms import values_of
from causalstats.models.causal_diagram.tables import Table
from causalstats.numerics.sampling.convergence_diagnostics import bulk_ess

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
        Sweeps before those that are kept, and the least from one completion to the next.
    pilot, most_thin : int
        Sweeps by whose autocorrelation time those from one completion to the next are chosen, and
        the most that are; without a pilot run it is the least.
    number : int
        Completions.
    draws : int
        Of the answer's conditional distributions for each of them.
    """

    burn_in: int
    thin: int
    number: int
    draws: int
    pilot: int = 0
    most_thin: int = 1


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
    trace: list[np.ndarray] = []

    def sweep(regressions: ConditionalsOf) -> np.ndarray:
        nonlocal values, data
        values, parameters = _swept(incomplete, data, regressions(data), values, rng)
        data = incomplete.completed(values)
        return parameters

    for _ in range(sweeps.burn_in if values else 0):
        sweep(burning)
    for _ in range(sweeps.pilot if values else 0):
        trace.append(sweep(imputing))
    thin = sweeps_apart(trace, sweeps)
    for _ in range(sweeps.number):
        for _ in range(thin if values else 0):
            sweep(imputing)
        posterior = _posterior(answering(data), sweeps.draws, rng)
        kept.append(Completion(values, posterior))
    return kept


def sweeps_apart(trace: Sequence[np.ndarray], sweeps: Sweeps) -> int:
    """Return how many sweeps lie between completions: the largest autocorrelation time.

    Parameters
    ----------
    trace : sequence of array (parameters,)
        The parameters of a pilot run, drawn in each of its sweeps.
    sweeps : Sweeps
        With the least and the most.
    """
    if len({len(each) for each in trace}) != 1:
        return sweeps.thin
    columns = np.stack(trace).T
    moving = columns[columns.std(axis=1) > 0]
    times = [len(trace) / max(bulk_ess(column[None]), 1.0) for column in moving]
    longest = int(np.ceil(max(times, default=1.0)))
    return int(np.clip(longest, sweeps.thin, max(sweeps.thin, sweeps.most_thin)))


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
) -> tuple[Values, np.ndarray]:
    """Return new values at the gaps, each variable drawn given the new ones before it.

    With them come the parameters at which they were drawn, those of one shape in all sweeps.

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
    parameters = [
        array.ravel()
        for each in drawn.values()
        if isinstance(each.conditional, LinearRegression)
        for array in each.draws.values()
    ]
    new_values = {name: columns[name][mask] for name, mask in incomplete.masks.items()}
    return new_values, np.concatenate([np.empty(0), *parameters])


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
