"""Checks that rows are independent: of those next to them, and not copies of each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from causalstats.core.assumption import Assumption
from causalstats.core.check import Check
from causalstats.numerics.testing.likeness_of_neighbours import neighbours_alike
from causalstats.numerics.testing.repeated_patterns import copies_p, times_seen
from causalstats.numerics.testing.serial_dependence import (
    is_sorted,
    repeated_rows,
    serial_dependence,
)

_LEVEL = 0.002
_LARGEST_SHARE_REPEATED = 0.05  # of the rows
_LEVEL_OF_COPIES = 0.001
_LARGEST_EXCESS = 10  # repeated rows, by the number of pairs that agree by chance
_MOST_ROWS = 250_000
_MOST_ROWS_PERMUTED = 200  # with more, the correlations of single columns show as much
_MOST_RUNS = 1.5  # of equal rows, by the number of different rows, in a table of counts
_ROWS_A_COMBINATION = 3
INDEPENDENT_PEOPLE = "independent people"


INDEPENDENCE_CHECKS = (
    "rows independent of their neighbours",
    "rows of one group independent",
    "no row twice",
)


def independent_people(each: str) -> Assumption:
    """Return the assumption that people do not depend on each other.

    Parameters
    ----------
    each : str
        What is modelled of each: "decision and outcome".
    """
    return Assumption(
        name=INDEPENDENT_PEOPLE,
        statement=f"Given the features, {each} of one person say nothing about those of another.",
        if_wrong="People of one cluster, days that follow each other and copies of rows count as "
        "many: intervals are too short.",
        formula="p(rows | θ) = Π_i p(row_i | θ)",
        checks=INDEPENDENCE_CHECKS,
    )


class Scores(NamedTuple):
    """Scores of some rows in their order, shape (n, k), and what is explained in them, (n, m).

    Scores follow the order of a table that is sorted by what is explained.
    """

    scores: np.ndarray
    explained: np.ndarray


def rows_independent(
    equations: Sequence[Scores],
    *,
    remedy: str,
    assumption: str,
    estimands: tuple[str, ...] = (),
    together: np.ndarray | None = None,
) -> tuple[Check, ...]:
    """Return whether rows next to each other are alike in what the model leaves open.

    Nothing is returned where the order of the rows cannot tell: of few rows, or of a table that is
    sorted by what is explained.

    Parameters
    ----------
    equations : sequence of Scores
    remedy : str
        The way to tell this model about clusters, or an order in time.
    assumption : str
        The name of the assumption of independent rows.
    estimands : tuple of str
        The answers that a failure stands on; empty for all of them.
    together : array, shape (n, k), optional
        Residuals that are also tested jointly, by permutation, where the rows are few.
    """
    unsorted = [
        each
        for each in equations
        if not any(is_sorted(column) for column in each.explained[:_MOST_ROWS].T)
    ]
    tests = [serial_dependence(each.scores[:_MOST_ROWS]) for each in unsorted]
    done = [
        (
            test.p,
            f"the scores of one row and the next have a correlation of {test[1]:.2f}",
        )
        for test in tests
        if test is not None
    ]
    if together is not None and unsorted and len(together) <= _MOST_ROWS_PERMUTED:
        alike = neighbours_alike(together, np.random.default_rng(0))
        if alike is not None:
            done.append(
                (alike, "rows are like those near them, in all columns together")
            )
    if not done:
        return ()
    smallest, words = min(done)
    p = min(1.0, len(done) * smallest)
    passed = p >= _LEVEL
    return (
        Check(
            name="rows independent of their neighbours",
            passed=passed,
            value=p,
            expected=f"p-value of at least {_LEVEL:g}",
            finding=f"{words}, p = {p:.2g}",
            remedy=""
            if passed
            else "Rows that stand next to each other are alike beyond what the model explains: "
            "they belong to clusters, follow each other in time or are copies, and the interval "
            f"is too short; what they share may confound as well. {remedy}",
            estimands=estimands,
            assumption=assumption,
        ),
    )


def no_row_twice(
    table: pd.DataFrame, assumption: str, each: str = "row"
) -> tuple[Check, ...]:
    """Return a failed check, or a caution, where rows are copies of others.

    It fails where columns of many values agree, as a wrong join makes them. Rows of few values
    agree by chance as well, and are a caution where independent rows would not agree as often.

    Parameters
    ----------
    table : DataFrame
        The columns that were read.
    assumption : str
        The name of the assumption of independent rows.
    each : str
        The word for a row.
    """
    table = table.iloc[:_MOST_ROWS]
    if any(table[name].is_unique for name in table):
        return ()
    codes = np.column_stack([pd.factorize(table[name], sort=True)[0] for name in table])
    repeated, by_chance = repeated_rows(codes)
    if by_chance > 0 and repeated > _LARGEST_EXCESS * by_chance:
        return copies(len(table), repeated, assumption, f"{each}s", certain=True)
    return copies_among(times_seen(codes), assumption, f"{each}s")


def copies_among(times: np.ndarray, assumption: str, each: str) -> tuple[Check, ...]:
    """Return the caution that combinations occur twice more often than among independent rows.

    Parameters
    ----------
    times : int array, shape (m,)
        How often each combination of values occurs.
    assumption : str
    each : str
        The word for rows.
    """
    rows = int(times.sum())
    repeated = rows - len(times)
    many = repeated > _LARGEST_SHARE_REPEATED * rows
    if not many or copies_p(times) >= _LEVEL_OF_COPIES:
        return ()
    return copies(rows, repeated, assumption, each, certain=False)


def copies(
    rows: int, repeated: int, assumption: str, each: str, *, certain: bool
) -> tuple[Check, ...]:
    """Return the check of rows that repeat others; nothing where these are few.

    Parameters
    ----------
    rows, repeated : int
    assumption : str
        The name of the assumption of independent rows.
    each : str
        The word for rows: "rows", "persons", "units".
    certain : bool
        Whether columns are such that no two agree by chance.
    """
    if repeated <= _LARGEST_SHARE_REPEATED * rows:
        return ()
    among = "" if certain else ", in pairs more often than independent ones would be"
    remedy = (
        f"Copies, as a join of two tables or a second number for one makes them, are no further "
        f"observations, and the interval is too short: keep each once. `frame.duplicated(...)` "
        f"without the numbers of {each} finds them."
    )
    if not certain:
        remedy += " Where a design has two alike of each, it is no fault."
    return (
        Check(
            name="no row twice",
            passed=False if certain else None,
            value=repeated / rows,
            expected=f"at most {_LARGEST_SHARE_REPEATED:.0%} of the {each} equal to an earlier "
            "one, or as many as by chance",
            finding=f"{repeated:,} of {rows:,} {each} are equal to an earlier one in all columns"
            f"{among}",
            remedy=remedy,
            assumption=assumption,
            caution=not certain,
        ),
    )


def is_table_of_counts(table: pd.DataFrame) -> bool:
    """Return whether rows are in blocks of equal ones, as counts that were written out row by row.

    Parameters
    ----------
    table : DataFrame
    """
    codes = table.apply(lambda column: pd.factorize(column)[0])
    different = len(codes.drop_duplicates())
    runs = 1 + int((codes.diff().iloc[1:] != 0).any(axis=1).sum())
    in_blocks = runs <= _MOST_RUNS * different + 1
    return in_blocks and len(codes) >= _ROWS_A_COMBINATION * different


def least_squares_residuals(columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return what an intercept and columns leave of each of the values, shape (n, k).

    Parameters
    ----------
    columns : array, shape (n, p)
    values : array, shape (n, k)
    """
    design = np.column_stack([np.ones(len(columns)), columns])
    return np.asarray(values - design @ np.linalg.lstsq(design, values, rcond=None)[0])
