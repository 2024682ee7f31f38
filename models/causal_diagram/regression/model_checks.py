"""Whether the regressions of a diagram fit: curves, products and unequal variances that they leave out, and how far an answer goes beyond the data.

Score tests with variances that are estimated (Huber-White), so that they hold their level whatever
the variances: the columns left out, less what the regression's own columns say of them, times the
residuals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.models.causal_diagram.regression import (
    conditional_distributions as regression,
)
from causalstats.models.causal_diagram.tables import Table
from causalstats.numerics.bases.splines import smooth

_UNLIKELY = 0.01
_MOST_ROWS = 20_000  # looked at; of more, every second, third, ...
_ROWS_A_COLUMN = 15
_FUNCTIONS, _MOST_PRODUCTS = 8, 60
_FEWEST = 10  # rows in which a column differs from its usual value
_FACTOR = 20.0  # by which odds of treatment differ from those in all, where one arm is hardly seen
_MOST_OUTSIDE, _MOST_EXPLAINED = 0.2, 0.98
_WIDER = 1.1  # robust standard errors in units of the model's


def shape_checks(model: Any, data: Observations) -> tuple[Check, ...]:
    """Return the checks of the form of every regression, of its variances, and of overlap."""
    levels = model.levels(data)
    tables = [table for table in model.tables if not regression.tabulated(table, data)]
    tests = [test for table in tables for test in _left_out(model, table, data, levels)]
    found = [_form(model, tests)] if tests else []
    spreads = [
        spread
        for table in tables
        if table.variable in data.continuous
        for spread in _unequal(model, table, data, levels)
    ]
    if spreads:
        found.append(_variances(spreads))
    return (*found, *_overlap(model, data, levels))


def beyond_the_data(
    x: str, values: Sequence[float], places: Mapping[str, int], data: Observations
) -> tuple[Check, ...]:
    """Return whether a value that something is set to was never seen, among those asked about."""
    among = np.ones(len(data.counts), bool)
    for name, place in places.items():
        if name != x:
            among &= data.column(name) == place
    seen = data.column(x)[among]
    if not len(seen):
        return ()
    label = x in data.levels
    strange = [v for v in values if (v not in seen if label else not seen.min() <= v <= seen.max())]
    if not strange:
        return ()
    where = (
        f"{x}={strange[0]:.4g}"
        if not label
        else f"level {data.levels[x][int(strange[0])]!r} of {x}"
    )
    reach = "" if label else f"; it was seen from {seen.min():.4g} to {seen.max():.4g}"
    return (
        Check(
            name="within the data",
            passed=False,
            value=float(len(strange)),
            expected="values that were seen, among the people asked about",
            finding=f"{where} was never seen{reach}",
            remedy="There the answer is the regression's, carried on: ask of values that were seen.",
            assumption="regressions",
        ),
    )


def _rows(data: Observations) -> np.ndarray:
    rows = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
    return rows[:: max(1, len(rows) // _MOST_ROWS)]


def _design(
    model: Any, table: Table, data: Observations, levels: Any, rows: np.ndarray
) -> np.ndarray:
    columns = regression.columns_of(table, data, levels, model.functions, model.interactions)
    own = regression.matrix(columns, data, levels)[rows]
    return np.column_stack([np.ones(len(rows)), own])


def _residuals(
    table: Table, design: np.ndarray, data: Observations, levels: Any, rows: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Residuals and weights: of a number once, of a label for each level but the first."""
    if table.variable in data.continuous:
        y = data.column(table.variable)[rows]
        scale = y.std() or 1.0
        beta = np.linalg.lstsq(design, y / scale, rcond=None)[0]
        yield y / scale - design @ beta, np.ones(len(rows))
        return
    place = data.places(table.variable, levels[table.variable])[rows]
    for level in range(1, len(levels[table.variable])):
        p = logistic_fit(design, (place == level) * 1.0, 1e-3)
        yield (place == level) - p, p * (1 - p)


def logistic_fit(design: np.ndarray, event: np.ndarray, ridge: float) -> np.ndarray:
    """Return the fitted probabilities of a logistic regression with a small ridge penalty."""
    penalty = ridge * np.eye(design.shape[1])
    penalty[0, 0] = 1e-9
    beta = np.zeros(design.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        weight = np.maximum(p * (1 - p), 1e-9)
        hessian = (design * weight[:, None]).T @ design + penalty
        step = np.linalg.lstsq(hessian, design.T @ (event - p) - penalty @ beta, rcond=None)[0]
        beta = beta + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-6:
            break
    return 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))


