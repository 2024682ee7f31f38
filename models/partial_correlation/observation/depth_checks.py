"""Whether compositions of counts go with how much was counted of each row."""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.numerics.compositions.depth_dependence import depth_dependence

INDEPENDENT_OF_DEPTH = "composition independent of depth"
_LEVEL = 0.005
_FEWEST_ROWS = 20
_MOST_ROWS = 500


def independent_of_depth(data: Composition) -> tuple[Check, ...]:
    """Return whether the composition of a row says how much was counted of it; else none.

    Of 20 rows or more that no subject and no time links, without exposures and declared absences,
    which go with depth by themselves.

    Parameters
    ----------
    data : Composition
    """
    linked = data.dependence is not None or data.present is not None
    fewest = max(_FEWEST_ROWS, 2 * data.matrix.shape[1] + 10)
    if linked or data.exposures is not None or len(data) < fewest:
        return ()
    rng = np.random.default_rng(0)
    kept = np.sort(rng.permutation(len(data))[:_MOST_ROWS])
    found = depth_dependence(data.values[kept], data.matrix[kept], rng)
    if found is None:
        return ()
    p, part, correlation = found
    passed = p > _LEVEL
    finding = f"p = {p:.2g}"
    if not passed:
        words = "falls" if correlation < 0 else "rises"
        finding += (
            f": {data.parts[part]!r} {words} against the other parts as more is counted, "
            f"correlation {correlation:.2f}"
        )
    return (
        Check(
            name=INDEPENDENT_OF_DEPTH,
            passed=True if passed else None,
            value=p,
            expected=f"p-value above {_LEVEL:g}, by permutation of depths between rows that were "
            "rarefied to one depth",
            finding=finding,
            remedy=""
            if passed
            else "A contaminant has a larger share where a sample gave less, and two of them look "
            "linked: compare blanks, leave out parts that are found in them, and compare the "
            "answer with the logarithm of the row's total in `covariates=`. Where totals are "
            "amounts, as in counts of one volume, a part that blooms raises them, and nothing is "
            "wrong.",
            assumption="multinomial counts",
            caution=True,
        ),
    )
