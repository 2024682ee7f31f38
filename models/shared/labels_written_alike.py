"""Labels that differ by capitals, blanks or forms of one letter alone: one level, or several?

"yes", "Yes" and "YES " are levels of their own to every table, formula and fixed effect. Where they
are meant to be one, its people are divided: an arm is compared with a part of itself, a unit is
two, and strata are thinner than they are.
"""

from __future__ import annotations

import unicodedata

import pandas as pd

from causalstats.core.check import Check

NAME = "one spelling of each label"
_SHOWN = 3


def labels_written_alike(table: pd.DataFrame, assumption: str) -> tuple[Check, ...]:
    """Return the caution that labels of a column differ by capitals or blanks alone, if any do.

    Parameters
    ----------
    table : DataFrame
        The columns that were read; numbers are passed over.
    assumption : str
        The name of the assumption that it concerns.
    """
    found = {
        str(name): alike
        for name in table
        if not pd.api.types.is_numeric_dtype(table[name].dtype)
        and (alike := spellings(table[name]))
    }
    if not found:
        return ()
    listed = "; ".join(
        f"{name}: {_shown(alike)}" for name, alike in list(found.items())[:_SHOWN]
    )
    name = next(iter(found))
    rows = sum(
        int(table[column].isin([label for each in alike for label in each[1:]]).sum())
        for column, alike in found.items()
    )
    return (
        Check(
            name=NAME,
            passed=None,
            value=float(rows),
            expected="labels that differ by more than capitals, blanks and forms of one letter",
            finding=f"kept apart as labels of their own, {rows:,} rows: {listed}",
            remedy="If they are one label, write it one way, "
            f"`frame[{name!r}] = frame[{name!r}].str.strip().str.lower()`: its rows are divided "
            "now, and contrasts and groups are of parts of them. If they differ, the answer "
            "stands.",
            assumption=assumption,
            caution=True,
        ),
    )


def spellings(column: pd.Series) -> list[list[str]]:
    """Return groups of labels that differ by capitals, blanks or forms of a letter, usual first.

    Parameters
    ----------
    column : Series

    Returns
    -------
    list of list of str

    Examples
    --------
    >>> spellings(pd.Series(["yes", "no", "Yes", "yes", "no ", "perhaps"]))
    [['yes', 'Yes'], ['no', 'no ']]
    """
    counts = column.value_counts()
    counts = counts[counts > 0]
    groups: dict[str, list[str]] = {}
    for label in counts.index:
        if isinstance(label, str):
            groups.setdefault(_plain(label), []).append(label)
    return [labels for labels in groups.values() if len(labels) > 1]


def _plain(label: str) -> str:
    """Return a label without capitals, blanks at its ends, and doubled ones."""
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())


def _shown(alike: list[list[str]]) -> str:
    texts = [" and ".join(repr(label) for label in labels) for labels in alike[:_SHOWN]]
    return ", ".join(texts) + (", ..." if len(alike) > _SHOWN else "")
