"""Checks of treatments that units adopt and keep: trends before adoption, ratios that grow after.

Once adopted, such a treatment is the treatment of the next row too, and a test by that sees little.
Before adoption units that will adopt have the trend of those that never do: neither leads nor the
time until adoption have an effect among untreated rows (Borusyak, Jaravel & Spiess 2024, section
4.4). After it, one ratio asks that time since adoption times the treatment has no effect.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from causalstats.data import Panel
from causalstats.models.panel_dml.checks.strict_exogeneity import (
    rows_until_adoption,
)
from causalstats.models.panel_glm.design import Design
from causalstats.models.shared.treatment_paths import absorbing

_LEADS = 2  # rows before adoption, beside a trend that adopters have in common


def padded(design: Design, data: Panel, columns: np.ndarray) -> np.ndarray:
    """Return columns (n, r) of the rows as those of a design, (N, T, r).

    Parameters
    ----------
    design : Design
    data : Panel
    columns : array, shape (n, r)
    """
    position = np.arange(len(data)) - np.repeat(data.starts, data.sizes)
    values = np.zeros((len(data.units), design.seen.shape[1], columns.shape[1]))
    values[data.unit, position] = columns
    return values[design.unit]


def before_adoption(design: Design, data: Panel) -> tuple[Design, np.ndarray] | None:
    """Return the untreated rows, and leads and time until adoption there; None without adoption.

    Parameters
    ----------
    design : Design
    data : Panel

    Returns
    -------
    Design
    array, shape (N, T, r)
    """
    forever = absorbing(data)
    if not forever.any():
        return None
    adopted = data.treatment[:, forever]
    columns = []
    for treatment in adopted.T:
        since = rows_until_adoption(data, treatment)
        columns += [(since == -lead).astype(float) for lead in range(1, _LEADS + 1)]
        columns.append(np.nan_to_num(since))
    untreated = padded(design, data, (adopted == 0).all(axis=1)[:, None].astype(float))
    seen = design.seen * untreated[:, :, 0]
    part = replace(
        design,
        seen=seen,
        outcome=design.outcome * seen,
        columns=design.columns * seen[:, :, None],
    )
    added = padded(design, data, np.column_stack(columns)) * seen[:, :, None]
    varies = np.ptp(added, axis=(0, 1)) > 0
    return (part, added[:, :, varies]) if varies.any() else None


def since_adoption(design: Design, data: Panel) -> np.ndarray | None:
    """Return the rows since adoption of each treatment that stays, (N, T, r); None without one.

    Parameters
    ----------
    design : Design
    data : Panel
    """
    columns = [
        np.nan_to_num(np.maximum(rows_until_adoption(data, treatment), 0.0))
        for treatment in data.treatment[:, absorbing(data)].T
    ]
    moving = [column for column in columns if column.max() > 1]
    return padded(design, data, np.column_stack(moving)) if moving else None
