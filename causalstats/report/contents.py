"""The contents of a report as plain values; everything is computed before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from causalstats.core.assumption import Adjustment, Assumption
from causalstats.core.check import Check
from causalstats.core.effect import Effect

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Status = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, kw_only=True)
class Authorship:
    """The words about a report that the fit does not know.

    Parameters
    ----------
    title, question : str
    author, date, source : str
        Empty where they are not given; `source` is that of the data.
    references : tuple of str
    sections : tuple of (heading, prose)
        Paragraphs are set apart by empty lines.
    """

    title: str = ""
    question: str = ""
    author: str = ""
    date: str = ""
    source: str = ""
    references: tuple[str, ...] = ()
    sections: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The reasons for and against an answer, and the assumptions that no data of it can test.

    Parameters
    ----------
    supports, opposes : tuple of str
    untestable : tuple of (name, statement)
    """

    supports: tuple[str, ...]
    opposes: tuple[str, ...]
    untestable: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer as the report shows it.

    Parameters
    ----------
    effect : Effect
    sentence : str
        Empty where the table alone tells it.
    table : DataFrame
        Columns mean, lower and upper, as readers are shown them.
    diagnostics : DataFrame
        The numbers themselves, with sd, ess_bulk, ess_tail and r_hat where there are any.
    unit : str
        That of the table.
    doubts : tuple of str
        Names of the checks that this answer carries and the first one does not.
    """

    effect: Effect
    sentence: str
    table: pd.DataFrame
    diagnostics: pd.DataFrame
    unit: str
    doubts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ReportContents:
    """The parts of a report, in the order in which they are read.

    Parameters
    ----------
    authorship : Authorship
        With title and question filled in.
    status : "pass", "warn" or "fail"
    banner : tuple of str
        Why the numbers cannot be relied on, where that is so.
    answer : str
        The headline in sentences, one a line.
    figure : Figure or None
        The headline.
    figure_caption : str
    evidence : Evidence
    model_name : str
    data_facts : tuple of (name, value)
    answers : tuple of Answer
    comparison : DataFrame or None
        With other methods, as readers are shown it.
    comparison_note : str
    withheld : str or None
        How the model did on people whose outcome it was not shown.
    sensitivity : tuple of (field, DataFrame, Figure)
    assumptions : tuple of Assumption
    diagram : Figure or None
    diagram_caption : str
    adjustments : tuple of Adjustment
    derivation : tuple of str
        How the answer follows from the assumptions, a line a step.
    checks : tuple of Check
    figures : tuple of (title, caption, Figure)
        Of this study: predictions, and those of the family of the model.
    diagnostics : tuple of (title, caption, Figure)
        Parameters and chains, for the appendix.
    fields : tuple of (name, value)
        Those of the model.
    reproduce : tuple of (name, value)
        Seed, sampler and versions.
    call : str
        The Python program that made the fit.
    """

    authorship: Authorship
    status: Status
    banner: tuple[str, ...]
    answer: str
    figure: Figure | None
    figure_caption: str
    evidence: Evidence
    model_name: str
    data_facts: tuple[tuple[str, str], ...]
    answers: tuple[Answer, ...]
    comparison: pd.DataFrame | None
    comparison_note: str
    withheld: str | None
    sensitivity: tuple[tuple[str, pd.DataFrame, Figure], ...]
    assumptions: tuple[Assumption, ...]
    diagram: Figure | None
    diagram_caption: str
    adjustments: tuple[Adjustment, ...]
    derivation: tuple[str, ...]
    checks: tuple[Check, ...]
    figures: tuple[tuple[str, str, Figure], ...]
    diagnostics: tuple[tuple[str, str, Figure], ...]
    fields: tuple[tuple[str, str], ...]
    reproduce: tuple[tuple[str, str], ...]
    call: str
