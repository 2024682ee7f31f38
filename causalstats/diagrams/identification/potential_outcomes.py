"""Potential outcomes y[x=1] and the text of counterfactual queries: "P(y[x=1]=1, y[x=0]=0 | z=1)".

A variable in brackets after another is set in the world of that one; without brackets it is what is
seen. What is set may be a potential outcome itself (a nested counterfactual), as in
y[x=1, m=m[x=0]]; and an arrow may carry another value than the variable has for its other effects
(an edge intervention), as in y[x=0, x -> y=1].

References
----------
Shpitser & Pearl (2007), What counterfactuals can be tested, UAI. Correa, Lee & Bareinboim (2021),
Nested counterfactual identification from arbitrary surrogate experiments, NeurIPS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from causalstats.errors import ModelError

Target = str | tuple[str, str]
"""A variable that is set, or an arrow (cause, effect) that carries another value."""

_TOKEN = re.compile(
    r'\s*(?:(?P<arrow>->|→)|(?P<mark>[\[\](),=|])|"(?P<quoted>[^"]*)"'
    r"|(?P<word>[-+]?[\w.]+))"
)
_HELP = (
    'Write e.g. "P(y[x=1]=1, y[x=0]=0 | z=1)": y in the world where x is set to 1, and so on; '
    "names and levels with other characters in double quotes."
)


@dataclass(frozen=True)
class PotentialOutcome:
    """A variable in the world where others are set; what is seen where nothing is.

    Parameters
    ----------
    variable : str
    do : tuple of (variable or (cause, effect), level or PotentialOutcome)

    Examples
    --------
    >>> print(PotentialOutcome("y", (("x", 1),)))
    y[x=1]
    """

    variable: str
    do: tuple[tuple[Target, Any], ...] = ()

    def __str__(self) -> str:
        if not self.do:
            return self.variable
        settings = []
        for target, value in self.do:
            name = target if isinstance(target, str) else " -> ".join(target)
            settings.append(f"{name}={value}")
        return f"{self.variable}[{', '.join(settings)}]"


Event = tuple[PotentialOutcome, Any]
"""A potential outcome with the level that it has."""


def parse_query(text: str) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Return the events of a counterfactual query, and those that it is given.

    Levels are read as whole numbers or numbers where they look like it.

    Parameters
    ----------
    text : str

    Returns
    -------
    event, given : tuple of (PotentialOutcome, level)

    Raises
    ------
    ModelError
        If the text is no such query.

    Examples
    --------
    >>> event, given = parse_query("P(y[x=1]=1 | x=0)")
    >>> print(event[0][0], event[0][1], given[0][0], given[0][1])
    y[x=1] 1 x 0
    """
    reader = _Reader(text, _tokens(text))
    reader.expect("P")
    reader.expect("(")
    event = reader.events()
    given: tuple[Event, ...] = ()
    if reader.take("|"):
        given = reader.events()
    reader.expect(")")
    if reader.position < len(reader.tokens):
        raise reader.unreadable()
    return event, given


def event_in_words(events: tuple[Event, ...]) -> str:
    """Return events as a query writes them: "y[x=1]=1, z=0"."""
    parts = [
        f"{outcome}" if level is None else f"{outcome}={level}"
        for outcome, level in events
    ]
    return ", ".join(parts)


def arrow_of(name: str) -> Target:
    """Return the arrow that a text such as "x -> y" names, or the variable of another text."""
    parts = [part.strip() for part in re.split("->|→", name)]
    if len(parts) == 2 and all(parts):
        return parts[0], parts[1]
    return name


def world_of(do: Mapping[str, Any]) -> tuple[tuple[Target, Any], ...]:
    """Return what is set in a world, with arrows such as "x -> y" read."""
    return tuple((arrow_of(name), value) for name, value in do.items())


def _tokens(text: str) -> list[tuple[str, str]]:
    """Return the kind and the text of each token."""
    tokens = []
    start = 0
    end = len(text.rstrip())
    while start < end:
        token = _TOKEN.match(text, start)
        if token is None:
            raise ModelError(
                f"Expected a counterfactual query, got {text!r}, which cannot be read at "
                f"{text[start : start + 20]!r}. {_HELP}"
            )
        kind = token.lastgroup or ""
        word = token.group(kind)
        tokens.append((kind, "->" if kind == "arrow" else word))
        start = token.end()
    return tokens


@dataclass
class _Reader:
    """The tokens of a query, and how far they were read."""

    text: str
    tokens: list[tuple[str, str]]
    position: int = 0

    def unreadable(self) -> ModelError:
        rest = "".join(word for _, word in self.tokens[self.position :])
        where = f"at {rest[:20]!r}" if rest else "since it ends too early"
        return ModelError(
            f"Expected a counterfactual query, got {self.text!r}, which cannot be read {where}. "
            f"{_HELP}"
        )

    def peek(self) -> tuple[str, str]:
        if self.position == len(self.tokens):
            return "end", ""
        return self.tokens[self.position]

    def take(self, word: str) -> bool:
        """Read a token if it is this one."""
        kind, text = self.peek()
        if kind == "quoted" or text != word:
            return False
        self.position += 1
        return True

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise self.unreadable()

    def name(self) -> str:
        kind, text = self.peek()
        if kind not in ("word", "quoted"):
            raise self.unreadable()
        self.position += 1
        return text

    def events(self) -> tuple[Event, ...]:
        events = [self.event()]
        while self.take(","):
            events.append(self.event())
        return tuple(events)

    def event(self) -> Event:
        outcome = self.potential_outcome(self.name())
        self.expect("=")
        return outcome, self.level()

    def potential_outcome(self, variable: str) -> PotentialOutcome:
        if not self.take("["):
            return PotentialOutcome(variable)
        settings: list[tuple[Target, Any]] = []
        while not self.take("]"):
            if settings:
                self.expect(",")
            settings.append(self.setting())
        return PotentialOutcome(variable, tuple(settings))

    def setting(self) -> tuple[Target, Any]:
        target: Target = self.name()
        if self.take("->"):
            target = (str(target), self.name())
        self.expect("=")
        return target, self.value()

    def value(self) -> Any:
        """Read a level, or a potential outcome, which has brackets."""
        kind, text = self.peek()
        after = self.tokens[self.position + 1 : self.position + 2]
        if kind in ("word", "quoted") and after == [("mark", "[")]:
            self.position += 1
            return self.potential_outcome(text)
        return self.level()

    def level(self) -> Any:
        kind, _ = self.peek()
        text = self.name()
        return text if kind == "quoted" else _number_or_text(text)


def _number_or_text(text: str) -> Any:
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
