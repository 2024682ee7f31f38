"""The reader's words for columns: labels of columns and of their levels, and units.

A label stands for the name of a column, or of one of its levels, in sentences, tables and figures.
A unit that begins with "log " declares that a column holds natural logarithms: effects on it are
then shown in per cent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

LOG = "log"
_ABBREVIATIONS = {"att": "ATT", "f": "F", "roc": "ROC"}
_SHORTEST_NAME = (
    2  # of a column that is explained: "a" and "t" are words of statistics too
)


@dataclass(frozen=True)
class Wording:
    """Labels and units of columns, and labels of their levels.

    Parameters
    ----------
    labels, units : mapping of column to str
        Columns without a label are called by their names.
    levels : mapping of column to a mapping of level to str
        Levels without a label are shown as they are written.

    Examples
    --------
    >>> words = Wording({"lwage": "the hourly wage"}, {"lwage": "log US dollars"})
    >>> words.label("lwage"), words.unit("lwage"), words.is_log("lwage")
    ('the hourly wage', 'US dollars', True)
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.labels or self.units or self.levels)

    def label(self, column: str) -> str:
        """Return the label of a column, its name where it has none."""
        return self.labels.get(column, column)

    def level(self, column: str, level: Any) -> str:
        """Return the label of a level of a column, the level itself where it has none.

        Examples
        --------
        >>> words = Wording(levels={"smoker": {"1": "smokers"}})
        >>> words.level("smoker", 1), words.level("smoker", 0)
        ('smokers', '0')
        """
        return self.levels.get(column, {}).get(str(level), str(level))

    def unit(self, column: str) -> str:
        """Return the unit of a column, of the number itself where the column is its logarithm."""
        unit = self.units.get(column, "")
        return unit.removeprefix(LOG).strip() if self.is_log(column) else unit

    def is_log(self, column: str) -> bool:
        """Return whether a column was declared to hold natural logarithms."""
        return (self.units.get(column, "") + " ").startswith(LOG + " ")

    def entry(self, text: str) -> str:
        """Return the label of an entry of an answer with labels in place of names.

        Levels of a column, which follow `=` or stand in brackets, have their labels where they have
        some, and otherwise stay as they are; the T of a formula's coding by treatment is left out.

        Examples
        --------
        >>> words = Wording({"x": "smoking", "region": "home region"}, {}, {"y": {"1": "ill"}})
        >>> words.entry("y=1 | do(x=x)"), words.entry("region[south]")
        ('y = ill | do(smoking = x)', 'home region[south]')
        >>> words.entry("region[T.south]")
        'home region[south]'
        >>> Wording(levels={"drug": {"b": "the new drug"}}).entry("b against a")
        'the new drug against a'
        """
        if not self.labels and not self.levels:
            return text
        if " against " in text:
            return self._contrast(text)
        names = sorted({*self.labels, *self.levels}, key=len, reverse=True)
        pattern = "|".join(map(re.escape, names))
        levels = {*map(str, self._labels_of_levels())}
        known = "|".join(map(re.escape, sorted(levels, key=len, reverse=True)))
        level = rf"(?:({known})(?![\w]))?" if known else "()"
        return re.sub(
            rf"(?<![\w=\[])({pattern})(?!\w)(?:(=|\[(?:T\.)?){level})?",
            self._in_words,
            text,
        )

    def _in_words(self, match: re.Match[str]) -> str:
        """Return the words for a name, and for the level after it."""
        column, sign, level = match[1], match[2] or "", match[3] or ""
        sign = {"=": " = ", "[T.": "["}.get(sign, sign)
        return self.label(column) + sign + (self.level(column, level) if level else "")

    def _contrast(self, text: str) -> str:
        """Return "a against b" with labels of levels that no two columns call differently."""
        head, colon, arms = text.rpartition(": ")
        labels = self._labels_of_levels()
        one, against, other = arms.partition(" against ")
        words = [labels.get(arm, arm) for arm in (one, other)]
        return (self.entry(head) if colon else "") + colon + against.join(words)

    def _labels_of_levels(self) -> dict[str, str]:
        """Return the labels of all levels, but for those that two columns call differently."""
        given: dict[str, set[str]] = {}
        for labels in self.levels.values():
            for level, label in labels.items():
                given.setdefault(level, set()).add(label)
        return {
            level: next(iter(labels)) if len(labels) == 1 else level
            for level, labels in given.items()
        }

    def explained(self, text: str) -> str:
        """Return text with its label in brackets after the first mention of each column.

        Mentions in quotation marks, which are code, stay as they are; so do levels of a column.

        Examples
        --------
        >>> words = Wording({"educ": "years of schooling"})
        >>> words.explained("educ has the largest score; leave 'educ' out")
        "educ (years of schooling) has the largest score; leave 'educ' out"
        >>> Wording({"age_c": "age of the client", "age": "own age"}).explained("age_c, age")
        'age_c (age of the client), age (own age)'
        """
        explained: set[str] = {
            column
            for column, label in self.labels.items()
            if label in text or len(column) < _SHORTEST_NAME
        }
        if len(explained) == len(self.labels):
            return text

        def with_label(match: re.Match[str]) -> str:
            column = match["column"]
            if column is None or column in explained:
                return match[0]
            explained.add(column)
            return f"{column} ({self.labels[column]})"

        # A name that stands in the label of another column is no mention of it.
        labels = _any_of(self.labels.values())
        names = _any_of(self.labels)
        alone = rf"(?<![\w'\"`.=\[])(?P<column>{names})(?![\w'\"`.=\[(])"
        return re.sub(rf"{labels}|{alone}", with_label, text)

    def described(self, column: str) -> str:
        """Return a column's label with its name and unit in brackets, once where they are the same.

        Examples
        --------
        >>> Wording({"dose": "the dose"}, {"dose": "mg"}).described("dose")
        'the dose (dose, mg)'
        >>> Wording({"years": "age"}, {"years": "years"}).described("years")
        'age (years)'
        """
        details = [column] if column in self.labels else []
        details += [self.units[column]] if column in self.units else []
        label = self.label(column)
        return f"{label} ({', '.join(dict.fromkeys(details))})" if details else label


def _any_of(texts: Iterable[str]) -> str:
    """Return the pattern of any of some texts, the longest first."""
    ordered = sorted(texts, key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, ordered))})"


def wording_of(data: Any) -> Wording:
    """Return the labels and units of data, none for data that have no such thing."""
    return getattr(data, "wording", None) or Wording()


def heading(name: str) -> str:
    """Return the name of an answer or of an assumption as a heading.

    Examples
    --------
    >>> heading("att"), heading("effect_by_horizon"), heading("first_stage_f")
    ('ATT', 'Effect by horizon', 'First stage F')
    """
    return capitalised(spelt(name))


def spelt(name: str) -> str:
    """Return the name of an answer in words, abbreviations as they are written.

    Examples
    --------
    >>> spelt("att"), spelt("roc_curve of age")
    ('ATT', 'ROC curve of age')
    """
    return " ".join(_ABBREVIATIONS.get(word, word) for word in name.split("_"))


def capitalised(text: str) -> str:
    """Return text with a capital first letter.

    Examples
    --------
    >>> capitalised("joining a union")
    'Joining a union'
    """
    return text[:1].upper() + text[1:]
