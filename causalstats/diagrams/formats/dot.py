"""Causal models in the language of DOT, which Graphviz draws and dagitty.net speaks a dialect of.

    dag { smoking [exposure] cancer [outcome] smoking -> tar -> cancer  smoking <-> cancer }
    digraph { smoking -> tar -> cancer; mood [latent]; mood -> {smoking cancer} }

Nodes are hidden that are `latent`, `hidden`, `unobserved` or `observed=no`; `exposure`, `outcome`, `adjusted` and `selected` are
roles, by dagitty's short forms too; an edge with `dir=both` is `<->`. Attributes that have a value and are none of these, such as
positions, colours, labels and path coefficients, change no answer and are read over. A flag that is none of these is refused.
"""

from __future__ import annotations

import re
from itertools import pairwise, product

import networkx as nx

from causalstats.diagrams.core.roles import WORDS, Roles
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.formats.causal_graph import network
from causalstats.diagrams.formats.notation import ARROWS
from causalstats.diagrams.formats.python_code import arcs
from causalstats.errors import ModelError

_REMARKS = re.compile(r"(?:\s+|//[^\n]*|\#[^\n]*|/\*.*?\*/)*", re.DOTALL)
_HEADER = re.compile(
    r'(?:strict\s+)?(?P<kind>dag|digraph|graph|mag|pdag|pag)\b\s*(?:(?:"[^"]*"|[\w.]+)\s*)?\{',
    re.IGNORECASE,
)
_BRACKETS = re.compile(r'^(?:[^"\[{#]|"[^"]*"|\#[^\n]*)*[\[{]')
_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|\#[^\n]*|/\*.*?\*/)|(?P<arrow><->|->|<-|--|→|←|↔)"
    r'|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<name>[\w.]+|-[\d.]+)|(?P<sign>[{}\[\]=,;])',
    re.DOTALL,
)
_KEYWORDS = {"graph", "node", "edge", "subgraph"}
_DEEPEST = 50  # braces within each other
_NO = ("no", "false", "0", "")
_LOOKS = {"solid", "dashed", "dotted", "bold", "filled", "invis", "rounded"}
Token = tuple[str, str]


def is_dot(text: str) -> bool:
    """Whether a text is to be read as DOT: it has its header, or brackets and braces, which our own notation has not."""
    start = _REMARKS.match(text)
    return bool(_HEADER.match(text, start.end() if start else 0) or _BRACKETS.match(text))


def read_dot(text: str) -> Diagram:
    """The causal model of a graph in DOT or in dagitty's dialect of it; without a header it is dagitty's.

    Raises
    ------
    ModelError
        If the text is not DOT, has edges without a direction, or says something of a variable that would be lost.
    """
    start = _REMARKS.match(text)
    header = _HEADER.match(text, start.end() if start else 0)
    if header is None:
        return _read(_tokens(text, 0) + [("sign", "}")])
    if header["kind"].lower() in ("graph", "mag", "pdag", "pag"):
        raise ModelError(
            f"Expected a graph whose edges all have a direction (dag or digraph), got a {header['kind'].lower()}. "
            "If its arrows are causal, call it a dag."
        )
    return _read(_tokens(text, header.end()))


def _read(tokens: list[Token]) -> Diagram:
    reader = _Reader(tokens)
    reader.statements()
    if reader.tokens:
        raise ModelError(
            f"Expected one graph, which ends with its closing brace; {reader.tokens[-1][1]!r} comes after it."
        )
    if not reader.graph:
        raise ModelError(
            "Expected a diagram with at least one variable, got an empty graph. Write e.g. `dag { x -> y }`."
        )
    has: dict[str, list[str]] = {role: [] for role in dict.fromkeys(WORDS.values())}
    for name, said in reader.said.items():
        for role in roles_of(name, said):
            has[role].append(name)
    selected, hidden = has["selected"], has.pop("hidden")
    made = network(reader.graph, [*hidden, *selected], reader.confounded)
    return made.with_roles(**has) if any(has.values()) else made


