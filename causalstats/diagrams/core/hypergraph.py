"""String diagrams as hypergraphs: wires as nodes, boxes as hyperedges from inputs to outputs.

A wire has one producer, a box or the diagram's own input, and any number of consumers. A wire with
several consumers is copied and a wire with none is discarded. The laws of copying and discarding
(coassociativity, commutativity, the unit) therefore hold by construction.

References
----------
Jacobs, Kissinger & Zanasi (2019), Causal inference by string diagram surgery, FoSSaCS: CDU
categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal

from causalstats.core.readable_text import unreadable
from causalstats.diagrams.core import arguments, equality
from causalstats.diagrams.core.roles import Roles
from causalstats.errors import ModelError

BoxKind = Literal["mechanism", "uniform", "point", "observation", "normalised"]


@dataclass(frozen=True)
class Wire:
    """A variable in one world.

    Parameters
    ----------
    name : str
    levels : tuple or None
        The possible values, in order. None where they are unknown or the variable is continuous.
    world : str
        "" is the actual world; "'" marks a counterfactual one.

    Examples
    --------
    >>> Wire("smoking", ("no", "yes"), world="'").label
    "smoking'"
    """

    name: str
    levels: tuple[Any, ...] | None = None
    world: str = ""

    @property
    def label(self) -> str:
        """The name with the mark of the world."""
        return f"{self.name}{self.world}"


@dataclass(frozen=True)
class Box:
    """A process from input wires to output wires. Boxes of one name and kind are one process.

    Parameters
    ----------
    name : str
    inputs, outputs : tuple of int
        Positions in `Hypergraph.wires`, in the order of the ports.
    kind : {"mechanism", "uniform", "point", "observation", "normalised"}
        "mechanism" is learned or given; "uniform" gives every level the same probability; "point"
        sets its output to `value`; "observation" conditions on its input being `value`;
        "normalised" is the diagram `value` divided by its sum over the outputs.
    value : object
        A level, for "point" and "observation"; a diagram, for "normalised".

    Examples
    --------
    >>> Box("smoking", (), (0,), "point", "no").value
    'no'
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    kind: BoxKind = "mechanism"
    value: Any = None


@dataclass(frozen=True)
class SurgeryStep:
    """A change that turned one diagram into another.

    Parameters
    ----------
    rule : str
        Such as "cut" or "do".
    variables : tuple of str
        The variables that were changed.
    words : str
        The change as a sentence.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("x -> y").cut("y").steps[0].words
    'The mechanism of y, which read x, gives way to the uniform state.'
    """

    rule: str
    variables: tuple[str, ...]
    words: str


