"""Specification checks of regressions: nonlinearity, interactions, heteroskedasticity.

Score tests: the columns left out, less what the columns of the regression say of them, times the
residuals. Those of numbers have heteroskedasticity-robust variances (Huber-White), so that they
hold their level whatever the variances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.models.causal_diagram.regression.conditionals import TableOfLabels
from causalstats.models.causal_diagram.regression.overlap import overlap_check
from causalstats.models.causal_diagram.regression.terms import (
    Terms,
    design_matrix,
    terms_of,
)
from causalstats.numerics.bases.omitted_terms import indicators_of_codes
from causalstats.numerics.bases.splines import smooth
from causalstats.numerics.regression.ridge_logistic import (
    fitted_probabilities,
)

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.levels import Levels
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.tables import Table

_SIGNIFICANCE_LEVEL = 0.01
_MOST_ROWS = 20_000  # looked at; of more, every second, third, ...
_ROWS_PER_COLUMN = 15
_BASIS_SIZE = 8
_BASIS_SIZE_TO_TRY = 6
_MOST_PRODUCTS = 60
_CURVES_IN_PRODUCTS = 3
_FEWEST_UNUSUAL_ROWS = 10  # in which a column differs from its median
_LARGEST_RATIO = 1.1  # of robust to model standard errors
_PRODUCT_OF_A_CURVE = "product of a curve"
_RIDGE = 1e-3
_FEWEST_DEGREES = 5


def rows_looked_at(data: Observations) -> np.ndarray:
    """Return positions of rows, each as often as it was seen, thinned to some 20,000."""
    rows = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
    return rows[:: max(1, len(rows) // _MOST_ROWS)]


def specification_checks(model: CausalDiagram, data: Observations) -> tuple[Check, ...]:
    """Return the checks of the form of every regression, of its variances, and of overlap."""
    checks = form_checks(model, model.tables, data)
    return (*checks, *overlap_check(model, data, rows_looked_at(data)))


def form_checks(
    model: CausalDiagram, tables: Sequence[Table], data: Observations
) -> tuple[Check, ...]:
    """Return the checks of the form of some regressions, and of their variances.

    Parameters
    ----------
    model : CausalDiagram
    tables : sequence of Table
        Those that are no regressions are left out.
    data : Observations
    """
    levels = model.levels(data)
    rows = rows_looked_at(data)
    regressions = [
        _Regression(model, table, data, levels, rows)
        for table in tables
        if model.kind_of(table, data) is not TableOfLabels
    ]
    score_tests = [
        test for regression in regressions for test in regression.score_tests()
    ]
    variance_tests = [
        test for regression in regressions for test in regression.variance_tests()
    ]
    checks = []
    if score_tests:
        checks.append(_form_check(model, score_tests))
    if variance_tests:
        checks.append(_variance_check(variance_tests))
    return tuple(checks)


@dataclass(frozen=True, order=True)
class _ScoreTest:
    """The p-value of a term that is left out, its kind, and a sentence that names it."""

    p: float
    kind: str
    statement: str


@dataclass(frozen=True, order=True)
class _VarianceTest:
    """The p-value of equal variances, the ratio of standard errors, and the term it is of."""

    p: float
    ratio: float
    statement: str


@dataclass(frozen=True, eq=False)
class _Regression:
    """A regression of the diagram with the rows that its tests look at."""

    model: CausalDiagram
    table: Table
    data: Observations
    levels: Levels
    rows: np.ndarray

    @property
    def is_linear(self) -> bool:
        return self.table.variable in self.data.continuous

    @cached_property
    def terms(self) -> Terms:
        model = self.model
        return terms_of(
            self.table, self.data, self.levels, model.basis_size, model.interactions
        )

    @cached_property
    def design(self) -> np.ndarray:
        """The columns of the regression with an intercept, shape (rows, 1 + columns)."""
        columns = design_matrix(self.terms, self.data, self.levels)[self.rows]
        return np.column_stack([np.ones(len(self.rows)), columns])

    def residuals(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield positions in `rows`, residuals and weights: of a number once, of a label by level.

        A level is compared with the most frequent one, among the rows that have either: of these,
        its logit is linear where those of all levels are, which that against all others is not.
        """
        variable = self.table.variable
        if self.is_linear:
            outcome = self.data.column(variable)[self.rows]
            outcome = outcome / (outcome.std() or 1.0)
            coefficients = np.linalg.lstsq(self.design, outcome, rcond=None)[0]
            every = np.arange(len(self.rows))
            yield every, outcome - self.design @ coefficients, np.ones(len(self.rows))
            return
        count = len(self.levels[variable])
        codes = self.data.places(variable, self.levels[variable])[self.rows]
        most_frequent = int(np.bincount(codes, minlength=count).argmax())
        for level in range(count):
            if level == most_frequent:
                continue
            pair = np.flatnonzero((codes == level) | (codes == most_frequent))
            event = (codes[pair] == level) * 1.0
            p = fitted_probabilities(self.design[pair], event, _RIDGE)
            yield pair, event - p, p * (1 - p)

    def score_tests(self) -> list[_ScoreTest]:
        """Return a test of each curve, of codes, and of products that the regression leaves out."""
        left_out = [
            *self._curves(),
            *self._codes(),
            *self._interactions(),
            *self._products_of_curves(),
        ]
        return [
            _ScoreTest(
                score_test_p(
                    columns[pair],
                    self.design[pair],
                    residual,
                    weight,
                    weight_is_variance=not self.is_linear,
                ),
                kind,
                statement,
            )
            for pair, residual, weight in self.residuals()
            for kind, statement, columns in left_out
        ]

    @property
    def _most_columns(self) -> int:
        """The number of columns that the rows can test."""
        return len(self.rows) // _ROWS_PER_COLUMN - self.design.shape[1]

    def _curves(self) -> Iterator[tuple[str, str, np.ndarray]]:
        for name in self.table.given:
            if name in self.data.continuous and self._most_columns >= 2:
                size = max(_BASIS_SIZE, 2 * self.model.basis_size)
                size = min(size, self._most_columns + 1)
                values = self.data.column(name)[self.rows]
                columns = smooth(values, size).columns(values)[:, 1:]
                statement = (
                    f"{self.table.variable} against {name} is no {_shape(self.model)}"
                )
                yield "curve", statement, columns

    def _codes(self) -> Iterator[tuple[str, str, np.ndarray]]:
        for name in self.table.given:
            if name not in self.data.continuous:
                continue
            values = self.data.column(name)[self.rows]
            _, indicators = indicators_of_codes(values, self._most_columns)
            if indicators.shape[1]:
                statement = (
                    f"{self.table.variable} differs between the values of {name} as along no "
                    f"{_shape(self.model)}"
                )
                yield f"codes of {name}", statement, indicators

    def _interactions(self) -> Iterator[tuple[str, str, np.ndarray]]:
        given = self.table.given
        if (
            self.model.interactions != "none"
            or len(given) < 2
            or self._most_columns < 1
        ):
            return
        products = self._products()[:, : min(self._most_columns, _MOST_PRODUCTS)]
        if products.shape[1]:
            statement = (
                f"two of {', '.join(given)} act on {self.table.variable} together"
            )
            yield "product", statement, products

    def _products_of_curves(self) -> Iterator[tuple[str, str, np.ndarray]]:
        """Yield products of a curve in a number with another cause: with the treatment, and others.

        Where the regression has products, it has those of curves only with more than one column.
        """
        treatment = self.model.treatment
        pairs = [
            (number, other)
            for number, other in permutations(self.table.given, 2)
            if number in self.data.continuous
        ]
        of_treatment = [pair for pair in pairs if treatment in pair]
        others = [pair for pair in pairs if treatment not in pair]
        most = min(self._most_columns, _MOST_PRODUCTS)
        for each in (of_treatment, others):
            if not each or most < 1:
                continue
            columns = self._curve_products(each, most)
            if columns.shape[1]:
                names = list(dict.fromkeys(name for pair in each for name in pair))
                statement = (
                    f"two of {', '.join(names)} act on {self.table.variable} together, "
                    "one of them along a curve"
                )
                yield _PRODUCT_OF_A_CURVE, statement, columns

    def _curve_products(
        self, pairs: Sequence[tuple[str, str]], most: int
    ) -> np.ndarray:
        """Return products of curves in a number with another cause, shape (rows, at most `most`).

        Parameters
        ----------
        pairs : sequence of (number, other cause)
        most : int
        """
        blocks: list[np.ndarray] = []
        for number, other in pairs:
            curves = self._curves_in_products[number]
            products = curves[:, :, None] * self._standardised(other)[:, None, :]
            blocks.append(_that_vary(products.reshape(len(self.rows), -1)))
            if sum(block.shape[1] for block in blocks) >= most:
                break
        return np.hstack(blocks)[:, :most]

    @cached_property
    def _curves_in_products(self) -> dict[str, np.ndarray]:
        """The curves in each number, shape (rows, curves), more than products have already."""
        has_them = self.model.interactions != "none" and self.model.basis_size > 1
        size = 1 + max(_CURVES_IN_PRODUCTS, self.model.basis_size * has_them)
        curves = {}
        for name in self.table.given:
            if name in self.data.continuous:
                values = self.data.column(name)[self.rows]
                curves[name] = smooth(values, size).columns(values)[:, 1:]
        return curves

    def _products(self) -> np.ndarray:
        """Return products of each two causes, of those that vary enough, (rows, columns)."""
        by_cause = {name: self._standardised(name) for name in self.table.given}
        blocks = []
        for one, other in combinations(self.table.given, 2):
            products = by_cause[one][:, :, None] * by_cause[other][:, None, :]
            blocks.append(products.reshape(len(self.rows), -1))
        return _that_vary(np.hstack(blocks))

    def _standardised(self, name: str) -> np.ndarray:
        """Return a number with mean 0 and variance 1, or an indicator for each level."""
        if name in self.data.continuous:
            values = self.data.column(name)[self.rows]
            return ((values - values.mean()) / (values.std() or 1.0))[:, None]
        codes = self.data.places(name, self.levels[name])[self.rows, None]
        return (codes == np.arange(1, len(self.levels[name]))) * 1.0

    def variance_tests(self) -> list[_VarianceTest]:
        """Return a test for each cause whether the variance of errors depends on it."""
        size, columns = self.design.shape
        if not self.is_linear or size < 2 * columns + 20:
            return []
        _, residual, _ = next(self.residuals())
        square = residual**2 * size / (size - columns)
        tests = []
        start = 1
        for name in self.table.given:
            width = self.terms.width(name)
            tested = 1 if name in self.terms.smooths else width
            statement = f"{name} in the regression of {self.table.variable}"
            for column in range(start, start + tested):
                tests.append(
                    _VarianceTest(*self._variance_test(column, square), statement)
                )
            start += width
        return tests

    def _variance_test(self, column: int, square: np.ndarray) -> tuple[float, float]:
        """Return p-value, and the ratio of robust to model standard error, of one column."""
        others = np.delete(self.design, column, axis=1)
        coefficients = np.linalg.lstsq(others, self.design[:, column], rcond=None)[0]
        leverage = (self.design[:, column] - others @ coefficients) ** 2
        usual = max((leverage * square.mean()).sum(), 1e-300)
        ratio = float(np.sqrt((leverage * square).sum() / usual))
        # By ranks, since products of large residuals have no variance to speak of.
        p = float(stats.spearmanr(leverage, square, alternative="greater").pvalue)
        return (p if np.isfinite(p) else 1.0), ratio


