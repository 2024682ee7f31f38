"""Tables of labels from rows with missing values: data augmentation (Tanner & Wong 1987).

Given tables, the observations of a pattern with gaps are multinomial over the cells that agree
with it; given completed counts, every row of every table is Dirichlet. Tables none of whose
variables has a gap have their posterior in closed form.

References
----------
Tanner & Wong (1987), The calculation of posterior distributions by data augmentation, JASA 82.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from causalstats.errors import ModelError
from causalstats.models.causal_diagram.missing_values.incomplete import Incomplete
from causalstats.models.causal_diagram.tables import Table
from causalstats.numerics.discrete import dirichlet

_BURN_IN = 200
_THIN = 3
_MOST_CELLS = 10_000_000


@dataclass(frozen=True, eq=False)
class _Pattern:
    """Rows that lack the same variables: their counts, and the cells that agree with each.

    Parameters
    ----------
    counts : int array (rows,)
    places : mapping of table name to int array (rows, cells)
        The flat position in the table.
    """

    counts: np.ndarray
    places: Mapping[str, np.ndarray]


def draw_by_augmentation(
    tables: Sequence[Table],
    weights: Mapping[str, np.ndarray],
    incomplete: Incomplete,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return draws of each table, of Markov chains run side by side.

    Parameters
    ----------
    tables : sequence of Table
    weights : mapping of table name to array (given..., variable)
        Dirichlet weights of the prior.
    incomplete : Incomplete
    size : (int, int)
        Chains and draws.
    rng : numpy Generator

    Returns
    -------
    dict of array
        By table name, axes (chain, draw, given..., variable).
    """
    chains, draws = size
    active = [
        table
        for table in tables
        if any(name in incomplete.masks for name in table.axes)
    ]
    fixed = _complete_counts(tables, weights, incomplete, active)
    drawn = {
        table.name: dirichlet.draw(fixed[table.name], size, rng)
        for table in tables
        if table not in active
    }
    if not active:
        return drawn
    patterns = _patterns(active, weights, incomplete)
    for table in active:
        shape = (chains, draws, *weights[table.name].shape)
        drawn[table.name] = np.empty(shape)
    theta = {
        table.name: dirichlet.draw(fixed[table.name], (chains, 1), rng)[:, 0]
        for table in active
    }
    for sweep in range(-_BURN_IN, draws * _THIN):
        counts = _filled_counts(active, theta, fixed, patterns, rng)
        for table in active:
            theta[table.name] = _dirichlet(counts[table.name], rng)
            if sweep >= 0:  # the last of each _THIN sweeps stays
                drawn[table.name][:, sweep // _THIN] = theta[table.name]
    return drawn


def _dirichlet(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a Dirichlet draw of each row of the last axis, kept off 0."""
    gammas = np.maximum(rng.standard_gamma(weights), np.finfo(float).tiny)
    return gammas / gammas.sum(axis=-1, keepdims=True)


def _complete_counts(
    tables: Sequence[Table],
    weights: Mapping[str, np.ndarray],
    incomplete: Incomplete,
    active: Sequence[Table],
) -> dict[str, np.ndarray]:
    """Return prior weights and the counts of rows that have all variables of a table.

    Active tables take the rows that lack nothing; the others all rows, since they lack none of
    their variables.
    """
    data = incomplete.data
    whole = ~np.logical_or.reduce([*incomplete.masks.values()], axis=0)
    whole = np.broadcast_to(whole, len(data.counts))
    totals = {}
    for table in tables:
        counts = np.where(whole, data.counts, 0.0) if table in active else data.counts
        shape = weights[table.name].shape
        kept = counts > 0
        axes = [data.raw_column(name)[kept] for name in table.axes]
        flat = np.ravel_multi_index(axes, shape)
        added = np.bincount(flat, counts[kept], minlength=int(np.prod(shape)))
        totals[table.name] = weights[table.name] + added.reshape(shape)
    return totals


def _patterns(
    active: Sequence[Table], weights: Mapping[str, np.ndarray], incomplete: Incomplete
) -> list[_Pattern]:
    """Return the rows with gaps by what they lack, with the cells that agree with each.

    Raises
    ------
    ModelError
        If there are too many of them.
    """
    data = incomplete.data
    names = list(incomplete.masks)
    lacking = np.column_stack([incomplete.masks[name] for name in names])
    patterns = []
    size = 0.0
    for pattern in np.unique(lacking, axis=0):
        if not pattern.any():
            continue
        rows = np.flatnonzero((lacking == pattern).all(axis=1))
        missing = [name for name, absent in zip(names, pattern, strict=True) if absent]
        shape = [len(data.levels[name]) for name in missing]
        size += len(rows) * float(np.prod(shape)) * len(active)
        if size > _MOST_CELLS:
            raise ModelError(
                "The rows with missing values agree with too many cells to be held. Use "
                "route='hierarchical', which fills in one value at a time, or leave out variables "
                "that the answer does not need."
            )
        grid = np.indices(shape).reshape(len(missing), -1)
        values = {
            name: data.raw_column(name)[rows][:, None]
            for name in data.levels
            if name not in missing
        }
        values |= {name: grid[k][None] for k, name in enumerate(missing)}
        places = {
            table.name: np.broadcast_to(
                np.ravel_multi_index(
                    np.broadcast_arrays(*(values[name] for name in table.axes)),
                    weights[table.name].shape,
                ),
                (len(rows), grid.shape[1]),
            )
            for table in active
        }
        patterns.append(_Pattern(data.counts[rows].astype(int), places))
    return patterns


def _filled_counts(
    active: Sequence[Table],
    theta: Mapping[str, np.ndarray],
    fixed: Mapping[str, np.ndarray],
    patterns: Sequence[_Pattern],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return prior weights and counts, those of rows with gaps drawn, (chain, cells of a table...).

    Parameters
    ----------
    active : sequence of Table
    theta : mapping of table name to array (chain, given..., variable)
    fixed : mapping of table name to array (given..., variable)
        Weights of the prior, and counts of complete rows.
    patterns : sequence of _Pattern
    rng : numpy Generator
    """
    chains = len(next(iter(theta.values())))
    logs = {name: np.log(values).reshape(chains, -1) for name, values in theta.items()}
    sizes = {table.name: fixed[table.name].size for table in active}
    added = {name: np.zeros(chains * size) for name, size in sizes.items()}
    for pattern in patterns:
        total = sum(logs[name][:, place] for name, place in pattern.places.items())
        assert isinstance(total, np.ndarray)
        shares = np.exp(total - total.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        filled = rng.multinomial(np.tile(pattern.counts, (chains, 1)), shares)
        for name, place in pattern.places.items():
            offset = np.arange(chains)[:, None, None] * sizes[name]
            flat = (place + offset).ravel()
            added[name] += np.bincount(flat, filled.ravel(), minlength=added[name].size)
    return {
        name: fixed[name] + values.reshape(chains, *fixed[name].shape)
        for name, values in added.items()
    }
