"""The normalisation box: a diagram with observations becomes the conditional distribution.

    n(f)(b | a) = f(b | a) / Σ_b f(b | a)      where the sum is not 0

Observing multiplies by 0 or 1, so that a diagram with observations sums to their probability; the
box around it divides by that. Given what cannot happen it has no value: its entries are 0, and so
is everything composed with it (a partial map, not a distribution). The laws: n(f) = f for a
channel, n(n(f)) = n(f), n(s · f) = n(f) for a number s > 0, and a point state may enter before or
after.

References
----------
Lorenz & Tull (2023), Causal models in string diagrams: normalisation. Cho & Jacobs (2019),
Disintegration and Bayesian inversion via string diagrams, Mathematical Structures in Computer
Science 29.
"""

from __future__ import annotations

from dataclasses import replace

from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Box, Hypergraph, SurgeryStep
from causalstats.diagrams.core.roles import Roles
from causalstats.errors import ModelError


def normalise[Graph: Hypergraph](diagram: Graph, name: str = "") -> Graph:
    """Return a diagram of one box, which means this diagram divided by its sum over the outputs.

    Conditioning is to observe, to marginalise and to normalise. The box composes with others.

    Parameters
    ----------
    diagram : Diagram
        With outputs.
    name : str
        Of the box; by default in symbols, such as "P(y | x=1)".

    Returns
    -------
    Diagram
        With the inputs and outputs of this one.

    Raises
    ------
    ModelError
        If nothing goes out.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> from causalstats.diagrams import contract
    >>> tables = {"x": [0.5, 0.5], "y": [[0.9, 0.1], [0.2, 0.8]]}
    >>> model = Diagram.parse("x -> y").with_levels({"x": 2, "y": 2})
    >>> seen = model.observe({"y": 1}).marginal("x")
    >>> contract(seen, tables).round(3), contract(seen.normalise(), tables).round(3)
    (array([0.05, 0.4 ]), array([0.111, 0.889]))
    """
    if not diagram.outputs:
        raise ModelError(
            "Expected a diagram with outputs to normalise; a number without outputs would always "
            "become 1."
        )
    name = arguments.name("name", name) or _in_symbols(diagram)
    inner = replace(diagram, steps=(), roles=Roles())
    entering = range(len(diagram.inputs))
    leaving = range(len(diagram.inputs), len(diagram.inputs) + len(diagram.outputs))
    box = Box(name, tuple(entering), tuple(leaving), "normalised", inner)
    step = SurgeryStep(
        "normalise",
        tuple(wire.label for wire in diagram.cod),
        f"What goes out is divided by its sum, the probability of what is observed: {name}.",
    )
    return replace(
        diagram,
        wires=(*diagram.dom, *diagram.cod),
        boxes=(box,),
        inputs=box.inputs,
        outputs=box.outputs,
        steps=(*diagram.steps, step),
        roles=Roles(),
    )


def _in_symbols(diagram: Hypergraph) -> str:
    """Return what a normalised diagram means, such as "P(y | do(x), z=1)"."""
    out = ", ".join(dict.fromkeys(wire.label for wire in diagram.cod))
    conditions = [f"do({wire.label})" for wire in diagram.dom]
    conditions += [
        f"{diagram.wires[box.inputs[0]].label}={box.value}"
        for box in diagram.boxes
        if box.kind == "observation"
    ]
    return f"P({out} | {', '.join(conditions)})" if conditions else f"P({out})"


def refuse_normalised(diagram: Hypergraph) -> None:
    """Raise where a diagram has a normalisation box, which is no mechanism.

    Raises
    ------
    ModelError
    """
    box = next((box for box in diagram.boxes if box.kind == "normalised"), None)
    if box is not None:
        raise ModelError(
            f"Expected a diagram of mechanisms, got one with the normalisation box {box.name!r}: "
            "ask the diagram before `normalise`, or `contract` this one."
        )
