"""Sums of products of small tables in an order found once for a whole network: any of its sums is then planned in no more time than it takes.

Scopes are words: an index is a letter, and letters are summed over in the order of the alphabet. A step is the places of some tables and an einsum formula;
what it makes goes to the end of the list of tables.
"""

from __future__ import annotations

import inspect
import string
from collections.abc import Callable, Collection, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

LETTERS = string.ascii_uppercase + string.ascii_lowercase  # sorted as characters are
_SMALL, _TOGETHER = (
    2000,
    6,
)  # tables of a product times its entries, and tables, that are multiplied in one go: a call costs more than they do
small_einsum = inspect.unwrap(
    np.einsum
)  # without the search for arrays of another kind than NumPy's, which takes longer than a small sum
Step = tuple[tuple[int, ...], str]
Product = tuple[
    tuple[int, ...], str, str
]  # tables not multiplied yet, their words, and the word of their sum over all else


def whole_order(
    scopes: Collection[Collection[int]], sizes: Mapping[int, int], most: int
) -> dict[int, int] | None:
    """The place of every index in an order of summation, next always that with the smallest product; None if one has more than `most` entries.

    What is known only takes indices away from a product, and what is asked for only adds its own to it: in this order no sum over some of the tables, some
    indices known, has a product of more than `most` times the levels of what is asked for.
    """
    near: dict[int, set[int]] = {}
    for scope in scopes:
        for index in scope:
            near.setdefault(index, set()).update(scope)
    costs = {index: prod([sizes[other] for other in others]) for index, others in near.items()}
    place = dict[int, int]()
    while costs:
        index = min(costs, key=costs.__getitem__)
        if costs.pop(index) > most:
            return None
        place[index] = len(place)
        joined = near.pop(index) - {index}
        for other in joined:
            near[other] = (near[other] | joined) - {index}
            costs[other] = prod([sizes[third] for third in near[other]])
    return place


def connected(scopes: Sequence[Collection[Any]], output: Collection[Any]) -> list[bool]:
    """Of each table whether it shares indices with the output, or with a table that does: the others only multiply all of the output by one number."""
    reach, found, left = set(output), [False] * len(scopes), list(range(len(scopes)))
    before = -1
    while len(left) != before:
        before, rest = len(left), []
        for place in left:
            if reach.isdisjoint(scopes[place]):
                rest.append(place)
            else:
                reach.update(scopes[place])
                found[place] = True
        left = rest
    return found


def steps(words: Sequence[str], sizes: Mapping[str, int], output: str) -> list[Step]:
    """How to sum the product of some tables over all letters but those of `output`, which come last in the alphabet; sizes are by letter."""
    summed = sorted(set("".join(words)).difference(output))
    waiting: dict[str, list[Product]] = {
        letter: [] for letter in summed
    }  # for their first letter to be summed over
    waiting[""] = []
    for place, word in enumerate(words):
        first = min(word, default="")
        waiting[first if first in waiting else ""].append(((place,), word, word))
    found: list[Step] = []
    for letter in summed:
        products = waiting[letter]
        result = "".join(dict.fromkeys("".join([product[2] for product in products]))).replace(
            letter, ""
        )
        first = min(result, default="")
        waiting[first if first in waiting else ""].append(
            (*_multiplied(products, sizes, found, len(words)), result)
        )
    operands, taken = _multiplied(waiting[""], sizes, found, len(words))
    return [*found, (operands, f"{taken}->{output}")]


def _multiplied(
    products: Sequence[Product], sizes: Mapping[str, int], found: list[Step], tables: int
) -> tuple[tuple[int, ...], str]:
    """Operands and words of one product in place of several: all tables of these where that is small, else of what each makes, the smallest first."""
    operands = sum([product[0] for product in products], ())
    words = [product[1] for product in products]
    if _small(words, len(operands), sizes):
        return operands, ",".join(words)
    made = []
    for own, taken, result in products:
        if taken != result:  # a table is there already
            found.append((own, f"{taken}->{result}"))
        made.append((result, own[0] if taken == result else tables + len(found) - 1))
    made.sort(key=lambda pair: len(pair[0]))
    words = [word for word, _ in made]
    places = [place for _, place in made]
    while len(words) > 2 and not _small(words, len(words), sizes):
        take = 2
        while take + 1 < len(words) and _small(words[: take + 1], take + 1, sizes):
            take += 1
        both = "".join(dict.fromkeys("".join(words[:take])))
        found.append((tuple(places[:take]), f"{','.join(words[:take])}->{both}"))
        words[:take], places[:take] = [both], [tables + len(found) - 1]
    return tuple(places), ",".join(words)


def _small(words: Sequence[str], operands: int, sizes: Mapping[str, int]) -> bool:
    return operands <= _TOGETHER and operands * _entries(",".join(words), sizes) <= _SMALL


def cost(steps: Sequence[Step], sizes: Mapping[str, int]) -> int:
    """Multiplications, at most."""
    return sum([_entries(formula.split("->")[0], sizes) for _, formula in steps])


def _entries(words: str, sizes: Mapping[str, int]) -> int:
    return prod([sizes[letter] for letter in set(words) if letter != ","])


def follow(
    steps: Sequence[Step],
    tables: Sequence[Any],
    *,
    einsum: Callable[..., Any] = small_einsum,
    rescale: bool = False,
) -> Any:
    """What the last step makes. With `rescale` all tables and products are divided by their maximum: right up to a factor, and never too small to hold."""
    values = [_rescaled(table) for table in tables] if rescale else list(tables)
    for operands, formula in steps:
        value = einsum(formula, *[values[place] for place in operands])
        values.append(_rescaled(value) if rescale else value)
    return values[-1]


def _rescaled(table: np.ndarray) -> np.ndarray:
    return table / (table.max() or 1.0)
