"""Whether rows are replicates of each other, as a sample that was measured twice is.

A sample that was sequenced or assayed more than once has rows that are no copies, and stand
anywhere in the table.
"""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.models.partial_correlation.assumptions import (
    INDEPENDENT_ROWS,
    NO_REPLICATES,
)
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.replicate_rows import replicates

_LEVEL = 0.005
_FEWEST_ROWS = 20
_FEWEST_PARTS = 3


def rows_are_no_replicates(data: Composition) -> tuple[Check, ...]:
    """Return whether rows are as far from each other as different samples are; else none.

    Of 20 rows or more that no subject and no time links, by the parts that are observed well.

    Parameters
    ----------
    data : Composition
    """
    parts = observation_of(data).well_observed(data)
    fewest = max(_FEWEST_ROWS, 2 * data.matrix.shape[1] + 10)
    if data.dependence is not None or len(parts) < _FEWEST_PARTS or len(data) < fewest:
        return ()
    ratios = log_ratios.clr(data.positive_values[:, parts])
    p, pair = replicates(ratios, data.matrix, np.random.default_rng(0))
    passed = p > _LEVEL
    finding = f"p = {p:.3f}"
    if not passed:
        one, other = data.rows[list(pair)]
        finding += (
            ": rows have others far nearer to them than the next ones are, such as rows "
            f"{one} and {other} of the frame"
        )
    return (
        Check(
            name=NO_REPLICATES,
            passed=passed,
            value=p,
            expected=f"p-value above {_LEVEL:g}, by simulation of independent rows",
            finding=finding,
            remedy=""
            if passed
            else "A sample that was measured several times counts once: name the sample by "
            "`subject=`, or add up the counts of its rows, or take the geometric mean of its "
            "amounts. Intervals are too short, and links are found that are none.",
            assumption=INDEPENDENT_ROWS,
        ),
    )