def _that_vary(columns: np.ndarray) -> np.ndarray:
    """Return the columns that differ from their median in enough rows, shape (rows, columns)."""
    unusual = (columns != np.median(columns, axis=0)).sum(axis=0)
    return columns[:, unusual >= _FEWEST_UNUSUAL_ROWS]


def _shape(model: CausalDiagram) -> str:
    if model.basis_size == 1:
        return "straight line"
    return f"spline of {model.basis_size} columns"


def score_test_p(
    columns: np.ndarray,
    design: np.ndarray,
    residual: np.ndarray,
    weight: np.ndarray,
    weight_is_variance: bool = False,
) -> float:
    """Return the p-value of the score test of columns besides a design.

    Parameters
    ----------
    columns : array, shape (rows, k)
        Those that the regression leaves out.
    design : array, shape (rows, columns)
    residual, weight : array, shape (rows,)
        Residuals of the regression, and the variance of each in units of the dispersion.
    weight_is_variance : bool
        Whether that is the variance itself, as of an event with the probability of the regression.
        The p-value is then the larger of that by it and that by the squares of residuals
        (Huber-White): where events are all but certain, the squares are too small if no other
        happens, and the variance is if one does.
    """
    root = np.sqrt(weight)[:, None]
    fitted = np.linalg.lstsq(design * root, columns * root, rcond=None)[0]
    remainder = columns - design @ fitted
    scale = np.maximum(columns.std(axis=0), 1e-12)
    remainder = remainder[:, remainder.std(axis=0) > 1e-6 * scale]
    if not remainder.shape[1]:
        return 1.0
    remainder = remainder / remainder.std(axis=0)
    spreads = [residual**2, weight] if weight_is_variance else [residual**2]
    return max(_score_p(remainder, residual, spread, design) for spread in spreads)


