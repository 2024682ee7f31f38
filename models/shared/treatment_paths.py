"""Units whose treatments take the same path over time."""

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
