"""A part that was never seen in a group of the covariates has no posterior there.

Refused in words.
"""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.numerics.regression.separation import separating_direction

RNG = np.random.default_rng(4)


def counts(groups, absent, depth=2000):
    """Return counts of five taxa in 12 rows of each group.

    Parameters
    ----------
    groups : list of str
    absent : mapping of the number of a taxon to the groups without it
    depth : int
        Total count of each row.
    """
    group = np.repeat(groups, 12)
    shares = np.exp(
        np.random.default_rng(1).normal([2, 1, 0, 0, 0], 0.5, (len(group), 5))
    )
    for taxon, without in absent.items():
        shares[np.isin(group, without), taxon] = 0
    drawn = [
        np.random.default_rng(2).multinomial(depth, row / row.sum()) for row in shares
    ]
    return pd.DataFrame(np.array(drawn), columns=list("vwxyz")).assign(group=group)


def problem(frame, covariates="group", **options):
    options = {"zeros": "counts"} | options
    data = cs.Composition.from_frame(
        frame, parts=list("vwxyz"), covariates=covariates, **options
    )
    return cs.PartialCorrelation(prior="shrunk").build(data)


@pytest.mark.parametrize(
    ("groups", "absent"),
    [
        (["a", "b"], {4: ["b"]}),
        (["a", "b"], {4: ["a"]}),
        (["a", "b", "c"], {3: ["c"], 4: ["a", "b"]}),
        (["site 1", "site 2", "site 3", "site 4"], {2: ["site 3"]}),
    ],
)
def test_a_taxon_that_a_group_lacks_is_named(groups, absent):
    with pytest.raises(cs.ModelError, match="were never counted") as refusal:
        problem(counts(groups, absent))
    for taxon in absent:
        assert f"'{'vwxyz'[taxon]}'" in str(refusal.value)
    kept = [name for k, name in enumerate("vwxyz") if k not in absent]
    assert f"data.subcomposition({kept})" in str(refusal.value)
    data = cs.Composition.from_frame(
        counts(groups, absent), parts=kept, covariates="group", zeros="counts"
    )
    assert cs.PartialCorrelation(prior="shrunk").build(
        data
    )  # what is advised can be fitted


def test_a_taxon_seen_once_in_each_group_is_fitted():
    frame = counts(["a", "b"], {4: ["a", "b"]})
    frame.loc[[0, 20], "z"] = 1
    assert problem(frame)
    assert problem(counts(["a", "b"], {4: ["b"]}), covariates=None)


def test_a_taxon_seen_at_one_end_of_a_number():
    """Seen at x = 0 only, absent at x = 1 and 2.

    More x, fewer, without end; absent on both sides, not.
    """
    frame = counts(["a"], {}).assign(depth=np.arange(12) // 4)
    frame["z"] = np.where(frame["depth"] == 0, 5, 0)
    with pytest.raises(cs.ModelError, match="'z'.* coefficients on depth"):
        problem(frame, covariates="depth")
    frame["z"] = np.where(frame["depth"] == 1, 5, 0)
    assert problem(frame, covariates="depth")


@pytest.mark.parametrize("rock", ["a", "b"])
def test_an_element_below_its_limit_in_a_group(rock):
    frame = pd.DataFrame(np.exp(RNG.normal(0, 0.5, (40, 5))), columns=list("vwxyz"))
    frame = frame.assign(group=np.repeat(["a", "b"], 20))
    frame.loc[frame["group"] == rock, "v"] = 0.0
    with pytest.raises(
        cs.ModelError, match="never above its limit: 'v' \\(in none of 20 rows\\)"
    ):
        problem(frame, zeros="interval", limits={"v": 0.2})
    frame.loc[frame.index[frame["group"] == rock][0], "v"] = 1.0
    assert problem(frame, zeros="interval", limits={"v": 0.2})


def test_directions_without_an_end():
    groups = np.column_stack([np.ones(6), np.repeat([0.0, 1.0], 3)])
    some = np.array([True, False, True, False, False, True])
    assert separating_direction(groups, some, ~some) is None
    first = np.arange(6) < 3
    np.testing.assert_allclose(separating_direction(groups, first, ~first), [0, -1])
    np.testing.assert_allclose(
        np.abs(separating_direction(groups, first, np.zeros(6, bool))), [0, 1]
    )


@pytest.mark.parametrize("size", [100, 2000])
def test_messages_about_large_tables_are_short(size):
    frame = pd.DataFrame(
        np.ones((5, size)), columns=[f"ASV{k:05d}" for k in range(size)]
    )
    with pytest.raises(cs.DataError, match="and [0-9,]+ others") as refusal:
        cs.Composition.from_frame(frame, parts=["ASV1", "ASV00002", "ASV00003"])
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize("formula", ["x +", "x * * y", "(x"])
def test_a_formula_that_cannot_be_read_is_shown_in_plain_text(formula):
    frame = counts(["a"], {}).assign(x=1.0, y=2.0)
    with pytest.raises(cs.DataError) as refusal:
        cs.Composition.from_frame(
            frame, parts=list("vwxyz"), covariates=formula, zeros="counts"
        )
    assert str(refusal.value).isprintable() and formula in str(refusal.value)
