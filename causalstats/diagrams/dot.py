"""Causal models in the language of DOT, which Graphviz draws and dagitty.net speaks a dialect of.

    dag { smoking [exposure] cancer [outcome] smoking -> tar -> cancer  smoking <-> cancer }
    digraph { smoking -> tar -> cancer; mood [latent]; mood -> {smoking cancer} }

Nodes are hidden that are `latent`, `hidden`, `unobserved` or `observed=no`; an edge with `dir=both` is `<->`. What else is said of nodes, such as who is
the exposure, is a question put to a model and no part of it; it is read over, as are positions and colours.
"""

from __future__ import annotations

import re
from itertools import pairwise, product

import networkx as nx

from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.network import network
from causalstats.diagrams.written import arcs
from causalstats.errors import ModelError

HEADER = re.compile(
    r'\s*(?:strict\s+)?(?P<kind>dag|digraph|graph|mag|pdag)\b\s*(?:"[^"]*"|[\w.]+)?\s*\{',
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|\#[^\n]*|/\*.*?\*/)|(?P<arrow><->|->|<-|--)"
    r'|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<name>[\w.]+|-[\d.]+)|(?P<sign>[{}\[\]=,;])',
    re.DOTALL,
)
_HIDDEN = {"latent", "hidden", "unobserved"}
_KEYWORDS = {"graph", "node", "edge", "subgraph"}
Token = tuple[str, str]


def read_dot(text: str) -> Diagram:
    """The causal model of a graph in DOT or in dagitty's dialect of it."""
    header = HEADER.match(text)
    if header is None:
        raise ModelError(f"Expected `dag {{ ... }}` or `digraph {{ ... }}`, got {text[:40]!r}.")
    if header["kind"].lower() in ("graph", "mag", "pdag"):
        raise ModelError(
            f"Expected a graph whose edges all have a direction (dag or digraph), got a {header['kind'].lower()}."
        )
    reader = _Reader(_tokens(text, header.end()))
    reader.statements()
    hidden = [name for name, said in reader.said.items() if _is_hidden(said)]
    return network(reader.graph, hidden, reader.confounded)


def _is_hidden(said: dict[str, str]) -> bool:
    marked = any(said.get(mark, "no").lower() not in ("no", "false", "0") for mark in _HIDDEN)
    return marked or said.get("observed", "yes").lower() in ("no", "false", "0")


def _tokens(text: str, at: int) -> list[Token]:
    tokens = []
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ModelError(f"Expected DOT, could not read {text[at : at + 20]!r}.")
        if token.lastgroup == "quoted":
            tokens.append(("name", re.sub(r"\\(.)", r"\1", token.group()[1:-1])))
        elif token.lastgroup != "space":
            keyword = token.group().lower() in _KEYWORDS
            tokens.append(("keyword" if keyword else token.lastgroup or "", token.group()))
        at = token.end()
    return tokens


class _Reader:
    """Reads statements off the front of a list of tokens into a graph."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens[::-1]
        self.graph = nx.DiGraph()
        self.said: dict[str, dict[str, str]] = {}
        self.confounded: list[tuple[str, str]] = []

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
            raise ModelError(
                f"Expected {wanted}, got {got!r}; the graph ends with a closing brace."
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
        if self.peek().lower() in _KEYWORDS - {"subgraph"}:  # how all of them look
            self.tokens.pop()
            self.attributes()
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
            self.said.setdefault(name, {}).update({} if arrows else said)
        for (left, right), arrow in zip(pairwise(groups), arrows, strict=True):
            self.edges(left, right, arrow, said.get("dir", "forward"))
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
            return self.statements()
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
                key, value = self.next("name").lower(), "yes"
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
    lines = [
        named[name] + (f" [{mark}]" if name in diagram.hidden else "")
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


def _quoted(name: str) -> str:
    plain = re.fullmatch(r"[^\W\d]\w*", name) and name.lower() not in _KEYWORDS
    return name if plain else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
