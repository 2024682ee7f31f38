"""Arrow notation for causal models: "smoking -> tar -> cancer; smoking <-> cancer".

A statement that begins with `hidden:`, `treatment:`, `outcome:`, `adjusted:` or `selected:` gives
the variables after it that role.
"""

from __future__ import annotations

import re
from itertools import pairwise, product

import networkx as nx

from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.core.roles import ROLE_WORDS
from causalstats.diagrams.formats.causal_graph import Edge, causal_model, no_roles
from causalstats.errors import ModelError

Token = tuple[str, str]  # kind, text

ARROWS = {"→": "->", "←": "<-", "↔": "<->"}
_TOKEN = re.compile(
    r"(?P<end>[;\n])|(?P<space>[^\S\n]+|#[^\n]*)|(?P<arrow><->|->|<-|→|←|↔)|(?P<comma>,)"
    r'|(?P<colon>:)|(?P<quoted>"[^"\n]+")|(?P<name>\w[\w.]*)'
)
_HELP = (
    'Write e.g. "smoking -> tar -> cancer; smoking <-> cancer; hidden: mood -> smoking, cancer", '
    "other names in double quotes."
)


def read_arrows(text: str) -> Hypergraph:
    """Return the causal model of a text in arrow notation; see `Diagram.parse`.

    Raises
    ------
    ModelError
        If the text has no variable, or something in it cannot be read.
    """
    graph = nx.DiGraph()
    roles = no_roles()
    confounded: list[Edge] = []
    for statement in _statements(text):
        role = _declared_role(statement)
        groups, arrows = _chain(statement[2:] if role else statement)
        for group in groups:
            graph.add_nodes_from(group)
        if role:
            roles[role] += groups[0]
        for (left, right), arrow in zip(pairwise(groups), arrows, strict=True):
            edges = product(right, left) if arrow == "<-" else product(left, right)
            if arrow == "<->":
                confounded += edges
            else:
                graph.add_edges_from(edges)
    if not graph:
        raise ModelError(
            f"Expected a diagram with at least one variable, got {text!r}. {_HELP}"
        )
    return causal_model(graph, roles, confounded)


def _declared_role(statement: list[Token]) -> str:
    """The role that a statement such as `hidden: u` gives; empty for other statements."""
    if statement[1:2] != [("colon", ":")]:
        return ""
    return ROLE_WORDS.get(statement[0][1].lower(), "")


def _statements(text: str) -> list[list[Token]]:
    """The tokens of each statement that has any."""
    statements: list[list[Token]] = [[]]
    start = 0
    while start < len(text):
        token = _TOKEN.match(text, start)
        if token is None:
            raise _unreadable(text[start : start + 20])
        match token.lastgroup:
            case "end":
                statements.append([])
            case "quoted":
                statements[-1].append(("name", token.group()[1:-1]))
            case kind if kind and kind != "space":
                word = token.group()
                statements[-1].append((kind, ARROWS.get(word, word)))
        start = token.end()
    return [statement for statement in statements if statement]


def _unreadable(text: str) -> ModelError:
    formula = " A formula such as y ~ x + z is x, z -> y here." * text.startswith("~")
    return ModelError(
        f"Expected a name, an arrow, a comma or a semicolon, got {text!r}. {_HELP}{formula}"
    )


def _chain(tokens: list[Token]) -> tuple[list[list[str]], list[str]]:
    """Groups of names and the arrows between them."""
    groups: list[list[str]] = [[]]
    arrows: list[str] = []
    name_comes_next = True
    for kind, word in tokens:
        if (kind == "name") != name_comes_next or kind == "colon":
            break
        if kind == "name":
            groups[-1].append(word)
        elif kind == "arrow":
            arrows.append(word)
            groups.append([])
        name_comes_next = kind != "name"
    else:
        if not name_comes_next:
            return groups, arrows
    got = " ".join(word for _, word in tokens)
    raise ModelError(
        f"Expected names with arrows or commas between them, got {got[:80]!r}. {_HELP}"
    )
