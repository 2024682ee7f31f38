"""Expressions as one would write them: what sums to one is gone, what does not depend on a sum stands before it, common factors are cancelled.

Every rule is an equality of distributions wherever both sides are defined; the simpler side is defined wherever the other one is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

from causalstats.diagrams.identification.expression import (
    Expression,
    Probability,
    Product,
    Quotient,
    Sum,
)

Rank = Mapping[str, int]  # the place of each variable in a topological order
Factors = list[Expression]


def simplified(expression: Expression, order: Sequence[str]) -> Expression:
    """Sums first get rid of what does not depend on them; then P(a | b) P(b) is written P(a, b)."""
    rank = {name: place for place, name in enumerate(order)}
    return _simple(_simple(expression, rank, merge=False), rank, merge=True)


def _simple(expression: Expression, rank: Rank, merge: bool) -> Expression:
    match expression:
        case Probability(of, given):
            return Probability(_sorted(of, rank), _sorted(given, rank)) if of else Product()
        case Product(factors):
            above, below = _fraction(*(_simple(factor, rank, merge) for factor in factors))
        case Quotient(numerator, denominator):
            above, below_above = _fraction(_simple(numerator, rank, merge))
            below, above_below = _fraction(_simple(denominator, rank, merge))
            above, below = above + above_below, below + below_above
        case Sum(over, summand):
            return _summed(set(over), _simple(summand, rank, merge), rank, merge)
    return _quotient(above, below, rank, merge)


def _sorted(names: tuple[str, ...], rank: Rank) -> tuple[str, ...]:
    return tuple(sorted(names, key=rank.__getitem__))


def _fraction(*expressions: Expression) -> tuple[Factors, Factors]:
    """The factors above and below the line of a product."""
    above: Factors = []
    below: Factors = []
    for expression in expressions:
        match expression:
            case Product(factors):
                inner = _fraction(*factors)
            case Quotient(numerator, denominator):
                inner = (_fraction(numerator)[0], _fraction(denominator)[0])
            case _:
                inner = ([expression], [])
        above += inner[0]
        below += inner[1]
    return above, below


def _quotient(above: Factors, below: Factors, rank: Rank, merge: bool) -> Expression:
    for factor in list(below):
        if factor in above:
            above.remove(factor)
            below.remove(factor)
    if merge:
        _merge(above, rank)
        _merge(below, rank)
    _condition(above, below, rank)
    numerator = _product(above, rank)
    return Quotient(numerator, _product(below, rank)) if below else numerator


def _product(factors: Factors, rank: Rank) -> Expression:
    return (
        factors[0]
        if len(factors) == 1
        else Product(tuple(sorted(factors, key=lambda factor: _place(factor, rank))))
    )


def _place(factor: Expression, rank: Rank) -> tuple:
    """Probabilities before sums, effects before their causes."""
    latest = sorted(
        -rank[name] for name in (factor.of if isinstance(factor, Probability) else factor.free)
    )
    return (
        [Probability, Quotient, Product, Sum].index(type(factor)),
        latest,
        sorted(rank[name] for name in factor.free),
    )


def _merge(factors: Factors, rank: Rank) -> None:
    """P(a | b, c) P(b | c) = P(a, b | c), wherever two factors allow it."""
    merging = True
    while merging:
        merging = False
        for one, other in permutations(
            [factor for factor in factors if isinstance(factor, Probability)], 2
        ):
            if set(one.given) == set(other.of) | set(other.given):
                factors.remove(one)
                factors[factors.index(other)] = Probability(
                    _sorted(one.of + other.of, rank), other.given
                )
                merging = True
                break


def _condition(above: Factors, below: Factors, rank: Rank) -> None:
    """P(a, b | c) / P(b | c) = P(a | b, c), also where the first is in a sum over neither b nor c."""
    for divisor in [factor for factor in below if isinstance(factor, Probability)]:
        for place, factor in enumerate(above):
            if (quotient := _conditioned(factor, divisor, rank)) is not None:
                above[place] = quotient
                below.remove(divisor)
                break


def _conditioned(factor: Expression, divisor: Probability, rank: Rank) -> Expression | None:
    match factor:
        case Probability(of, given) if given == divisor.given and set(divisor.of) < set(of):
            return Probability(
                tuple(name for name in of if name not in divisor.of),
                _sorted(divisor.of + divisor.given, rank),
            )
        case Product(factors):
            for place, inner in enumerate(factors):
                if (quotient := _conditioned(inner, divisor, rank)) is not None:
                    return _product([*factors[:place], quotient, *factors[place + 1 :]], rank)
        case Sum(over, summand) if not divisor.free.intersection(over):
            quotient = _conditioned(summand, divisor, rank)
            return None if quotient is None else Sum(over, quotient)
    return None


def _summed(over: set[str], summand: Expression, rank: Rank, merge: bool) -> Expression:
    above, below = _fraction(summand)
    while (summed := _summed_to_one(over, above, below)) is not None:
        over = over - {summed}
    if not over:
        return _quotient(above, below, rank, merge)
    inside = [[factor for factor in side if factor.free & over] for side in (above, below)]
    outside = [[factor for factor in side if not factor.free & over] for side in (above, below)]
    inner = _quotient(inside[0], inside[1], rank, merge)
    if isinstance(inner, Sum):
        over, inner = over | set(inner.over), inner.summand
    return _quotient([*outside[0], Sum(_sorted(tuple(over), rank), inner)], outside[1], rank, merge)


def _summed_to_one(over: set[str], above: Factors, below: Factors) -> str | None:
    """Sum out one variable that a single probability is of, and return its name; None where there is none such."""
    for name in sorted(over):
        holders = [factor for factor in above + below if name in factor.free]
        holder = holders[0]
        if (
            len(holders) > 1
            or not isinstance(holder, Probability)
            or holder not in above
            or name not in holder.of
        ):
            continue
        left = Probability(tuple(other for other in holder.of if other != name), holder.given)
        rest = [factor for factor in above + below if factor is not holder] + (
            [left] if left.of else []
        )
        if all(any(other in factor.free for factor in rest) for other in over - {name}):
            above[above.index(holder) : above.index(holder) + 1] = [left] if left.of else []
            return name
    return None
