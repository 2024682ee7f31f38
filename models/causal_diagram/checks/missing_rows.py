"""Rows left out for missing values, and whether the effect needs the variables concerned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.models.causal_diagram.assumptions import MISSING_VALUES
from causalstats.models.shared.missing_rows import rows_left_out

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram


def missing_rows(model: CausalDiagram, data: Observations) -> tuple[Check, ...]:
    """Return a caution where rows were left out, and how to keep those that the effect can use."""
    formula = model.identification.expression
    needed = set(model.graph.nodes)
    if formula is not None:
        needed = {*formula.variables, model.treatment, model.outcome}
    spare = [
        name for name, count in data.dropped.items() if count and name not in needed
    ]
    advice = (
        "Read the frame with `missing='keep'`: every row is then used, as if values were missing "
        "at random, or as `indicators` of a missingness graph say"
    )
    if spare:
        columns = [name for name in data.variables if name not in spare]
        advice += (
            f". The effect of {model.treatment} on {model.outcome}, unlike other questions, does "
            f"not need {' and '.join(spare)}: to ask for it alone, say "
            f"`hidden: {', '.join(spare)}` in the diagram and read `columns={columns!r}`, which "
            "keeps their rows"
        )
    return rows_left_out(data, advice, assumption=MISSING_VALUES)
