"""Instrumental-variables models without what is known of one direct effect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from causalstats.core.assumption import Relaxation
from causalstats.core.knowledge import Known

if TYPE_CHECKING:
    from causalstats.data import Instrumented
    from causalstats.models.instrument.model import Instrument

_WIDE = 2.0  # prior sd of a direct effect, in sd(outcome)/sd(instrument)


def relaxations(model: Instrument, data: Instrumented) -> tuple[Relaxation, ...]:
    """Return a model for each direct effect that the other instruments can tell.

    None where every instrument has a direct effect.
    """
    known = model.direct_effects
    free = len(data.instrument_columns) - len(known)
    if not known or free < 1:
        return ()
    relaxed = []
    for name, value in known.items():
        position = data.instrument_positions([name])[0]
        spread = data.outcome.std() / data.instruments[:, position].std()
        wide = Known(value.value, sd=value.sd + _WIDE * float(spread))
        relaxed.append(
            Relaxation(
                name=f"direct effect of {name}",
                model=replace(model, direct={**known, name: wide}),
                estimand="direct_effect",
                known=value,
                labels=(name,),
            )
        )
    return tuple(relaxed)
