"""Surgery on string diagrams: interventions, conditioning and marginalisation.

Graph surgery cuts the arrows into a variable: Pearl's do-operator. Every function returns a changed
diagram of the same class and appends a `SurgeryStep` that says in words what was done. They are the
methods of `Diagram` of the same names.

References
----------
Jacobs, Kissinger & Zanasi (2019), Causal inference by string diagram surgery, FoSSaCS: cutting.
Lorenz & Tull (2023), Causal models in string diagrams: opening, and interventions in general.
Pearl (2009), Causality, section 3.2: the do-operator. Correa & Bareinboim (2020), A calculus for
stochastic interventions, AAAI: soft interventions.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import replace
from typing import Any

from causalstats.core.argument_types import Level, Levels
from causalstats.core.argument_validation import Name, checked
from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Box, BoxKind, Hypergraph, SurgeryStep
from causalstats.diagrams.core.ordering import in_order
from causalstats.errors import ModelError


def cut[Graph: Hypergraph](diagram: Graph, *variables: str) -> Graph:
    """Return the diagram in which each variable is drawn uniformly, whatever its causes.

    Its mechanism is replaced by uniform ∘ discard, as in a randomised trial with arms of equal
    size. Conditioning on a = x then gives P(· | do(a = x)), for every x at once.

    Parameters
    ----------
    diagram : Diagram
    *variables : str

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If a variable is unknown, or shares its box with another one.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("z -> x -> y; z -> y").cut("x").parents("x")
    ()
    """
    for variable in _at_least_one(variables):
        words = f"{_mechanism_of(diagram, variable)} gives way to the uniform state."
        state = _state(diagram, variable, "uniform")
        diagram = _replaced(
            diagram, variable, state, SurgeryStep("cut", (variable,), words)
        )
    return diagram


def do[Graph: Hypergraph](diagram: Graph, values: Levels) -> Graph:
    """Return the diagram in which each variable is set to a value, whatever its causes.

    Its mechanism is replaced by (the point state at x) ∘ discard: the do-operator.

    Parameters
    ----------
    diagram : Diagram
    values : mapping of str to level
        Such as `{"smoking": 0}`.

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If a variable is unknown or a value is none of its levels.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("z -> x -> y; z -> y").do({"x": 1}).maker("x")
    Box(name='x', inputs=(), outputs=(1,), kind='point', value=1)
    """
    for variable, value in _at_least_one(arguments.values("do", values)).items():
        check_level(diagram, variable, value)
        words = f"{_mechanism_of(diagram, variable)} gives way to the value {value!r}."
        state = _state(diagram, variable, "point", value)
        diagram = _replaced(
            diagram, variable, state, SurgeryStep("do", (variable,), words)
        )
    return diagram


def open_[Graph: Hypergraph](diagram: Graph, *variables: str) -> Graph:
    """Return the diagram in which each variable is an input: a channel from its values.

    The result is the channel a ↦ P(· | do(a)). The variable stays an output if it was one. The
    inputs stand in the order of opening.

    Parameters
    ----------
    diagram : Diagram
    *variables : str

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If a variable is unknown or is an input already.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> [wire.name for wire in Diagram.parse("z -> x -> y").open("x").dom]
    ['x']
    """
    for variable in _at_least_one(variables):
        wire = diagram.position(variable)
        _refuse_input(diagram, variable)
        maker = _single_maker(diagram, variable)
        words = (
            f"{_mechanism_of(diagram, variable)} is taken out, and {variable} comes in from "
            "outside."
        )
        diagram = replace(
            diagram,
            boxes=tuple(box for box in diagram.boxes if box is not maker),
            inputs=(*diagram.inputs, wire),
            steps=(*diagram.steps, SurgeryStep("open", (variable,), words)),
        )
    return diagram


@checked(ModelError)
def soft[Graph: Hypergraph](
    diagram: Graph,
    variable: Name,
    name: Name,
) -> Graph:
    """Return the diagram with a new mechanism for a variable, which has the same causes.

    Parameters
    ----------
    diagram : Diagram
    variable : str
    name : str
        The name of the new mechanism, such as "trial".

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If the variable is unknown, or a box has that name already.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("z -> x -> y").soft("x", "trial").maker("x").name
    'trial'
    """
    return policy(diagram, variable, diagram.parents(variable), name=name)


@checked(ModelError)
def policy[Graph: Hypergraph](
    diagram: Graph,
    variable: Name,
    reads: Sequence[Name] = (),
    *,
    name: str = "",
) -> Graph:
    """Return the diagram with a new mechanism for a variable, which has the causes in `reads`.

    Parameters
    ----------
    diagram : Diagram
    variable : str
    reads : list of str
        The causes of the variable under the policy.
    name : str
        The name of the new mechanism; "`variable` by policy" if empty.

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If a variable is unknown, if a box has that name already, or if the policy makes a cycle.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("z -> x -> y; z -> y").policy("x", ["z"]).steps[0].words
    "The mechanism of x, which read z, gives way to 'x by policy', which reads z."
    """
    wire = diagram.position(variable)
    old = _single_maker(diagram, variable)
    names = dict.fromkeys(arguments.names("reads", reads))
    causes = tuple(diagram.position(cause) for cause in names)
    name = name or f"{variable} by policy"
    if name in {box.name for box in diagram.boxes}:
        raise ModelError(
            f"Expected a name for the new mechanism of {variable} that no box has, got {name!r}; "
            "boxes of one name are one process."
        )
    listed = ", ".join(diagram.wires[cause].label for cause in causes) or "nothing"
    words = f"{_mechanism_of(diagram, variable)} gives way to {name!r}, which reads {listed}."
    rule = "soft" if old is not None and causes == old.inputs else "policy"
    step = SurgeryStep(rule, (variable,), words)
    changed = _replaced(diagram, variable, Box(name, causes, (wire,)), step)
    return replace(changed, boxes=in_order(changed))


def edge_do[Graph: Hypergraph](
    diagram: Graph,
    cause: str,
    effect: str,
    value: Level,
) -> Graph:
    """Return the diagram in which one effect of a cause reads a value in its place.

    Other effects go on reading the cause itself. The arrow is replaced by a point state on a new
    wire, `cause[effect]`.

    Parameters
    ----------
    diagram : Diagram
    cause, effect : str
        The two ends of the arrow.
    value : level
        The value that the effect reads.

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If there is no such arrow, if it was replaced before, or if the value is no level.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("x -> m -> y; x -> y").edge_do("x", "y", 0).parents("y")
    ('m', 'x[y]')
    """
    value = arguments.value("edge_do", value)
    check_level(diagram, cause, value)
    wire = diagram.position(cause)
    reader = _reader(diagram, cause, effect)
    name, world = diagram.wires[wire].name, diagram.wires[wire].world
    leg = replace(diagram.wires[wire], world=f"{world}[{effect}]")
    if leg in diagram.wires:
        raise ModelError(
            f"Expected a leg from {cause} to {effect} that is not cut yet; {leg.label} is a wire "
            "already."
        )
    new = len(diagram.wires)
    inputs = tuple(new if other == wire else other for other in reader.inputs)
    fed = replace(reader, inputs=inputs)
    others = (fed if box is reader else box for box in diagram.boxes)
    words = (
        f"The mechanism of {effect} reads the value {value!r} in the place of {cause}."
    )
    step = SurgeryStep("edge_do", (cause, effect), words)
    return replace(
        diagram,
        wires=(*diagram.wires, leg),
        boxes=(Box(name, (), (new,), "point", value), *others),
        steps=(*diagram.steps, step),
    )


def _reader(
    diagram: Hypergraph,
    cause: str,
    effect: str,
) -> Box:
    """The box that makes an effect and reads a cause.

    Parameters
    ----------
    diagram : Hypergraph
    cause, effect : str

    Raises
    ------
    ModelError
        If there is no such arrow.
    """
    reader = _single_maker(diagram, effect)
    if reader is None or diagram.position(cause) not in reader.inputs:
        raise ModelError(
            f"Expected a cause that the mechanism of {effect} reads "
            f"({', '.join(diagram.parents(effect)) or 'it reads none'}), got {cause!r}."
        )
    return reader


def observe[Graph: Hypergraph](diagram: Graph, values: Levels) -> Graph:
    """Return the diagram conditioned on observed values.

    An observation box takes a copy of each wire. The joint distribution that the diagram then
    means is not normalised: it sums to the probability of the observations.

    Parameters
    ----------
    diagram : Diagram
    values : mapping of str to level

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If a variable is unknown or a value is none of its levels.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("x -> y").observe({"y": 1}).boxes[-1].kind
    'observation'
    """
    for variable, value in _at_least_one(arguments.values("observe", values)).items():
        check_level(diagram, variable, value)
        wire = diagram.position(variable)
        seen = Box(diagram.wires[wire].name, (wire,), (), "observation", value)
        words = f"{variable} is observed to be {value!r}."
        step = SurgeryStep("observe", (variable,), words)
        diagram = replace(
            diagram, boxes=(*diagram.boxes, seen), steps=(*diagram.steps, step)
        )
    return diagram


def marginal[Graph: Hypergraph](diagram: Graph, *variables: str) -> Graph:
    """Return the diagram with only these variables as outputs, in this order.

    The others are marginalised (summed over): their wires are discarded.

    Parameters
    ----------
    diagram : Diagram
    *variables : str

    Returns
    -------
    Diagram

    Raises
    ------
    ModelError
        If a variable is unknown.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> Diagram.parse("z -> x -> y").marginal("y", "x").observed
    ('y', 'x')
    """
    kept = tuple(diagram.position(variable) for variable in _at_least_one(variables))
    dropped = [wire for wire in dict.fromkeys(diagram.outputs) if wire not in kept]
    listed = ", ".join(diagram.wires[wire].label for wire in dropped) or "nothing"
    words = f"Only {', '.join(variables)} go out; {listed} is discarded."
    step = SurgeryStep("marginal", variables, words)
    return replace(diagram, outputs=kept, steps=(*diagram.steps, step))


def check_level(
    diagram: Hypergraph,
    variable: str,
    value: object,
) -> None:
    """Raise an error if the levels of the variable are known and the value is none of them.

    Parameters
    ----------
    diagram : Hypergraph
    variable : str
    value : object

    Raises
    ------
    ModelError
        If the value is no level of the variable.
    """
    levels = diagram.wires[diagram.position(variable)].levels
    if levels is not None and value not in levels:
        raise ModelError(
            f"Expected a level of {variable} ({', '.join(map(repr, levels))}), got {value!r}."
        )


def _at_least_one[Variables: Sized](variables: Variables) -> Variables:
    if not variables:
        raise ModelError("Expected at least one variable to do surgery on, got none.")
    return variables


def _mechanism_of(diagram: Hypergraph, variable: str) -> str:
    """Such as "The mechanism of x, which read z,"."""
    causes = diagram.parents(variable)
    if diagram.position(variable) in diagram.inputs:
        return f"The mechanism of {variable}, the outside,"
    if causes:
        return f"The mechanism of {variable}, which read {', '.join(causes)},"
    return f"The mechanism of {variable}"


def _refuse_input(diagram: Hypergraph, variable: str) -> None:
    if diagram.position(variable) in diagram.inputs:
        raise ModelError(
            f"Expected a variable that a box makes, got {variable!r}, which comes in from outside "
            "already."
        )


def _single_maker(diagram: Hypergraph, variable: str) -> Box | None:
    """The box that makes the variable and nothing else; None for an input."""
    box = diagram.maker(variable)
    if box is not None and len(box.outputs) > 1:
        together = ", ".join(diagram.wires[wire].label for wire in box.outputs)
        raise ModelError(
            f"Expected {variable} to have a mechanism of its own; box {box.name} makes {together} "
            "together."
        )
    return box


def _state(
    diagram: Hypergraph,
    variable: str,
    kind: BoxKind,
    value: Any = None,
) -> Box:
    wire = diagram.position(variable)
    return Box(diagram.wires[wire].name, (), (wire,), kind, value)


def _replaced[Graph: Hypergraph](
    diagram: Graph,
    variable: str,
    new: Box,
    step: SurgeryStep,
) -> Graph:
    """The diagram with `new` in the place of the box, or input, that makes a variable."""
    wire = diagram.position(variable)
    old = _single_maker(diagram, variable)
    boxes = tuple(new if box is old else box for box in diagram.boxes)
    if old is None:
        boxes = (new, *boxes)
    return replace(
        diagram,
        boxes=boxes,
        inputs=tuple(other for other in diagram.inputs if other != wire),
        steps=(*diagram.steps, step),
    )
