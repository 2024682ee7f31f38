"""Simplification of formulas.

Conditionals that sum to one are dropped, factors that do not depend on a sum move before it, and
common factors cancel. Every rule is an equality of distributions wherever both sides are defined;
the simpler side is defined wherever the other one is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from causalstats.diagrams.identification.expression import (
    Expression,
    Probability,
    Product,
    Quotient,
    Sum,
)

Factors = list[Expression]
_ORDER_OF_KINDS = (Probability, Quotient, Product, Sum)


def simplified(expression: Expression, order: Sequence[str]) -> Expression:
    """Return a simpler formula of the same value.

    Sums first lose the factors that do not depend on them; then P(a | b) P(b) becomes P(a, b).

    Parameters
    ----------
    expression : Expression
    order : list of str
        The variables in topological order.

    Returns
    -------
    Expression

    Examples
    --------
    >>> joint = Product((Probability(("y",), ("x",)), Probability(("x",))))
    >>> print(simplified(Sum(("y",), joint), ("x", "y")))
    P(x)
    """
    rank = {name: number for number, name in enumerate(order)}
    without_merging = _Rules(rank, merge=False)
    with_merging = _Rules(rank, merge=True)
    return with_merging.simple(without_merging.simple(expression))


@dataclass(frozen=True)
class _Rules:
    """The rules, with the rank of each variable in a topological order.

    Parameters
    ----------
    rank : mapping of str to int
    merge : bool
        Whether P(a | b) P(b) becomes P(a, b).
    """

    rank: Mapping[str, int]
    merge: bool

    def simple(self, expression: Expression) -> Expression:
        match expression:
            case Probability(outcome, given):
                return (
                    Probability(self.sort(outcome), self.sort(given))
                    if outcome
                    else Product()
                )
            case Product(factors):
                above, below = _fraction(*map(self.simple, factors))
            case Quotient(numerator, denominator):
                above, below = _fraction(self.simple(numerator))
                inverse_below, inverse_above = _fraction(self.simple(denominator))
                above = above + inverse_above
                below = inverse_below + below
            case Sum(over, summand):
                return self.sum(set(over), self.simple(summand))
        return self.quotient(above, below)

    def sort(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(names, key=self.rank.__getitem__))

    def quotient(self, above: Factors, below: Factors) -> Expression:
        """The quotient of two products, after cancelling, merging and conditioning."""
        for factor in list(below):
            if factor in above:
                above.remove(factor)
                below.remove(factor)
        if self.merge:
            self.merge_factors(above)
            self.merge_factors(below)
        self.condition(above, below)
        numerator = self.product(above)
        return Quotient(numerator, self.product(below)) if below else numerator

    def product(self, factors: Factors) -> Expression:
        if len(factors) == 1:
            return factors[0]
        return Product(tuple(sorted(factors, key=self.sort_key)))

    def sort_key(self, factor: Expression) -> tuple[int, list[int], list[int]]:
        """Probabilities come before sums, and effects before their causes."""
        names = factor.outcome if isinstance(factor, Probability) else factor.free
        latest_first = sorted(-self.rank[name] for name in names)
        ranks = sorted(self.rank[name] for name in factor.free)
        return _ORDER_OF_KINDS.index(type(factor)), latest_first, ranks

    def merge_factors(self, factors: Factors) -> None:
        """P(a | b, c) P(b | c) = P(a, b | c), wherever two factors allow it."""
        while (pair := _mergeable(factors)) is not None:
            one, other = pair
            factors.remove(one)
            merged = Probability(self.sort(one.outcome + other.outcome), other.given)
            factors[factors.index(other)] = merged

    def condition(self, above: Factors, below: Factors) -> None:
        """P(a, b | c) / P(b | c) = P(a | b, c), also inside a sum over neither b nor c."""
        for divisor in list(_probabilities(below)):
            for number, factor in enumerate(above):
                quotient = self.conditioned(factor, divisor)
                if quotient is not None:
                    above[number] = quotient
                    below.remove(divisor)
                    break

    def conditioned(
        self, factor: Expression, divisor: Probability
    ) -> Expression | None:
        match factor:
            case Probability(outcome, given):
                if given != divisor.given or not set(divisor.outcome) < set(outcome):
                    return None
                rest = tuple(name for name in outcome if name not in divisor.outcome)
                return Probability(rest, self.sort(divisor.outcome + divisor.given))
            case Product(factors):
                for number, inner in enumerate(factors):
                    quotient = self.conditioned(inner, divisor)
                    if quotient is not None:
                        return self.product(
                            [*factors[:number], quotient, *factors[number + 1 :]]
                        )
            case Sum(over, summand) if not divisor.free.intersection(over):
                quotient = self.conditioned(summand, divisor)
                return None if quotient is None else Sum(over, quotient)
        return None

    def sum(self, over: set[str], summand: Expression) -> Expression:
        above, below = _fraction(summand)
        while (summed := _sum_out_one(over, above, below)) is not None:
            over = over - {summed}
        if not over:
            return self.quotient(above, below)
        inside_above, outside_above = _split(above, over)
        inside_below, outside_below = _split(below, over)
        inner = self.quotient(inside_above, inside_below)
        if isinstance(inner, Sum):
            over = over.union(inner.over)
            inner = inner.summand
        return self.quotient(
            [*outside_above, Sum(self.sort(over), inner)], outside_below
        )


def _fraction(*expressions: Expression) -> tuple[Factors, Factors]:
    """The factors in the numerator and the denominator of a product."""
    above: Factors = []
    below: Factors = []
    for expression in expressions:
        match expression:
            case Product(factors):
                numerators, denominators = _fraction(*factors)
                above += numerators
                below += denominators
            case Quotient(numerator, denominator):
                above += _fraction(numerator)[0]
                below += _fraction(denominator)[0]
            case _:
                above.append(expression)
    return above, below


def _split(factors: Factors, over: set[str]) -> tuple[Factors, Factors]:
    """The factors that depend on some variables, and the others."""
    dependent = [factor for factor in factors if factor.free & over]
    others = [factor for factor in factors if not factor.free & over]
    return dependent, others


def _probabilities(factors: Factors) -> list[Probability]:
    return [factor for factor in factors if isinstance(factor, Probability)]


def _mergeable(factors: Factors) -> tuple[Probability, Probability] | None:
    """P(a | b, c) and P(b | c) among the factors."""
    for one, other in permutations(_probabilities(factors), 2):
        if set(one.given) == set(other.outcome) | set(other.given):
            return one, other
    return None


def _sum_out_one(
    over: set[str],
    above: Factors,
    below: Factors,
) -> str | None:
    """Sum out one variable that a single probability is about, and return its name.

    Parameters
    ----------
    over : set of str
        The variables of the sum.
    above, below : list of Expression
        The factors of the summand; changed in place.

    Returns
    -------
    str or None
        None where there is no such variable.
    """
    for name in sorted(over):
        holders = [factor for factor in above + below if name in factor.free]
        holder = holders[0]
        if len(holders) > 1 or not isinstance(holder, Probability):
            continue
        if holder not in above or name not in holder.outcome:
            continue
        rest = tuple(other for other in holder.outcome if other != name)
        replacement: Factors = [Probability(rest, holder.given)] if rest else []
        remaining = [
            factor for factor in above + below if factor is not holder
        ] + replacement
        free = frozenset().union(*(factor.free for factor in remaining))
        if over - {name} <= free:
            number = above.index(holder)
            above[number : number + 1] = replacement
            return name
    return None
