"""Whether the missingness graph allows an answer, and what it says of complete rows.

Without indicators values are taken to be missing at random: the likelihood of what was seen then
does not depend on why the rest is missing (Rubin 1976), and no verdict is needed. With indicators
an effect is answered where `Diagram.recover` finds a formula of what was seen.

References
----------
Rubin (1976), Inference and missing data, Biometrika 63. Mohan & Pearl (2021), Graphical models for
processing missing data, JASA 116.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from causalstats.diagrams.identification.d_separation import separated
from causalstats.diagrams.identification.expression import (
    Expression,
    Probability,
    Product,
    Quotient,
    Sum,
)
from causalstats.diagrams.identification.missing_data import recover
from causalstats.errors import ModelError

if TYPE_CHECKING:
    from causalstats.diagrams.identification.mixed_graph import MixedGraph
    from causalstats.models.causal_diagram.model import CausalDiagram

_MOST_VARIABLES = 10  # beside indicators, that the search for a formula takes


def refuse_indicators(graph: MixedGraph, indicators: Mapping[str, str]) -> None:
    """Raise unless indicators are variables of their own, which act on indicators alone.

    Raises
    ------
    ModelError
    """
    for name in (*indicators, *indicators.values()):
        if name not in graph.nodes:
            raise ModelError(
                f"Expected `indicators` as variables of the diagram, each with its own, such as "
                f"{{'weight': 'r_weight'}}; the diagram does not observe {name!r}."
            )
    signs = set(indicators.values())
    if len(signs) < len(indicators) or signs & set(indicators):
        raise ModelError(
            "Expected an indicator of its own for each variable, got "
            f"indicators={dict(indicators)}."
        )
    late = sorted(set(graph.descendants(*signs)) - signs) if signs else []
    if late:
        raise ModelError(
            "Expected indicators that act on other indicators alone; one acts on "
            f"{late[0]!r}. Draw the variable itself, and not its indicator, as the cause."
        )


def refuse_unrecovered(
    model: CausalDiagram, outcome: str, do: Sequence[str], joint: bool
) -> None:
    """Raise where an answer cannot be had from what was seen.

    Parameters
    ----------
    model : CausalDiagram
    outcome : str
    do : sequence of str
        The variables that are set.
    joint : bool
        Whether the question needs the distribution of all variables, as of groups and
        counterfactual worlds.

    Raises
    ------
    ModelError
        With what is in the way, and what would recover it.
    """
    if not model.indicators or _all_recovered(model):
        return
    graph = model.graph
    signs = set(model.indicators.values())
    variables = [name for name in graph.nodes if name not in signs]
    if len(variables) > _MOST_VARIABLES:
        raise ModelError(
            f"Whether the effect is recovered is not known with more than {_MOST_VARIABLES} "
            "variables where indicators act on each other, share hidden causes, or depend on what "
            "they tell of. Leave out variables that the question does not need."
        )
    found = recover(graph, outcome, tuple(do), dict(model.indicators))
    if joint and found.recovered:
        found = recover(graph, variables, (), dict(model.indicators))
    if not found.recovered:
        raise ModelError(f"{found} Expected an answer that what was seen determines.")


def _all_recovered(model: CausalDiagram) -> bool:
    """Return whether the distribution of all variables is recovered by inverse probabilities.

    It is where no indicator is joined with another, or with a hidden cause, and none depends on
    its own variable (Mohan, Pearl & Tian 2013, theorem 2).
    """
    graph = model.graph
    signs = set(model.indicators.values())
    joined = any(signs & set(pair) for pair in graph.bidirected)
    chained = any(
        cause in signs and effect in signs for cause, effect in graph.directed
    )
    masked = any(name in graph.parents(sign) for name, sign in model.indicators.items())
    return not (joined or chained or masked)


def complete_rows_suffice(model: CausalDiagram) -> bool:
    """Return whether the formula of the effect has the same value among complete rows.

    Each of its conditional distributions has to be independent of all indicators given what it is
    conditional on.

    Examples
    --------
    >>> from causalstats import CausalDiagram
    >>> def model(diagram):
    ...     return CausalDiagram(diagram, outcome="y", treatment="x", indicators={"y": "r"})
    >>> complete_rows_suffice(model("x -> y; x -> r"))
    True
    >>> complete_rows_suffice(model("z -> x, y; x -> y; z -> r"))  # z differs in complete rows
    False
    """
    graph = model.graph
    signs = graph.bit_set(tuple(model.indicators.values()))
    expression = model.identification.expression
    assert expression is not None
    return all(
        separated(
            graph.bits, graph.bit_set(one.outcome), signs, graph.bit_set(one.given)
        )
        for one in _probabilities(expression)
    )


def _probabilities(expression: Expression) -> list[Probability]:
    match expression:
        case Probability():
            return [expression]
        case Product(factors):
            return [one for factor in factors for one in _probabilities(factor)]
        case Sum(_, summand):
            return _probabilities(summand)
        case Quotient(above, below):
            return [*_probabilities(above), *_probabilities(below)]
