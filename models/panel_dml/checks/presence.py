"""Test of attrition: whether units leave after, or enter with, an outcome of their own.

Rows may be missing for anything that lasts in a unit, for its treatments and for its covariates.
If a bad outcome makes a unit leave, errors of the rows that are left are not of mean 0 given their
treatments, and no estimator within units is right (Verbeek & Nijman 1992, whose test adds presence
in the next and in the last period to the equation). So the last row of units that leave before the
panel ends, and the first row of those that enter after it began, must have no coefficient in the
outcome's equation.
"""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.models.panel_dml.checks.score_tests import (
    FEWEST_CLUSTERS,
    Adjusted,
    strongest,
)

PRESENCE = "units do not leave because of their outcome"
_LEVEL = 0.002
_FEWEST = 10  # units that leave, or that enter late


def presence_unrelated(
    adjusted: Adjusted, estimands: tuple[str, ...]
) -> tuple[Check, ...]:
    """Return the check of units that leave or enter; nothing where hardly any does.

    Parameters
    ----------
    adjusted : Adjusted
        Residuals of a model within units.
    estimands : tuple of str
        The answers that a failure stands on.
    """
    data = adjusted.data
    if adjusted.count < FEWEST_CLUSTERS:
        return ()
    stops = data.starts + data.sizes - 1
    early, late = data.time[data.starts], data.time[stops]
    several = data.sizes > 1
    marks = {}
    for word, rows in (
        ("leaves after it", stops[several & (late < data.time.max())]),
        ("enters with it", data.starts[several & (early > data.time.min())]),
    ):
        if len(rows) >= _FEWEST:
            marks[word] = np.zeros(len(data))
            marks[word][rows] = 1.0
    if not marks:
        return ()
    columns = np.column_stack(list(marks.values()))
    found = strongest(adjusted, columns)
    if found is None:
        return ()
    column, p, slope = found
    passed = p >= _LEVEL
    word = list(marks)[column]
    return (
        Check(
            name=PRESENCE,
            passed=passed,
            value=p,
            expected=f"no relation of the outcome with leaving or entering, p above {_LEVEL:g}",
            finding=f"the outcome of a row is {slope:+.2g} where its unit {word}, p = {p:.2g}",
            remedy=""
            if passed
            else "Units are missing because of what their outcome was (attrition, late entry): "
            "effects within those that stay are biased. Find out why they leave, and get their "
            "outcomes; with covariates that foretell it, name these; set the answer of the units "
            "that were seen at all times beside this one. An outcome that depends on its own past "
            "is answered by `cs.DynamicPanel()`, which allows for leaving after a bad outcome.",
            estimands=estimands,
            assumption="strict exogeneity",
        ),
    )
