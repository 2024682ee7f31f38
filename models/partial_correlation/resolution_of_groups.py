"""Which differences between pooled groups their rows can tell from none.

Fisher's z of a partial correlation of D parts, given the D - 2 others, has a standard error of
about 1 / √(m - D + 1), with m the rows less the columns of the covariates. Pooling learns how much
groups differ over all pairs, and draws smaller differences than those it sees to none, or nearly
so.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Composition

SMALL_DIFFERENCES = "small differences between groups"
_ERRORS = 2.8  # standard errors of a difference that an interval of 95 % sees four times in five
_LARGEST = 0.1  # difference of partial correlations that need not be seen


def small_differences(groups: Mapping[str, Composition]) -> tuple[Check, ...]:
    """Return the caution that pooling draws differences of this size to none; else nothing.

    Parameters
    ----------
    groups : mapping of str to Composition
    """
    variances = {
        name: 1 / max(data.degrees - len(data.parts) + 1, 1)
        for name, data in groups.items()
    }
    one, other = sorted(groups, key=lambda name: variances[name])[-2:]
    seen = float(np.tanh(_ERRORS * np.sqrt(variances[one] + variances[other])))
    if seen <= _LARGEST:
        return ()
    return (
        Check(
            name=SMALL_DIFFERENCES,
            passed=None,
            value=seen,
            expected=f"rows that show differences of partial correlations of {_LARGEST:g}",
            finding=f"the rows of {one!r} and of {other!r} show differences from about {seen:.2g}",
            remedy="Pooling takes smaller differences for none, or nearly none, and its intervals "
            "with them: of differences above .3 in three groups of 50 rows of 10 parts, intervals "
            "of 95 % hold .65 to .72. A pair that is not selected is not shown to be alike. For a "
            "pair that you named before, take `one.effect('excess').minus(...)` of fits apart.",
            caution=True,
        ),
    )
