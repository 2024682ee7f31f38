"""Conditional independences that a diagram implies, tested on the data (d-separation).

One test a pair of variables that some others separate, p-values multiplied by their number
(Bonferroni). A diagram with hidden causes can imply equalities that are no independences (Verma &
Pearl 1990); these are not tested.

References
----------
Richardson & Spirtes (2002), Ancestral graph Markov models, Annals of Statistics 30.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.diagrams.identification.implied_independences import (
    independences,
    separating_set,
)
from causalstats.models.causal_diagram.checks.conditional_independence_tests import (
    approximate_p,
    generalised_covariance_p,
    monte_carlo_p,
    tables_by_stratum,
)
from causalstats.models.causal_diagram.levels import Levels
from causalstats.numerics.bases.splines import smooth

if TYPE_CHECKING:
    import pandas as pd

    from causalstats.models.causal_diagram.model import CausalDiagram

_NAME = "independences of the diagram"
_ASSUMPTION = "this diagram"
_MOST_PAIRS = 200
SIGNIFICANCE_LEVEL = 0.01
_SMALL_BY_MOMENTS = 0.1  # a p-value by moments below which tables are drawn
# Drawn for each that would be as extreme at the level of the test
_TABLES_PER_EXTREME_ONE = 20
_MOST_MONTE_CARLO_TESTS = 5
_MOST_TABLES_OF_ONE_TEST = 10_000
_BASIS_SIZE = 6  # smooth functions of a number that is held
_ROWS_PER_COLUMN = 20


@dataclass(frozen=True, eq=False)
class IndependenceTest:
    """A pair, those that separate it, its p-value, and its table where all are labels."""

    p: float
    statement: str
    table: np.ndarray | None = None


def implied_independences(
    model: CausalDiagram, data: Observations
) -> tuple[Check, ...]:
    """Return whether the data contradict an independence that the diagram implies.

    A diagram that implies none cannot be refuted by these tests: the check is then undecided, and
    a caution on every answer.
    """
    levels = model.levels(data)
    pairs = list(combinations(model.graph.nodes, 2))
    tests = []
    for one, other in pairs[:_MOST_PAIRS]:
        given = separating_set(model.graph, one, other)
        if given is not None:
            tests.append(independence_test(one, other, given, data, levels))
    if not tests:
        return () if len(pairs) > _MOST_PAIRS else (_nothing_implied(),)
    p, statement = smallest_p(tests)
    passed = p > SIGNIFICANCE_LEVEL
    remedy = (
        "The data contradict the diagram: an arrow or a shared cause is missing, such as one "
        "between these two."
    )
    return (
        Check(
            name=_NAME,
            passed=passed,
            value=p,
            expected=f"p times the number of tests above {SIGNIFICANCE_LEVEL:g}",
            finding=f"{len(tests)} tested; least likely independent are {statement}, p = {p:.3g}",
            remedy="" if passed else remedy,
            assumption=_ASSUMPTION,
        ),
    )


def _nothing_implied() -> Check:
    return Check(
        name=_NAME,
        passed=None,
        caution=True,
        assumption=_ASSUMPTION,
        value=0.0,
        expected="two variables that are independent by the diagram, as such or given others",
        finding="the diagram implies no independence of two variables, so that hardly any data on "
        "these variables would contradict it",
        remedy="The answer stands on the diagram alone. Observe more, such as a variable that by "
        "the diagram is independent of some of the others.",
    )


def tested_independences(model: CausalDiagram, data: Observations) -> pd.DataFrame:
    """Return every independence that the diagram implies, with its p-value on the data.

    P-values of tables that look small are those of an exact conditional test by Monte Carlo.

    Parameters
    ----------
    model : CausalDiagram
    data : Observations

    Returns
    -------
    DataFrame
        A row for each statement: `one`, `other`, `given`, `p_value`, and `p_adjusted` for their
        number (Holm 1979), smallest first.
    """
    import pandas as pd
    from statsmodels.stats.multitest import multipletests

    levels = model.levels(data)
    rng = np.random.default_rng(0)
    rows = []
    for each in independences(model.graph):
        test = independence_test(each.one, each.other, each.given, data, levels)
        p = test.p
        if test.table is not None and len(test.table) and p < _SMALL_BY_MOMENTS:
            p = monte_carlo_p(test.table, _MOST_TABLES_OF_ONE_TEST, rng)
        rows.append((str(each), each.one, each.other, ", ".join(each.given), p))
    columns = ["statement", "one", "other", "given", "p_value"]
    table = pd.DataFrame(rows, columns=columns).set_index("statement")
    adjusted = multipletests(table["p_value"], method="holm")[1] if rows else []
    return table.assign(p_adjusted=adjusted).sort_values("p_value", kind="stable")


def independence_test(
    one: str,
    other: str,
    given: Sequence[str],
    data: Observations,
    levels: Levels,
    where: str = "",
) -> IndependenceTest:
    """Return the test of two variables given others: of tables, or of residuals with numbers.

    Parameters
    ----------
    one, other : str
    given : sequence of str
        The variables that separate them.
    data : Observations
    levels : mapping of variable to its levels
    where : str
        Words that end the statement, of one study among several.
    """
    condition = f" given {', '.join(given)}" if given else ""
    statement = f"{one} and {other}{condition}{where}"
    if {one, other, *given} & set(data.continuous):
        return IndependenceTest(_residual_p(one, other, given, data, levels), statement)
    held = np.empty((len(data.counts), len(given)), int)
    for column, name in enumerate(given):
        held[:, column] = data.column(name)
    table = tables_by_stratum(data.column(one), data.column(other), held, data.counts)
    p = float(approximate_p(table[None])[0]) if len(table) else 1.0
    return IndependenceTest(p, statement, table)


def _residual_p(
    one: str,
    other: str,
    given: Sequence[str],
    data: Observations,
    levels: Levels,
) -> float:
    """Return the p-value of the generalised covariance measure, by the columns of each variable."""
    rows = np.repeat(np.arange(len(data.counts)), data.counts.astype(int))
    basis_size = len(rows) / (_ROWS_PER_COLUMN * max(len(given), 1))
    basis_size = int(np.clip(basis_size, 1, _BASIS_SIZE))

    def columns(name: str, bend: bool = False) -> np.ndarray:
        if name not in data.continuous:
            codes = data.places(name, levels[name])[rows, None]
            return (codes == np.arange(1, len(levels[name]))) * 1.0
        values = data.column(name)[rows]
        return smooth(values, basis_size).columns(values) if bend else values[:, None]

    held = [columns(name, bend=True) for name in given]
    intercept = np.ones((len(rows), 1))
    return generalised_covariance_p(
        columns(one), columns(other), np.hstack([*held, intercept])
    )


def smallest_p(tests: Sequence[IndependenceTest]) -> tuple[float, str]:
    """Return the smallest p-value times the number of tests, and the statement that it is of.

    Tests of tables whose p-value looks small are repeated by drawing tables.
    """
    count = len(tests)
    rng = np.random.default_rng(0)
    adjusted: list[tuple[float, str]] = []
    for test in sorted(tests, key=lambda test: test.p):
        p = test.p
        small = test.p * count < _SMALL_BY_MOMENTS
        if test.table is not None and len(test.table) and small:
            most = int(_TABLES_PER_EXTREME_ONE * count / SIGNIFICANCE_LEVEL)
            p = monte_carlo_p(test.table, most, rng)
        adjusted.append((min(1.0, p * count), test.statement))
        decided = (
            adjusted[-1][0] <= SIGNIFICANCE_LEVEL or p * count >= _SMALL_BY_MOMENTS
        )
        if decided or len(adjusted) >= _MOST_MONTE_CARLO_TESTS:
            break
    return min(adjusted)
