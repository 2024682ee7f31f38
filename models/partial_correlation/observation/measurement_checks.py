"""Checks of how parts are measured: rounding, zero inflation, and parts that are rarely counted."""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.core.formatting import some_of
from causalstats.data import Composition
from causalstats.numerics.compositions.zero_inflation import excess_zeros

_FEWEST_VALUES = 10  # different ones of a part
_LARGEST_SHARE_OF_ZEROS = 0.5
_LEVEL = 0.01
_SINGULAR = 1e-9  # of the largest singular value of covariates
_COMMON_SHARE = 0.95  # of rows in which a common part is seen
_COMMON_COUNT = 10  # its median count
_LEAST_TOTAL = 1e3
_FEWEST_ZEROS = 3
_FEWEST_SEEN = 5
_PARTS_TESTED = 15
_ROUNDING_REMEDY = (
    "Rounding adds noise that the model takes for variation, and weakens what is said of these "
    "parts: get more digits, or read the data with `zeros='interval'` and the `resolution` of "
    "these parts."
)


def measured_finely(data: Composition, known: np.ndarray) -> Check:
    """Return whether the parts at the positions `known` have many different values."""
    values = {data.parts[k]: len(np.unique(data.values[:, k])) for k in known}
    fewest = min(_FEWEST_VALUES, len(data) / 2)
    rounded = [
        f"{name} ({count} values)" for name, count in values.items() if count < fewest
    ]
    least = min(values.values(), default=len(data))
    censored = len(data.parts) - len(known)
    finding = f"at least {least} values of every part taken as known"
    if rounded:
        finding = f"few different values: {some_of(rounded)}"
    if censored:
        finding += f"; {censored} parts are taken within bounds"
    return Check(
        name="measured finely",
        passed=None if rounded else True,
        value=float(least),
        expected=f"at least {_FEWEST_VALUES} different values of every part",
        finding=finding,
        remedy=_ROUNDING_REMEDY if rounded else "",
        caution=True,
    )


def counted_often(data: Composition) -> np.ndarray:
    """Return the positions of parts that are counted often in nearly every row."""
    seen = (data.values > 0).mean(axis=0)
    median = np.median(data.values, axis=0)
    return np.flatnonzero((seen >= _COMMON_SHARE) & (median >= _COMMON_COUNT))


def normalised_counts(data: Composition) -> tuple[Check, ...]:
    """Return the failed check of counts that were scaled to a common total and rounded.

    Their sums lie about a power of ten, off by rounding; those of rarefied counts are all equal.
    """
    totals = data.values.sum(axis=1)
    power = 10.0 ** np.round(np.log10(np.median(totals)))
    off = float(np.abs(totals - power).max())
    if power < _LEAST_TOTAL or off > len(data.parts) / 2 or np.ptp(totals) == 0:
        return ()
    return (
        Check(
            name="counts as they were counted",
            passed=False,
            value=off,
            expected="totals that differ between rows, or that are all equal (rarefied)",
            finding=f"every row sums to {power:,.0f} but for rounding, as rates by {power:,.0f} do",
            remedy="Rates that were rounded are no counts: how seldom a part was counted is lost, "
            "and noise is taken for variation. Give the counts as they were made.",
            assumption="multinomial counts",
        ),
    )


def absent_parts(data: Composition) -> Check | None:
    """Return whether counts are zero-inflated: parts absent from rows where counts are expected.

    None where no part has zeros enough to tell.
    """
    present = np.ones(data.values.shape, bool) if data.present is None else data.present
    zeros = ((data.values == 0) & present).sum(axis=0)
    fewest_seen = _FEWEST_SEEN + data.matrix.shape[1]
    tested = np.flatnonzero(
        (zeros >= _FEWEST_ZEROS) & ((data.values > 0).sum(axis=0) >= fewest_seen)
    )
    if len(tested) == 0:
        return None
    tested = tested[np.argsort(-data.values[:, tested].sum(axis=0))][:_PARTS_TESTED]
    common = counted_often(data)
    results = {
        data.parts[k]: excess_zeros(
            data.values[present[:, k], k],
            _offset(data, common, k)[present[:, k]],
            _full_rank(data.matrix[present[:, k]]),
        )
        for k in tested.tolist()
    }
    count = len(results)
    p = min(1.0, count * min(p for p, _ in results.values()))
    absent = [
        f"{name} (absent from about {share:.0%} of the rows)"
        for name, (part_p, share) in results.items()
        if part_p * count <= _LEVEL
    ]
    finding = f"p = {p:.3f}, {count} parts tested"
    if absent:
        finding = f"more zeros than counting explains: {some_of(absent)}"
    return Check(
        name="counted often",
        passed=not absent,
        value=p,
        expected=f"p-value above {_LEVEL:g} for all parts together: as many zeros as counting "
        "makes",
        finding=finding,
        remedy="Rows without these parts are another composition, and bend every partial "
        "correlation. Where it is known which rows cannot have them, declare it: "
        f"`absent={{{_first(results, count)!r}: {{'site': [...]}}}}` by the levels of a column, or "
        "by a column that is True in those rows. Otherwise leave these parts out, or keep the rows "
        "that have them."
        if absent
        else "",
        assumption="multinomial counts",
    )


def _first(results: dict[str, tuple[float, float]], count: int) -> str:
    return next((name for name, (p, _) in results.items() if p * count <= _LEVEL), "")


def _full_rank(matrix: np.ndarray) -> np.ndarray:
    """Return an orthogonal basis of the columns, of unit mean square, in rows that have a part."""
    left, sizes, _ = np.linalg.svd(matrix, full_matrices=False)
    if sizes[-1] > _SINGULAR * sizes[0]:
        return matrix
    return left[:, sizes > _SINGULAR * sizes[0]] * np.sqrt(len(matrix))


def _offset(data: Composition, common: np.ndarray, part: int) -> np.ndarray:
    """Return the logarithm of what the counts of a part are relative to, (n,).

    Parameters
    ----------
    data : Composition
    common : int array
        Positions of common parts, the geometric mean of which it is; without any, the total.
    part : int
        Position of the part itself.
    """
    others = common[common != part]
    if len(others):
        relative_to = np.log(data.positive_values[:, others]).mean(axis=1)
        return relative_to + data.offsets[:, part]
    amounts = data.values
    if data.exposures is not None:
        amounts = amounts / data.exposures
    return np.log(amounts.sum(axis=1) - amounts[:, part] + 1) + data.offsets[:, part]


def rarely_counted(data: Composition) -> Check:
    """Return whether any part is 0 in most rows."""
    present = np.ones(data.values.shape, bool) if data.present is None else data.present
    shares = ((data.values == 0) & present).sum(axis=0) / present.sum(axis=0)
    zeros = dict(zip(data.parts, shares.tolist(), strict=True))
    rare = [
        f"{name} ({share:.0%})"
        for name, share in zeros.items()
        if share > _LARGEST_SHARE_OF_ZEROS
    ]
    largest = float(max(zeros.values()))
    finding = (
        f"mostly 0: {some_of(rare)}"
        if rare
        else f"0 in at most {largest:.0%} of the rows"
    )
    return Check(
        name="counted often",
        passed=None if rare else True,
        value=largest,
        expected=f"every part counted in at least {1 - _LARGEST_SHARE_OF_ZEROS:.0%} of the rows",
        finding=finding,
        remedy="What is said of these parts is mostly the prior: name fewer, or their sum with "
        "others."
        if rare
        else "",
        caution=True,
    )
