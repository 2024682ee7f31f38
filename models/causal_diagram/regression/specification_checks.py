"""Specification checks of regressions: their form (`left_out`), heteroskedasticity, overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from causalstats.core.check import Check
from causalstats.models.causal_diagram.regression.conditionals import TableOfLabels
from causalstats.models.causal_diagram.regression.effect_by_covariates import (
    same_effect,
)
from causalstats.models.causal_diagram.regression.left_out import (
    LeftOut,
    Residuals,
    ScoreTest,
    form_check,
    score_tests,
)
from causalstats.models.causal_diagram.regression.overlap import overlap_check
from causalstats.models.causal_diagram.regression.terms import (
    Terms,
    design_matrix,
    terms_of,
)
from causalstats.numerics.regression.ridge_logistic import (
    fitted_probabilities,
)

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.models.causal_diagram.levels import Levels
    from causalstats.models.causal_diagram.model import CausalDiagram
    from causalstats.models.causal_diagram.tables import Table

_SIGNIFICANCE_LEVEL = 0.01
_FEWEST_ROWS = 5
_MOST_ROWS = 20_000  # looked at; of more, every second, third, ...
_LARGEST_RATIO = 1.1  # of robust to model standard errors
_RIDGE = 1e-3


def rows_looked_at(data: Observations) -> np.ndarray:
    """Return positions of rows, each as often as it was seen, thinned to some 20,000."""
    rows = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
    return rows[:: max(1, len(rows) // _MOST_ROWS)]


def rows_seen(data: Observations, names: Sequence[str]) -> np.ndarray:
    """Return the rows looked at in which no value of these variables was filled in.

    Values filled in follow the regression, and would hide what it leaves out. Where a cause was not
    seen, rows that lack it are those that the others may have selected.

    Parameters
    ----------
    data : Observations
    names : sequence of str
    """
    rows = rows_looked_at(data)
    filled = np.zeros(len(data.counts), bool)
    for name, mask in (data.filled or {}).items():
        if name in names:
            filled |= mask
    return np.asarray(rows[~filled[rows]])


def specification_checks(model: CausalDiagram, data: Observations) -> tuple[Check, ...]:
    """Return the checks of the form of every regression, of its variances, and of overlap."""
    checks = form_checks(model, model.tables, data)
    rows = rows_looked_at(data)
    return (
        *checks,
        *same_effect(model, data, rows_seen(data, list(model.graph.nodes))),
        *overlap_check(model, data, rows),
    )


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
    regressions = [
        _Regression(model, table, data, levels, rows)
        for table in tables
        if model.kind_of(table, data) is not TableOfLabels
        and len(rows := rows_seen(data, (table.variable, *table.given))) >= _FEWEST_ROWS
    ]
    tests = [test for regression in regressions for test in regression.score_tests()]
    variance_tests = [
        test for regression in regressions for test in regression.variance_tests()
    ]
    checks = []
    if tests:
        checks.append(form_check(model, tests, "regressions"))
    if variance_tests:
        checks.append(_variance_check(variance_tests))
    return tuple(checks)


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

    def residuals(self) -> Iterator[Residuals]:
        """Yield the residuals of a number once, of a label by level.

        A level is compared with the most frequent one, among the rows that have either: of these,
        its logit is linear where those of all levels are, which that against all others is not.
        """
        variable = self.table.variable
        if self.is_linear:
            outcome = self.data.column(variable)[self.rows]
            outcome = outcome / (outcome.std() or 1.0)
            coefficients = np.linalg.lstsq(self.design, outcome, rcond=None)[0]
            every = np.arange(len(self.rows))
            residual = outcome - self.design @ coefficients
            yield Residuals(every, residual, np.ones(len(self.rows)))
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
            yield Residuals(pair, event - p, p * (1 - p))

    def score_tests(self) -> list[ScoreTest]:
        """Return a test of each curve, of codes, and of products that the regression leaves out."""
        left_out = LeftOut(
            model=self.model,
            table=self.table,
            data=self.data,
            levels=self.levels,
            rows=self.rows,
            design=self.design,
            has_products=self.model.interactions != "none",
        )
        return score_tests(left_out, self.residuals(), events=not self.is_linear)

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
