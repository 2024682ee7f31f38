"""Variable elimination: sums match one einsum over everything, and their cost is bounded."""

import numpy as np
import pytest

from causalstats.numerics.discrete import variable_elimination as elimination
from causalstats.numerics.discrete.variable_elimination import LETTERS


def network(rng, n):
    """Scopes of a random network of n indices, and their sizes."""
    scopes = [
        (*map(int, rng.choice(k, min(k, int(rng.integers(0, 4))), replace=False)), k)
        for k in range(n)
    ]
    return scopes, {k: int(rng.integers(1, 4)) for k in range(n)}


def entries(formula, sizes):
    return np.prod([sizes[letter] for letter in set(formula) - set(",->")], dtype=int)


@pytest.mark.parametrize("seed", range(30))
def test_sums_match_einsum_and_stay_within_the_bound_of_the_order(seed):
    rng = np.random.default_rng(seed)
    scopes, sizes = network(rng, 9)
    order = elimination.whole_order(scopes, sizes, 10**9)
    assert sorted(order) == list(range(9)) and sorted(order.values()) == list(range(9))
    output, known = (set(map(int, rng.choice(9, 2, replace=False))) for _ in range(2))
    output = sorted(output - known)
    chosen = [
        tuple(index for index in scope if index not in known)
        for scope in scopes
        if rng.random() < 0.8 or set(output) & set(scope)
    ]
    used = {index for scope in chosen for index in scope}
    letter = dict(
        zip(
            [*sorted(used - set(output), key=order.get), *output], LETTERS, strict=False
        )
    )
    by_letter = {letter[index]: sizes[index] for index in letter}
    words, result = (
        ["".join(letter[index] for index in scope) for scope in chosen],
        "".join(letter[index] for index in output),
    )
    tables = [rng.random([sizes[index] for index in scope]) for scope in chosen]
    plan = elimination.steps(words, by_letter, result)
    expected = np.einsum(f"{','.join(words)}->{result}", *tables, optimize="greedy")
    np.testing.assert_allclose(elimination.follow(plan, tables), expected, rtol=1e-12)
    scaled = elimination.follow(plan, tables, rescale=True)
    np.testing.assert_allclose(
        scaled / scaled.sum(), expected / expected.sum(), rtol=1e-12
    )
    bound = next(
        most
        for most in range(1, 10**5)
        if elimination.whole_order(scopes, sizes, most) is not None
    )
    for operands, formula in plan:
        assert len(operands) <= 6
        assert entries(formula, by_letter) <= max(
            bound * np.prod([sizes[index] for index in output]), 2000 // len(operands)
        )
    assert elimination.cost(plan, by_letter) == sum(
        entries(formula, by_letter) for _, formula in plan
    )


def test_no_order_where_tables_are_too_large():
    grid = [
        (10 * row + column, 10 * (row + 1) + column, 10 * row + column + 1)
        for row in range(9)
        for column in range(9)
    ]
    assert elimination.whole_order(grid, dict.fromkeys(range(100), 4), 10**5) is None


def test_tables_connected_with_the_output():
    assert elimination.connected([(0, 1), (2, 3), (3, 4), (1, 5), (), (6,)], (5,)) == [
        True,
        False,
        False,
        True,
        False,
        False,
    ]


def test_rescaled_products_do_not_underflow():
    tables = [np.array([1e-200, 3e-200])] * 8
    assert elimination.follow(
        elimination.steps(["A"] * 8, {"A": 2}, "A"), tables, rescale=True
    ) == pytest.approx([3.0**-8, 1])
