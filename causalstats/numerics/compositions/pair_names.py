"""Names of entries about two parts, and those of two answers matched, in any order of the parts.

A part whose own name has the mark between two parts stands in brackets: of the parts "a ~ b", "c",
"a" and "b ~ c", the pairs "(a ~ b) ~ c" and "a ~ (b ~ c)" would else have one name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_PAIR, _RATIO, _ON = " ~ ", " / ", " on "


def pair_name(one: str, other: str) -> str:
    """Return the name of a pair.

    Examples
    --------
    >>> pair_name("a", "b"), pair_name("a ~ b", "c")
    ('a ~ b', '(a ~ b) ~ c')
    """
    return f"{_bracketed(one, _PAIR)}{_PAIR}{_bracketed(other, _PAIR)}"


def ratio_name(one: str, other: str) -> str:
    """Return the name of the log-ratio of two parts.

    Examples
    --------
    >>> ratio_name("a", "b / c")
    'a / (b / c)'
    """
    marks = (_RATIO, _ON)
    return f"{_bracketed(one, *marks)}{_RATIO}{_bracketed(other, *marks)}"


def coefficient_name(part: str, other: str) -> str:
    """Return the name of the coefficient of one part, on another or on a covariate.

    Examples
    --------
    >>> coefficient_name("a", "b on c")
    'a on (b on c)'
    """
    return f"{_bracketed(part, _ON)}{_ON}{_bracketed(other, _ON)}"


def ratio_coefficient_name(one: str, other: str, covariate: str) -> str:
    """Return the name of the coefficient of the log-ratio of two parts on a covariate.

    Parameters
    ----------
    one, other : str
        The parts.
    covariate : str

    Examples
    --------
    >>> ratio_coefficient_name("a", "b", "depth")
    'a / b on depth'
    """
    return f"{ratio_name(one, other)}{_ON}{_bracketed(covariate, _ON)}"


def _bracketed(name: str, *marks: str) -> str:
    return f"({name})" if any(mark in name for mark in marks) else name


@dataclass(frozen=True, eq=False)
class Matched:
    """Entries that two answers share.

    Parameters
    ----------
    here, there : int array (k,)
        Their positions in the one and in the other.
    signs : array (k,)
        -1 where the other has the entry the other way round, with the opposite sign.
    unmatched : tuple
        Names that only one of them has.
    """

    here: np.ndarray
    there: np.ndarray
    signs: np.ndarray
    unmatched: tuple[Any, ...]


def matched(one: Sequence[Any], other: Sequence[Any]) -> Matched:
    """Match names, each of them once in its sequence.

    Examples
    --------
    >>> matched(["a ~ b", "a ~ c"], ["c ~ a", "b ~ a"]).there
    array([1, 0])
    >>> matched(["a / b on x"], ["b / a on x"]).signs
    array([-1.])
    """
    positions = {name: index for index, name in enumerate(other)}
    here: list[int] = []
    there: list[int] = []
    signs: list[float] = []
    for index, name in enumerate(one):
        for spelling, sign in _spellings(name):
            if spelling in positions:
                here.append(index)
                there.append(positions[spelling])
                signs.append(sign)
                break
    unmatched = [name for index, name in enumerate(one) if index not in set(here)]
    unmatched += [name for index, name in enumerate(other) if index not in set(there)]
    return Matched(
        np.array(here, int),
        np.array(there, int),
        np.array(signs, float),
        tuple(unmatched),
    )


def _spellings(name: Any) -> Iterator[tuple[Any, float]]:
    """Yield the ways to write an entry, with its sign: as it is, and its pair reversed."""
    yield name, 1.0
    if not isinstance(name, str):
        return
    for first, second in _splits(name, _PAIR):
        yield f"{second}{_PAIR}{first}", 1.0
    for pair, covariate in _splits(name, _ON):
        for first, second in _splits(pair, _RATIO):
            yield f"{second}{_RATIO}{first}{_ON}{covariate}", -1.0


def _splits(text: str, mark: str) -> Iterator[tuple[str, str]]:
    """Yield every way to split a text in two at a mark, which may be part of a name as well."""
    pieces = text.split(mark)
    for k in range(1, len(pieces)):
        yield mark.join(pieces[:k]), mark.join(pieces[k:])
