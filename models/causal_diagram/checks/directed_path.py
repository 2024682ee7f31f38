"""Whether arrows lead from treatment to outcome; without them the answer is 0 by drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalstats.core.check import Check

if TYPE_CHECKING:
    from causalstats.models.causal_diagram.model import CausalDiagram


def directed_path(model: CausalDiagram) -> tuple[Check, ...]:
    """Return the caution that no arrows lead from treatment to outcome, where none do."""
    treatment, outcome = model.treatment, model.outcome
    if outcome in model.graph.descendants(treatment):
        return ()
    back = treatment in model.graph.descendants(outcome)
    exchanged = (
        f" Arrows lead from {outcome} to {treatment}: exchange `treatment=` and "
    )
    exchanged += "`outcome=` if that is the question."
    return (
        Check(
            name="arrows from treatment to outcome",
            passed=None,
            value=None,
            expected="arrows that lead from the treatment to the outcome",
            finding=f"by the diagram, {treatment} has no effect on {outcome}: the answer is 0 "
            "whatever the data",
            remedy="Draw the arrow if there may be an effect."
            + (exchanged if back else ""),
            estimands=("effect",),
            assumption="this diagram",
            caution=True,
        ),
    )
