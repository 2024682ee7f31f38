"""Sets of small numbers as the bits of an integer.

Sets of up to a machine word cost one instruction to join, meet and compare, which is most of what
identification does. `BitSet` is a type of its own for type checkers: a number of a node, or a
count, is not taken for a set. At run time it is `int`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:

    class BitSet(int):
        """A set of numbers: number i is a member if bit i is set."""

        def __and__(self, other: int) -> BitSet: ...
        def __or__(self, other: int) -> BitSet: ...
        def __xor__(self, other: int) -> BitSet: ...
        def __invert__(self) -> BitSet: ...
else:
    BitSet = int

EMPTY = BitSet(0)
ALL = BitSet(-1)  # contains every number


def singleton(number: int) -> BitSet:
    """Return the set {number}."""
    return 1 << number  # type: ignore[return-value]  # calling BitSet would double its time


def up_to(number: int) -> BitSet:
    """Return the set {0, ..., number}."""
    return (2 << number) - 1  # type: ignore[return-value]


def contains(numbers: BitSet, number: int) -> bool:
    """Return whether a number is in a set."""
    return numbers >> number & 1 == 1


def smallest(numbers: BitSet) -> int:
    """Return the smallest number of a set that is not empty."""
    return (numbers & -numbers).bit_length() - 1


def members(numbers: BitSet) -> Iterator[int]:
    """Yield the numbers of a set in increasing order."""
    while numbers:
        lowest = numbers & -numbers
        yield lowest.bit_length() - 1
        numbers ^= lowest


def union(sets: Iterable[BitSet]) -> BitSet:
    """Return the union of some sets."""
    joined = EMPTY
    for numbers in sets:
        joined |= numbers
    return joined
