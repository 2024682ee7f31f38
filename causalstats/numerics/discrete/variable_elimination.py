"""Variable elimination: sums of products of small tables, in one order for a whole network.

The order of elimination is found once for a Bayesian network (`whole_order`, the min-weight
heuristic). Any sum over its tables is then planned in about the time that computing it takes: half
of what opt_einsum's greedy search takes for a single question.

Scopes are words here: an index is a letter, and letters are summed over in the order of the
alphabet. An `EliminationStep` is the positions of some tables and an einsum formula; its result is
appended to the list of tables.
"""

from __future__ import annotations

import inspect
import string
from collections.abc import Callable, Collection, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

LETTERS = (
    string.ascii_uppercase + string.ascii_lowercase
)  # in the order of their characters
# Entries times tables, below which one call costs more than the sum
_LARGEST_SMALL_PRODUCT = 2000
_MOST_FACTORS_OF_A_CALL = 6
small_einsum: Callable[..., Any] = inspect.unwrap(np.einsum)
"""`numpy.einsum` without the search for arrays of other libraries, which takes longer than a small
sum."""
EliminationStep = tuple[tuple[int, ...], str]
_Factor = tuple[tuple[int, ...], str, str]
"""Tables that are not multiplied yet: positions, words, and the word of their sum."""


def whole_order(
    scopes: Collection[Collection[int]], sizes: Mapping[int, int], most: int
) -> dict[int, int] | None:
    """Return the rank of every index in an order of elimination.

    The next index is always the one whose elimination has the smallest product (min-weight). An
    observed index makes products smaller. An index of the answer multiplies their size by its own.
    In this order, therefore, no product has more than `most` entries times the entries of the
    answer.

    Parameters
    ----------
    scopes : collection of collections of indices
        One for each table.
    sizes : mapping of index to int
    most : int
        Entries of the largest product that is allowed.

    Returns
    -------
    dict or None
        None if a product has more entries.

    Examples
    --------
    >>> whole_order([(0, 1), (1, 2)], {0: 2, 1: 2, 2: 2}, 100)
    {0: 0, 1: 1, 2: 2}
    >>> whole_order([(0, 1), (1, 2)], {0: 2, 1: 2, 2: 2}, 3) is None
    True
    """
    near: dict[int, set[int]] = {}
    for scope in scopes:
        for index in scope:
            near.setdefault(index, set()).update(scope)
    costs = {
        index: prod([sizes[other] for other in others])
        for index, others in near.items()
    }
    rank = dict[int, int]()
    while costs:
        index = min(costs, key=costs.__getitem__)
        if costs.pop(index) > most:
            return None
        rank[index] = len(rank)
        joined = near.pop(index) - {index}
        for other in joined:
            near[other] = (near[other] | joined) - {index}
            costs[other] = prod([sizes[third] for third in near[other]])
    return rank


def connected(scopes: Sequence[Collection[Any]], output: Collection[Any]) -> list[bool]:
    """Return whether each table shares indices with the output, directly or through others.

    The other tables only multiply the whole output by one number.

    Examples
    --------
    >>> connected([(0, 1), (1, 2), (3,)], output=(0,))
    [True, True, False]
    """
    reach = set(output)
    is_connected = [False] * len(scopes)
    left = list(range(len(scopes)))
    before = -1
    while len(left) != before:
        before = len(left)
        separate = []
        for position in left:
            if reach.isdisjoint(scopes[position]):
                separate.append(position)
            else:
                reach.update(scopes[position])
                is_connected[position] = True
        left = separate
    return is_connected


