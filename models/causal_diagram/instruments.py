"""Instrumental variables that a diagram names, as data of `Instrument`.

A diagram with an instrument identifies an effect only with one more assumption: the effect is
linear and the same for everybody, or the instrument moves nobody's treatment the other way
(monotonicity), which identifies the effect among compliers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.data import Instrumented
from causalstats.data.column_words import words_within
from causalstats.errors import ModelError

if TYPE_CHECKING:
    from causalstats.data import Observations
    from causalstats.diagrams.identification.adjustment_criteria import Criterion
    from causalstats.models.causal_diagram.model import CausalDiagram


def instruments_of(model: CausalDiagram) -> list[Criterion]:
    """Return the instruments of the treatment that the diagram names.

    Raises
    ------
    ModelError
        If it names none.
    """
    criteria = [
        criterion
        for criterion in model.identification.criteria
        if criterion.name == "instrument"
    ]
    if criteria:
        return criteria
    if model.identification.identified:
        raise ModelError(
            f"The diagram identifies the effect of {model.treatment!r} without an instrument: "
            "leave `route` out."
        )
    raise ModelError(
        f"The diagram names no instrument of {model.treatment!r}: no variable goes with it "
        f"and, given others that it does not affect, with {model.outcome!r} only through it."
    )


def instrumented(model: CausalDiagram, data: Observations) -> Instrumented:
    """Return outcome, treatment, instruments and what they are held to, as the diagram has them.

    Parameters
    ----------
    model : CausalDiagram
    data : Observations

    Raises
    ------
    ModelError
        If the diagram names no instrument of the treatment.
    """
    criteria = instruments_of(model)
    sets = [criterion.given for criterion in criteria]
    held = max(sets, key=sets.count)  # the first of those that serve most instruments
    names = [each.variables[0] for each in criteria if each.given == held]
    table = data.source
    counts = data.arguments["counts"]
    if counts is not None:
        table = table.loc[table.index.repeat(table[counts].astype(int))]
    used = [model.outcome, model.treatment, *names, *held]
    return Instrumented.from_frame(
        table[used].reset_index(drop=True),
        outcome=model.outcome,
        treatment=model.treatment,
        instruments=names,
        covariates=list(held),
        **words_within(data.arguments, used),
    )
