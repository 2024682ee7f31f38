"""What a report says, as plain values: everything is computed before it comes here."""

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

    `banner` says what is wrong, and is empty where nothing is; `cautions` say what the answer
    depends on and these data cannot decide. `effects` are pairs of an effect and its table: index the labels, columns
    mean, sd, lower, upper, ess_bulk, ess_tail and r_hat. `derivation` says how the answer
    follows from the assumptions, a line a step, of models that can say so. `withheld` says how the model did on people whose outcome it was not shown.
    `figures` are (title, caption, figure); `sensitivity` is (field, table, figure); `call` is the Python that made the fit.
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