def _left_out(
    model: Any, table: Table, data: Observations, levels: Any
) -> list[tuple[float, str, str]]:
    """Return p-value, kind and words of each test of what a regression leaves out."""
    rows = _rows(data)
    design = _design(model, table, data, levels, rows)
    most = len(rows) // _ROWS_A_COLUMN - design.shape[1]
    blocks = []
    for name in table.given:
        if name in data.continuous and most >= 2:
            count = min(max(_FUNCTIONS, 2 * model.functions), most + 1)
            values = data.column(name)[rows]
            columns = smooth(values, count).columns(values)[:, 1:]
            blocks.append(
                ("curve", f"{table.variable} against {name} is no {_line(model)}", columns)
            )
    if model.interactions == "none" and len(table.given) > 1 and most >= 1:
        products = _products(table, data, levels, rows)[:, : min(most, _MOST_PRODUCTS)]
        if products.shape[1]:
            words = f"two of {', '.join(table.given)} act on {table.variable} together"
            blocks.append(("product", words, products))
    found = []
    for residual, weight in _residuals(table, design, data, levels, rows):
        for kind, words, columns in blocks:
            found.append((_score_p(columns, design, residual, weight), kind, words))
    return found


def _line(model: Any) -> str:
    return "straight line" if model.functions == 1 else f"spline of {model.functions} columns"


def _products(table: Table, data: Observations, levels: Any, rows: np.ndarray) -> np.ndarray:
    """Return products of each two causes that are seldom enough no constant."""
    own = {}
    for name in table.given:
        if name in data.continuous:
            values = data.column(name)[rows]
            own[name] = ((values - values.mean()) / (values.std() or 1.0))[:, None]
        else:
            place = data.places(name, levels[name])[rows, None]
            own[name] = (place == np.arange(1, len(levels[name]))) * 1.0
    found = [
        (own[one][:, :, None] * own[other][:, None, :]).reshape(len(rows), -1)
        for one, other in combinations(table.given, 2)
    ]
    columns = np.hstack(found)
    values, counts = [], []
    for column in columns.T:
        values.append(np.median(column))
        counts.append((column != values[-1]).sum())
    return columns[:, np.array(counts) >= _FEWEST]


def _score_p(
    columns: np.ndarray, design: np.ndarray, residual: np.ndarray, weight: np.ndarray
) -> float:
    """Return the p-value of the score test of some columns besides a design."""
    root = np.sqrt(weight)[:, None]
    fitted = np.linalg.lstsq(design * root, columns * root, rcond=None)[0]
    left = columns - design @ fitted
    scale = left.std(axis=0)
    left = left[:, scale > 1e-6 * np.maximum(columns.std(axis=0), 1e-12)]
    if not left.shape[1]:
        return 1.0
    terms = (left / left.std(axis=0)) * residual[:, None]
    score, spread = terms.sum(axis=0), terms.T @ terms
    count = int(np.linalg.matrix_rank(spread, hermitian=True))
    free = len(residual) - design.shape[1] - count
    if free < 5 or not count:
        return 1.0
    statistic = score @ np.linalg.pinv(spread, hermitian=True) @ score
    return float(stats.f.sf(statistic * free / (count * (free + count)), count, free))


def _form(model: Any, tests: Sequence[tuple[float, str, str]]) -> Check:
    p, kind, words = min(tests)
    p = min(1.0, p * len(tests))
    passed = p > _UNLIKELY
    return Check(
        name="form of the regressions",
        passed=passed,
        value=p,
        expected=f"p above {_UNLIKELY:g}, multiplied by the number of tests, of score tests of curves and products",
        finding=f"p = {p:.3g}" + ("" if passed else f": {words}"),
        remedy="" if passed else _remedy(model, kind),
        assumption="regressions",
    )


def _remedy(model: Any, kind: str) -> str:
    if kind == "product":
        return "Take interactions='pairs', or ask within groups, `given={...}`."
    if model.functions < 2 * _FUNCTIONS:
        return f"Take functions={max(6, 2 * model.functions)}, splines in place of a {_line(model)}; or take logarithms."
    return "Cut the numbers into levels, e.g. with `pandas.cut`, and take route='reduced'."


