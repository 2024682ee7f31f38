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
class ReportContents:
    """The parts of a report, in the order in which they are read.

    Parameters
    ----------
    title, question : str
    status : "pass", "warn" or "fail"
    banner : tuple of str
        The checks that failed.
    answer : str
    cautions : tuple of str
        Assumptions that the answer depends on and these data cannot decide.
    model_name : str
    fields : tuple of (name, value)
        Those of the model.
    assumptions : tuple of Assumption
    adjustments : tuple of Adjustment
    derivation : tuple of str
        How the answer follows from the assumptions, a line a step.
    diagram : Figure or None
    diagram_caption : str
    data_facts : tuple of (name, value)
    effects : tuple of (Effect, DataFrame)
        The tables have columns mean, sd, lower, upper, ess_bulk, ess_tail and r_hat.
    comparison : DataFrame or None
        With other methods.
    comparison_note : str
    withheld : str or None
        How the model did on people whose outcome it was not shown.
    figures : tuple of (title, caption, Figure)
    checks : tuple of Check
    sensitivity : tuple of (field, DataFrame, Figure)
    reproduce : tuple of (name, value)
        Seed, sampler and versions.
    call : str
        The Python program that made the fit.
    """

    title: str
    question: str
    status: Status
    banner: tuple[str, ...]
    answer: str
    cautions: tuple[str, ...]
    model_name: str
    fields: tuple[tuple[str, str], ...]
    assumptions: tuple[Assumption, ...]
    adjustments: tuple[Adjustment, ...]
    derivation: tuple[str, ...]
    diagram: Figure | None
    diagram_caption: str
    data_facts: tuple[tuple[str, str], ...]
    effects: tuple[tuple[Effect, pd.DataFrame], ...]
    comparison: pd.DataFrame | None
    comparison_note: str
    withheld: str | None
    figures: tuple[tuple[str, str, Figure], ...]
    checks: tuple[Check, ...]
    sensitivity: tuple[tuple[str, pd.DataFrame, Figure], ...]
    reproduce: tuple[tuple[str, str], ...]
    call: str
