"""The reader's words for columns: labels and units.

A label stands for the name of a column in sentences, tables and figures. A unit that begins with
"log " declares that a column holds natural logarithms: effects on it are then shown in per cent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LOG = "log"
_SHORTEST_NAME = (
    2  # of a column that is explained: "a" and "t" are words of statistics too
)


@dataclass(frozen=True)
class Wording:
    """Labels and units of columns.

    Parameters
    ----------
    labels, units : mapping of column to str
        Columns without a label are called by their names.

    Examples
    --------
    >>> words = Wording({"lwage": "the hourly wage"}, {"lwage": "log US dollars"})
    >>> words.label("lwage"), words.unit("lwage"), words.is_log("lwage")
    ('the hourly wage', 'US dollars', True)
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.labels or self.units)

    def label(self, column: str) -> str:
        """Return the label of a column, its name where it has none."""
        return self.labels.get(column, column)

    def unit(self, column: str) -> str:
        """Return the unit of a column, of the number itself where the column is its logarithm."""
        unit = self.units.get(column, "")
        return unit.removeprefix(LOG).strip() if self.is_log(column) else unit

    def is_log(self, column: str) -> bool:
        """Return whether a column was declared to hold natural logarithms."""
        return (self.units.get(column, "") + " ").startswith(LOG + " ")

    def entry(self, text: str) -> str:
        """Return the label of an entry of an answer with labels in place of names of columns.

        Levels of a column, which follow `=` or stand in brackets, stay as they are.

        Examples
        --------
        >>> words = Wording({"x": "smoking", "region": "home region"})
        >>> words.entry("y=1 | do(x=x)"), words.entry("region[south]")
        ('y=1 | do(smoking = x)', 'home region[south]')
        """
        if not self.labels or " against " in text:
            return text
        names = sorted(self.labels, key=len, reverse=True)
        pattern = "|".join(map(re.escape, names))
        return re.sub(
            rf"(?<![\w=\[])({pattern})(?!\w)(=?)",
            lambda match: self.labels[match[1]] + (" = " if match[2] else ""),
            text,
        )

    def explained(self, text: str) -> str:
        """Return text with its label in brackets after the first mention of each column.

        Mentions in quotation marks, which are code, stay as they are; so do levels of a column.

        Examples
        --------
        >>> words = Wording({"educ": "years of schooling"})
        >>> words.explained("educ has the largest score; leave 'educ' out")
        "educ (years of schooling) has the largest score; leave 'educ' out"
        """
        for column, label in self.labels.items():
            if label in text or len(column) < _SHORTEST_NAME:
                continue
            alone = rf"(?<![\w'\"`.=\[]){re.escape(column)}(?![\w'\"`.=\[(])"
            mention = re.search(alone, text)
            if mention:
                end = mention.end()
                text = f"{text[:end]} ({label}){text[end:]}"
        return text

    def described(self, column: str) -> str:
        """Return a column's label with its name and unit in brackets.

        Examples
        --------
        >>> Wording({"dose": "the dose"}, {"dose": "mg"}).described("dose")
        'the dose (dose, mg)'
        """
        details = [column] if column in self.labels else []
        details += [self.units[column]] if column in self.units else []
        label = self.label(column)
        return f"{label} ({', '.join(details)})" if details else label


def wording_of(data: Any) -> Wording:
    """Return the labels and units of data, none for data that have no such thing."""
    return getattr(data, "wording", None) or Wording()


def capitalised(text: str) -> str:
    """Return text with a capital first letter.

    Examples
    --------
    >>> capitalised("joining a union")
    'Joining a union'
    """
    return text[:1].upper() + text[1:]