def _unequal(
    model: Any, table: Table, data: Observations, levels: Any
) -> list[tuple[float, float, str]]:
    """Return p-value, ratio of robust to model standard error, and words, for each cause."""
    rows = _rows(data)
    design = _design(model, table, data, levels, rows)
    if len(rows) < 2 * design.shape[1] + 20:
        return []
    residual = next(_residuals(table, design, data, levels, rows))[0]
    square = residual**2 * len(rows) / (len(rows) - design.shape[1])
    found = []
    columns = regression.columns_of(table, data, levels, model.functions, model.interactions)
    at = 1
    for name in table.given:
        width = (
            len(columns.smooths[name].spectrum)
            if name in columns.smooths
            else columns.levels[name] - 1
        )
        for place in range(at, at + (1 if name in columns.smooths else width)):
            others = np.delete(design, place, axis=1)
            beta = np.linalg.lstsq(others, design[:, place], rcond=None)[0]
            own = (design[:, place] - others @ beta) ** 2
            ratio = float(np.sqrt((own * square).sum() / max((own * square.mean()).sum(), 1e-300)))
            # By ranks, since products of large residuals have no variance to speak of.
            p = float(stats.spearmanr(own, square, alternative="greater").pvalue)
            p = p if np.isfinite(p) else 1.0
            found.append((p, ratio, f"{name} in the regression of {table.variable}"))
        at += width
    return found


def _variances(spreads: Sequence[tuple[float, float, str]]) -> Check:
    p, ratio, words = min(spreads)
    p = min(1.0, p * len(spreads))
    passed = p > _UNLIKELY / 2 or ratio < _WIDER
    return Check(
        name="equal variances",
        passed=passed,
        value=ratio,
        expected=f"standard errors that do not rely on equal variances at most {_WIDER:g} times as wide",
        finding=f"they are {ratio:.2f} times as wide (p = {p:.2g})"
        + ("" if passed else f": {words}"),
        remedy=""
        if passed
        else "The interval is too short. Take logarithms of what is positive; `fit.compare()` has, as 'adjusted for all observed', an interval that does not "
        "rely on equal variances.",
        assumption="regressions",
    )


def _overlap(model: Any, data: Observations, levels: Any) -> tuple[Check, ...]:
    """Return whether people who are alike in what is held were seen with each value of the treatment."""
    x = model.treatment
    table = next((each for each in model.tables if each.variable == model.outcome), None)
    if table is None or x not in table.given or len(table.given) < 2:
        return ()
    rows, others = _rows(data), Table(x, tuple(name for name in table.given if name != x))
    functions = int(np.clip(len(rows) / (40 * len(others.given)), 1, 6))
    columns = regression.columns_of(others, data, levels, functions, "none")
    design = np.column_stack([np.ones(len(rows)), regression.matrix(columns, data, levels)[rows]])
    if len(rows) < 3 * design.shape[1]:
        return ()
    if x in data.continuous:
        values = data.column(x)[rows]
        left = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
        value = float(1 - left.var() / max(values.var(), 1e-300))
        failed, limit = (
            value > _MOST_EXPLAINED,
            f"at most {_MOST_EXPLAINED:.0%} of the variance of {x} explained by what is held",
        )
        finding = f"{', '.join(others.given)} explain {value:.1%} of the variance of {x}"
    else:
        outside = []
        for level in range(len(levels[x])):
            event = (data.places(x, levels[x])[rows] == level) * 1.0
            if not 0 < event.mean() < 1:
                continue
            p = np.clip(logistic_fit(design, event, 1.0), 1e-12, 1 - 1e-12)
            odds = np.log(p / (1 - p)) - np.log(event.mean() / (1 - event.mean()))
            outside.append(float((abs(odds) > np.log(_FACTOR)).mean()))
        value = max(outside, default=0.0)
        failed, limit = (
            value > _MOST_OUTSIDE,
            f"at most {_MOST_OUTSIDE:.0%} of the rows with odds of {x} more than {_FACTOR:g} times from those in all",
        )
        finding = f"for {value:.0%} of the rows hardly any like them have another value of {x}"
    return (
        Check(
            name="overlap",
            passed=not failed,
            value=value,
            expected=limit,
            finding=finding,
            remedy="There the answer is the regression's, carried on beyond the data. Leave out people of whom all have one value of the treatment, and ask "
            "about the others, or cut into levels and see `positivity`."
            if failed
            else "",
            assumption="regressions",
        ),
    )
