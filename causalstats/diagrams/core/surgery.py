"""Surgery on string diagrams: functions from a diagram to a diagram that leave their argument alone and write down what they did.

References
----------
Jacobs, Kissinger & Zanasi (2019), Causal inference by string diagram surgery, FoSSaCS: cutting is the functor that sends one mechanism to the uniform state.
Lorenz & Tull (2023), Causal models in string diagrams: opening, and interventions in general.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from dataclasses import replace
from typing import Any

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.ordering import in_order
from causalstats.diagrams.diagram import Box, Diagram, Kind, Step
from causalstats.errors import ModelError


def cut(diagram: Diagram, *variables: str) -> Diagram:
    """Each variable is drawn uniformly, whatever its causes: a trial with arms of equal size.

    a ↦ uniform ∘ discard. Conditioning on a = x then gives P(· | do(a = x)), for every x at once.
    """
    for variable in _some(variables):
        said = f"The mechanism of {variable}{_reads(diagram, variable)} gives way to the uniform state."
        diagram = _remade(
            diagram, variable, _state(diagram, variable, "uniform"), Step("cut", (variable,), said)
        )
    return diagram


def do(diagram: Diagram, values: Mapping[str, Any]) -> Diagram:
    """Each variable is set to its value, whatever its causes: a ↦ (the state that is surely x) ∘ discard."""
    for variable, value in _some(arguments.values("do", values)).items():
        check_level(diagram, variable, value)
        said = f"The mechanism of {variable}{_reads(diagram, variable)} gives way to the value {value!r}."
        diagram = _remade(
            diagram,
            variable,
            _state(diagram, variable, "point", value),
            Step("do", (variable,), said),
        )
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
        diagram = replace(
            diagram,
            boxes=boxes,
            inputs=(*diagram.inputs, wire),
            steps=(*diagram.steps, Step("open", (variable,), said)),
        )
    return diagram


def soft(diagram: Diagram, variable: str, name: str) -> Diagram:
    """A new mechanism, called `name`, makes the variable out of what the old one read."""
    arguments.a(str, "the name of the mechanism", name, "Say e.g. 'trial'.")
    return policy(diagram, variable, diagram.parents(variable), name=name)


def policy(
    diagram: Diagram, variable: str, reads: Iterable[str] = (), *, name: str = ""
) -> Diagram:
    """A new mechanism makes the variable out of other variables, those that `reads` lists; it is called `name`, or "`variable` by policy"."""
    wire, old = diagram.position(variable), _own(diagram, variable)
    read_by = arguments.names("reads", reads)
    causes = tuple(diagram.position(cause) for cause in dict.fromkeys(read_by))
    arguments.a(str, "the name of the mechanism", name, "Say e.g. name='assigned by age'.")
    name = name or f"{variable} by policy"
    if name in {box.name for box in diagram.boxes}:
        raise ModelError(
            f"Expected a name for the new mechanism of {variable} that no box has, got {name!r}; boxes of one name are one process."
        )
    read = ", ".join(diagram.wires[cause].label for cause in causes) or "nothing"
    said = f"The mechanism of {variable}{_reads(diagram, variable)} gives way to {name!r}, which reads {read}."
    rule = "soft" if old is not None and causes == old.inputs else "policy"
    changed = _remade(diagram, variable, Box(name, causes, (wire,)), Step(rule, (variable,), said))
    return replace(changed, boxes=in_order(changed))


def edge_do(diagram: Diagram, cause: str, effect: str, value: Any) -> Diagram:
    """The mechanism of `effect` reads a value in the place of `cause`; whatever else reads `cause` goes on doing so.

    One leg of the copy of `cause` is cut and gets a state of its own, the wire `cause[effect]`.
    """
    value = arguments.value("edge_do", value)
    check_level(diagram, cause, value)
    wire, reader = diagram.position(cause), _own(diagram, effect)
    if reader is None or wire not in reader.inputs:
        raise ModelError(
            f"Expected a cause that the mechanism of {effect} reads ({', '.join(diagram.parents(effect)) or 'it reads none'}), got {cause!r}."
        )
    of = diagram.wires[wire]
    leg = replace(of, world=f"{of.world}[{effect}]")
    if leg in diagram.wires:
        raise ModelError(
            f"Expected a leg from {cause} to {effect} that is not cut yet; {leg.label} is a wire already."
        )
    new = len(diagram.wires)
    fed = replace(reader, inputs=tuple(new if other == wire else other for other in reader.inputs))
    boxes = (
        Box(of.name, (), (new,), "point", value),
        *(fed if box is reader else box for box in diagram.boxes),
    )
    step = Step(
        "edge_do",
        (cause, effect),
        f"The mechanism of {effect} reads the value {value!r} in the place of {cause}.",
    )
    return replace(diagram, wires=(*diagram.wires, leg), boxes=boxes, steps=(*diagram.steps, step))


def observe(diagram: Diagram, values: Mapping[str, Any]) -> Diagram:
    """Each variable was seen to have its value: an effect takes a copy of its wire. What the diagram then means has to be normalised."""
    for variable, value in _some(arguments.values("observe", values)).items():
        check_level(diagram, variable, value)
        seen = Box(
            diagram.wires[diagram.position(variable)].name,
            (diagram.position(variable),),
            (),
            "observation",
            value,
        )
        step = Step("observe", (variable,), f"{variable} is observed to be {value!r}.")
        diagram = replace(diagram, boxes=(*diagram.boxes, seen), steps=(*diagram.steps, step))
    return diagram


def marginal(diagram: Diagram, *variables: str) -> Diagram:
    """Only these variables go out, in this order; all others are discarded."""
    kept = tuple(diagram.position(variable) for variable in _some(variables))
    gone = (
        ", ".join(
            diagram.wires[wire].label for wire in dict.fromkeys(diagram.outputs) if wire not in kept
        )
        or "nothing"
    )
    return replace(
        diagram,
        outputs=kept,
        steps=(
            *diagram.steps,
            Step(
                "marginal", variables, f"Only {', '.join(variables)} go out; {gone} is discarded."
            ),
        ),
    )


def check_level(diagram: Diagram, variable: str, value: object) -> None:
    """An error if the levels of the variable are known and the value is none of them."""
    levels = diagram.wires[diagram.position(variable)].levels
    if levels is not None and value not in levels:
        raise ModelError(
            f"Expected a level of {variable} ({', '.join(map(repr, levels))}), got {value!r}."
        )


def _some[T: Sized](variables: T) -> T:
    if not variables:
        raise ModelError("Expected at least one variable to do surgery on, got none.")
    return variables


def _reads(diagram: Diagram, variable: str) -> str:
    causes = diagram.parents(variable)
    if diagram.position(variable) in diagram.inputs:
        return ", the outside,"
    return f", which read {', '.join(causes)}," if causes else ""


def _check_not_open(diagram: Diagram, variable: str) -> None:
    if diagram.position(variable) in diagram.inputs:
        raise ModelError(
            f"Expected a variable that a box makes, got {variable!r}, which comes in from outside already."
        )


def _own(diagram: Diagram, variable: str) -> Box | None:
    """The box that makes the variable and nothing else."""
    box = diagram.maker(variable)
    if box is not None and len(box.outputs) > 1:
        together = ", ".join(diagram.wires[wire].label for wire in box.outputs)
        raise ModelError(
            f"Expected {variable} to have a mechanism of its own; box {box.name} makes {together} together."
        )
    return box


def _state(diagram: Diagram, variable: str, kind: Kind, value: Any = None) -> Box:
    wire = diagram.position(variable)
    return Box(diagram.wires[wire].name, (), (wire,), kind, value)


def _remade(diagram: Diagram, variable: str, new: Box, step: Step) -> Diagram:
    """The diagram with another box in the place of what makes a variable, be that a box or the outside."""
    wire, old = diagram.position(variable), _own(diagram, variable)
    return replace(
        diagram,
        boxes=(new, *diagram.boxes)
        if old is None
        else tuple(new if box is old else box for box in diagram.boxes),
        inputs=tuple(other for other in diagram.inputs if other != wire),
        steps=(*diagram.steps, step),
    )
