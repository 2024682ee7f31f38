"""The HTML report: one self-contained page with question, assumptions, answers and every check.

Nothing is computed here.
"""

from causalstats.report.compose import compose
from causalstats.report.contents import ReportContents, Status
from causalstats.report.html_page import render, write

__all__ = ["ReportContents", "Status", "compose", "render", "write"]
