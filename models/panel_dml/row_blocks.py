"""Design matrix of a panel in blocks of whole units: basis, time dummies, treatments, outcome.

The within transformation takes unit means out of every column, or each unit's linear trend. With
dummies of times and of other groups among them the estimates are those of two-way fixed effects,
or of any number of crossed ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalstats.core.workers import in_parallel
from causalstats.data import Panel
from causalstats.data.columns import unknown
from causalstats.data.feature_coding import Design, design
from causalstats.data.formulas import formula_variables
from causalstats.errors import ModelError
from causalstats.models.panel_dml.nuisance_basis import Basis, basis_of
from causalstats.numerics.panel.within_transformation import (
    demeaned,
    detrended,
    unit_means,
)

if TYPE_CHECKING:
    from causalstats.models.panel_dml.learned_columns import LearnedColumns
    from causalstats.models.panel_dml.model import PanelDML

_NUMBERS_AT_ONCE = 4_000_000  # of columns, that each worker holds
_MOST_DUMMIES = 3_000  # of crossed fixed effects, whose cost grows with their square
_LARGEST_SD = 1e50  # of a moderator
_ROWS_FOR_CODING = 100_000  # from which moderators are coded


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns that a model makes of each row.

    Parameters
    ----------
    basis : Basis
        φ.
    periods : array
        Times that have a dummy: all but the first, or none.
    moderation : Design or None
        How moderators are coded.
    effects : tuple of str
        The treatments, and each of them times every moderator.
    crossed : tuple of int
        Dummies of each crossed fixed effect: its levels but the first.
    trends : bool
        Whether units have linear trends without a prior.
    learned : LearnedColumns or None
        Columns without a prior that were learned from other units.
    """

    basis: Basis
    periods: np.ndarray
    moderation: Design | None
    effects: tuple[str, ...]
    crossed: tuple[int, ...] = ()
    trends: bool = False
    learned: LearnedColumns | None = None

    @property
    def width(self) -> int:
        """The number of columns, the outcome included."""
        dummies = len(self.periods) + sum(self.crossed)
        learned = 0 if self.learned is None else self.learned.width
        return len(self.basis.spectrum) + learned + dummies + len(self.effects) + 1

    def moderators(self, table: pd.DataFrame) -> np.ndarray:
        """Return 1 and the moderators, (n, 1 + M)."""
        one = np.ones((len(table), 1))
        if self.moderation is None:
            return one
        coded = self.moderation.matrix(table[list(self.moderation.variables)])
        return np.hstack([one, coded])


@dataclass(frozen=True, eq=False)
class Block:
    """Rows of whole units.

    Parameters
    ----------
    rows : slice
        Which rows of the panel.
    table : DataFrame
        Covariates.
    treatment : array, shape (n, k)
    outcome, time, weights : array, shape (n,)
    starts : int array
        First row of each unit.
    kept_share : array, shape (n,), or None
        The share of its unit's means that each row keeps; None where none of it stays.
    gap : array, shape (n,), or None
        Time since the row before.
    groups : int array, shape (n, g)
        The level of each crossed fixed effect.
    fold : int array, shape (n,)
        The fold of each row's unit, where columns are learned.
    columns : Columns
    """

    rows: slice
    table: pd.DataFrame
    treatment: np.ndarray
    outcome: np.ndarray
    time: np.ndarray
    weights: np.ndarray
    starts: np.ndarray
    kept_share: np.ndarray | None
    gap: np.ndarray | None
    groups: np.ndarray
    fold: np.ndarray
    columns: Columns

    def treatments(self) -> np.ndarray:
        """Return the treatments, then each times the first moderator, and so on."""
        moderators = self.columns.moderators(self.table)
        products = moderators[:, :, None] * self.treatment[:, None, :]
        return products.reshape(len(self.table), -1)

    def levels(self) -> np.ndarray:
        """Return φ, columns without a prior, treatments and outcome, not transformed.

        Columns without a prior are learned ones, and dummies of periods and of crossed fixed
        effects, after an intercept where unit means stay.
        """
        return np.hstack(self._parts())

    def _parts(self) -> list[np.ndarray]:
        dummies = (self.time[:, None] == self.columns.periods).astype(float)
        intercept = [] if self.kept_share is None else [np.ones((len(self.outcome), 1))]
        return [
            *self.columns.basis.parts(self.table),
            *intercept,
            *self._learned(),
            dummies,
            *self._crossed(),
            self.treatments(),
            self.outcome[:, None],
        ]

    def _learned(self) -> Iterator[np.ndarray]:
        if self.columns.learned is not None:
            yield self.columns.learned.columns(self.table, self.time, self.fold)

    def _crossed(self) -> Iterator[np.ndarray]:
        for group, count in zip(self.groups.T, self.columns.crossed, strict=True):
            yield (group[:, None] == np.arange(1, count + 1)).astype(float)

    def transformed(self) -> np.ndarray:
        """Return `levels` after the within transformation, or quasi-demeaned, and weighted.

        Each row is multiplied by the root of its weight.
        """
        equal = bool((self.weights == 1).all())
        weights = None if equal else self.weights
        if self.kept_share is None:
            columns = self._within(weights)
        else:
            columns = np.hstack(self._parts())
            if (self.kept_share < 1).any():
                sizes = np.diff(self.starts, append=len(columns))
                means = np.repeat(
                    unit_means(columns, self.starts, weights), sizes, axis=0
                )
                columns -= (1 - self.kept_share[:, None]) * means
        return columns if weights is None else columns * np.sqrt(weights)[:, None]

    def _within(self, weights: np.ndarray | None) -> np.ndarray:
        parts = self._parts()
        edges = np.cumsum([0, *(part.shape[1] for part in parts)])
        columns = np.empty((len(self.outcome), edges[-1]))
        for part, start, stop in zip(parts, edges, edges[1:], strict=False):
            into = columns[:, start:stop]
            if self.columns.trends:
                into[:] = detrended(part, self.time, self.starts, weights)
            else:
                demeaned(part, self.starts, weights, into)
        return columns


