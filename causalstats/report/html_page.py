"""From contents to one HTML file that needs nothing else: no script, no font, no address is fetched."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from causalstats.core.check import Check
from causalstats.core.effect import INTERVAL
from causalstats.report.contents import ReportContents
from causalstats.report.embedded_figure import data_uri
from causalstats.report.table import number, table
from causalstats.runs.files import write_whole

_ORDER = {False: 0, None: 1, True: 2}


def render(contents: ReportContents) -> str:
    """The report as HTML. Every text of the contents is escaped."""
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(contents=contents, style=_style(), interval=f"{INTERVAL:.0%}".replace("%", " %"))
    )


def write(contents: ReportContents, path: str | os.PathLike[str]) -> Path:
    """Render and write in one step: whoever reads `path` meanwhile finds the old report or the new one, never half of one."""
    return write_whole(Path(path), render(contents).encode())


def failing_first(checks: tuple[Check, ...]) -> list[Check]:
    """Failed, then undecided, then passed; otherwise in the order given."""
    return sorted(checks, key=lambda check: _ORDER[check.passed])


def tally(checks: tuple[Check, ...]) -> str:
    """How many checks there are of each verdict, e.g. "1 failed, 7 passed"."""
    verdicts = [check.verdict for check in failing_first(checks)]
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts))


def with_code(text: str) -> Markup:
    """Text, escaped, with what stands between `backticks` set as code."""
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
    return files("causalstats.report").joinpath("report.css").read_text(encoding="utf-8")
