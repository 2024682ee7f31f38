"""Our own short text for causal models: "smoking -> tar -> cancer; smoking <-> cancer; hidden: mood -> smoking, cancer".

A statement that begins with `hidden:`, `treatment:`, `outcome:`, `adjusted:` or `selected:` gives the variables after it that role.
"""

from __future__ import annotations

import re
from itertools import pairwise, product

import networkx as nx

from causalstats.diagrams.core.roles import WORDS
from causalstats.diagrams.diagram import Diagram
from causalstats.diagrams.formats.causal_graph import network
from causalstats.errors import ModelError

_TOKEN = re.compile(
    r'(?P<end>[;\n])|(?P<space>[^\S\n]+|#[^\n]*)|(?P<arrow><->|->|<-|→|←|↔)|(?P<comma>,)|(?P<colon>:)|(?P<quoted>"[^"\n]+")|(?P<name>\w[\w.]*)'
)
ARROWS = {"→": "->", "←": "<-", "↔": "<->"}
_HELP = 'Write e.g. "smoking -> tar -> cancer; smoking <-> cancer; hidden: mood -> smoking, cancer", other names in double quotes.'


def read(text: str) -> Diagram:
    """See `Diagram.parse`."""
    graph = nx.DiGraph()
    has: dict[str, list[str]] = {role: [] for role in dict.fromkeys(WORDS.values())}
    confounded: list[tuple[str, str]] = []
    for statement in _statements(text):
        declared = statement[1:2] == [("colon", ":")] and WORDS.get(statement[0][1].lower())
        groups, arrows = _chain(statement[2:] if declared else statement)
        graph.add_nodes_from(name for group in groups for name in group)
        if declared:
            has[declared] += groups[0]
        for (left, right), arrow in zip(pairwise(groups), arrows, strict=True):
            if arrow == "<->":
                confounded += product(left, right)
            else:
                graph.add_edges_from(
                    product(left, right) if arrow == "->" else product(right, left)
                )
    if not graph:
        raise ModelError(f"Expected a diagram with at least one variable, got {text!r}. {_HELP}")
    hidden = has.pop("hidden")
    made = network(graph, [*hidden, *has["selected"]], confounded)
    return made.with_roles(**has) if any(has.values()) else made


def _statements(text: str) -> list[list[tuple[str, str]]]:
    """The tokens (kind, text) of each statement that has any."""
    statements: list[list[tuple[str, str]]] = [[]]
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            formula = " A formula such as y ~ x + z is x, z -> y here." * (text[at] == "~")
            raise ModelError(
                f"Expected a name, an arrow, a comma or a semicolon, got {text[at : at + 20]!r}. {_HELP}{formula}"
            )
        kind, what = token.lastgroup or "", token.group()
        if kind == "end":
            statements.append([])
        elif kind != "space":
            statements[-1].append(
                ("name", what[1:-1]) if kind == "quoted" else (kind, ARROWS.get(what, what))
            )
        at = token.end()
    return [statement for statement in statements if statement]


def _chain(tokens: list[tuple[str, str]]) -> tuple[list[list[str]], list[str]]:
    """Groups of names and the arrows between them."""
    groups: list[list[str]] = [[]]
    arrows: list[str] = []
    wanted = "name"
    for kind, what in tokens:
        if (kind == "name") != (wanted == "name") or kind == "colon":
            break
        if kind == "name":
            groups[-1].append(what)
        elif kind == "arrow":
            arrows.append(what)
            groups.append([])
        wanted = "more" if kind == "name" else "name"
    else:
        if wanted == "more":
            return groups, arrows
    got = " ".join(what for _, what in tokens)
    raise ModelError(
        f"Expected names with arrows or commas between them, got {got[:80]!r}. {_HELP}"
    )
