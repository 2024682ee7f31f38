"""The treatment and the outcome of a diagram where its user names none.

A role is the one that the diagram marks, else the one that only one variable can have: an outcome
has observed causes and no observed effect, a treatment acts on it and has no observed cause. An
instrument has no observed cause either; it is not taken for the treatment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from causalstats.errors import ModelError

if TYPE_CHECKING:
    from causalstats.diagrams.diagram import Diagram
    from causalstats.diagrams.identification.mixed_graph import MixedGraph

Role = Literal["outcome", "treatment"]


def outcome_of(
    diagram: Diagram,
    graph: MixedGraph,
    name: str,
) -> str:
    """Return the outcome: the one that is named, marked, or the only one that can be meant.

    Parameters
    ----------
    diagram : Diagram
    graph : MixedGraph
        The observed variables of the diagram.
    name : str
        The name that the user gave; "" for none.

    Raises
    ------
    ModelError
        If several variables can be meant, or none, or the one named is not observed.
    """
    chosen = name or _marked(diagram, "outcome") or _only_outcome(graph)
    return _observed(diagram, "outcome", chosen)


def treatment_of(
    diagram: Diagram,
    graph: MixedGraph,
    name: str,
    outcome: str,
) -> str:
    """Return the treatment: the one that is named, marked, or the only one that can be meant.

    Parameters
    ----------
    diagram : Diagram
    graph : MixedGraph
        The observed variables of the diagram.
    name : str
        The name that the user gave; "" for none.
    outcome : str

    Raises
    ------
    ModelError
        If several variables can be meant, or none, if the only one may be an instrument, or if
        the one named is not observed or is the outcome.
    """
    chosen = name or _marked(diagram, "treatment") or _only_treatment(graph, outcome)
    treatment = _observed(diagram, "treatment", chosen)
    if treatment == outcome:
        raise ModelError(
            f"Expected treatment and outcome to be two variables, got {outcome!r} for both."
        )
    return treatment


def _observed(
    diagram: Diagram,
    role: Role,
    name: str,
) -> str:
    if name not in diagram.observed:
        diagram.position(name)  # refuses a variable that the diagram does not have
        raise ModelError(
            f"Expected an observed variable as {role}; {name!r} is hidden."
        )
    return name


def _marked(diagram: Diagram, role: Role) -> str:
    """Return the variable with that role in the diagram; "" where none has it."""
    marked = getattr(diagram.roles, role)
    if len(marked) > 1:
        raise ModelError(
            f"Expected to be told the {role}, since the diagram marks {' and '.join(marked)}. "
            f"Say {role}={marked[0]!r}, or another."
        )
    return marked[0] if marked else ""


def _only_outcome(graph: MixedGraph) -> str:
    candidates = [
        name
        for name in graph.nodes
        if graph.parents(name) and graph.descendants(name) == (name,)
    ]
    words = "observed causes and no observed effect"
    return _only("outcome", candidates, words, graph)


def _only_treatment(graph: MixedGraph, outcome: str) -> str:
    candidates = [
        name
        for name in graph.ancestors(outcome)
        if not graph.parents(name) and name != outcome
    ]
    words = f"an effect on {outcome} and no observed cause"
    treatment = _only("treatment", candidates, words, graph)
    _refuse_instrument(graph, treatment, outcome)
    return treatment


def _only(
    role: Role,
    candidates: list[str],
    words: str,
    graph: MixedGraph,
) -> str:
    """Return the one candidate; raise an error that says which name to give where there is none."""
    if len(candidates) == 1:
        return candidates[0]
    problem = f"no variable has {words}"
    if candidates:
        problem = f"more than one variable has {words}: {', '.join(candidates)}"
    example = (candidates or list(graph.nodes))[-1]
    raise ModelError(
        f"Expected to be told the {role}, since {problem}. Say {role}={example!r}, or another."
    )


def _refuse_instrument(
    graph: MixedGraph,
    candidate: str,
    outcome: str,
) -> None:
    """Raise where the only candidate may be an instrument of a treatment that is confounded."""
    everybody = graph.population or graph

    def confounded(name: str) -> bool:
        return frozenset((name, outcome)) in everybody.bidirected

    treatments = [
        name
        for name in everybody.ancestors(outcome)
        if name not in (candidate, outcome) and confounded(name)
    ]
    if treatments and not confounded(candidate):
        raise ModelError(
            f"Expected to be told the treatment: {candidate!r} has no observed cause and may be "
            f"an instrument of {treatments[0]!r}, which shares hidden causes with {outcome!r}. "
            f"Say treatment={treatments[0]!r}, or another."
        )
