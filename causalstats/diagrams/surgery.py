"""Surgery on string diagrams: functions from a diagram to a diagram that leave their argument alone and write down what they did.

References
----------
Jacobs, Kissinger & Zanasi (2019), Causal inference by string diagram surgery, FoSSaCS: cutting is the functor that sends one mechanism to the uniform state.
Lorenz & Tull (2023), Causal models in string diagrams: opening, and interventions in general.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from causalstats.diagrams.diagram import Box, Diagram, Step
from causalstats.errors import ModelError


def cut(diagram: Diagram, *variables: str) -> Diagram:
    """Each variable is drawn uniformly, whatever its causes: a trial with arms of equal size.

    a ↦ uniform ∘ discard. Conditioning on a = x then gives P(· | do(a = x)), for every x at once.
    """
    for variable in _some(variables):
        said = f"The mechanism of {variable}{_reads(diagram, variable)} gives way to the uniform state."
        diagram = _remade(diagram, variable, "uniform", None, Step("cut", (variable,), said))
    return diagram


def do(diagram: Diagram, values: Mapping[str, Any]) -> Diagram:
    """Each variable is set to its value, whatever its causes: a ↦ (the state that is surely x) ∘ discard."""
    for variable, value in values.items():
        check_level(diagram, variable, value)
        said = f"The mechanism of {variable}{_reads(diagram, variable)} gives way to the value {value!r}."
        diagram = _remade(diagram, variable, "point", value, Step("do", (variable,), said))
    _some(tuple(values))
    return diagram


def open_(diagram: Diagram, *variables: str) -> Diagram:
    """Each variable comes in from outside: what is left is a channel from its values to P(· | do(a)).

    It stays an output if it was one. The inputs come in the order of opening.
    """
    for variable in _some(variables):
        wire = diagram.position(variable)
        _check_not_open(diagram, variable)
        said = f"The mechanism of {variable}{_reads(diagram, variable)} is taken out, and {variable} comes in from outside."
        boxes = tuple(box for box in diagram.boxes if box is not _own(diagram, variable))
        diagram = replace(diagram, boxes=boxes, inputs=(*diagram.inputs, wire), steps=(*diagram.steps, Step("open", (variable,), said)))
    return diagram


def check_level(diagram: Diagram, variable: str, value: object) -> None:
    """An error if the levels of the variable are known and the value is none of them."""
    levels = diagram.wires[diagram.position(variable)].levels
    if levels is not None and value not in levels:
        raise ModelError(f"Expected a level of {variable} ({', '.join(map(repr, levels))}), got {value!r}.")


def _some(variables: tuple[str, ...]) -> tuple[str, ...]:
    if not variables:
        raise ModelError("Expected at least one variable to do surgery on, got none.")
    return variables


def _reads(diagram: Diagram, variable: str) -> str:
    causes = diagram.parents(variable)
    return f", which read {', '.join(causes)}," if causes else ""


def _check_not_open(diagram: Diagram, variable: str) -> None:
    if diagram.position(variable) in diagram.inputs:
        raise ModelError(f"Expected a variable that a box makes, got {variable!r}, which comes in from outside already.")


def _own(diagram: Diagram, variable: str) -> Box | None:
    """The box that makes the variable and nothing else."""
    box = diagram.maker(variable)
    if box is not None and len(box.outputs) > 1:
        together = ", ".join(diagram.wires[wire].label for wire in box.outputs)
        raise ModelError(f"Expected {variable} to have a mechanism of its own; box {box.name} makes {together} together.")
    return box


def _remade(diagram: Diagram, variable: str, kind: Any, value: Any, step: Step) -> Diagram:
    """The diagram with a state in the place of what makes a variable, be that a box or the outside."""
    wire, old = diagram.position(variable), _own(diagram, variable)
    state = Box(diagram.wires[wire].name, (), (wire,), kind, value)
    boxes = tuple(state if box is old else box for box in diagram.boxes)
    return replace(
        diagram,
        boxes=boxes if old is not None else (state, *boxes),
        inputs=tuple(other for other in diagram.inputs if other != wire),
        steps=(*diagram.steps, step),
    )