def _score_p(
    columns: np.ndarray, residual: np.ndarray, spread: np.ndarray, design: np.ndarray
) -> float:
    """Return the p-value of no covariance of residuals, of these variances, with columns.

    Parameters
    ----------
    columns : array, shape (rows, k)
    residual, spread : array, shape (rows,)
    design : array, shape (rows, columns)
        Of the regression that the residuals are of.
    """
    score = residual @ columns
    covariance = (columns * spread[:, None]).T @ columns
    rank = int(np.linalg.matrix_rank(covariance, hermitian=True))
    degrees = len(residual) - design.shape[1] - rank
    if degrees < _FEWEST_DEGREES or not rank:
        return 1.0
    statistic = score @ np.linalg.pinv(covariance, hermitian=True) @ score
    return float(
        stats.f.sf(statistic * degrees / (rank * (degrees + rank)), rank, degrees)
    )


def _form_check(model: CausalDiagram, tests: Sequence[_ScoreTest]) -> Check:
    worst = min(tests)
    p = min(1.0, worst.p * len(tests))
    passed = p > _SIGNIFICANCE_LEVEL
    # A product of two lines is one of a curve too where a cause is skewed: name the simpler term.
    simpler = [test for test in tests if test.kind != _PRODUCT_OF_A_CURVE]
    if simpler and min(simpler).p * len(tests) <= _SIGNIFICANCE_LEVEL:
        worst = min(simpler)
    statement = "" if passed else f": {worst.statement}"
    return Check(
        name="form of the regressions",
        passed=passed,
        value=p,
        expected="p times the number of score tests, of curves, codes and products, above "
        f"{_SIGNIFICANCE_LEVEL:g}",
        finding=f"p = {p:.3g}{statement}",
        remedy="" if passed else _form_remedy(model, worst.kind),
        assumption="regressions",
    )


