"""Checks of the rows of a `Panel`: copies of units and of the outcome, values as measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.shared.bad_controls import no_copy_of_outcome
from causalstats.models.shared.copies_of_units import no_unit_twice
from causalstats.models.shared.cut_outcomes import (
    counts_not_cut_off,
    rows_not_cut_off,
)
from causalstats.models.shared.independent_rows import no_row_twice
from causalstats.models.shared.interpolated_values import not_interpolated
from causalstats.models.shared.measurement import MEASUREMENT, recorded_values
from causalstats.models.shared.records_over_time import records_over_time
from causalstats.models.shared.weights_of_rows import no_rows_outweigh
from causalstats.numerics.panel.within_transformation import demeaned


def unit_rows(
    data: Panel, assumption: str, *, numeric_outcome: bool = True
) -> tuple[Check, ...]:
    """Return failed checks of rows that are copies under another unit, of codes, lines and limits.

    Rows that are missing because their outcome is beyond a limit are looked for too, and records
    that change midway.

    Parameters
    ----------
    data : Panel
    assumption : str
        The name of the assumption of independent units.
    numeric_outcome : bool
        Whether the outcome is a number; otherwise it is a count, or 0 or 1.
    """
    arguments: Any = data.arguments
    outcome = arguments["outcome"]
    read = [outcome, *data.treatments, *data.covariates]
    common = (
        *_no_copies(data, assumption),
        *no_rows_outweigh(data.weights),
        *recorded_values(
            data.source, read, outcome if numeric_outcome else None, data.time
        ),
        *not_interpolated(data, MEASUREMENT),
        *records_over_time(data, MEASUREMENT, numeric_outcome=numeric_outcome),
    )
    if numeric_outcome:
        return (*common, *rows_not_cut_off(data))
    return (*common, *counts_not_cut_off(data))


def _no_copies(data: Panel, assumption: str) -> tuple[Check, ...]:
    """Return what says that rows, or whole units, are copies of others; nothing otherwise."""
    arguments: Any = data.arguments
    rows = data.source.drop(columns=arguments["unit"])
    failed = [
        each
        for each in no_row_twice(rows, assumption)
        if each.passed is False  # rows of few values agree by chance, and within units
    ]
    return tuple(failed) or no_unit_twice(data, assumption)


def no_copy_within_units(
    data: Panel, estimands: tuple[str, ...], assumption: str
) -> tuple[Check, ...]:
    """Return the caution that a covariate hardly differs from the outcome within units.

    Parameters
    ----------
    data : Panel
    estimands : tuple of str
        The answers that the caution stands on.
    assumption : str
        The name of the assumption that it concerns.
    """
    numeric = data.numeric_covariates
    within = demeaned(np.column_stack([data.outcome, *numeric.values()]), data.starts)
    covariates = dict(zip(numeric, within[:, 1:].T, strict=True))
    return no_copy_of_outcome(within[:, 0], covariates, estimands, assumption)
