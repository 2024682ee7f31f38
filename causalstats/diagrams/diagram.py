"""A string diagram in its normal form, a hypergraph: wires that boxes make and take.

A wire has one producer, a box or the diagram's own input, and any number of consumers. A wire taken twice is copied, one taken by nobody is discarded; that
copying is coassociative, commutative and has discarding as its unit thus holds by construction (a CDU category, Jacobs, Kissinger & Zanasi 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from causalstats.errors import ModelError

Kind = Literal["mechanism", "uniform", "point", "observation"]


@dataclass(frozen=True)
class Wire:
    """What runs along a wire: a variable, in a world.

    Parameters
    ----------
    name : str
    levels : tuple or None
        The values it can have, in order; None where they are not known yet, or are numbers without end.
    world : str
        "" is the actual one; "'" that of a counterfactual.
    """

    name: str
    levels: tuple[Any, ...] | None = None
    world: str = ""

    @property
    def label(self) -> str:
        return f"{self.name}{self.world}"


@dataclass(frozen=True)
class Box:
    """A process from its input wires to its output wires, each by its position in `Diagram.wires`, in the order of its ports.

    Kinds: "mechanism" is to be learned or given; "uniform" gives every level the same probability; "point" is the state that is surely `value`;
    "observation" is the effect that says that its input was `value`. Boxes of one name and kind are one process, wherever they stand.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    kind: Kind = "mechanism"
    value: Any = None


@dataclass(frozen=True, eq=False)
class Diagram:
    """Boxes and wires, and which wires come in from outside and go out to it.

    The diagram of a causal model has no inputs, a box for each variable, and as outputs the variables that are observed; what is hidden is a wire
    that is no output.
    """

    wires: tuple[Wire, ...]
    boxes: tuple[Box, ...]
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        made = [*self.inputs, *(wire for box in self.boxes for wire in box.outputs)]
        if sorted(made) != list(range(len(self.wires))):
            raise ModelError(f"Expected every wire to be made once, by a box or as an input; {len(self.wires)} wires are made as {sorted(made)}.")
