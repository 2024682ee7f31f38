"""Networks in the interchange format BIF, in which the networks of the literature are handed round."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from causalstats.diagrams.diagram import Diagram
from causalstats.errors import DataError

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}()\[\],;|]|[^\s{}()\[\],;|"]+')
_REMARK = re.compile(r"/\*.*?\*/|(?:^|(?<=\s))//[^\n]*", re.S)
_ROUNDING = 0.02  # how far from 1 printed probabilities may sum; they are then divided by their sum


def read(source: str | Path) -> tuple[Diagram, dict[str, np.ndarray]]:
    """The diagram and the mechanisms of a file, or of the text of one.

    Levels are strings. Printed probabilities are rounded: those that sum to 1 within 0.02 are divided by their sum.

    Raises
    ------
    DataError
        If the text is not BIF, or its probabilities are no distributions.
    """
    text = source if isinstance(source, str) and "{" in source else Path(source).read_text()
    levels: dict[str, tuple[str, ...]] = {}
    tables: dict[str, tuple[list[str], list[str]]] = {}
    for words, body in _blocks(_REMARK.sub(" ", text)):
        if words[0] == "variable":
            levels[words[1]] = _levels(words[1], body)
        elif words[0] == "probability":
            names = [word for word in words[1:] if word not in ("(", ")", "|", ",")]
            tables[names[0]] = (names[1:], body)
    if not levels or levels.keys() != tables.keys():
        wrong = ", ".join(sorted(levels.keys() ^ tables.keys())) or "there are no variables"
        raise DataError(
            f"Expected BIF with a `variable` and a `probability` block for every variable; not so: {wrong}."
        )
    graph = nx.DiGraph()
    graph.add_nodes_from((name, {"levels": states}) for name, states in levels.items())
    graph.add_edges_from((cause, name) for name, (causes, _) in tables.items() for cause in causes)
    diagram = Diagram.from_networkx(graph)
    found = {name: _table(name, causes, body, levels) for name, (causes, body) in tables.items()}
    ports = {
        name: [causes.index(cause) for cause in diagram.parents(name)]
        for name, (causes, _) in tables.items()
    }
    return diagram, {name: found[name].transpose(*ports[name], -1) for name in found}


def write(diagram: Diagram, mechanisms: Mapping[str, np.ndarray]) -> str:
    """The text of a network of one table each."""
    lines = ["network unknown {\n}"]
    names = {
        wire.label: [_quoted(str(level)) for level in wire.levels or ()] for wire in diagram.wires
    }
    for name, levels in names.items():
        lines.append(
            f"variable {_quoted(name)} {{\n  type discrete [ {len(levels)} ] {{ {', '.join(levels)} }};\n}}"
        )
    for name in names:
        causes = diagram.parents(name)
        given = f" | {', '.join(map(_quoted, causes))}" if causes else ""
        rows = [
            f"  {_row(at)} {', '.join(f'{value:.17g}' for value in mechanisms[name][place])};"
            for place, at in _cells([names[c] for c in causes])
        ]
        lines.append(f"probability ( {_quoted(name)}{given} ) {{\n" + "\n".join(rows) + "\n}")
    return "\n".join(lines) + "\n"


def _blocks(text: str) -> list[tuple[list[str], list[str]]]:
    """The words before and inside the outer braces of each block."""
    blocks: list[tuple[list[str], list[str]]] = []
    words: list[str] = []
    body: list[str] = []
    depth = 0
    for found in _TOKEN.finditer(text):
        word = found.group()
        if word == "{" and depth == 0:
            depth = 1
        elif word == "}" and depth == 1:
            blocks.append((words, body))
            words, body, depth = [], [], 0
        else:
            depth += {"{": 1, "}": -1}.get(word, 0)
            (body if depth else words).append(word.strip('"') if len(word) > 1 else word)
    if depth or words:
        raise DataError(
            f"Expected BIF, whose blocks are closed by braces; got {' '.join((words + body)[:8])!r} at the end."
        )
    return blocks


def _statements(body: list[str]) -> list[list[str]]:
    statements: list[list[str]] = [[]]
    for word in body:
        if word == ";":
            statements.append([])
        else:
            statements[-1].append(word)
    return [statement for statement in statements if statement]


def _levels(name: str, body: list[str]) -> tuple[str, ...]:
    for statement in _statements(body):
        if statement[:2] == ["type", "discrete"] and "{" in statement:
            listed = tuple(
                word for word in statement[statement.index("{") + 1 :] if word not in (",", "}")
            )
            if len(set(listed)) == len(listed) == int(statement[3]):
                return listed
    raise DataError(
        f"Expected `type discrete [ n ] {{ ... }};` with n different levels for {name!r} in BIF."
    )


def _table(
    name: str, causes: list[str], body: list[str], levels: Mapping[str, tuple[str, ...]]
) -> np.ndarray:
    """P(name | causes), the causes in the order of the file, then the variable."""
    sizes = [len(levels[cause]) for cause in causes]
    size = len(levels[name])
    table = np.full([*sizes, size], np.nan)
    for statement in _statements(body):
        if statement[0] == "table":  # the variable itself runs slowest
            table = np.moveaxis(
                _numbers(name, statement[1:], table.size).reshape(size, *sizes), 0, -1
            )
        elif statement[0] == "default":
            table[np.isnan(table)] = np.broadcast_to(
                _numbers(name, statement[1:], size), table.shape
            )[np.isnan(table)]
        elif statement[0] == "(":
            end = statement.index(")")
            at = [word for word in statement[1:end] if word != ","]
            if len(at) != len(causes) or any(
                level not in levels[cause] for cause, level in zip(causes, at, strict=True)
            ):
                raise DataError(
                    f"Expected a level of each of {', '.join(causes)} in the probabilities of {name!r}, got ({', '.join(at)})."
                )
            place = tuple(
                levels[cause].index(level) for cause, level in zip(causes, at, strict=True)
            )
            table[place] = _numbers(name, statement[end + 1 :], size)
    sums = table.sum(axis=-1, keepdims=True)
    if not (np.abs(sums - 1) <= _ROUNDING).all():
        raise DataError(
            f"Expected probabilities of {name!r} for every combination of its causes that sum to 1; got sums from {sums.min()} to {sums.max()}."
        )
    return table / sums


def _numbers(name: str, words: list[str], size: int) -> np.ndarray:
    numbers = [word for word in words if word != ","]
    try:
        found = np.array(numbers, dtype=float)
    except ValueError:
        raise DataError(
            f"Expected numbers as probabilities of {name!r}, got {' '.join(numbers)[:60]!r}."
        ) from None
    if len(found) != size:
        raise DataError(f"Expected {size} probabilities of {name!r}, got {len(found)}.")
    return found


def _cells(levels: list[list[str]]) -> list[tuple[tuple[int, ...], tuple[str, ...]]]:
    return list(
        zip(product(*(range(len(names)) for names in levels)), product(*levels), strict=True)
    )


def _row(at: tuple[str, ...]) -> str:
    return f"({', '.join(at)})" if at else "table"


def _quoted(name: Any) -> str:
    return name if re.fullmatch(r'[^\s{}()\[\],;|"]+', name) else f'"{name}"'
