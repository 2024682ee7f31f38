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
_MOST_CELLS = 10**7  # of one table
_BLOCKS = ("network", "variable", "probability", "property")
_EVIDENCE = ("observed", "explanation", "evidence")
_ROUNDING = 0.02  # how far from 1 printed probabilities may sum; they are then divided by their sum


def read(source: str | Path) -> tuple[Diagram, dict[str, np.ndarray]]:
    """The diagram and the mechanisms of a file, or of the text of one.

    Levels are strings. Printed probabilities are rounded: those that sum to 1 within 0.02 are divided by their sum.

    Raises
    ------
    DataError
        If the text is not BIF, or its probabilities are no distributions.
    """
    levels: dict[str, tuple[str, ...]] = {}
    tables: dict[str, tuple[list[str], list[str]]] = {}
    for words, body in _blocks(_REMARK.sub(" ", _text(source))):
        kind = words[0] if words else ""
        if kind not in _BLOCKS:
            raise DataError(
                f"Expected BIF with blocks called {', '.join(_BLOCKS[:3])}, got {kind[:40] or 'one without a name'!r}; decisions and utilities are no part "
                "of a Bayesian network."
            )
        names = [word for word in words[1:] if word not in ("(", ")", "|", ",")]
        if kind in ("variable", "probability") and not names:
            raise DataError(f"Expected the name of a variable after `{kind}` in BIF, got none.")
        if kind == "variable":
            _once(levels, names[0], "variable")
            levels[names[0]] = _levels(names[0], body)
        elif kind == "probability":
            _once(tables, names[0], "probability")
            tables[names[0]] = (names[1:], body)
    if not levels or levels.keys() != tables.keys():
        wrong = ", ".join(sorted(levels.keys() ^ tables.keys())) or "there are no variables"
        raise DataError(
            f"Expected BIF with a `variable` and a `probability` block for every variable; not so: {wrong}."
        )
    for name, (causes, _) in tables.items():
        unknown = [cause for cause in causes if cause not in levels]
        if unknown or len(set(causes)) < len(causes):
            raise DataError(
                f"Expected as causes of {name!r} variables of the file, each once; got {', '.join(unknown or causes)[:80]}."
            )
        cells = float(len(levels[name])) * float(np.prod([float(len(levels[c])) for c in causes]))
        if cells > _MOST_CELLS:
            raise DataError(
                f"Expected tables of at most {_MOST_CELLS:g} probabilities; that of {name!r} with its {len(causes)} causes has {cells:.3g}."
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


def _text(source: str | Path) -> str:
    """The text itself, or that of the file; an error of ours where there is none."""
    if isinstance(source, str) and ("{" in source or "\n" in source):
        return source
    if not isinstance(source, str | Path):
        raise DataError(f"Expected BIF as text, or the path of a file, got {source!r}.")
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DataError(
            f"Expected BIF as text, or the path of a file that can be read as text; {str(source)[:80]!r} is neither: {error}."
        ) from None


def _once(found: Mapping[str, Any], name: str, kind: str) -> None:
    if name in found:
        raise DataError(f"Expected one `{kind}` block for {name!r} in BIF, got two.")


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
    found: tuple[str, ...] = ()
    for statement in _statements(body):
        if statement[:2] == ["type", "discrete"] and "{" in statement:
            listed = tuple(
                word for word in statement[statement.index("{") + 1 :] if word not in (",", "}")
            )
            count = statement[3] if len(statement) > 3 else ""
            if len(set(listed)) == len(listed) > 0 and str(len(listed)) == count.lstrip("0"):
                found = listed
        elif statement[0] == "property":
            _refuse_evidence(name, " ".join(statement[1:]))
    if found:
        return found
    raise DataError(
        f"Expected `type discrete [ n ] {{ ... }};` with n different levels for {name!r} in BIF."
    )


def _refuse_evidence(name: str, said: str) -> None:
    """A property may say that the variable was observed, which a network does not keep; others, such as positions, are for drawing."""
    if said.strip().lower().split(" ")[0] in _EVIDENCE:
        raise DataError(
            f"The file says of {name!r} {said!r}, and a network keeps no observations: they would be lost. Take the property out, and ask with `given={{...}}`."
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
        elif statement[0] == "property":
            _refuse_evidence(name, " ".join(statement[1:]))
        elif statement[0] == "(" and ")" in statement:
            end = statement.index(")")
            at = [word for word in statement[1:end] if word != ","]
            if len(at) != len(causes) or any(
                level not in levels[cause] for cause, level in zip(causes, at, strict=False)
            ):
                raise DataError(
                    f"Expected a level of each of {', '.join(causes)} in the probabilities of {name!r}, got ({', '.join(at)})."
                )
            place = tuple(
                levels[cause].index(level) for cause, level in zip(causes, at, strict=True)
            )
            table[place] = _numbers(name, statement[end + 1 :], size)
        else:
            raise DataError(
                f"Expected `table`, `default` or a row such as `(yes, no) 0.2, 0.8;` in the probabilities of {name!r}, got {' '.join(statement)[:60]!r}."
            )
    sums = table.sum(axis=-1, keepdims=True)
    if (table < 0).any():
        raise DataError(
            f"Expected probabilities of {name!r} that are not negative, got {table.min():g}."
        )
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