def roles_of(name: str, said: dict[str, str]) -> set[str]:
    """The roles that the attributes of a node give it, "hidden" among them.

    Raises
    ------
    ModelError
        If a flag is none that is known: it may be a role misspelt, and would be lost.
    """
    found = set()
    for key, value in said.items():
        yes = value.lower() not in _NO
        if key == "observed":
            found |= set() if yes else {"hidden"}
        elif key in WORDS:
            found |= {WORDS[key]} if yes else set()
        elif key in ("role", "roles", "type") and value.lower() in WORDS:
            found.add(WORDS[value.lower()])
        elif value == _FLAG and key not in _LOOKS:
            raise ModelError(
                f"Expected {name!r} to be latent, exposure, outcome, adjusted or selected, got [{key}], which would be lost. "
                "Leave it out, or write it as an attribute with a value, such as label."
            )
    return found


_FLAG = "yes, by a word alone"


def _tokens(text: str, at: int) -> list[Token]:
    tokens = []
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ModelError(
                f"Expected DOT, could not read {text[at : at + 20]!r}. Names that are no plain words stand in double quotes; "
                "arrows are ->, <- and <->."
            )
        if token.lastgroup == "quoted":
            tokens.append(("name", re.sub(r"\\(.)", r"\1", token.group()[1:-1], flags=re.DOTALL)))
        elif token.lastgroup != "space":
            keyword = token.group().lower() in _KEYWORDS
            written = ARROWS.get(token.group(), token.group())
            tokens.append(("keyword" if keyword else token.lastgroup or "", written))
        at = token.end()
    return tokens