@dataclass(frozen=True, eq=False)
class Hypergraph:
    """Boxes and wires, and which wires enter and leave.

    Two hypergraphs are equal when they are isomorphic: the order in which wires and boxes are
    listed does not matter. Among the roles, `adjusted` and `selected` count for equality; treatment
    and outcome, and `steps`, do not.

    Parameters
    ----------
    wires : tuple of Wire
    boxes : tuple of Box
    inputs, outputs : tuple of int
        Positions in `wires` of the wires that enter and leave, in order.
    steps : tuple of SurgeryStep
        The surgery that made the diagram.
    roles : Roles
        The treatment, the outcome, the adjusted variables and the selection variables.

    Raises
    ------
    ModelError
        If a name has control characters, if a wire has no producer or several, if a box or output
        takes an unknown wire, if the wires form a cycle, or if a role names an unknown variable.
    """

    wires: tuple[Wire, ...]
    boxes: tuple[Box, ...]
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    steps: tuple[SurgeryStep, ...] = ()
    roles: Roles = Roles()

    def __post_init__(self) -> None:
        self._check_wires()
        self._check_texts()
        self._check_acyclic()
        labels = {wire.label for wire in self.wires}
        if unknown := self.roles.variables - labels:
            raise ModelError(
                f"Expected roles of variables of the diagram ({', '.join(self.variables)}), "
                f"got one of {min(unknown)!r}."
            )

    def _check_wires(self) -> None:
        produced = list(self.inputs)
        consumed = list(self.outputs)
        for box in self.boxes:
            produced += box.outputs
            consumed += box.inputs
        if sorted(produced) != list(range(len(self.wires))):
            raise ModelError(
                "Expected every wire to be made once, by a box or as an input; "
                f"{len(self.wires)} wires are made as {sorted(produced)}."
            )
        if unknown := set(consumed).difference(produced):
            raise ModelError(
                f"Expected boxes and outputs to take wires 0 to {len(self.wires) - 1}; "
                f"got {sorted(unknown)}."
            )

    def _check_texts(self) -> None:
        texts = [wire.label for wire in self.wires]
        texts += [box.name for box in self.boxes]
        texts += [box.value for box in self.boxes if isinstance(box.value, str)]
        for text in texts:
            if character := unreadable(text):
                raise ModelError(
                    f"The name {text!r} has the character {character}, which files and figures "
                    "cannot hold. Take it out."
                )

    def _check_acyclic(self) -> None:
        needs = {wire: box.inputs for box in self.boxes for wire in box.outputs}
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as error:
            raise cycle_error(
                [self.wires[wire].label for wire in error.args[1]]
            ) from None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hypergraph):
            return NotImplemented
        return equality.isomorphic(self, other)

    def __hash__(self) -> int:
        return equality.digest(self)

    @property
    def dom(self) -> tuple[Wire, ...]:
        """The wires that enter, in order.

        Examples
        --------
        >>> import causalstats as cs
        >>> [wire.name for wire in cs.Diagram.parse("x -> y").open("x").dom]
        ['x']
        """
        return tuple(self.wires[wire] for wire in self.inputs)

    @property
    def cod(self) -> tuple[Wire, ...]:
        """The wires that leave, in order.

        Examples
        --------
        >>> import causalstats as cs
        >>> [wire.name for wire in cs.Diagram.parse("x -> y").cod]
        ['x', 'y']
        """
        return tuple(self.wires[wire] for wire in self.outputs)

    @property
    def variables(self) -> tuple[str, ...]:
        """The labels of all wires.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.Diagram.parse("x -> y; hidden: u -> x, y").variables
        ('u', 'x', 'y')
        """
        return tuple(wire.label for wire in self.wires)

    @property
    def observed(self) -> tuple[str, ...]:
        """The labels of the outputs, each once.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.Diagram.parse("x -> y; hidden: u -> x, y").observed
        ('x', 'y')
        """
        return tuple(dict.fromkeys(self.wires[wire].label for wire in self.outputs))

    @property
    def hidden(self) -> tuple[str, ...]:
        """The labels of the wires that are neither inputs nor outputs.

        Examples
        --------
        >>> import causalstats as cs
        >>> cs.Diagram.parse("x -> y; hidden: u -> x, y").hidden
        ('u',)
        """
        boundary = {*self.inputs, *self.outputs}
        inner = (
            wire for number, wire in enumerate(self.wires) if number not in boundary
        )
        return tuple(wire.label for wire in inner)

    @property
    def is_network(self) -> bool:
        """Whether it is a causal model: no inputs, and one box and one name for each variable.

        Examples
        --------
        >>> import causalstats as cs
        >>> model = cs.Diagram.parse("x -> y")
        >>> model.is_network, model.open("x").is_network
        (True, False)
        """
        one_output_each = all(len(box.outputs) == 1 for box in self.boxes)
        names_differ = len(set(self.variables)) == len(self.wires)
        return one_output_each and not self.inputs and names_differ

    def position(self, variable: str) -> int:
        """Return the position of a variable in `wires`.

        Parameters
        ----------
        variable : str
            The label of a wire.

        Returns
        -------
        int

        Raises
        ------
        ModelError
            If no wire, or more than one, has this label.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> Diagram.parse("x -> y").position("y")
        1
        """
        variable = arguments.name("variable", variable)
        matches = [
            number for number, wire in enumerate(self.wires) if wire.label == variable
        ]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise ModelError(
                f"Expected one wire called {variable!r}, got {len(matches)}; surgery needs a "
                "diagram whose wires have names of their own."
            )
        near = get_close_matches(str(variable), self.variables, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ModelError(
            f"Expected a variable of the diagram ({', '.join(self.variables)}), "
            f"got {variable!r}.{hint}"
        )

    def maker(self, variable: str) -> Box | None:
        """Return the box whose output is this variable; None for an input of the diagram.

        Parameters
        ----------
        variable : str

        Returns
        -------
        Box or None

        Raises
        ------
        ModelError
            If the variable is unknown.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> Diagram.parse("x -> y").maker("y")
        Box(name='y', inputs=(0,), outputs=(1,), kind='mechanism', value=None)
        """
        wire = self.position(variable)
        return next((box for box in self.boxes if wire in box.outputs), None)

    def parents(self, variable: str) -> tuple[str, ...]:
        """Return the direct causes of a variable, in the order of the ports of its box.

        Parameters
        ----------
        variable : str

        Returns
        -------
        tuple of str

        Raises
        ------
        ModelError
            If the variable is unknown.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> Diagram.parse("z -> x; z, x -> y").parents("y")
        ('z', 'x')
        """
        box = self.maker(variable)
        if box is None:
            return ()
        return tuple(self.wires[wire].label for wire in box.inputs)

    def children(self, variable: str) -> tuple[str, ...]:
        """Return the direct effects of a variable.

        Parameters
        ----------
        variable : str

        Returns
        -------
        tuple of str

        Raises
        ------
        ModelError
            If the variable is unknown.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> Diagram.parse("z -> x; z, x -> y").children("z")
        ('x', 'y')
        """
        wire = self.position(variable)
        readers = (box for box in self.boxes if wire in box.inputs)
        return tuple(
            self.wires[output].label for box in readers for output in box.outputs
        )


def cycle_error(variables: Sequence[object]) -> ModelError:
    """Return the error for a cycle of causes; the first variable is also the last."""
    return ModelError(
        f"Expected a diagram without cycles, got {' -> '.join(map(str, variables))}. "
        "Write a common cause of two variables as a <-> b; write feedback as variables at several "
        "times."
    )


def renumbered(box: Box, position: dict[int, int]) -> Box:
    """Return the box with its wires at other positions; wires not in `position` stay."""
    inputs = tuple(position.get(wire, wire) for wire in box.inputs)
    outputs = tuple(position.get(wire, wire) for wire in box.outputs)
    return Box(box.name, inputs, outputs, box.kind, box.value)
