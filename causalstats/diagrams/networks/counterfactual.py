"""Counterfactuals in a structural causal model (abduction, action, prediction), in several worlds.

    P(y' | e) = Σ_u P(u) P(e, y' | u) / P(e)

Each further world repeats only what its intervention reaches. Mechanisms that are functions of
their inputs and of hidden roots with their own probabilities (response variables) leave nothing
open.

References
----------
Balke & Pearl (1994), Probabilistic evaluation of counterfactual queries, AAAI. Tian & Pearl (2000),
Probabilities of causation: bounds and identification, Ann. Math. Artif. Intell. 28.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from causalstats.diagrams.core.hypergraph import Hypergraph, renumbered
from causalstats.diagrams.core.ordering import in_order
from causalstats.diagrams.networks.mechanisms import Process, network_tables
from causalstats.diagrams.networks.tensor_contraction import Conditions, contract_tables
from causalstats.errors import ModelError


def add_world(
    diagram: Hypergraph,
    done: Collection[int],
    mark: str = "'",
) -> tuple[Hypergraph, dict[int, int]]:
    """Return the diagram with another world in which the wires `done` enter from outside.

    Whatever does not depend on these wires is the same in both worlds.

    Parameters
    ----------
    diagram : Hypergraph
    done : collection of int
    mark : str
        The mark of variables in the new world.

    Returns
    -------
    diagram : Hypergraph
    position : dict of int to int
        Where each wire that `done` reaches is in the new world.
    """
    reached = set(done)
    for box in in_order(diagram):
        if reached.intersection(box.inputs):
            reached.update(box.outputs)
    ordered = sorted(reached)
    position = {
        wire: len(diagram.wires) + number for number, wire in enumerate(ordered)
    }
    repeated = [
        box
        for box in diagram.boxes
        if reached.intersection(box.outputs) and not set(box.outputs) <= set(done)
    ]
    wires = [diagram.wires[wire] for wire in ordered]
    worlds = Hypergraph(
        (*diagram.wires, *(replace(wire, world=wire.world + mark) for wire in wires)),
        (*diagram.boxes, *(renumbered(box, position) for box in repeated)),
        (*diagram.inputs, *(position[wire] for wire in done)),
        diagram.outputs,
    )
    return worlds, position


def refuse_random_mechanisms(
    worlds: Hypergraph,
    arrays: Mapping[Process, np.ndarray],
    ends: Collection[int],
) -> None:
    """Raise an error if a mechanism that matters in several worlds is random.

    Its table does not say which noise these worlds would share.

    Parameters
    ----------
    worlds : Hypergraph
    arrays : mapping of (name, kind) to array
    ends : collection of int
        The wires of the question.

    Raises
    ------
    ModelError
        If such a table has entries other than 0 and 1.
    """
    relevant = ancestors(worlds, ends)
    boxes = (box for box in worlds.boxes if relevant.intersection(box.outputs))
    runs = Counter((box.name, box.kind) for box in boxes)
    for process, times in runs.items():
        if times > 1 and not np.isin(arrays[process], (0.0, 1.0)).all():
            name = process[0]
            raise ModelError(
                f"Expected a mechanism of {name} that is a function of what it reads; its table is "
                f"random, and does not say what {name} would have been where it was seen to be "
                "something else. Give it as a function of its causes and of a hidden root with its "
                "own probabilities."
            )


def joint_of_three_worlds(
    diagram: Hypergraph,
    mechanisms: Mapping[str, np.ndarray],
    cause: int,
    outcome: int,
    off: int,
    on: int,
) -> np.ndarray:
    """Return P(cause, outcome, outcome had the cause been present, ... been absent).

    Parameters
    ----------
    diagram : Hypergraph
    mechanisms : mapping of str to array
    cause, outcome : int
        Wires.
    off, on : int
        The levels of the cause that are its absence and presence.

    Returns
    -------
    array, shape (batch..., levels of cause, levels of outcome, levels..., levels...)
    """
    two_worlds, present = add_world(diagram, [cause])
    worlds, absent = add_world(two_worlds, [cause], "''")
    axes = (cause, outcome, present.get(outcome, outcome), absent.get(outcome, outcome))
    tables = network_tables(worlds, mechanisms)
    refuse_random_mechanisms(worlds, tables.arrays, axes)
    conditions = Conditions(done={present[cause]: on, absent[cause]: off})
    return contract_tables(tables, axes, conditions)


def probabilities_of_causation(
    joint: np.ndarray,
    off: int,
    on: int,
    event: int,
) -> dict[str, np.ndarray]:
    """Return the probabilities of necessity and sufficiency.

    Parameters
    ----------
    joint : array, shape (batch..., cause, outcome, outcome if present, outcome if absent)
        As `joint_of_three_worlds` returns it.
    off, on : int
        The levels of the cause that are its absence and presence.
    event : int
        The level of the outcome that is its presence.

    Returns
    -------
    dict of str to array, shape (batch...)
        "necessary_and_sufficient", "necessary", "sufficient"; NaN where nobody is in question.
    """
    share = np.moveaxis(joint, (-4, -3, -2, -1), (0, 1, 2, 3))
    no_event = np.arange(share.shape[1]) != event
    caused = share[:, :, event, no_event].sum(
        axis=2
    )  # by the cause and outcome that were
    with_both = share[on, event].sum(axis=(0, 1))
    with_neither = share[off, no_event].sum(axis=(0, 1, 2))
    return {
        "necessary_and_sufficient": caused.sum(axis=(0, 1)),
        "necessary": _ratio(caused[on, event], with_both),
        "sufficient": _ratio(caused[off, no_event].sum(axis=0), with_neither),
    }


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def ancestors(diagram: Hypergraph, wires: Collection[int]) -> set[int]:
    """Return the wires and all that they depend on."""
    makers = {wire: box for box in diagram.boxes for wire in box.outputs}
    visited: set[int] = set()
    waiting = list(wires)
    while waiting:
        wire = waiting.pop()
        if wire not in visited:
            visited.add(wire)
            waiting += makers[wire].inputs if wire in makers else ()
    return visited
