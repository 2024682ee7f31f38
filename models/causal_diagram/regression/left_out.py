"""What a regression of a diagram leaves out: curves, codes and products, and score tests of them.

Score tests: the columns left out, less what the columns of the regression say of them, times the
residuals. Those of numbers have heteroskedasticity-robust variances (Huber-White), so that they
hold their level whatever the variances.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.numerics.bases.omitted_terms import indicators_of_codes
from causalstats.numerics.bases.splines import smooth

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.levels import Levels
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.tables import Table

_SIGNIFICANCE_LEVEL = 0.01
_ROWS_PER_COLUMN = 15
_BASIS_SIZE = 8
_BASIS_SIZE_TO_TRY = 6
_MOST_PRODUCTS = 60
_CURVES_IN_PRODUCTS = 3
_FEWEST_UNUSUAL_ROWS = 10  # in which a column differs from its median
_PRODUCT_OF_A_CURVE = "product of a curve"
_PRODUCT_OF_STEPS = "product of steps"
_FEWEST_DEGREES = 5


class Residuals(NamedTuple):
    """Residuals of a number, or of one level of a label against another.

    Attributes
    ----------
    places : int array, shape (n,)
        Among the rows that are looked at.
    values, weights : array, shape (n,)
        Residuals, and the variance of each in units of the dispersion.
    """

    places: np.ndarray
    values: np.ndarray
    weights: np.ndarray


class OmittedTerm(NamedTuple):
    """Columns that a regression leaves out, their kind, and a sentence that names them."""

    kind: str
    statement: str
    columns: np.ndarray


@dataclass(frozen=True, order=True)
class ScoreTest:
    """The p-value of a term that is left out, its kind, and a sentence that names it."""

    p: float
    kind: str
    statement: str


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What a regression leaves out, over the rows that are looked at.

    Parameters
    ----------
    model : CausalDiagram
    table : Table
        The variable and its causes.
    data : Observations
    levels : mapping of label to its levels
    rows : int array, shape (n,)
        Positions in the data.
    design : array, shape (n, columns)
        Of the regression, with an intercept.
    has_products : bool
        Whether the products of each two causes are in it.
    """

    model: CausalDiagram
    table: Table
    data: Observations
    levels: Levels
    rows: np.ndarray
    design: np.ndarray
    has_products: bool

    def terms(self) -> list[OmittedTerm]:
        """Return curves, codes and products."""
        return [
            *self._curves(),
            *self._codes(),
            *self._products_of_lines(),
            *self._products_of_curves(),
            *self._products_of_steps(),
        ]

    @property
    def _most_columns(self) -> int:
        """The number of columns that the rows can test."""
        return (len(self.rows) - self.design.shape[1]) // _ROWS_PER_COLUMN

    def _curves(self) -> Iterator[OmittedTerm]:
        for name in self.table.given:
            if name in self.data.continuous and self._most_columns >= 2:
                size = max(_BASIS_SIZE, 2 * self.model.basis_size)
                size = min(size, self._most_columns + 1)
                values = self.data.column(name)[self.rows]
                columns = smooth(values, size).columns(values)[:, 1:]
                statement = (
                    f"{self.table.variable} against {name} is no {_shape(self.model)}"
                )
                yield OmittedTerm("curve", statement, columns)

    def _codes(self) -> Iterator[OmittedTerm]:
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
                yield OmittedTerm(f"codes of {name}", statement, indicators)

    def _products_of_lines(self) -> Iterator[OmittedTerm]:
        given = self.table.given
        if self.has_products or len(given) < 2 or self._most_columns < 1:
            return
        products = self._products()[:, : min(self._most_columns, _MOST_PRODUCTS)]
        if products.shape[1]:
            statement = (
                f"two of {', '.join(given)} act on {self.table.variable} together"
            )
            yield OmittedTerm("product", statement, products)

    def _products_of_curves(self) -> Iterator[OmittedTerm]:
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
                yield OmittedTerm(_PRODUCT_OF_A_CURVE, statement, columns)

    def _products_of_steps(self) -> Iterator[OmittedTerm]:
        """Yield products of steps at the quartiles of two numbers, as corners make."""
        given = [name for name in self.table.given if name in self.data.continuous]
        most = min(self._most_columns, _MOST_PRODUCTS)
        blocks: list[np.ndarray] = []
        named: dict[str, None] = {}
        for one, other in combinations(given, 2):
            left, right = (self._steps(name) for name in (one, other))
            block = _that_vary(
                (left[:, :, None] * right[:, None, :]).reshape(len(self.rows), -1)
            )
            if sum(each.shape[1] for each in [*blocks, block]) > most:
                break
            blocks.append(block)
            named |= dict.fromkeys((one, other))
        if blocks and any(block.shape[1] for block in blocks):
            statement = (
                f"two of {', '.join(named)} act on {self.table.variable} together, "
                "both beyond a curve times a line"
            )
            yield OmittedTerm(_PRODUCT_OF_STEPS, statement, np.hstack(blocks))

    def _steps(self, name: str) -> np.ndarray:
        """Return whether a number is above each of its quartiles, less the mean, (rows, <= 3)."""
        values = self.data.column(name)[self.rows]
        above = values[:, None] > np.unique(np.quantile(values, (0.25, 0.5, 0.75)))
        return above - above.mean(axis=0)

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
        has_them = self.has_products and self.model.basis_size > 1
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


def score_tests(
    left_out: LeftOut, residuals: Iterable[Residuals], events: bool
) -> list[ScoreTest]:
    """Return a test of each term that a regression leaves out.

    Parameters
    ----------
    left_out : LeftOut
    residuals : iterable of Residuals
        Of a number, or of each level of a label against the most frequent one.
    events : bool
        Whether the residuals are those of events, whose variance is known.
    """
    terms = left_out.terms()
    return [
        ScoreTest(
            score_test_p(
                columns[places],
                left_out.design[places],
                values,
                weights,
                weight_is_variance=events,
            ),
            kind,
            statement,
        )
        for places, values, weights in residuals
        for kind, statement, columns in terms
    ]


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


def form_check(
    model: CausalDiagram, tests: Sequence[ScoreTest], assumption: str
) -> Check:
    """Return the check of the form of regressions.

    Parameters
    ----------
    model : CausalDiagram
    tests : sequence of ScoreTest
        Not empty.
    assumption : str
        The name of the assumption that a failure contradicts.
    """
    worst = min(tests)
    p = min(1.0, worst.p * len(tests))
    passed = p > _SIGNIFICANCE_LEVEL
    # A product of two lines is one of a curve too where a cause is skewed: name the simpler term.
    of_curves = (_PRODUCT_OF_A_CURVE, _PRODUCT_OF_STEPS)
    for intricate in (of_curves[1:], of_curves):
        simpler = [test for test in tests if test.kind not in intricate]
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
        assumption=assumption,
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
    if kind == _PRODUCT_OF_STEPS:
        return (
            "No setting has these: cut both numbers into levels, e.g. with "
            "`pandas.cut`, where what they do together changes."
        )
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
