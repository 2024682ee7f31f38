"""The HTML page of a report, by Jinja: one file that fetches no script, no font, no address."""

from __future__ import annotations

import re
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from causalstats.core.check import Check
from causalstats.core.effect import INTERVAL
from causalstats.report.contents import ReportContents
from causalstats.report.embedded_figure import data_uri
from causalstats.report.table import number, table

_ORDER = {False: 0, None: 1, True: 2}


def render(contents: ReportContents) -> str:
    """Return the report as HTML. Every text of the contents is escaped."""
    template = _environment().get_template("report.html.jinja")
    interval = f"{INTERVAL:.0%}".replace("%", " %")
    return template.render(contents=contents, style=_style(), interval=interval)


def failing_first(checks: tuple[Check, ...]) -> list[Check]:
    """Return the failed checks, then the undecided, then the passed, each in the order given."""
    return sorted(checks, key=lambda check: _ORDER[check.passed])


def tally(checks: tuple[Check, ...]) -> str:
    """Return how many checks there are of each verdict, such as "1 failed, 7 passed"."""
    verdicts = [check.verdict for check in failing_first(checks)]
    return ", ".join(
        f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts)
    )


def with_code(text: str) -> Markup:
    """Return escaped text, with what stands between `backticks` set as code.

    Examples
    --------
    >>> print(with_code("use `x < 1` & more"))
    use <code>x &lt; 1</code> &amp; more
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


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
        "tally": tally,
        "with_code": with_code,
    }
    return environment


def _style() -> str:
    return (
        files("causalstats.report").joinpath("report.css").read_text(encoding="utf-8")
    )
