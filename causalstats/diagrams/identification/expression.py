"""What an answer is in terms of the observed distribution: probabilities, sums, products and quotients of them.

Sums bind their variables as functions do: inside `Sum(("s",), ...)` the variable s is the sum's own, whatever s means outside. Printed, it then gets a prime.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from causalstats.errors import ModelError


class _Printed:
    """What every expression can do; `free` are the variables whose values it depends on, `variables` those that it is about, summed over or not."""

    free: Any
    variables: Any

    def text(self, taken: Iterable[str] = ()) -> str:
        """In plain characters; sums keep off the names of what is `taken` beside it."""
        return _text(self, {name: name for name in self.free.union(taken)}, _PLAIN)

    def latex(self, taken: Iterable[str] = ()) -> str:
        return _text(self, {name: name for name in self.free.union(taken)}, _LATEX)

    def __str__(self) -> str:
        return self.text()

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


@dataclass(frozen=True)
class Probability(_Printed):
    """P(of | given) in the observed distribution."""

    of: tuple[str, ...]
    given: tuple[str, ...] = ()

    @cached_property
    def free(self) -> frozenset[str]:
        return frozenset(self.of + self.given)

    @property
    def variables(self) -> frozenset[str]:
        return self.free


@dataclass(frozen=True)
class Product(_Printed):
    """Of none, the number one."""

    factors: tuple[Expression, ...] = ()

    @cached_property
    def free(self) -> frozenset[str]:
        return frozenset().union(*(factor.free for factor in self.factors))

    @property
    def variables(self) -> frozenset[str]:
        return frozenset().union(*(factor.variables for factor in self.factors))


@dataclass(frozen=True)
class Sum(_Printed):
    """Over every level of some variables that the summand depends on."""

    over: tuple[str, ...]
    summand: Expression

    def __post_init__(self) -> None:
        if not self.over or not self.summand.free.issuperset(self.over):
            raise ModelError(
                f"Expected a sum over variables that {self.summand} depends on; got {list(self.over)}."
            )

    @cached_property
    def free(self) -> frozenset[str]:
        return self.summand.free.difference(self.over)

    @property
    def variables(self) -> frozenset[str]:
        return self.summand.variables


@dataclass(frozen=True)
class Quotient(_Printed):
    numerator: Expression
    denominator: Expression

    @cached_property
    def free(self) -> frozenset[str]:
        return self.numerator.free | self.denominator.free

    @property
    def variables(self) -> frozenset[str]:
        return self.numerator.variables | self.denominator.variables


Expression = Probability | Product | Sum | Quotient


@dataclass(frozen=True)
class _Style:
    name: Callable[[str], str]
    probability: str
    given: str
    sum: Callable[[list[str]], str]
    quotient: str
    brackets: str


def latex_name(name: str) -> str:
    """z_2 for z2 and z, upright for words; primes stay primes."""
    bare = name.rstrip("'")
    if letter := re.fullmatch(r"([A-Za-z])_?(\d*)", bare):
        symbol = letter[1] + (f"_{{{letter[2]}}}" if letter[2] else "")
    else:
        symbol = (
            "\\mathrm{"
            + re.sub(r"([#$%&_{}])", r"\\\1", bare.replace("\\", "/")).replace(" ", "\\ ")
            + "}"
        )
    return symbol + name[len(bare) :]


_PLAIN = _Style(
    name=str,
    probability="P({})",
    given=" | ",
    sum=lambda over: f"Σ_{over[0]} " if len(over) == 1 else f"Σ_{{{', '.join(over)}}} ",
    quotient="{} / {}",
    brackets="[{}]",
)
_LATEX = _Style(
    name=latex_name,
    probability="P({})",
    given=" \\mid ",
    sum=lambda over: f"\\sum_{{{', '.join(over)}}} ",
    quotient="\\frac{{{}}}{{{}}}",
    brackets="\\left[{}\\right]",
)


def _text(expression: Any, symbols: dict[str, str], style: _Style) -> str:
    """With the symbol that each variable has here; a sum's variable gets primes until no other in sight has its symbol."""
    match expression:
        case Probability(of, given):
            sides = [
                ", ".join(style.name(symbols[name]) for name in side)
                for side in (of, given)
                if side
            ]
            return style.probability.format(style.given.join(sides))
        case Product(factors):
            return _product_text(factors, symbols, style)
        case Sum(over, summand):
            inside = {name: symbol for name, symbol in symbols.items() if name not in over}
            for name in over:
                fresh = name
                while fresh in symbols.values() or fresh in inside.values():
                    fresh += "'"
                inside[name] = fresh
            return style.sum([style.name(inside[name]) for name in over]) + _text(
                summand, inside, style
            )
        case Quotient(numerator, denominator):
            parts = [_text(part, symbols, style) for part in (numerator, denominator)]
            if style is _PLAIN:
                parts = [
                    text if isinstance(part, Probability) else style.brackets.format(text)
                    for part, text in zip((numerator, denominator), parts, strict=True)
                ]
            return style.quotient.format(*parts)
    raise TypeError(f"Expected an expression; got {expression!r}.")


def _product_text(factors: tuple[Expression, ...], symbols: dict[str, str], style: _Style) -> str:
    """A sum reaches to the end of its product, so one that is not the last factor stands in brackets."""
    if not factors:
        return "1"
    texts = []
    for place, factor in enumerate(factors):
        text = _text(factor, symbols, style)
        last = place == len(factors) - 1
        bare = (
            isinstance(factor, Probability)
            or (isinstance(factor, Sum) and last)
            or (isinstance(factor, Quotient) and style is _LATEX)
        )
        texts.append(text if bare or len(factors) == 1 else style.brackets.format(text))
    return " ".join(texts)
