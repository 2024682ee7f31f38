"""Checks of covariates: that they act along lines, and move no correlations of the parts."""

from __future__ import annotations

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Composition
from causalstats.models.partial_correlation.assumptions import shape_name
from causalstats.models.partial_correlation.observation import observation_of
from causalstats.models.partial_correlation.student_rows import ErrorsName
from causalstats.numerics.compositions import log_ratios
from causalstats.numerics.compositions.covariate_dependence import (
    correlations_differ,
    curve_left,
)

LINES = "covariates act by straight lines"
ONE_NETWORK = "the same links at every covariate"
_LEVEL = 0.01
_FEWEST_ROWS_OF_A_GROUP = 15
_FEWEST_ROWS = 30
_FEWEST_VALUES = 5
_MOST_ROWS = 1_000
_MOST_COLUMNS = 8


def covariate_checks(data: Composition, errors: ErrorsName) -> tuple[Check, ...]:
    """Return both checks, of parts that are observed well and of independent rows; else none.

    Parameters
    ----------
    data : Composition
    errors : "normal" or "student"
    """
    parts = observation_of(data).well_observed(data)
    if data.design is None or data.dependence is not None or len(parts) < 3:
        return ()
    if len(data) < max(_FEWEST_ROWS, 3 * data.matrix.shape[1]):
        return ()
    rng = np.random.default_rng(0)
    kept = np.sort(rng.permutation(len(data))[:_MOST_ROWS])
    design = data.matrix[kept]
    ratios = log_ratios.clr(data.positive_values[np.ix_(kept, parts)])
    basis = np.linalg.qr(design)[0]
    residuals = ratios - basis @ (basis.T @ ratios)
    columns = dict(zip(data.design.columns, design.T[1:], strict=True))
    columns = dict(list(columns.items())[:_MOST_COLUMNS])
    return (
        *_lines(residuals, design, columns, errors, rng),
        *_same_links(residuals, columns, errors, rng),
    )


def _lines(
    residuals: np.ndarray,
    design: np.ndarray,
    columns: dict[str, np.ndarray],
    errors: ErrorsName,
    rng: np.random.Generator,
) -> tuple[Check, ...]:
    tests = {
        name: curve_left(residuals, design, _curve(values), rng)
        for name, values in columns.items()
        if len(np.unique(values)) >= _FEWEST_VALUES
    }
    if not tests:
        return ()
    name, p = _smallest(tests)
    passed = p > _LEVEL
    return (
        Check(
            name=LINES,
            passed=passed,
            value=p,
            expected=f"p-value above {_LEVEL:g}, by permutation of the rows",
            finding=f"p = {p:.2g}"
            + ("" if passed else f": log-ratios are no line in {name}, but a curve"),
            remedy=""
            if passed
            else f"Take a curve, `covariates='{name} + I({name}**2)'` or `bs({name}, df=4)`, or a "
            "logarithm: what is left of a curve in two parts looks like a link, and the "
            "coefficient is that of the line that fits best.",
            assumption=shape_name(errors),
        ),
    )


def _curve(values: np.ndarray) -> np.ndarray:
    """Return a square and a bend at the median, (n,) -> (n, 2)."""
    about = values - np.median(values)
    return np.column_stack([about**2, np.maximum(about, 0.0)])


def _same_links(
    residuals: np.ndarray,
    columns: dict[str, np.ndarray],
    errors: ErrorsName,
    rng: np.random.Generator,
) -> tuple[Check, ...]:
    tests = {}
    for name, values in columns.items():
        high = values > np.median(values)
        if set(np.unique(values)) <= {0.0, 1.0}:
            high = values == 1
        if min(high.sum(), (~high).sum()) >= _FEWEST_ROWS_OF_A_GROUP:
            tests[name] = correlations_differ(residuals, high, rng)
    if not tests:
        return ()
    name, p = _smallest(tests)
    passed = p > _LEVEL
    return (
        Check(
            name=ONE_NETWORK,
            passed=passed,
            value=p,
            expected=f"p-value above {_LEVEL:g}, by permutation of the rows",
            finding=f"p = {p:.2g}"
            + (
                ""
                if passed
                else f": correlations of log-ratios differ between rows of low and of high {name}"
            ),
            remedy=""
            if passed
            else f"The answer is a mean of networks that differ. Fit rows of low and of high "
            f"{name} apart, and compare them by `cs.pool_groups({{'low': one, 'high': other}})`.",
            assumption=shape_name(errors),
        ),
    )


def _smallest(tests: dict[str, float]) -> tuple[str, float]:
    """Return the name of the smallest p-value, and it times the number of tests."""
    name = min(tests, key=lambda each: tests[each])
    return name, min(1.0, tests[name] * len(tests))
