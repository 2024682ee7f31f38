"""Paths of treatments: units of the same path, and treatments that are adopted for good."""

from __future__ import annotations

import numpy as np
import pandas as pd

from causalstats.data import Panel


def paths(data: Panel) -> np.ndarray:
    """Return a number for each unit: equal for units with equal treatments at equal times."""
    starts = data.starts[1:]
    histories = zip(
        np.split(data.time, starts), np.split(data.treatment, starts), strict=True
    )
    hashes = [
        hash((time.tobytes(), treatment.tobytes())) for time, treatment in histories
    ]
    return np.asarray(pd.factorize(np.array(hashes))[0])


def absorbing(data: Panel) -> np.ndarray:
    """Which treatments begin in some unit, from 0, and never end in any: (k,).

    After it began a treatment may change once, as one that is a fraction of its first period does.
    """
    values = data.treatment
    same = np.diff(data.unit) == 0
    before, after = values[:-1][same], values[1:][same]
    begins = (before == 0) & (after > 0)
    ends = (before > 0) & (after == 0)
    unit = data.unit[1:][same]
    moves = (before > 0) & (after != before)
    often = [np.bincount(unit, column).max(initial=0) > 1 for column in moves.T]
    return (
        (values >= 0).all(axis=0)
        & begins.any(axis=0)
        & ~ends.any(axis=0)
        & ~np.array(often)
    )
