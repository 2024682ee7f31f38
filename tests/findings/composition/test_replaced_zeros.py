"""Counts and values in place of zeros, taken for measured amounts, are named."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.partial_correlation.observation.replaced_zeros import (
    COUNTED,
    REPLACED,
    amounts_measured,
)

_NAMES = list("abcdefgh")


def amounts(seed, rows=60):
    rng = np.random.default_rng(seed)
    return np.exp(np.linspace(2, -2, 8) + 0.6 * rng.normal(size=(rows, 8)))


def counts(seed):
    rng = np.random.default_rng(seed)
    shares = amounts(seed) ** 1.5
    depths = rng.integers(300, 3000, len(shares))
    pairs = zip(depths, shares, strict=True)
    return np.array([rng.multinomial(n, p / p.sum()) for n, p in pairs]).astype(float)


def closed(table):
    return table / table.sum(axis=1, keepdims=True)


def replaced(table, value):
    return np.where(table == 0, value, table)


def censored(table, share=0.3):
    limit = np.quantile(table[:, 7], share)
    table[:, 7] = np.where(table[:, 7] < limit, 0.65 * limit, table[:, 7])
    return table


def named(table):
    frame = pd.DataFrame(table, columns=_NAMES)
    data = cs.Composition.from_frame(frame, parts=_NAMES)
    return {check.name for check in amounts_measured(data)}


_WRONG = {
    "half a count added": (lambda seed: counts(seed) + 0.5, COUNTED),
    "one added": (lambda seed: counts(seed) + 1, COUNTED),
    "zeros replaced": (lambda seed: replaced(counts(seed), 0.65), COUNTED),
    "shares, half a count added": (lambda seed: closed(counts(seed) + 0.5), COUNTED),
    "shares, zeros replaced": (
        lambda seed: closed(replaced(counts(seed), 0.65)),
        COUNTED,
    ),
    "65 % of a limit": (lambda seed: censored(amounts(seed)), REPLACED),
    "65 % of a limit, other parts closed": (
        lambda seed: censored(closed(amounts(seed))),
        REPLACED,
    ),
}
_RIGHT = {
    "measured": amounts,
    "shares": lambda seed: closed(amounts(seed)),
    "per cent of two digits": lambda seed: np.maximum(
        (100 * closed(amounts(seed))).round(2), 0.01
    ),
    "large whole numbers": lambda seed: (1000 * amounts(seed)).round(),
    "shares of large counts": lambda seed: closed((1e4 * amounts(seed)).round()),
}


@pytest.mark.parametrize("world", _WRONG)
def test_counts_and_replaced_values_are_named(world):
    draw, name = _WRONG[world]
    assert all(name in named(draw(seed)) for seed in range(5))


@pytest.mark.parametrize("world", _RIGHT)
def test_measurements_pass(world):
    assert not any(named(_RIGHT[world](seed)) for seed in range(20))


def test_data_read_as_they_are_pass():
    frame = pd.DataFrame(counts(1), columns=_NAMES)
    data = cs.Composition.from_frame(frame, parts=_NAMES, zeros="counts")
    assert amounts_measured(data) == ()
