"""A column of 0 and 1 that one site codes the other way round is seen by its correlations."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.models.shared.turned_columns import ONE_CODING
from causalstats.numerics.testing.turned_columns import turned_in_a_group


def sites(seed, turned=False, modified=False, strength=0.8, rows=1000):
    """Five sites with levels of their own; in one the effect of a column may be another."""
    rng = np.random.default_rng(seed)
    site = rng.integers(5, size=rows)
    level = rng.standard_normal(5)[site]
    others = rng.standard_normal((rows, 3)) + level[:, None]
    risk = strength * (others - level[:, None]).sum(axis=1) + level
    if modified:
        risk = risk - 2 * strength * (site == 0) * (others[:, 0] - level)
    column = (rng.random(rows) < 1 / (1 + np.exp(-risk))) * 1.0
    if turned:
        column = np.where(site == 0, 1 - column, column)
    return column, others, site


@pytest.mark.parametrize("modified", [False, True])
def test_sites_of_one_coding_pass(modified):
    found = [turned_in_a_group(*sites(k, modified=modified)) for k in range(150)]
    assert found.count(None) == 150


def test_a_site_that_codes_the_other_way_is_named():
    found = [turned_in_a_group(*sites(k, turned=True)) for k in range(40)]
    assert sum(each is not None and each.group == 0 for each in found) >= 36


def test_a_column_without_relations_cannot_tell():
    found = [turned_in_a_group(*sites(k, turned=True, strength=0)) for k in range(40)]
    assert found.count(None) == 40


@pytest.mark.parametrize("turned", [False, True])
def test_the_caution_stands_on_answers_of_tables(turned):
    column, others, site = sites(1, turned)
    frame = pd.DataFrame(others, columns=["age", "weight", "dose"])
    frame = frame.assign(smokes=column, site=np.array(list("abcde"))[site])
    rng = np.random.default_rng(2)
    tested = rng.random(1000) < 1 / (1 + np.exp(-others[:, 0]))
    ill = np.where(tested, rng.random(1000) < 0.3, np.nan)
    data = cs.Decisions.from_frame(
        frame.assign(tested=tested, ill=ill),
        outcome="ill",
        decision="tested",
        features=["age", "weight", "dose", "smokes", "site"],
    )
    checks = cs.SelectiveLabels().data_checks(data)
    found = [each for each in checks if each.name == ONE_CODING]
    assert bool(found) is turned
    for check in found:
        assert check.passed is None and "where site is 'a'" in check.finding
