"""Known exposures of counts: what the expected count of a part in a row is multiplied by.

With y_ij ~ Poisson(e_ij exp w_ij) and a free level of each row, log e_ij is an offset. A factor of
a whole row is part of its level, and one of a whole part of its intercept: only what is left of
log e_ij beside rows and parts can change an answer about ratios.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from causalstats.data.censoring import per_part, split_limits
from causalstats.data.columns import column_name, frozen, some
from causalstats.errors import DataError

_ROUNDING = 1e-9  # of a logarithm
_ABSOLUTE = (
    "For changes of amounts themselves, make a known standard, such as a spike-in, one part more, "
    "with the amount that was added to each sample as its exposure."
)


def split_exposure(
    exposure: Mapping[str, float | str] | None, parts: Sequence[str], zeros: str
) -> tuple[dict[str, float], dict[str, str]]:
    """Return exposures that are numbers, and the columns that have those of each row.

    Parameters
    ----------
    exposure : mapping of part to float or str, or None
    parts : list of str
    zeros : str
        How a 0 is read: exposures are those of "counts".

    Raises
    ------
    DataError
        If it is no mapping, names no part, or a number is not positive; or if nothing is counted.

    Examples
    --------
    >>> split_exposure({"spike": "added", "algae": 2.0}, ["spike", "algae", "flies"], "counts")
    ({'algae': 2.0}, {'spike': 'added'})
    """
    if exposure is None or (isinstance(exposure, Mapping) and not exposure):
        return {}, {}
    if zeros != "counts":
        raise DataError(
            "`exposure` is that of counts: it needs `zeros='counts'`. Divide amounts by what they "
            "are known to be multiplied by."
        )
    if not isinstance(exposure, Mapping):
        raise DataError(
            f"Expected `exposure` as a mapping of parts, such as {{{parts[0]!r}: 'volume'}}, got "
            f"{exposure!r}. One that all parts of a row share, such as its depth, volume or total "
            f"amount, cancels in their ratios: leave it out. {_ABSOLUTE}"
        )
    numbers, columns = split_limits(exposure, parts)
    assert isinstance(numbers, dict)
    for name in columns.values():
        column_name("an exposure", name)
    return per_part("exposure", numbers, parts), columns


def exposures_of(
    table: pd.DataFrame,
    parts: Sequence[str],
    numbers: Mapping[str, float],
    columns: Mapping[str, str],
    rows: np.ndarray,
) -> np.ndarray | None:
    """Return the exposures (n, D), 1 where none is named; None where no part has one.

    Parameters
    ----------
    table : DataFrame
    parts : list of str
    numbers : mapping of part to float
    columns : mapping of part to column name
    rows : int array, shape (n,)
        Row numbers in the user's frame, for refusals.

    Raises
    ------
    DataError
        If an exposure is no positive number, or all of them cancel.
    """
    if not numbers and not columns:
        return None
    values = np.ones((len(table), len(parts)))
    for k, part in enumerate(parts):
        if part in columns:
            values[:, k] = _positive(table[columns[part]], part, rows)
        else:
            values[:, k] = numbers.get(part, 1.0)
    if cancels(values):
        raise DataError(_why_it_cancels(values))
    return frozen(values)


def cancels(exposures: np.ndarray) -> bool:
    """Return whether exposures are products of one number of the row and one of the part.

    Examples
    --------
    >>> cancels(np.array([[1.0, 2.0], [3.0, 6.0]])), cancels(np.array([[1.0, 2.0], [3.0, 3.0]]))
    (True, False)
    """
    logs = np.log(exposures)
    beside = logs - logs.mean(axis=0)
    beside -= beside.mean(axis=1, keepdims=True)
    return bool(np.abs(beside).max() < _ROUNDING)


def _positive(column: pd.Series, part: str, rows: np.ndarray) -> np.ndarray:
    """Return the exposures of a part as positive numbers, (n,).

    Parameters
    ----------
    column : Series
    part : str
    rows : int array, shape (n,)
        Row numbers in the user's frame, for refusals.
    """
    name = column.name
    if isinstance(column.dtype, pd.CategoricalDtype):
        raise DataError(
            f"Expected column {name!r} to have the exposures of part {part!r} as numbers, got text."
        )
    values = column.to_numpy(float)
    odd = ~((values > 0) & np.isfinite(values))
    if odd.any():
        raise DataError(
            f"Expected exposures above 0 in column {name!r}, got {values[odd][0]:g} in "
            f"{some(np.sort(rows[odd]))}. Leave those rows out, or part {part!r}."
        )
    return values


def _why_it_cancels(exposures: np.ndarray) -> str:
    logs = np.log(exposures)
    if np.ptp(logs, axis=0).max() < _ROUNDING:
        return (
            "The exposures are the same in every row, as detection efficiencies and copy numbers "
            "are: they shift the mean of a log-ratio, and cancel in partial correlations and in "
            "coefficients of covariates. Leave them out."
        )
    alike = np.ptp(logs, axis=1).max() < _ROUNDING
    kind = "multiply all parts of a row alike, as depths, volumes and total amounts do"
    if not alike:
        kind = "are a number of the row times one of the part"
    return f"The exposures {kind}: ratios of parts do not know them. Leave them out. {_ABSOLUTE}"
