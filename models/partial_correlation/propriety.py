"""Data for which the posterior of `PartialCorrelation` is no distribution, refused before sampling."""

from __future__ import annotations

import numpy as np

from causalstats.data import Composition
from causalstats.errors import ModelError
from causalstats.numerics.selection.separation import without_end

_NAMED = 20


def refuse_improper(data: Composition) -> None:
    """Refuse parts that were not seen in a group, or not over a range, of the covariates.

    How far below the others they lie there, nothing says: with flat coefficients the posterior
    goes on to minus infinity.

    Raises
    ------
    ModelError
        Naming all such parts, and the rows in which they were not seen.
    """
    if data.design is None or not (data.counts or data.bounds is not None):
        return
    if data.counts:
        seen, below = data.values > 0, data.values == 0
    else:
        assert data.bounds is not None
        seen = data.bounds.lower > 0
        below = ~seen & np.isfinite(data.bounds.upper)
    found = {}
    for name, column, absent in zip(data.parts, seen.T, below.T, strict=True):
        if column.all():
            continue
        direction = without_end(data.matrix, column, absent)
        if direction is not None:
            found[name] = (direction, (np.abs(data.matrix @ direction) > 1e-6).sum())
    if not found:
        return
    columns = ["the intercept", *data.design.columns]
    moved = {columns[k] for direction, _ in found.values() for k in np.flatnonzero(direction)}
    moved.discard("the intercept")
    what = "counted" if data.counts else "above its limit"
    named = ", ".join(
        f"{name!r} (in none of {rows} rows)" for name, (_, rows) in list(found.items())[:_NAMED]
    )
    more = f" and {len(found) - _NAMED:,} other parts" if len(found) > _NAMED else ""
    raise ModelError(
        f"In a group of rows that the covariates tell apart, these parts were never {what}: "
        f"{named}{more}. Nothing says how rare they are there, so that coefficients on "
        f"{', '.join(sorted(moved)) or 'the covariates'} have no lower end and the posterior is "
        f"no distribution. Leave these parts out, for example {_without(data, list(found))}; or "
        "join the group with another; or fit the groups one by one, each with the parts that it "
        "has."
    )


def _without(data: Composition, parts: list[str]) -> str:
    left = [name for name in data.parts if name not in parts]
    if len(left) < 3 or len(left) > _NAMED:
        return "`data.subcomposition([...])` with the others"
    return f"`data.subcomposition({left})`"
