"""Bayesian networks in the interchange format BIF, in which the literature publishes networks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from causalstats.diagrams.core.hypergraph import Hypergraph
from causalstats.diagrams.formats.causal_graph import from_networkx
from causalstats.errors import DataError

StatesByName = Mapping[str, tuple[str, ...]]
Words = list[str]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}()\[\],;|]|[^\s{}()\[\],;|"]+')
_REMARK = re.compile(r"/\*.*?\*/|(?:^|(?<=\s))//[^\n]*", re.S)
_MAX_CELLS = 10**7  # of one table
_BLOCKS = ("network", "variable", "probability", "property")
_EVIDENCE_WORDS = ("observed", "explanation", "evidence")
_ROUNDING = 0.02  # how far from 1 printed probabilities may sum


def read_bif(source: str | Path) -> tuple[Hypergraph, dict[str, np.ndarray]]:
    """Return the diagram and the conditional probability tables of a file in BIF, or of its text.

    Levels are strings. Printed probabilities are rounded: those that sum to 1 within 0.02 are
    divided by their sum.

    Parameters
    ----------
    source : str or pathlib.Path

    Returns
    -------
    diagram : Hypergraph
    tables : dict of str to array, shape (levels of each cause..., levels)

    Raises
    ------
    DataError
        If the text is not BIF, or its probabilities are no distributions.
    """
    levels, blocks = _variables_and_tables(_text(source))
    _check_causes(levels, blocks)
    graph = nx.DiGraph()
    graph.add_nodes_from((name, {"levels": states}) for name, states in levels.items())
    for name, (causes, _) in blocks.items():
        graph.add_edges_from((cause, name) for cause in causes)
    diagram = from_networkx(graph)
    tables = {}
    for name, (causes, body) in blocks.items():
        table = _table(name, causes, body, levels)
        ports = [causes.index(cause) for cause in diagram.parents(name)]
        tables[name] = table.transpose(*ports, -1)
    return diagram, tables


def write_bif(diagram: Hypergraph, tables: Mapping[str, np.ndarray]) -> str:
    """Return the text in BIF of a network.

    Parameters
    ----------
    diagram : Hypergraph
        With levels; they become strings.
    tables : mapping of str to array, shape (levels of each cause..., levels)

    Returns
    -------
    str

    Raises
    ------
    DataError
        If a name or a level cannot be written in BIF.
    """
    levels = {
        wire.label: [_quoted(str(level)) for level in wire.levels or ()]
        for wire in diagram.wires
    }
    lines = ["network unknown {\n}"]
    for name, states in levels.items():
        listed = f"[ {len(states)} ] {{ {', '.join(states)} }}"
        lines.append(f"variable {_quoted(name)} {{\n  type discrete {listed};\n}}")
    for name in levels:
        causes = diagram.parents(name)
        condition = f" | {', '.join(map(_quoted, causes))}" if causes else ""
        rows = _rows(tables[name], [levels[cause] for cause in causes])
        lines.append(f"probability ( {_quoted(name)}{condition} ) {{")
        lines += [*rows, "}"]
    return "\n".join(lines) + "\n"


def _rows(
    table: np.ndarray, levels_of_causes: Sequence[Sequence[str]]
) -> Iterator[str]:
    """One line for each combination of the levels of the causes."""
    cells = np.ndindex(*table.shape[:-1])
    for cell, levels in zip(cells, product(*levels_of_causes), strict=True):
        head = f"({', '.join(levels)})" if levels else "table"
        yield f"  {head} {', '.join(f'{value:.17g}' for value in table[cell])};"


def _text(source: str | Path) -> str:
    """The text itself, or that of the file."""
    if isinstance(source, str) and ("{" in source or "\n" in source):
        return source
    if not isinstance(source, str | Path):
        raise DataError(f"Expected BIF as text, or the path of a file, got {source!r}.")
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DataError(
            "Expected BIF as text, or the path of a file that can be read as text; "
            f"{str(source)[:80]!r} is neither: {error}."
        ) from None


def _variables_and_tables(
    text: str,
) -> tuple[StatesByName, dict[str, tuple[Words, Words]]]:
    """The levels of each variable; its causes and the words of its `probability` block."""
    levels: dict[str, tuple[str, ...]] = {}
    tables: dict[str, tuple[Words, Words]] = {}
    for words, body in _blocks(_REMARK.sub(" ", text)):
        kind = words[0] if words else ""
        if kind not in _BLOCKS:
            raise DataError(
                f"Expected BIF with blocks called {', '.join(_BLOCKS[:3])}, "
                f"got {kind[:40] or 'one without a name'!r}; decisions and utilities are no part "
                "of a Bayesian network."
            )
        names = [word for word in words[1:] if word not in ("(", ")", "|", ",")]
        if kind in ("variable", "probability") and not names:
            raise DataError(
                f"Expected the name of a variable after `{kind}` in BIF, got none."
            )
        if kind == "variable":
            _refuse_second(levels, names[0], kind)
            levels[names[0]] = _levels(names[0], body)
        elif kind == "probability":
            _refuse_second(tables, names[0], kind)
            tables[names[0]] = (names[1:], body)
    if not levels or levels.keys() != tables.keys():
        wrong = (
            ", ".join(sorted(levels.keys() ^ tables.keys())) or "there are no variables"
        )
        raise DataError(
            "Expected BIF with a `variable` and a `probability` block for every variable; "
            f"not so: {wrong}."
        )
    return levels, tables


def _check_causes(
    levels: StatesByName, tables: Mapping[str, tuple[Words, Words]]
) -> None:
    for name, (causes, _) in tables.items():
        unknown = [cause for cause in causes if cause not in levels]
        if unknown or len(set(causes)) < len(causes):
            raise DataError(
                f"Expected as causes of {name!r} variables of the file, each once; "
                f"got {', '.join(unknown or causes)[:80]}."
            )
        sizes = [float(len(levels[variable])) for variable in (name, *causes)]
        cells = float(np.prod(sizes))
        if cells > _MAX_CELLS:
            raise DataError(
                f"Expected tables of at most {_MAX_CELLS:g} probabilities; that of {name!r} with "
                f"its {len(causes)} causes has {cells:.3g}."
            )


def _refuse_second(
    blocks: Mapping[str, Any],
    name: str,
    kind: str,
) -> None:
    if name in blocks:
        raise DataError(f"Expected one `{kind}` block for {name!r} in BIF, got two.")


def _blocks(text: str) -> list[tuple[Words, Words]]:
    """The words before and inside the outer braces of each block."""
    blocks: list[tuple[Words, Words]] = []
    words: Words = []
    body: Words = []
    depth = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == "{" and depth == 0:
            depth = 1
        elif token == "}" and depth == 1:
            blocks.append((words, body))
            words, body, depth = [], [], 0
        else:
            depth += {"{": 1, "}": -1}.get(token, 0)
            target = body if depth else words
            target.append(token.strip('"') if len(token) > 1 else token)
    if depth or words:
        end = " ".join((words + body)[:8])
        raise DataError(
            f"Expected BIF, whose blocks are closed by braces; got {end!r} at the end."
        )
    return blocks


def _statements(body: Words) -> list[Words]:
    statements: list[Words] = [[]]
    for word in body:
        if word == ";":
            statements.append([])
        else:
            statements[-1].append(word)
    return [statement for statement in statements if statement]


def _levels(name: str, body: Words) -> tuple[str, ...]:
    levels: tuple[str, ...] = ()
    for statement in _statements(body):
        if statement[:2] == ["type", "discrete"] and "{" in statement:
            after_brace = statement[statement.index("{") + 1 :]
            listed = tuple(word for word in after_brace if word not in (",", "}"))
            count = statement[3].lstrip("0") if len(statement) > 3 else ""
            different = len(set(listed)) == len(listed)
            if listed and different and count == str(len(listed)):
                levels = listed
        elif statement[0] == "property":
            _refuse_evidence(name, " ".join(statement[1:]))
    if levels:
        return levels
    raise DataError(
        f"Expected `type discrete [ n ] {{ ... }};` with n different levels for {name!r} in BIF."
    )


def _refuse_evidence(name: str, text: str) -> None:
    """Raise an error if a property is an observation, which a network does not keep.

    Other properties, such as positions, are for drawing.
    """
    if text.strip().lower().split(" ")[0] in _EVIDENCE_WORDS:
        raise DataError(
            f"The file says of {name!r} {text!r}, and a network keeps no observations: they would "
            "be lost. Take the property out, and ask with `given={...}`."
        )


def _table(
    name: str,
    causes: Words,
    body: Words,
    levels: StatesByName,
) -> np.ndarray:
    """Return P(name | causes), the causes in the order of the file, then the variable.

    Parameters
    ----------
    name : str
    causes : list of str
    body : list of str
        The words of the `probability` block.
    levels : mapping of str to tuple of str
    """
    sizes = [len(levels[cause]) for cause in causes]
    size = len(levels[name])
    table = np.full([*sizes, size], np.nan)
    for statement in _statements(body):
        match statement[0]:
            case "table":  # the variable itself runs slowest
                numbers = _numbers(name, statement[1:], table.size)
                table = np.moveaxis(numbers.reshape(size, *sizes), 0, -1)
            case "default":
                default = _numbers(name, statement[1:], size)
                table = np.where(np.isnan(table), default, table)
            case "property":
                _refuse_evidence(name, " ".join(statement[1:]))
            case "(" if ")" in statement:
                end = statement.index(")")
                at = [word for word in statement[1:end] if word != ","]
                cell = _cell(name, causes, at, levels)
                table[cell] = _numbers(name, statement[end + 1 :], size)
            case _:
                raise DataError(
                    "Expected `table`, `default` or a row such as `(yes, no) 0.2, 0.8;` in the "
                    f"probabilities of {name!r}, got {' '.join(statement)[:60]!r}."
                )
    return _normalised(name, table)


def _cell(
    name: str,
    causes: Words,
    at: Words,
    levels: StatesByName,
) -> tuple[int, ...]:
    """The position of a row: the levels of the causes by number.

    Parameters
    ----------
    name : str
        The variable, for the error.
    causes, at : list of str
        The causes, and a level of each.
    levels : mapping of str to tuple of str
    """
    pairs = list(zip(causes, at, strict=False))
    if len(at) != len(causes) or any(
        level not in levels[cause] for cause, level in pairs
    ):
        raise DataError(
            f"Expected a level of each of {', '.join(causes)} in the probabilities of {name!r}, "
            f"got ({', '.join(at)})."
        )
    return tuple(levels[cause].index(level) for cause, level in pairs)


def _normalised(name: str, table: np.ndarray) -> np.ndarray:
    if (table < 0).any():
        raise DataError(
            f"Expected probabilities of {name!r} that are not negative, got {table.min():g}."
        )
    sums = table.sum(axis=-1, keepdims=True)
    if not (np.abs(sums - 1) <= _ROUNDING).all():
        raise DataError(
            f"Expected probabilities of {name!r} for every combination of its causes that sum to "
            f"1; got sums from {sums.min()} to {sums.max()}."
        )
    return table / sums


def _numbers(
    name: str,
    words: Words,
    size: int,
) -> np.ndarray:
    numbers = [word for word in words if word != ","]
    try:
        values = np.array(numbers, dtype=float)
    except ValueError:
        raise DataError(
            f"Expected numbers as probabilities of {name!r}, got {' '.join(numbers)[:60]!r}."
        ) from None
    if len(values) != size:
        raise DataError(
            f"Expected {size} probabilities of {name!r}, got {len(values)}."
        )
    return values


def _quoted(name: str) -> str:
    """The name, in quotes where it is more than one word.

    Raises
    ------
    DataError
        If it would be read back as something else: BIF has no way to write it.
    """
    text = name if re.fullmatch(r'[^\s{}()\[\],;|"]+', name) else f'"{name}"'
    escaped = '"' in name or ("\\" in name and text != name)
    lost = escaped or name in ("", *"{}()[],;|")
    if lost or _REMARK.search(f" {text} "):
        raise DataError(
            "Expected names and levels that can be written in BIF, which are not empty, no single "
            f"bracket or comma, and without quotes, backslashes and remarks; got {name!r}. Rename "
            "it, e.g. `diagram.with_levels(...)`."
        )
    return text
