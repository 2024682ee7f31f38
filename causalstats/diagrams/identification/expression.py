"""Symbolic formulas in the observed distribution: probabilities, sums, products, quotients.

Sums bind their variables as functions do: inside `Sum(("s",), ...)` the variable s belongs to the
sum, whatever s means outside. In print it then gets a prime.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from causalstats.errors import ModelError


class _Printable:
    """The text of a formula.

    `free` are the variables whose values it depends on, `variables` also those summed over.
    """

    free: Any
    variables: Any

    def text(self, taken: Iterable[str] = ()) -> str:
        """Return the formula in plain characters.

        Parameters
        ----------
        taken : iterable of str
            Names that stand beside the formula, which sums then do not use.

        Returns
        -------
        str
        """
        return _text(self, {name: name for name in self.free.union(taken)}, _PLAIN)

    def latex(self, taken: Iterable[str] = ()) -> str:
        """Return the formula in LaTeX.

        Parameters
        ----------
        taken : iterable of str
            Names that stand beside the formula, which sums then do not use.

        Returns
        -------
        str
        """
        return _text(self, {name: name for name in self.free.union(taken)}, _LATEX)

    def __str__(self) -> str:
        return self.text()

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


@dataclass(frozen=True)
class Probability(_Printable):
    """P(outcome | given) in the observed distribution.

    Parameters
    ----------
    outcome, given : tuple of str

    Examples
    --------
    >>> print(Probability(("y",), ("x",)))
    P(y | x)
    """

    outcome: tuple[str, ...]
    given: tuple[str, ...] = ()

    @cached_property
    def free(self) -> frozenset[str]:
        """The variables whose values the probability depends on."""
        return frozenset(self.outcome + self.given)

    @property
    def variables(self) -> frozenset[str]:
        """All variables."""
        return self.free


@dataclass(frozen=True)
class Product(_Printable):
    """A product of formulas; of no factors, the number one.

    Parameters
    ----------
    factors : tuple of Expression

    Examples
    --------
    >>> print(Product((Probability(("y",), ("x",)), Probability(("x",)))))
    P(y | x) P(x)
    """

    factors: tuple[Expression, ...] = ()

    @cached_property
    def free(self) -> frozenset[str]:
        """The variables whose values the product depends on."""
        return frozenset().union(*(factor.free for factor in self.factors))

    @property
    def variables(self) -> frozenset[str]:
        """All variables, those that are summed over included."""
        return frozenset().union(*(factor.variables for factor in self.factors))


@dataclass(frozen=True)
class Sum(_Printable):
    """The sum of a formula over every level of some variables that it depends on.

    Parameters
    ----------
    over : tuple of str
    summand : Expression

    Raises
    ------
    ModelError
        If the summand does not depend on one of the variables.

    Examples
    --------
    >>> print(Sum(("x",), Probability(("x", "y"))))
    Σ_x P(x, y)
    """

    over: tuple[str, ...]
    summand: Expression

    def __post_init__(self) -> None:
        if not self.over or not self.summand.free.issuperset(self.over):
            raise ModelError(
                f"Expected a sum over variables that {self.summand} depends on; "
                f"got {list(self.over)}."
            )

    @cached_property
    def free(self) -> frozenset[str]:
        """The variables whose values the sum depends on."""
        return self.summand.free.difference(self.over)

    @property
    def variables(self) -> frozenset[str]:
        """All variables, those that are summed over included."""
        return self.summand.variables


@dataclass(frozen=True)
class Quotient(_Printable):
    """The quotient of two formulas.

    Parameters
    ----------
    numerator, denominator : Expression

    Examples
    --------
    >>> print(Quotient(Probability(("x", "y")), Probability(("x",))))
    P(x, y) / P(x)
    """

    numerator: Expression
    denominator: Expression

    @cached_property
    def free(self) -> frozenset[str]:
        """The variables whose values the quotient depends on."""
        return self.numerator.free | self.denominator.free

    @property
    def variables(self) -> frozenset[str]:
        """All variables, those that are summed over included."""
        return self.numerator.variables | self.denominator.variables


Expression = Probability | Product | Sum | Quotient


def renamed(
    expression: Expression,
    name: str,
    other: str,
) -> Expression:
    """Return a formula with another name for a variable where it is free.

    Parameters
    ----------
    expression : Expression
    name, other : str
    """

    def rename(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(other if each == name else each for each in names)

    match expression:
        case Probability(outcome, given):
            return Probability(rename(outcome), rename(given))
        case Product(factors):
            return Product(tuple(renamed(factor, name, other) for factor in factors))
        case Sum(over, summand):
            return (
                expression if name in over else Sum(over, renamed(summand, name, other))
            )
        case Quotient(numerator, denominator):
            return Quotient(
                renamed(numerator, name, other), renamed(denominator, name, other)
            )


@dataclass(frozen=True)
class _Style:
    """The notation of names, probabilities, sums and quotients."""

    name: Callable[[str], str]
    probability: str
    given: str
    sum: Callable[[list[str]], str]
    quotient: str
    brackets: str


def latex_name(name: str) -> str:
    """Return a variable in LaTeX: z_2 for z2 and z, upright words, primes as they are.

    Examples
    --------
    >>> print(latex_name("z2'"), latex_name("lung"))
    z_{2}' \\mathrm{lung}
    """
    bare = name.rstrip("'")
    primes = name[len(bare) :]
    if letter := re.fullmatch(r"([A-Za-z])_?(\d*)", bare):
        index = f"_{{{letter[2]}}}" if letter[2] else ""
        return letter[1] + index + primes
    escaped = re.sub(r"([#$%&_{}])", r"\\\1", bare.replace("\\", "/"))
    word = escaped.replace(" ", "\\ ")
    return f"\\mathrm{{{word}}}{primes}"


def _plain_sum(over: list[str]) -> str:
    return f"Σ_{over[0]} " if len(over) == 1 else f"Σ_{{{', '.join(over)}}} "


def _latex_sum(over: list[str]) -> str:
    return f"\\sum_{{{', '.join(over)}}} "


_PLAIN = _Style(
    name=str,
    probability="P({})",
    given=" | ",
    sum=_plain_sum,
    quotient="{} / {}",
    brackets="[{}]",
)
_LATEX = _Style(
    name=latex_name,
    probability="P({})",
    given=" \\mid ",
    sum=_latex_sum,
    quotient="\\frac{{{}}}{{{}}}",
    brackets="\\left[{}\\right]",
)


def _text(
    expression: Any,
    symbols: Mapping[str, str],
    style: _Style,
) -> str:
    """The text of a formula.

    Parameters
    ----------
    expression : Expression
    symbols : mapping of str to str
        The symbol of each variable in sight.
    style : _Style
    """
    match expression:
        case Probability(outcome, given):
            sides = []
            for side in filter(None, (outcome, given)):
                sides.append(", ".join(style.name(symbols[name]) for name in side))
            return style.probability.format(style.given.join(sides))
        case Product(factors):
            return _product_text(factors, symbols, style)
        case Sum(over, summand):
            inside = _with_fresh_symbols(over, symbols)
            bound = [style.name(inside[name]) for name in over]
            return style.sum(bound) + _text(summand, inside, style)
        case Quotient(numerator, denominator):
            sides = [
                _side_text(side, symbols, style) for side in (numerator, denominator)
            ]
            return style.quotient.format(*sides)
    raise TypeError(f"Expected an expression; got {expression!r}.")


def _with_fresh_symbols(
    over: tuple[str, ...], symbols: Mapping[str, str]
) -> dict[str, str]:
    """The symbols inside a sum: its variables get primes until no other has their symbol."""
    inside = {name: symbol for name, symbol in symbols.items() if name not in over}
    for name in over:
        symbol = name
        while symbol in symbols.values() or symbol in inside.values():
            symbol += "'"
        inside[name] = symbol
    return inside


def _side_text(
    side: Expression,
    symbols: Mapping[str, str],
    style: _Style,
) -> str:
    """One side of a quotient, in brackets where it needs them.

    Parameters
    ----------
    side : Expression
    symbols : mapping of str to str
    style : _Style
    """
    text = _text(side, symbols, style)
    if style is _LATEX or isinstance(side, Probability):
        return text
    return style.brackets.format(text)


def _product_text(
    factors: tuple[Expression, ...],
    symbols: Mapping[str, str],
    style: _Style,
) -> str:
    """A product. A sum reaches to its end, so a sum that is not the last factor has brackets.

    Parameters
    ----------
    factors : tuple of Expression
    symbols : mapping of str to str
    style : _Style
    """
    if not factors:
        return "1"
    texts = []
    for number, factor in enumerate(factors, start=1):
        text = _text(factor, symbols, style)
        match factor:
            case Probability():
                bare = True
            case Sum():
                bare = number == len(factors)
            case Quotient():
                bare = style is _LATEX
            case _:
                bare = False
        texts.append(text if bare or len(factors) == 1 else style.brackets.format(text))
    return " ".join(texts)
