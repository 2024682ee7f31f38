"""Values that were filled in: how many, by what assumption, and whether complete rows would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.check import Check
from causalstats.data import Observations
from causalstats.models.causal_diagram.assumptions import MISSING_VALUES
from causalstats.models.causal_diagram.missing_values.verdict import (
    complete_rows_suffice,
)

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram


def values_filled_in(model: CausalDiagram, data: Observations) -> tuple[Check, ...]:
    """Return a caution where values were filled in, and what these data cannot show of them.

    Parameters
    ----------
    model : CausalDiagram
    data : Observations

    Returns
    -------
    tuple of Check
        Empty where no value is missing.
    """
    if not data.gaps:
        return ()
    total = data.counts.sum()
    shares = {
        name: float(data.counts[mask].sum() / total) for name, mask in data.gaps.items()
    }
    listed = ", ".join(f"{share:.0%} of {name}" for name, share in shares.items())
    if model.indicators:
        finding = f"{listed} missing, and filled in as the missingness graph says"
        if model.identification.identified:
            right = "would too" if complete_rows_suffice(model) else "would not"
            finding += f"; by it complete rows alone {right} give the effect"
        remedy = (
            "These data cannot show arrows into indicators that were not drawn: draw those that "
            "are possible, and compare the answers."
        )
    else:
        finding = f"{listed} missing, and filled in as missing at random"
        finding += ", which these data cannot show"
        remedy = (
            "Say what makes values missing by a missingness graph, `CausalDiagram(..., "
            "indicators=...)`, above all where the value itself may: the answer is then given "
            "where it is recovered, and refused where it is not."
        )
    return (
        Check(
            name="values filled in",
            passed=None,
            value=max(shares.values()),
            expected="no value missing, or missing as is assumed",
            finding=finding,
            remedy=remedy,
            assumption=MISSING_VALUES,
            caution=True,
        ),
    )
