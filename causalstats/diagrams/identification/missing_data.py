"""Effects from data with missing values: recoverability in missingness graphs (m-graphs).

The diagram has an indicator of each variable with missing values, whose level 1 says that the
value was seen, and which no other variable depends on. What the data show is P(A, R_A = 1, R_B)
for any variables A. A probability of everybody is recovered from it

    P(a | b) = P(a | b, R = 1)                  where a is independent of the indicators of a and b
                                                given b: rows complete in a and b are enough
    P(s) = P(s, R = 1) / Π P(R_i = 1 | z_i, R_before = 1, R_zi = 1)
                                                where each indicator of s is independent of the
                                                rest of s, and of the indicators of z_i, given z_i
    P(s) = P(a | s without a) P(s without a)    in any order that the first two allow
    P(s) = Σ_c P(s, c)                          with other variables c

and an effect by the formula that it has without missing values. Where no indicator acts on another
or shares a hidden cause, the distribution of all variables is recovered exactly if no variable acts
on its own indicator (Mohan, Pearl & Tian 2013, theorem 2); in other diagrams "not recovered" means
that none of these was found.

References
----------
Mohan, Pearl & Tian (2013), Graphical models for inference with missing data, NeurIPS. Mohan & Pearl
(2021), Graphical models for processing missing data, JASA 116. Tikka, Hyttinen & Karvanen (2021),
Causal effect identification from multiple incomplete data sources, Journal of Statistical Software.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from causalstats.core.argument_validation import shown
from causalstats.diagrams.core import arguments
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.identification.d_separation import separated
from causalstats.diagrams.identification.evaluation import Aliased, Source, evaluate
from causalstats.diagrams.identification.expression import (
    Expression,
    Probability,
    Product,
    Quotient,
    Sum,
)
from causalstats.diagrams.identification.identification import identify
from causalstats.diagrams.identification.minimal_sets import adjustment_sets
from causalstats.diagrams.identification.mixed_graph import MixedGraph, as_mixed_graph
from causalstats.diagrams.identification.selection_bias import refuse_selection
from causalstats.diagrams.identification.wording import listed
from causalstats.errors import ModelError

_MOST_VARIABLES = 10


@dataclass(frozen=True, repr=False)
class Recovery:
    """A formula of an effect in data with missing values, or what stands in its way.

    Parameters
    ----------
    outcome, do : tuple of str
    expression : Expression or None
        In the distribution of what was seen; a name such as "r_x=1" is an indicator at that level.
    indicators : mapping of variable to its indicator
    obstacle : str
        What could not be recovered; empty where there is a formula.

    Examples
    --------
    Older people are asked for their weight less often:

    >>> from causalstats import Diagram
    >>> diagram = Diagram.parse("age -> weight, asked; weight -> ill")
    >>> print(diagram.recover("ill", "weight", {"weight": "asked"}))
    P(ill | do(weight)) = P(ill | weight, asked=1)
    >>> print(diagram.recover("weight", (), {"weight": "asked"}))
    P(weight) = Σ_age P(weight | age, asked=1) P(age)
    """

    outcome: tuple[str, ...]
    do: tuple[str, ...]
    expression: Expression | None
    indicators: Mapping[str, str] = field(default_factory=dict)
    obstacle: str = ""

    @property
    def recovered(self) -> bool:
        """Whether there is a formula."""
        return self.expression is not None

    @property
    def query(self) -> str:
        """Such as "P(y | do(x))"."""
        done = f" | do({', '.join(self.do)})" if self.do else ""
        return f"P({', '.join(self.outcome)}{done})"

    def __str__(self) -> str:
        if self.expression is None:
            return f"{self.query} was not recovered. {self.obstacle}"
        return f"{self.query} = {self.expression.text((*self.outcome, *self.do))}"

    __repr__ = __str__

    def evaluate(self, source: Source) -> np.ndarray:
        """Return the effect from the distribution of what was seen.

        Parameters
        ----------
        source : JointTable, or another `Source`
            Of the variables and their indicators, whose second level is "seen". Where a value is
            missing, any may stand in its place: the formula does not look at it.

        Returns
        -------
        array, shape (batch..., levels of outcome..., levels of do...)

        Raises
        ------
        ModelError
            If it was not recovered.

        Examples
        --------
        >>> from causalstats import Diagram
        >>> from causalstats.diagrams import JointTable
        >>> found = Diagram.parse("x -> y; x -> r").recover("y", "x", {"y": "r"})
        >>> seen = [[[0.1, 0.3], [0.0, 0.1]], [[0.2, 0.1], [0.0, 0.2]]]
        >>> found.evaluate(JointTable(("x", "y", "r"), seen)).round(2)
        array([[0.75, 0.33],
               [0.25, 0.67]])
        """
        if self.expression is None:
            raise ModelError(f"{self} Expected an effect that is recovered.")
        marks = {_seen(each): each for each in self.indicators.values()}
        names = (*self.outcome, *self.do)
        levels = tuple(mark for mark in marks if mark in self.expression.free)
        values = evaluate(
            self.expression, Aliased(source, marks), (*names, *levels)
        ).values
        for _ in levels:
            values = np.take(values, 1, axis=-1)
        return values


def _seen(indicator: str) -> str:
    return f"{indicator}=1"


def recover(
    diagram: Hypergraph | MixedGraph,
    outcome: str | Iterable[str],
    do: str | Iterable[str],
    indicators: Mapping[str, str],
    known: Iterable[Iterable[str]] = (),
) -> Recovery:
    """Return whether an effect is recovered from data with missing values, and by what formula.

    Parameters
    ----------
    diagram : Diagram or MixedGraph
        With the indicators among its variables.
    outcome, do : str or list of str
        Nothing is done where `do` is empty: the distribution of the outcome.
    indicators : mapping of variable to its indicator
        The variables with missing values; an indicator is 1 where the value was seen.
    known : list of lists of str, or of str
        What another source gives, such as a census: variables whose joint distribution it is, or
        the text of a conditional one, "ill | weight, age".

    Returns
    -------
    Recovery

    Raises
    ------
    ModelError
        If a variable is hidden or unknown, an indicator acts on a variable, or there are more than
        ten variables.

    References
    ----------
    Mohan & Pearl (2021), Graphical models for processing missing data, JASA 116.

    Examples
    --------
    The outcome itself decides who is asked about it (self-masking), so that its distribution is
    not recovered, unless somebody else knows it:

    >>> from causalstats import Diagram
    >>> diagram = Diagram.parse("x -> y -> r_y -> r_x")
    >>> missing = {"x": "r_x", "y": "r_y"}
    >>> diagram.recover("y", "x", missing).recovered
    False
    >>> print(diagram.recover("y", "x", missing, known=["y"]))
    P(y | do(x)) = [P(x | y, r_y=1, r_x=1) P(y)] / [Σ_y' P(x | y', r_y=1, r_x=1) P(y')]
    >>> print(diagram.recover("y", "x", missing, known=["y | x"]))
    P(y | do(x)) = P(y | x)
    """
    graph = as_mixed_graph(diagram)
    refuse_selection(graph, "data with missing values")
    outcomes = arguments.names("outcome", outcome)
    done = arguments.names("do", do)
    indicators = arguments.values("indicators", indicators)
    arguments.names("indicators", tuple(indicators.values()))
    _refuse_indicators(graph, indicators, (*outcomes, *done))
    sets, conditionals = _known(graph, known)
    search = _Search(graph, indicators, sets, conditionals)
    identification = identify(graph, outcomes, done)
    if identification.expression is None:
        obstacle = "It is not identified where no value is missing either."
        return Recovery(outcomes, done, None, indicators, obstacle)
    formulas = [identification.expression]
    if len(outcomes) == 1 and done:
        formulas += _adjustments(graph, outcomes[0], done, indicators)
    for formula in formulas:
        expression = search.formula(formula)
        if expression is not None:
            return Recovery(outcomes, done, expression, indicators)
    return Recovery(outcomes, done, None, indicators, search.obstacle())


def _known(
    graph: MixedGraph, known: Iterable[str | Iterable[str]]
) -> tuple[frozenset[Names], tuple[tuple[Names, Names], ...]]:
    """Return the joint and the conditional distributions that other sources give.

    Parameters
    ----------
    graph : MixedGraph
    known : iterable of str or of iterables of str
        As `recover` takes them.

    Raises
    ------
    ModelError
        If a variable is unknown, or stands on both sides of a bar.
    """
    sets = []
    conditionals = []
    is_list = isinstance(known, Iterable) and not isinstance(known, str)
    if not is_list or isinstance(known, np.ndarray) and known.ndim != 1:
        raise ModelError(
            f"Expected `known` as a list of variables, got {shown(known)}."
        )
    for each in known:
        if isinstance(each, str) and "|" in each:
            outcome, given = (
                frozenset(part.replace(",", " ").split()) for part in each.split("|", 1)
            )
            graph.bit_set((*outcome, *given))
            if not outcome or not given or outcome & given:
                raise ModelError(
                    "Expected a conditional distribution such as 'y | x', of other variables than "
                    f"it is conditional on; got {each!r}."
                )
            conditionals.append((outcome, given))
            continue
        names = arguments.names("known", each)
        graph.bit_set(names)
        sets.append(frozenset(names))
    return frozenset(sets), tuple(conditionals)


def _refuse_indicators(
    graph: MixedGraph, indicators: Mapping[str, str], asked: Collection[str]
) -> None:
    """Raise where indicators are none, act on variables, or are asked about.

    Parameters
    ----------
    graph : MixedGraph
    indicators : mapping of variable to its indicator
    asked : collection of str
        The outcomes and what is done.
    """
    graph.bit_set(asked)
    graph.bit_set((*indicators, *indicators.values()))
    signs = set(indicators.values())
    if len(signs) < len(indicators) or signs & {*indicators, *asked}:
        raise ModelError(
            f"Expected an indicator of its own for each variable, got {dict(indicators)}."
        )
    variables = set(graph.nodes) - signs
    late = variables & set(graph.descendants(*signs)) if signs else set()
    if late:
        raise ModelError(
            "Expected indicators that act on other indicators alone; one acts on "
            f"{sorted(late)[0]!r}."
        )
    if len(variables) > _MOST_VARIABLES:
        raise ModelError(
            f"Expected at most {_MOST_VARIABLES} variables beside indicators, got "
            f"{len(variables)}: leave out those that the question does not need."
        )


def _adjustments(
    graph: MixedGraph,
    outcome: str,
    do: tuple[str, ...],
    indicators: Mapping[str, str],
) -> Iterator[Expression]:
    """Yield the back-door formulas of all minimal adjustment sets without indicators.

    Parameters
    ----------
    graph : MixedGraph
    outcome : str
    do : tuple of str
    indicators : mapping of variable to its indicator
    """
    for names in adjustment_sets(graph, outcome, do):
        if set(names) & set(indicators.values()):
            continue
        conditional = Probability((outcome,), (*do, *names))
        if names:
            yield Sum(names, Product((conditional, Probability(names))))
        else:
            yield conditional


Names = frozenset[str]


@dataclass(eq=False)
class _Search:
    """The probabilities that were recovered so far, and what each of them needs."""

    graph: MixedGraph
    indicators: Mapping[str, str]
    known: frozenset[Names]
    conditionals: tuple[tuple[Names, Names], ...] = ()
    joints: dict[Names, Expression | None] = field(default_factory=dict)
    failed: list[Probability] = field(default_factory=list)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that are no indicators, causes first."""
        signs = set(self.indicators.values())
        return tuple(name for name in self.graph.nodes if name not in signs)

    def sorted(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(names, key=self.graph.nodes.index))

    def signs(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the indicators of those that may be missing."""
        return self.sorted(
            self.indicators[name] for name in names if name in self.indicators
        )

    def marks(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(map(_seen, self.signs(names)))

    def independent(
        self, one: Iterable[str], other: Iterable[str], given: Iterable[str]
    ) -> bool:
        bits = self.graph.bit_set
        return separated(self.graph.bits, bits(set(one)), bits(set(other)), bits(given))

    def formula(self, expression: Expression) -> Expression | None:
        """Return a formula with each of its probabilities recovered; None where one is not."""
        match expression:
            case Probability(outcome, given):
                return self.conditional(frozenset(outcome), frozenset(given))
            case Product(factors):
                parts = [self.formula(factor) for factor in factors]
                known = [part for part in parts if part is not None]
                return Product(tuple(known)) if len(known) == len(parts) else None
            case Sum(over, summand):
                inner = self.formula(summand)
                return None if inner is None else Sum(over, inner)
            case Quotient(above, below):
                top, bottom = self.formula(above), self.formula(below)
                if top is None or bottom is None:
                    return None
                return Quotient(top, bottom)

    def conditional(self, outcome: Names, given: Names) -> Expression | None:
        """Return P(outcome | given) of everybody; None where it is not recovered."""
        if not given:
            found = self.marginal(outcome)
        else:
            found = self.by_complete_rows(outcome, given)
            found = found or self.by_parts(outcome, given)
            if found is None:
                joint = self.marginal(outcome | given)
                if joint is not None:
                    found = Quotient(joint, Sum(self.sorted(outcome), joint))
        if found is None:
            probability = Probability(self.sorted(outcome), self.sorted(given))
            self.failed.append(probability)
        return found

    def by_complete_rows(self, outcome: Names, given: Names) -> Expression | None:
        """Return P(outcome | given) from a source that has it, or from complete rows."""
        for known, under in self.conditionals:
            if known != outcome or not under <= given:
                continue
            if self.independent(outcome, given - under, under):
                return Probability(self.sorted(outcome), self.sorted(under))
        signs = self.signs(outcome | given)
        if not self.independent(outcome, signs, given):
            return None
        conditions = (*self.sorted(given), *self.marks(outcome | given))
        return Probability(self.sorted(outcome), conditions)

    def by_parts(self, outcome: Names, given: Names) -> Expression | None:
        """Return P(outcome | given) by the chain rule, one variable at a time."""
        if len(outcome) < 2:
            return None
        for name in self.sorted(outcome)[::-1]:
            others = outcome - {name}
            last = self.by_complete_rows(frozenset({name}), given | others)
            if last is None:
                continue
            first = self.by_complete_rows(others, given) or self.by_parts(others, given)
            if first is not None:
                return Product((last, first))
        return None

    def marginal(self, names: Names) -> Expression | None:
        """Return the joint distribution of variables, if need be as a sum over others."""
        rest = [name for name in self.variables if name not in names]
        for size in range(len(rest) + 1):
            for others in itertools.combinations(rest, size):
                joint = self.joint(names | set(others))
                if joint is not None:
                    return Sum(self.sorted(others), joint) if others else joint
        return None

    def joint(self, names: Names) -> Expression | None:
        """Return the joint distribution of variables from these alone."""
        if names not in self.joints:
            self.joints[names] = self._joint(names)
        return self.joints[names]

    def _joint(self, names: Names) -> Expression | None:
        if names in self.known or not self.signs(names):
            return Probability(self.sorted(names))
        if self.independent(names, self.signs(names), ()):
            return Probability(self.sorted(names), self.marks(names))
        for name in self.sorted(names)[::-1]:
            others = names - {name}
            if not others:
                continue
            last = self.by_complete_rows(frozenset({name}), others)
            first = None if last is None else self.joint(others)
            if last is not None and first is not None:
                return Product((last, first))
        return self.by_weights(names)

    def by_weights(self, names: Names) -> Expression | None:
        """Return the distribution of complete rows by the inverse probability of completeness."""
        missing = self.sorted(name for name in names if name in self.indicators)
        waiting: list[tuple[Names, tuple[Expression, ...]]] = [(frozenset(), ())]
        tried = {frozenset[str]()}
        while waiting:
            before, weights = waiting.pop()
            if len(before) == len(missing):
                rows = Probability((*self.sorted(names), *self.marks(names)))
                return Quotient(rows, Product(weights))
            for name in missing:
                after = before | {name}
                if name in before or after in tried:
                    continue
                weight = self.weight(name, names, before)
                if weight is not None:
                    tried.add(after)
                    waiting.append((after, (*weights, weight)))
        return None

    def weight(self, name: str, names: Names, before: Names) -> Expression | None:
        """Return the probability that a value was seen, given all, by some of them.

        Parameters
        ----------
        name : str
        names : set of str
            All variables of the row.
        before : set of str
            Those that are known to be seen.
        """
        sign = self.indicators[name]
        others = self.sorted(names - {name})
        seen = self.signs(before)
        for size in range(len(others) + 1):
            for causes in itertools.combinations(others, size):
                also = [each for each in self.signs(causes) if each not in seen]
                rest = [*names.difference(causes), *also]
                if self.independent([sign], rest, [*causes, *seen]):
                    marks = self.marks({*before, *causes})
                    return Probability((_seen(sign),), (*causes, *marks))
        return None

    def obstacle(self) -> str:
        """Return which probability was not recovered, and why."""
        probability = self.failed[0]
        own = [
            name
            for name, sign in self.indicators.items()
            if name in self.graph.parents(sign)
        ]
        why = "whether values were seen depends on what is missing with them"
        masked = [name for name in own if name in probability.free]
        if masked:
            why = (
                f"whether {listed(masked)} was seen depends on {listed(masked)} itself"
            )
        return (
            f"It needs {probability}, and {why}. Another source with that distribution, or a "
            "cause of the indicators that is always seen, would recover it."
        )
