"""Several worlds in one diagram, for counterfactuals: what happened, and what would have happened, out of the same chances.

References
----------
Balke & Pearl (1994), Probabilistic evaluation of counterfactual queries, AAAI: the twin network.
Jacobs, Kissinger & Zanasi (2021), Causal inference via string diagram surgery, MSCS 31(5): twinned diagrams joined by their exogenous states.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from causalstats.diagrams.core import arguments
from causalstats.diagrams.diagram import Box, Diagram, Step, Wire
from causalstats.errors import ModelError


def twin(
    diagram: Diagram, worlds: Iterable[str] = ("'",), *, deterministic: Iterable[str] = ()
) -> Diagram:
    """The actual world and, for each mark in `worlds`, one more with variables such as `cancer'`, all out of the same hidden roots and noise.

    Every mechanism first gets its chance as a state of its own (`with_noise`), except where it has none. The roots that are hidden are then shared by all
    worlds, and everything else is made once in each: X = f(causes, noise) and X' = f(causes', noise). Surgery on X' is surgery in the other world,
    observing X is evidence from this one: `diagram.twin().do({"smoking'": 0}).observe({"smoking": 1})`. Without surgery the worlds are copies of each other.

    Parameters
    ----------
    worlds
        The marks that variables of the other worlds bear.
    deterministic
        The variables whose mechanism leaves nothing to chance once its inputs are known; they get no noise.
    """
    marks = arguments.names("worlds", worlds)
    deterministic = arguments.names("deterministic", deterministic)
    _check_one_world(diagram, marks)
    noisy = with_noise(diagram, deterministic)
    shared = {noisy.position(variable) for variable in noisy.hidden if not noisy.parents(variable)}
    for mark in marks:
        first, own = (
            len(noisy.wires),
            [
                wire
                for wire in range(len(noisy.wires))
                if wire not in shared and not noisy.wires[wire].world
            ],
        )
        place = {wire: first + number for number, wire in enumerate(own)} | {
            wire: wire for wire in shared
        }
        made = [
            box
            for box in noisy.boxes
            if not set(box.outputs) <= shared
            and not any(noisy.wires[wire].world for wire in box.outputs)
        ]
        noisy = replace(
            noisy,
            wires=(*noisy.wires, *(replace(noisy.wires[wire], world=mark) for wire in own)),
            boxes=(*noisy.boxes, *(_moved(box, place) for box in made)),
            outputs=(
                *noisy.outputs,
                *(place[wire] for wire in noisy.outputs if not noisy.wires[wire].world),
            ),
        )
    names = ", ".join(noisy.wires[wire].label for wire in sorted(shared))
    said = f"Beside the actual world there is one marked {' and one marked '.join(marks)}; they share {names}, and all else is made in each."
    return replace(noisy, steps=(*noisy.steps, Step("twin", marks, said)))


def with_noise(diagram: Diagram, deterministic: Iterable[str] = ()) -> Diagram:
    """Every mechanism reads, after its causes, a hidden root `noise_` of its own; what it makes is then a function of what it reads.

    Hidden roots are chance already and stay as they are, as do the variables named as `deterministic` and those that surgery has set.
    """
    sure = {diagram.position(variable) for variable in deterministic}
    hidden = {diagram.position(variable) for variable in diagram.hidden}
    wires, boxes = list(diagram.wires), list[Box]()
    for box in diagram.boxes:
        root = not box.inputs and set(box.outputs) <= hidden
        if box.kind == "mechanism" and not root and not set(box.outputs) <= sure:
            noise = Wire("_".join(["noise", *(diagram.wires[wire].label for wire in box.outputs)]))
            if any(wire.label == noise.label for wire in wires):
                raise ModelError(
                    f"Expected no variable called {noise.label!r}, as the noise of box {box.name} is; rename that one."
                )
            boxes.append(Box(noise.name, (), (len(wires),)))
            box = replace(box, inputs=(*box.inputs, len(wires)))
            wires.append(noise)
        boxes.append(box)
    return replace(diagram, wires=tuple(wires), boxes=tuple(boxes))


def _check_one_world(diagram: Diagram, marks: tuple[str, ...]) -> None:
    if not marks or "" in marks or len(set(marks)) < len(marks):
        raise ModelError(
            f"""Expected a different mark for each further world, such as ("'",), got {marks!r}."""
        )
    if any(wire.world for wire in diagram.wires):
        labels = ", ".join(wire.label for wire in diagram.wires if wire.world)
        raise ModelError(
            f"Expected a diagram of one world, got one with {labels}; ask `twin` for all worlds at once, then do surgery in them."
        )
    taken = sorted(
        {name + mark for name in diagram.variables for mark in marks} & {*diagram.variables}
    )
    if taken:
        raise ModelError(
            f"Expected marks that make no name of a variable, got {marks!r}, with which {', '.join(taken)} would be called twice."
        )
    done = sorted({box.kind for box in diagram.boxes} - {"mechanism", "point"})
    if done or diagram.inputs:
        what = " and ".join([*done, *(["an open variable"] if diagram.inputs else [])])
        raise ModelError(
            f"Expected a causal model to make twins of, got one with {what}; make the twins first, then cut, open or observe in either world."
        )


def _moved(box: Box, place: dict[int, int]) -> Box:
    return replace(
        box,
        inputs=tuple(place[wire] for wire in box.inputs),
        outputs=tuple(place[wire] for wire in box.outputs),
    )
