"""Checks of assumptions, data and draws: statistic, finding and remedy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check of an assumption, of the data or of the draws, with its result.

    Every answer that a failed check is about shows its finding and its remedy.

    Parameters
    ----------
    name : str
    passed : bool or None
        None where the data cannot decide, or where the check was not run.
    value : float or None
        The statistic that decided.
    expected : str
        The values of the statistic that pass.
    finding : str
        The statistic of these data, in words.
    remedy : str
        The next step after a failure; following it helps. Empty where the check passed.
    estimands : tuple of str
        The answers, by name, that it is about; empty for all of them.
    assumption : str
        The name of the assumption that a failure contradicts, if it is one.
    caution : bool
        Whether the answer carries an undecided check too, because these data cannot decide
        something that the answer depends on.

    Examples
    --------
    >>> import causalstats as cs
    >>> check = cs.Check(
    ...     name="overlap",
    ...     passed=False,
    ...     value=0.07,
    ...     expected="at least 0.1",
    ...     finding="7 % of the decisions are unexplained by risk",
    ...     remedy="Bound the answer",
    ... )
    >>> check.verdict
    'failed'
    """

    name: str
    passed: bool | None
    value: float | None
    expected: str
    finding: str
    remedy: str
    estimands: tuple[str, ...] = ()
    assumption: str = ""
    caution: bool = False

    def stands_on(self, estimand: str) -> bool:
        """Return whether the answer to `estimand` has to carry this check.

        Examples
        --------
        >>> import causalstats as cs
        >>> check = cs.Check(
        ...     name="R-hat",
        ...     passed=False,
        ...     value=1.2,
        ...     expected="below 1.01",
        ...     finding="1.2",
        ...     remedy="Draw more",
        ...     estimands=("effect",),
        ... )
        >>> check.stands_on("effect"), check.stands_on("moderation")
        (True, False)
        """
        concerns = not self.estimands or estimand in self.estimands
        return concerns and (
            self.passed is False or (self.passed is None and self.caution)
        )

    @property
    def verdict(self) -> str:
        """The result in a word: passed, failed or undecided.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.CausalDiagram("x -> y")
        >>> fit = cs.fit(model, model.simulate(1, people=50).data, seed=1, progress=False)
        >>> fit.check()[0].verdict
        'passed'
        """
        return {True: "passed", False: "failed", None: "undecided"}[self.passed]


class Checks(tuple[Check, ...]):
    """A tuple of checks, shown as a table.

    Examples
    --------
    >>> import causalstats as cs
    >>> from causalstats.core.check import Checks
    >>> values = {"value": 1.0, "expected": "below 1.01", "finding": "1.00", "remedy": ""}
    >>> Checks([cs.Check(name="R-hat", passed=True, **values)])
    passed     R-hat: 1.00 (expected: below 1.01)
    """

    def to_frame(self) -> pd.DataFrame:
        """Return a row a check: verdict, value, finding, expected, remedy."""
        import pandas as pd

        columns = ["verdict", "value", "finding", "expected", "remedy"]
        return pd.DataFrame(
            [[getattr(check, name) for name in columns] for check in self],
            index=[check.name for check in self],
            columns=columns,
        )

    def __repr__(self) -> str:
        lines = [
            f"{check.verdict:9}  {check.name}: {check.finding} (expected: {check.expected})"
            for check in self
        ]
        return "\n".join(
            f"{line}. {check.remedy}".rstrip(". ")
            for line, check in zip(lines, self, strict=True)
        )

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th style="text-align:left">{title}</th>'
            for title in ("", "check", "finding, what was expected, what to do")
        )
        rows = "".join(_row(check) for check in self)
        return f"<table><tr>{head}</tr>{rows}</table>"


def _row(check: Check) -> str:
    """Return a check as a row of an HTML table, in the colours of the notebook."""
    verdict = check.verdict if check.passed else f"<strong>{check.verdict}</strong>"
    expected = f"<br><small>expected: {_as_html(check.expected)}</small>"
    remedy = f"<br><em>{_as_html(check.remedy)}</em>" if check.remedy else ""
    finding = f"{_as_html(check.finding)}{expected * bool(check.expected)}{remedy}"
    style = "text-align:left;vertical-align:top;border-top:1px solid #8884"
    cells = (verdict, _as_html(check.name), finding)
    return (
        "<tr>" + "".join(f'<td style="{style}">{each}</td>' for each in cells) + "</tr>"
    )


def _as_html(text: str) -> str:
    """Return text as HTML, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
