"""Curves in a covariate, and links that differ with it, are seen: neither is in the model."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.partial_correlation.covariate_checks import (
    LINES,
    ONE_NETWORK,
    covariate_checks,
)

_PARTS = list("abcdef")


def composition(logs, covariate):
    frame = pd.DataFrame(np.exp(logs), columns=_PARTS).assign(age=covariate)
    return cs.Composition.from_frame(frame, parts=_PARTS, covariates="age")


def curved(rng, by=0.5):
    """Return log amounts of which two go with the square of a covariate."""
    age = rng.normal(size=80)
    logs = rng.normal(size=(80, 6)) + age[:, None] * np.arange(6) / 5
    logs[:, :2] += by * (age**2)[:, None]
    return composition(logs, age)


def opposite(rng, link=0.6):
    """Return two groups of 50 rows in which a link has opposite signs."""
    group = np.arange(100) % 2
    logs = rng.normal(size=(100, 6))
    sign = np.where(group == 1, link, -link)
    logs[:, 1] = sign * logs[:, 0] + np.sqrt(1 - link**2) * logs[:, 1]
    logs[:, 2] += group
    return composition(logs, group)


def scaled(rng):
    """Return two groups of which one varies twice as much, about means that differ."""
    group = np.arange(80) % 2
    logs = rng.normal(size=(80, 6)) * (1 + group)[:, None]
    logs[:, 0] += group
    return composition(logs, group)


def heavy(rng):
    """Return rows of t tails about a line in a skewed covariate."""
    age = rng.exponential(size=80)
    tails = np.sqrt(rng.chisquare(3, size=(80, 1)) / 3)
    return composition(
        rng.normal(size=(80, 6)) / tails + age[:, None] * [1, 0, 0, 0, 0, 0], age
    )


def failures(draw, seeds):
    checks = [
        check
        for seed in range(seeds)
        for check in covariate_checks(draw(np.random.default_rng(seed)), "normal")
    ]
    return [check.name for check in checks if check.passed is False]


@pytest.mark.parametrize(("draw", "name"), [(curved, LINES), (opposite, ONE_NETWORK)])
def test_curves_and_links_that_differ_are_seen(draw, name):
    """With opposite signs in two groups the answer was .13 (-.05 to .31), without a word."""
    assert failures(draw, 4).count(name) >= 3


@pytest.mark.parametrize("draw", [scaled, heavy])
def test_lines_and_groups_that_vary_more_pass(draw):
    """Of 10 data sets and two checks at .01, three have a chance of .001."""
    assert len(failures(draw, 10)) < 3
