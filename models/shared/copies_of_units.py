"""Units of a panel that are copies of others under another number: one person with two ids."""

from __future__ import annotations

import numpy as np
import pandas as pd

from causalstats.core.check import Check
from causalstats.data import Panel
from causalstats.models.shared.independent_rows import copies, copies_among
from causalstats.numerics.testing.repeated_patterns import times_seen
from causalstats.numerics.testing.serial_dependence import repeated_rows

_MOST_PERIODS = 10  # whose outcomes say whether units agree by chance
_LARGEST_EXCESS = 10  # repeated units, by the number of pairs that agree by chance


def no_unit_twice(data: Panel, assumption: str) -> tuple[Check, ...]:
    """Return a failed check, or a caution, where whole series of units are those of others.

    Outcomes of many values agree at several times by a copy alone. Counts and outcomes of 0 and 1
    agree by chance as well, and are a caution where those of independent units would not as often.

    Parameters
    ----------
    data : Panel
    assumption : str
        The name of the assumption of independent units.
    """
    times = times_seen(_series(data)[:, None])
    repeated = len(data.units) - len(times)
    _, by_chance = repeated_rows(_outcomes(data))
    if by_chance > 0 and repeated > _LARGEST_EXCESS * by_chance:
        return copies(len(data.units), repeated, assumption, "units", certain=True)
    return copies_among(times, assumption, "units")


def _series(data: Panel) -> np.ndarray:
    """Return a number for each unit, (U,), that is the same where all its rows are."""
    columns = [data.time, data.outcome, *data.treatment.T]
    columns += [data.source[name] for name in data.covariates]
    codes = np.column_stack([pd.factorize(column)[0] for column in columns])
    _, row = np.unique(codes, axis=0, return_inverse=True)
    numbers = np.random.default_rng(0).integers(2**62, size=int(row.max()) + 1)
    sums = np.zeros(len(data.units), np.uint64)
    np.add.at(sums, data.unit, numbers.astype(np.uint64)[row])
    return np.asarray(pd.factorize(sums)[0])


def _outcomes(data: Panel) -> np.ndarray:
    """Return codes of the outcomes of the periods with most units, (U, P); -1 where missing."""
    period, number = np.unique(data.time, return_inverse=True)
    seen = np.bincount(number)
    kept = np.sort(np.argsort(-seen, kind="stable")[:_MOST_PERIODS])
    table = np.full((len(data.units), len(period)), -1)
    table[data.unit, number] = pd.factorize(data.outcome, sort=True)[0]
    return table[:, kept]
