"""The known mean of the outcome that `Heckman(mean=...)` states, of everybody or of each group.

Groups are the levels of a categorical feature. The intercept is solved from the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.knowledge import Known, KnownByGroup, as_known
from causalstats.data import Decisions
from causalstats.errors import ModelError

if TYPE_CHECKING:
    from causalstats.models.heckman.model import Heckman


@dataclass(frozen=True, eq=False)
class GroupMean:
    """The known mean of a group.

    Parameters
    ----------
    level : str
        Empty for everybody.
    known : Known
    average : array (D,)
        The mean of the coded features of the group's people, weighted.
    rows : bool array
        The group's people in the population.
    """

    level: str
    known: Known
    average: np.ndarray
    rows: np.ndarray


def group_means(model: Heckman, data: Decisions) -> list[GroupMean]:
    """Return the known mean of everybody, or of each level in the order of the levels.

    Raises
    ------
    ModelError
        If a level has no mean, or nobody.
    """
    people = data.population
    if model.mean is None:
        return []
    if not isinstance(model.mean, KnownByGroup):
        average = people.weights @ people.matrix / people.weights.sum()
        everybody = np.ones(len(people), bool)
        return [GroupMean("", as_known(model.mean), average, everybody)]
    feature = model.mean.feature
    values = model.mean.values
    levels, codes = data.levels_of(feature, people.matrix)
    if set(levels) != set(values):
        raise ModelError(
            f"Expected a mean for each level of {feature!r}, {', '.join(map(repr, levels))}; got "
            f"{', '.join(map(repr, values))}."
        )
    means = []
    for position, level in enumerate(levels):
        rows = codes == position
        if not rows.any():
            raise ModelError(
                f"Nobody in the population has {feature} {level!r}, whose mean is given."
            )
        average = people.weights[rows] @ people.matrix[rows]
        average = average / people.weights[rows].sum()
        means.append(GroupMean(level, values[level], average, rows))
    return means


def solved_columns(model: Heckman, data: Decisions) -> np.ndarray:
    """Return the columns whose outcome coefficients follow from the means of groups."""
    if not isinstance(model.mean, KnownByGroup):
        return np.array([], int)
    data.levels_of(model.mean.feature, data.matrix)
    return np.array(data.columns_of(model.mean.feature), int)


def uncertain_levels(model: Heckman, data: Decisions) -> list[str]:
    """Return the groups whose mean is not known exactly."""
    return [each.level for each in group_means(model, data) if not each.known.exact]
