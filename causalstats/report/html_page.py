"""The HTML page of a report, by Jinja: one file that fetches no script, no font, no address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from causalstats.core.assumption import Assumption
from causalstats.core.check import Check
from causalstats.core.effect import INTERVAL
from causalstats.core.wording import capitalised, heading
from causalstats.report.contents import ReportContents
from causalstats.report.embedded_figure import data_uri
from causalstats.report.evidence import verdicts
from causalstats.report.table import number, table

_ORDER = {False: 0, None: 1, True: 2}


def render(contents: ReportContents) -> str:
    """Return the report as HTML. Every text of the contents is escaped."""
    template = _environment().get_template("report.html.jinja")
    interval = f"{INTERVAL:.0%}".replace("%", " %")
    return template.render(contents=contents, style=_style(), interval=interval)


def failing_first(checks: Sequence[Check]) -> list[Check]:
    """Return the failed checks, then the undecided, then the passed, each in the order given."""
    return sorted(checks, key=lambda check: _ORDER[check.passed])


def tally(checks: Sequence[Check]) -> str:
    """Return how many checks there are of each verdict, such as "1 failed, 7 passed"."""
    results = [check.verdict for check in failing_first(checks)]
    return ", ".join(
        f"{results.count(verdict)} {verdict}" for verdict in dict.fromkeys(results)
    )


def verdict(assumption: Assumption, checks: Sequence[Check]) -> str:
    """Return in a word or two what the checks say of an assumption."""
    results = verdicts(assumption, checks)
    if "failed" in results:
        return "contradicted"
    return "not contradicted" if "passed" in results else "not testable here"


def verdict_class(assumption: Assumption, checks: Sequence[Check]) -> str:
    """Return the style of that verdict."""
    results = verdicts(assumption, checks)
    if "failed" in results:
        return "failed"
    return "passed" if "passed" in results else "undecided"


def with_code(text: str) -> Markup:
    """Return escaped text, with what stands between `backticks` set as code.

    Examples
    --------
    >>> print(with_code("use `x < 1` & more"))
    use <code>x &lt; 1</code> &amp; more
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text, which empty lines set apart.

    Examples
    --------
    >>> paragraphs("One line\\nand another.\\n\\nA second paragraph.")
    ['One line and another.', 'A second paragraph.']
    """
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]


def unbroken(text: str) -> str:
    """Return a sentence in which no line begins with a percent sign.

    Examples
    --------
    >>> unbroken("a 95 % interval")
    'a 95\\xa0% interval'
    """
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("causalstats.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "table": table,
        "data_uri": data_uri,
        "failing_first": failing_first,
        "first_capital": capitalised,
        "paragraphs": paragraphs,
        "tally": tally,
        "verdict": verdict,
        "verdict_class": verdict_class,
        "with_code": with_code,
        "heading": heading,
        "unbroken": unbroken,
    }
    return environment


def _style() -> str:
    return (
        files("causalstats.report").joinpath("report.css").read_text(encoding="utf-8")
    )
