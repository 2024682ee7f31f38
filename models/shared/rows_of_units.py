"""Checks of the rows of a `Panel`: units that are copies, and values as they were measured."""

from __future__ import annotations

from typing import Any

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.shared.independent_rows import no_row_twice
from causalstats.models.shared.measurement import recorded_values


def unit_rows(
    data: Panel, assumption: str, *, numeric_outcome: bool = True
) -> tuple[Check, ...]:
    """Return failed checks of rows that are copies under another unit, and of codes and limits.

    Parameters
    ----------
    data : Panel
    assumption : str
        The name of the assumption of independent units.
    numeric_outcome : bool
        Whether a limit could cut off the outcome; not where it is a count, or 0 or 1.
    """
    arguments: Any = data.arguments
    outcome = arguments["outcome"]
    copied = data.source.drop(columns=arguments["unit"])
    read = [outcome, *data.treatments, *data.covariates]
    return (
        *no_row_twice(copied, assumption, "unit"),
        *recorded_values(data.source, read, outcome if numeric_outcome else None),
    )
