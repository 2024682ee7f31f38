"""Whether values reach down to the limit of detection that is given for them.

Under a limit L below which c of n values lie, and a normal logarithm through L and an upper
quantile, each of the values seen lies within g above log L with the probability

    q = [Φ(z + g / σ) - Φ(z)] / [1 - Φ(z)],  z = Φ⁻¹(c / n)

so that none does with the probability (1 - q)^(n - c). Zeros beside a wide gap are of another
limit, in another unit, or of rows without the part.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.models.shared.measurement import MEASUREMENT

LIMITS_REACHED = "values down to their limits"
_LEVEL = 1e-5  # over all parts
_FEWEST_BELOW, _FEWEST_SEEN = 3, 10
_UPPER = 0.1  # of the values seen lie above the quantile that gives σ


def values_reach_limits(data: Composition) -> tuple[Check, ...]:
    """Return a failed check where no value of a part comes near its limit, and else none.

    Parameters
    ----------
    data : Composition
    """
    if data.bounds is None:
        return ()
    lower, upper = data.bounds.lower, data.bounds.upper
    tests = {}
    for k, name in enumerate(data.parts):
        below = (lower[:, k] == 0) & np.isfinite(upper[:, k])
        seen = lower[lower[:, k] > 0, k]
        if below.sum() >= _FEWEST_BELOW and len(seen) >= _FEWEST_SEEN:
            limit = float(upper[below, k].max())
            tests[name] = (gap_p(seen, limit, int(below.sum())), seen.min() / limit)
    if not tests:
        return ()
    worst = min(tests, key=lambda name: tests[name][0])
    p, ratio = min(1.0, len(tests) * tests[worst][0]), tests[worst][1]
    if p > _LEVEL:
        return ()
    return (
        Check(
            name=LIMITS_REACHED,
            passed=False,
            value=p,
            expected=f"p above {_LEVEL:g}: some values near the limit, where others lie below it",
            finding=f"the smallest value seen of {worst!r} is {ratio:.3g} times its limit, "
            f"p = {p:.2g}",
            remedy="Give the limit of these rows in the unit of the part: a limit too low makes "
            "values below it far too small. If rows can be without the part, leave it out: that "
            "is no limit.",
            assumption=MEASUREMENT,
        ),
    )


def gap_p(seen: np.ndarray, limit: float, below: int) -> float:
    """Return the probability that no value seen is nearer to its limit.

    Parameters
    ----------
    seen : array
        Positive values.
    limit : float
        Below which the others lie.
    below : int
        How many they are.

    Examples
    --------
    >>> values = np.exp(np.linspace(0, 2, 40))
    >>> gap_p(values, 0.95, 10) > 0.01
    True
    >>> gap_p(values, 0.095, 10) < 1e-6
    True
    """
    gap = float(np.log(seen.min() / limit))
    if gap <= 0:
        return 1.0
    share = below / (below + len(seen))
    z = float(stats.norm.ppf(share))
    high = float(np.log(np.quantile(seen, 1 - _UPPER) / limit))
    sd = high / (float(stats.norm.isf(_UPPER * (1 - share))) - z)
    within = (stats.norm.cdf(z + gap / sd) - share) / (1 - share)
    return float((1 - within) ** len(seen))
