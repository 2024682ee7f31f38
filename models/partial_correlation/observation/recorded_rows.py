"""Checks of rows of counts, or of values within bounds: outlying rows, and zeros taken out.

The predictive checks of skewness and tails need log-ratios that are known.
"""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.core.formatting import some_of
from causalstats.data import Composition
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.outlying_rows import farthest_row
from causalstats.numerics.compositions.sampling_zeros import missing_zeros

_LEVEL = 0.01
_LARGE_COUNT = 20  # whose logarithm is nearly known: its standard error is .22
_SHARE_OF_LARGE = 0.9  # of the rows
_FEWEST_PARTS = 3


def outlying_rows(data: Composition, assumption: str) -> Check | None:
    """Return whether a row lies far out in the log-ratios of the parts that are known well.

    None of fewer than three such parts, of few rows, and of rows that depend on each other.

    Parameters
    ----------
    data : Composition
    assumption : str
        The name of the assumption about the shape of the log-ratios.
    """
    if data.dependence is not None:
        return None
    if data.counts:
        known = (data.values >= _LARGE_COUNT).mean(axis=0) >= _SHARE_OF_LARGE
    else:
        known = np.ones(len(data.parts), bool)
        if data.bounds is not None:
            known = ~data.bounds.open.any(axis=0)
    if known.sum() < _FEWEST_PARTS:
        return None
    result = farthest_row(log_ratios.clr(data.positive_values[:, known]), data.matrix)
    if result is None:
        return None
    p, row = result
    passed = p > _LEVEL
    return Check(
        name="no outlying row",
        passed=passed,
        value=p,
        expected=f"p-value above {_LEVEL:g} of the row that lies farthest out",
        finding=f"row {data.rows[row]} of the frame lies farthest out, p = {p:.2g}",
        remedy=""
        if passed
        else "One row can make a link, or hide one: look at it for exchanged parts or units, and "
        'compare the answer of `errors="student"`, in which such a row counts for little.',
        assumption=assumption,
    )


def declared_absences_are_no_sampling_zeros(data: Composition) -> Check | None:
    """Return whether parts have zeros enough where they are said to be present.

    None where no part is declared absent.
    """
    if data.present is None:
        return None
    declared = np.flatnonzero(~data.present.all(axis=0))
    results = {
        data.parts[k]: missing_zeros(data.values[data.present[:, k], k])
        for k in declared.tolist()
    }
    p = min(1.0, len(results) * min(p for p, _ in results.values()))
    few = [
        f"{name} (at least {expected:.0f} expected)"
        for name, (part_p, expected) in results.items()
        if len(results) * part_p <= _LEVEL
    ]
    return Check(
        name="declared absences are no zeros of counting",
        passed=not few,
        value=p,
        expected=f"p-value above {_LEVEL:g}: where a part can be present, as many counts of 0 as "
        "those of 1 and 2 make likely",
        finding=f"too few counts of 0 where they are said to be present: {some_of(few)}"
        if few
        else f"p = {p:.3f}",
        remedy="A part that was not counted is rare there, not absent: zeros that were declared "
        "absences make it look common in the rows that are left. Declare in `absent=` only rows "
        "in which the part cannot be, by what is known without the counts."
        if few
        else "",
        assumption="multinomial counts",
    )