def steps(
    words: Sequence[str], sizes: Mapping[str, int], output: str
) -> list[EliminationStep]:
    """Return how to sum the product of some tables over all letters but those of the output.

    Parameters
    ----------
    words : sequence of str
        The letters of each table's axes.
    sizes : mapping of letter to int
    output : str
        Letters that come last in the alphabet.

    Examples
    --------
    >>> steps(["A", "AB", "BC"], {"A": 2, "B": 2, "C": 2}, "C")
    [((2, 0, 1), 'BC,A,AB->C')]
    """
    summed = sorted(set("".join(words)).difference(output))
    waiting: dict[str, list[_Factor]] = {
        letter: [] for letter in summed
    }  # for their first letter
    waiting[""] = []
    for position, word in enumerate(words):
        first = min(word, default="")
        waiting[first if first in waiting else ""].append(((position,), word, word))
    plan: list[EliminationStep] = []
    for letter in summed:
        factors = waiting[letter]
        letters = dict.fromkeys("".join([factor[2] for factor in factors]))
        result = "".join(letters).replace(letter, "")
        first = min(result, default="")
        product = (*_multiplied(factors, sizes, plan, len(words)), result)
        waiting[first if first in waiting else ""].append(product)
    operands, joined = _multiplied(waiting[""], sizes, plan, len(words))
    return [*plan, (operands, f"{joined}->{output}")]


def _multiplied(
    factors: Sequence[_Factor],
    sizes: Mapping[str, int],
    plan: list[EliminationStep],
    tables: int,
) -> tuple[tuple[int, ...], str]:
    """Return operands and words of one product in place of several factors.

    The product takes all tables of the factors at once where that is small. Otherwise each factor
    is summed first, and the smallest are multiplied first; these steps are appended to the plan.

    Parameters
    ----------
    factors : sequence of factors
    sizes : mapping of letter to int
    plan : list of steps
    tables : int
        How many tables there are before the first step.
    """
    operands = sum([factor[0] for factor in factors], ())
    words = [factor[1] for factor in factors]
    if _is_small(words, len(operands), sizes):
        return operands, ",".join(words)
    made = []
    for positions, joined, result in factors:
        if joined != result:  # else the table is there already
            plan.append((positions, f"{joined}->{result}"))
        made.append(
            (result, positions[0] if joined == result else tables + len(plan) - 1)
        )
    made.sort(key=lambda pair: len(pair[0]))
    words = [word for word, _ in made]
    places = [position for _, position in made]
    while len(words) > 2 and not _is_small(words, len(words), sizes):
        count = 2
        while count + 1 < len(words) and _is_small(
            words[: count + 1], count + 1, sizes
        ):
            count += 1
        product = "".join(dict.fromkeys("".join(words[:count])))
        plan.append((tuple(places[:count]), f"{','.join(words[:count])}->{product}"))
        words[:count] = [product]
        places[:count] = [tables + len(plan) - 1]
    return tuple(places), ",".join(words)


def _is_small(words: Sequence[str], operands: int, sizes: Mapping[str, int]) -> bool:
    entries = _entries(",".join(words), sizes)
    return (
        operands <= _MOST_FACTORS_OF_A_CALL
        and operands * entries <= _LARGEST_SMALL_PRODUCT
    )


def cost(steps: Sequence[EliminationStep], sizes: Mapping[str, int]) -> int:
    """Return an upper bound on the number of multiplications.

    Examples
    --------
    >>> cost([((0, 1), "A,AB->B")], {"A": 2, "B": 3})
    6
    """
    return sum([_entries(formula.split("->")[0], sizes) for _, formula in steps])


def _entries(words: str, sizes: Mapping[str, int]) -> int:
    return prod([sizes[letter] for letter in set(words) if letter != ","])


def follow(
    steps: Sequence[EliminationStep],
    tables: Sequence[Any],
    *,
    einsum: Callable[..., Any] = small_einsum,
    rescale: bool = False,
) -> Any:
    """Return the result of the last step.

    Parameters
    ----------
    steps : sequence of steps
    tables : sequence of arrays
    einsum : function
        NumPy's, or PyTensor's.
    rescale : bool
        Divide all tables and products by their maximum: right up to a factor, and never too small
        to hold.

    Examples
    --------
    >>> tables = [np.array([0.2, 0.8]), np.array([[0.5, 0.5], [0.1, 0.9]])]
    >>> follow([((0, 1), "A,AB->B")], tables).round(2)
    array([0.18, 0.82])
    """
    values = [_rescaled(table) for table in tables] if rescale else list(tables)
    for operands, formula in steps:
        value = einsum(formula, *[values[position] for position in operands])
        values.append(_rescaled(value) if rescale else value)
    return values[-1]


def _rescaled(table: np.ndarray) -> np.ndarray:
    return table / (table.max() or 1.0)
