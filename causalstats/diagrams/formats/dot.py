"""Causal models in DOT, the language of Graphviz, and in dagitty's dialect of it.

    dag { smoking [exposure] cancer [outcome] smoking -> tar -> cancer  smoking <-> cancer }
    digraph { smoking -> tar -> cancer; mood [latent]; mood -> {smoking cancer} }

Nodes are hidden that are `latent`, `hidden`, `unobserved` or `observed=no`. `exposure`, `outcome`,
`adjusted` and `selected` are roles, also by dagitty's short forms. An edge with `dir=both` is
`<->`. Other attributes with a value (positions, colours, labels, path coefficients) change no
answer and are ignored. Any other flag is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise, product

import networkx as nx

from causalstats.diagrams.core.annotation import without_levels
from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.core.roles import ROLE_WORDS
from causalstats.diagrams.formats.arrow_notation import ARROWS, Token
from causalstats.diagrams.formats.causal_graph import Edge, causal_model, no_roles
from causalstats.diagrams.formats.python_code import bidirected_roots
from causalstats.errors import ModelError

Attributes = dict[str, str]

_REMARKS = re.compile(r"(?:\s+|//[^\n]*|\#[^\n]*|/\*.*?\*/)*", re.DOTALL)
_HEADER = re.compile(
    r"(?:strict\s+)?(?P<kind>dag|digraph|graph|mag|pdag|pag)\b\s*"
    r'(?:(?:"[^"]*"|[\w.]+)\s*)?\{',
    re.IGNORECASE,
)
_BRACKETS = re.compile(r'^(?:[^"\[{#]|"[^"]*"|\#[^\n]*)*[\[{]')
_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|\#[^\n]*|/\*.*?\*/)|(?P<arrow><->|->|<-|--|→|←|↔)"
    r'|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<name>[\w.]+|-[\d.]+)|(?P<sign>[{}\[\]=,;])',
    re.DOTALL,
)
_KEYWORDS = {"graph", "node", "edge", "subgraph"}
_UNDIRECTED = ("graph", "mag", "pdag", "pag")
_MAX_NESTING = 50  # of braces within each other
_FALSE_WORDS = ("no", "false", "0", "")
_LINE_STYLES = {"solid", "dashed", "dotted", "bold", "filled", "invis", "rounded"}
_FLAG = "yes, by a word alone"  # the value of an attribute without a value


def is_dot(text: str) -> bool:
    """Return whether a text is DOT: it has its header, or brackets or braces."""
    return bool(_header(text) or _BRACKETS.match(text))


def read_dot(text: str) -> Hypergraph:
    """Return the causal model of a graph in DOT; without a header the text is dagitty's.

    Raises
    ------
    ModelError
        If the text is not DOT, has edges without a direction, or has a flag that would be lost.
    """
    header = _header(text)
    if header is None:
        return _read_tokens([*_tokens(text, 0), ("sign", "}")])
    kind = header["kind"].lower()
    if kind in _UNDIRECTED:
        raise ModelError(
            "Expected a graph whose edges all have a direction (dag or digraph), "
            f"got a {kind}. If its arrows are causal, call it a dag."
        )
    return _read_tokens(_tokens(text, header.end()))


def to_dagitty(diagram: Hypergraph) -> str:
    """Return the causal model as text for dagitty.net.

    Hidden variables are latent and roles are kept; levels are left out.

    Parameters
    ----------
    diagram : Diagram

    Returns
    -------
    str

    Raises
    ------
    ModelError
        If the diagram has inputs or was changed by surgery.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> print(Diagram.parse("x -> y; x <-> y").to_dagitty())
    dag {
      x
      y
      x -> y
      x <-> y
    }
    """
    return _shortest_faithful(diagram, "dag", "latent", "{} <-> {}")


def to_dot(diagram: Hypergraph) -> str:
    """Return the causal model as text for Graphviz.

    Roles are flags and hidden variables are dashed; levels are left out.

    Parameters
    ----------
    diagram : Diagram

    Returns
    -------
    str

    Raises
    ------
    ModelError
        If the diagram has inputs or was changed by surgery.

    Examples
    --------
    >>> from causalstats import Diagram
    >>> print(Diagram.parse("x -> y").to_dot())
    digraph {
      x
      y
      x -> y
    }
    """
    mark = "hidden=true, style=dashed"
    return _shortest_faithful(
        diagram, "digraph", mark, "{} -> {} [dir=both, style=dashed]"
    )


def roles_of(name: str, attributes: Attributes) -> set[str]:
    """Return the roles that the attributes of a node give it, "hidden" among them.

    Parameters
    ----------
    name : str
    attributes : dict of str to str

    Raises
    ------
    ModelError
        If a flag is unknown: it may be a misspelt role, which would be lost.
    """
    roles = set()
    for key, value in attributes.items():
        true = value.lower() not in _FALSE_WORDS
        if key == "observed":
            if not true:
                roles.add("hidden")
        elif key in ROLE_WORDS:
            if true:
                roles.add(ROLE_WORDS[key])
        elif key in ("role", "roles", "type") and value.lower() in ROLE_WORDS:
            roles.add(ROLE_WORDS[value.lower()])
        elif value == _FLAG and key not in _LINE_STYLES:
            raise ModelError(
                f"Expected {name!r} to be latent, exposure, outcome, adjusted or selected, "
                f"got [{key}], which would be lost. Leave it out, or write it as an attribute with "
                "a value, such as label."
            )
    return roles


def _header(text: str) -> re.Match[str] | None:
    remarks = _REMARKS.match(text)
    return _HEADER.match(text, remarks.end() if remarks else 0)


def _read_tokens(tokens: list[Token]) -> Hypergraph:
    reader = _Reader(tokens)
    reader.statements()
    if reader.tokens:
        raise ModelError(
            "Expected one graph, which ends with its closing brace; "
            f"{reader.tokens[-1][1]!r} comes after it."
        )
    if not reader.graph:
        raise ModelError(
            "Expected a diagram with at least one variable, got an empty graph. "
            "Write e.g. `dag { x -> y }`."
        )
    roles = no_roles()
    for name, attributes in reader.attributes_of.items():
        for role in roles_of(name, attributes):
            roles[role].append(name)
    return causal_model(reader.graph, roles, reader.confounded)


def _tokens(text: str, start: int) -> list[Token]:
    tokens = []
    while start < len(text):
        token = _TOKEN.match(text, start)
        if token is None:
            raise ModelError(
                f"Expected DOT, could not read {text[start : start + 20]!r}. Names that are no "
                "plain words stand in double quotes; arrows are ->, <- and <->."
            )
        word = token.group()
        if token.lastgroup == "quoted":
            unescaped = re.sub(r"\\(.)", r"\1", word[1:-1], flags=re.DOTALL)
            tokens.append(("name", unescaped))
        elif word.lower() in _KEYWORDS:
            tokens.append(("keyword", word))
        elif token.lastgroup != "space":
            tokens.append((token.lastgroup or "", ARROWS.get(word, word)))
        start = token.end()
    return tokens


class _Reader:
    """A recursive-descent parser: reads statements off a list of tokens into a graph."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens[::-1]
        self.graph = nx.DiGraph()
        self.attributes_of: dict[str, Attributes] = {}
        self.confounded: list[Edge] = []
        self.depth = 0
        self.defaults: dict[str, Attributes] = {"node": {}, "edge": {}, "graph": {}}

    def peek(self) -> str:
        """The text of the next token; empty for a name."""
        return (
            self.tokens[-1][1] if self.tokens and self.tokens[-1][0] != "name" else ""
        )

    def skip(self, *texts: str) -> bool:
        """Drop the next token if it is one of these."""
        if self.peek().lower() not in texts:
            return False
        self.tokens.pop()
        return True

    def take(self, kind: str, text: str | None = None) -> str:
        """Return the text of the next token, which must be of this kind."""
        if self.tokens:
            next_kind, word = self.tokens[-1]
            if next_kind == kind and text in (None, word):
                return self.tokens.pop()[1]
        else:
            word = "the end"
        wanted = f"a {kind}" if text is None else repr(text)
        quoted = f' A variable of that name stands in double quotes, "{word}".'
        raise ModelError(
            f"Expected {wanted}, got {word!r}; the graph ends with a closing brace."
            + quoted * (word.lower() in _KEYWORDS)
        )

    def statements(self) -> list[str]:
        """Read everything up to the closing brace and return the nodes named there."""
        named: list[str] = []
        while self.peek() != "}":
            if not self.skip(";", ","):
                named += self.statement()
        self.take("sign", "}")
        return named

    def statement(self) -> list[str]:
        """Read a default, a setting, a node or a chain of edges; return the nodes named."""
        keyword = self.peek().lower()
        if keyword in self.defaults:
            self.tokens.pop()
            self.defaults[keyword] = {**self.defaults[keyword], **self.attributes()}
            return []
        groups = [self.group()]
        if self.skip("="):  # a setting of the whole graph
            self.take("name")
            return []
        arrows = []
        while self.tokens and self.tokens[-1][0] == "arrow":
            arrows.append(self.tokens.pop()[1])
            groups.append(self.group())
        attributes = self.attributes()
        self.add_nodes(groups, {} if arrows else attributes)
        if arrows:
            self.add_edges(groups, arrows, attributes)
        return [name for group in groups for name in group]

    def add_nodes(self, groups: list[list[str]], attributes: Attributes) -> None:
        for group in groups:
            for name in group:
                self.graph.add_node(name)
                known = self.attributes_of.setdefault(name, dict(self.defaults["node"]))
                known.update(attributes)

    def add_edges(
        self,
        groups: list[list[str]],
        arrows: list[str],
        attributes: Attributes,
    ) -> None:
        """Add the edges of a chain.

        Parameters
        ----------
        groups : list of lists of names
        arrows : list of str
            One between each group and the next.
        attributes : dict
            Those in brackets behind the chain.
        """
        attributes = {**self.defaults["edge"], **attributes}
        if flags := sorted(key for key, value in attributes.items() if value == _FLAG):
            name = groups[-1][-1] if groups[-1] else "x"
            raise ModelError(
                f"Expected the attribute [{flags[0]}] on a variable, got it on an arrow. Write a "
                f"separate statement, `{name} [{flags[0]}]`."
            )
        direction = attributes.get("dir", "forward").lower()
        for (left, right), arrow in zip(pairwise(groups), arrows, strict=True):
            self.add_edge(left, right, arrow, direction)

    def add_edge(
        self,
        left: list[str],
        right: list[str],
        arrow: str,
        direction: str,
    ) -> None:
        """Add the edges between two groups.

        Parameters
        ----------
        left, right : list of str
        arrow : str
        direction : str
            The attribute `dir`.
        """
        if arrow == "--" or direction == "none":
            raise ModelError(
                f"Expected edges with a direction, got {', '.join(left)} -- {', '.join(right)}."
            )
        if arrow == "<->" or direction == "both":
            self.confounded += product(left, right)
        elif (arrow == "<-") != (direction == "back"):
            self.graph.add_edges_from(product(right, left))
        else:
            self.graph.add_edges_from(product(left, right))

    def group(self) -> list[str]:
        """Read a node, or several in braces."""
        if self.skip("subgraph") and self.peek() != "{":
            self.take("name")
        if not self.skip("{"):
            return [self.take("name")]
        self.depth += 1
        if self.depth > _MAX_NESTING:
            raise ModelError(
                f"Expected braces at most {_MAX_NESTING} deep within each other, got more. Write "
                "the edges one by one."
            )
        outside = self.defaults
        self.defaults = {kind: dict(attributes) for kind, attributes in outside.items()}
        named = self.statements()
        self.defaults = outside
        self.depth -= 1
        return named

    def attributes(self) -> Attributes:
        """Read attributes in brackets; one without a value is a flag."""
        attributes: Attributes = {}
        while self.skip("["):
            while not self.skip("]"):
                if self.skip(",", ";"):
                    continue
                key = self.take("name").lower()
                attributes[key] = self.take("name") if self.skip("=") else _FLAG
        return attributes


