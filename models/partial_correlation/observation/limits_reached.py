"""Whether values reach down to the limit of detection that is given for them.

Under a limit L below which c of n values lie, and a normal logarithm through L and an upper
quantile, each of the values seen lies within g above log L with the probability

    q = [Φ(z + g / σ) - Φ(z)] / [1 - Φ(z)],  z = Φ⁻¹(c / n)

so that none does with the probability (1 - q)^(n - c). Zeros beside a wide gap are of another
limit, in another unit, or of rows without the part.

Where rows of two laboratories are read with one limit, the gap is that of one of them. It is looked
for in the rows of each level of a covariate, and in those before and after each place in the table,
with Bonferroni's correction. Laboratories that no covariate names, and whose rows are mixed, leave
no gap: that limits were given once for many rows below them is a caution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.models.shared.measurement import MEASUREMENT

LIMITS_REACHED = "values down to their limits"
ONE_LIMIT = "one limit for all rows"
_LEVEL = 1e-5  # over all parts
_LEVEL_OF_GROUPS = 3e-3  # over all parts and groups of rows
_MOST_LEVELS = 5  # of a covariate that may name laboratories
_PLACES = 60  # in the order of the table
_LEAST_SHARE_BELOW = 0.1
_FEWEST_BELOW, _FEWEST_SEEN = 3, 10
_UPPER = 0.1  # of the values seen lie above the quantile that gives σ


def values_reach_limits(data: Composition) -> tuple[Check, ...]:
    """Return a failed check where values do not come near their limit, or a caution of one limit.

    Else none.

    Parameters
    ----------
    data : Composition
    """
    if data.bounds is None:
        return ()
    lower, upper = data.bounds.lower, data.bounds.upper
    below = (lower == 0) & np.isfinite(upper)
    gaps = []
    for k, name in enumerate(data.parts):
        if (gap := _gap(lower[:, k], upper[:, k], below[:, k])) is not None:
            gaps.append(_Gap(name, "", *gap))
    if not gaps:
        return ()
    worst = min(gaps, key=lambda gap: gap.p)
    if min(1.0, len(gaps) * worst.p) <= _LEVEL:
        return (_not_reached(worst, len(gaps)),)
    shared = [k for k in range(len(data.parts)) if _one_limit(upper[below[:, k], k])]
    within = [
        _Gap(data.parts[k], words, *gap)
        for words, rows in _row_groups(data)
        for k in shared
        if (gap := _gap(lower[rows, k], upper[rows, k], below[rows, k])) is not None
    ]
    if within:
        worst = min(within, key=lambda gap: gap.p)
        if min(1.0, len(within) * worst.p) <= _LEVEL_OF_GROUPS:
            return (_not_reached(worst, len(within)),)
    return _caution(data, below, shared)


class _Gap(NamedTuple):
    """The gap above a limit: its part and rows, its probability and the smallest value by it."""

    part: str
    rows: str
    p: float
    ratio: float


def _gap(
    lower: np.ndarray, upper: np.ndarray, below: np.ndarray
) -> tuple[float, float] | None:
    """Return the probability of the gap of a part and the smallest value seen by its limit.

    None of few values below the limit, or above.

    Parameters
    ----------
    lower, upper : array, shape (n,)
        Bounds of the part.
    below : bool array, shape (n,)
    """
    seen = lower[lower > 0]
    if below.sum() < _FEWEST_BELOW or len(seen) < _FEWEST_SEEN:
        return None
    limit = float(upper[below].max())
    return gap_p(seen, limit, int(below.sum())), float(seen.min() / limit)


def _one_limit(limits: np.ndarray) -> bool:
    """Return whether values below limits are, and all have the same one."""
    return len(limits) >= _FEWEST_BELOW and np.ptp(limits) <= 1e-9 * limits.max()


def _row_groups(data: Composition) -> Iterator[tuple[str, np.ndarray]]:
    """Yield words for rows that may be of one laboratory, and their positions.

    Parameters
    ----------
    data : Composition
    """
    names = () if data.design is None else data.design.columns
    for name, column in zip(names, data.matrix.T[1:], strict=True):
        levels = np.unique(column)
        if len(levels) <= _MOST_LEVELS:
            for words, level in zip(_ends(len(levels)), levels, strict=True):
                yield f" among rows of {words} {name}", np.flatnonzero(column == level)
    order = np.argsort(data.rows)
    step = max(1, len(order) // _PLACES)
    for place in range(_FEWEST_SEEN, len(order) - _FEWEST_SEEN, step):
        row = data.rows[order[place]]
        yield f" from row {row} of the frame on", order[place:]
        yield f" before row {row} of the frame", order[:place]


def _ends(count: int) -> list[str]:
    """Return words for levels of a covariate in their order."""
    return ["low", *["middle"] * (count - 2), "high"]


def _not_reached(gap: _Gap, tests: int) -> Check:
    """Return the failed check of values that do not come near their limit.

    Parameters
    ----------
    gap : _Gap
    tests : int
        Among how many it is the least probable.
    """
    p = min(1.0, tests * gap.p)
    some = (
        f" Two laboratories or years have two limits: `limits={{{gap.part!r}: 'column'}}` takes "
        "that of each row."
        if gap.rows
        else ""
    )
    return Check(
        name=LIMITS_REACHED,
        passed=False,
        value=p,
        expected=f"p above {_LEVEL:g}, among some of the rows above {_LEVEL_OF_GROUPS:g}: some "
        "values near the limit, where others lie below it",
        finding=f"the smallest value seen of {gap.part!r}{gap.rows} is {gap.ratio:.3g} times its "
        f"limit, p = {p:.2g}",
        remedy="Give the limit of these rows in the unit of the part: a limit too low makes "
        f"values below it far too small.{some} If rows can be without the part, leave it out: "
        "that is no limit.",
        assumption=MEASUREMENT,
    )


def _caution(
    data: Composition, below: np.ndarray, shared: list[int]
) -> tuple[Check, ...]:
    """Return the caution that mixed rows of two limits cannot be told from those of one.

    Parameters
    ----------
    data : Composition
    below : bool array, shape (n, D)
    shared : list of int
        Positions of parts that have one limit in all rows.
    """
    given = data.arguments["limits"]
    numbers = [
        k
        for k in shared
        if not isinstance(given, Mapping)
        or isinstance(given.get(data.parts[k]), int | float)
    ]
    shares = below[:, numbers].mean(axis=0)
    if given is None or shares.max(initial=0.0) < _LEAST_SHARE_BELOW:
        return ()
    part = data.parts[numbers[int(shares.argmax())]]
    return (
        Check(
            name=ONE_LIMIT,
            passed=None,
            value=float(shares.max()),
            expected=f"less than {_LEAST_SHARE_BELOW:.0%} of the rows below a limit that all rows "
            "share",
            finding=f"{shares.max():.0%} of the rows lie below the one limit of {part!r}",
            remedy="These data cannot show rows of two laboratories, methods or years that are "
            f"mixed: where limits differ, `limits={{{part!r}: 'column'}}` takes that of each row. "
            "A limit too low for some makes their values far too small, and bends links and "
            "differences.",
            assumption=MEASUREMENT,
            caution=True,
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
