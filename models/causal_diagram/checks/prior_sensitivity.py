"""Prior sensitivity of tables: how far their Dirichlet prior moves an answer.

The answer is computed at the posterior means of the tables, once with the prior's observations and
once without them where there are others. To that difference is added the part of the answer that
depends on empty rows of tables: half the range of the answer when the prior of these rows puts all
probability on one level or on another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.models.causal_diagram.levels import Levels
from causalstats.models.causal_diagram.tables import Table, cell_counts, tables_as_draws

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.routes.tables import TableRoute

_MOST_NUMBERS = 2_000_000  # of the tables under all priors that are compared
_DRAWS_FOR_THE_SPREAD = 200
_LARGEST_SHIFT = 0.5  # posterior standard deviations that a prior may move an answer by

Compute = Callable[[xr.Dataset, Observations], xr.DataArray]
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class _Variants:
    """Posterior means of the tables under several priors.

    The first variant is the model's own prior. The second uses the counts alone in every row of a
    table that has counts. In each further variant, all unseen rows of one table give probability 1
    to one level; the variants of one table make up a range of the answer.
    """

    arrays: Mapping[str, list[np.ndarray]]
    kinds: list[str]


def prior_sensitivity(
    route: TableRoute,
    compute: Compute,
    draws: xr.Dataset,
    data: Observations,
    do: Sequence[str],
) -> Check:
    """Return whether the prior moves an answer by more than half of its posterior sd.

    Parameters
    ----------
    route : TableRoute
        With tables whose posterior is Dirichlet.
    compute : function of draws and data
        The answer.
    draws : Dataset
        Draws of the posterior.
    data : Observations
    do : sequence of str
        The variables that are set.
    """
    levels = route.model.levels(data)
    counts = cell_counts(route.tables, levels, data)
    unseen = {name: count.sum(axis=-1) == 0 for name, count in counts.items()}
    variants = _prior_variants(route, counts, unseen, levels, do)
    shift = _shift(route, compute, data, variants)
    sd = _posterior_sd(compute, draws, data)
    ratio = np.divide(shift, sd, out=np.zeros_like(shift), where=sd > 0)
    worst = int(ratio.argmax())
    passed = bool(ratio[worst] <= _LARGEST_SHIFT)
    rows = sum(int(mask.sum()) for mask in unseen.values())
    empty = f", {rows:,} rows of tables have no observation" if rows else ""
    return Check(
        name="weight of the prior",
        passed=passed,
        value=float(ratio[worst]),
        expected="an answer that the prior moves by at most "
        f"{_LARGEST_SHIFT:g} of its standard deviations",
        finding=f"the prior may move the answer by {shift[worst]:.3g}, {ratio[worst]:.2g} of its "
        f"standard deviations{empty}",
        remedy="" if passed else _REMEDY,
        assumption="prior of the tables",
    )


_REMEDY = (
    "The interval is not to be trusted. Use `route='hierarchical'`, whose regressions borrow "
    "strength between cells, join levels, leave out variables that the answer does not need, or "
    "observe more."
)


def _shift(
    route: TableRoute,
    compute: Compute,
    data: Observations,
    variants: _Variants,
) -> np.ndarray:
    """Return how far the priors move each entry of the answer."""
    arrays = {name: np.stack(means)[None] for name, means in variants.arrays.items()}
    draws = tables_as_draws(arrays, route.tables, route.model.levels(data))
    answers = compute(draws, data).to_numpy()
    answers = answers.reshape(answers.shape[1], -1)
    shift = abs(answers[1] - answers[0])
    kinds = np.array(variants.kinds)
    for kind in sorted({kind for kind in variants.kinds if kind}):
        same = answers[kinds == kind]
        shift = shift + (same.max(axis=0) - same.min(axis=0)) / 2
    return shift


def _posterior_sd(
    compute: Compute,
    draws: xr.Dataset,
    data: Observations,
) -> np.ndarray:
    """Return the standard deviation of each entry of the answer, over some draws."""
    thin = max(1, draws.sizes["draw"] // _DRAWS_FOR_THE_SPREAD)
    answers = compute(draws.isel(draw=slice(None, None, thin)), data).to_numpy()
    return answers.reshape(answers.shape[0] * answers.shape[1], -1).std(axis=0)


def _prior_variants(
    route: TableRoute,
    counts: Arrays,
    unseen: Arrays,
    levels: Levels,
    do: Sequence[str],
) -> _Variants:
    """Return the posterior means of each table under each prior.

    Parameters
    ----------
    route : TableRoute
    counts : mapping of table name to array (given..., variable)
    unseen : mapping of table name to Boolean array (given...)
        The rows in which nobody was seen; those of each level of `do` are varied apart.
    levels : mapping of variable to its levels
    do : sequence of str
    """
    usual = {}
    counts_alone = {}
    for name, weight in route.prior_weights(levels).items():
        usual[name] = _normalised(weight + counts[name])
        shares = _normalised(counts[name] + 1e-300)
        counts_alone[name] = np.where(unseen[name][..., None], usual[name], shares)
    arrays = {name: [usual[name], counts_alone[name]] for name in usual}
    kinds = ["", ""]
    size = sum(array.size for array in usual.values())
    for table in route.tables:
        certainties = np.eye(usual[table.name].shape[-1])
        for label, rows in _unseen_rows_by_arm(table, unseen[table.name], levels, do):
            for certain in certainties:
                if not rows.any() or len(kinds) * size > _MOST_NUMBERS:
                    continue
                for name in usual:
                    arrays[name].append(usual[name])
                arrays[table.name][-1] = np.where(
                    rows[..., None], certain, usual[table.name]
                )
                kinds.append(f"{table.name} {label}")
    return _Variants(arrays, kinds)


def _unseen_rows_by_arm(
    table: Table,
    rows: np.ndarray,
    levels: Levels,
    do: Sequence[str],
) -> list[tuple[str, np.ndarray]]:
    """Return the unseen rows of a table by the levels of the variables set, each with a label."""
    arms = [("", rows)]
    for name in do:
        if name not in table.given:
            continue
        axis = table.given.index(name)
        split = []
        for label, mask in arms:
            for level in range(len(levels[name])):
                index = tuple([slice(None)] * axis + [level])
                part = np.zeros_like(mask)
                part[index] = mask[index]
                split.append((f"{label} {name}={level}", part))
        arms = split
    return arms


def _normalised(table: np.ndarray) -> np.ndarray:
    return table / table.sum(axis=-1, keepdims=True)