def _shortest_faithful(
    diagram: Hypergraph,
    kind: str,
    mark: str,
    both: str,
) -> str:
    """The text with bidirected edges if it reads back as the same model, else with hidden nodes.

    Parameters
    ----------
    diagram : Hypergraph
    kind : str
        The word before the brace.
    mark : str
        The attributes of a hidden variable.
    both : str
        The form of a bidirected edge.
    """
    if not diagram.is_network or any(box.kind != "mechanism" for box in diagram.boxes):
        raise ModelError(
            "Expected the diagram of a causal model, got one after surgery or with inputs; draw "
            "that one with `draw`, `to_svg` or `to_tikz`."
        )
    roots = bidirected_roots(diagram)
    double_arrows = [
        both.format(_quoted(one), _quoted(other)) for one, other in roots.values()
    ]
    short = _graph_text(diagram, kind, mark, roots, double_arrows)
    if read_dot(short) == without_levels(diagram):
        return short
    return _graph_text(diagram, kind, mark)


def _graph_text(
    diagram: Hypergraph,
    kind: str,
    mark: str,
    left_out: Iterable[str] = (),
    more_lines: Iterable[str] = (),
) -> str:
    """Nodes, arrows and further lines between braces.

    Parameters
    ----------
    diagram : Hypergraph
    kind, mark : str
        The word before the brace, and the attributes of a hidden variable.
    left_out : iterable of str
        Hidden variables that stand in `more_lines` as bidirected edges.
    more_lines : iterable of str
    """
    variables = [name for name in diagram.variables if name not in left_out]
    lines = [_quoted(name) + _marks(diagram, name, mark) for name in variables]
    for name in variables:
        causes = [cause for cause in diagram.parents(name) if cause not in left_out]
        lines += [f"{_quoted(cause)} -> {_quoted(name)}" for cause in causes]
    indented = [f"  {line}" for line in [*lines, *more_lines]]
    return "\n".join([f"{kind} {{", *indented, "}"])


def _marks(
    diagram: Hypergraph,
    name: str,
    hidden_mark: str,
) -> str:
    """The roles of a variable in dagitty's words, in brackets; empty where it has none."""
    roles = diagram.roles.of(name)
    marks = ["exposure" if role == "treatment" else role for role in roles]
    if name in diagram.hidden and "selected" not in roles:
        marks = [hidden_mark, *marks]
    return f" [{', '.join(marks)}]" if marks else ""


def _quoted(name: str) -> str:
    if re.fullmatch(r"[^\W\d]\w*", name) and name.lower() not in _KEYWORDS:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
