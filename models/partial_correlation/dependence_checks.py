"""Whether rows of one subject, or in time, are alike to the same degree in every log-ratio.

Covariance and intervals stand on one row correlation φ. Where some parts are a subject's own and
others are not, φ is a compromise: intervals are too short for the first and too long for the
others.
"""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.models.partial_correlation.assumptions import (
    INDEPENDENT_ROWS,
    ONE_ROW_CORRELATION,
)
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.common_row_correlation import (
    common_correlation_p,
)

_LEVEL = 0.01
_FEWEST_ROWS = 20
_FEWEST_PARTS = 3
_MOST_ROWS = 1_000
_COUNTING_SHARE = 0.05  # of the variance of a part that its counts may make


def one_row_correlation(data: Composition) -> tuple[Check, ...]:
    """Return whether one correlation of linked rows does for all parts; else none.

    Of parts that are observed well, in 20 to 1000 rows that are linked.

    Parameters
    ----------
    data : Composition
    """
    if data.dependence is None or not _FEWEST_ROWS <= len(data) <= _MOST_ROWS:
        return ()
    parts = _well_observed(data)
    if len(parts) < _FEWEST_PARTS:
        return ()
    ratios = log_ratios.clr(data.positive_values[:, parts])
    rng = np.random.default_rng(0)
    links = data.dependence.links
    p, correlation, deviation = common_correlation_p(ratios, data.matrix, links, rng)
    passed = p > _LEVEL
    farthest = int(np.abs(deviation).argmax())
    more = "more" if deviation[farthest] > 0 else "less"
    whose = (
        "rows of one subject" if "member" in links else "rows that follow each other"
    )
    finding = f"p = {p:.2g}, with a correlation of {correlation:.2f} in all log-ratios"
    if not passed:
        finding += (
            f": {whose} are {more} alike in {data.parts[parts[farthest]]!r} than in the other "
            "parts, and no one correlation is right for all"
        )
    return (
        Check(
            name=ONE_ROW_CORRELATION,
            passed=passed,
            value=p,
            expected=f"p-value above {_LEVEL:g}, by simulation",
            finding=finding,
            remedy="" if passed else _remedy("member" in links),
            assumption=INDEPENDENT_ROWS,
        ),
    )


def _remedy(subjects: bool) -> str:
    if subjects:
        return (
            "Intervals are too short where rows are more alike. Give one row a subject, such as "
            "the geometric mean of its rows, or the sum of its counts, and compare."
        )
    return (
        "Intervals are too short where rows are more alike. Compare with rows so far apart in time "
        "that they no longer depend on each other."
    )


def _well_observed(data: Composition) -> np.ndarray:
    """Return the positions of parts whose variance is hardly that of counting.

    Parameters
    ----------
    data : Composition
    """
    parts = observation_of(data).well_observed(data)
    if not data.counts or not len(parts):
        return parts
    ratios = log_ratios.clr(data.positive_values[:, parts])
    counting = (1 / np.maximum(data.values[:, parts], 1)).mean(axis=0)
    return parts[counting < _COUNTING_SHARE * ratios.var(axis=0)]
