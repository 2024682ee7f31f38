"""One self-contained HTML page that says what was asked, what was assumed, what was found and what speaks against it. Computes nothing."""

from causalstats.report.compose import compose
from causalstats.report.contents import ReportContents, Status
from causalstats.report.html_page import render, write

__all__ = ["ReportContents", "Status", "compose", "render", "write"]
