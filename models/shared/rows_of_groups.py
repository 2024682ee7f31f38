"""The check that rows with the same number of their group share nothing beyond what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from causalstats.core.check import Check
from causalstats.numerics.testing.shared_values import alike_within, groups_of_values

_LEVEL = 0.005
NAME = "rows of one group independent"


class Residuals(NamedTuple):
    """Residuals of some rows, shape (n,), and the numbers by name that they were explained by."""

    residuals: np.ndarray
    columns: Mapping[str, np.ndarray]


def groups_independent(
    equations: Sequence[Residuals],
    *,
    remedy: str,
    assumption: str,
    estimands: tuple[str, ...] = (),
) -> tuple[Check, ...]:
    """Return whether rows with the same value of a column are alike in residuals.

    Nothing is returned where no column is a number of groups, whose values rows share exactly.

    Parameters
    ----------
    equations : sequence of Residuals
    remedy : str
        The way to tell this model about groups.
    assumption : str
        The name of the assumption of independent rows.
    estimands : tuple of str
        The answers that a failure stands on; empty for all of them.
    """
    tests: list[tuple[float, str, int]] = []
    for residuals, columns in equations:
        for name, values in columns.items():
            groups = groups_of_values(values)
            if groups is not None:
                p = alike_within(residuals, values, groups)
                tests.append((p, name, int(groups.max()) + 1))
    if not tests:
        return ()
    smallest, name, count = min(tests)
    p = min(1.0, len(tests) * smallest)
    passed = p >= _LEVEL
    return (
        Check(
            name=NAME,
            passed=passed,
            value=p,
            expected=f"p-value of at least {_LEVEL:g}",
            finding=f"rows with the same value of {name}, which has {count}, are "
            f"{'not ' if passed else ''}alike in what the model leaves open, p = {p:.2g}",
            remedy=""
            if passed
            else f"{name} is a number of groups of rows, and those of one group share more than "
            f"it says: they count as fewer rows, and the interval is too short. {remedy}",
            estimands=estimands,
            assumption=assumption,
        ),
    )
