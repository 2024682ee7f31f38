"""The assumption that variables are recorded without error, and the checks that could refute it.

Random errors of a treatment draw its effect towards 0 (classical measurement error, attenuation),
and errors of a covariate leave a part of its confounding. One recording of each variable does not
show them. Codes for missing values, and a limit at which outcomes pile up, do show.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from causalstats.core.assumption import Assumption
from causalstats.core.check import Check
from causalstats.models.shared.interpolated_values import INTERPOLATED
from causalstats.models.shared.labels_written_alike import NAME as _SPELLING
from causalstats.models.shared.labels_written_alike import labels_written_alike
from causalstats.models.shared.turned_columns import ONE_CODING, one_coding
from causalstats.numerics.testing.recorded_values import (
    Frequent,
    missing_code,
    piled_up_extreme,
    piled_up_in_a_part,
    value_apart,
    zeros_of_logged_counts,
)

ONE_UNIT = "outcome in one unit at all times"
ONE_WAY = "outcome measured in one way at all times"
LABELS = "labels follow their units"
ZEROS = "no zeros in place of missing counts"
MEASUREMENT = "measured without error"
_CODES = "no codes for missing values"
_SLIPS = "no value far beyond all others"
_LIMIT = "outcome not cut off"
_LOGGED = "no logarithm of zeros"
_ROWS = "rows not missing by their outcome"


def measured_without_error(
    consequence: str,
    *,
    numeric_outcome: bool = True,
    panel: bool = False,
    more_checks: tuple[str, ...] = (),
) -> Assumption:
    """Return the assumption, with its consequence in a family.

    Parameters
    ----------
    consequence : str
        What errors of measurement do to the answer, a sentence.
    numeric_outcome : bool
        Whether the outcome is a number, which a limit can cut off.
    panel : bool
        Whether rows are of units over time, where counts are cut off too, and rows that are missing
        for their outcome can be seen.
    more_checks : tuple of str
        Of a family alone.
    """
    limit = " and none is cut off at a limit" if numeric_outcome or panel else ""
    checks = [
        _CODES,
        _SLIPS,
        _SPELLING,
        ONE_CODING,
        *([_LIMIT] if numeric_outcome or panel else []),
    ]
    if numeric_outcome:
        checks.append(_LOGGED)
    between = ""
    if panel:
        checks += [INTERPOLATED, ONE_UNIT, ONE_WAY, LABELS, ZEROS]
        between = (
            ", none was filled in between others or for a missing count, all are measured in one "
            "way and one unit at all times, and a label stands for the same unit throughout"
        )
    if panel and numeric_outcome:
        checks.append(_ROWS)
        limit += ", and no row is missing for what its outcome is"
        consequence += (
            " Rows that are missing for their outcome leave a selected sample."
        )
    return Assumption(
        name=MEASUREMENT,
        statement="Variables are recorded without error: no number stands for a missing value"
        f", none is a slip{limit}{between}, and each label is written in one way.",
        if_wrong=consequence,
        formula="recorded value = value",
        checks=(*checks, *more_checks),
    )


def recorded_values(
    table: pd.DataFrame,
    columns: Sequence[str],
    outcome: str | None = None,
    time: np.ndarray | None = None,
) -> tuple[Check, ...]:
    """Return failed checks of numeric columns whose values may not be what was measured.

    And the caution about labels that differ by capitals or blanks alone.

    Parameters
    ----------
    table : DataFrame
        Labels are looked at in each of its columns, those of units and clusters included.
    columns : sequence of str
        The columns to look for codes in; those that are not numeric are passed over.
    outcome : str, optional
        A numeric outcome, which may be cut off at a limit.
    time : array, shape (n,), optional
        Periods, each of which may have a limit of its own.
    """
    checks = [
        *labels_written_alike(table, MEASUREMENT),
        *one_coding(table, MEASUREMENT),
    ]
    numeric = [name for name in columns if _is_numeric(table[name])]
    codes = {name: missing_code(table[name].to_numpy(float)) for name in numeric}
    coded = {name: code for name, code in codes.items() if code is not None}
    if coded:
        listed = "; ".join(
            f"{code.share:.1%} of {name} are {code.value:g}, {_apart(code)}"
            for name, code in coded.items()
        )
        checks.append(
            Check(
                name=_CODES,
                passed=False,
                value=max(code.share for code in coded.values()),
                expected="no value such as -9 or 999 that repeats far from others, or as none does",
                finding=listed,
                remedy="If the number is a code, make it missing, "
                f"`frame.replace({{{_replaced(coded)}}})`, and say `missing='drop'`. If it is a "
                "value, the answer rests on these rows: look at it without them.",
                assumption=MEASUREMENT,
            )
        )
    apart = {name: value_apart(table[name].to_numpy(float)) for name in numeric}
    alone = {name: row for name, row in apart.items() if row is not None}
    if alone:
        listed = ", ".join(
            f"{table[name].iloc[row]:g} of {name}" for name, row in alone.items()
        )
        checks.append(
            Check(
                name=_SLIPS,
                passed=False,
                value=float(len(alone)),
                expected="no value 30 times as far from the median as any other",
                finding=f"far beyond all others: {listed}",
                remedy="Look whether it was measured: a slip, such as a decimal point or a unit, "
                "decides the answer, or hides it behind a wide interval. Correct it, or leave the "
                "row out and say so.",
                assumption=MEASUREMENT,
            )
        )
    checks += _logged_counts(table, outcome)
    limit, where = None, ""
    if outcome is not None and _is_numeric(table[outcome]):
        values = table[outcome].to_numpy(float)
        limit = piled_up_extreme(values)
        if limit is None and time is not None:
            limit, where = piled_up_in_a_part(values, time), " in one period"
    if limit is not None:
        checks.append(
            Check(
                name=_LIMIT,
                passed=False,
                value=limit.share,
                expected="fewer than 4 % of the rows at the smallest or the largest outcome",
                finding=f"{limit.share:.0%} of {outcome}{where} are {limit.value:g}, beyond which "
                "there is none",
                remedy="If values beyond it were recorded as this one (censoring), effects on the "
                "outcome are drawn towards 0, and so is the answer: get the values. If it is a "
                "value like others, the answer is about the mean of the recorded outcome, whose "
                "dependence on its causes is not linear: answer for being beyond it, and for the "
                "rows beyond it.",
                assumption=MEASUREMENT,
            )
        )
    return tuple(checks)


def _logged_counts(table: pd.DataFrame, outcome: str | None) -> tuple[Check, ...]:
    """Return the caution about an outcome that is the logarithm of counts with zeros."""
    if outcome is None or not _is_numeric(table[outcome]):
        return ()
    share = zeros_of_logged_counts(table[outcome].to_numpy(float))
    if share is None:
        return ()
    return (
        Check(
            name=_LOGGED,
            passed=None,
            value=share,
            expected="an outcome that is no logarithm of counts of which 5 % or more are 0",
            finding=f"{outcome} is the logarithm of a count plus a constant or with a number in "
            f"place of 0, or its inverse hyperbolic sine, and {share:.0%} of the rows have the "
            "smallest value",
            remedy="If that value stands for a count of 0, no difference is a relative change, and "
            "its size depends on the unit of the count and on the constant (Chen & Roth 2024): "
            "answer for the count itself, in a panel as a ratio of means by `cs.PanelGLM()`. If no "
            "count was 0, the answer stands.",
            assumption=MEASUREMENT,
            caution=True,
        ),
    )


def _is_numeric(column: pd.Series) -> bool:
    is_bool = pd.api.types.is_bool_dtype(column.dtype)
    return pd.api.types.is_numeric_dtype(column.dtype) and not is_bool


def _apart(code: Frequent) -> str:
    if code.far:
        return "far from all others"
    return "which no other value comes near in frequency"


def _replaced(coded: dict[str, Frequent]) -> str:
    return ", ".join(
        f"{name!r}: {{{code.value:g}: None}}" for name, code in coded.items()
    )