def columns_of(model: PanelDML, data: Panel) -> Columns:
    """Return the columns that a model makes of these rows."""
    basis = basis_of(data, model.columns_each, model.interactions, model.basis_family)
    periods = data.periods[1:] if model.absorbs_time(data) else np.empty(0)
    crossed = tuple(int(data.codes(name).max()) for name in data.crossed_effects)
    if sum(crossed) > _MOST_DUMMIES:
        raise ModelError(
            f"The fixed effects {list(data.crossed_effects)} have {sum(crossed):,} levels beside "
            f"the units; expected at most {_MOST_DUMMIES:,}. Take the kind with most levels as the "
            "`unit`, or coarser groups."
        )
    plain = Columns(
        basis, periods, None, data.treatments, crossed, trends=model.unit_trends
    )
    if model.moderators is None:
        return plain
    names = formula_variables(model.moderators)
    for name in names:
        if name not in data.covariates:
            problem = unknown(name, data.covariates, "covariate")
            raise ModelError(
                f"{problem} A moderator may act on the outcome itself: name it as a covariate of "
                "the panel."
            )
    some = data.source[list(names)].iloc[:: -(-len(data) // _ROWS_FOR_CODING)]
    coded = design(some, None, model.moderators, True)
    for name, size in zip(coded.columns, coded.scale, strict=True):
        if not 1 / _LARGEST_SD < size < _LARGEST_SD:
            raise ModelError(
                f"Moderator {name!r} is of the size of {size:.3g}; expected between "
                f"{1 / _LARGEST_SD:g} and {_LARGEST_SD:g}, so that its products with the "
                "treatment are not lost in floating point. Express it in another unit."
            )
    # About their means, so that slopes and the effect are learned apart, but in their own units.
    moderation = replace(coded, scale=np.ones_like(coded.scale))
    products = [
        f"{treatment} x {column}"
        for column in moderation.columns
        for treatment in data.treatments
    ]
    return replace(plain, moderation=moderation, effects=(*data.treatments, *products))


def free_rows(data: Panel, within: bool, trends: bool) -> int:
    """Return the rows less the effects of units, and less their trends.

    Parameters
    ----------
    data : Panel
    within : bool
        Whether unit means are taken out.
    trends : bool
        Whether linear trends are taken out too, of units with more than one row.
    """
    effects = len(data.units) if within else 0
    return len(data) - effects - (int((data.sizes > 1).sum()) if trends else 0)


def blocks(
    data: Panel,
    columns: Columns,
    kept_share: np.ndarray | None,
    most: int | None = None,
    gap: np.ndarray | None = None,
) -> Iterator[Block]:
    """Yield all rows, in blocks of whole units.

    Parameters
    ----------
    data : Panel
    columns : Columns
    kept_share : array, shape (N,), or None
        The share of each unit's means that its rows keep.
    most : int or None
        Rows a block, where units are no larger; as many as fit into memory if None.
    gap : array, shape (n,), or None
        Time since the row before.
    """
    names = list(data.covariates)
    codes = [data.codes(name) for name in data.crossed_effects]
    groups = np.column_stack(codes) if codes else np.empty((len(data), 0), int)
    folds = np.zeros(len(data.units), int)
    if columns.learned is not None:
        folds = np.array([columns.learned.folds[unit] for unit in data.units])
    for part in _whole_units(data, most or max(_NUMBERS_AT_ONCE // columns.width, 1)):
        inside = (data.starts >= part.start) & (data.starts < part.stop)
        yield Block(
            rows=part,
            # A copy: workers elsewhere cannot see the whole.
            table=data.source[names].iloc[part].copy(),
            treatment=np.array(data.treatment[part]),
            outcome=np.array(data.outcome[part]),
            time=np.array(data.time[part]),
            weights=data.weights[part],
            starts=data.starts[inside] - part.start,
            kept_share=None if kept_share is None else kept_share[data.unit[part]],
            gap=None if gap is None else gap[part],
            groups=groups[part],
            fold=folds[data.unit[part]],
            columns=columns,
        )


def summed(function: Callable[[Block], Any], over: Iterator[Block]) -> Any:
    """Return the sum of what a function gives of each block, in order.

    Blocks are worked on by threads, or by the workers of `joblib.parallel_config`.
    """
    first = next(over)
    second = next(over, None)
    if second is None:
        return function(first)
    from joblib.parallel import get_active_backend
    from threadpoolctl import threadpool_limits

    workers: dict[str, Any] = (
        {} if get_active_backend()[1] else {"n_jobs": os.cpu_count()}
    )
    blocks = chain([first, second], over)
    with threadpool_limits(1, user_api="blas"):
        return reduce(add, in_parallel(function, blocks, prefer="threads", **workers))


def _whole_units(data: Panel, most: int) -> Iterator[slice]:
    """Yield rows of whole units, at most so many at once where units are no larger."""
    edges = np.append(data.starts, len(data))
    start = 0
    while start < len(data):
        fitting = edges[np.searchsorted(edges, start + most, side="right") - 1]
        one_unit = edges[np.searchsorted(edges, start, side="right")]
        stop = max(fitting, one_unit)
        yield slice(int(start), int(stop))
        start = stop
