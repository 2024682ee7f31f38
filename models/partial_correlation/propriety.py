"""Data under which the posterior of `PartialCorrelation` is improper: refused before sampling."""

from __future__ import annotations

import numpy as np

from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.numerics.regression.separation import separating_direction

_LISTED = 20
_MOVED = 1e-6  # of a direction of no end, which changes the mean of a row


def refuse_improper(data: Composition) -> None:
    """Refuse parts that were not seen in a group, or not over a range, of the covariates.

    Nothing in the data says how far below the others these parts lie there: with flat
    coefficients, the posterior of their logarithm extends to minus infinity.

    Raises
    ------
    ModelError
        Naming all such parts, and the rows in which they were not seen.
    """
    observation = observation_of(data)
    detected = observation.detected(data)
    if data.design is None or detected is None:
        return
    seen, below = detected
    unbounded = {}
    present = np.ones(seen.shape, bool) if data.present is None else data.present
    for k, (name, column, absent) in enumerate(
        zip(data.parts, seen.T, below.T, strict=True)
    ):
        if column.all():
            continue
        direction = _separating_direction(data.matrix, column, absent, present[:, k])
        if direction is not None:
            rows = (np.abs(data.matrix @ direction) > _MOVED).sum()
            unbounded[name] = (direction, rows)
    if not unbounded:
        return
    columns = ["the intercept", *data.design.columns]
    moved = {
        columns[k]
        for direction, _ in unbounded.values()
        for k in np.flatnonzero(direction)
    }
    moved.discard("the intercept")
    shown = list(unbounded.items())[:_LISTED]
    listed = ", ".join(
        f"{name!r} (in none of {rows} rows)" for name, (_, rows) in shown
    )
    others = len(unbounded) - _LISTED
    more = f" and {others:,} other parts" if others > 0 else ""
    raise ModelError(
        f"In a group of rows that the covariates tell apart, these parts were never "
        f"{observation.detection}: {listed}{more}. Nothing says how rare they are there, so that "
        f"coefficients on {', '.join(sorted(moved)) or 'the covariates'} have no lower end and the "
        "posterior is no distribution. Leave these parts out, for example "
        f"{_without(data, list(unbounded))}; or join the group with another; or fit the groups one "
        f"by one, each with the parts that it has.{_declaration(data, shown[0][0])}"
    )


def _separating_direction(
    matrix: np.ndarray, seen: np.ndarray, below: np.ndarray, present: np.ndarray
) -> np.ndarray | None:
    """Return a direction in which the coefficients of a part are infinite, or None.

    Among those that the rows know in which the part can be present: others are not asked about.

    Parameters
    ----------
    matrix : array, shape (n, q)
    seen, below, present : bool array, shape (n,)
    """
    if present.all():
        return separating_direction(matrix, seen, below)
    rows = matrix[present]
    known = np.linalg.svd(rows, full_matrices=False)[2][: np.linalg.matrix_rank(rows)]
    direction = separating_direction(rows @ known.T, seen[present], below[present])
    return None if direction is None else direction @ known


def _declaration(data: Composition, part: str) -> str:
    """Return the advice to declare a part absent, where it is counted."""
    if not data.counts:
        return ""
    return (
        f" If such a part cannot be present in those rows, declare it: absent={{{part!r}: "
        "{'site': [...]}}, by the levels of a column, or by a column that is True there."
    )


def _without(data: Composition, parts: list[str]) -> str:
    others = [name for name in data.parts if name not in parts]
    if len(others) < 3 or len(others) > _LISTED:
        return "`data.subcomposition([...])` with the others"
    return f"`data.subcomposition({others})`"
