"""Distances between parts: of a matrix, a taxonomy or a phylogenetic tree in Newick format.

Distances are divided by the largest. By a taxonomy, that of two taxa is the share of its ranks that
they do not have in common, from the highest down; by a tree, the sum of the lengths of the branches
between them (patristic distance), every branch having length 1 where none has a length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from causalstats.errors import DataError

_SHOWN = 5
_RELATIVE_ASYMMETRY = 1e-8
# Punctuation, a quoted label in which '' is a quote, a comment, or a plain word
_TOKENS = re.compile(r"'(?:[^']|'')*'|\[[^\]]*\]|[(),:;]|[^\s(),:;'\[\]]+")
Given = pd.DataFrame | Mapping[str, Mapping[str, Any]] | str


def part_distances(given: Given, parts: Sequence[str]) -> np.ndarray:
    """Return the distance of each two parts, (D, D), from 0 to 1.

    Parameters
    ----------
    given : DataFrame, mapping of mappings, or str
        A frame of distances, with the names of parts as index and as columns; a taxonomy, a frame
        with a row for each part and a column for each rank, from the highest; or a tree in Newick
        format, whose tips are named as the parts. More parts than asked for may be in it.
    parts : list of str

    Raises
    ------
    DataError
        If a part is missing from it, a distance is no number of 0 or more, they are not symmetric,
        or all are equal.

    Examples
    --------
    >>> part_distances("((a:1,b:1):2,c:3);", ["a", "b", "c"]).round(2)
    array([[0.  , 0.33, 1.  ],
           [0.33, 0.  , 1.  ],
           [1.  , 1.  , 0.  ]])
    """
    if isinstance(given, str):
        names, distances = _tips(given)
        frame = pd.DataFrame(distances, index=names, columns=names)
    else:
        frame = _frame(given)
    frame = frame.set_axis(frame.index.map(str), axis=0)
    lacking = [part for part in parts if part not in frame.index]
    if lacking:
        shown = ", ".join(map(repr, lacking[:_SHOWN]))
        raise DataError(
            f"Expected every part among the rows or tips of `distances`, which lack {shown}"
            f"{', ...' if len(lacking) > _SHOWN else ''}. They have "
            f"{', '.join(map(repr, frame.index[:_SHOWN]))}{', ...' if len(frame) > _SHOWN else ''}."
        )
    repeated = frame.index[frame.index.duplicated()]
    if len(repeated):
        raise DataError(f"`distances` has {repeated[0]!r} more than once.")
    columns = frame.columns.map(str)
    if set(parts) <= set(columns):
        matrix = _matrix(frame.set_axis(columns, axis=1), parts)
    else:
        matrix = _of_ranks(frame.loc[list(parts)])
    apart = matrix[np.triu_indices(len(parts), 1)]
    if np.ptp(apart) == 0:
        raise DataError(
            f"All distances of the {len(parts)} parts are {apart[0]:g}: they say nothing about "
            "which parts are related. Leave `distances` out."
        )
    return matrix / apart.max()


def _frame(given: Any) -> pd.DataFrame:
    """Return distances or a taxonomy as a frame."""
    try:
        if isinstance(given, pd.DataFrame | Mapping):
            return pd.DataFrame(given)
    except (TypeError, ValueError):  # a mapping of something else than mappings
        pass
    raise DataError(
        "Expected `distances` as a frame of distances, a taxonomy or a tree in Newick format, "
        f"got {type(given).__name__}."
    )


def distances_source(
    given: Given, parts: Sequence[str]
) -> Literal["a tree", "a matrix", "a taxonomy"]:
    """Return what distances are given by."""
    if isinstance(given, str):
        return "a tree"
    columns = set(map(str, pd.DataFrame(given).columns))
    return "a matrix" if set(parts) <= columns else "a taxonomy"


def plain_distances(
    given: Given | None, parts: Sequence[str]
) -> str | dict[str, dict[str, Any]] | None:
    """Return distances as text or dictionaries, as they are saved, of these parts alone."""
    if given is None or isinstance(given, str):
        return given
    frame = pd.DataFrame(given)
    frame = frame.set_axis(frame.index.map(str), axis=0)
    frame = frame.set_axis(frame.columns.map(str), axis=1).loc[list(parts)]
    if set(parts) <= set(frame.columns):
        plain = frame[list(parts)].astype(float)
    else:
        plain = frame.astype(object).map(
            lambda each: "" if is_empty_rank(each) else str(each)
        )
    return {str(name): dict(column) for name, column in plain.to_dict().items()}


def distances_among(distances: np.ndarray, columns: Sequence[int]) -> np.ndarray | None:
    """Return the distances (D', D') of some parts by the largest; None where all are equal."""
    chosen = distances[np.ix_(columns, columns)]
    apart = chosen[np.triu_indices(len(columns), 1)]
    if np.ptp(apart) == 0:
        return None
    return chosen / apart.max()


def is_empty_rank(value: Any) -> bool:
    """Return whether a rank of a taxonomy is not known."""
    return bool(pd.isna(value)) or value == ""


def _matrix(frame: pd.DataFrame, parts: Sequence[str]) -> np.ndarray:
    """Return distances given as a frame, in the order of the parts."""
    chosen = frame.loc[list(parts), list(parts)]
    try:
        matrix = chosen.to_numpy(float)
    except (TypeError, ValueError) as error:
        raise DataError(f"Expected distances as numbers: {error}.") from error
    if chosen.shape != (len(parts), len(parts)):
        raise DataError("`distances` has a part more than once among its columns.")
    if not np.isfinite(matrix).all() or (matrix < 0).any():
        one, other = np.argwhere(~(np.isfinite(matrix) & (matrix >= 0)))[0]
        raise DataError(
            f"Expected distances of 0 or more, got {matrix[one, other]:g} between "
            f"{parts[one]!r} and {parts[other]!r}."
        )
    if np.diagonal(matrix).any():
        raise DataError(
            "Expected a distance of 0 between a part and itself. Is it a matrix of similarities?"
        )
    difference = np.abs(matrix - matrix.T)
    if difference.max() > _RELATIVE_ASYMMETRY * matrix.max():
        one, other = divmod(int(difference.argmax()), len(parts))
        raise DataError(
            f"Expected symmetric distances, got {matrix[one, other]:g} from {parts[one]!r} to "
            f"{parts[other]!r} and {matrix[other, one]:g} back."
        )
    return (matrix + matrix.T) / 2


def _of_ranks(taxonomy: pd.DataFrame) -> np.ndarray:
    """Return the share of ranks that two parts do not have in common, from the highest down.

    A rank that is not known is shared with no other part.
    """
    size = len(taxonomy)
    shared = np.zeros((size, size))
    alike = np.ones((size, size), bool)
    for _, column in taxonomy.items():
        names = [None if is_empty_rank(each) else str(each) for each in column]
        codes = pd.factorize(np.array(names, dtype=object))[0]
        alike &= (codes[:, None] == codes) & (codes >= 0)
        shared += alike
    distances = 1 - shared / max(taxonomy.shape[1], 1)
    np.fill_diagonal(distances, 0.0)
    return distances


def _tips(newick: str) -> tuple[list[str], np.ndarray]:
    """Return the names of the tips of a tree, and the patristic distances between them."""
    parents, names, lengths = _read_newick(newick)
    given = [length is not None for length in lengths[1:]]
    if any(given) and not all(given):
        raise DataError(
            f"Expected a length of every branch of the tree, or of none; {given.count(False)} of "
            f"{len(given)} have none."
        )
    branches = np.array([0.0, *(1.0 if each is None else each for each in lengths[1:])])
    inner = set(parents[1:])
    tips = [node for node in range(len(parents)) if node not in inner]
    # A node stands behind its parent: distances to all nodes before it are those of the parent.
    between = np.zeros((len(parents), len(parents)))
    for node in range(1, len(parents)):
        between[node, :node] = between[parents[node], :node] + branches[node]
        between[:node, node] = between[node, :node]
    return [names[tip] for tip in tips], between[np.ix_(tips, tips)]


def _read_newick(newick: str) -> tuple[list[int], list[str], list[float | None]]:
    """Return the parent, the name and the length of the branch above each node, the root first.

    Raises
    ------
    DataError
        If brackets do not match, a length is no number, or the text goes on behind its end.
    """
    tokens = [each for each in _TOKENS.findall(newick) if not each.startswith("[")]
    if not tokens or tokens[0] != "(" or tokens.count("(") != tokens.count(")"):
        raise DataError(
            "Expected a tree in Newick format, such as '((a:1,b:1):2,c:3);', with a bracket that "
            f"closes for each that opens; got {newick[:40]!r}."
        )
    parents, names = [-1], [""]
    lengths: list[float | None] = [None]
    node = 0
    for place, token in enumerate(tokens):
        if token == "(":
            parents.append(node)
        elif token == ",":
            parents.append(parents[node])
        elif token == ")":
            node = parents[node]
        elif token == ";":
            break
        elif tokens[place - 1] == ":":
            lengths[node] = _length(token)
        elif token != ":":
            names[node] = token.strip("'").replace("''", "'")
        if node < 0 or parents[-1] < 0 < place:
            raise DataError(
                f"Expected a tree in Newick format, and {newick[:40]!r} has more behind its end."
            )
        if token in "(,":
            node = len(parents) - 1
            names.append("")
            lengths.append(None)
    return parents, names, lengths


def _length(token: str) -> float:
    try:
        length = float(token)
    except ValueError:
        length = np.nan
    if not 0 <= length < np.inf:
        raise DataError(
            f"Expected lengths of branches as numbers of 0 or more, got {token!r}."
        )
    return length
