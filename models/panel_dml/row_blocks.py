"""The rows of a panel in blocks of whole units: their columns, transformed as a model has it, and sums over blocks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from operator import add
from typing import Any

import numpy as np
import pandas as pd

from causalstats.data import Panel
from causalstats.data.columns import unknown
from causalstats.data.feature_coding import Design, design
from causalstats.data.formulas import formula_variables
from causalstats.errors import ModelError
from causalstats.models.panel_dml.nuisance_basis import Basis, basis_of
from causalstats.numerics.panel.within_transformation import demeaned, unit_means

_NUMBERS = 4_000_000  # of columns that are held at once by each worker
_LARGEST = 1e50  # standard deviation of a moderator
_MOST_ROWS = 100_000  # from which moderators are coded


@dataclass(frozen=True, eq=False)
class Columns:
    """What is made of each row: φ, a column a period but the first, and the treatments, each also times every moderator; `effects` are their names."""

    basis: Basis
    periods: np.ndarray
    moderation: Design | None
    effects: tuple[str, ...]

    @property
    def width(self) -> int:
        """With the outcome."""
        return len(self.basis.spectrum) + len(self.periods) + len(self.effects) + 1

    def moderators(self, table: pd.DataFrame) -> np.ndarray:
        """1 and the moderators, (n, 1 + M)."""
        one = np.ones((len(table), 1))
        return (
            one
            if self.moderation is None
            else np.hstack([one, self.moderation.matrix(table[list(self.moderation.variables)])])
        )


@dataclass(frozen=True, eq=False)
class Block:
    """Rows of whole units, which begin at `starts`; `share` is what is left of each row's unit means (None: nothing), `gap` the time since the row before."""

    rows: slice
    table: pd.DataFrame
    treatment: np.ndarray
    outcome: np.ndarray
    time: np.ndarray
    weights: np.ndarray
    starts: np.ndarray
    share: np.ndarray | None
    gap: np.ndarray | None
    columns: Columns

    def treatments(self) -> np.ndarray:
        """Treatments, then each times the first moderator, and so on."""
        moderators = self.columns.moderators(self.table)
        return (moderators[:, :, None] * self.treatment[:, None, :]).reshape(len(self.table), -1)

    def levels(self) -> np.ndarray:
        """φ, the columns without a prior, treatments and outcome, as they are; an intercept among them where unit means are not all taken out."""
        return np.hstack(self._parts())

    def _parts(self) -> list[np.ndarray]:
        flat = (self.time[:, None] == self.columns.periods).astype(float)
        intercept = [] if self.share is None else [np.ones((len(self.outcome), 1))]
        return [
            *self.columns.basis.parts(self.table),
            *intercept,
            flat,
            self.treatments(),
            self.outcome[:, None],
        ]

    def transformed(self) -> np.ndarray:
        """The same about the share of unit means that is taken out, each row by the root of its weight."""
        parts, weights = self._parts(), None if (self.weights == 1).all() else self.weights
        if self.share is None:
            edges = np.cumsum([0, *(part.shape[1] for part in parts)])
            found = np.empty((len(self.outcome), edges[-1]))
            for part, start, stop in zip(parts, edges, edges[1:], strict=False):
                demeaned(part, self.starts, weights, found[:, start:stop])
            return found if weights is None else found * np.sqrt(weights)[:, None]
        found = np.hstack(parts)
        if (self.share < 1).any():
            sizes, taken = np.diff(self.starts, append=len(found)), 1 - self.share[:, None]
            found -= taken * np.repeat(unit_means(found, self.starts, weights), sizes, axis=0)
        return found if weights is None else found * np.sqrt(weights)[:, None]


def columns_of(model: Any, data: Panel) -> Columns:
    """The columns that a model makes of these rows."""
    basis = basis_of(data, model.basis_size, model.interactions, model.basis)
    periods = data.periods[1:] if model.time_effects else np.empty(0)
    if model.moderators is None:
        return Columns(basis, periods, None, data.treatments)
    names = formula_variables(model.moderators)
    for name in names:
        if name not in data.covariates:
            problem = unknown(name, data.covariates, "covariate")
            raise ModelError(
                f"{problem} What an effect depends on may act on the outcome itself: name it as a covariate of the panel."
            )
    coded = design(
        data.source[list(names)].iloc[:: -(-len(data) // _MOST_ROWS)], None, model.moderators, True
    )
    for name, size in zip(coded.columns, coded.scale, strict=True):
        if not 1 / _LARGEST < size < _LARGEST:
            raise ModelError(
                f"Moderator {name!r} is of the size of {size:.3g}; expected between "
                f"{1 / _LARGEST:g} and {_LARGEST:g}, so that its products with the treatment are "
                "not lost in floating point. Express it in another unit."
            )
    # About their means, so that slopes and the effect are learned apart, but in their own units.
    moderation = replace(coded, scale=np.ones_like(coded.scale))
    products = [
        f"{treatment} x {column}" for column in moderation.columns for treatment in data.treatments
    ]
    return Columns(basis, periods, moderation, (*data.treatments, *products))


def blocks(
    data: Panel,
    columns: Columns,
    share: np.ndarray | None,
    most: int | None = None,
    gap: np.ndarray | None = None,
) -> Iterator[Block]:
    """All rows, so many at once or as many as fit, but whole units; `share` (N,) by unit and `gap` (n,) by row are as `Block` has them."""
    names = list(data.covariates)
    for part in _parts(data, most or max(_NUMBERS // columns.width, 1)):
        yield Block(
            rows=part,
            table=data.source[names]
            .iloc[part]
            .copy(),  # what workers elsewhere cannot see stays behind
            treatment=np.array(data.treatment[part]),
            outcome=np.array(data.outcome[part]),
            time=np.array(data.time[part]),
            weights=data.weights[part],
            starts=data.starts[(data.starts >= part.start) & (data.starts < part.stop)]
            - part.start,
            share=None if share is None else share[data.unit[part]],
            gap=None if gap is None else gap[part],
            columns=columns,
        )


def summed(function: Callable[[Block], Any], over: Iterator[Block]) -> Any:
    """Σ of what a function gives of each block, in order: by threads, or by the workers of `joblib.parallel_config`."""
    first = next(over)
    second = next(over, None)
    if second is None:
        return function(first)
    from joblib import Parallel, delayed
    from joblib.parallel import get_active_backend
    from threadpoolctl import threadpool_limits

    told = {} if get_active_backend()[1] else {"n_jobs": os.cpu_count()}
    with threadpool_limits(1, user_api="blas"):
        return reduce(
            add,
            Parallel(prefer="threads", return_as="generator", **told)(
                delayed(function)(block) for block in chain([first, second], over)
            ),
        )


def _parts(data: Panel, most: int) -> Iterator[slice]:
    """Rows of whole units, at most so many at once where units are no larger."""
    edges = np.append(data.starts, len(data))
    start = 0
    while start < len(data):
        stop = max(
            edges[np.searchsorted(edges, start + most, side="right") - 1],
            edges[np.searchsorted(edges, start, side="right")],
        )
        yield slice(int(start), int(stop))
        start = stop
