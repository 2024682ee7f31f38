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
class PriorVariants:
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
    weights = route.prior_weights(levels)
    variants = prior_variants(route.tables, weights, counts, levels, do)
    arrays = {name: np.stack(means)[None] for name, means in variants.arrays.items()}
    answers = compute(tables_as_draws(arrays, route.tables, levels), data).to_numpy()
    shift = shift_of_answers(answers.reshape(answers.shape[1], -1), variants.kinds)
    sd = _posterior_sd(compute, draws, data)
    return weight_check(shift, sd, unseen_rows(counts), _REMEDY, "prior of the tables")


def unseen_rows(counts: Arrays) -> int:
    """Return how many rows of tables have no observation.

    Parameters
    ----------
    counts : mapping of table name to array (given..., variable)
    """
    return sum(int((count.sum(axis=-1) == 0).sum()) for count in counts.values())


def weight_check(
    shift: np.ndarray, sd: np.ndarray, rows: int, remedy: str, assumption: str = ""
) -> Check:
    """Return the check of how far priors move an answer.

    Parameters
    ----------
    shift, sd : array (entries of the answer,)
        How far priors may move it, and its posterior standard deviation.
    rows : int
        Rows of tables without observations.
    remedy, assumption : str
    """
    ratio = np.divide(shift, sd, out=np.zeros_like(shift), where=sd > 0)
    worst = int(ratio.argmax())
    passed = bool(ratio[worst] <= _LARGEST_SHIFT)
    empty = f", {rows:,} rows of tables have no observation" if rows else ""
    return Check(
        name="weight of the prior",
        passed=passed,
        value=float(ratio[worst]),
        expected="an answer that the prior moves by at most "
        f"{_LARGEST_SHIFT:g} of its standard deviations",
        finding=f"the prior may move the answer by {shift[worst]:.3g}, {ratio[worst]:.2g} of its "
        f"standard deviations{empty}",
        remedy="" if passed else remedy,
        assumption=assumption,
    )


_REMEDY = (
    "The interval is not to be trusted. Use `route='hierarchical'`, whose regressions borrow "
    "strength between cells, join levels, leave out variables that the answer does not need, or "
    "observe more."
)


def shift_of_answers(answers: np.ndarray, kinds: Sequence[str]) -> np.ndarray:
    """Return how far the priors move each entry of the answer.

    Parameters
    ----------
    answers : array (variants, entries)
        The first under the prior, the second by the counts alone.
    kinds : sequence of str
        One for each variant; the others of one kind make up a range.
    """
    shift = abs(answers[1] - answers[0])
    of_kind = np.array(kinds)
    for kind in sorted({kind for kind in kinds if kind}):
        same = answers[of_kind == kind]
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


def prior_variants(
    tables: Sequence[Table],
    weights: Arrays,
    counts: Arrays,
    levels: Levels,
    do: Sequence[str],
) -> PriorVariants:
    """Return the posterior means of each table under each prior.

    Parameters
    ----------
    tables : sequence of Table
    weights, counts : mapping of table name to array (given..., variable)
        The prior's observations, and those of the data.
    levels : mapping of variable to its levels
    do : sequence of str
        The variables that are set: unseen rows of each level of them are varied apart.
    """
    unseen = {name: count.sum(axis=-1) == 0 for name, count in counts.items()}
    usual = {}
    counts_alone = {}
    for name, weight in weights.items():
        usual[name] = _normalised(weight + counts[name])
        shares = _normalised(counts[name] + 1e-300)
        counts_alone[name] = np.where(unseen[name][..., None], usual[name], shares)
    arrays = {name: [usual[name], counts_alone[name]] for name in usual}
    kinds = ["", ""]
    size = sum(array.size for array in usual.values())
    for table in tables:
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
    return PriorVariants(arrays, kinds)


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
