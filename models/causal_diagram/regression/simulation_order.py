"""An identified formula as a recipe for simulation: which variables come out of the rows, and which are drawn given others, in what order."""

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
from causalstats.errors import ModelError
from causalstats.models.causal_diagram.tables import Table

Names = tuple[
    tuple[str, str], ...
]  # variables, each with what it is called in the recipe, where a sum has its own


@dataclass(frozen=True)
class Step:
    """`name` is drawn from a conditional distribution, given what stands for its causes."""

    name: str
    table: Table
    given: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """Groups that come together out of the observed rows, then steps; the last is the outcome's."""

    groups: tuple[Names, ...]
    steps: tuple[Step, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(dict.fromkeys(step.table for step in self.steps))


def recipe(found: Identification) -> Recipe:
    """The g-formula of P(outcome | do), if it is a sum of products in which each variable is drawn once.

    Raises
    ------
    ModelError
        Where it is a quotient, which no simulation gives.
    """
    assert found.expression is not None
    (outcome,), fresh = found.outcome, count(1)
    groups: list[Names] = []
    steps: list[Step] = []
    for of, given in factors(
        found.expression, {name: name for name in found.expression.free}, fresh
    ):
        if not given and outcome not in dict(of):
            groups.append(of)
        else:
            steps += _chained(of, given, found.order)
    made = [name for group in groups for _, name in group] + [step.name for step in steps]
    if found.irrelevant or len(set(made)) < len(made) or set(made) & set(found.do):
        raise _refused(found)
    ordered: list[Step] = []
    known = {*found.do, *(name for group in groups for _, name in group)}
    while steps:
        ready = [step for step in steps if known.issuperset(step.given)]
        if not ready:
            raise _refused(found)
        ordered += ready
        known |= {step.name for step in ready}
        steps = [step for step in steps if step not in ready]
    last = next(step for step in ordered if step.name == outcome)
    return Recipe(tuple(groups), (*(step for step in ordered if step is not last), last))


def factors(
    expression: Expression, names: Mapping[str, str], fresh: Iterator[int]
) -> Iterator[tuple[Names, Names]]:
    """The probabilities that a formula multiplies, each sum's variables under names of their own."""
    match expression:
        case Probability(of, given):
            yield (
                tuple((name, names[name]) for name in of),
                tuple((name, names[name]) for name in given),
            )
        case Product(parts):
            for factor in parts:
                yield from factors(factor, names, fresh)
        case Sum(over, summand):
            yield from factors(
                summand, {**names, **{name: f"{name} {next(fresh)}" for name in over}}, fresh
            )
        case Quotient():
            raise ModelError(
                f"The formula is a quotient, {expression}, which cannot be simulated step by step. Cut the numbers into levels, e.g. with `pandas.cut`, and "
                "use route='reduced'."
            )


def _chained(of: Names, given: Names, order: Sequence[str]) -> Iterator[Step]:
    """P(a, b | c) = P(a | c) P(b | a, c), causes first."""
    past = given
    for variable, name in sorted(of, key=lambda pair: order.index(pair[0])):
        causes = tuple(sorted(past, key=lambda pair: order.index(pair[0])))
        yield Step(
            name,
            Table(variable, tuple(cause for cause, _ in causes)),
            tuple(called for _, called in causes),
        )
        past = (*past, (variable, name))


def _refused(found: Identification) -> ModelError:
    return ModelError(
        f"The formula of {found.query} has no order in which to draw its variables: {found.expression}. Cut the numbers into levels, e.g. with `pandas.cut`, "
        "and use route='reduced'."
    )
