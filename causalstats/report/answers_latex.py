"""The answers of a fit as LaTeX tables, for papers; they need the package booktabs."""

from __future__ import annotations

from causalstats.core.effect import INTERVAL
from causalstats.numerics.sampling.centre import centre_of
from causalstats.report.contents import Answer, ReportContents
from causalstats.report.table import aligned_decimals, fixed

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    **{mark: "\\" + mark for mark in "&%$#_{}"},
}


def answers_latex(contents: ReportContents) -> str:
    """Return a table for each answer: number and interval of each entry, as the page shows them."""
    tables = [_table(answer) for answer in contents.answers]
    return "\n".join([r"% \usepackage{booktabs}", *tables])


def escaped(text: object) -> str:
    """Return text in which no character is a command of LaTeX; lines are joined.

    Examples
    --------
    >>> print(escaped("50 % of $x_1"))
    50 \\% of \\$x\\_1
    """
    return "".join(_SPECIAL.get(mark, mark) for mark in " ".join(str(text).split()))


def _table(answer: Answer) -> str:
    caption = answer.sentence or answer.effect.description
    decimals = aligned_decimals(answer.table)
    rows = [
        " & ".join([escaped(label), *(fixed(value, decimals) for value in values)])
        for label, values in zip(
            answer.table.index, answer.table.to_numpy().tolist(), strict=True
        )
    ]
    interval = rf"{INTERVAL:.0%}".replace("%", r"\,\%")
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{escaped(caption)} Unit: {escaped(answer.unit)}; {interval} intervals.}}",
            r"\begin{tabular}{lrrr}",
            r"\toprule",
            rf" & {centre_of(answer.table)} & lower & upper \\",
            r"\midrule",
            *(f"{row} \\\\" for row in rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )
