"""Prior sensitivity of an effect from several studies: how far the priors of tables move it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from causalstats.core.check import Check
from causalstats.models.causal_diagram.checks.prior_sensitivity import (
    PriorVariants,
    prior_variants,
    shift_of_answers,
    unseen_rows,
    weight_check,
)
from causalstats.models.causal_diagram.levels import Levels
from causalstats.models.causal_diagram.tables import Table

Arrays = Mapping[str, np.ndarray]

_REMEDY = (
    "The interval is not to be trusted. Use `route='hierarchical'`, whose regressions borrow "
    "strength between cells, join levels, leave out variables that the formula does not need, or "
    "observe more in the studies whose tables are thin."
)


@dataclass(frozen=True)
class TablesOfStudy:
    """The tables of one study, with the prior's observations and those of the data.

    Parameters
    ----------
    tables : tuple of Table
    weights, counts : mapping of table name to array (given..., variable)
    """

    tables: tuple[Table, ...]
    weights: Arrays
    counts: Arrays


def prior_of_studies(
    studies: Mapping[str, TablesOfStudy],
    answer: Callable[[Mapping[str, Arrays]], np.ndarray],
    sd: np.ndarray,
    levels: Levels,
    do: Sequence[str],
) -> Check:
    """Return whether the priors of all studies move an answer by more than half of its sd.

    Parameters
    ----------
    studies : mapping of name to TablesOfStudy
    answer : function of the tables of each study, axes (1, variants, given..., variable)
        Returns the answer under each, axes (variants, entries).
    sd : array (entries,)
        The posterior standard deviation of the answer.
    levels : mapping of variable to its levels
    do : sequence of str
        The variables that are set.
    """
    variants = {
        name: prior_variants(study.tables, study.weights, study.counts, levels, do)
        for name, study in studies.items()
    }
    kinds = ["", ""]
    for name, each in variants.items():
        kinds += [f"{name}: {kind}" for kind in each.kinds[2:]]
    arrays = {name: _stacked(name, variants) for name in variants}
    rows = sum(unseen_rows(study.counts) for study in studies.values())
    return weight_check(shift_of_answers(answer(arrays), kinds), sd, rows, _REMEDY)


def _stacked(
    study: str, variants: Mapping[str, PriorVariants]
) -> dict[str, np.ndarray]:
    """Return the tables of a study in all variants, those of other studies too.

    Its own differ in its own variants alone; the first two are those of all studies at once.

    Parameters
    ----------
    study : str
    variants : mapping of study to PriorVariants
    """
    stacked = {}
    for table, means in variants[study].arrays.items():
        parts = means[:2]
        for other, each in variants.items():
            own = means[2:] if other == study else [means[0]] * (len(each.kinds) - 2)
            parts = [*parts, *own]
        stacked[table] = np.stack(parts)[None]
    return stacked
