"""Twin networks: several worlds in one diagram, for counterfactuals.

The actual and the counterfactual worlds share the hidden roots and the noise of every mechanism.

References
----------
Balke & Pearl (1994), Probabilistic evaluation of counterfactual queries, AAAI: the twin network.
Jacobs, Kissinger & Zanasi (2021), Causal inference via string diagram surgery, MSCS 31(5):
twinned diagrams joined by their exogenous states.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from causalstats.core.argument_validation import Name, checked
from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import (
    Box,
    Hypergraph,
    SurgeryStep,
    Wire,
    renumbered,
)
from causalstats.errors import ModelError


@checked(ModelError)
def twin[Graph: Hypergraph](
    diagram: Graph,
    worlds: Sequence[Name] = ("'",),
    *,
    deterministic: Sequence[Name] = (),
) -> Graph:
    """Return the twin network: the actual world, and another for each mark in `worlds`.

    Every mechanism first gets its noise as a hidden root of its own (see `with_noise`). The hidden
    roots are shared by all worlds, and everything else is copied once for each:
    X = f(causes, noise) and X' = f(causes', noise). Surgery on X' is surgery in the other world;
    observing X is evidence from the actual one. Without surgery all worlds agree.

    Parameters
    ----------
    diagram : Diagram
        A causal model of one world.
    worlds : list of str
        The marks of the variables in the other worlds.
    deterministic : list of str
        Variables whose mechanism is a function of its inputs; they get no noise.

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If the diagram has several worlds, inputs, cuts or observations already, or if a mark
        makes the name of another variable.

    References
    ----------
    Balke & Pearl (1994), Probabilistic evaluation of counterfactual queries, AAAI.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> worlds = Diagram.parse("smoking -> cancer").twin()
    >>> worlds.do({"smoking'": 0}).observe({"smoking": 1}).observed
    ('smoking', 'cancer', "smoking'", "cancer'")
    """
    marks = arguments.names("worlds", worlds)
    noiseless = arguments.names("deterministic", deterministic)
    _check_one_world(diagram, marks)
    network = with_noise(diagram, noiseless)
    roots = (variable for variable in network.hidden if not network.parents(variable))
    shared = {network.position(variable) for variable in roots}
    for mark in marks:
        network = _with_world(network, shared, mark)
    names = ", ".join(network.wires[wire].label for wire in sorted(shared))
    words = (
        f"Beside the actual world there is one marked {' and one marked '.join(marks)}; they share "
        f"{names}, and all else is made in each."
    )
    return replace(network, steps=(*network.steps, SurgeryStep("twin", marks, words)))


def _with_world[Graph: Hypergraph](
    diagram: Graph,
    shared: set[int],
    mark: str,
) -> Graph:
    """Add a copy of everything in the actual world that is not shared.

    Parameters
    ----------
    diagram : Hypergraph
    shared : set of int
        Positions of the wires that all worlds have in common.
    mark : str
        The mark of the new world.
    """
    actual = [
        number
        for number, wire in enumerate(diagram.wires)
        if number not in shared and not wire.world
    ]
    position = {wire: len(diagram.wires) + rank for rank, wire in enumerate(actual)}
    copied = (box for box in diagram.boxes if set(box.outputs) & position.keys())
    outputs = (wire for wire in diagram.outputs if not diagram.wires[wire].world)
    return replace(
        diagram,
        wires=(
            *diagram.wires,
            *(replace(diagram.wires[wire], world=mark) for wire in actual),
        ),
        boxes=(*diagram.boxes, *(renumbered(box, position) for box in copied)),
        outputs=(*diagram.outputs, *(position.get(wire, wire) for wire in outputs)),
    )


def with_noise[Graph: Hypergraph](
    diagram: Graph, deterministic: Iterable[str] = ()
) -> Graph:
    """Return the structural form: every mechanism reads a hidden root `noise_` of its own.

    Its output is then a function of its inputs. Hidden roots are random already and stay as they
    are, as do the `deterministic` variables and those that surgery has set.

    Parameters
    ----------
    diagram : Diagram
    deterministic : list of str

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If a variable has the name of a noise.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> with_noise(Diagram.parse("x -> y")).parents("y")
    ('x', 'noise_y')
    """
    noiseless = {diagram.position(variable) for variable in deterministic}
    hidden = {diagram.position(variable) for variable in diagram.hidden}
    wires = list(diagram.wires)
    boxes: list[Box] = []
    for box in diagram.boxes:
        outputs = set(box.outputs)
        hidden_root = not box.inputs and outputs <= hidden
        if box.kind == "mechanism" and not hidden_root and not outputs <= noiseless:
            noise = _noise_of(box, wires)
            boxes.append(Box(noise.name, (), (len(wires),)))
            box = replace(box, inputs=(*box.inputs, len(wires)))
            wires.append(noise)
        boxes.append(box)
    return replace(diagram, wires=tuple(wires), boxes=tuple(boxes))


def _noise_of(box: Box, wires: list[Wire]) -> Wire:
    noise = Wire("_".join(["noise", *(wires[wire].label for wire in box.outputs)]))
    if any(wire.label == noise.label for wire in wires):
        raise ModelError(
            f"Expected no variable called {noise.label!r}, as the noise of box {box.name} is; "
            "rename that one."
        )
    return noise


def _check_one_world(diagram: Hypergraph, marks: tuple[str, ...]) -> None:
    if not marks or "" in marks or len(set(marks)) < len(marks):
        raise ModelError(
            "Expected a different mark for each further world, such as "
            f"""("'",), got {marks!r}."""
        )
    if any(wire.world for wire in diagram.wires):
        labels = ", ".join(wire.label for wire in diagram.wires if wire.world)
        raise ModelError(
            f"Expected a diagram of one world, got one with {labels}; ask `twin` for all worlds at "
            "once, then do surgery in them."
        )
    _check_marks(diagram, marks)
    changed = sorted({box.kind for box in diagram.boxes} - {"mechanism", "point"})
    if changed or diagram.inputs:
        changes = [*changed, *["an open variable"] * bool(diagram.inputs)]
        raise ModelError(
            f"Expected a causal model to make twins of, got one with {' and '.join(changes)}; make "
            "the twins first, then cut, open or observe in either world."
        )


def _check_marks(diagram: Hypergraph, marks: tuple[str, ...]) -> None:
    marked = {name + mark for name in diagram.variables for mark in marks}
    if doubled := sorted(marked.intersection(diagram.variables)):
        raise ModelError(
            f"Expected marks that make no name of a variable, got {marks!r}, with which "
            f"{', '.join(doubled)} would be called twice."
        )
