"""Identification of counterfactuals in any number of worlds: ID* and IDC*.

Questions about the same people in several worlds: the effect of treatment on the treated, the
probability of necessity, natural direct and indirect effects, path-specific effects. A world sets
some variables; an arrow may carry another value than the variable has elsewhere, and a variable
may be set to what it would have been in another world.

1. Every variable that an event depends on is a potential outcome of its parents alone,
   W[pa]: what is set in its world, or what the parents are in that world. Two of the same variable
   with the same values of all parents are one (consistency).
2. P(events) = Σ Π_districts P(all W[pa] of the district): those of different districts are
   independent (Markov property of districts, c-components).
3. A factor in which each variable stands once, with one value wherever it is a parent, is the
   c-factor Q[district] of an intervention, and is identified as P(y | do(x)) is. Any other factor
   is not identified by distributions of observations and experiments.

Given other events, factors that numerator and denominator share cancel first (IDC*).

References
----------
Shpitser & Pearl (2007), What counterfactuals can be tested, UAI (ID*, IDC*). Correa, Lee &
Bareinboim (2021), Nested counterfactual identification from arbitrary surrogate experiments,
NeurIPS (the form used here). Shpitser (2013), Counterfactual graphical models for longitudinal
mediation analysis with unobserved confounding, Cognitive Science 37 (recanting districts). Avin,
Shpitser & Pearl (2005), Identifiability of path-specific effects, IJCAI.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from causalstats.core.argument_validation import shown
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.identification.bit_sets import smallest
from causalstats.diagrams.identification.evaluation import (
    Aliased,
    Evaluation,
    Source,
    evaluate,
)
from causalstats.diagrams.identification.expression import (
    Expression,
    Product,
    Quotient,
    renamed,
)
from causalstats.diagrams.identification.id_algorithm import (
    identified_c_factor,
    observed_c_factor,
    sum_of_product,
)
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph
from causalstats.diagrams.identification.potential_outcomes import (
    Event,
    PotentialOutcome,
    event_in_words,
    parse_query,
)
from causalstats.diagrams.identification.selection_bias import refuse_selection
from causalstats.diagrams.identification.simplification import simplified
from causalstats.diagrams.identification.wording import listed
from causalstats.errors import ModelError

Token = tuple[str, Any]
"""("value", level) of what is set or seen, or ("node", number) of what is summed over."""

_AXIS = object()  # the level of an event that is an axis of the answer


@dataclass(frozen=True)
class CounterfactualIdentification:
    """A formula for the probability of events in several worlds, or the reason for none.

    Parameters
    ----------
    query : str
    expression : Expression or None
        In the observed distribution; a name such as "x=1" is a variable at that level, and names
        with primes are variables that are summed over. None where there is no formula.
    variables : mapping of name to variable
        Which variable each name in the formula stands for.
    values : mapping of name to level
        The levels of those names that have one.
    obstacle : str
        Why there is no formula.
    impossible : bool
        Whether the events cannot happen together: their probability is 0.
    settled : mapping of variable to level
        The outcome whose distribution is asked for, where what is given or set says its level: in
        the world of the question it is the same as what was seen.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> front_door = Diagram.parse("x -> m -> y; x <-> y")
    >>> print(front_door.counterfactual("P(y[x=0]=1 | x=1)"))
    P(y[x=0]=1 | x=1) is identified.
    <BLANKLINE>
        P(y[x=0]=1 | x=1) = Σ_m P(y=1 | x=1, m) P(m | x=0)
    """

    query: str
    expression: Expression | None
    variables: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    obstacle: str = ""
    impossible: bool = False
    irrelevant: tuple[str, ...] = ()
    settled: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identified(self) -> bool:
        """Whether there is a formula."""
        return self.expression is not None

    @property
    def known_without_data(self) -> bool:
        """Whether the answer is 0 or 1 whatever the distribution is."""
        return self.impossible or bool(self.settled)

    @property
    def axes(self) -> tuple[str, ...]:
        """The free names of the formula, whose level the answer is asked at."""
        if self.expression is None:
            return ()
        return tuple(sorted(self.expression.free.difference(self.irrelevant)))

    def __str__(self) -> str:
        if self.impossible:
            return f"{self.query} = 0: the events contradict each other."
        for name, level in self.settled.items():
            return f"{self.query} is known without data: {name} is {level}, as it was seen or set."
        if self.expression is None:
            return f"{self.query} is not identified. {self.obstacle}"
        anywhere = ""
        if self.irrelevant:
            anywhere = f"\n    at any level of {listed(self.irrelevant)}"
        formula = self.expression.text()
        return f"{self.query} is identified.\n\n    {self.query} = {formula}{anywhere}"

    def evaluate(
        self, source: Source, levels: Mapping[str, Sequence[Any]]
    ) -> Evaluation:
        """Return the answer in each distribution of a source.

        Parameters
        ----------
        source : JointTable, or another `Source`
        levels : mapping of variable to its levels
            In the order of the axes of the source.

        Returns
        -------
        Evaluation
            Values with axes (batch..., an axis for each event without a level).

        Raises
        ------
        ModelError
            If there is no formula, or a level is none of the variable's.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> from causalstats.diagrams import JointTable
        >>> joint = JointTable(("x", "y"), [[0.4, 0.1], [0.1, 0.4]])
        >>> answer = Diagram.parse("x -> y").counterfactual("P(y[x=1]=1 | x=0)")
        >>> answer.evaluate(joint, {"x": (0, 1), "y": (0, 1)}).values.round(2).item()
        0.8
        """
        if not (self.identified or self.known_without_data):
            raise ModelError(f"{self} Expected an identified query.")
        if self.expression is None or self.expression == Product():
            batch = np.shape(source.probability((next(iter(levels)),), ()))[:-1]
            for name, level in self.settled.items():
                at = level_position(name, level, levels)
                point = np.eye(len(levels[name]))[at]
                return Evaluation(
                    np.broadcast_to(point, (*batch, *point.shape)), (name,)
                )
            return Evaluation(np.full(batch, 0.0 if self.impossible else 1.0), ())
        aliased = Aliased(source, self.variables)
        valued = [name for name in self.axes if name in self.values]
        rest = [name for name in self.axes if name not in self.values]
        answer = evaluate(self.expression, aliased, (*rest, *valued), self.irrelevant)
        values = answer.values
        for name in reversed(valued):
            at = level_position(self.variables[name], self.values[name], levels)
            values = np.take(values, at, axis=-1)
        return Evaluation(values, tuple(rest), answer.missing)


def level_position(
    variable: str, value: Any, levels: Mapping[str, Sequence[Any]]
) -> int:
    """Return the position of a level, which may be written as text.

    Parameters
    ----------
    variable : str
    value : level, or its text
    levels : mapping of variable to its levels

    Raises
    ------
    ModelError
        If it is no level of the variable.
    """
    known = list(levels[variable])
    if value in known:
        return known.index(value)
    texts = [str(level) for level in known]
    if str(value) in texts:
        return texts.index(str(value))
    raise ModelError(
        f"Expected a level of {variable!r}, one of {known}, got {value!r}."
    )


def counterfactual(
    diagram: Hypergraph | MixedGraph,
    query: str | Iterable[Event],
    given: Iterable[Event] = (),
) -> CounterfactualIdentification:
    """Return whether the probability of events in several worlds is identified, and by what.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
    query : str, or events
        As text, "P(y[x=1]=1, y[x=0]=0 | z=1)": y in the world where x is set to 1, and y where x
        is set to 0, among those with z=1. y[x=1, m=m[x=0]] sets m to what it would have been at
        x=0; y[x=0, x -> y=1] lets the arrow from x to y alone carry 1. Else pairs of a
        `PotentialOutcome` and its level.
    given : events
        What is seen, where the query is no text.

    Returns
    -------
    CounterfactualIdentification

    Raises
    ------
    ModelError
        If the query cannot be read, names a variable that is hidden or unknown or an arrow that
        the diagram has not, is given what cannot happen, or data are of the selected alone.

    Examples
    --------
    The natural direct effect needs the outcome at one dose with the mediator of another:

    >>> from causalstats import Diagram
    >>> diagram = Diagram.parse("x -> m -> y; x -> y")
    >>> print(diagram.counterfactual("P(y[x=1, m=m[x=0]]=1)").expression)
    Σ_m P(y=1 | x=1, m) P(m | x=0)
    >>> print(diagram.counterfactual("P(y[x=1]=1, y[x=0]=0)").obstacle)
    It needs m at two values of x in the same people, which no data show.
    """
    events: tuple[Event, ...]
    if isinstance(query, str):
        events, seen = parse_query(query)
    else:
        events, seen = _events("query", query), _events("given", given)
    graph = as_mixed_graph(diagram)
    refuse_selection(graph, "counterfactuals")
    bar = f" | {event_in_words(seen)}" if seen else ""
    text = f"P({event_in_words(events)}{bar})"
    worlds = _Worlds(graph)
    numerator = worlds.of_events((*events, *seen))
    denominator = _Worlds(graph).of_events(seen) if seen else None
    if seen and denominator is None:
        raise ModelError(
            f"Expected a condition that can happen, got {event_in_words(seen)}."
        )
    if numerator is None:
        return CounterfactualIdentification(text, None, impossible=True)
    if worlds.settled:
        return CounterfactualIdentification(text, None, settled=worlds.settled)
    return _result(graph, text, numerator, denominator)


@dataclass(frozen=True)
class _Term:
    """A potential outcome of its parents alone, W[pa] = w."""

    variable: str
    token: Token
    parents: tuple[tuple[str, Token], ...]


@dataclass(frozen=True)
class _Factor:
    """The terms of one district, and the numbers that they share with others."""

    terms: tuple[_Term, ...]

    @property
    def summed(self) -> set[Token]:
        tokens = {term.token for term in self.terms}
        tokens |= {token for term in self.terms for _, token in term.parents}
        return {token for token in tokens if token[0] == "node"}


class _Worlds:
    """The potential outcomes that events depend on, each once."""

    def __init__(self, graph: MixedGraph) -> None:
        self.graph = graph
        self.numbers: dict[tuple[Any, ...], int] = {}
        self.variables: list[str] = []
        self.settings: list[tuple[tuple[str, Token], ...]] = []
        self.seen: dict[int, Any] = {}
        self.settled: dict[str, Any] = {}

    def of_events(self, events: Sequence[Event]) -> list[_Factor] | None:
        """Return the factors of P(events), by district; None where they contradict each other."""
        for outcome, level in events:
            kind, at = self.token(outcome)
            level = _AXIS if level is None else level
            if kind == "value":
                if level is _AXIS:
                    self.settled[outcome.variable] = at
                elif not _same(at, level):
                    return None
            elif not self._see(at, level):
                return None
        roots = list(self.seen)
        representatives = self._merged()
        if representatives is None:
            return None
        return self._factors(roots, representatives)

    def _see(self, node: int, level: Any) -> bool:
        """Note the level of a node; False where it is known to have another."""
        known = self.seen.setdefault(node, level)
        if (known is _AXIS) == (level is _AXIS):
            return _same(known, level)
        self.seen[node] = level if known is _AXIS else known
        self.settled[self.variables[node]] = self.seen[node]
        return True

    def token(self, outcome: PotentialOutcome) -> Token:
        """Return the value that a potential outcome is set to, or its node."""
        self.graph.bit_set([outcome.variable])
        world: dict[Any, Token] = {}
        for target, value in outcome.do:
            self._check_target(target)
            nested = isinstance(value, PotentialOutcome)
            world[target] = self.token(value) if nested else ("value", value)
        return self._resolved(outcome.variable, world, {})

    def _check_target(self, target: Any) -> None:
        if isinstance(target, str):
            self.graph.bit_set([target])
        elif target not in self.graph.directed:
            arrows = sorted(" -> ".join(arrow) for arrow in self.graph.directed)
            raise ModelError(
                f"Expected an arrow of the diagram, one of {arrows}, got "
                f"{' -> '.join(target)!r}."
            )

    def _resolved(
        self, variable: str, world: Mapping[Any, Token], made: dict[str, Token]
    ) -> Token:
        """Return a variable in a world.

        Parameters
        ----------
        variable : str
        world : mapping of what is set, variables and arrows, to its token
        made : dict
            The variables of this world so far.
        """
        if variable in world:
            return world[variable]
        if variable not in made:
            parents = tuple(
                (
                    parent,
                    world[parent, variable]
                    if (parent, variable) in world
                    else self._resolved(parent, world, made),
                )
                for parent in self.graph.parents(variable)
            )
            key = (variable, *((name, kind, str(at)) for name, (kind, at) in parents))
            if key not in self.numbers:
                self.numbers[key] = len(self.variables)
                self.variables.append(variable)
                self.settings.append(parents)
            made[variable] = ("node", self.numbers[key])
        return made[variable]

    def _merged(self) -> dict[int, int] | None:
        """Return the first node that each is the same as, by consistency; None at a contradiction.

        A node that was seen has its level, and two of one variable are the same where all their
        parents have the same levels, or are the same nodes.
        """
        same = {node: node for node in range(len(self.variables))}
        merging = True
        while merging:
            merging = False
            first: dict[Any, int] = {}
            for node in [node for node, other in same.items() if node == other]:
                tokens = [
                    (name, *self._written(token, same))
                    for name, token in self.settings[node]
                ]
                key = (self.variables[node], *tokens)
                other = first.setdefault(key, node)
                if other == node:
                    continue
                merging = True
                same |= {each: other for each, to in same.items() if to == node}
                if node in self.seen and not self._see(other, self.seen[node]):
                    return None
        return same

    def _written(self, token: Token, same: Mapping[int, int]) -> Token:
        """Return a token with what is known of it: its level, else the first such node."""
        kind, at = token
        if kind == "value":
            return kind, str(at)
        node = same[at]
        known = self.seen.get(node, _AXIS)
        return ("node", node) if known is _AXIS else ("value", str(known))

    def _token_of(self, token: Token, same: Mapping[int, int]) -> Token:
        kind, at = token
        if kind == "value":
            return token
        node = same[at]
        if node not in self.seen:
            return "node", node
        if self.seen[node] is _AXIS:
            return "axis", node
        return "value", self.seen[node]

    def _factors(self, roots: Sequence[int], same: Mapping[int, int]) -> list[_Factor]:
        needed: list[int] = []
        pending = [same[node] for node in roots]
        while pending:
            node = pending.pop()
            if node in needed:
                continue
            needed.append(node)
            pending += [
                same[at] for _, (kind, at) in self.settings[node] if kind == "node"
            ]
        terms = []
        for node in sorted(needed):
            parents = tuple(
                (name, self._token_of(token, same))
                for name, token in self.settings[node]
            )
            token = self._token_of(("node", node), same)
            terms.append(_Term(self.variables[node], token, parents))
        bits = self.graph.bits
        present = self.graph.bit_set({term.variable for term in terms})
        factors = []
        for district in bits.districts(present):
            names = set(self.graph.names(district))
            inside = tuple(term for term in terms if term.variable in names)
            factors.append(_Factor(inside))
        return factors


def _same(one: Any, other: Any) -> bool:
    return one is other or (_AXIS not in (one, other) and str(one) == str(other))


def _groups(factors: Sequence[_Factor]) -> list[list[_Factor]]:
    """Return the factors in groups that share a variable that is summed over."""
    groups: list[tuple[set[Token], list[_Factor]]] = []
    for factor in factors:
        tokens, members_of_group = set(factor.summed), [factor]
        apart = []
        for others, group in groups:
            if others & tokens:
                tokens |= others
                members_of_group = group + members_of_group
            else:
                apart.append((others, group))
        groups = [*apart, (tokens, members_of_group)]
    return [group for _, group in groups]


def _signature(group: Sequence[_Factor]) -> frozenset[Any]:
    """Return what a group says, whatever the numbers of what is summed over."""
    terms = [term for factor in group for term in factor.terms]
    return frozenset(
        (term.variable, term.token[0], str(term.token[1]) * (term.token[0] == "value"))
        + tuple(
            (name, kind, str(at) if kind == "value" else "")
            for name, (kind, at) in term.parents
        )
        for term in terms
    )


def _without_common(
    numerator: Sequence[_Factor], denominator: Sequence[_Factor]
) -> tuple[list[_Factor], list[_Factor]]:
    """Return the factors of a quotient without the groups that both sides have.

    Groups of one term a variable are the same where all that stands in them is.
    """
    above = _groups(numerator)
    below = _groups(denominator)
    for group in list(below):
        variables = [term.variable for factor in group for term in factor.terms]
        if len(set(variables)) < len(variables):
            continue
        twin = next(
            (
                other
                for other in above
                if _signature(other) == _signature(group)
                and sum(len(factor.terms) for factor in other) == len(variables)
            ),
            None,
        )
        if twin is not None:
            above.remove(twin)
            below.remove(group)
    return (
        [factor for group in above for factor in group],
        [factor for group in below for factor in group],
    )


def _result(
    graph: MixedGraph,
    query: str,
    numerator: Sequence[_Factor],
    denominator: Sequence[_Factor] | None,
) -> CounterfactualIdentification:
    """Return the formula of a probability, or of a quotient of two."""
    if denominator is not None:
        numerator, denominator = _without_common(numerator, denominator)
    for factor in [*numerator, *(denominator or ())]:
        obstacle = _obstacle(graph, factor)
        if obstacle:
            return CounterfactualIdentification(query, None, obstacle=obstacle)
    names = _Names(graph.nodes)
    above = _formula(graph, numerator, names)
    if denominator:
        names = names.of_another_sum()
        above = Quotient(above, _formula(graph, denominator, names))
    order: list[str] = []
    for node in graph.nodes:
        others = [
            name for name, variable in names.variables.items() if variable == node
        ]
        order += [node, *(name for name in sorted(others) if name != node)]
    expression = simplified(above, order)
    irrelevant = tuple(
        name for name in order if name in expression.free and name in names.irrelevant
    )
    return CounterfactualIdentification(
        query, expression, names.variables, names.values, irrelevant=irrelevant
    )


def _obstacle(graph: MixedGraph, factor: _Factor) -> str:
    """Return why a factor is no c-factor that the observed distribution gives; empty if it is."""
    variables = [term.variable for term in factor.terms]
    seen: dict[str, Token] = {}
    twice: dict[str, bool] = {}  # names with two meanings, and whether both are levels
    for term in factor.terms:
        for name, token in ((term.variable, term.token), *term.parents):
            known = seen.setdefault(name, token)
            if not _same_token(known, token):
                are_levels = known[0] == token[0] == "value"
                twice[name] = twice.get(name, False) or are_levels
    if twice:
        causes = [name for name in twice if name not in variables] or list(twice)
        at_levels = [name for name in causes if twice[name]]
        cause = (at_levels or causes)[0]
        affected = [name for name in graph.nodes if name in variables and name != cause]
        return (
            f"It needs {listed(affected or variables)} at two values of {cause} in the same "
            "people, which no data show."
        )
    if _c_factor(graph, variables) is None:
        inside = listed([name for name in graph.nodes if name in variables])
        return (
            f"It needs {inside} under an intervention that the diagram does not identify: hidden "
            "causes join it with what is set."
        )
    return ""


def _same_token(one: Token, other: Token) -> bool:
    return one[0] == other[0] and str(one[1]) == str(other[1])


def _c_factor(graph: MixedGraph, variables: Iterable[str]) -> Expression | None:
    """Return Q[variables] in the observed distribution; None where a hedge is in the way."""
    wanted = graph.bit_set(set(variables))
    everything = graph.bits.ancestors(wanted)
    district = graph.bits.district(smallest(wanted), everything)
    c_factor = observed_c_factor(graph, district, everything)
    return identified_c_factor(graph, wanted, district, c_factor, [])


@dataclass
class _Names:
    """The names of a formula: variables at a level, and variables that are summed over."""

    nodes: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    summed: dict[Token, str] = field(default_factory=dict)
    irrelevant: set[str] = field(default_factory=set)

    def name(self, variable: str, token: Token) -> str:
        kind, at = token
        if kind == "value":
            name = f"{variable}={at}"
            self.values[name] = at
        elif token in self.summed:
            name = self.summed[token]
        else:
            name = variable
            others = set(self.nodes) - {variable}
            while name in others or name in self.summed.values():
                name = f"{name}'"
            self.summed[token] = name
        self.variables[name] = variable
        return name

    def of_another_sum(self) -> _Names:
        """Return the names with those of sums free again: each sum has its own."""
        return replace(self, summed={})

    def anything(self, variable: str) -> str:
        """Return the name of a variable whose level does not matter."""
        name = f"any {variable}"
        self.variables[name] = variable
        self.irrelevant.add(name)
        return name


def _formula(
    graph: MixedGraph, factors: Sequence[_Factor], names: _Names
) -> Expression:
    """Return the sum of the product of c-factors, in the names of their worlds.

    Parameters
    ----------
    graph : MixedGraph
    factors : sequence of _Factor
    names : _Names
        Grows.
    """
    parts: list[Expression] = []
    summed: dict[str, None] = {}
    for factor in factors:
        expression = _c_factor(graph, [term.variable for term in factor.terms])
        assert expression is not None
        meaning: dict[str, str] = {}
        for term in factor.terms:
            for variable, token in ((term.variable, term.token), *term.parents):
                meaning[variable] = names.name(variable, token)
                if token[0] == "node":
                    summed[meaning[variable]] = None
        for variable in sorted(expression.free, key=graph.nodes.index):
            new = meaning.get(variable) or names.anything(variable)
            expression = renamed(expression, variable, f"\0{new}")
        for variable in [name for name in expression.free if name[0] == "\0"]:
            expression = renamed(expression, variable, variable[1:])
        parts.append(expression)
    if not parts:
        return Product()
    needed = Product(tuple(parts)).free
    return sum_of_product(tuple(name for name in summed if name in needed), parts)


def _events(word: str, given: Any) -> tuple[Event, ...]:
    """Return events, pairs of a potential outcome and its level; refuse what is none."""
    events = tuple(given) if isinstance(given, list | tuple) else (given,)
    for event in events:
        is_pair = isinstance(event, tuple) and len(event) == 2
        if not is_pair or not isinstance(event[0], PotentialOutcome):
            raise ModelError(
                f"Expected `{word}` as a text such as 'P(y[x=1]=1, y[x=0]=0)', or as pairs of a "
                f"potential outcome and its level, got {shown(event)}."
            )
    return events
