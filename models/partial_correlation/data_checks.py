"""What data of compositions themselves say against `PartialCorrelation`: groups of rows, absences, sums."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.hidden_batches import two_groups
from causalstats.numerics.compositions.zero_inflation import excess_zeros

_LEVEL = 0.01
_FEWEST_ROWS, _ROWS_FOR_GROUPS, _ROWS_THAT_SHOW = 20, 40, 250
_COMMON, _COUNTED = 0.95, 10  # share of rows in which a part is seen, and its median count there
_FEWEST_ZEROS, _FEWEST_SEEN, _MOST_TESTED = 3, 5, 15
_MOST_SUMMED, _MOST_SUM_ROWS = 40, 200
_HARDLY = 0.01  # of the variance of a part about the rest: what a sum of others may leave


def groups_of_rows(data: Composition) -> Check | None:
    """Whether rows fall into two groups that no covariate names; None where it cannot be told.

    Of counts, by the parts that are nearly always seen; of values within bounds, by those known.
    """
    columns = np.arange(len(data.parts))
    if data.counts:
        columns = _common(data)
    elif data.bounds is not None:
        columns = np.flatnonzero(~data.bounds.open.any(axis=0))
    timed = data.dependence is not None and "member" not in data.dependence.links
    if len(columns) < 3 or timed:
        return None
    ratios = log_ratios.clr(data.values[:, columns] + 0.5 * data.counts)
    basis, design = np.linalg.qr(data.matrix)[0], data.matrix
    rows = ratios - basis @ (basis.T @ ratios)
    if data.dependence is not None:
        member = data.dependence.subject
        first = np.unique(member, return_index=True)[1]
        rows = np.array([rows[member == each].mean(axis=0) for each in member[first]])
        design = np.ones((len(rows), 1))
    if len(rows) < max(_FEWEST_ROWS, 2 * design.shape[1] + 10):
        return None
    p, group = two_groups(rows, design, np.random.default_rng(0))
    passed = p > _LEVEL
    found = ""
    if not passed:
        found = f"two groups, one of {group.mean():.0%} of the rows, fit better"
    elif len(rows) < _ROWS_THAT_SHOW:
        found = f"{len(rows)} rows show only groups that lie far apart"
    return Check(
        name="one group of rows",
        passed=passed,
        value=p,
        expected=f"p-value above {_LEVEL:g}, by simulation of normal log-ratios",
        finding=f"p = {p:.3f}" + (f"; {found}" if found else ""),
        remedy=""
        if passed
        else "Rows of two batches, sites or units make links that are none: name what tells them "
        "apart in `covariates=`; the biplot shows which rows they are.",
        assumption="normal log-ratios",
    )


def rows_for_groups(data: Composition) -> Check | None:
    """Return the caution that so few rows show no groups; None where rows are enough."""
    if len(data) >= _ROWS_FOR_GROUPS:
        return None
    return Check(
        name="rows enough to see groups",
        passed=None,
        value=float(len(data)),
        expected=f"at least {_ROWS_FOR_GROUPS} rows",
        finding=f"{len(data)} rows hardly ever show that they are of two batches or sites",
        remedy="These data cannot show this: name batches, sites and units in `covariates=` where "
        "there are any.",
        assumption="normal log-ratios",
        caution=True,
    )


def absent_parts(data: Composition) -> Check | None:
    """Whether parts are 0 in rows in which they would be counted; of counts with zeros."""
    zeros = (data.values == 0).sum(axis=0)
    tested = np.flatnonzero(
        (zeros >= _FEWEST_ZEROS) & (len(data) - zeros >= _FEWEST_SEEN + data.matrix.shape[1])
    )
    if len(tested) == 0:
        return None
    tested = tested[np.argsort(-data.values[:, tested].sum(axis=0))][:_MOST_TESTED]
    common = _common(data)
    logs = np.log(data.values + 0.5)
    found = {}
    for place in tested:
        others = common[common != place]
        offset = (
            logs[:, others].mean(axis=1)
            if len(others)
            else np.log(data.values.sum(axis=1) - data.values[:, place] + 1)
        )
        found[data.parts[place]] = excess_zeros(data.values[:, place], offset, data.matrix)
    p = min(1.0, len(found) * min(p for p, _ in found.values()))
    absent = [
        f"{name} (absent from about {share:.0%} of the rows)"
        for name, (own, share) in found.items()
        if own * len(found) <= _LEVEL
    ]
    return Check(
        name="counted often",
        passed=not absent,
        value=p,
        expected=f"p-value above {_LEVEL:g} for all parts together: as many zeros as counting "
        "makes",
        finding=f"more zeros than counting explains: {', '.join(absent)}"
        if absent
        else f"p = {p:.3f}, {len(found)} parts tested",
        remedy="Rows without these parts are another composition, and bend every partial "
        "correlation: leave these parts out, or keep the rows that have them."
        if absent
        else "",
        assumption="multinomial counts",
    )


def sums_among_parts(data: Composition) -> Check | None:
    """Whether a part is the sum of others, as a total is; of up to 40 parts."""
    size = len(data.parts)
    if size > _MOST_SUMMED or data.bounds is not None:
        return None
    values = data.values[:_MOST_SUM_ROWS]
    shares = values / values.sum(axis=1, keepdims=True)
    logs = np.log(values + 0.5 * data.counts)
    found = []
    for place in np.argsort(-shares.mean(axis=0))[: size // 2 + 1]:
        others = np.delete(np.arange(size), place)
        weights = optimize.nnls(shares[:, others], shares[:, place])[0]
        terms = others[weights > 0.5]
        if len(terms) < 2 or len(terms) == size - 1:
            continue
        total = values[:, terms].sum(axis=1) + 0.5 * data.counts
        left = logs[:, place] - np.log(total)
        usual = np.var(logs[:, terms] - logs[:, [place]], axis=0).min()
        if abs(left.mean()) < 0.03 and left.var() < _HARDLY * usual:
            names = " + ".join(data.parts[k] for k in terms)
            found.append(f"{data.parts[place]} is {names}")
    return Check(
        name="no part is a sum of others",
        passed=not found,
        value=float(len(found)),
        expected="no total among the parts",
        finding="; ".join(found) or "none found",
        remedy="A total and what it is made of are counted twice: leave the total out, or its "
        "terms."
        if found
        else "",
        assumption="these parts",
    )


def _common(data: Composition) -> np.ndarray:
    """Return the parts that are counted often in nearly every row."""
    seen, median = (data.values > 0).mean(axis=0), np.median(data.values, axis=0)
    return np.flatnonzero((seen >= _COMMON) & (median >= _COUNTED))