class _Reader:
    """Reads statements off the front of a list of tokens into a graph."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens[::-1]
        self.graph = nx.DiGraph()
        self.said: dict[str, dict[str, str]] = {}
        self.confounded: list[tuple[str, str]] = []
        self.depth = 0
        self.defaults: dict[str, dict[str, str]] = {"node": {}, "edge": {}, "graph": {}}

    def peek(self) -> str:
        """The text of the next token unless that is a name."""
        return self.tokens[-1][1] if self.tokens and self.tokens[-1][0] != "name" else ""

    def next(self, kind: str, *texts: str) -> str:
        if (
            not self.tokens
            or self.tokens[-1][0] != kind
            or (texts and self.tokens[-1][1] not in texts)
        ):
            wanted = " or ".join(map(repr, texts)) or f"a {kind}"
            got = self.tokens[-1][1] if self.tokens else "the end"
            quoted = f' A variable of that name stands in double quotes, "{got}".'
            raise ModelError(
                f"Expected {wanted}, got {got!r}; the graph ends with a closing brace."
                + quoted * (got.lower() in _KEYWORDS)
            )
        return self.tokens.pop()[1]

    def statements(self) -> list[str]:
        """Everything up to the closing brace; the nodes named there."""
        named: list[str] = []
        while self.peek() != "}":
            if self.peek() in (";", ","):
                self.tokens.pop()
            else:
                named += self.statement()
        self.next("sign", "}")
        return named

    def statement(self) -> list[str]:
        if (keyword := self.peek().lower()) in self.defaults:  # said of all that follow
            self.tokens.pop()
            self.defaults[keyword] = {**self.defaults[keyword], **self.attributes()}
            return []
        groups, arrows = [self.group()], list[str]()
        if self.peek() == "=":  # a setting of the whole graph
            self.tokens.pop()
            self.next("name")
            return []
        while self.tokens and self.tokens[-1][0] == "arrow":
            arrows.append(self.tokens.pop()[1])
            groups.append(self.group())
        said = self.attributes()
        for name in (name for group in groups for name in group):
            self.graph.add_node(name)
            self.said.setdefault(name, dict(self.defaults["node"])).update({} if arrows else said)
        if arrows:
            said = {**self.defaults["edge"], **said}
            if lost := sorted(key for key, value in said.items() if value == _FLAG):
                raise ModelError(
                    f"Expected [{lost[0]}] to be said of a variable, got it of an arrow. Say it in a statement of its own, "
                    f"`{groups[-1][-1] if groups[-1] else 'x'} [{lost[0]}]`."
                )
        for (left, right), arrow in zip(pairwise(groups), arrows, strict=True):
            self.edges(left, right, arrow, said.get("dir", "forward").lower())
        return [name for group in groups for name in group]

    def edges(self, left: list[str], right: list[str], arrow: str, direction: str) -> None:
        if arrow == "--" or direction == "none":
            raise ModelError(
                f"Expected edges with a direction, got {', '.join(left)} -- {', '.join(right)}."
            )
        if arrow == "<->" or direction == "both":
            self.confounded += product(left, right)
        else:
            backwards = (arrow == "<-") != (direction == "back")
            self.graph.add_edges_from(product(right, left) if backwards else product(left, right))

    def group(self) -> list[str]:
        """A node, or several in braces."""
        if self.peek().lower() == "subgraph":
            self.tokens.pop()
            if self.peek() != "{":
                self.next("name")
        if self.peek() == "{":
            self.tokens.pop()
            self.depth += 1
            if self.depth > _DEEPEST:
                raise ModelError(
                    f"Expected braces at most {_DEEPEST} deep within each other, got more. Write the edges one by one."
                )
            outside = self.defaults
            self.defaults = {kind: dict(said) for kind, said in outside.items()}
            named = self.statements()
            self.defaults = outside
            self.depth -= 1
            return named
        return [self.next("name")]

    def attributes(self) -> dict[str, str]:
        """What stands in brackets, a word alone meaning yes."""
        said: dict[str, str] = {}
        while self.peek() == "[":
            self.tokens.pop()
            while self.peek() != "]":
                if self.peek() in (",", ";"):
                    self.tokens.pop()
                    continue
                key, value = self.next("name").lower(), _FLAG
                if self.peek() == "=":
                    self.tokens.pop()
                    value = self.next("name")
                said[key] = value
            self.tokens.pop()
        return said


def dagitty_of(diagram: Diagram) -> str:
    """See `Diagram.to_dagitty`."""
    return _as_read(diagram, "dag", "latent", "{} <-> {}")


def dot_of(diagram: Diagram) -> str:
    """See `Diagram.to_dot`."""
    return _as_read(
        diagram, "digraph", "hidden=true, style=dashed", "{} -> {} [dir=both, style=dashed]"
    )


def _as_read(diagram: Diagram, kind: str, mark: str, both: str) -> str:
    """The text with confounded pairs as double arrows if it is read as the same model, or else with their roots as nodes."""
    if not diagram.is_network or any(box.kind != "mechanism" for box in diagram.boxes):
        raise ModelError(
            "Expected the diagram of a causal model, got one after surgery or with inputs; draw that one with `draw`, `to_svg` or `to_tikz`."
        )
    bare = diagram.without_levels()
    short, long = (_text(diagram, kind, mark, both, shorten) for shorten in (True, False))
    return short if read_dot(short) == bare else long


def _text(diagram: Diagram, kind: str, mark: str, both: str, short: bool) -> str:
    roots = arcs(diagram) if short else {}
    named = {name: _quoted(name) for name in diagram.variables}
    marks = {name: _marks(diagram.roles, name) for name in diagram.variables}
    for name in set(diagram.hidden).difference(diagram.roles.selected):
        marks[name] = [mark, *marks[name]]
    lines = [
        named[name] + (f" [{', '.join(marks[name])}]" if marks[name] else "")
        for name in diagram.variables
        if name not in roots
    ]
    lines += [
        f"{named[cause]} -> {named[name]}"
        for name in diagram.variables
        for cause in diagram.parents(name)
        if cause not in roots
    ]
    lines += [both.format(named[left], named[right]) for left, right in roots.values()]
    return "\n".join([f"{kind} {{", *(f"  {line}" for line in lines), "}"])


def _marks(roles: Roles, name: str) -> list[str]:
    """The roles of a variable in dagitty's words."""
    return ["exposure" if role == "treatment" else role for role in roles.of(name)]


def _quoted(name: str) -> str:
    plain = re.fullmatch(r"[^\W\d]\w*", name) and name.lower() not in _KEYWORDS
    return name if plain else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