def _form_remedy(model: CausalDiagram, kind: str) -> str:
    if kind.startswith("codes of "):
        name = kind.removeprefix("codes of ")
        return (
            f"If the numbers of {name} are codes of categories, make them labels, "
            f"`frame['{name}'].astype(str)`; otherwise take more columns, `basis_size=`."
        )
    if kind == "product":
        return "Take interactions='pairs', or ask within groups, `given={...}`."
    if kind == _PRODUCT_OF_A_CURVE and model.basis_size < 2 * _BASIS_SIZE:
        size = max(_BASIS_SIZE_TO_TRY, 2 * model.basis_size)
        if model.basis_size > 1 and model.interactions == "none":
            return (
                "Take interactions='pairs': products then have the smoother curves too."
            )
        return f"Take interactions='pairs' and basis_size={size}, for products with curves."
    if model.basis_size < 2 * _BASIS_SIZE:
        size = max(_BASIS_SIZE_TO_TRY, 2 * model.basis_size)
        return f"Take basis_size={size}, splines in place of a {_shape(model)}; or take logarithms."
    return (
        "Cut the numbers into levels, e.g. with `pandas.cut`, and take route='reduced'."
    )


def _variance_check(tests: Sequence[_VarianceTest]) -> Check:
    worst = min(tests)
    p = min(1.0, worst.p * len(tests))
    passed = p > _SIGNIFICANCE_LEVEL / 2 or worst.ratio < _LARGEST_RATIO
    statement = "" if passed else f": {worst.statement}"
    remedy = (
        "The interval is too short. Take logarithms of positive numbers; `fit.compare()` has, as "
        "'adjusted for all observed', an interval that does not rely on equal variances."
    )
    return Check(
        name="equal variances",
        passed=passed,
        value=worst.ratio,
        expected="standard errors that do not rely on equal variances at most "
        f"{_LARGEST_RATIO:g} times as wide",
        finding=f"they are {worst.ratio:.2f} times as wide (p = {p:.2g}){statement}",
        remedy="" if passed else remedy,
        assumption="regressions",
    )
