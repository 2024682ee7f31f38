"""Whether groups that are pooled are of different samples.

Groups are pooled, and compared, as independent of each other. A row that is in two of them is
counted twice, and so is what two sites, or two times, of one subject share.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.errors import ModelError

OTHER_SUBJECTS = "groups of other subjects"
_MOST_SHARED = 0.05  # of the rows of the smaller group
_FEWEST_SHARED = 3
_FEWEST_PAIRED = 10
_MOST_COMPONENTS = 10
_PERMUTATIONS = 1999
_LEVEL = 0.002  # over all pairs of groups


def refuse_shared_rows(groups: Mapping[str, Composition]) -> None:
    """Refuse groups that have rows in common.

    Raises
    ------
    ModelError
        Naming two of them, and how many rows.
    """
    for (first, one), (second, other) in combinations(groups.items(), 2):
        if one.parts != other.parts:
            continue
        known = {row.tobytes() for row in one.values}
        shared = sum(row.tobytes() in known for row in other.values)
        fewer = min(len(one), len(other))
        if shared >= _FEWEST_SHARED and shared > _MOST_SHARED * fewer:
            raise ModelError(
                f"Expected groups of different rows, got {shared:,} of {fewer:,} rows that are in "
                f"{first!r} and in {second!r}: pooled groups count as independent, and these rows "
                "would count twice. Fit groups that do not overlap, such as 'young' and 'old' in "
                "place of 'young' and 'all'."
            )


def groups_of_other_subjects(groups: Mapping[str, Composition]) -> tuple[Check, ...]:
    """Return the caution that rows of two groups go together; nothing otherwise.

    Rows are paired by the labels of their frames, or in their order where both have as many. The
    statistic is the sum of squared correlations between the principal components of one group and
    those of the other, about intercept and covariates; its reference are permuted rows.

    Parameters
    ----------
    groups : mapping of str to Composition
    """
    pairs = list(combinations(groups.items(), 2))
    found = []
    for (first, one), (second, other) in pairs:
        places = _paired(one, other)
        if places is None:
            continue
        rng = np.random.default_rng(0)
        p = paired_rows(one.residuals[places[0]], other.residuals[places[1]], rng)
        found.append((p, first, second))
    if not found:
        return ()
    p, first, second = min(found)
    if p > _LEVEL / len(found):
        return ()
    return (
        Check(
            name=OTHER_SUBJECTS,
            passed=None,
            value=p,
            expected=f"p-value above {_LEVEL / len(found):.2g}, by permutation of rows",
            finding=f"rows of {first!r} and of {second!r} that stand at the same place, or have "
            f"one label, are alike: p = {p:.2g}",
            remedy="Groups are pooled as independent of each other. Where both are of the same "
            "subjects, such as two sites or two times, what the subjects share counts as seen "
            "twice: intervals are too short. Fit each group alone, and compare by "
            "`one.effect('excess').minus(...)`, whose intervals are then too wide rather than too "
            "short; or take each subject in one group only.",
            caution=True,
        ),
    )


def paired_rows(one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> float:
    """Return the p-value of no correlation between rows at the same place of two tables.

    Parameters
    ----------
    one, other : array, shape (n, D)
        Residuals.
    rng : Generator

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = rng.standard_normal((40, 4))
    >>> paired_rows(rows, rows + rng.standard_normal((40, 4)), rng)
    0.0005
    """
    first, second = _components(one), _components(other)
    observed = np.sum((first.T @ second) ** 2)
    larger = sum(
        np.sum((first.T @ second[rng.permutation(len(second))]) ** 2) >= observed
        for _ in range(_PERMUTATIONS)
    )
    return float((1 + larger) / (1 + _PERMUTATIONS))


def _components(rows: np.ndarray) -> np.ndarray:
    """Return the leading principal components, of length 1 each."""
    scores, sizes, _ = np.linalg.svd(rows, full_matrices=False)
    most = min(_MOST_COMPONENTS, max(1, len(rows) // 4))
    return np.asarray(scores[:, sizes > 1e-6 * sizes[0]][:, :most])


def _paired(
    one: Composition, other: Composition
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the positions of rows with one label, or all in their order; None of few."""
    labels, theirs = one.source.index, other.source.index
    if labels.is_unique and theirs.is_unique:
        both = labels.intersection(theirs)
        if len(both) >= _FEWEST_PAIRED:
            return labels.get_indexer(both), theirs.get_indexer(both)
    if len(one) == len(other) >= _FEWEST_PAIRED:
        places = np.arange(len(one))
        return places, places
    return None
