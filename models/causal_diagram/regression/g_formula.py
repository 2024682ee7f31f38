"""The g-formula as an order of simulation: which variables come from the rows, which are drawn.

P(y | do(x)) = Σ_z P(z) ... P(y | x, z, ...), a sum of products in which each variable stands once
before the bar (Robins 1986). Factors without a condition come from the observed rows together; the
others are conditional distributions, drawn causes first, the outcome last. Variables of sums have
names of their own, as a variable can stand in two sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from causalstats.diagrams.identification.expression import (
    Expression,
    Probability,
    Product,
    Quotient,
    Sum,
)
from causalstats.diagrams.identification.identification import Identification
from causalstats.diagrams.identification.wording import listed
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.tables import Table

NamedVariables = tuple[tuple[str, str], ...]
"""Variables, each with its name in the simulation."""

_CUT_INTO_LEVELS = (
    "Cut the numbers into levels, e.g. with `pandas.cut`, and use route='reduced'."
)


@dataclass(frozen=True)
class Step:
    """A variable that is drawn from a conditional distribution.

    Parameters
    ----------
    name : str
        Its name in the simulation.
    table : Table
        The conditional distribution.
    given : tuple of str
        The names in the simulation of the causes, in the order of the table.
    """

    name: str
    table: Table
    given: tuple[str, ...]


@dataclass(frozen=True)
class SimulationOrder:
    """Groups of variables that come together from the observed rows, then steps.

    The last step is that of the outcome, where one is asked for.

    Parameters
    ----------
    groups : tuple of (variable, name) pairs
    steps : tuple of Step
    seen : tuple of str
        Names with one value that is known, as in P(y, w=1): people count as far as they have it.
    """

    groups: tuple[NamedVariables, ...]
    steps: tuple[Step, ...]
    seen: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """The conditional distributions that are drawn from, each once."""
        return tuple(dict.fromkeys(step.table for step in self.steps))


def simulation_order(identification: Identification) -> SimulationOrder:
    """Return the order in which the g-formula of P(outcome | do) is simulated.

    Raises
    ------
    ModelError
        Where the formula is a quotient, or has no order in which each variable is drawn once.

    Examples
    --------
    >>> from causalstats.diagrams import Diagram
    >>> order = simulation_order(Diagram.parse("z -> x, y; x -> y").identify("y", do="x"))
    >>> order.groups
    ((('z', 'z 1'),),)
    >>> [step.table.name for step in order.steps]
    ['P(y | z, x)']
    """
    assert identification.expression is not None
    order = order_of_formula(
        identification.expression,
        identification.query,
        identification.outcome[0],
        identification.do,
        identification.order,
    )
    if identification.irrelevant or order.seen:
        raise no_order(identification.query, identification.expression)
    return order


def order_of_formula(
    expression: Expression,
    query: str,
    outcome: str,
    set_names: Sequence[str],
    order: Sequence[str],
    variables: Mapping[str, str] | None = None,
    needs: Mapping[str, Sequence[str]] | None = None,
) -> SimulationOrder:
    """Return the order in which a formula is simulated.

    A name that is set and that the formula has the probability of as well is one that was seen.

    Parameters
    ----------
    expression : Expression
    query : str
        For the error.
    outcome : str
        The name of the last step; empty where every name is seen, set or summed over.
    set_names : sequence of str
        The names in the formula of what is set, or seen.
    order : sequence of str
        The variables, causes first.
    variables : mapping of name to variable, optional
        Which variable a name stands for, where a variable has several: one for each world.
    needs : mapping of name to names, optional
        What has to be known before a variable is set: what its policy reads.

    Raises
    ------
    ModelError
        Where the formula is a quotient, or has no order in which each variable is drawn once.
    """
    variables = dict(variables or {})
    names = {name: name for name in expression.free}
    groups: list[NamedVariables] = []
    steps: list[Step] = []
    for ours, given in factors(expression, names, count(1)):
        drawn, causes = (_real(pairs, variables) for pairs in (ours, given))
        if not given and outcome not in dict(ours):
            groups.append(drawn)
        else:
            steps += _chained(drawn, causes, order)
    from_rows = [name for group in groups for _, name in group]
    made = from_rows + [step.name for step in steps]
    seen = tuple(name for name in set_names if name in made)
    if len(set(made)) < len(made):
        raise no_order(query, expression)
    ordered = _causes_first(steps, {*set_names, *from_rows}, needs or {})
    if ordered is None:
        raise no_order(query, expression)
    if not outcome:
        return SimulationOrder(tuple(groups), tuple(ordered), seen)
    last = next(step for step in ordered if step.name == outcome)
    others = tuple(step for step in ordered if step is not last)
    if any(outcome in step.given for step in others):
        raise no_order(query, expression)
    return SimulationOrder(tuple(groups), (*others, last), seen)


def _real(pairs: NamedVariables, variables: Mapping[str, str]) -> NamedVariables:
    """Return variables in place of the names that they have in one world."""
    return tuple((variables.get(variable, variable), name) for variable, name in pairs)


def _causes_first(
    steps: Sequence[Step], known: set[str], needs: Mapping[str, Sequence[str]]
) -> list[Step] | None:
    """Return the steps in an order in which everything that one is given is known before it.

    Parameters
    ----------
    steps : sequence of Step
    known : set of str
        What is known before them.
    needs : mapping of name to names
        What has to be known before a variable is set.

    Returns
    -------
    list of Step, or None
        None where there is no such order.
    """
    waiting = list(steps)
    ordered = []

    def is_ready(step: Step) -> bool:
        read = [name for given in step.given for name in needs.get(given, ())]
        return known.issuperset((*step.given, *read))

    while waiting:
        ready = [step for step in waiting if is_ready(step)]
        if not ready:
            return None
        ordered += ready
        known = known | {step.name for step in ready}
        waiting = [step for step in waiting if step not in ready]
    return ordered


def factors(
    expression: Expression,
    names: Mapping[str, str],
    fresh: Iterator[int],
) -> Iterator[tuple[NamedVariables, NamedVariables]]:
    """Yield the probabilities that a formula multiplies: variables, and those that they are given.

    Parameters
    ----------
    expression : Expression
    names : mapping of variable to its name in the simulation
    fresh : iterator of int
        Numbers for the variables of sums.

    Raises
    ------
    ModelError
        Where the formula is a quotient.
    """
    match expression:
        case Probability(variables, given):
            yield _named(variables, names), _named(given, names)
        case Product(parts):
            for part in parts:
                yield from factors(part, names, fresh)
        case Sum(over, summand):
            inner = {name: f"{name} {next(fresh)}" for name in over}
            yield from factors(summand, {**names, **inner}, fresh)
        case Quotient():
            raise ModelError(
                f"The formula is a quotient, {expression}, which cannot be simulated step by "
                f"step. {_CUT_INTO_LEVELS}"
            )


def _named(variables: Sequence[str], names: Mapping[str, str]) -> NamedVariables:
    return tuple((variable, names[variable]) for variable in variables)


def _chained(
    variables: NamedVariables,
    given: NamedVariables,
    order: Sequence[str],
) -> Iterator[Step]:
    """Yield P(a, b | c) = P(a | c) P(b | a, c) by the chain rule, causes first."""

    def position(pair: tuple[str, str]) -> int:
        return order.index(pair[0])

    past = given
    for variable, name in sorted(variables, key=position):
        causes = sorted(past, key=position)
        table = Table(variable, tuple(cause for cause, _ in causes))
        yield Step(name, table, tuple(cause_name for _, cause_name in causes))
        past = (*past, (variable, name))


def adjustment_order(
    identification: Identification,
    group: Sequence[str],
    treatments: Sequence[str],
) -> SimulationOrder:
    """Return the order of an answer within groups: confounders from the rows, then the outcome.

    Parameters
    ----------
    identification : Identification
        The formula of P(outcome | do(treatment), group).
    group : sequence of str
        The variables that the group is of, treatments perhaps among them.
    treatments : sequence of str

    Raises
    ------
    ModelError
        Unless the formula is a back-door adjustment for what comes before the treatments.
    """
    assert identification.expression is not None
    names = {name: name for name in identification.expression.free}
    rows = [(name, name) for name in group if name not in treatments]
    from_group = {name for name, _ in rows}
    last: NamedVariables | None = None
    for variables, given in factors(identification.expression, names, count(1)):
        of_outcome = identification.outcome[0] in dict(variables)
        if of_outcome and len(variables) == 1 and last is None:
            last = given
        elif of_outcome or not {name for name, _ in given} <= from_group:
            raise _no_adjustment(identification, treatments)
        else:
            rows += [pair for pair in variables if pair not in rows]
    if last is None or identification.irrelevant:
        raise _no_adjustment(identification, treatments)
    given = tuple(sorted(last, key=lambda pair: identification.order.index(pair[0])))
    known = {name for _, name in rows} | set(treatments)
    rows += [pair for pair in given if pair[1] not in known]
    outcome = identification.outcome[0]
    table = Table(outcome, tuple(variable for variable, _ in given))
    step = Step(outcome, table, tuple(name for _, name in given))
    return SimulationOrder((tuple(rows),), (step,))


def _no_adjustment(
    identification: Identification, treatments: Sequence[str]
) -> ModelError:
    return ModelError(
        f"The answer within groups is no adjustment for what comes before {listed(treatments)}: "
        f"{identification.expression}. {_CUT_INTO_LEVELS}"
    )


def no_order(query: str, expression: Expression) -> ModelError:
    """Return the error of a formula that cannot be simulated step by step."""
    return ModelError(
        f"The formula of {query} has no order in which to draw its variables: "
        f"{expression}. {_CUT_INTO_LEVELS}"
    )
